/* SPDX-License-Identifier: BSD-3-Clause */
/* The null backend: every chain comes back at once with nothing written. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <vmmio/backends/null.h>
#include <vmmio/device.h>

#define NULL_DEVICE_ID 42u
#define MAX_QUEUES 64u
#define BATCH 16u

struct vmmio_null {
	struct vmmio_backend backend;
	struct vmmio_device *device;
	atomic_bool attached;
	uint16_t queue_sizes[MAX_QUEUES];
	uint8_t zeroes[256];
};

static int null_attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_null *null = ctx;

	if (atomic_exchange(&null->attached, true))
		return -EBUSY;
	null->device = device;
	return 0;
}

static void null_detach(void *ctx)
{
	struct vmmio_null *null = ctx;

	atomic_store(&null->attached, false);
}

static void null_notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_completion done[BATCH];
	struct vmmio_chain chains[BATCH];
	unsigned n;

	(void)ctx;
	while ((n = vmmio_queue_pop(queue, chains, BATCH))) {
		for (unsigned i = 0; i < n; i++)
			done[i] = (struct vmmio_completion){.token = chains[i].token};
		vmmio_queue_complete(queue, done, n);
	}
}

static void null_config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	struct vmmio_null *null = ctx;
	uint32_t bytes = vmmio_le32(value);

	vmmio_device_config_change(null->device, offset, &bytes, size);
}

static void null_reset_finish(void *ctx)
{
	struct vmmio_null *null = ctx;

	for (uint32_t done = 0; done < null->backend.config_size;) {
		uint32_t left = null->backend.config_size - done;
		uint32_t size = left < sizeof(null->zeroes) ? left : (uint32_t)sizeof(null->zeroes);

		vmmio_device_config_change(null->device, done, null->zeroes, size);
		done += size;
	}
}

static const struct vmmio_backend_ops null_ops = {
	.size = sizeof(null_ops),
	.attach = null_attach,
	.notify = null_notify,
	.reset_finish = null_reset_finish,
	.config_write = null_config_write,
	.detach = null_detach,
};

static int null_check(const struct vmmio_null_options *o)
{
	if (o->size < sizeof(*o) || o->n_queues > MAX_QUEUES || o->config_size > 0xf00)
		return -EINVAL;
	return 0;
}

int vmmio_null_create(const struct vmmio_null_options *options, struct vmmio_null **out)
{
	static const struct vmmio_null_options defaults = {.size = sizeof(defaults)};
	const struct vmmio_null_options *o = options ? options : &defaults;
	struct vmmio_null *null;

	if (!out || null_check(o))
		return -EINVAL;
	null = calloc(1, sizeof(*null));
	if (!null)
		return -ENOMEM;
	null->backend = (struct vmmio_backend){
		.size = sizeof(null->backend),
		.ops = &null_ops,
		.ctx = null,
		.flags = VMMIO_BACKEND_PROMPT,
		.device_id = o->device_id ? o->device_id : NULL_DEVICE_ID,
		.features = {o->features[0], o->features[1]},
		.n_queues = o->n_queues ? o->n_queues : 1,
		.queue_sizes = null->queue_sizes,
		.config_size = o->config_size,
	};
	if (!o->features[0] && !o->features[1])
		null->backend.features[0] = VMMIO_TRANSPORT_FEATURES_0;
	for (uint32_t i = 0; i < null->backend.n_queues; i++)
		null->queue_sizes[i] = o->queue_size ? o->queue_size : 256;
	*out = null;
	return 0;
}

const struct vmmio_backend *vmmio_null_backend(const struct vmmio_null *null)
{
	return &null->backend;
}

int vmmio_null_destroy(struct vmmio_null *null)
{
	if (!null)
		return 0;
	if (atomic_load(&null->attached))
		return -EBUSY;
	free(null);
	return 0;
}
