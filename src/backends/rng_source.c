/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The source of random bytes: options, open, what kind of file it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/rng.h"

void vmmio_rng_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!log->fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, level, line);
}

static int wrong(
	const struct vmmio_rng_options *o, const char *name, uint64_t value, const char *remedy)
{
	vmmio_rng_log(&o->log, VMMIO_LOG_ERROR, "entropy backend: %s is %llu: %s", name,
		(unsigned long long)value, remedy);
	return -EINVAL;
}

int vmmio_rng_check_options(const struct vmmio_rng_options *o)
{
	if (o->size && o->size < sizeof(*o))
		return -EINVAL; /* too small to have a log */
	if (!o->size)
		return wrong(o, "size", o->size, "set it to sizeof(struct vmmio_rng_options)");
	if (o->queue_size > VMMIO_QUEUE_SIZE_LIMIT)
		return wrong(o, "queue_size", o->queue_size, "at most 32768");
	if (o->max_bytes > RNG_MAX_BYTES)
		return wrong(o, "max_bytes", o->max_bytes, "at most 1048576");
	if (o->rate_period && !o->rate_bytes)
		return wrong(o, "rate_bytes", 0, "with rate_period set, say how many in each");
	if (!o->io && (o->path || o->fd))
		return wrong(o, "io", 0,
			"a source needs an I/O engine: create one with vmmio_io_create");
	return 0;
}

static int refuse(const struct vmmio_rng *rng, int err, const char *what, const char *remedy)
{
	vmmio_rng_log(&rng->log, VMMIO_LOG_ERROR, "entropy source %s: %s (error %d): %s", rng->name,
		what, -err, remedy);
	return err;
}

static int open_path(struct vmmio_rng *rng)
{
	int err;

	/* O_NONBLOCK: a fifo without a writer must not hang. */
	rng->fd = open(rng->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	rng->own_file = true;
	if (rng->fd >= 0)
		return 0;
	err = -errno;
	switch (-err) {
	case ENOENT:
		return refuse(rng, err, "there is no such file",
			"correct the path, or leave it out to use the kernel's generator");
	case EACCES:
	case EPERM:
		return refuse(rng, err, "permission denied", "grant read access");
	default:
		return refuse(rng, err,
			strerrordesc_np(-err) ? strerrordesc_np(-err) : "open failed",
			"give a character device, a fifo or a file that can be read");
	}
}

/* An open file of our own, whose O_NONBLOCK is ours. Files are read by position: they need
 * none, and may have no name to open. */
static int open_again(struct vmmio_rng *rng, int fd, const struct stat *st)
{
	char path[48];

	if (S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		rng->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	}
	rng->own_file = rng->fd >= 0;
	if (!rng->own_file)
		rng->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return rng->fd < 0 ? refuse(rng, -errno, "cannot be duplicated", "close descriptors") : 0;
}

static int take_fd(struct vmmio_rng *rng, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;
	int err;

	if (flags < 0 || fstat(fd, &st))
		return refuse(rng, -errno, "not an open descriptor", "give a path or an open fd");
	if ((flags & O_ACCMODE) == O_WRONLY)
		return refuse(rng, -EACCES, "the descriptor is write-only", "open it for reading");
	err = open_again(rng, fd, &st);
	if (!err && S_ISREG(st.st_mode))
		rng->offset = (uint64_t)lseek(fd, 0, SEEK_CUR);
	return err;
}

/* Some devices can be polled, others are always ready or never say. */
static int check_device(struct vmmio_rng *rng)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return refuse(rng, -errno, "no descriptor to try polling with", "raise the limit");
	rng->kind = epoll_ctl(fd, EPOLL_CTL_ADD, rng->fd, &event) ? RNG_READ : RNG_POLLED;
	close(fd);
	return 0;
}

static int check_kind(struct vmmio_rng *rng)
{
	struct stat st;

	if (fstat(rng->fd, &st) < 0)
		return refuse(rng, -errno, "fstat failed", "check the file system");
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		rng->kind = RNG_READ;
		return 0;
	case S_IFDIR:
		return refuse(rng, -EISDIR, "it is a directory", "name the file in it");
	case S_IFCHR:
		rng->offset = VMMIO_IO_STREAM;
		return check_device(rng);
	case S_IFSOCK:
		rng->is_socket = true;
		rng->kind = RNG_POLLED;
		return 0;
	case S_IFIFO:
		rng->kind = RNG_POLLED;
		return 0;
	default:
		return refuse(rng, -ENOTSUP, "a kind of file that is no source",
			"give a character device, a fifo, a pipe, a socket or a file");
	}
}

/* What is polled must not block a thread; what the engine reads may, and has to: EAGAIN is no
 * answer for it. Only an open file of our own may be changed. */
static int check_flags(const struct vmmio_rng *rng)
{
	int flags = fcntl(rng->fd, F_GETFL);

	if (rng->kind == RNG_READ && rng->own_file)
		fcntl(rng->fd, F_SETFL, flags & ~O_NONBLOCK);
	if (rng->kind == RNG_POLLED && !rng->is_socket && !(flags & O_NONBLOCK))
		return refuse(rng, -EACCES, "it cannot be opened anew, and reading it may block",
			"open it with O_NONBLOCK, or give its path");
	return 0;
}

static int name_source(struct vmmio_rng *rng, const struct vmmio_rng_options *o)
{
	char number[32];

	snprintf(number, sizeof(number), "of descriptor %d", o->fd);
	if (o->path)
		rng->name = strdup(o->path);
	else
		rng->name = strdup(o->fd ? number : "getrandom");
	return rng->name ? 0 : -ENOMEM;
}

int vmmio_rng_open(struct vmmio_rng *rng, const struct vmmio_rng_options *o)
{
	int err = name_source(rng, o);

	if (err || (!o->path && !o->fd))
		return err;
	err = o->path ? open_path(rng) : take_fd(rng, o->fd);
	if (!err)
		err = check_kind(rng);
	if (!err)
		err = check_flags(rng);
	return err;
}

void vmmio_rng_close(struct vmmio_rng *rng)
{
	if (rng->fd >= 0)
		close(rng->fd);
	rng->fd = -1;
	free(rng->name);
	rng->name = NULL;
}
