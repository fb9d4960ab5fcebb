/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory object, inside.
 *
 *   memory.c  creation, adding regions, looking at them, pins aside
 *   remove.c  taking regions and translations away
 *   change.c  a version replaces another; when the old one is out of everybody's reach
 *   dirty.c   the dirty log
 *
 * Locks: memory->lock comes first, before the users' locks. Nothing is called out under it.
 */
#ifndef VMMIO_MEMORY_INTERNAL_H
#define VMMIO_MEMORY_INTERNAL_H

#include <pthread.h>

#include "memory/table.h"

/* A version of the table; once replaced, also what has to be waited for. All lock, but the
 * table, which does not change. */
struct version {
	struct version *next; /* retired, or over */
	struct vmmio_memory_gone gone;
	struct vmmio_waiter *waiter; /* NULL: nobody waits */
	bool *clean;    /* set when no device is inside it any more; NULL: nobody asks */
	uint64_t epoch; /* of the pins that may see it */
	int bit;        /* in watch words; negative: see change.c */
	struct vmmio_memory_table *table;
};

struct vmmio_memory {
	/* Stored under lock with release, read anywhere with acquire. */
	_Atomic(struct version *) current;
	atomic_bool all_pinned; /* of the current version; a hint by the time it is read */

	/*
	 * Pins count in pins[epoch % 2]. The epoch goes on (under lock) when the other counter
	 * is 0, so each counter stands for one epoch. seq_cst: a pin is seen by who has
	 * replaced a version, or it sees the new version; who gives a pin back sees waiting,
	 * or his pin is seen to be back.
	 */
	_Atomic uint64_t epoch;
	_Atomic uint64_t pins[2];
	atomic_bool waiting; /* retired is not empty */

	struct vmmio_log log;

	pthread_mutex_t lock; /* all below, and writing all above but pins */
	pthread_cond_t clean; /* some version's clean was set */
	struct vmmio_memory_user *users;
	struct version *retired;
	uint64_t bits; /* of watch words in use */
};

/* What a change has brought to its end: handled once the lock is dropped. */
struct ended {
	struct version *over;
	struct vmmio_memory_event *events;
};

/* --- change.c: lock held, but where it says otherwise --------------------------------- */

/* A version with room for n regions. NULL: no memory. */
struct version *vmmio_version_new(uint32_t n);
void vmmio_version_free(struct version *version);
static inline struct version *vmmio_version_current(struct vmmio_memory *memory)
{
	/* Only writers store it, and they hold the lock we hold. */
	return atomic_load_explicit(&memory->current, memory_order_relaxed);
}

/* Publishes version. The old one, whose gone (serial aside), waiter and clean the caller has
 * set, is retired. */
void vmmio_version_publish(struct vmmio_memory *memory, struct version *version);
/* The same with the dirty logs of the old one. -ENOMEM: version is freed, nothing changed. */
int vmmio_version_replace(struct vmmio_memory *memory, struct version *version);
/* Looks what has ended. */
void vmmio_version_collect(struct vmmio_memory *memory, struct ended *ended);
/* No lock held. Frees, tells, calls; mine, if among them, is not called: true is returned.
 * The memory object may be gone after it. */
bool vmmio_version_finish(struct ended *ended, const struct vmmio_waiter *mine);
bool vmmio_version_pinned(struct vmmio_memory *memory);

/* --- dirty.c --------------------------------------------------------------------------- */

/* Gives the version, not yet published, the logs of the old one's regions, and new ones to
 * others. -ENOMEM: it has none. */
int vmmio_dirty_inherit(struct version *version, const struct version *old);
void vmmio_dirty_drop(struct version *version);

/* --- memory.c: no lock held -------------------------------------------------------------- */
void vmmio_memory_log(const struct vmmio_memory *memory, enum vmmio_log_level level,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
