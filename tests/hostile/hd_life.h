/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of registers, life cycle, interrupts and memory under a hostile driver share:
 * the rig of all tests, everything about a device that can be compared, and the ending that
 * every case has. A case runs over RIG_VARIANTS: version 2 and 3, split and packed.
 */
#ifndef VMMIO_TESTS_HD_LIFE_H
#define VMMIO_TESTS_HD_LIFE_H

#include "support/rig.h"

#define HD_QUEUES 2u
#define HD_SIZE 16u
#define HD_CONFIG 64u
/* Where raw rings may lie, out of the way of the driver's own. */
#define HD_RINGS (RIG_RAM_BASE + 0x80000)

/* Two queues of HD_SIZE entries. Whatever a device logs about its driver is expected. */
struct rig *hd_rig(int variant, const struct puppet *puppet);
struct rig *hd_rig_with(int variant, struct rig_options options);
/* A reset, and then a good driver finds a good device. Frees the rig. */
void hd_end(struct rig *rig);

/* All that a driver can read, and what it has written and cannot read. */
struct hd_state {
	uint32_t fixed[64]; /* every offset below 0x100, selectors as they are */
	uint32_t features[4];
	uint32_t queue[HD_QUEUES + 1][3]; /* QueueSizeMax, QueueReady, QueueReset */
	uint32_t shm[2][4];
	uint32_t config[HD_CONFIG / 4];
	uint64_t driver_features[2];
	uint64_t setup[HD_QUEUES][5]; /* ready, size, three addresses */
};
/* Leaves every selector 0. ConfigGeneration is left out: it never goes back (E16). */
void hd_look(struct rig *rig, struct hd_state *state);
void hd_zero_selectors(struct rig *rig);
/* Fails with the first word that differs. */
void hd_same(const struct hd_state *a, const struct hd_state *b, const char *when);

/* Raw steps, for what the test driver would not do. Status 1, 3, features, 0xb. */
void hd_negotiate(struct rig *rig, uint64_t features);
/* Sizes and addresses of the selected queue, then QueueReady 1. */
struct hd_ring {
	uint32_t size;
	uint64_t desc, driver, device;
};
void hd_queue(struct rig *rig, unsigned queue, const struct hd_ring *ring);
/* A good one of so many entries in memory of its own. */
struct hd_ring hd_good_ring(unsigned queue, uint32_t size);

/* For what is checked very often: libcheck writes each of its own checks to a file. */
#define hd_check(condition)                                                                        \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg("not so: %s", #condition);                                    \
	} while (0)

/* Numbers from a seed, the same ones everywhere. */
uint64_t hd_random(uint64_t *seed);

#endif
