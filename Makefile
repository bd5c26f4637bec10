# SPDX-License-Identifier: GPL-2.0-only
#
# The only entry to what this repository does: "make help". The scripts in
# tools/ do the work; the head of each says what it does.

# The kernel version the series is for, one of those in patches/
KVER ?= 6.12
PART ?=
T ?=
DEBUG ?=
QUICK ?=
# tests that run side by side, each with a guest of two CPUs and up to 4 GiB; a
# guest that waits leaves a CPU idle
JOBS ?= 3

export KVER DEBUG QUICK CONFIG XFSTESTS

have := $(notdir $(patsubst %/series,%,$(wildcard patches/*/series)))
tests := $(notdir $(basename $(wildcard tests/*.t)))
# The tests with a tag; tests/README.md explains the tags
tagged = $(notdir $(basename $(shell grep -lE '^# tags:.* $(1)( |$$)' tests/*.t)))
checks := $(call tagged,check)
cross := $(call tagged,cross)
first := $(call tagged,first)
chosen = $(call tagged,test) $(more)
in_order = $(filter $(first),$(1)) $(filter-out $(first),$(1))
run = $(or $(T),$(call in_order,$(if $(DEBUG),$(filter \
	$(call tagged,debug),$(chosen)),$(chosen))))
# those groups of tools/deps that are tags of one of these tests
needed = $(foreach it,arm64 cross llvm deb peers,$(if $(filter \
	$(call tagged,$(it)),$(1)),$(it)))
# If several tests run at a time, the output of a test is printed when the test
# is done, but its messages about builds are printed at once. prove would wait
# for a test that only wrote to a stderr of prove's own.
side_by_side := --jobs $(JOBS) --merge --formatter Times

help:
	@echo 'make demo         boot a guest with emulated persistent memory: its'
	@echo '                  memmap in DRAM, and on the device, in one table'
	@echo 'make test         the tests; make test T=NAME runs one of'
	@echo '                  $(tests)'
	@echo '                  make test DEBUG=1 runs those that boot the series and'
	@echo '                  do not measure DRAM, on a debug kernel (KASAN,'
	@echo '                  lockdep, ...)'
	@echo '                  make test T=sweep STOCK=1 adds the stock kernel to the'
	@echo '                  table of failed allocations'
	@echo 'make test-all     those that take a kernel of their own, too: arm64 with'
	@echo '                  other page sizes, the series without altmaps, its first'
	@echo '                  parts alone, chosen commits of its last one, Xen, KUnit by'
	@echo '                  kunit.py; and each commit compiled by itself'
	@echo 'make check        $(checks): no guest, no full build'
	@echo 'make check-arch   the series compiled for seven architectures, and for x86'
	@echo '                  kernels of other configurations, some of them booted'
	@echo 'make test-peers   tests that others wrote (ndctl, the kernel, fio, PMDK),'
	@echo '                  with the series and with the stock kernel; XFSTESTS=DIR:'
	@echo '                  the dax group of that built xfstests, too'
	@echo 'make bench        measure enables and disables of up to 256 GiB, compared'
	@echo '                  with the stock kernel: time, instructions, DRAM; tables,'
	@echo '                  and figures in build/bench; QUICK=1: up to 16 GiB'
	@echo 'make deb          linux-image and linux-headers packages, in build/deb, of'
	@echo '                  Debian'\''s configuration for clouds, or of CONFIG=FILE;'
	@echo '                  then boots them, their drivers as modules, and tests'
	@echo 'make series       mails for git am in build/series/$(KVER)/, a folder for each'
	@echo '                  part; PART=fixes: of that part'
	@echo 'make tree         the series as a git tree, build/linux-$(KVER), to edit'
	@echo 'make split        patches/ and linux/ from the commits in that tree'
	@echo 'make clean        remove build/'
	@echo 'make distclean    remove the cache too'
	@echo
	@echo 'Variables, each as make NAME=VALUE ...:'
	@echo '  KVER=$(KVER)         kernel version, of: $(have)'
	@echo '  JOBS=$(JOBS)            tests that run side by side'
	@echo '  PMEM=64G          size of the persistent memory in the demo'
	@echo '  ACCEL=tcg         how QEMU runs the guest; kvm is faster where it works'
	@echo '  LINUX_SOURCE=     kernel tarball or tree, instead of the Debian package'
	@echo '  ALTMAP_CACHE=     where sources and builds are kept: $(or $(ALTMAP_CACHE),~/.cache/altmap)'

version:
	@[ -n '$(filter $(KVER),$(have))' ] || { \
		echo 'no patches for Linux $(KVER); there are: $(or $(have),none)' >&2; exit 1; }

demo: version
	@tools/demo

test-all: more = $(call tagged,extra)
test-all: test

test: version
	@[ -z '$(T)' ] || [ -f 'tests/$(T).t' ] || { \
		echo 'no test "$(T)"; there are: $(tests)' >&2; exit 1; }
	@tools/deps series build guest test $(call needed,$(run))
	@$(if $(T),,TAP_STDERR=3 PERL5LIB=tests/lib )prove --timer --verbose $(if $(T),,$(side_by_side)) \
		$(run:%=tests/%.t) 3>&2

check: version
	@tools/deps series build test
	@prove --timer $(checks:%=tests/%.t)

check-arch: version
	@tools/deps series build guest cross llvm
	@prove --timer --verbose $(cross:%=tests/%.t)

test-peers: version
	@tools/peers --xfstests
	@tools/deps series build guest peers
	@prove --timer --verbose tests/peers.t

bench: version
	@tools/deps series build guest bench peers
	@bench/run

deb: version
	@tools/deps series build guest deb
	@prove --timer --verbose tests/deb.t

series: version
	@tools/deps series
	@tools/series $(KVER) build/series $(PART)

tree: version
	@tools/deps series
	@tools/assemble $(KVER) build/linux-$(KVER)
	@echo 'Edit and commit in build/linux-$(KVER), then: make split'

split:
	@tools/deps series
	@tools/split $(KVER) build/linux-$(KVER)

clean:
	@tools/clean

distclean:
	@tools/clean --cache

.PHONY: help version demo test test-all check check-arch test-peers bench deb \
	series tree split clean distclean
