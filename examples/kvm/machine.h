/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine: its memory map, and what its parts know of each other.
 *
 * What survives a reboot of the guest (memory, devices, serial port) is made once; the KVM
 * machine with its virtual CPUs and interrupt controllers is made anew for each boot.
 */
#ifndef KVM_MACHINE_H
#define KVM_MACHINE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmmio/vmmio.h>

#include "options.h"

/* Guest memory begins at 0. Windows and interrupt controllers lie above 3 GiB. */
#define WINDOW_BASE 0xd0000000u /* of the first device */
#define WINDOW_STEP 0x1000u
#define WINDOW_SIZE 0x200u
#define WINDOW_IRQ 16u /* of the first device: pins that no legacy device has */
#define IOAPIC_BASE 0xfec00000u
#define LAPIC_BASE 0xfee00000u

/* Below 1 MiB. */
#define GDT_ADDRESS 0x500u
#define BOOT_PARAMS_ADDRESS 0x7000u
#define PAGE_TABLES_ADDRESS 0x9000u /* six pages */
#define COMMAND_LINE_ADDRESS 0x20000u
#define ACPI_ADDRESS 0xe0000u /* of the root pointer */
#define ACPI_SIZE 0x20000u

/* I/O ports. */
#define PORT_SERIAL 0x3f8u
#define PORT_PM_EVENT 0x600u   /* 4 bytes: status, enable */
#define PORT_PM_CONTROL 0x604u /* 2 bytes */
#define PORT_RESET 0x608u
#define RESET_VALUE 6u
#define PORT_KEYBOARD 0x64u
#define SERIAL_IRQ 4u
#define SCI_IRQ 9u
#define SLEEP_TYPE_OFF 5u

/* How a boot ends. */
enum vm_end { VM_RUNS, VM_OFF, VM_RESET, VM_TRIPLE_FAULT, VM_QUIT, VM_ERROR };

struct vm;

struct vcpu {
	struct vm *vm;
	unsigned index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
};

struct vm {
	const struct vm_options *options;
	int kvm;        /* /dev/kvm */
	size_t run_size;
	int fd;         /* the KVM machine of this boot; -1: none */
	uint8_t *ram;
	uint64_t entry; /* where the first vCPU begins */
	struct vcpu vcpus[MAX_CPUS];
	unsigned n_vcpus;
	unsigned n_running;
	_Atomic uint8_t pm_enable[2];
	_Atomic int end; /* enum vm_end */
	int ended;       /* eventfd: readable from the boot's end to the next one's begin */
	_Atomic time_t quit; /* second in which it was asked for, from 1; 0: it was not */
	atomic_bool over; /* signals have no meaning any more */
	bool failed;      /* something was not done as it was asked for, which was said */
	bool rule_broken; /* by a driver, says the monitor */
	struct vmmio_memory *memory;
	struct serial *serial;
	struct devices *devices;
};

/* main.c. vm_end ends the boot; the first reason counts. vm_quit ends the machine, also between
 * two boots; again, a second later, it ends the process, whatever is under way. Any thread. */
void vm_end(struct vm *vm, enum vm_end end);
void vm_quit(struct vm *vm);

/* kvm.c: the KVM machine. Each: 0, or -1, said. */
int kvm_open(struct vm *vm);            /* once: /dev/kvm, and that it can what we need */
int kvm_machine_create(struct vm *vm);  /* per boot */
void kvm_machine_destroy(struct vm *vm);
void kvm_line(struct vm *vm, unsigned irq, bool high);
int kvm_irqfd(struct vm *vm, int eventfd, unsigned irq);
int kvm_ioeventfd(struct vm *vm, int eventfd, uint64_t address, uint32_t value);

/* vcpu.c: the virtual CPUs. */
int vcpus_create(struct vm *vm);
int vcpus_start(struct vm *vm);
void vcpus_stop(struct vm *vm); /* when it returns none runs */
void vcpus_destroy(struct vm *vm);

/* boot.c, acpi.c: what firmware leaves in memory. */
int boot_load(struct vm *vm);
int acpi_write(struct vm *vm);

/* serial.c: ttyS0. */
struct serial *serial_create(struct vm *vm);
void serial_destroy(struct serial *serial);
void serial_restore_terminal(void); /* any thread, more than once */
void serial_connect(struct serial *serial, bool wired); /* to the KVM machine of this boot */
uint8_t serial_read(struct serial *serial, unsigned offset);
void serial_write(struct serial *serial, unsigned offset, uint8_t value);

/* devices.c: the virtio-mmio devices. */
struct devices *devices_create(struct vm *vm);
void devices_destroy(struct devices *devices);
int devices_connect(struct devices *devices);  /* to the KVM machine of this boot */
void devices_watch(struct devices *devices);   /* now and then, where there is a trace */
int devices_reset(struct devices *devices);    /* when it returns nothing of them is under way */
/* The device's registers at this guest address. false: there are none. */
bool devices_access(
	struct devices *devices, uint64_t address, unsigned size, bool write, uint64_t *value);

#endif
