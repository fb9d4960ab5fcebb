/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device is, and bringing it up. */
#include <string.h>

#include "conform/engine.h"
#include "conform/traffic.h"

uint32_t version(const struct conform *c)
{
	return c->version;
}

uint32_t device_id(const struct conform *c)
{
	return c->device_id;
}

const struct vmmio_target *target(const struct conform *c)
{
	return c->target;
}

uint64_t offered_word(const struct conform *c, unsigned word)
{
	return word < 2 ? c->offered[word] : 0;
}

bool offered(const struct conform *c, unsigned bit)
{
	return bit < 128 && (c->offered[bit / 64] & VMMIO_FEATURE(bit));
}

unsigned n_queues(const struct conform *c)
{
	return c->n_queues;
}

uint32_t queue_size_max(const struct conform *c, unsigned queue)
{
	return queue < c->n_queues ? c->queue_size_max[queue] : 0;
}

uint64_t if_offered(const struct conform *c, uint64_t features)
{
	return features & c->offered[0];
}

uint64_t base_features(const struct conform *c)
{
	return VMMIO_FEATURE(VMMIO_F_VERSION_1) |
	       if_offered(c, VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) |
				     VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM));
}

uint64_t ring_feature(const struct conform *c)
{
	uint64_t packed = VMMIO_FEATURE(VMMIO_F_RING_PACKED);

	if (c->check && (c->check->needs & NEEDS_SPLIT))
		return 0;
	return if_offered(c, packed);
}

uint64_t accepted(const struct conform *c)
{
	return c->accepted;
}

void assume_accepted(struct conform *c, uint64_t features)
{
	c->accepted = features;
}

void reset(struct conform *c)
{
	wr(c, VMMIO_REG_STATUS, 0);
	if (!wait_reset(c))
		need(c, false, "the device does not come back from a reset: Status stays 0x%x",
			rd(c, VMMIO_REG_STATUS));
	c->accepted = 0;
}

void acknowledge(struct conform *c)
{
	wr(c, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE);
	wr(c, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER);
}

/* As drivers do it: the words with bits in them, from the last to the first. */
bool negotiate(struct conform *c, uint64_t word0, uint64_t word1)
{
	const uint64_t words[2] = {word0, word1};

	for (uint32_t i = word1 ? 4 : 2; i-- > 0;) {
		wr(c, VMMIO_REG_DRIVER_FEATURES_SEL, i);
		wr(c, VMMIO_REG_DRIVER_FEATURES, (uint32_t)(words[i / 2] >> (i % 2 * 32)));
	}
	c->accepted = word0;
	wr(c, VMMIO_REG_STATUS,
		VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK);
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK;
}

void negotiate_fresh(struct conform *c, uint64_t features)
{
	reset(c);
	acknowledge(c);
	features |= base_features(c);
	need(c, negotiate(c, features, 0),
		"the device refused the features 0x%llx: FEATURES_OK reads back clear",
		(unsigned long long)features);
}

void driver_ok(struct conform *c)
{
	uint32_t status;

	wr(c, VMMIO_REG_STATUS,
		VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |
			VMMIO_STATUS_DRIVER_OK);
	status = rd(c, VMMIO_REG_STATUS);
	need(c, (status & VMMIO_STATUS_DRIVER_OK) && !(status & VMMIO_STATUS_NEEDS_RESET),
		"the device does not start: Status reads 0x%x after DRIVER_OK", status);
}

/* --- Finding out ------------------------------------------------------------------------ */

/* A word that only repeats word 1 (which has VERSION_1 in it) is no offer, but a selector taken
 * for another one: a check of its own is about that. */
static void read_offer(struct conform *c)
{
	uint32_t words[4];

	for (uint32_t i = 0; i < 4; i++) {
		wr(c, VMMIO_REG_DEVICE_FEATURES_SEL, i);
		words[i] = rd(c, VMMIO_REG_DEVICE_FEATURES);
		if (i >= 2 && words[i] == words[1])
			words[i] = 0;
		c->offered[i / 2] |= (uint64_t)words[i] << (i % 2 * 32);
	}
}

static void count_queues(struct conform *c)
{
	for (uint32_t i = 0; i < MAX_QUEUES; i++) {
		uint32_t max;

		wr(c, VMMIO_REG_QUEUE_SEL, i);
		max = rd(c, VMMIO_REG_QUEUE_SIZE_MAX);
		if (max == 0)
			break;
		c->queue_size_max[i] = max;
		c->n_queues = i + 1;
	}
	wr(c, VMMIO_REG_QUEUE_SEL, 0);
}

static uint32_t target_can(const struct conform *c)
{
	const struct vmmio_target_ops *ops = &c->ops;
	uint32_t can = 0;

	if (c->target->memory_size && ops->mem_read && ops->mem_write)
		can |= NEEDS_MEMORY;
	if (ops->line && ops->line(c->target->ctx) >= 0)
		can |= NEEDS_LINE;
	can |= ops->delay_io ? NEEDS_DELAY_IO : 0;
	can |= ops->delay_reset ? NEEDS_DELAY_RESET : 0;
	can |= ops->reverse_order ? NEEDS_REVERSE : 0;
	can |= ops->change_config ? NEEDS_CHANGE_CONFIG : 0;
	can |= ops->break_down ? NEEDS_BREAK_DOWN : 0;
	can |= ops->activity ? NEEDS_ACTIVITY : 0;
	can |= ops->storage_read ? NEEDS_STORAGE : 0;
	can |= c->target->flags & VMMIO_TARGET_KNOWN ? NEEDS_KNOWN : 0;
	if (c->options.destructive || (c->target->flags & VMMIO_TARGET_DISPOSABLE))
		can |= NEEDS_WRITES;
	return can;
}

static uint32_t type_can(const struct conform *c)
{
	uint32_t can = c->version == 2 ? NEEDS_V2 : NEEDS_V3;

	if (c->device_id == VMMIO_ID_BLOCK)
		can |= NEEDS_BLOCK | NEEDS_TRAFFIC;
	if (c->device_id == VMMIO_ID_ENTROPY)
		can |= NEEDS_ENTROPY | NEEDS_TRAFFIC;
	if (traffic_any(c))
		can |= NEEDS_TRAFFIC;
	return can;
}

static uint32_t offer_can(const struct conform *c)
{
	static const struct {
		unsigned bit;
		uint32_t needs;
	} features[] = {
		{VMMIO_F_RING_PACKED, NEEDS_PACKED},
		{VMMIO_F_RING_RESET, NEEDS_RING_RESET},
		{VMMIO_F_INDIRECT_DESC, NEEDS_INDIRECT},
		{VMMIO_F_EVENT_IDX, NEEDS_EVENT_IDX},
		{VMMIO_F_IN_ORDER, NEEDS_IN_ORDER},
		{VMMIO_F_SUSPEND, NEEDS_SUSPEND},
		{VMMIO_F_NOTIFICATION_DATA, NEEDS_NOTIFICATION_DATA},
	};
	uint32_t can = NEEDS_SPLIT;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		can |= offered(c, features[i].bit) ? features[i].needs : 0;
	return can;
}

void engine_identify(struct conform *c)
{
	c->can = target_can(c);
	c->magic = rd(c, VMMIO_REG_MAGIC);
	c->version = rd(c, VMMIO_REG_VERSION);
	c->device_id = rd(c, VMMIO_REG_DEVICE_ID);
	if (c->magic != VMMIO_MAGIC || (c->version != 2 && c->version != 3) || c->device_id == 0)
		return;
	c->can |= type_can(c);
	wr(c, VMMIO_REG_STATUS, 0);
	wait_reset(c);
	read_offer(c);
	count_queues(c);
	c->can |= offer_can(c);
	c->asked = true;
}
