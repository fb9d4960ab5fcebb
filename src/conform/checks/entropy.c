/* SPDX-License-Identifier: BSD-3-Clause */
/* Entropy devices. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

/* Every buffer that is used has at least one byte in it, small ones too. */
static void some_bytes(struct conform *c)
{
	static const uint32_t sizes[] = {1, 2, 7, 64, 512};
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct seg seg = {take(c, sizes[i], 64), sizes[i], true};
		struct used used;

		ring_add(c, &ring, &seg, 1);
		ring_kick(c, &ring);
		need(c, ring_wait(c, &ring, &used), "the device does not use a buffer of %u bytes", sizes[i]);
		judge(c, "RNG-DEV-01", used.len >= 1,
			"expected at least one random byte in a buffer of %u, saw used length %u", sizes[i],
			used.len);
	}
}

/* What is reported as written was written: two rooms, poisoned, do not stay as they were. */
static void written(struct conform *c)
{
	struct seg seg = {take(c, 256, 64), 256, true};
	struct ring ring;
	struct used used;

	traffic_start(c, &ring, 0, 0);
	for (unsigned i = 0; i < 4; i++) {
		fill(c, seg.addr, POISON, 256);
		ring_add(c, &ring, &seg, 1);
		ring_kick(c, &ring);
		need(c, ring_wait(c, &ring, &used), "the device does not use a buffer");
		need(c, used.len >= 8, "the device gives %u bytes at a time", used.len);
		judge(c, "RNG-DEV-01", differs(c, seg.addr, POISON, used.len) != used.len,
			"expected %u random bytes, saw the buffer as it was before", used.len);
	}
}

static const struct check checks[] = {
	{"entropy-some", "Each buffer has at least one byte in it", "RNG-DEV-01",
		NEEDS_ENTROPY | NEEDS_MEMORY, some_bytes},
	{"entropy-written", "... that the device has written", "RNG-DEV-01", NEEDS_ENTROPY | NEEDS_MEMORY,
		written},
};

const struct check_topic checks_entropy = CHECK_TOPIC("entropy", checks);
