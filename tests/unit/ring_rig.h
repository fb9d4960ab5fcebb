/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring under test and a small driver for it, which shares no code with the device side.
 *
 * Each area is a memory region of exactly its size with guard bytes around it. Guest
 * addresses:
 */
#ifndef VMMIO_TESTS_RING_RIG_H
#define VMMIO_TESTS_RING_RIG_H

#include "queue/ring.h"

#define RIG_DESC UINT64_C(0x100000)
#define RIG_DRIVER UINT64_C(0x200000)
#define RIG_DEVICE UINT64_C(0x300000)
#define RIG_DATA UINT64_C(0x400000)  /* pinned; the next two follow without a gap */
#define RIG_DATA2 UINT64_C(0x410000) /* not pinned */
#define RIG_ROM UINT64_C(0x420000)   /* read-only; then a hole */
#define RIG_HOLE UINT64_C(0x430000)
#define RIG_TOP UINT64_C(0xffffffffffff0000) /* up to the last byte there is */
#define RIG_BYTES UINT64_C(0x10000)	     /* of each of the last five, RIG_HOLE aside */

enum { RIG_REGIONS = 7, RIG_MAX_SIZE = 256 };

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
	unsigned char *blocks[RIG_REGIONS]; /* the regions' memory with its guards */
	bool packed;
	uint32_t size;
	/* The driver's side. */
	uint16_t avail; /* split: idx; packed: position */
	uint16_t used;
	bool avail_wrap, used_wrap;
	uint16_t cursor;               /* split: next descriptor to fill */
	uint16_t descs[RIG_MAX_SIZE];  /* packed: list length by id */
};

struct rig_options {
	bool packed, event_idx, no_indirect, in_order;
	uint32_t size, max_segments; /* 0: 8, 16 */
	uint64_t generation;
	bool rom_rings; /* what the device only reads lies in read-only regions */
};

void rig_up(struct rig *rig, const struct rig_options *options);

/* Starts the ring anew, with the driver's side and the areas zeroed. */
enum vmmio_fault rig_restart(struct rig *rig);

/* Checks the guards and frees everything. */
void rig_down(struct rig *rig);

/* The host address of a guest one. */
void *rig_at(struct rig *rig, uint64_t guest);

/* Writes a raw descriptor: low and high are flags, next (split) or id, flags (packed). */
void rig_raw(struct rig *rig, uint32_t i, uint64_t addr, uint32_t len, uint16_t low, uint16_t high);

/* The same at a guest address, aligned or not. */
void rig_entry(struct rig *rig, uint64_t at, uint64_t addr, uint32_t len, uint16_t low,
	uint16_t high);

/* Split: makes a head available. Packed: writes the next descriptor and makes it available. */
void rig_head(struct rig *rig, uint16_t head);
void rig_packed(struct rig *rig, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags);

/* Split: the available idx as it stands in memory. */
void rig_set_avail_idx(struct rig *rig, uint16_t idx);

/* Makes a chain available; returns its head or buffer id (packed: id as given). */
uint16_t rig_add(struct rig *rig, const struct rig_buffer *buffers, unsigned n, uint16_t id);

/* One buffer of 64 bytes in RIG_DATA that the device may write. */
uint16_t rig_add_one(struct rig *rig, uint16_t id);

/* Takes the next used entry. written (may be NULL): WRITE flag (packed). */
bool rig_used(struct rig *rig, uint16_t *id, uint32_t *len, bool *written);

/* What the driver says about used notifications. */
void rig_driver_event(struct rig *rig, uint16_t value, uint16_t flags);

/* What the device said about available ones: split flags and avail_event, packed likewise. */
void rig_device_event(struct rig *rig, uint16_t *value, uint16_t *flags);

unsigned rig_pop(struct rig *rig, struct vmmio_chain *chains, unsigned max);

/* Completes one chain, expects it to be accepted; returns used entries written. */
unsigned rig_complete(struct rig *rig, vmmio_token token, uint32_t len);

/* Sends n chains through the ring, one by one. */
void rig_move_on(struct rig *rig, uint32_t n);

#endif
