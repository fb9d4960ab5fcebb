/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmmio-vm: the smallest honest virtual machine around libvmmio. It boots Linux under KVM; disk,
 * entropy source and console are virtio-mmio devices of the library.
 *
 *   main.c     from boot to boot
 *   kvm.c      the KVM machine            vcpu.c     its processors, and where their exits go
 *   boot.c     the kernel in memory       acpi.c     the tables it finds the devices by
 *   serial.c   ttyS0                      devices.c  the virtio-mmio devices: read this first
 *   watch.c    trace and monitor          options.c  the command line
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>

#include "machine.h"

enum { EXIT_GOOD = 0, EXIT_ERROR = 1, EXIT_TRIPLE_FAULT = 3, EXIT_DRIVER = 4 };

#define TRACE_EVERY 20 /* ms */

/* --- What survives a reboot ----------------------------------------------------------------- */

static int create_memory(struct vm *vm)
{
	struct vmmio_region region = {.size = vm->options->mem};
	void *ram = mmap(NULL, vm->options->mem, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int error;

	if (ram == MAP_FAILED)
		return fail("%llu MiB for the guest: %s", (unsigned long long)(vm->options->mem >> 20),
			strerror(errno));
	vm->ram = ram;
	region.host = ram;
	error = vmmio_memory_create(NULL, &vm->memory);
	if (!error)
		error = vmmio_memory_add(vm->memory, &region);
	return error ? fail("guest memory: %s", strerror(-error)) : 0;
}

static int vm_create(struct vm *vm)
{
	vm->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->ended < 0)
		return fail("eventfd: %s", strerror(errno));
	if (kvm_open(vm) || create_memory(vm))
		return -1;
	vm->devices = devices_create(vm);
	if (!vm->devices)
		return -1;
	vm->serial = serial_create(vm);
	return vm->serial ? 0 : -1;
}

static void vm_destroy(struct vm *vm)
{
	serial_destroy(vm->serial);
	devices_destroy(vm->devices);
	vmmio_memory_destroy(vm->memory);
	if (vm->ram)
		munmap(vm->ram, vm->options->mem);
}

/* --- A boot, and its end ------------------------------------------------------------------ */

void vm_end(struct vm *vm, enum vm_end end)
{
	int runs = VM_RUNS;
	uint64_t one = 1;

	if (atomic_compare_exchange_strong(&vm->end, &runs, (int)end) &&
		write(vm->ended, &one, sizeof(one)) < 0)
		fail("eventfd: %s", strerror(errno));
}

/* timeout(1) and others send a signal twice; that is not yet impatience. */
void vm_quit(struct vm *vm)
{
	struct timespec now;
	time_t first = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (atomic_compare_exchange_strong(&vm->quit, &first, now.tv_sec + 1)) {
		vm_end(vm, VM_QUIT);
	} else if (now.tv_sec > first) {
		serial_restore_terminal();
		_exit(EXIT_ERROR);
	}
}

/* vm->quit is looked at last: one that came before the boot is not lost. */
static void begin_boot(struct vm *vm)
{
	uint64_t count;

	if (read(vm->ended, &count, sizeof(count)) < 0 && errno != EAGAIN)
		fail("eventfd: %s", strerror(errno));
	atomic_store(&vm->end, VM_RUNS);
	if (atomic_load(&vm->quit))
		vm_end(vm, VM_QUIT);
}

static void wait_for_end(struct vm *vm)
{
	struct pollfd ended = {.fd = vm->ended, .events = POLLIN};

	while (poll(&ended, 1, vm->options->trace ? TRACE_EVERY : -1) <= 0)
		devices_watch(vm->devices);
}

static void run_boot(struct vm *vm)
{
	serial_connect(vm->serial, true);
	if (vcpus_create(vm) || devices_connect(vm->devices) || vcpus_start(vm))
		vm_end(vm, VM_ERROR);
	wait_for_end(vm);
	vcpus_stop(vm);
	serial_connect(vm->serial, false);
}

static enum vm_end boot(struct vm *vm)
{
	bool good;

	begin_boot(vm);
	good = boot_load(vm) == 0 && kvm_machine_create(vm) == 0;
	if (good)
		run_boot(vm);
	vcpus_destroy(vm);
	kvm_machine_destroy(vm);
	return good ? (enum vm_end)atomic_load(&vm->end) : VM_ERROR;
}

/*
 * The guest's memory is used again, so first nothing of the devices' old life may touch it any
 * more: devices_reset returns when that is so.
 */
static int prepare_reboot(struct vm *vm)
{
	tell("the guest reboots");
	if (devices_reset(vm->devices))
		return -1;
	return madvise(vm->ram, vm->options->mem, MADV_DONTNEED) ?
		fail("guest memory: %s", strerror(errno)) : 0;
}

static enum vm_end run(struct vm *vm)
{
	enum vm_end end;

	while ((end = boot(vm)) == VM_RESET && !vm->options->no_reboot) {
		if (prepare_reboot(vm))
			return VM_ERROR;
	}
	return end;
}

static int exit_code(const struct vm *vm, enum vm_end end)
{
	static const char *const text[] = {
		[VM_OFF] = "the guest has powered off",
		[VM_RESET] = "the guest reboots, and that was to be the end",
		[VM_TRIPLE_FAULT] = "the guest's processor shut down (triple fault)",
		[VM_QUIT] = "ended from outside",
	};

	if (end == VM_ERROR)
		return EXIT_ERROR;
	tell("%s", text[end]);
	if (vm->failed)
		return EXIT_ERROR;
	if (end == VM_TRIPLE_FAULT)
		return EXIT_TRIPLE_FAULT;
	return vm->rule_broken ? EXIT_DRIVER : EXIT_GOOD;
}

/* The signals that end the machine go to a thread of their own. */
static sigset_t quitting;

static void *take_signals(void *arg)
{
	struct vm *vm = arg;
	int number;

	while (sigwait(&quitting, &number) == 0 && !atomic_load(&vm->over))
		vm_quit(vm);
	return NULL;
}

static int catch_signals(struct vm *vm, pthread_t *thread)
{
	int error;

	sigemptyset(&quitting);
	sigaddset(&quitting, SIGINT);
	sigaddset(&quitting, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &quitting, NULL);
	signal(SIGPIPE, SIG_IGN); /* who writes sees EPIPE, and the terminal is given back */
	error = pthread_create(thread, NULL, take_signals, vm);
	return error ? fail("a thread for signals: %s", strerror(error)) : 0;
}

int main(int argc, char **argv)
{
	struct vm_options options;
	struct vm vm = {.options = &options, .kvm = -1, .fd = -1};
	enum vm_end end = VM_ERROR;
	pthread_t signals;
	int fd, code;

	options_parse(argc, argv, &options);
	do /* no other file gets the number of a standard one that was closed */
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
	if (catch_signals(&vm, &signals))
		return EXIT_ERROR;
	if (vm_create(&vm) == 0)
		end = run(&vm);
	vm_destroy(&vm);
	code = exit_code(&vm, end);
	atomic_store(&vm.over, true);
	pthread_kill(signals, SIGTERM);
	pthread_join(signals, NULL);
	return code;
}
