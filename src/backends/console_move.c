/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the buffers to the other side and back, in all forms. Everything here runs under the
 * console's lock and waits for nothing.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/console.h"

/* --- Input ---------------------------------------------------------------------------- */

static bool is_end(ssize_t n)
{
	return n == 0 || n == -EIO || n == -ECONNRESET;
}

void vmmio_console_take_input(struct vmmio_console *c, ssize_t n)
{
	if (n > 0) {
		c->to_guest.put += (uint64_t)n;
		return;
	}
	c->in_ready = false; /* until the next edge */
	if (n == -EAGAIN || (is_end(n) && c->in.pty))
		return;
	if (!is_end(n))
		c->read_error = (int)-n;
	c->notes |= is_end(n) ? CONSOLE_NOTE_END : CONSOLE_NOTE_READ;
}

void vmmio_console_read_in(struct vmmio_console *c)
{
	while (c->in_ready && c->in.kind == CONSOLE_POLLED) {
		struct console_span room = vmmio_console_room(&c->to_guest);

		if (!room.len)
			return;
		vmmio_console_take_input(c, vmmio_console_fd_read(&c->in, room));
	}
}

/* --- Output --------------------------------------------------------------------------- */

/* What is to be written next: emergencies first. */
static struct console_ring *next_ring(struct vmmio_console *c)
{
	if (vmmio_console_used(&c->emergency))
		return &c->emergency;
	return vmmio_console_used(&c->from_guest) ? &c->from_guest : NULL;
}

/* n bytes are gone, or with an error none, and len are dropped. */
static void take_output(struct vmmio_console *c, struct console_ring *ring, int64_t n, size_t len)
{
	if (n >= 0) {
		ring->taken += (uint64_t)n;
		c->count.written += (uint64_t)n;
		return;
	}
	ring->taken += len;
	c->count.dropped += len;
	if (n == -EPIPE || n == -ECONNRESET || (n == -EIO && c->out.kind == CONSOLE_POLLED)) {
		c->notes |= CONSOLE_NOTE_NOBODY;
	} else {
		c->notes |= CONSOLE_NOTE_WRITE;
		c->write_error = (int)-n;
	}
}

static void write_polled(struct vmmio_console *c)
{
	struct console_ring *ring;
	size_t done = 0;

	while ((ring = next_ring(c))) {
		struct console_span piece = vmmio_console_filled(ring);
		ssize_t n = -EAGAIN;

		if (done < CONSOLE_AT_ONCE)
			n = vmmio_console_fd_write(&c->out, piece);
		if (n == -EAGAIN) {
			vmmio_console_arm(c);
			return;
		}
		take_output(c, ring, n, piece.len);
		done += piece.len;
	}
}

static void drop(struct vmmio_console *c)
{
	struct console_ring *ring;

	while ((ring = next_ring(c))) {
		c->count.dropped += vmmio_console_used(ring);
		ring->taken = ring->put;
	}
}

static void written(struct vmmio_io_request *request)
{
	struct vmmio_console *c =
		(struct vmmio_console *)(void *)((char *)request -
						 offsetof(struct vmmio_console, request));
	int64_t n = request->result;

	pthread_mutex_lock(&c->lock);
	c->writing = false;
	/* Cut short by the console's end: how much was written is not known. */
	if (n != -ECANCELED)
		take_output(c, c->requested, n, c->iov.len);
	vmmio_console_write_out(c);
	if (!c->attached && !c->writing && c->using_io) {
		c->using_io = false;
		vmmio_io_unuse(c->io);
	}
	vmmio_console_unlock(c);
}

/* One request at a time, by the engine's threads. */
static void write_slow(struct vmmio_console *c)
{
	struct console_ring *ring = next_ring(c);
	struct vmmio_io_request *request = &c->request;
	struct console_span piece;

	if (c->writing || !ring || !c->using_io || c->closing)
		return;
	piece = vmmio_console_filled(ring);
	c->requested = ring;
	c->iov = (struct vmmio_iovec){piece.data, piece.len};
	request->op = VMMIO_IO_WRITE;
	request->flags = VMMIO_IO_PAGE_CACHE;
	request->fd = c->out.fd;
	request->offset = VMMIO_IO_STREAM;
	request->length = piece.len;
	request->iov = &c->iov;
	request->n_iov = 1;
	request->done = written;
	c->writing = true;
	vmmio_io_submit(c->io, &request, 1);
}

void vmmio_console_write_out(struct vmmio_console *c)
{
	switch (c->out.kind) {
	case CONSOLE_POLLED:
		write_polled(c);
		break;
	case CONSOLE_SLOW:
		write_slow(c);
		break;
	case CONSOLE_NONE:
		drop(c);
		break;
	default:
		vmmio_console_signal(c);
	}
	if (c->blocked && vmmio_console_room(&c->from_guest).len) {
		c->blocked = false;
		vmmio_console_schedule(c);
	}
}

void vmmio_console_ready(struct vmmio_io_poll *poll)
{
	struct vmmio_console *c =
		(struct vmmio_console *)(void *)((char *)poll -
						 offsetof(struct vmmio_console, poll));
	struct epoll_event events[2];
	int n = epoll_wait(c->epoll_fd, events, 2, 0);

	pthread_mutex_lock(&c->lock);
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr == &c->in)
			c->in_ready = true;
	vmmio_console_write_out(c);
	if (c->in_ready)
		vmmio_console_schedule(c);
	vmmio_console_unlock(c);
}

/* --- emerg_wr --------------------------------------------------------------------------- */

void vmmio_console_config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	struct vmmio_console *c = ctx;
	struct console_span room;

	(void)size;
	if (offset != VMMIO_CONSOLE_CFG_EMERG_WR || !c->backend.config_urgent_size)
		return;
	pthread_mutex_lock(&c->lock);
	room = vmmio_console_room(&c->emergency);
	c->count.from_guest++;
	c->count.emergency++;
	if (room.len) {
		*room.data = (uint8_t)value;
		c->emergency.put++;
	} else {
		c->count.dropped++;
	}
	vmmio_console_write_out(c);
	vmmio_console_unlock(c);
}

/* --- Memory ----------------------------------------------------------------------------- */

void vmmio_console_signal(struct vmmio_console *c)
{
	bool wanted = next_ring(c) || (c->put_short && vmmio_console_room(&c->to_guest).len);
	uint64_t one = 1;
	ssize_t n = 0;

	if (c->event_fd < 0 || wanted == c->signalled)
		return;
	/* Neither can fail: it counts from 0 to 1 and back. */
	n = wanted ? write(c->event_fd, &one, sizeof(one)) : read(c->event_fd, &one, sizeof(one));
	(void)n;
	c->signalled = wanted;
}

size_t vmmio_console_put(struct vmmio_console *c, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	struct console_span room;
	size_t taken = 0;

	if (!c || c->in.kind != CONSOLE_MEMORY)
		return 0;
	pthread_mutex_lock(&c->lock);
	while (taken < length && (room = vmmio_console_room(&c->to_guest)).len) {
		size_t n = room.len < length - taken ? room.len : length - taken;

		memcpy(room.data, bytes + taken, n);
		c->to_guest.put += n;
		taken += n;
	}
	c->put_short = taken < length;
	vmmio_console_signal(c);
	if (taken)
		vmmio_console_schedule(c);
	vmmio_console_unlock(c);
	return taken;
}

size_t vmmio_console_get(struct vmmio_console *c, void *data, size_t length)
{
	struct console_ring *ring;
	uint8_t *bytes = data;
	size_t taken = 0;

	if (!c || c->out.kind != CONSOLE_MEMORY)
		return 0;
	pthread_mutex_lock(&c->lock);
	while (taken < length && (ring = next_ring(c))) {
		struct console_span piece = vmmio_console_filled(ring);
		size_t n = piece.len < length - taken ? piece.len : length - taken;

		memcpy(bytes + taken, piece.data, n);
		take_output(c, ring, (int64_t)n, n);
		taken += n;
	}
	vmmio_console_write_out(c);
	vmmio_console_unlock(c);
	return taken;
}

int vmmio_console_eventfd(const struct vmmio_console *c)
{
	return c && c->event_fd >= 0 ? c->event_fd : -EINVAL;
}
