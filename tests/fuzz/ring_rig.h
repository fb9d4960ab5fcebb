/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring for a fuzz target, and a driver that knows how to use it. Each area and each data
 * region is a block of its own, so that the address sanitizer guards its ends.
 */
#ifndef VMMIO_TESTS_FUZZ_RING_RIG_H
#define VMMIO_TESTS_FUZZ_RING_RIG_H

#include "fuzz.h"
#include "queue/ring.h"

/* Guest addresses. The data regions lie side by side; behind the last there is a hole. */
#define RIG_DESC UINT64_C(0x10000)
#define RIG_DRIVER UINT64_C(0x20000)
#define RIG_DEVICE UINT64_C(0x30000)
#define RIG_TABLES UINT64_C(0x38000) /* indirect ones */
#define RIG_DATA UINT64_C(0x40000)
#define RIG_DATA_SIZE UINT64_C(0x1000) /* of each of three: pinned, not pinned, read-only */
#define RIG_TOP UINT64_C(0xfffffffffffff000) /* up to the last byte there is */
#define RIG_SHIFT (UINT64_C(1) << 40)

enum { RIG_REGIONS = 8, RIG_FIRST_DATA = 4, RIG_SIZE_MAX = 64, RIG_BUFFERS = 8 };

struct rig_options {
	bool packed, event_idx, indirect, in_order, dirty;
	bool translate; /* the driver's addresses are RIG_SHIFT above the guest's */
	bool crumbs;    /* ... and are translated a few bytes at a time */
	uint32_t size, max_segments;
};

struct rig_buffer {
	uint64_t addr;
	uint32_t len;
	bool write;
};

struct rig {
	struct vmmio_ring ring;
	struct vmmio_ring_config config;
	struct vmmio_memory_table *table;
	void *storage;
	uint16_t avail, used;
	bool avail_wrap, used_wrap;
	uint32_t free;                 /* descriptors */
	bool taken[RIG_SIZE_MAX];      /* split: descriptors in use */
	uint16_t count[RIG_SIZE_MAX];  /* descriptors of the chain with that head or id, 0: none */
	uint16_t link[RIG_SIZE_MAX];   /* split: next of a chain's descriptor */
	uint32_t table_at;             /* where the next indirect table goes */
	uint64_t table_last;           /* guest address of the last one's last entry */
	uint64_t shift;
	uint32_t gone; /* pages without a translation: bit n stands for page n modulo 32 */
	bool crumbs;
};

void rig_up(struct rig *rig, const struct rig_options *options);
/* From index 0, with zeroed areas. */
void rig_restart(struct rig *rig);
void rig_down(struct rig *rig);

/* The host address, NULL if not all of it is in one region. */
void *rig_at(const struct rig *rig, uint64_t guest, uint64_t size);
/* A raw descriptor at a guest address: flags and next (split), id and flags (packed). */
void rig_put(struct rig *rig, uint64_t at, const struct rig_buffer *buffer, uint16_t low,
	uint16_t high);
/* Makes a chain available if there is room; the head or id, -1: no room. */
int rig_add(struct rig *rig, const struct rig_buffer *buffers, unsigned n, bool indirect);
/* Takes a used entry; the head or id, -1: none. */
int rig_used(struct rig *rig, uint32_t *len);
/* Gives back what a chain took; rig_used does it. False: no such chain, the driver has been
 * overwritten. */
bool rig_release(struct rig *rig, uint16_t head);
/* Whether the driver wants to hear of the next used entry, or of none. */
void rig_want(struct rig *rig, bool wanted);

#endif
