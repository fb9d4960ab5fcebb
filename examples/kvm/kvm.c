/* SPDX-License-Identifier: BSD-3-Clause */
/* The KVM machine: memory, interrupt controllers, and eventfds in place of exits. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "machine.h"

int kvm_open(struct vm *vm)
{
	int size;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return fail("there is no KVM behind /dev/kvm: load kvm-intel or kvm-amd, or, in a virtual machine, "
			    "have nested virtualisation switched on for it");
	if (vm->kvm < 0 && (errno == EACCES || errno == EPERM))
		return fail("no permission for /dev/kvm: join the group that owns it (usually kvm)");
	size = vm->kvm < 0 ? -1 : ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size <= 0)
		return fail("/dev/kvm: %s", strerror(errno));
	if (ioctl(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return fail("/dev/kvm does not speak version %d of KVM's interface", KVM_API_VERSION);
	vm->run_size = (size_t)size;
	return 0;
}

/* A page that Intel's real mode emulation wants, between the windows and the IOAPIC. */
#define TSS_ADDRESS 0xe0000000u

int kvm_machine_create(struct vm *vm)
{
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
	struct kvm_userspace_memory_region ram = {
		.memory_size = vm->options->mem,
		.userspace_addr = (uintptr_t)vm->ram,
	};

	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return fail("KVM makes no machine: %s", strerror(errno));
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, (unsigned long)TSS_ADDRESS) < 0 ||
		ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) < 0 ||
		ioctl(vm->fd, KVM_CREATE_PIT2, &pit) < 0)
		return fail("KVM makes no interrupt controller: %s", strerror(errno));
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &ram) < 0)
		return fail("KVM does not take the guest's memory: %s", strerror(errno));
	return 0;
}

void kvm_machine_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	vm->fd = -1;
}

void kvm_line(struct vm *vm, unsigned irq, bool high)
{
	struct kvm_irq_level level = {.irq = irq, .level = high};

	if (vm->fd >= 0 && ioctl(vm->fd, KVM_IRQ_LINE, &level) < 0)
		fail("interrupt %u: %s", irq, strerror(errno));
}

/* A pulse on the pin for each write to the eventfd: the tables call the interrupt an edge. */
int kvm_irqfd(struct vm *vm, int eventfd, unsigned irq)
{
	struct kvm_irqfd irqfd = {.fd = (uint32_t)eventfd, .gsi = irq};

	if (ioctl(vm->fd, KVM_IRQFD, &irqfd) < 0)
		return fail("irqfd for interrupt %u: %s", irq, strerror(errno));
	return 0;
}

/* The guest's write of value to the register at address is a write to the eventfd, and no exit. */
int kvm_ioeventfd(struct vm *vm, int eventfd, uint64_t address, uint32_t value)
{
	struct kvm_ioeventfd event = {
		.datamatch = value,
		.addr = address,
		.len = 4,
		.fd = eventfd,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	if (ioctl(vm->fd, KVM_IOEVENTFD, &event) < 0)
		return fail("ioeventfd at 0x%llx: %s", (unsigned long long)address, strerror(errno));
	return 0;
}
