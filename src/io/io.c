/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine's public face: which engine, who uses it, where a request goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/engine.h"

#define DEFAULT_ENTRIES 256u
#define MAX_ENTRIES 32768u
#define DEFAULT_THREADS 64u
#define MAX_THREADS 4096u

struct vmmio_io {
	char name[16];
	bool fall_back; /* AUTO */
	unsigned entries, max_threads;
	struct vmmio_log log;
	atomic_int kind;

	pthread_mutex_t lock; /* users, and the two below while they change */
	unsigned users;
	atomic_uint refs;
	/* Set while there are users, who are the only ones to look at them otherwise. */
	struct io_uring_engine *ring;
	struct io_workers *workers;
	atomic_uint out; /* requests */
};

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

	if (engine == VMMIO_IO_PLAIN) {
		atomic_init(&io->kind, VMMIO_IO_PLAIN);
		return 0;
	}
	atomic_init(&io->kind, VMMIO_IO_URING);
	err = vmmio_io_uring_probe(io->entries);
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
	vmmio_io_log(&io->log, VMMIO_LOG_INFO, "%s: using io_uring", io->name);
	return 0;
}

int vmmio_io_create(const struct vmmio_io_options *options, struct vmmio_io **out)
{
	static const struct vmmio_io_options defaults = {.size = sizeof(defaults)};
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
	io = calloc(1, sizeof(*io));
	if (!io)
		return -ENOMEM;
	name = options->name ? options->name : "vmmio-io";
	memcpy(io->name, name, strnlen(name, sizeof(io->name) - 1));
	io->fall_back = options->engine == VMMIO_IO_AUTO;
	io->entries = options->entries ? options->entries : DEFAULT_ENTRIES;
	io->max_threads = options->max_threads ? options->max_threads : DEFAULT_THREADS;
	io->log = options->log;
	err = choose(io, options->engine);
	if (err) {
		free(io);
		return err;
	}
	pthread_mutex_init(&io->lock, NULL);
	*out = io;
	return 0;
}

enum vmmio_io_engine vmmio_io_kind(const struct vmmio_io *io)
{
	return (enum vmmio_io_engine)atomic_load(&io->kind);
}

static bool is_self(struct vmmio_io *io)
{
	return vmmio_io_uring_is_self(io->ring) || vmmio_io_workers_is_self(io->workers);
}

/* Takes the threads down; with the lock held. */
static void stop(struct vmmio_io *io)
{
	vmmio_io_uring_destroy(io->ring);
	io->ring = NULL;
	vmmio_io_workers_destroy(io->workers);
	io->workers = NULL;
}

int vmmio_io_destroy(struct vmmio_io *io)
{
	int err = 0;

	if (!io)
		return 0;
	/* Before the lock: a user that gives up waits for its own threads under it. */
	if (is_self(io))
		return -EDEADLK;
	pthread_mutex_lock(&io->lock);
	if (io->users || atomic_load(&io->refs) || atomic_load(&io->out))
		err = -EBUSY;
	else
		stop(io);
	pthread_mutex_unlock(&io->lock);
	if (err) {
		vmmio_io_log(&io->log, VMMIO_LOG_INFO,
			"%s: in use, not destroyed: destroy the disks that were created on it first",
			io->name);
		return err;
	}
	pthread_mutex_destroy(&io->lock);
	free(io);
	return 0;
}

static int start_workers(struct vmmio_io *io, unsigned keep)
{
	struct io_workers_config config = {
		.io = io,
		.name = io->name,
		.max_threads = io->max_threads,
		.keep = keep,
		.log = io->log,
	};

	return vmmio_io_workers_create(&config, &io->workers);
}

/* *refused: what io_uring said, if the plain engine took its place. */
static int start(struct vmmio_io *io, int *refused)
{
	int err;

	if (vmmio_io_kind(io) == VMMIO_IO_PLAIN)
		return start_workers(io, 1);
	err = start_workers(io, 0);
	if (err)
		return err;
	err = vmmio_io_uring_create(io, io->name, io->entries, &io->log, &io->ring);
	if (!err)
		return 0;
	stop(io);
	if (!io->fall_back)
		return err;
	*refused = err;
	atomic_store(&io->kind, VMMIO_IO_PLAIN);
	return start_workers(io, 1);
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

	pthread_mutex_lock(&io->lock);
	if (!io->users && !io->workers)
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
	pthread_mutex_lock(&io->lock);
	/* From one of the engine's own threads, or with requests out, against the contract:
	 * the threads stay until the next user gives up or the engine is destroyed. */
	if (io->users && --io->users == 0 && !atomic_load(&io->out) && !is_self(io))
		stop(io);
	pthread_mutex_unlock(&io->lock);
}

void vmmio_io_finished(struct vmmio_io *io)
{
	atomic_fetch_sub(&io->out, 1);
}

/* A write that may hang keeps away from the ring, see engine.h. */
static bool for_workers(const struct vmmio_io_request *request)
{
	return request->op == VMMIO_IO_WRITE &&
	       (request->flags & (VMMIO_IO_MAY_FAULT | VMMIO_IO_PAGE_CACHE));
}

void vmmio_io_submit(struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n)
{
	unsigned i, first = 0;

	atomic_fetch_add(&io->out, n);
	/* To the ring in runs, in one go if none is for the workers. A plain engine always has
	 * a worker, so only an io_uring one is left with a request that none takes. */
	for (i = 0; i < n; i++) {
		if (io->ring && !for_workers(requests[i]))
			continue;
		if (!vmmio_io_workers_submit(io->workers, requests[i]))
			continue;
		if (i > first)
			vmmio_io_uring_submit(io->ring, requests + first, i - first);
		first = i + 1;
	}
	if (n > first)
		vmmio_io_uring_submit(io->ring, requests + first, n - first);
}

void vmmio_io_cancel(struct vmmio_io *io, struct vmmio_io_request *request)
{
	if (io_state(request)->home == IO_HOME_RING)
		vmmio_io_uring_cancel(io->ring, request);
	else
		vmmio_io_workers_cancel(io->workers, request);
}
