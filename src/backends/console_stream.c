/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers of the console, and reads and writes that never block.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "backends/console.h"

size_t vmmio_console_used(const struct console_ring *ring)
{
	return (size_t)(ring->put - ring->taken);
}

static struct console_span span(const struct console_ring *ring, uint64_t at, size_t len)
{
	size_t from = (size_t)(at % ring->size);

	return (struct console_span){
		ring->data + from, len < ring->size - from ? len : ring->size - from};
}

/* The oldest bytes, as far as they are in one piece. */
struct console_span vmmio_console_filled(const struct console_ring *ring)
{
	return span(ring, ring->taken, vmmio_console_used(ring));
}

/* Where the next bytes go, likewise. */
struct console_span vmmio_console_room(const struct console_ring *ring)
{
	return span(ring, ring->put, ring->size - vmmio_console_used(ring));
}

/* What poll says now, 0: nothing. */
static short look(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	return n > 0 ? p.revents : 0;
}

ssize_t vmmio_console_fd_read(const struct console_end *end, struct console_span to)
{
	ssize_t n;

	if (end->blocking && end->kind == CONSOLE_POLLED && !look(end->fd, POLLIN))
		return -EAGAIN;
	do
		n = end->socket ? recv(end->fd, to.data, to.len, MSG_DONTWAIT)
				: read(end->fd, to.data, to.len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Whoever runs this may not have SIGPIPE blocked: it is, for the length of the write, and one
 * that came of it is taken away. */
static ssize_t write_fifo(int fd, struct console_span from)
{
	static const struct timespec now = {0, 0};
	sigset_t pipe, old, pending;
	bool was_pending;
	ssize_t n;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	n = write(fd, from.data, from.len);
	n = n < 0 ? -errno : n;
	if (n == -EPIPE && !was_pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return n;
}

/* A pipe that has room takes so much at once. */
static bool has_room(const struct console_end *end, struct console_span *from)
{
	if (from->len > PIPE_BUF)
		from->len = PIPE_BUF;
	return look(end->fd, POLLOUT);
}

ssize_t vmmio_console_fd_write(const struct console_end *end, struct console_span from)
{
	ssize_t n;

	/* Without another side it would go to whoever opens it next. */
	if (end->pty && look(end->fd, 0) & POLLHUP)
		return -EPIPE;
	if (end->blocking && !has_room(end, &from))
		return -EAGAIN;
	do {
		if (end->fifo)
			n = write_fifo(end->fd, from);
		else if (end->socket)
			n = send(end->fd, from.data, from.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = write(end->fd, from.data, from.len);
		if (n < 0 && !end->fifo)
			n = -errno;
	} while (n == -EINTR);
	return n;
}
