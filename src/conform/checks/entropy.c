/* SPDX-License-Identifier: BSD-3-Clause */
/* Entropy devices. */
#include <string.h>

#include "conform/checks/checks.h"
#include "conform/traffic.h"

/* Bytes that the device says it has written. In a packed ring a length counts only with WRITE. */
static uint32_t given(const struct ring *ring, const struct used *used)
{
	return ring->packed && !(used->flags & VMMIO_DESC_F_WRITE) ? 0 : used->len;
}

/* Has a buffer filled; returns how much of it was. */
static uint32_t fetch(struct conform *c, struct ring *ring, uint64_t room, uint32_t size)
{
	const struct seg seg = {room, size, true};
	struct used used;
	uint32_t n;

	fill(c, room, POISON, size);
	ring_add(c, ring, &seg, 1);
	ring_kick(c, ring);
	need(c, ring_wait(c, ring, &used), "the device does not use a buffer of %u bytes", size);
	n = given(ring, &used);
	/* Bytes that are there, and not in the length, are a mistake of the length's. */
	judge(c, "RNG-DEV-01", n || differs(c, room, POISON, size) != size,
		"expected at least one random byte in a buffer of %u, saw used length 0 and the buffer as it "
		"was before",
		size);
	need(c, n >= 1 && n <= size, "the used length, %u, does not tell what is in a buffer of %u", n,
		size);
	return n;
}

/* Every buffer that is used has at least one byte in it, small ones too. */
static void some_bytes(struct conform *c)
{
	static const uint32_t sizes[] = {1, 2, 7, 64, 512};
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		fetch(c, &ring, take(c, sizes[i], 64), sizes[i]);
}

/*
 * What is reported as written was written, with something that is not the same each time. Eight
 * bytes are as they were before, or as those before them, once in 2^64 times; a device that gives
 * less at a time is asked more often.
 */
static void written(struct conform *c)
{
	uint64_t room = take(c, 64, 64);
	uint8_t bytes[2][64] = {{0}};
	struct ring ring;
	bool changed = false;

	traffic_start(c, &ring, 0, 0);
	for (uint32_t round = 0, total = 0; round < 4 || total < 8; round++) {
		uint32_t n = fetch(c, &ring, room, 64);

		total += n;
		changed |= differs(c, room, POISON, n) != n;
		judge(c, "RNG-DEV-01", changed || total < 8,
			"expected %u random bytes, saw the buffer as it was before", n);
		get(c, room, bytes[round % 2], 64);
		judge(c, "RNG-DEV-01", !round || n < 8 || memcmp(bytes[0], bytes[1], 8) != 0,
			"expected random bytes, saw the same 8 twice, beginning with 0x%02x", bytes[0][0]);
		if (n >= 8)
			changed = false;
	}
}

static const struct check checks[] = {
	{"entropy-some", "Each buffer has at least one byte in it", "RNG-DEV-01",
		NEEDS_ENTROPY | NEEDS_MEMORY, some_bytes},
	{"entropy-written", "... that the device has written", "RNG-DEV-01", NEEDS_ENTROPY | NEEDS_MEMORY,
		written},
};

const struct check_topic checks_entropy = CHECK_TOPIC("entropy", checks);
