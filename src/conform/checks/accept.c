/* SPDX-License-Identifier: BSD-3-Clause */
/* What the driver accepts: DriverFeatures, its selector, and what FEATURES_OK says to it. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

static const uint32_t words_in_order[] = {0, 1, 2, 3};
static const uint32_t words_backwards[] = {3, 2, 1, 0};

/* Accepts a set word by word in this order; whether FEATURES_OK reads back. */
static bool accept(struct conform *c, uint64_t set, const uint32_t order[4])
{
	reset(c);
	wr(c, VMMIO_REG_QUEUE_SEL, traffic_queue(c));
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0, "a reset leaves QueueReady 1");
	acknowledge(c);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t word = order[i] < 2 ? (uint32_t)(set >> (order[i] * 32)) : 0;

		wr(c, VMMIO_REG_DRIVER_FEATURES_SEL, order[i]);
		/* The last write of a word is what counts. */
		if (order[i] < 2)
			wr(c, VMMIO_REG_DRIVER_FEATURES, 0);
		wr(c, VMMIO_REG_DRIVER_FEATURES, word);
	}
	wr(c, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK);
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK;
}

static void accepted_words(struct conform *c)
{
	uint64_t least = base_features(c);
	uint64_t set = accept(c, least, words_in_order) ? least : offered_word(c, 0);
	bool in_order = accept(c, set, words_in_order);
	bool backwards = accept(c, set, words_backwards);

	need(c, in_order || backwards, "the device refuses 0x%llx, and nothing but VIRTIO_F_VERSION_1",
		(unsigned long long)set);
	judge(c, "MMIO-DEV-17", in_order && backwards,
		"expected FEATURES_OK after accepting 0x%llx word by word, saw it %s with words 0 to 3 "
		"and %s with words 3 to 0",
		(unsigned long long)set, in_order ? "set" : "clear", backwards ? "set" : "clear");
}

/* What was accepted has to be what is in force: bit 34 decides the ring's format. */
static void judge_packed(struct conform *c, const uint32_t order[4], const char *how)
{
	uint64_t set = base_features(c) | VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	struct ring ring;

	need(c, accept(c, set, order), "the device refused VIRTIO_F_RING_PACKED");
	assume_accepted(c, set);
	ring_go(c, &ring, traffic_queue(c), 0);
	judge(c, "MMIO-DEV-17", request_answered(c, &ring),
		"expected a packed ring after VIRTIO_F_RING_PACKED was accepted in word 1, words written "
		"%s, saw no request answered",
		how);
}

static void accepted_packed(struct conform *c)
{
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	need(c, request_answered(c, &ring), "the device does not answer a request in a packed ring");
	judge_packed(c, words_backwards, "from 3 to 0");
	judge_packed(c, words_in_order, "from 0 to 3");
}

static void accepted_split(struct conform *c)
{
	uint64_t set = base_features(c);
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	need(c, request_answered(c, &ring), "the device does not answer a request in a split ring");
	need(c, accept(c, set, words_backwards), "the device refused VIRTIO_F_VERSION_1 alone");
	assume_accepted(c, set);
	ring_go(c, &ring, traffic_queue(c), 0);
	judge(c, "MMIO-DEV-17", request_answered(c, &ring),
		"expected a split ring when VIRTIO_F_RING_PACKED is not accepted, saw no request answered");
}

/* --- Features that were not offered -------------------------------------------------------- */

/* The device may refuse the set, or pass over the bit; it must not do what the bit says. */
static bool refused_with(struct conform *c, unsigned bit)
{
	bool stuck;

	reset(c);
	acknowledge(c);
	stuck = negotiate(c, base_features(c) | VMMIO_FEATURE(bit), 0);
	if (!stuck)
		judge(c, "GEN-DEV-07", true, "refused");
	return !stuck;
}

static void unoffered_packed(struct conform *c)
{
	struct ring ring;

	need(c, !offered(c, VMMIO_F_RING_PACKED), "the device offers VIRTIO_F_RING_PACKED");
	if (refused_with(c, VMMIO_F_RING_PACKED))
		return;
	ring_go(c, &ring, traffic_queue(c), 0);
	judge(c, "GEN-DEV-07", !request_served(c, &ring),
		"expected FEATURES_OK refused or the bit ignored after accepting VIRTIO_F_RING_PACKED, which "
		"was not offered, saw a packed ring at work");
}

/* Whether QueueReset takes effect in a life with these features. */
static bool queue_reset_works(struct conform *c)
{
	struct ring ring;

	ring_go(c, &ring, traffic_queue(c), 0);
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 1, "QueueReady does not read 1");
	wr(c, VMMIO_REG_QUEUE_RESET, 1);
	settle(c);
	return rd(c, VMMIO_REG_QUEUE_READY) == 0;
}

/* A device whose QueueReset needs no feature (the text leaves that open) shows nothing by it. */
static void unoffered_ring_reset(struct conform *c)
{
	need(c, !offered(c, VMMIO_F_RING_RESET), "the device offers VIRTIO_F_RING_RESET");
	negotiate_fresh(c, 0);
	need(c, !queue_reset_works(c), "QueueReset resets the queue without VIRTIO_F_RING_RESET, too");
	if (refused_with(c, VMMIO_F_RING_RESET))
		return;
	judge(c, "GEN-DEV-07", !queue_reset_works(c),
		"expected FEATURES_OK refused or the bit ignored after accepting VIRTIO_F_RING_RESET, which "
		"was not offered, saw QueueReset reset the queue");
}

static const struct check checks[] = {
	{"accept-words", "DriverFeatures takes the word that is selected, in any order", "MMIO-DEV-17", 0,
		accepted_words},
	{"accept-packed", "The ring is packed if VIRTIO_F_RING_PACKED was accepted", "MMIO-DEV-17",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED, accepted_packed},
	{"accept-split", "The ring is split if it was not", "MMIO-DEV-17",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT, accepted_split},
	{"accept-unoffered-packed", "VIRTIO_F_RING_PACKED has no effect if it was not offered",
		"GEN-DEV-07", NEEDS_MEMORY | NEEDS_TRAFFIC, unoffered_packed},
	{"accept-unoffered-reset", "Nor has VIRTIO_F_RING_RESET", "GEN-DEV-07",
		NEEDS_MEMORY | NEEDS_TRAFFIC, unoffered_ring_reset},
};

const struct check_topic checks_accept = CHECK_TOPIC("acceptance", checks);
