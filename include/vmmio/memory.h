/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory: one table of regions, shared by all devices of a VM.
 *
 * The memory itself belongs to the embedder. A table entry says where it sits in
 * the guest and where in this process. Device registers are not memory, so no
 * descriptor can aim at them.
 *
 * Thread roles: every function may be called from any thread, also from inside any
 * callback but the translate hook, unless it says otherwise. None waits but
 * vmmio_memory_dirty_start. A caller may hold a lock of its own if no waiter's done,
 * interrupt sink or log function takes it: those may be called from inside.
 */
#ifndef VMMIO_MEMORY_H
#define VMMIO_MEMORY_H

#include <vmmio/base.h>
#include <vmmio/waiter.h>

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
	void *host;     /* size bytes, valid until the removal is reported, or the memory
			 * object is destroyed */
	uint32_t flags; /* enum vmmio_region_flags */
};

/* Creates an empty table. log may be NULL; it is copied. -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_create(
	const struct vmmio_log *log, struct vmmio_memory **out);

/*
 * Adds a region, under running devices if there are any; they see it from their next
 * chain on.
 * -EINVAL: size 0, host NULL, unknown flag, or guest + size or host + size
 *          passes the end of the address space.
 * -EEXIST: it overlaps a region that is there. -ENOMEM. On error nothing changed.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_add(
	struct vmmio_memory *memory, const struct vmmio_region *region);

/*
 * Removes the region that begins at guest. At once no chain is found in it any more (a
 * descriptor that points there is a fault), and a queue whose ring lies in it is broken
 * like any faulty one: the driver sees DEVICE_NEEDS_RESET, other queues go on.
 * 0: nothing can reach its host memory any more: unmap it. waiter is not used.
 * VMMIO_PENDING: waiter->done says when. That is when every chain that has bytes there
 *          is completed, however long its backend takes (a reset makes backends cancel),
 *          every thread that was inside of such a ring has left, and every pin that was
 *          held during the call is back. Chains elsewhere do not matter.
 * Its guest addresses can be used again at once.
 * done is called from any thread that brings the last condition about, also from inside
 * vmmio_queue_complete, where a backend may hold a lock.
 * -ENOENT: no region begins there. -EINVAL: no waiter. -EBUSY: waiter is out already.
 * -ENOMEM. On error nothing changed.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_remove(
	struct vmmio_memory *memory, uint64_t guest, struct vmmio_waiter *waiter);

/*
 * Removes the region that begins at guest if nothing can reach its host memory: 0, as above.
 * -EBUSY: something can, or a device was just looking at a ring (of any queue), or a pin is
 *         held; nothing has changed, and no driver will notice. Try again, or use the above.
 * -ENOENT, -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_try_remove(struct vmmio_memory *memory, uint64_t guest);

/* Frees the table, not the memory in it. NULL is fine. Nobody may be inside a call on it.
 * -EBUSY: a device still uses it, or a pin is held; destroy the devices first. */
VMMIO_API int vmmio_memory_destroy(struct vmmio_memory *memory);

/*
 * The host address of guest bytes [guest, guest + size), or NULL unless they lie
 * in one region (writable, if write). For embedders and backends that keep a
 * structure of their own in guest memory; rings and chains need no such call.
 * The pointer is good as long as the region is in the table, and until the caller's pin
 * is back if he took one before. Nothing that is written through it is in the dirty log.
 */
VMMIO_API void *vmmio_memory_at(
	struct vmmio_memory *memory, uint64_t guest, uint64_t size, bool write);

/*
 * Between pin and unpin, pointers from vmmio_memory_at stay good though their region be
 * removed. Pass to unpin what pin returned; any thread may. Meant for short stretches: a
 * pin holds up the report of every removal that begins while it is held.
 */
VMMIO_API VMMIO_MUST_CHECK unsigned vmmio_memory_pin(struct vmmio_memory *memory);
VMMIO_API void vmmio_memory_unpin(struct vmmio_memory *memory, unsigned pin);

/* Whether every region is VMMIO_REGION_PINNED. Takes no lock. */
VMMIO_API bool vmmio_memory_all_pinned(const struct vmmio_memory *memory);

/* --- The dirty log: which pages the devices have written ----------------------------- */

/* Bytes of guest memory per bit. */
#define VMMIO_DIRTY_PAGE 4096u

/*
 * Begins to log, for all regions and those added later. Every write that a device makes
 * after the return is logged, no later than its chain is completed: rings, event
 * suppression, the first len bytes of a completion's writable part, also if the completion
 * is dropped by a reset; with a fence, the whole writable part of each chain that is out. So
 * after a reset, or when all chains are back, nothing is missing.
 * What else a backend writes into a chain it tells by vmmio_queue_dirty.
 * Waits until each thread that is inside a ring has left it: not for the thread that
 * provides missing pages (userfaultfd), nor to be called from a translate hook.
 * -EBUSY: it is on. -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_dirty_start(struct vmmio_memory *memory);

/* Ends it; what was not fetched is lost. -EINVAL: it is off. -ENOMEM: it stays on. */
VMMIO_API int vmmio_memory_dirty_stop(struct vmmio_memory *memory);

/*
 * Fetches and clears the log of the region that begins at guest: bit n % 64 of word n / 64
 * is the page at (guest rounded down to a page) + n * VMMIO_DIRTY_PAGE. Each word is
 * fetched atomically: a bit is in this log or in the next, and what was written to a page
 * before its bit was set can be read. bitmap: words elements, all of them written; a region
 * that begins on a page needs one for each begun 64 pages.
 * -ENOENT: no such region. -EINVAL: the log is off. -ENOSPC: words are too few.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_dirty_get(
	struct vmmio_memory *memory, uint64_t guest, uint64_t *bitmap, size_t words);

/* --- Translation: devices behind an IOMMU ---------------------------------------------- */

/*
 * Addresses that a driver gives to a device are translated by the hook if the driver has
 * accepted VIRTIO_F_ACCESS_PLATFORM: of queue areas, descriptors, buffers. To be set
 * before the first device is created; a memory object has one translation, so devices that
 * the IOMMU keeps apart use memory objects of their own.
 *
 * translate: where [iova, iova + len) lies, for writing by the device if write: *guest, and
 *     in *got how many of the len bytes follow there, at least 1. 0, or -errno: no such
 *     access, which is a fault of the driver's.
 *     The one callback that is called with a lock of the library held: a queue's, from
 *     inside vmmio_queue_pop. Hence it must be a look-up and no more: it must not block,
 *     call the library, nor take a lock under which somebody else does.
 * A queue area has to come out in one piece of guest memory. A chain of more than 65536
 * pieces before merging is a fault.
 * -EBUSY: a device uses the memory. -EINVAL. -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_set_translate(struct vmmio_memory *memory,
	int (*translate)(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
		uint64_t *got),
	void *ctx);

/*
 * The translation of [iova, iova + size) has changed: call it after the hook gives the new
 * answer. A queue with an area there is broken. 0 and VMMIO_PENDING, with done called, as
 * vmmio_memory_remove: when no chain is out that was translated there before this call.
 * -EINVAL: no hook, no waiter, size 0, or the range passes the end. -EBUSY: waiter is out.
 * -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_memory_invalidate(struct vmmio_memory *memory, uint64_t iova,
	uint64_t size, struct vmmio_waiter *waiter);

#ifdef __cplusplus
}
#endif

#endif
