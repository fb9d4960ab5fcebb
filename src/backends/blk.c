/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block backend: its life, and the hooks the library calls.
 *
 * It is not VMMIO_BACKEND_PROMPT. Its hooks wait for nothing but short locks (detach: and
 * for a task on its last lines), yet start allocates and may start the I/O engine's
 * thread, and quiesce costs a cancel for each request that is out: on the executor the
 * vCPU's Status write costs at most one wake-up, whatever is in flight.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/blk.h"

_Static_assert(sizeof(((struct vmmio_blk *)0)->queue_sizes) == 64 * sizeof(uint16_t), "64 queues");

static int attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_blk *blk = ctx;
	int err = 0;

	pthread_mutex_lock(&blk->device_lock);
	if (blk->device)
		err = -EBUSY;
	else
		blk->device = device;
	if (!err) /* it began with the capacity that the disk had when it was opened */
		vmmio_blk_show_capacity(blk);
	pthread_mutex_unlock(&blk->device_lock);
	return err;
}

/* The engine is used from the first start to detach: a reset, of which a boot has several,
 * should not stop and start threads. */
static int start(void *ctx, vmmio_token token)
{
	struct vmmio_blk *blk = ctx;
	unsigned i;
	int err;

	(void)token;
	if (!blk->using_io) {
		err = vmmio_io_use(blk->io);
		if (err)
			return err;
		blk->using_io = true;
	}
	for (i = 0; i < blk->n_queues; i++) {
		struct blk_queue *q = &blk->queues[i];

		q->queue = vmmio_device_queue(blk->device, i);
		if (!vmmio_queue_size(q->queue))
			continue;
		err = vmmio_blk_queue_alloc(q);
		if (err)
			return err;
	}
	return 0;
}

static int queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	struct vmmio_blk *blk = ctx;

	(void)token;
	vmmio_blk_queue_cancel(&blk->queues[vmmio_queue_index(queue)]);
	return 0;
}

static int quiesce(void *ctx, vmmio_token token)
{
	struct vmmio_blk *blk = ctx;
	unsigned i;

	(void)token;
	for (i = 0; i < blk->n_queues; i++)
		vmmio_blk_queue_cancel(&blk->queues[i]);
	return 0;
}

static void reset_finish(void *ctx)
{
	struct vmmio_blk *blk = ctx;
	unsigned i;

	for (i = 0; i < blk->n_queues; i++)
		vmmio_blk_queue_free(&blk->queues[i]);
	vmmio_blk_reset_mode(blk);
}

static void detach(void *ctx)
{
	struct vmmio_blk *blk = ctx;
	unsigned i;

	for (i = 0; i < blk->n_queues; i++) {
		vmmio_blk_wait_task(&blk->queues[i]);
		vmmio_blk_queue_free(&blk->queues[i]);
	}
	if (blk->using_io)
		vmmio_io_unuse(blk->io);
	blk->using_io = false;
	pthread_mutex_lock(&blk->device_lock);
	blk->device = NULL;
	pthread_mutex_unlock(&blk->device_lock);
}

static const struct vmmio_backend_ops ops = {
	.size = sizeof(ops),
	.attach = attach,
	.features = vmmio_blk_features,
	.start = start,
	.notify = vmmio_blk_notify,
	.queue_stop = queue_stop,
	.quiesce = quiesce,
	.reset_finish = reset_finish,
	.config_write = vmmio_blk_config_write,
	.detach = detach,
};

static void init_options(struct vmmio_blk *blk, const struct vmmio_blk_options *o)
{
	const char *serial = o->serial ? o->serial : "vmmio";

	blk->fd = -1;
	blk->io = o->io;
	blk->log = o->log;
	blk->read_only = o->read_only;
	blk->direct = o->direct;
	blk->write_through = o->write_through;
	blk->block_size = o->block_size ? o->block_size : VMMIO_BLK_SECTOR;
	blk->delay = o->delay;
	blk->delay_cancellable = o->delay_cancellable;
	blk->bounce = o->bounce;
	blk->orphan_max = o->bounce_max ? o->bounce_max : BLK_ORPHAN_MAX;
	blk->n_queues = o->n_queues ? o->n_queues : 1;
	blk->queue_size = o->queue_size ? o->queue_size : 256;
	memcpy(blk->serial, serial, strlen(serial));
	atomic_init(&blk->sync, true);
}

static void init_backend(struct vmmio_blk *blk, const struct vmmio_blk_options *o)
{
	unsigned i;

	for (i = 0; i < blk->n_queues; i++) {
		blk->queue_sizes[i] = blk->queue_size;
		vmmio_blk_queue_init(blk, &blk->queues[i]);
	}
	blk->backend = (struct vmmio_backend){
		.size = sizeof(blk->backend),
		.ops = &ops,
		.ctx = blk,
		.device_id = VMMIO_ID_BLOCK,
		.n_queues = blk->n_queues,
		.queue_sizes = blk->queue_sizes,
		.max_segments = (o->seg_max ? o->seg_max : 126) + BLK_SPARE_SEGMENTS,
		.config_size = VMMIO_BLK_CFG_SIZE,
		.config = blk->config,
	};
	vmmio_blk_init_config(blk, o);
	pthread_mutex_init(&blk->device_lock, NULL);
	pthread_mutex_init(&blk->orphan_lock, NULL);
}

int vmmio_blk_create(const struct vmmio_blk_options *options, struct vmmio_blk **out)
{
	struct vmmio_blk *blk;
	int err;

	if (!options || !out)
		return -EINVAL;
	err = vmmio_blk_check_options(options);
	if (err)
		return err;
	blk = calloc(1, sizeof(*blk));
	if (!blk)
		return -ENOMEM;
	init_options(blk, options);
	blk->queues = calloc(blk->n_queues, sizeof(*blk->queues));
	err = blk->queues ? vmmio_blk_open(blk, options) : -ENOMEM;
	if (err) {
		free(blk->queues);
		free(blk);
		return err;
	}
	vmmio_io_ref(blk->io);
	init_backend(blk, options);
	*out = blk;
	return 0;
}

const struct vmmio_backend *vmmio_blk_backend(const struct vmmio_blk *blk)
{
	return &blk->backend;
}

int vmmio_blk_destroy(struct vmmio_blk *blk)
{
	unsigned i, orphans;
	bool attached;

	if (!blk)
		return 0;
	pthread_mutex_lock(&blk->device_lock);
	attached = blk->device != NULL;
	pthread_mutex_unlock(&blk->device_lock);
	if (attached) {
		vmmio_blk_log(&blk->log, VMMIO_LOG_INFO,
			"disk image %s: still attached, not destroyed: wait for the device's "
			"destroyed callback",
			blk->name);
		return -EBUSY;
	}
	orphans = atomic_load(&blk->count.orphans);
	if (orphans) {
		vmmio_blk_log(&blk->log, VMMIO_LOG_INFO,
			"disk image %s: %u request(s) that a reset gave up are still in the kernel, not "
			"destroyed: try again later",
			blk->name, orphans);
		return -EBUSY;
	}
	vmmio_io_unref(blk->io);
	vmmio_blk_close(blk);
	for (i = 0; i < blk->n_queues; i++) {
		pthread_cond_destroy(&blk->queues[i].task_over);
		pthread_mutex_destroy(&blk->queues[i].lock);
	}
	pthread_mutex_destroy(&blk->device_lock);
	pthread_mutex_destroy(&blk->orphan_lock);
	free(blk->queues);
	free(blk);
	return 0;
}

void vmmio_blk_counters(const struct vmmio_blk *blk, struct vmmio_blk_counters *out)
{
	const struct blk_counters *c = &blk->count;

	*out = (struct vmmio_blk_counters){
		.reads = atomic_load(&c->reads),
		.writes = atomic_load(&c->writes),
		.flushes = atomic_load(&c->flushes),
		.discards = atomic_load(&c->discards),
		.write_zeroes = atomic_load(&c->write_zeroes),
		.get_ids = atomic_load(&c->get_ids),
		.bytes_read = atomic_load(&c->bytes_read),
		.bytes_written = atomic_load(&c->bytes_written),
		.errors = atomic_load(&c->errors),
		.unsupported = atomic_load(&c->unsupported),
		.cancelled = atomic_load(&c->cancelled),
		.in_flight = atomic_load(&c->in_flight),
		.orphans = atomic_load(&c->orphans),
	};
}
