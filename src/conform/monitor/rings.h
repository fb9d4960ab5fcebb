/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is in rings: descriptors, chains, words. Types only. */
#ifndef VMMIO_CONFORM_MONITOR_RINGS_H
#define VMMIO_CONFORM_MONITOR_RINGS_H

#include <vmmio/conform/monitor.h>

/* As it lies in guest memory. Of split and packed descriptors the last two fields are in
 * different order. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t link; /* split: next; packed: id */
};

struct element {
	uint64_t addr;
	uint32_t len;
	bool write;
};

enum chain_fault {
	CHAIN_LOOP = 1u << 0,          /* more descriptors than the table has */
	CHAIN_INDEX = 1u << 1,         /* an index beyond the table */
	CHAIN_ORDER = 1u << 2,         /* readable behind writable */
	CHAIN_INDIRECT = 1u << 3,      /* an indirect descriptor */
	CHAIN_TABLE_FLAGS = 1u << 4,   /* flags that a table entry must not have */
	CHAIN_NESTED = 1u << 5,        /* a table in a table */
	CHAIN_TABLE_NEXT = 1u << 6,    /* an indirect descriptor that has a next one (split), or
					* is part of a list (packed) */
	CHAIN_NEXT_ORDER = 1u << 7,    /* next is not the following one */
	CHAIN_TABLE_ORDER = 1u << 8,   /* the same in a table */
	CHAIN_NOT_AVAILABLE = 1u << 9, /* packed: a later one that is not available yet */
	CHAIN_NO_ROOM = 1u << 10,      /* packed: longer than what is free */
	CHAIN_UNREADABLE = 1u << 11,   /* there is no memory at bad_addr */
	CHAIN_HAS_NEXT = 1u << 12,     /* occasions for CHAIN_NEXT_ORDER, CHAIN_TABLE_ORDER */
	CHAIN_TABLE_HAS_NEXT = 1u << 13,
};

#define MAX_ELEMENTS 256u /* kept; more are counted */

struct chain {
	unsigned faults;
	uint16_t id;     /* split: head; packed: buffer id */
	uint32_t n_ring; /* descriptors in the ring */
	uint32_t n_elements, n_writable, n_table;
	uint64_t readable, writable; /* bytes */
	uint64_t bad_addr;
	struct element elements[MAX_ELEMENTS];
};

#define PAYLOAD 528u /* readable bytes that are kept: a block request's header and 32 segments */

/* A chain that the device has, as it was when it was exposed. */
struct exposed {
	struct exposed *next;
	uint16_t id;
	uint64_t position; /* packed: of its first descriptor */
	bool fresh;        /* not judged yet */
	unsigned faults;   /* that only memory has shown */
	uint64_t bad_addr;
	uint32_t n_ring, n_table; /* descriptors; of a table those that were kept */
	uint64_t table;           /* its guest address */
	struct desc *ring;
	struct desc *inner;
	uint16_t *slots; /* of the ring's descriptors */
	uint32_t n_payload;
	uint8_t payload[PAYLOAD];
};

/* A split ring's words at one moment. */
struct view {
	uint16_t avail_flags, avail_idx, used_flags, used_idx, avail_event;
	uint64_t tick;
	bool valid;
};

#endif
