/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chains of a driver that keeps the rules, in their order: as long as it does, the device
 * has to see just these, whatever becomes of the ring behind a load.
 */
#ifndef VMMIO_TESTS_FUZZ_RING_HONEST_H
#define VMMIO_TESTS_FUZZ_RING_HONEST_H

#include "ring_rig.h"

struct honest_chain {
	struct rig_buffer buffer[4];
	unsigned n;
	bool indirect;
};

struct honest {
	bool spoiled; /* the driver broke a rule: anything may be seen until the next life */
	struct honest_chain chain[RIG_SIZE_MAX];
	unsigned n;
};

void honest_start(struct honest *h);
void honest_add(struct honest *h, const struct rig_buffer *buffers, unsigned n, bool indirect);
/* The device took n chains, of up to max. */
void honest_check(struct honest *h, const struct rig *rig, const struct vmmio_chain *chains,
	unsigned n, unsigned max, unsigned step);

/* Whatever the driver does: all of each piece has to lie in one region, and be writable if it
 * says so, which is tried. The flags that their regions have in common. */
uint32_t ring_check_pieces(const struct rig *rig, const struct vmmio_iovec *iov, uint32_t n,
	uint32_t len, bool write);

#endif
