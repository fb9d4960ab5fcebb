/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine's public face: which engine, who uses it, where a request goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/hub.h"

#define DEFAULT_ENTRIES 256u
#define MAX_ENTRIES 32768u
#define DEFAULT_THREADS 64u
#define MAX_THREADS 4096u

/* --- A fork ----------------------------------------------------------------------------- */

static atomic_uint forks;

static void forked(void)
{
	atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, forked);
}

bool vmmio_io_inherited(struct vmmio_io *io, const char *what)
{
	if (!atomic_load(&io->started) || io->form == VMMIO_IO_MANUAL ||
		io->forks == atomic_load_explicit(&forks, memory_order_relaxed))
		return false;
	vmmio_io_log(&io->log, VMMIO_LOG_ERROR,
		"%s: %s in a child process: the engine's threads and ring are the parent's, create "
		"another one here",
		io->name, what);
	return true;
}

/* --- Life -------------------------------------------------------------------------------- */

static int check_options(const struct vmmio_io_options *o)
{
	if (o->size && o->size < sizeof(*o))
		return -EINVAL; /* too small to have a log */
	if (!o->size)
		vmmio_io_log(&o->log, VMMIO_LOG_ERROR,
			"I/O options have size %zu, this library knows %zu: set size to "
			"sizeof(struct vmmio_io_options)",
			o->size, sizeof(*o));
	else if (o->engine != VMMIO_IO_AUTO && o->engine != VMMIO_IO_URING &&
		 o->engine != VMMIO_IO_PLAIN)
		vmmio_io_log(&o->log, VMMIO_LOG_ERROR,
			"I/O engine %d does not exist: use VMMIO_IO_AUTO", (int)o->engine);
	else if (o->form != VMMIO_IO_THREADS && o->form != VMMIO_IO_LOOP &&
		 o->form != VMMIO_IO_MANUAL)
		vmmio_io_log(&o->log, VMMIO_LOG_ERROR,
			"form %d of the I/O engine does not exist: use VMMIO_IO_THREADS, _LOOP or _MANUAL",
			(int)o->form);
	else if (o->entries > MAX_ENTRIES)
		vmmio_io_log(&o->log, VMMIO_LOG_ERROR,
			"%u submission entries are too many: at most %u", o->entries, MAX_ENTRIES);
	else if (o->max_threads == 1 || o->max_threads > MAX_THREADS)
		vmmio_io_log(&o->log, VMMIO_LOG_ERROR,
			"max_threads of the I/O engine is %u: 2 to %u, or 0 for %u", o->max_threads,
			MAX_THREADS, DEFAULT_THREADS);
	else
		return 0;
	return -EINVAL;
}

static void log_plain(struct vmmio_io *io, int err)
{
	vmmio_io_log(&io->log, VMMIO_LOG_INFO,
		"%s: io_uring is refused (%s, error %d), using the plain engine (blocking calls on "
		"up to %u threads)",
		io->name, strerrordesc_np(-err) ? strerrordesc_np(-err) : "unknown", -err,
		io->max_threads);
}

static int choose(struct vmmio_io *io, enum vmmio_io_engine engine)
{
	int err;

	if (engine == VMMIO_IO_PLAIN || io->form == VMMIO_IO_MANUAL) {
		atomic_init(&io->kind, VMMIO_IO_PLAIN);
		return 0;
	}
	atomic_init(&io->kind, VMMIO_IO_URING);
	err = vmmio_io_uring_probe(io->entries, &io->ring_lacks);
	if (err && !io->fall_back) {
		vmmio_io_log(&io->log, VMMIO_LOG_ERROR,
			"%s: io_uring is refused (error %d): allow it, or ask for VMMIO_IO_AUTO",
			io->name, -err);
		return err;
	}
	if (err) {
		atomic_store(&io->kind, VMMIO_IO_PLAIN);
		log_plain(io, err);
		return 0;
	}
	vmmio_io_log(&io->log, VMMIO_LOG_INFO, "%s: using io_uring%s", io->name,
		io->ring_lacks ? ", and blocking calls for what it is too old to do" : "");
	return 0;
}

static void free_io(struct vmmio_io *io)
{
	vmmio_io_hub_close(&io->hub);
	vmmio_io_hub_exit(&io->hub);
	pthread_mutex_destroy(&io->lock);
	free(io);
}

int vmmio_io_create(const struct vmmio_io_options *options, struct vmmio_io **out)
{
	static const struct vmmio_io_options defaults = {.size = sizeof(defaults)};
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct vmmio_io *io;
	const char *name;
	int err;

	if (!out)
		return -EINVAL;
	if (!options)
		options = &defaults;
	err = check_options(options);
	if (err)
		return err;
	pthread_once(&once, watch_forks);
	io = calloc(1, sizeof(*io));
	if (!io)
		return -ENOMEM;
	name = options->name ? options->name : "vmmio-io";
	memcpy(io->name, name, strnlen(name, sizeof(io->name) - 1));
	io->fall_back = options->engine == VMMIO_IO_AUTO;
	io->entries = options->entries ? options->entries : DEFAULT_ENTRIES;
	io->max_threads = options->max_threads ? options->max_threads : DEFAULT_THREADS;
	io->log = options->log;
	io->form = options->form;
	vmmio_io_hub_init(&io->hub);
	pthread_mutex_init(&io->lock, NULL);
	err = choose(io, options->engine);
	if (!err && io->form != VMMIO_IO_THREADS)
		err = vmmio_io_hub_open(&io->hub, true);
	if (err) {
		free_io(io);
		return err;
	}
	*out = io;
	return 0;
}

enum vmmio_io_engine vmmio_io_kind(const struct vmmio_io *io)
{
	return (enum vmmio_io_engine)atomic_load(&io->kind);
}

/* Watches that nobody will look at any more. */
static void free_watches(struct io_link *watches)
{
	while (!io_list_empty(watches)) {
		struct io_link *link = watches->next;

		/* It does not see that link is what watches->next gives, so is off the list now.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		io_list_del(link);
		free((char *)link - offsetof(struct io_watch, link));
	}
}

static void stop_poller(struct vmmio_io *io)
{
	if (!io->polling)
		return;
	atomic_store(&io->hub.stop, true);
	vmmio_io_hub_wake(&io->hub);
	pthread_join(io->poller, NULL);
	io->polling = false;
}

/* Takes the threads down; with the lock held, and no loop running. */
static void take_down(struct vmmio_io *io)
{
	atomic_store_explicit(&io->started, false, memory_order_relaxed);
	vmmio_io_timers_stop(io);
	vmmio_io_uring_destroy(io->ring);
	io->ring = NULL;
	vmmio_io_workers_destroy(io->workers);
	io->workers = NULL;
	stop_poller(io);
	free_watches(&io->hub.watches);
	free_watches(&io->hub.dead);
	atomic_store(&io->hub.mail, false);
	if (io->form == VMMIO_IO_THREADS)
		vmmio_io_hub_close(&io->hub);
	atomic_store_explicit(&io->owner, 0, memory_order_relaxed);
}

/* false: a thread is running it. */
static bool stop(struct vmmio_io *io)
{
	if (atomic_exchange_explicit(&io->running, true, memory_order_acquire))
		return false;
	take_down(io);
	atomic_store_explicit(&io->running, false, memory_order_release);
	return true;
}

int vmmio_io_destroy(struct vmmio_io *io)
{
	int err = 0;

	if (!io)
		return 0;
	if (vmmio_io_inherited(io, "vmmio_io_destroy"))
		return -EPERM;
	/* Before the lock: a user that gives up waits for its own threads under it. */
	if (vmmio_io_inside(io)) {
		vmmio_io_log(&io->log, VMMIO_LOG_ERROR,
			"%s: vmmio_io_destroy from inside one of its callbacks would wait for "
			"itself: leave it to another thread",
			io->name);
		return -EDEADLK;
	}
	pthread_mutex_lock(&io->lock);
	if (io->users || atomic_load(&io->refs) || atomic_load(&io->out) || !stop(io))
		err = -EBUSY;
	pthread_mutex_unlock(&io->lock);
	if (err) {
		vmmio_io_log(&io->log, VMMIO_LOG_INFO,
			"%s: in use, not destroyed: destroy the disks that were created on it, "
			"end its requests, remove its polls and disarm its timers first",
			io->name);
		return err;
	}
	free_io(io);
	return 0;
}

static int start_workers(struct vmmio_io *io, unsigned keep)
{
	struct io_workers_config config = {
		.io = io,
		.name = io->name,
		.max_threads = io->max_threads,
		.keep = keep,
		.hand_over = io->form == VMMIO_IO_LOOP,
		.log = io->log,
	};

	return vmmio_io_workers_create(&config, &io->workers);
}

static int start_poller(struct vmmio_io *io)
{
	int err;

	atomic_store(&io->hub.stop, false);
	err = vmmio_io_thread_start(&io->poller, io->name, vmmio_io_poller_main, io);
	io->polling = !err;
	return err;
}

static int start_plain(struct vmmio_io *io)
{
	bool threads = io->form == VMMIO_IO_THREADS;
	int err = start_workers(io, 1);

	if (!err && threads)
		err = vmmio_io_hub_open(&io->hub, true);
	if (!err)
		err = vmmio_io_timers_start(io);
	if (!err && threads)
		err = start_poller(io);
	return err;
}

static int start_uring(struct vmmio_io *io)
{
	int err = start_workers(io, io->ring_lacks ? 1 : 0);

	if (!err && io->form == VMMIO_IO_THREADS)
		err = vmmio_io_hub_open(&io->hub, false);
	if (!err)
		err = vmmio_io_uring_create(io, &io->ring);
	if (!err)
		err = vmmio_io_timers_start(io);
	return err;
}

/* With the lock held. *refused: what io_uring said, if the plain engine took its place. */
static int start(struct vmmio_io *io, int *refused)
{
	int err = 0;

	io->forks = atomic_load_explicit(&forks, memory_order_relaxed);
	if (vmmio_io_kind(io) == VMMIO_IO_URING) {
		err = start_uring(io);
		if (err && io->fall_back) {
			take_down(io);
			*refused = err;
			atomic_store(&io->kind, VMMIO_IO_PLAIN);
		}
	}
	if (vmmio_io_kind(io) == VMMIO_IO_PLAIN && io->form != VMMIO_IO_MANUAL)
		err = start_plain(io);
	if (err)
		take_down(io);
	else
		atomic_store_explicit(&io->started, true, memory_order_release);
	return err;
}

void vmmio_io_ref(struct vmmio_io *io)
{
	atomic_fetch_add(&io->refs, 1);
}

void vmmio_io_unref(struct vmmio_io *io)
{
	atomic_fetch_sub(&io->refs, 1);
}

int vmmio_io_use(struct vmmio_io *io)
{
	int err = 0, refused = 0;

	if (!io)
		return -EINVAL;
	if (vmmio_io_inherited(io, "vmmio_io_use"))
		return -EPERM;
	pthread_mutex_lock(&io->lock);
	if (!atomic_load(&io->started))
		err = start(io, &refused);
	if (!err)
		io->users++;
	pthread_mutex_unlock(&io->lock);
	if (refused)
		log_plain(io, refused);
	return err;
}

void vmmio_io_unuse(struct vmmio_io *io)
{
	if (vmmio_io_inherited(io, "vmmio_io_unuse"))
		return;
	pthread_mutex_lock(&io->lock);
	/* From inside a callback, or with requests out, against the contract, or while the
	 * loop is just being run: it all stays until the next user gives up or the engine is
	 * destroyed. */
	if (io->users && --io->users == 0 && !atomic_load(&io->out) && !vmmio_io_inside(io))
		(void)stop(io);
	pthread_mutex_unlock(&io->lock);
}
