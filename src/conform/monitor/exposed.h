/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains as they were when they were exposed: read from memory once, judged and compared
 * from that copy. Bounded by the queue's size, whatever the rings say.
 */
#ifndef VMMIO_CONFORM_MONITOR_EXPOSED_H
#define VMMIO_CONFORM_MONITOR_EXPOSED_H

#include "conform/monitor/state.h"

/* Of a table those entries are kept. */
#define TABLE_KEPT 1024u

/* Guest memory; false: there is none there. */
bool memory_get(struct vmmio_monitor *m, uint64_t guest, void *data, size_t size);
bool memory_get16(struct vmmio_monitor *m, uint64_t guest, uint16_t *value);
/* A descriptor of the ring, in the host's byte order. */
bool memory_get_desc(
	struct vmmio_monitor *m, const struct queue *q, uint64_t guest, struct desc *desc);

/* Packed: the wrap counter at this position. */
static inline bool wrap_at(const struct queue *q, uint64_t position)
{
	return !(position / q->ring_size & 1);
}

enum slot_state { SLOT_AVAILABLE, SLOT_USED, SLOT_OTHER };
/* Packed: what these flags say in the lap of this wrap counter. */
enum slot_state slot_state(uint16_t flags, bool wrap);

/* Copies the chain whose first descriptor is there (split: head, packed: position) and adds it
 * to the queue's list. NULL: no memory, of the guest or of ours. */
struct exposed *exposed_add(struct vmmio_monitor *m, struct queue *q, uint64_t at);
/* It came back. */
void exposed_remove(struct queue *q, struct exposed **link);
void exposed_drop(struct queue *q);
/* Where the first with this id hangs; NULL: none. */
struct exposed **exposed_find(struct queue *q, uint16_t id);
/* Is it in memory as it was? Of a packed ring only what the device has not written over. */
bool exposed_unchanged(struct vmmio_monitor *m, const struct queue *q, const struct exposed *e);
/* Copies it again. */
void exposed_refresh(struct vmmio_monitor *m, const struct queue *q, struct exposed *e);

/* What the copy says of the chain, into m->chain. */
void chain_analyse(struct vmmio_monitor *m, const struct queue *q, const struct exposed *e);

#endif
