/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console backend: its life, and the hooks the library calls.
 *
 * It is VMMIO_BACKEND_PROMPT: hooks take short locks, and what they would have to wait for
 * answers for them. A reset of an idle console ends inside the Status write.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/console.h"

/* --- Attached, and not ---------------------------------------------------------------------- */

static void end_io(struct vmmio_console *c)
{
	bool unuse;

	if (c->io)
		vmmio_io_poll_remove(c->io, &c->poll);
	pthread_mutex_lock(&c->lock);
	c->attached = false;
	unuse = c->using_io && !c->writing; /* else the last write does it */
	if (unuse)
		c->using_io = false;
	pthread_mutex_unlock(&c->lock);
	if (unuse)
		vmmio_io_unuse(c->io);
}

/* The engine is used, and the descriptors are watched, from here to detach. */
static int begin_io(struct vmmio_console *c)
{
	bool used;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	c->attached = true;
	c->closing = false;
	used = c->using_io; /* by a write that is under way from before */
	pthread_mutex_unlock(&c->lock);
	if (!c->io)
		return 0;
	if (!used)
		err = vmmio_io_use(c->io);
	pthread_mutex_lock(&c->lock);
	c->using_io = !err;
	pthread_mutex_unlock(&c->lock);
	if (!err && c->epoll_fd >= 0)
		err = vmmio_io_poll_add(c->io, &c->poll);
	if (err)
		end_io(c);
	return err;
}

static int set_device(struct vmmio_console *c, struct vmmio_device *device)
{
	int err = 0;

	pthread_mutex_lock(&c->device_lock);
	if (device && c->device)
		err = -EBUSY;
	else
		c->device = device;
	pthread_mutex_unlock(&c->device_lock);
	return err;
}

static int attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_console *c = ctx;
	int err = set_device(c, device);

	if (err)
		return err;
	err = begin_io(c);
	if (err) {
		set_device(c, NULL);
		return err;
	}
	vmmio_console_show_size(c);
	pthread_mutex_lock(&c->lock);
	c->ex = vmmio_device_executor(device);
	vmmio_console_write_out(c); /* what the last device has left */
	vmmio_console_unlock(c);
	return 0;
}

/* The pump has ended: quiesce was not answered before. */
static void detach(void *ctx)
{
	struct vmmio_console *c = ctx;

	end_io(c);
	set_device(c, NULL);
}

/* --- A life ---------------------------------------------------------------------------------- */

static int start(void *ctx, vmmio_token token)
{
	struct vmmio_console *c = ctx;

	(void)token;
	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < CONSOLE_QUEUES; i++) {
		c->queues[i] = vmmio_device_queue(c->device, i);
		c->stopping[i] = false;
	}
	c->live = true;
	pthread_mutex_unlock(&c->lock);
	return 0;
}

static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_console *c = ctx;

	pthread_mutex_lock(&c->lock);
	/* A queue that is notified runs: no chain from before its stop is left. */
	c->stopping[vmmio_queue_index(queue)] = false;
	vmmio_console_schedule(c);
	vmmio_console_unlock(c);
}

/* The lock held. The token of the parked chain, 0: none. */
static vmmio_token unpark(struct vmmio_console *c)
{
	if (!c->parked)
		return 0;
	c->parked = false;
	c->count.cancelled++;
	return c->chain.token;
}

static void complete(struct vmmio_console *c, vmmio_token token)
{
	if (token)
		vmmio_queue_complete_one(c->queues[VMMIO_CONSOLE_TRANSMITQ], token, 0);
}

static int queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	struct vmmio_console *c = ctx;
	unsigned index = vmmio_queue_index(queue);
	vmmio_token parked = 0;

	(void)token;
	pthread_mutex_lock(&c->lock);
	c->stopping[index] = true;
	if (index == VMMIO_CONSOLE_TRANSMITQ)
		parked = unpark(c);
	pthread_mutex_unlock(&c->lock);
	complete(c, parked);
	return 0;
}

static int quiesce(void *ctx, vmmio_token token)
{
	struct vmmio_console *c = ctx;
	vmmio_token parked;
	bool pending;

	pthread_mutex_lock(&c->lock);
	c->live = false;
	c->paused = false;
	c->pause = 0;
	parked = unpark(c);
	pending = c->state != CONSOLE_IDLE;
	c->quiesce = pending ? token : 0;
	pthread_mutex_unlock(&c->lock);
	complete(c, parked);
	return pending ? VMMIO_PENDING : 0;
}

static void reset_finish(void *ctx)
{
	struct vmmio_console *c = ctx;

	atomic_store(&c->terminal_hidden, false);
	vmmio_console_show_size(c);
}

static int pause_hook(void *ctx, vmmio_token token)
{
	struct vmmio_console *c = ctx;
	bool pending;

	pthread_mutex_lock(&c->lock);
	c->paused = true;
	pending = c->state != CONSOLE_IDLE;
	c->pause = pending ? token : 0;
	pthread_mutex_unlock(&c->lock);
	return pending ? VMMIO_PENDING : 0;
}

/* notify follows, and goes on with the parked chain. */
static void resume(void *ctx)
{
	struct vmmio_console *c = ctx;

	pthread_mutex_lock(&c->lock);
	c->paused = false;
	c->pause = 0;
	pthread_mutex_unlock(&c->lock);
}

static const struct vmmio_backend_ops ops = {
	.size = sizeof(ops),
	.attach = attach,
	.features = vmmio_console_features,
	.start = start,
	.notify = notify,
	.queue_stop = queue_stop,
	.quiesce = quiesce,
	.reset_finish = reset_finish,
	.config_write = vmmio_console_config_write,
	.detach = detach,
	.pause = pause_hook,
	.resume = resume,
};

/* --- Create and destroy ------------------------------------------------------------------------
 */

static void init_backend(struct vmmio_console *c, const struct vmmio_console_options *o)
{
	for (unsigned i = 0; i < CONSOLE_QUEUES; i++)
		c->queue_sizes[i] = o->queue_size ? o->queue_size : CONSOLE_QUEUE_SIZE;
	c->backend = (struct vmmio_backend){
		.size = sizeof(c->backend),
		.ops = &ops,
		.ctx = c,
		.flags = VMMIO_BACKEND_PROMPT,
		.device_id = VMMIO_ID_CONSOLE,
		.n_queues = CONSOLE_QUEUES,
		.queue_sizes = c->queue_sizes,
		.config_size = VMMIO_CONSOLE_CFG_SIZE,
		.config = c->config,
	};
	vmmio_console_init_config(c, o);
	c->task = (struct vmmio_task){.run = vmmio_console_run, .flags = VMMIO_TASK_MAY_BLOCK};
	c->poll.fd = c->epoll_fd;
	c->poll.ready = vmmio_console_ready;
	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->device_lock, NULL);
}

static int init_buffers(struct vmmio_console *c, const struct vmmio_console_options *o)
{
	size_t size = o->buffer_size ? o->buffer_size : CONSOLE_BUFFER;

	c->buffers = calloc(2, size);
	if (!c->buffers) {
		vmmio_console_log(&c->log, VMMIO_LOG_ERROR,
			"console backend: no memory for two buffers of %zu bytes: lower "
			"buffer_size",
			size);
		return -ENOMEM;
	}
	c->to_guest = (struct console_ring){.data = c->buffers, .size = size};
	c->from_guest = (struct console_ring){.data = c->buffers + size, .size = size};
	c->emergency =
		(struct console_ring){.data = c->emergency_data, .size = sizeof(c->emergency_data)};
	return 0;
}

int vmmio_console_create(const struct vmmio_console_options *options, struct vmmio_console **out)
{
	struct vmmio_console *c;
	int err;

	if (!options || !out)
		return -EINVAL;
	err = vmmio_console_check_options(options);
	if (err)
		return err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->log = options->log;
	c->io = options->io;
	err = init_buffers(c, options);
	if (!err)
		err = vmmio_console_open(c, options);
	if (err) {
		free(c->buffers);
		free(c);
		return err;
	}
	if (c->io)
		vmmio_io_ref(c->io);
	init_backend(c, options);
	*out = c;
	return 0;
}

const struct vmmio_backend *vmmio_console_backend(const struct vmmio_console *c)
{
	return &c->backend;
}

const char *vmmio_console_pty(const struct vmmio_console *c)
{
	return c && c->pty[0] ? c->pty : NULL;
}

void vmmio_console_counters(struct vmmio_console *c, struct vmmio_console_counters *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->count;
	out->buffered_in = (uint32_t)vmmio_console_used(&c->to_guest);
	out->buffered_out =
		(uint32_t)(vmmio_console_used(&c->from_guest) + vmmio_console_used(&c->emergency));
	out->waiting = c->parked;
	pthread_mutex_unlock(&c->lock);
}

static int refuse_destroy(const struct vmmio_console *c, const char *why)
{
	vmmio_console_log(&c->log, VMMIO_LOG_INFO, "%s: not destroyed: %s", c->name, why);
	return -EBUSY;
}

/* A write that may hang is the last one, and cancelled if it has not begun; one to a file is
 * only slow. */
static bool is_writing(struct vmmio_console *c)
{
	bool writing;

	pthread_mutex_lock(&c->lock);
	writing = c->writing;
	c->closing = writing && c->out.blocking;
	if (c->closing)
		vmmio_io_cancel(c->io, &c->request);
	pthread_mutex_unlock(&c->lock);
	return writing;
}

/* A last try. Bytes that stay unwritten are told of, unless nobody ever fetched any. */
static void flush(struct vmmio_console *c)
{
	size_t left = SIZE_MAX, before;

	pthread_mutex_lock(&c->lock);
	do {
		before = left;
		vmmio_console_write_out(c);
		left = vmmio_console_used(&c->from_guest) + vmmio_console_used(&c->emergency);
	} while (left && left < before);
	vmmio_console_unlock(c);
	if (left && c->out.kind != CONSOLE_MEMORY)
		vmmio_console_log(&c->log, VMMIO_LOG_INFO,
			"%s: the last %zu bytes of output are lost: the other side did not take "
			"them",
			c->name, left);
}

int vmmio_console_destroy(struct vmmio_console *c)
{
	bool attached;

	if (!c)
		return 0;
	pthread_mutex_lock(&c->device_lock);
	attached = c->device;
	pthread_mutex_unlock(&c->device_lock);
	if (attached)
		return refuse_destroy(
			c, "it is still attached: wait for the device's destroyed callback");
	if (is_writing(c))
		return refuse_destroy(c, "output is still being written: try again");
	flush(c);
	if (c->io)
		vmmio_io_unref(c->io);
	vmmio_console_close(c);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->device_lock);
	free(c->buffers);
	free(c);
	return 0;
}
