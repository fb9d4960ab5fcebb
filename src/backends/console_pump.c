/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pump: one task on the executor, which moves bytes between queues and buffers, one piece
 * or chain at a time. The lock is not held while guest memory or a queue is touched: the
 * pump alone puts into from_guest and takes from to_guest, so room and bytes that it has seen
 * stay where they are.
 *
 * A chain in the pump's hands is not parked, and nobody else's. Who stops a queue takes the
 * parked one; the pump finds out when it is back under the lock.
 */
#include <errno.h>
#include <string.h>

#include "backends/console.h"

#define ROUNDS 64u /* before others have their turn */

/* --- The task: lock held ---------------------------------------------------------------- */

static bool may_work(const struct vmmio_console *c)
{
	return c->live && !c->paused;
}

void vmmio_console_schedule(struct vmmio_console *c)
{
	if (!may_work(c))
		return;
	if (c->state == CONSOLE_IDLE) {
		c->state = CONSOLE_QUEUED;
		c->submit = true;
	} else if (c->state == CONSOLE_RUNNING) {
		c->state = CONSOLE_AGAIN;
	}
}

static void tell(const struct vmmio_log *log, const char *name, unsigned notes, int read_error,
	int write_error)
{
	if (notes & CONSOLE_NOTE_END)
		vmmio_console_log(log, VMMIO_LOG_INFO,
			"%s: the input is at its end; if more comes, it is read", name);
	if (notes & CONSOLE_NOTE_NOBODY)
		vmmio_console_log(log, VMMIO_LOG_INFO,
			"%s: nobody is there to read the output: it is dropped until somebody is",
			name);
	if (notes & CONSOLE_NOTE_READ)
		vmmio_console_log(log, VMMIO_LOG_WARN,
			"%s: reading the input failed (error %d): check the descriptor", name,
			read_error);
	if (notes & CONSOLE_NOTE_WRITE)
		vmmio_console_log(log, VMMIO_LOG_WARN,
			"%s: writing the output failed (error %d), it is dropped for as long as "
			"this "
			"lasts: check the disk or the descriptor",
			name, write_error);
}

/* Once unlocked, c may be gone; but not while the task is queued. */
void vmmio_console_unlock(struct vmmio_console *c)
{
	unsigned notes = c->notes & ~c->told;
	int read_error = c->read_error, write_error = c->write_error;
	struct vmmio_executor *ex = c->ex;
	struct vmmio_log log = c->log;
	bool submit = c->submit;
	char name[sizeof(c->name)];

	if (notes)
		memcpy(name, c->name, sizeof(name));
	c->submit = false;
	c->notes = 0;
	c->told |= notes;
	pthread_mutex_unlock(&c->lock);
	if (submit)
		vmmio_executor_submit(ex, &c->task);
	if (notes)
		tell(&log, name, notes, read_error, write_error);
}

/* --- Copying ------------------------------------------------------------------------------ */

/* From position at of the chain's readable part. Returns how many. */
static size_t copy_out(const struct vmmio_chain *chain, uint64_t at, struct console_span to)
{
	const struct vmmio_iovec *iov = chain->readable;
	const struct vmmio_iovec *end = iov + chain->n_readable;
	size_t done = 0;

	for (; iov < end && done < to.len; iov++) {
		size_t n;

		if (at >= iov->len) {
			at -= iov->len;
			continue;
		}
		n = iov->len - (size_t)at < to.len - done ? iov->len - (size_t)at : to.len - done;
		memcpy(to.data + done, (const uint8_t *)iov->base + at, n);
		done += n;
		at = 0;
	}
	return done;
}

/* To position at of the writable part. */
static size_t copy_in(const struct vmmio_chain *chain, uint64_t at, struct console_span from)
{
	const struct vmmio_iovec *iov = chain->writable;
	const struct vmmio_iovec *end = iov + chain->n_writable;
	size_t done = 0;

	for (; iov < end && done < from.len; iov++) {
		size_t n;

		if (at >= iov->len) {
			at -= iov->len;
			continue;
		}
		n = iov->len - (size_t)at < from.len - done ? iov->len - (size_t)at
							    : from.len - done;
		memcpy((uint8_t *)iov->base + at, from.data + done, n);
		done += n;
		at = 0;
	}
	return done;
}

/* --- From the guest ------------------------------------------------------------------------ */

/* The parked chain, or the next one. false: there is none, or no room. */
static bool take_transmit(
	struct vmmio_console *c, struct vmmio_chain *chain, uint64_t *at, struct console_span *room)
{
	bool go, parked = false;

	*at = 0;
	pthread_mutex_lock(&c->lock);
	*room = vmmio_console_room(&c->from_guest);
	c->blocked = !room->len;
	go = room->len && may_work(c);
	if (go && c->parked) {
		*chain = c->chain;
		*at = c->chain_at;
		c->parked = false;
		parked = true;
	}
	vmmio_console_unlock(c);
	return parked || (go && vmmio_queue_pop(c->queues[VMMIO_CONSOLE_TRANSMITQ], chain, 1));
}

/* What was copied is the console's. true: the chain is done with, else it is parked. */
static bool put_transmit(
	struct vmmio_console *c, const struct vmmio_chain *chain, uint64_t at, size_t copied)
{
	bool done = at + copied == chain->readable_len;

	pthread_mutex_lock(&c->lock);
	c->from_guest.put += copied;
	c->count.from_guest += copied;
	vmmio_console_write_out(c);
	if (!done && (!c->live || c->stopping[VMMIO_CONSOLE_TRANSMITQ])) {
		c->count.cancelled++;
		done = true;
	}
	if (!done) {
		c->chain = *chain;
		c->chain_at = at + copied;
		c->parked = true;
	}
	vmmio_console_unlock(c);
	return done;
}

/* true: there may be more. A queue whose life is over is not touched any more: who stops it
 * comes for the chain. */
static bool transmit(struct vmmio_console *c)
{
	struct vmmio_queue *queue = c->queues[VMMIO_CONSOLE_TRANSMITQ];
	struct console_span room;
	struct vmmio_chain chain;
	size_t copied = 0;
	bool begun;
	uint64_t at;

	if (!take_transmit(c, &chain, &at, &room))
		return false;
	begun = vmmio_queue_access_begin(queue);
	if (begun) {
		copied = copy_out(&chain, at, room);
		vmmio_queue_access_end(queue);
	}
	if (put_transmit(c, &chain, at, copied))
		vmmio_queue_complete_one(queue, chain.token, 0);
	return begun;
}

/* --- To the guest -------------------------------------------------------------------------- */

/* Of a file, which cannot be polled: here a read may take its time. */
static void read_file(struct vmmio_console *c)
{
	struct console_span room;
	bool wanted;
	ssize_t n;

	pthread_mutex_lock(&c->lock);
	room = vmmio_console_room(&c->to_guest);
	wanted = c->in_ready && !vmmio_console_used(&c->to_guest);
	pthread_mutex_unlock(&c->lock);
	if (!wanted)
		return;
	n = vmmio_console_fd_read(&c->in, room);
	pthread_mutex_lock(&c->lock);
	vmmio_console_take_input(c, n);
	vmmio_console_unlock(c);
}

/* The bytes that wait: in at most two pieces. */
static size_t look_input(struct vmmio_console *c, struct console_span pieces[2])
{
	size_t used = 0;

	if (c->in.kind == CONSOLE_SLOW)
		read_file(c);
	pthread_mutex_lock(&c->lock);
	if (may_work(c) && !c->stopping[VMMIO_CONSOLE_RECEIVEQ]) {
		vmmio_console_read_in(c);
		used = vmmio_console_used(&c->to_guest);
	}
	pieces[0] = vmmio_console_filled(&c->to_guest);
	pieces[1] = (struct console_span){
		c->to_guest.data, used > pieces[0].len ? used - pieces[0].len : 0};
	vmmio_console_unlock(c);
	return used;
}

static void took_input(struct vmmio_console *c, size_t n, bool cancelled)
{
	pthread_mutex_lock(&c->lock);
	c->to_guest.taken += n;
	c->count.to_guest += n;
	c->count.cancelled += cancelled;
	vmmio_console_signal(c);
	vmmio_console_unlock(c);
}

static bool receive(struct vmmio_console *c)
{
	struct vmmio_queue *queue = c->queues[VMMIO_CONSOLE_RECEIVEQ];
	struct console_span pieces[2];
	struct vmmio_chain chain;
	size_t copied = 0;
	bool begun;

	if (!look_input(c, pieces) || !vmmio_queue_pop(queue, &chain, 1))
		return false;
	begun = vmmio_queue_access_begin(queue);
	if (begun) {
		copied = copy_in(&chain, 0, pieces[0]);
		copied += copy_in(&chain, copied, pieces[1]);
		vmmio_queue_access_end(queue);
	}
	took_input(c, copied, !begun);
	vmmio_queue_complete_one(queue, chain.token, (uint32_t)copied);
	return true;
}

/* --- The task ------------------------------------------------------------------------------- */

/* false: it goes on, or has ended and c may be gone. true: once more, pause was answered. */
static bool end(struct vmmio_console *c, bool more)
{
	struct vmmio_device *device = c->device;
	vmmio_token pause, quiesce = 0;

	pthread_mutex_lock(&c->lock);
	pause = c->pause;
	c->pause = 0;
	if (pause) {
		pthread_mutex_unlock(&c->lock);
		vmmio_device_answer(device, pause, 0);
		return true;
	}
	if ((more || c->state == CONSOLE_AGAIN) && may_work(c)) {
		c->state = CONSOLE_QUEUED;
		c->submit = true;
	} else {
		quiesce = c->quiesce;
		c->quiesce = 0;
		c->state = CONSOLE_IDLE;
	}
	vmmio_console_unlock(c);
	if (quiesce)
		vmmio_device_answer(device, quiesce, 0);
	return false;
}

void vmmio_console_run(struct vmmio_task *task)
{
	struct vmmio_console *c =
		(struct vmmio_console *)(void *)((char *)task -
						 offsetof(struct vmmio_console, task));
	bool more = true;

	pthread_mutex_lock(&c->lock);
	c->state = CONSOLE_RUNNING;
	pthread_mutex_unlock(&c->lock);
	for (unsigned round = 0; more && round < ROUNDS; round++) {
		more = transmit(c);
		more = receive(c) || more;
	}
	while (end(c, more))
		;
}
