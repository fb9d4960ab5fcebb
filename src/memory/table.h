/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One immutable version of the guest memory table. Freestanding.
 *
 * Regions are sorted by guest address and do not overlap; a reader needs no lock, but has
 * to keep the version in being: see the hosted half below.
 */
#ifndef VMMIO_MEMORY_TABLE_H
#define VMMIO_MEMORY_TABLE_H

#include <stdatomic.h>
#include <vmmio/memory.h>

/* The dirty log of a region. Bit 0 is the page of its first byte. Devices set bits, after
 * the write they stand for (release); who fetches them clears them (acquire). */
struct vmmio_dirty {
	uint32_t refs; /* versions that list it; the memory object's lock */
	size_t words;
	_Atomic uint64_t bits[];
};

struct vmmio_memory_table {
	uint64_t serial; /* one more than that of the version it replaced */
	/* See vmmio_memory_set_translate. NULL: none. */
	int (*translate)(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
		uint64_t *got);
	void *translate_ctx;
	struct vmmio_dirty **dirty; /* by region; NULL: nothing is logged */
	uint32_t n;
	uint32_t reserved;
	struct vmmio_region region[];
};

/* What a change took away. A size of 0: nothing of that kind. */
struct vmmio_memory_gone {
	uint64_t serial; /* of the last version that had it */
	uint64_t guest, size;
	const void *host; /* size bytes too */
	uint64_t iova, iova_size;
};

/* The region that holds the guest address, or NULL. hint (may be NULL) is the caller's
 * last hit: read, tried first, and updated. */
const struct vmmio_region *vmmio_table_find(
	const struct vmmio_memory_table *table, uint64_t guest, uint32_t *hint);

/* The host address of [guest, guest + size) if it lies in one region (writable if
 * write), else NULL. size 0 is NULL. */
void *vmmio_table_at(const struct vmmio_memory_table *table, uint64_t guest, uint64_t size,
	bool write, uint32_t *hint);

/* Fills out (room for old->n + 1 regions; old may be NULL) with old plus region, dirty
 * log aside. -VMMIO_EINVAL or -VMMIO_EEXIST as vmmio_memory_add. */
int vmmio_table_insert(struct vmmio_memory_table *out, const struct vmmio_memory_table *old,
	const struct vmmio_region *region);

/* Fills out (room for as many regions as old has) with old, without the region at that
 * place if there is one, dirty log aside. */
void vmmio_table_without(
	struct vmmio_memory_table *out, const struct vmmio_memory_table *old, uint32_t place);

/* What the address is translated to: *guest, and how much of len goes together in *got
 * (not 0, at most len). 0 or -errno of the hook, which there must be. */
int vmmio_table_translate(const struct vmmio_memory_table *table, uint64_t iova, uint64_t len,
	bool write, uint64_t *guest, uint64_t *got);

/* Logs a write to host memory, in every region that shows it. The log must be on. */
void vmmio_table_mark(const struct vmmio_memory_table *table, const void *host, uint64_t len);

/* --- Hosted half -------------------------------------------------------------------- */

struct vmmio_memory;

/* Something to be told once no lock is held. */
struct vmmio_memory_event {
	struct vmmio_memory_event *next;
	void (*tell)(struct vmmio_memory_event *event);
};

/* What has been taken away and not been reported: by bit of a watch word. */
struct vmmio_memory_look {
	uint64_t asked; /* bits that every queue has to be looked at for, now */
	const struct vmmio_memory_gone *gone[63];
	struct vmmio_memory_event *events; /* to be told afterwards */
};

/*
 * A device as a user of memory. Its functions are called with the memory object's lock held,
 * which so comes before every lock they take; they must neither call the memory object nor
 * wait for a thread that may be touching guest memory.
 */
struct vmmio_memory_user {
	struct vmmio_memory_user *next, **link;
	/* Looks at every queue that was asked for now or is still being watched. Returns the
	 * bits of what the user may still reach; where it cannot tell it says it may, and
	 * calls vmmio_memory_recheck when it can. */
	uint64_t (*look)(struct vmmio_memory_user *user, struct vmmio_memory_look *look);
	/* Holds up all access to guest memory until let_go, if nothing reaches what would be
	 * gone and nobody is inside; else false, and nothing is held. */
	bool (*hold)(struct vmmio_memory_user *user, const struct vmmio_memory_gone *gone);
	void (*let_go)(struct vmmio_memory_user *user);
};

/* The caller fills in the functions. destroy answers -EBUSY while there are users. */
void vmmio_memory_use(struct vmmio_memory *memory, struct vmmio_memory_user *user);
/* Nothing of the user's reaches guest memory any more. Reports what waited for it alone. */
void vmmio_memory_unuse(struct vmmio_memory *memory, struct vmmio_memory_user *user);

/* Something a removal waits for may be over. Calls waiters: no lock held, the caller keeps
 * the memory object in being. */
void vmmio_memory_recheck(struct vmmio_memory *memory);

/*
 * The current version, acquire. It is good until the caller's look function has found the
 * ring lock free that he holds, or his pin is back.
 */
const struct vmmio_memory_table *vmmio_memory_table(const struct vmmio_memory *memory);

#endif
