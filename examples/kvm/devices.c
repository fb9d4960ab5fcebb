/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-mmio devices: what an embedder of libvmmio writes. A window of registers, an
 * interrupt and a backend each; one pool of threads for their resets, one I/O engine for all.
 */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <vmmio/backends/blk.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/rng.h>
#include <vmmio/io.h>

#include "machine.h"
#include "watch.h"

#define QUEUE_NOTIFY 0x50u

enum { MAX_QUEUES = 2 };

/* One queue's notifications by eventfd, on the I/O thread. */
struct kick {
	struct vmmio_io_poll poll;
	struct vmmio_device *device;
	unsigned queue;
};

struct window {
	struct devices *all;
	const struct device_options *options;
	char name[16];
	struct vmmio_blk *blk;
	struct vmmio_rng *rng;
	struct vmmio_console *console;
	uint64_t features_off;
	int in, out; /* of a console */
	const struct vmmio_backend *backend;
	struct vmmio_device *device;
	int interrupt; /* eventfd */
	struct kick kicks[MAX_QUEUES];
	struct watch *watch; /* NULL: nobody watches */
	struct vmmio_waiter waiter;
};

struct devices {
	struct vm *vm;
	struct vmmio_executor *pool;
	struct vmmio_io *io;
	bool io_used;
	struct window windows[MAX_DEVICES];
	unsigned n;
	sem_t over; /* once for each reset, or destroy, that was under way */
};

static void print_log(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx;
	if (level <= VMMIO_LOG_WARN)
		tell("%s", line);
}

static const struct vmmio_log to_stderr = {.fn = print_log};

/* --- Backends ----------------------------------------------------------------------------- */

static int create_blk(struct window *w)
{
	struct vmmio_blk_options options = {
		.size = sizeof(options),
		.path = w->options->image,
		.read_only = w->options->read_only,
		.delay = w->options->delay,
		.io = w->all->io,
		.serial = w->name,
		.features_off = {w->features_off},
		.log = to_stderr,
	};
	int error = vmmio_blk_create(&options, &w->blk);

	w->backend = error ? NULL : vmmio_blk_backend(w->blk);
	return error;
}

static int create_rng(struct window *w)
{
	struct vmmio_rng_options options = {
		.size = sizeof(options),
		.io = w->all->io,
		.features_off = {w->features_off},
		.log = to_stderr,
	};
	int error = vmmio_rng_create(&options, &w->rng);

	w->backend = error ? NULL : vmmio_rng_backend(w->rng);
	return error;
}

/* A FIFO for both: its other end may come later, and go and come again. */
static int open_end(const char *path, int flags, int *fd)
{
	struct stat status;
	int error;

	if (stat(path, &status) == 0 && S_ISFIFO(status.st_mode))
		flags = O_RDWR;
	*fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	error = *fd < 0 ? -errno : 0;
	if (error)
		fail("--console: %s: %s", path, strerror(-error));
	return error;
}

static int create_console(struct window *w)
{
	struct vmmio_console_options options = {
		.size = sizeof(options),
		.pty = !w->options->in,
		.io = w->all->io,
		.features_off = {w->features_off},
		.log = to_stderr,
	};
	int error = options.pty ? 0 : open_end(w->options->in, O_RDONLY, &w->in);

	if (!error && !options.pty)
		error = open_end(w->options->out, O_WRONLY | O_CREAT | O_TRUNC, &w->out);
	options.in = w->in;
	options.out = w->out;
	if (!error)
		error = vmmio_console_create(&options, &w->console);
	if (error)
		return error;
	if (options.pty)
		tell("the guest's hvc0 is %s", vmmio_console_pty(w->console));
	w->backend = vmmio_console_backend(w->console);
	return 0;
}

static const struct {
	const char *name;
	int (*create)(struct window *);
} kinds[] = {
	[DEVICE_DISK] = {"disk", create_blk},
	[DEVICE_RNG] = {"rng", create_rng},
	[DEVICE_CONSOLE] = {"console", create_console},
};

static void destroy_backend(struct window *w)
{
	int error = vmmio_blk_destroy(w->blk);

	if (!error)
		error = vmmio_rng_destroy(w->rng);
	while (!error && (error = vmmio_console_destroy(w->console)) == -EBUSY)
		error = poll(NULL, 0, 1) < 0 ? -errno : 0; /* a file is being written */
	if (error) {
		fail("%s: %s", w->name, strerror(-error));
		w->all->vm->failed = true;
	}
	if (w->in >= 0)
		close(w->in);
	if (w->out >= 0)
		close(w->out);
}

/* --- Devices ---------------------------------------------------------------------------------- */

static void kicked(struct vmmio_io_poll *poll)
{
	struct kick *kick = (struct kick *)poll;

	vmmio_device_queue_event(kick->device, kick->queue);
}

static int watch_queue(struct window *w, unsigned queue)
{
	struct kick *kick = &w->kicks[queue];

	kick->device = w->device;
	kick->queue = queue;
	kick->poll.ready = kicked;
	kick->poll.fd = vmmio_device_queue_eventfd(w->device, queue);
	if (kick->poll.fd < 0)
		return kick->poll.fd;
	return vmmio_io_poll_add(w->all->io, &kick->poll);
}

static int create_device(struct window *w)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = w->name,
		.version = w->options->version,
		.backend = w->backend,
		.memory = w->all->vm->memory,
		.executor = w->all->pool,
		.irq = {.use_eventfd = true, .eventfd = w->interrupt},
		.log = to_stderr,
	};

	if (w->watch) {
		options.observers = w->watch->observers;
		options.n_observers = w->watch->n;
	}
	return vmmio_device_create(&options, &w->device);
}

static int create_window(struct window *w)
{
	const struct vm_options *o = w->all->vm->options;
	bool watched = o->trace || o->monitor;
	int error = 0;

	w->interrupt = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->interrupt < 0)
		return -errno;
	if (watched)
		error = watch_create(w->all->vm, w->name, &w->watch);
	if (!error)
		error = kinds[w->options->kind].create(w);
	if (!error)
		error = create_device(w);
	/* Who watches register accesses has to see those to QueueNotify, too. */
	for (unsigned q = 0; !error && !watched && q < w->backend->n_queues; q++)
		error = watch_queue(w, q);
	return error;
}

static void name_windows(struct devices *all)
{
	unsigned count[3] = {0};

	for (unsigned i = 0; i < all->vm->options->n_devices; i++) {
		struct window *w = &all->windows[i];

		w->all = all;
		w->options = &all->vm->options->devices[i];
		w->in = w->out = w->interrupt = -1;
		w->features_off = w->options->packed ? 0 : 1ull << VMMIO_F_RING_PACKED;
		snprintf(w->name, sizeof(w->name), "%s%u", kinds[w->options->kind].name,
			count[w->options->kind]++);
	}
}

struct devices *devices_create(struct vm *vm)
{
	struct vmmio_pool_options pool = {.size = sizeof(pool), .log = to_stderr};
	struct vmmio_io_options io = {.size = sizeof(io), .log = to_stderr};
	struct devices *all = calloc(1, sizeof(*all));
	const char *what = "the devices' threads";
	int error = all ? 0 : -ENOMEM;

	if (all) {
		all->vm = vm;
		sem_init(&all->over, 0, 0);
		name_windows(all);
		error = vmmio_pool_create(&pool, &all->pool);
	}
	if (!error)
		error = vmmio_io_create(&io, &all->io);
	/* For the queues' eventfds; a backend is a user of its own. */
	if (!error)
		error = vmmio_io_use(all->io);
	if (!error)
		all->io_used = true;
	while (!error && all->n < vm->options->n_devices) {
		what = all->windows[all->n].name;
		error = create_window(&all->windows[all->n++]);
	}
	if (!error)
		return all;
	fail("%s cannot be had: %s", what, strerror(-error));
	devices_destroy(all);
	return NULL;
}

int devices_connect(struct devices *all)
{
	for (unsigned i = 0; i < all->n; i++) {
		struct window *w = &all->windows[i];
		uint64_t notify = WINDOW_BASE + i * (uint64_t)WINDOW_STEP + QUEUE_NOTIFY;

		if (kvm_irqfd(all->vm, w->interrupt, WINDOW_IRQ + i))
			return -1;
		for (unsigned q = 0; q < MAX_QUEUES && w->kicks[q].device; q++) {
			if (kvm_ioeventfd(all->vm, w->kicks[q].poll.fd, notify, q))
				return -1;
		}
	}
	return 0;
}

void devices_watch(struct devices *all)
{
	for (unsigned i = 0; i < all->n; i++)
		watch_write(all->windows[i].watch);
}

/* --- Register accesses ------------------------------------------------------------------------ */

bool devices_access(
	struct devices *all, uint64_t address, unsigned size, bool write, uint64_t *value)
{
	uint64_t i = (address - WINDOW_BASE) / WINDOW_STEP;
	uint64_t offset = (address - WINDOW_BASE) % WINDOW_STEP;

	if (i >= all->n || offset >= WINDOW_SIZE)
		return false;
	if (!write)
		*value = vmmio_device_read(all->windows[i].device, offset, size);
	else if (vmmio_device_write(all->windows[i].device, offset, size, *value))
		fail("a register write at 0x%llx was refused", (unsigned long long)address);
	return true;
}

/* --- Their ends: of a boot, and of all -------------------------------------------------------- */

static void reset_done(struct vmmio_waiter *waiter, int result)
{
	struct window *w = (struct window *)((char *)waiter - offsetof(struct window, waiter));

	(void)result; /* a reset has no other than 0 */
	sem_post(&w->all->over);
}

static void destroyed(void *ctx)
{
	struct devices *all = ctx;

	sem_post(&all->over);
}

static void wait_for(struct devices *all, unsigned n)
{
	while (n)
		n -= sem_wait(&all->over) == 0;
}

int devices_reset(struct devices *all)
{
	unsigned pending = 0;
	int answer = 0;

	for (unsigned i = 0; i < all->n && answer >= 0; i++) {
		struct window *w = &all->windows[i];

		w->waiter.done = reset_done;
		answer = vmmio_device_reset(w->device, &w->waiter);
		pending += answer == VMMIO_PENDING;
		if (answer < 0)
			fail("%s: %s", w->name, strerror(-answer));
	}
	wait_for(all, pending);
	return answer < 0 ? -1 : 0;
}

static void destroy_devices(struct devices *all)
{
	unsigned pending = 0;

	for (unsigned i = 0; i < all->n; i++) {
		struct window *w = &all->windows[i];

		for (unsigned q = 0; q < MAX_QUEUES; q++)
			vmmio_io_poll_remove(all->io, &w->kicks[q].poll);
		if (w->device)
			pending += vmmio_device_destroy(w->device, destroyed, all) == 0;
	}
	wait_for(all, pending);
}

void devices_destroy(struct devices *all)
{
	int error;

	if (!all)
		return;
	destroy_devices(all);
	for (unsigned i = 0; i < all->n; i++) {
		struct window *w = &all->windows[i];

		destroy_backend(w);
		watch_destroy(w->watch);
		if (w->interrupt >= 0)
			close(w->interrupt);
	}
	if (all->io_used)
		vmmio_io_unuse(all->io);
	error = vmmio_io_destroy(all->io);
	if (!error && all->pool)
		error = vmmio_executor_destroy(all->pool);
	if (error) {
		fail("taking the devices apart: %s", strerror(-error));
		all->vm->failed = true;
	}
	sem_destroy(&all->over);
	free(all);
}
