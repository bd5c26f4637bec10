# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arch.sh - the differences between the architectures of guests. Source it after
# common.sh.
# shellcheck disable=SC2034

ARCHES="x86 arm64"

# facts ARCH: set these variables for an architecture, named as in the kernel
#
#	arch	that name
#	cross	prefix of its compiler, none for this machine's
#	image	the kernel's file, in arch/$arch/boot
#	debian	its name in Debian
#	triplet	the folder of its libraries
#	qemu	QEMU's program for it, of the package qemu_package
#	machine, model, firmware
#		QEMU's names for the guest's machine and CPU, and options for
#		the firmware that the machine needs
#	parameters
#		the kernel's, with a console on QEMU's first serial line
#	results	QEMU's option for the serial line of the results
facts()
{
	arch=$1
	case $arch in
	x86)
		cross='' image=bzImage
		debian=amd64 triplet=x86_64-linux-gnu
		qemu=qemu-system-x86_64 qemu_package=qemu-system-x86
		machine=q35 model=max,phys-bits=46 firmware=()
		parameters="console=ttyS0 earlyprintk=ttyS0"
		# an emulator on a busy machine can be late with its first ticks
		parameters+=" no_timer_check"
		# Linux 7.3 compares the TSCs of two CPUs, with interrupts off and
		# without a limit while jiffies are its clock
		parameters+=" tsc=unstable"
		results=(-serial chardev:result) ;;
	arm64)
		cross=aarch64-linux-gnu- image=Image
		debian=arm64 triplet=aarch64-linux-gnu
		qemu=qemu-system-aarch64 qemu_package=qemu-system-arm
		machine=virt,gic-version=3 model=max
		firmware=(-bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd)
		parameters="console=ttyAMA0 earlycon=pl011,0x9000000"
		# large pages map added memory; 6.12 is configured so
		parameters+=" rodata=noalias"
		results=(-device "pci-serial,chardev=result") ;;
	*)
		die "no guests of '$arch' here; there are: $ARCHES" ;;
	esac
}
