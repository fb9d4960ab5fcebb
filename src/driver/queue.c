/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a queue: set up, reset, disabled; and what is known about it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "driver/internal.h"

static void select_queue(const struct vmmio_driver_queue *q)
{
	vmmio_driver_reg_write(q->driver, VMMIO_REG_QUEUE_SEL, q->index);
}

static void write_address(
	struct vmmio_driver *driver, uint32_t low, const struct vmmio_driver_area *area)
{
	vmmio_driver_reg_write(driver, low, (uint32_t)area->guest);
	vmmio_driver_reg_write(driver, low + 4, (uint32_t)(area->guest >> 32));
}

static void free_area(struct vmmio_driver *driver, struct vmmio_driver_area *area)
{
	if (area->host)
		vmmio_driver_free(driver, area);
	*area = (struct vmmio_driver_area){ NULL, 0, 0 };
}

static void free_memory(struct vmmio_driver_queue *q)
{
	for (int i = 0; i < 3; i++)
		free_area(q->driver, &q->areas[i]);
	free_area(q->driver, &q->tables);
}

static void free_book(struct vmmio_driver_queue *q)
{
	free(q->slots);
	free(q->next);
	free(q->order);
	q->slots = NULL;
	q->next = NULL;
	q->order = NULL;
}

void vmmio_driver_queue_stopped(struct vmmio_driver_queue *q)
{
	free_memory(q);
	q->state = QUEUE_STOPPED;
}

void vmmio_driver_queue_free(struct vmmio_driver_queue *q)
{
	if (!q)
		return;
	free_book(q);
	free(q);
}

/* The object of an index; made at the first use, kept for the driver's life. */
static struct vmmio_driver_queue *queue_object(struct vmmio_driver *driver, uint32_t index)
{
	struct vmmio_driver_queue **queues = driver->queues;

	if (index >= driver->n_queues) {
		queues = realloc(queues, (index + 1) * sizeof(struct vmmio_driver_queue *));
		if (!queues)
			return NULL;
		for (uint32_t i = driver->n_queues; i <= index; i++)
			queues[i] = NULL;
		driver->queues = queues;
		driver->n_queues = index + 1;
	}
	if (!queues[index]) {
		queues[index] = calloc(1, sizeof(*queues[index]));
		if (!queues[index])
			return NULL;
		queues[index]->driver = driver;
		queues[index]->index = index;
	}
	return queues[index];
}

static int choose_size(const struct vmmio_driver *driver, uint32_t wish, uint32_t max)
{
	bool packed = vmmio_driver_has(driver, VMMIO_F_RING_PACKED);
	uint32_t size = wish;

	if (max > VMMIO_QUEUE_SIZE_LIMIT)
		max = VMMIO_QUEUE_SIZE_LIMIT;
	if (size == 0) {
		size = max;
		while (!packed && (size & (size - 1)) != 0)
			size &= size - 1;
	}
	if (size > max || (!packed && (size & (size - 1)) != 0))
		return -EINVAL;
	return (int)size;
}

static int alloc_book(struct vmmio_driver_queue *q, uint32_t size)
{
	free_book(q);
	q->slots = calloc(size, sizeof(*q->slots));
	q->next = calloc(size, sizeof(*q->next));
	q->order = calloc(size, sizeof(*q->order));
	if (q->slots && q->next && q->order)
		return 0;
	free_book(q);
	return -ENOMEM;
}

static int alloc_memory(struct vmmio_driver_queue *q, uint32_t size, uint32_t indirect)
{
	size_t sizes[3];
	size_t aligns[3];
	int ret = 0;

	q->ring->layout(size, sizes, aligns);
	for (int i = 0; i < 3 && ret == 0; i++)
		ret = vmmio_driver_alloc(q->driver, sizes[i], aligns[i], &q->areas[i]);
	if (ret == 0 && indirect != 0)
		ret = vmmio_driver_alloc(q->driver,
			(size_t)size * indirect * sizeof(struct vmmio_split_desc), 16, &q->tables);
	if (ret)
		free_memory(q);
	return ret;
}

static void reset_book(struct vmmio_driver_queue *q, uint32_t size)
{
	q->size = size;
	q->free_descs = size;
	q->event_idx = vmmio_driver_has(q->driver, VMMIO_F_EVENT_IDX);
	q->in_order = vmmio_driver_has(q->driver, VMMIO_F_IN_ORDER);
	q->fault = (struct vmmio_driver_fault){ VMMIO_DRIVER_FAULT_NONE, 0, 0 };
	q->free_head = 0;
	q->order_head = 0;
	q->in_batch = false;
	q->in_flight = q->shown = q->add_seq = q->shown_seq = q->detach_at = 0;
	q->add_pos = q->shown_pos = q->used_pos = 0;
	q->add_wrap = q->shown_wrap = q->used_wrap = true;
	q->pending = q->unkicked = 0;
	for (uint32_t i = 0; i < size; i++)
		q->next[i] = (uint16_t)((i + 1) % size);
	q->ring->init(q);
	q->events = EVENTS_ON;
	q->ring->set_events(q, EVENTS_ON, 0);
}

static int prepare(
	struct vmmio_driver_queue *q, const struct vmmio_driver_queue_config *config, int size)
{
	int ret;

	q->ring = vmmio_driver_has(q->driver, VMMIO_F_RING_PACKED) ? &vmmio_driver_ring_packed
								   : &vmmio_driver_ring_split;
	q->indirect = config->indirect;
	ret = alloc_memory(q, (uint32_t)size, config->indirect);
	if (ret)
		return ret;
	ret = alloc_book(q, (uint32_t)size);
	if (ret) {
		free_memory(q);
		q->in_flight = 0;
		q->size = 0;
		return ret;
	}
	reset_book(q, (uint32_t)size);
	return 0;
}

static int setup_allowed(struct vmmio_driver *driver, uint32_t index, uint32_t indirect)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(driver, index);

	if (driver->state == DRIVER_RESETTING || (q && q->state != QUEUE_STOPPED))
		return -EBUSY;
	if (driver->state != DRIVER_NEGOTIATED && driver->state != DRIVER_LIVE)
		return -EINVAL;
	/* QueueNotify has 16 bits for the index. */
	if (index > UINT16_MAX || indirect > VMMIO_QUEUE_SIZE_LIMIT)
		return -EINVAL;
	if (indirect != 0 && !vmmio_driver_has(driver, VMMIO_F_INDIRECT_DESC))
		return -EINVAL;
	return 0;
}

int vmmio_driver_queue_setup(struct vmmio_driver *driver, uint32_t index,
	const struct vmmio_driver_queue_config *config, struct vmmio_driver_queue **queue)
{
	static const struct vmmio_driver_queue_config defaults;
	struct vmmio_driver_queue *q;
	uint32_t max;
	int ret;

	if (!config)
		config = &defaults;
	ret = setup_allowed(driver, index, config->indirect);
	if (ret)
		return ret;
	vmmio_driver_reg_write(driver, VMMIO_REG_QUEUE_SEL, index);
	if (vmmio_driver_reg_read(driver, VMMIO_REG_QUEUE_READY) != 0)
		return -EBUSY;
	max = vmmio_driver_reg_read(driver, VMMIO_REG_QUEUE_SIZE_MAX);
	if (max == 0)
		return -ENOENT;
	ret = choose_size(driver, config->size, max);
	if (ret < 0)
		return ret;
	q = queue_object(driver, index);
	if (!q)
		return -ENOMEM;
	ret = prepare(q, config, ret);
	if (ret)
		return ret;
	vmmio_driver_reg_write(driver, VMMIO_REG_QUEUE_SIZE, q->size);
	write_address(driver, VMMIO_REG_QUEUE_DESC_LOW, &q->areas[0]);
	write_address(driver, VMMIO_REG_QUEUE_DRIVER_LOW, &q->areas[1]);
	write_address(driver, VMMIO_REG_QUEUE_DEVICE_LOW, &q->areas[2]);
	/* The zeroed rings have to be in memory before the device may look. */
	atomic_thread_fence(memory_order_release);
	vmmio_driver_reg_write(driver, VMMIO_REG_QUEUE_READY, 1);
	q->state = QUEUE_RUNNING;
	q->life++;
	*queue = q;
	return 0;
}

struct vmmio_driver_queue *vmmio_driver_queue(struct vmmio_driver *driver, uint32_t index)
{
	return index < driver->n_queues ? driver->queues[index] : NULL;
}

/* A stop that shows its end in a register: one look. */
static int stop_poll(struct vmmio_driver_queue *q, uint32_t reg)
{
	select_queue(q);
	if (vmmio_driver_reg_read(q->driver, reg) != 0)
		return -EAGAIN;
	atomic_thread_fence(memory_order_acquire);
	vmmio_driver_queue_stopped(q);
	return 0;
}

static int stop_wait(struct vmmio_driver_queue *q, uint32_t reg, uint64_t patience)
{
	struct wait wait = vmmio_driver_wait_begin(q->driver, patience);

	do {
		int ret = stop_poll(q, reg);

		if (ret != -EAGAIN)
			return ret;
	} while (vmmio_driver_wait_more(q->driver, &wait));
	return -ETIMEDOUT;
}

int vmmio_driver_queue_reset_begin(struct vmmio_driver_queue *queue)
{
	if (queue->driver->state == DRIVER_RESETTING)
		return -EBUSY;
	if (!vmmio_driver_has(queue->driver, VMMIO_F_RING_RESET))
		return -ENOTSUP;
	if (queue->state != QUEUE_RUNNING)
		return -EINVAL;
	queue->state = QUEUE_RESETTING;
	select_queue(queue);
	vmmio_driver_reg_write(queue->driver, VMMIO_REG_QUEUE_RESET, 1);
	return 0;
}

int vmmio_driver_queue_reset_poll(struct vmmio_driver_queue *queue)
{
	if (queue->state != QUEUE_RESETTING)
		return queue->state == QUEUE_STOPPED ? 0 : -EINVAL;
	if (queue->driver->state == DRIVER_RESETTING)
		return -EBUSY;
	return stop_poll(queue, VMMIO_REG_QUEUE_RESET);
}

int vmmio_driver_queue_reset(struct vmmio_driver_queue *queue, uint64_t patience)
{
	if (queue->state != QUEUE_RESETTING) {
		int ret = vmmio_driver_queue_reset_begin(queue);

		if (ret)
			return ret;
	}
	if (queue->driver->state == DRIVER_RESETTING)
		return -EBUSY;
	return stop_wait(queue, VMMIO_REG_QUEUE_RESET, patience);
}

int vmmio_driver_queue_disable(struct vmmio_driver_queue *queue, uint64_t patience)
{
	if (queue->driver->state == DRIVER_RESETTING)
		return -EBUSY;
	if (queue->state != QUEUE_RUNNING && queue->state != QUEUE_DISABLING)
		return -EINVAL;
	if (queue->state == QUEUE_RUNNING) {
		queue->state = QUEUE_DISABLING;
		select_queue(queue);
		vmmio_driver_reg_write(queue->driver, VMMIO_REG_QUEUE_READY, 0);
	}
	return stop_wait(queue, VMMIO_REG_QUEUE_READY, patience);
}

bool vmmio_driver_queue_detach(struct vmmio_driver_queue *queue, void **cookie)
{
	if (queue->state != QUEUE_STOPPED || queue->in_flight == 0)
		return false;
	for (; queue->detach_at < queue->size; queue->detach_at++) {
		struct slot *slot = &queue->slots[queue->detach_at];

		if (!slot->in_use)
			continue;
		slot->in_use = false;
		queue->in_flight--;
		*cookie = slot->cookie;
		return true;
	}
	return false;
}

unsigned vmmio_driver_queue_in_flight(const struct vmmio_driver_queue *queue)
{
	return queue->in_flight;
}

uint32_t vmmio_driver_queue_size(const struct vmmio_driver_queue *queue)
{
	return queue->size;
}

uint32_t vmmio_driver_queue_free_descs(const struct vmmio_driver_queue *queue)
{
	return queue->free_descs;
}

uint32_t vmmio_driver_queue_index(const struct vmmio_driver_queue *queue)
{
	return queue->index;
}

int vmmio_driver_queue_areas(
	const struct vmmio_driver_queue *queue, struct vmmio_driver_areas *areas)
{
	if (queue->state == QUEUE_STOPPED)
		return -ESHUTDOWN;
	*areas = (struct vmmio_driver_areas){ queue->areas[0], queue->areas[1], queue->areas[2] };
	return 0;
}

struct vmmio_driver_fault vmmio_driver_queue_fault(const struct vmmio_driver_queue *queue)
{
	return queue->fault;
}
