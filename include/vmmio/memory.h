/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory: one table of regions, shared by all devices of a VM.
 *
 * The memory itself belongs to the embedder. A table entry says where it sits in
 * the guest and where in this process. Device registers are not memory, so no
 * descriptor can aim at them.
 *
 * Thread roles: every function may be called from any thread. None waits.
 */
#ifndef VMMIO_MEMORY_H
#define VMMIO_MEMORY_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_memory;

enum vmmio_region_flags {
	/* The guest may write, the devices may not: a device-writable buffer here is
	 * a fault. */
	VMMIO_REGION_READ_ONLY = 1u << 0,
	/* The host pages are present and stay so (mlock, hugetlbfs, MAP_POPULATE
	 * without swap). Without it a page may be missing (userfaultfd, balloon,
	 * swap), and shared I/O threads keep away from touching it themselves. */
	VMMIO_REGION_PINNED = 1u << 1,
};

struct vmmio_region {
	uint64_t guest; /* guest physical address */
	uint64_t size;  /* bytes, not 0 */
	void *host;     /* size bytes, valid until the memory object is destroyed */
	uint32_t flags; /* enum vmmio_region_flags */
};

/* Creates an empty table. log may be NULL; it is copied. -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_create(
	const struct vmmio_log *log, struct vmmio_memory **out);

/*
 * Adds a region; devices see it from their next chain on.
 * -EINVAL: size 0, host NULL, unknown flag, or guest + size or host + size
 *          passes the end of the address space.
 * -EEXIST: it overlaps a region that is there. -ENOMEM. On error nothing changed.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_add(
	struct vmmio_memory *memory, const struct vmmio_region *region);

/* Frees the table, not the memory in it. NULL is fine.
 * -EBUSY: a device still uses it; destroy the devices first. */
VMMIO_API int vmmio_memory_destroy(struct vmmio_memory *memory);

/*
 * The host address of guest bytes [guest, guest + size), or NULL unless they lie
 * in one region (writable, if write). For embedders and backends that keep a
 * structure of their own in guest memory; rings and chains need no such call.
 * The pointer is good as long as the region is in the table.
 */
VMMIO_API void *vmmio_memory_at(
	const struct vmmio_memory *memory, uint64_t guest, uint64_t size, bool write);

/* Whether every region is VMMIO_REGION_PINNED. */
VMMIO_API bool vmmio_memory_all_pinned(const struct vmmio_memory *memory);

#ifdef __cplusplus
}
#endif

#endif
