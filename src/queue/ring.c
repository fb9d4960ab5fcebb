/* SPDX-License-Identifier: BSD-3-Clause */
/* What both ring formats share: areas, storage, tokens, and who calls the format's ops. */
#include "queue/mark.h"
#include "queue/shared.h"
#include "queue/slot.h"

/* What is asked of one of a queue's three areas. */
struct area {
	uint64_t addr;
	uint64_t size;
	uint32_t align;
	bool write;
};

static const struct vmmio_ring_slot free_slot;

size_t vmmio_ring_storage(uint32_t size, uint32_t max_segments, bool translate)
{
	const uint64_t piece = sizeof(struct vmmio_iovec) + (translate ? sizeof(uint64_t) : 0);
	const uint64_t slot = sizeof(free_slot) + max_segments * piece;

	if (size == 0 || size > VMMIO_QUEUE_SIZE_LIMIT || slot > SIZE_MAX / size)
		return 0;
	return (size_t)slot * size;
}

static void list_areas(const struct vmmio_ring_config *config, struct area areas[3])
{
	const uint64_t n = config->size;

	areas[0] = (struct area){config->desc, 16 * n, 16, config->packed};
	if (config->packed) {
		areas[1] = (struct area){config->driver, 4, 4, false};
		areas[2] = (struct area){config->device, 4, 4, true};
	} else {
		areas[1] = (struct area){config->driver, 6 + 2 * n, 2, false};
		areas[2] = (struct area){config->device, 6 + 8 * n, 4, true};
	}
}

static bool overlap(const struct vmmio_ring_area *a, const struct vmmio_ring_area *b)
{
	return b->guest - a->guest < a->size || a->guest - b->guest < b->size;
}

static enum vmmio_fault check_size(const struct vmmio_ring_config *config)
{
	const uint32_t n = config->size;

	if (n == 0 || n > config->size_max || n > VMMIO_QUEUE_SIZE_LIMIT)
		return VMMIO_FAULT_QUEUE_SIZE;
	if (!config->packed && (n & (n - 1)))
		return VMMIO_FAULT_QUEUE_SIZE;
	return VMMIO_FAULT_NONE;
}

/* Where the area is in guest memory. With a hook: in one piece, or not at all. */
static bool translate_area(const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, const struct area *area, uint64_t *guest)
{
	uint64_t done = 0, to, n;

	*guest = area->addr;
	if (!config->translate)
		return true;
	if (area->size - 1 > UINT64_MAX - area->addr)
		return false;
	while (done < area->size) {
		if (vmmio_table_translate(table, area->addr + done, area->size - done, area->write,
			    &to, &n))
			return false;
		if (done == 0)
			*guest = to;
		else if (to != *guest + done)
			return false;
		done += n;
	}
	return true;
}

static enum vmmio_fault resolve_area(const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, const struct area *area,
	struct vmmio_ring_area *out, void **host)
{
	out->addr = area->addr;
	out->size = area->size;
	if (!translate_area(config, table, area, &out->guest))
		return VMMIO_FAULT_AREA_MEMORY;
	*host = vmmio_table_at(table, out->guest, area->size, area->write, NULL);
	if (!*host)
		return VMMIO_FAULT_AREA_MEMORY;
	/* Our accesses need it too: the embedder may have mapped guest memory at an odd host
	 * address. */
	if ((uintptr_t)*host % (area->align < 8 ? area->align : 8))
		return VMMIO_FAULT_AREA_ALIGNMENT;
	return VMMIO_FAULT_NONE;
}

static enum vmmio_fault resolve_areas(const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, struct vmmio_ring_area out[3], void *host[3])
{
	struct area areas[3];
	enum vmmio_fault fault;
	unsigned i;

	list_areas(config, areas);
	for (i = 0; i < 3; i++)
		if (areas[i].addr % areas[i].align)
			return VMMIO_FAULT_AREA_ALIGNMENT;
	for (i = 0; i < 3; i++) {
		fault = resolve_area(config, table, &areas[i], &out[i], &host[i]);
		if (fault)
			return fault;
	}
	if (overlap(&out[0], &out[1]) || overlap(&out[0], &out[2]) || overlap(&out[1], &out[2]))
		return VMMIO_FAULT_AREA_OVERLAP;
	return VMMIO_FAULT_NONE;
}

static void free_all_slots(struct vmmio_ring *ring)
{
	uint32_t i;

	for (i = 0; i < ring->size; i++) {
		ring->slots[i] = free_slot;
		ring->slots[i].next = (uint16_t)(i + 1);
	}
	ring->free_head = 0;
}

enum vmmio_fault vmmio_ring_init(struct vmmio_ring *ring, const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, void *storage, uint64_t generation)
{
	struct vmmio_ring_area areas[3];
	void *host[3];
	enum vmmio_fault fault = check_size(config);

	if (!fault)
		fault = resolve_areas(config, table, areas, host);
	*ring = (struct vmmio_ring){
		.fault = fault,
		.notify_enabled = true,
		.generation = generation & GENERATION_MASK,
		.serial = table->serial,
	};
	if (fault)
		return fault;
	ring->areas[0] = areas[0];
	ring->areas[1] = areas[1];
	ring->areas[2] = areas[2];
	ring->ops = config->packed ? &vmmio_ring_packed_ops : &vmmio_ring_split_ops;
	ring->event_idx = config->event_idx;
	ring->indirect = config->indirect;
	ring->in_order = config->in_order;
	ring->size = config->size;
	ring->max_segments = config->max_segments;
	ring->desc = host[0];
	ring->driver = host[1];
	ring->device = host[2];
	ring->avail_wrap = ring->used_wrap = true;
	ring->slots = storage;
	ring->iov = (void *)(ring->slots + ring->size);
	if (config->translate)
		ring->iova = (void *)(ring->iov + (size_t)ring->size * ring->max_segments);
	free_all_slots(ring);
	ring->running = true;
	return VMMIO_FAULT_NONE;
}

unsigned vmmio_ring_pop(struct vmmio_ring *ring, const struct vmmio_memory_table *table,
	struct vmmio_chain *chains, unsigned max)
{
	unsigned n;

	if (!ring->running || max == 0)
		return 0;
	vmmio_ring_see(ring, table);
	n = ring->ops->fetch(ring, table, chains, max);
	if (n || !ring->running || !ring->notify_enabled || !ring->ops->arm(ring))
		return n;
	/* Our event before another look at the ring; the driver does it the other way round. */
	shared_fence();
	return ring->ops->fetch(ring, table, chains, max);
}

/* The life is over: answers only bring their leases back. */
static void drop(struct vmmio_ring *ring, const struct vmmio_completion *completions, unsigned n,
	struct vmmio_ring_answers *answers)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		struct vmmio_ring_slot *slot = slot_of(ring, completions[i].token);

		if (slot && slot->state == SLOT_FENCED)
			answers->fenced++;
		else
			slot = slot_answer(ring, &completions[i], answers);
		if (slot)
			slot_free(ring, slot);
	}
}

static void hold(struct vmmio_ring *ring, const struct vmmio_completion *completions, unsigned n,
	struct vmmio_ring_answers *answers)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		struct vmmio_ring_slot *slot = slot_answer(ring, &completions[i], answers);

		if (slot)
			slot->state = SLOT_LATE;
	}
}

unsigned vmmio_ring_complete(struct vmmio_ring *ring, const struct vmmio_completion *completions,
	unsigned n, enum vmmio_ring_mode mode, struct vmmio_ring_answers *answers)
{
	if (seldom(ring->log))
		vmmio_mark_answers(ring, completions, n);
	/* Held answers stay where they are: nobody waits for them. */
	if (mode == VMMIO_RING_DROP)
		ring->running = false;
	if (!ring->running) {
		drop(ring, completions, n, answers);
		return 0;
	}
	if (mode == VMMIO_RING_PUBLISH)
		return ring->ops->complete(ring, completions, n, answers);
	hold(ring, completions, n, answers);
	return 0;
}

unsigned vmmio_ring_flush(struct vmmio_ring *ring)
{
	struct vmmio_ring_answers answers = {0, 0, 0, 0};
	unsigned written = 0;
	uint32_t i;

	/* Each is answered once more, this time for good. */
	for (i = 0; i < ring->size && ring->running; i++) {
		struct vmmio_ring_slot *slot = &ring->slots[i];
		struct vmmio_completion again = {slot->generation << 16 | i, slot->written};

		if (slot->state != SLOT_LATE)
			continue;
		slot->state = SLOT_OUT;
		ring->leases++;
		written += ring->ops->complete(ring, &again, 1, &answers);
	}
	return written;
}

uint32_t vmmio_ring_fence(struct vmmio_ring *ring)
{
	uint32_t i, n = 0;

	ring->running = false;
	for (i = 0; i < ring->size; i++) {
		struct vmmio_ring_slot *slot = &ring->slots[i];

		if (slot->state != SLOT_OUT)
			continue;
		/* Nobody will say what was written until now. */
		(void)vmmio_ring_dirty(ring, slot->generation << 16 | i, 0, UINT32_MAX);
		slot->state = SLOT_FENCED;
		n++;
	}
	ring->leases -= n;
	return n;
}

uint32_t vmmio_ring_forget(struct vmmio_ring *ring)
{
	uint32_t i, n = 0;

	ring->running = false;
	for (i = 0; i < ring->size; i++) {
		struct vmmio_ring_slot *slot = &ring->slots[i];

		if (slot->state != SLOT_HELD && slot->state != SLOT_LATE)
			continue;
		slot_free(ring, slot);
		n++;
	}
	return n;
}

bool vmmio_ring_should_notify(struct vmmio_ring *ring)
{
	bool wanted;

	if (!ring->running || ring->untold == 0)
		return false;
	/* Our used entries before the driver's event; the driver does it the other way round. */
	shared_fence();
	wanted = ring->ops->wanted(ring);
	ring->untold = 0;
	return wanted;
}

bool vmmio_ring_notifications(struct vmmio_ring *ring, bool enable)
{
	ring->notify_enabled = enable;
	if (!ring->running)
		return false;
	if (!enable) {
		ring->ops->disarm(ring);
		return false;
	}
	if (ring->ops->arm(ring))
		shared_fence();
	return ring->ops->pending(ring);
}

bool vmmio_ring_oldest(const struct vmmio_ring *ring, uint32_t *head, uint64_t *generation)
{
	const struct vmmio_ring_slot *oldest = NULL;
	uint64_t age = 0;
	uint32_t i;

	for (i = 0; i < ring->size; i++) {
		const struct vmmio_ring_slot *slot = &ring->slots[i];
		/* In tokens given out since, so that it holds when generations wrap. */
		const uint64_t since = (ring->generation - slot->generation) & GENERATION_MASK;

		if (slot->state == SLOT_OUT && (!oldest || since > age)) {
			oldest = slot;
			age = since;
		}
	}
	if (!oldest)
		return false;
	*head = oldest->head;
	*generation = oldest->generation;
	return true;
}

void vmmio_ring_generation(struct vmmio_ring *ring, uint64_t generation)
{
	if (ring->running && generation <= GENERATION_MASK && generation > ring->generation)
		ring->generation = generation;
}
