/* SPDX-License-Identifier: BSD-3-Clause */
/* Options, creation, release. Every refusal has one log line: the value and the remedy. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "device/observe.h"

_Static_assert(VMMIO_EIO == EIO && VMMIO_ENOMEM == ENOMEM && VMMIO_EFAULT == EFAULT, "errno");
_Static_assert(VMMIO_EBUSY == EBUSY && VMMIO_EEXIST == EEXIST && VMMIO_EINVAL == EINVAL, "errno");
_Static_assert(VMMIO_ENOSPC == ENOSPC && VMMIO_ERANGE == ERANGE && VMMIO_ENOTSUP == ENOTSUP, "errno");
_Static_assert(sizeof(struct vmmio_iovec) == sizeof(struct iovec) &&
		offsetof(struct vmmio_iovec, base) == offsetof(struct iovec, iov_base) &&
		offsetof(struct vmmio_iovec, len) == offsetof(struct iovec, iov_len),
	"struct iovec");

#define DEFAULT_DEADLINE UINT64_C(5000000000)
#define DEFAULT_SEGMENTS 256u
#define MAX_SEGMENTS 65536u
#define MAX_QUEUES 1024u

#define REFUSE(options, ...)                                                                       \
	(vmmio_report(&(options)->log, (options)->name ? (options)->name : "vmmio",                \
		 VMMIO_LOG_ERROR, __VA_ARGS__),                                                    \
		-EINVAL)

static int check_irq(const struct vmmio_device_options *o)
{
	int flags;

	if (!o->irq.use_eventfd)
		return 0;
	if (o->irq.level)
		return REFUSE(o, "irq has a level callback and an eventfd; set one of them");
	flags = fcntl(o->irq.eventfd, F_GETFL);
	if (flags < 0)
		return REFUSE(o, "irq.eventfd %d is not an open descriptor (errno %d)", o->irq.eventfd,
			errno);
	if (!(flags & O_NONBLOCK))
		return REFUSE(o, "irq.eventfd %d can block; make it with EFD_NONBLOCK", o->irq.eventfd);
	return 0;
}

static int check_queues(const struct vmmio_device_options *o)
{
	const struct vmmio_backend *b = o->backend;

	if (b->n_queues > MAX_QUEUES || (b->n_queues && !b->queue_sizes))
		return REFUSE(o, "the backend has %u queues%s; give queue_sizes for at most %u", b->n_queues,
			b->queue_sizes ? "" : " and no queue_sizes", MAX_QUEUES);
	for (uint32_t i = 0; i < b->n_queues; i++) {
		uint32_t size = b->queue_sizes[i];

		if (size == 0 || size > VMMIO_QUEUE_SIZE_LIMIT)
			return REFUSE(o, "queue %u has size %u; use 1 to %u", i, size,
				VMMIO_QUEUE_SIZE_LIMIT);
		if ((size & (size - 1)) && !(b->features[0] & VMMIO_FEATURE(VMMIO_F_RING_PACKED)))
			return REFUSE(o,
				"queue %u has size %u, which is not a power of two as split rings need; "
				"change it or offer VIRTIO_F_RING_PACKED",
				i, size);
	}
	if (b->max_segments > MAX_SEGMENTS)
		return REFUSE(o, "max_segments is %u; at most %u", b->max_segments, MAX_SEGMENTS);
	return 0;
}

static int check_backend(const struct vmmio_device_options *o)
{
	const struct vmmio_backend *b = o->backend;
	/* 24-41 and 43-49 are no device type's: the transport's, or reserved. */
	const uint64_t transport = ((UINT64_C(1) << 50) - (UINT64_C(1) << 24)) &
		~(UINT64_C(1) << 42);
	uint64_t cannot = b->features[0] & transport & ~(uint64_t)VMMIO_TRANSPORT_FEATURES_0;

	if (b->size < sizeof(*b))
		return REFUSE(o, "backend.size is %zu; set it to sizeof(struct vmmio_backend)", b->size);
	if (!b->ops)
		return REFUSE(o, "backend.ops is NULL; a backend needs its struct vmmio_backend_ops");
	if (b->flags & ~(uint32_t)VMMIO_BACKEND_PROMPT)
		return REFUSE(o, "backend.flags is 0x%x; VMMIO_BACKEND_PROMPT is the only flag", b->flags);
	if (b->ops->size < offsetof(struct vmmio_backend_ops, notify) + sizeof(b->ops->notify) ||
		!b->ops->notify)
		return REFUSE(o, "backend.ops has size %zu and %s notify op; set size to sizeof(struct vmmio_backend_ops) "
			"and notify to your function", b->ops->size, b->ops->size ? "no" : "so no");
	if (!(b->features[0] & VMMIO_FEATURE(VMMIO_F_VERSION_1)))
		return REFUSE(o, "the backend does not offer VIRTIO_F_VERSION_1 (bit 32); add it to "
				 "backend.features");
	if (cannot)
		return REFUSE(o, "the backend offers feature bits 0x%llx that this transport cannot do; "
				 "mask with VMMIO_TRANSPORT_FEATURES_0",
			(unsigned long long)cannot);
	return check_queues(o);
}

static int check_options(const struct vmmio_device_options *o)
{
	if (o->size && o->size < sizeof(*o))
		return -EINVAL; /* too small to have a log */
	if (o->size < sizeof(*o))
		return REFUSE(o, "options.size is %zu; set it to sizeof(struct vmmio_device_options)",
			o->size);
	if (o->version != 0 && o->version != 2 && o->version != 3)
		return REFUSE(o, "version is %u; use 2 (the default) or 3", o->version);
	if (!o->backend || !o->memory || !o->executor)
		return REFUSE(o, "options.%s is NULL; a device needs one",
			!o->backend ? "backend" : !o->memory ? "memory" : "executor");
	if (check_irq(o))
		return -EINVAL;
	return check_backend(o);
}

static int make_regfile(struct vmmio_device *dev, const struct vmmio_device_options *o)
{
	const struct vmmio_backend *b = o->backend;
	struct vmmio_regfile_config config = {
		.version = dev->version,
		.device_id = b->device_id,
		.vendor_id = b->vendor_id,
		.features = {b->features[0], b->features[1]},
		.n_queues = b->n_queues,
		.queue_size_max = b->queue_sizes,
		.n_shm = b->n_shm,
		.shm = b->shm,
		.config_size = b->config_size,
		.config = b->config,
		.config_urgent_offset = b->config_urgent_offset,
		.config_urgent_size = b->config_urgent_size,
	};
	size_t size = vmmio_regfile_size(&config);
	const char *why = "it is too large";
	max_align_t none;
	void *memory = size ? malloc(size) : NULL;

	if (size && !memory)
		return -ENOMEM;
	if (vmmio_regfile_init(memory ? memory : &none, size, &config, &dev->rf, &why)) {
		free(memory);
		return REFUSE(o, "the backend's data is wrong: %s", why);
	}
	return 0;
}

/* The device, its queues, its name, and ops if the backend's are of an earlier version. */
static struct vmmio_device *allocate(const struct vmmio_device_options *o)
{
	const struct vmmio_backend *b = o->backend;
	const char *name = o->name ? o->name : "vmmio";
	size_t length = strlen(name) + 1;
	bool shared = b->ops->size >= sizeof(*b->ops);
	size_t queues = sizeof(struct vmmio_device) + b->n_queues * sizeof(struct vmmio_queue);
	char *memory = calloc(1, queues + (shared ? 0 : sizeof(*b->ops)) + length);
	struct vmmio_device *dev = (struct vmmio_device *)(void *)memory;

	if (!memory)
		return NULL;
	dev->ops = shared ? b->ops : memcpy(memory + queues, b->ops, b->ops->size);
	dev->name = memcpy(memory + queues + (shared ? 0 : sizeof(*b->ops)), name, length);
	return dev;
}

static struct vmmio_device *make(const struct vmmio_device_options *o)
{
	struct vmmio_device *dev = allocate(o);

	if (!dev)
		return NULL;
	dev->backend_ctx = o->backend->ctx;
	dev->prompt = o->backend->flags & VMMIO_BACKEND_PROMPT;
	dev->n_queues = o->backend->n_queues;
	dev->queue_sizes = o->backend->queue_sizes;
	dev->max_segments = o->backend->max_segments ? o->backend->max_segments : DEFAULT_SEGMENTS;
	dev->config_size = o->backend->config_size;
	dev->memory = o->memory;
	dev->ex = o->executor;
	dev->irq = o->irq;
	dev->log = o->log;
	dev->version = o->version ? o->version : 2;
	dev->reset_deadline = o->reset_deadline ? o->reset_deadline : DEFAULT_DEADLINE;
	dev->stuck = o->stuck;
	dev->stuck_ctx = o->stuck_ctx;
	dev->task = (struct vmmio_task){.run = vmmio_lifecycle_task, .flags = VMMIO_TASK_MAY_BLOCK};
	dev->irq_task = (struct vmmio_task){.run = vmmio_irq_task};
	dev->deadline.expired = vmmio_deadline_expired;
	pthread_mutex_init(&dev->lock, NULL);
	for (uint32_t i = 0; i < dev->n_queues; i++)
		vmmio_queue_init(dev, i);
	vmmio_device_use_memory(dev);
	vmmio_executor_ref(dev->ex);
	return dev;
}

void vmmio_device_free(struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues; i++)
		vmmio_queue_finish(&dev->queues[i]);
	pthread_mutex_destroy(&dev->lock);
	free(dev->observers);
	free(dev->rf);
	free(dev);
}

/* Observers first: they undo it, a backend's detach is the end of a whole life. */
static int attach(struct vmmio_device *dev)
{
	int error = vmmio_observe_attach(dev);

	if (error || !dev->ops->attach)
		return error;
	error = dev->ops->attach(dev->backend_ctx, dev);
	if (error)
		vmmio_observe_detach(dev);
	return error;
}

int vmmio_device_create(const struct vmmio_device_options *options, struct vmmio_device **out)
{
	struct vmmio_device *dev;
	int error;

	if (!options || !out)
		return -EINVAL;
	error = check_options(options);
	if (error)
		return error;
	dev = make(options);
	if (!dev)
		return -ENOMEM;
	error = make_regfile(dev, options);
	if (!error)
		error = vmmio_observe_create(dev, options);
	if (!error)
		error = attach(dev);
	if (error) {
		vmmio_memory_unuse(dev->memory, &dev->memory_user);
		vmmio_executor_unref(dev->ex);
		vmmio_device_free(dev);
		return error;
	}
	*out = dev;
	return 0;
}

int vmmio_device_queue_eventfd(struct vmmio_device *dev, unsigned index)
{
	struct vmmio_queue *queue;
	int fd, none = -1;

	if (!dev || index >= dev->n_queues)
		return -EINVAL;
	queue = &dev->queues[index];
	fd = atomic_load_explicit(&queue->eventfd, memory_order_acquire);
	if (fd >= 0)
		return fd;
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (atomic_compare_exchange_strong(&queue->eventfd, &none, fd))
		return fd;
	close(fd); /* somebody was faster */
	return none;
}

struct vmmio_queue *vmmio_device_queue(struct vmmio_device *dev, unsigned index)
{
	return index < dev->n_queues ? &dev->queues[index] : NULL;
}

struct vmmio_executor *vmmio_device_executor(const struct vmmio_device *dev)
{
	return dev->ex;
}

struct vmmio_memory *vmmio_device_memory(const struct vmmio_device *dev)
{
	return dev->memory;
}
