/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One immutable version of the guest memory table. Freestanding.
 *
 * Regions are sorted by guest address and do not overlap; a reader needs no lock.
 */
#ifndef VMMIO_MEMORY_TABLE_H
#define VMMIO_MEMORY_TABLE_H

#include <vmmio/memory.h>

struct vmmio_memory_table {
	uint32_t n;
	uint32_t reserved;
	struct vmmio_region region[];
};

/* The region that holds the guest address, or NULL. hint (may be NULL) is the caller's
 * last hit: read, tried first, and updated. */
const struct vmmio_region *vmmio_table_find(
	const struct vmmio_memory_table *table, uint64_t guest, uint32_t *hint);

/* The host address of [guest, guest + size) if it lies in one region (writable if
 * write), else NULL. size 0 is NULL. */
void *vmmio_table_at(const struct vmmio_memory_table *table, uint64_t guest, uint64_t size,
	bool write, uint32_t *hint);

/* Fills out (room for old->n + 1 regions; old may be NULL) with old plus region.
 * -VMMIO_EINVAL or -VMMIO_EEXIST as vmmio_memory_add. */
int vmmio_table_insert(struct vmmio_memory_table *out, const struct vmmio_memory_table *old,
	const struct vmmio_region *region);

/* Hosted half (memory.c). A device registers as a user; destroy answers -EBUSY while it is. */
struct vmmio_memory;
void vmmio_memory_ref(struct vmmio_memory *memory);
void vmmio_memory_unref(struct vmmio_memory *memory);

/* The current version, acquire. Versions live until the memory object is destroyed. */
const struct vmmio_memory_table *vmmio_memory_table(const struct vmmio_memory *memory);

#endif
