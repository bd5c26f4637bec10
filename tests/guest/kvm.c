// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm - run a virtual machine whose memory is a mapping of /dev/mem
 *
 *	kvm PHYS
 *
 * PHYS is the physical address of two pages, in C's notations for numbers. The
 * virtual machine runs what this program writes to the first, which writes to the
 * second. Both are left as they were. Its registers and its code are those of x86.
 */
#include <err.h>

#ifdef __x86_64__

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>

#include "number.h"

#define PAGE	4096UL
#define RESULT	42

/* mov byte [PAGE], RESULT; hlt: as the 8086 runs it */
static const unsigned char code[] = { 0xc6, 0x06, 0x00, 0x10, RESULT, 0xf4 };

static int need(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

/* Run a machine of one processor with this memory, until it halts. */
static void run(void *memory)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = 2 * PAGE,
		.userspace_addr = (unsigned long)memory,
	};
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;
	struct kvm_run *state;
	int kvm, vm, cpu, size;

	kvm = need(open("/dev/kvm", O_RDWR), "/dev/kvm");
	size = need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size of the state");
	vm = need(ioctl(kvm, KVM_CREATE_VM, 0), "virtual machine");
	need(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "its memory");
	cpu = need(ioctl(vm, KVM_CREATE_VCPU, 0), "its processor");
	state = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
	if (state == MAP_FAILED)
		err(1, "state of its processor");
	need(ioctl(cpu, KVM_GET_SREGS, &sregs), "its segments");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	need(ioctl(cpu, KVM_SET_SREGS, &sregs), "set its segments");
	need(ioctl(cpu, KVM_SET_REGS, &regs), "set its registers");
	need(ioctl(cpu, KVM_RUN, 0), "run it");
	if (state->exit_reason != KVM_EXIT_HLT)
		errx(1, "it ended for reason %u", state->exit_reason);
}

int main(int argc, char **argv)
{
	unsigned char *memory, before[2 * PAGE], result;
	int mem;

	if (argc != 2)
		errx(2, "usage: kvm PHYS");
	mem = need(open("/dev/mem", O_RDWR), "/dev/mem");
	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem,
		      number(argv[1]));
	if (memory == MAP_FAILED)
		err(1, "map %s", argv[1]);
	memcpy(before, memory, sizeof(before));
	memcpy(memory, code, sizeof(code));
	memory[PAGE] = 0;
	run(memory);
	result = memory[PAGE];
	memcpy(memory, before, sizeof(before));
	if (result != RESULT)
		errx(1, "it wrote %d, not %d", result, RESULT);
	return 0;
}

#else

int main(void)
{
	errx(2, "for x86 only");
}

#endif
