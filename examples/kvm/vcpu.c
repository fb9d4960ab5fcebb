/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtual CPUs: a thread each, from KVM_RUN to the device that an exit is for. */
#include <asm/processor-flags.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "machine.h"

#define SIGNAL_STOP SIGUSR1 /* takes a vCPU out of KVM_RUN */
#define EFER_LONG_MODE 0x500 /* enabled and active */
/* What KVM can but does not claim by itself: that there is a hypervisor, by whose clock the
 * guest need not calibrate its own, and a local timer by TSC deadline. */
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_EDX_SEVERAL (1u << 28) /* logical processors in the package */

/* --- Exits ------------------------------------------------------------------------------- */

static uint8_t port_read(struct vm *vm, unsigned port)
{
	if (port - PORT_SERIAL < 8)
		return serial_read(vm->serial, port - PORT_SERIAL);
	if (port - PORT_PM_EVENT < 4) /* events never happen; that they are enabled is kept */
		return port < PORT_PM_EVENT + 2 ? 0 : atomic_load(&vm->pm_enable[port & 1]);
	if (port - PORT_PM_CONTROL < 2)
		return port == PORT_PM_CONTROL; /* SCI_EN: the machine is in ACPI mode */
	return 0xff;
}

static void port_write(struct vm *vm, unsigned port, uint8_t value)
{
	if (port - PORT_SERIAL < 8)
		serial_write(vm->serial, port - PORT_SERIAL, value);
	else if (port - PORT_PM_EVENT - 2 < 2)
		atomic_store(&vm->pm_enable[port & 1], value);
	else if (port == PORT_PM_CONTROL + 1 && value & 0x20 && (value >> 2 & 7) == SLEEP_TYPE_OFF)
		vm_end(vm, VM_OFF);
	else if ((port == PORT_RESET && value == RESET_VALUE) || (port == PORT_KEYBOARD && value == 0xfe))
		vm_end(vm, VM_RESET);
}

/* Wider accesses are several ports one after the other, which does for what is there. */
static void port_exit(struct vm *vm, struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	for (uint32_t i = 0; i < run->io.count; i++) {
		for (unsigned byte = 0; byte < run->io.size; byte++, data++) {
			if (run->io.direction == KVM_EXIT_IO_IN)
				*data = port_read(vm, run->io.port + byte);
			else
				port_write(vm, run->io.port + byte, *data);
		}
	}
}

static void mmio_exit(struct vm *vm, struct kvm_run *run)
{
	uint64_t value = 0;

	memcpy(&value, run->mmio.data, run->mmio.len);
	if (!devices_access(vm->devices, run->mmio.phys_addr, run->mmio.len, run->mmio.is_write, &value))
		value = UINT64_MAX; /* what an empty bus reads */
	if (!run->mmio.is_write)
		memcpy(run->mmio.data, &value, run->mmio.len);
}

static void bad_exit(struct vcpu *cpu)
{
	struct kvm_regs regs = {0};

	ioctl(cpu->fd, KVM_GET_REGS, &regs);
	fail("vCPU %u cannot go on: exit reason %u at instruction 0x%llx. If that is so from the start, "
	     "this KVM cannot run this kernel",
		cpu->index, cpu->run->exit_reason, (unsigned long long)regs.rip);
	vm_end(cpu->vm, VM_ERROR);
}

static void handle_exit(struct vcpu *cpu)
{
	if (cpu->run->exit_reason == KVM_EXIT_IO)
		port_exit(cpu->vm, cpu->run);
	else if (cpu->run->exit_reason == KVM_EXIT_MMIO)
		mmio_exit(cpu->vm, cpu->run);
	else if (cpu->run->exit_reason == KVM_EXIT_SHUTDOWN)
		vm_end(cpu->vm, VM_TRIPLE_FAULT);
	else
		bad_exit(cpu);
}

static void *run(void *arg)
{
	struct vcpu *cpu = arg;
	struct vm *vm = cpu->vm;

	while (atomic_load(&vm->end) == VM_RUNS) {
		if (ioctl(cpu->fd, KVM_RUN, 0) == 0) {
			handle_exit(cpu);
		} else if (errno != EINTR && errno != EAGAIN) {
			fail("vCPU %u: %s", cpu->index, strerror(errno));
			vm_end(vm, VM_ERROR);
		}
	}
	return NULL;
}

/* --- State at the start -------------------------------------------------------------------- */

/*
 * KVM may show where the calling thread runs in the host's topology. The guest's is one package
 * with a core for each vCPU, and said in the leaves that every kernel knows; the newer ones
 * (0xb, 0x1f) are there for the vCPU's number only.
 */
static void set_topology(struct kvm_cpuid_entry2 *e, uint32_t index, uint32_t cpus)
{
	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | cpus << 16 | index << 24;
		e->edx = cpus > 1 ? e->edx | CPUID_1_EDX_SEVERAL : e->edx & ~CPUID_1_EDX_SEVERAL;
		break;
	case 4:
		e->eax = (e->eax & 0x03ffffff) | (cpus - 1) << 26;
		break;
	case 0xb:
	case 0x1f:
		e->eax = e->ebx = 0;
		e->ecx = e->index;
		e->edx = index;
		break;
	case 0x80000008:
		e->ecx = cpus - 1;
		break;
	case 0x8000001e:
		e->eax = e->ebx = index;
		e->ecx = 0;
		break;
	}
}

/* The host's processor as far as KVM can show it. */
static int set_cpuid(struct vcpu *cpu)
{
	enum { MOST = 256 };
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MOST * sizeof(struct kvm_cpuid_entry2));
	uint32_t claimed = CPUID_1_ECX_HYPERVISOR;
	int error;

	if (!cpuid)
		return fail("no memory");
	if (ioctl(cpu->vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
		claimed |= CPUID_1_ECX_TSC_DEADLINE;
	cpuid->nent = MOST;
	error = ioctl(cpu->vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	for (uint32_t i = 0; !error && i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		set_topology(e, cpu->index, cpu->vm->options->cpus);
		if (e->function == 1)
			e->ecx |= claimed;
	}
	if (!error)
		error = ioctl(cpu->fd, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return error ? fail("processor features of vCPU %u: %s", cpu->index, strerror(errno)) : 0;
}

/* 64-bit mode with the tables that boot.c has left in memory. */
static int set_registers(struct vcpu *cpu)
{
	struct kvm_regs regs = {
		.rip = cpu->vm->entry, .rsi = BOOT_PARAMS_ADDRESS, .rsp = BOOT_PARAMS_ADDRESS,
		.rflags = X86_EFLAGS_FIXED,
	};
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 0x10, .type = 0xb, .present = 1, .s = 1, .l = 1, .g = 1,
	};
	struct kvm_segment data = code;
	struct kvm_sregs sregs;

	data.selector = 0x18;
	data.type = 3;
	data.l = 0;
	data.db = 1;
	if (ioctl(cpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return fail("vCPU %u: %s", cpu->index, strerror(errno));
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt.base = GDT_ADDRESS;
	sregs.gdt.limit = 4 * 8 - 1;
	sregs.cr3 = PAGE_TABLES_ADDRESS;
	sregs.cr4 = X86_CR4_PAE;
	sregs.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_PG;
	sregs.efer = EFER_LONG_MODE;
	if (ioctl(cpu->fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(cpu->fd, KVM_SET_REGS, &regs) < 0)
		return fail("registers of vCPU %u: %s", cpu->index, strerror(errno));
	return 0;
}

static int create(struct vm *vm, struct vcpu *cpu, unsigned index)
{
	void *map;

	*cpu = (struct vcpu){.vm = vm, .index = index, .fd = -1};
	vm->n_vcpus++;
	cpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)cpu->index);
	if (cpu->fd < 0)
		return fail("KVM makes no vCPU %u: %s", cpu->index, strerror(errno));
	map = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
	if (map == MAP_FAILED)
		return fail("vCPU %u: %s", cpu->index, strerror(errno));
	cpu->run = map;
	if (set_cpuid(cpu))
		return -1;
	/* The others wait for the first one's INIT and SIPI, in the kernel. */
	return cpu->index ? 0 : set_registers(cpu);
}

int vcpus_create(struct vm *vm)
{
	int error = 0;

	for (unsigned i = 0; i < vm->options->cpus && !error; i++)
		error = create(vm, &vm->vcpus[i], i);
	return error;
}

void vcpus_destroy(struct vm *vm)
{
	for (; vm->n_vcpus; vm->n_vcpus--) {
		struct vcpu *cpu = &vm->vcpus[vm->n_vcpus - 1];

		if (cpu->run)
			munmap(cpu->run, vm->run_size);
		if (cpu->fd >= 0)
			close(cpu->fd);
	}
}

/* --- Threads ------------------------------------------------------------------------------- */

static void stopped(int number)
{
	(void)number; /* that KVM_RUN returns is all there is to it */
}

int vcpus_start(struct vm *vm)
{
	struct sigaction action = {.sa_handler = stopped};

	sigaction(SIGNAL_STOP, &action, NULL);
	for (; vm->n_running < vm->n_vcpus; vm->n_running++) {
		struct vcpu *cpu = &vm->vcpus[vm->n_running];
		int error = pthread_create(&cpu->thread, NULL, run, cpu);

		if (error) {
			vm_end(vm, VM_ERROR);
			return fail("a thread for vCPU %u: %s", cpu->index, strerror(error));
		}
	}
	return 0;
}

/* One that is just about to enter KVM_RUN comes back at once, too, by immediate_exit. One that
 * is inside a version 2 reset comes back with its end. */
void vcpus_stop(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_running; i++) {
		vm->vcpus[i].run->immediate_exit = 1;
		pthread_kill(vm->vcpus[i].thread, SIGNAL_STOP);
	}
	for (; vm->n_running; vm->n_running--)
		pthread_join(vm->vcpus[vm->n_running - 1].thread, NULL);
}
