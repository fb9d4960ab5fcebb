/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One version of the table replaces another, and the old one gets out of reach.
 *
 * Readers load the current version and take no lock of ours. The old version has to stay,
 * with the memory it shows, for two kinds of them:
 *   a device inside a ring, and the chains it has taken from it: its look function says;
 *   pins.
 * Every replaced version goes through the same list, whether somebody waits for it or it
 * is only to be freed. Nobody blocks: who may have brought about the end of one calls
 * vmmio_memory_recheck.
 */
#include "memory/internal.h"

#include <errno.h>
#include <stdlib.h>

#define BITS 63

/* Values of version.bit that are none. */
enum {
	NO_BIT = -1,
	UNREACHED = -2, /* no device reaches it any more, but a pin may */
};

struct version *vmmio_version_new(uint32_t n)
{
	const size_t table = sizeof(struct vmmio_memory_table) + n * sizeof(struct vmmio_region);
	struct version *version =
		calloc(1, sizeof(*version) + table + n * sizeof(struct vmmio_dirty *));

	if (!version)
		return NULL;
	version->bit = NO_BIT;
	version->table = (void *)(version + 1);
	return version;
}

void vmmio_version_free(struct version *version)
{
	vmmio_dirty_drop(version);
	free(version);
}

static bool all_pinned(const struct vmmio_memory_table *table)
{
	for (uint32_t i = 0; i < table->n; i++)
		if (!(table->region[i].flags & VMMIO_REGION_PINNED))
			return false;
	return true;
}

void vmmio_version_publish(struct vmmio_memory *memory, struct version *version)
{
	struct version *old = vmmio_version_current(memory), **end = &memory->retired;

	old->gone.serial = old->table->serial;
	if (old->waiter)
		old->waiter->priv[0] = memory;
	/* Pairs with the acquire in vmmio_memory_table: who sees it sees its rows. */
	atomic_store_explicit(&memory->current, version, memory_order_release);
	atomic_store(&memory->all_pinned, all_pinned(version->table));
	atomic_store(&memory->waiting, true);
	/* Before we look at pins, as a pin is counted before its holder looks at current. */
	atomic_thread_fence(memory_order_seq_cst);
	old->epoch = atomic_load(&memory->epoch);
	while (*end)
		end = &(*end)->next;
	*end = old;
}

int vmmio_version_replace(struct vmmio_memory *memory, struct version *version)
{
	const struct version *old = vmmio_version_current(memory);

	if (old->table->dirty && vmmio_dirty_inherit(version, old)) {
		vmmio_version_free(version);
		return -ENOMEM;
	}
	vmmio_version_publish(memory, version);
	return 0;
}

/* Whether all pins are back that may have been taken on the version. */
static bool pins_are_back(struct vmmio_memory *memory, const struct version *version)
{
	uint64_t now = atomic_load(&memory->epoch);

	if (now == version->epoch) {
		if (atomic_load(&memory->pins[(now + 1) % 2]))
			return false;
		atomic_store(&memory->epoch, ++now);
	}
	return now > version->epoch + 1 || !atomic_load(&memory->pins[version->epoch % 2]);
}

bool vmmio_version_pinned(struct vmmio_memory *memory)
{
	return atomic_load(&memory->pins[0]) || atomic_load(&memory->pins[1]);
}

/* A bit that is not in use; the last one is for versions that somebody sits and waits for.
 * BITS: there is none. */
static int free_bit(const struct vmmio_memory *memory, const struct version *version)
{
	const int limit = version->clean ? BITS : BITS - 1;
	int bit = 0;

	while (bit < limit && memory->bits >> bit & 1)
		bit++;
	return bit < limit ? bit : BITS;
}

/* Gives bits to the versions that have none, as far as they go. */
static void hand_out_bits(struct vmmio_memory *memory, struct vmmio_memory_look *look)
{
	for (struct version *v = memory->retired; v; v = v->next) {
		const int bit = v->bit == NO_BIT ? free_bit(memory, v) : v->bit;

		if (bit < 0 || bit == BITS)
			continue;
		if (v->bit == NO_BIT) {
			v->bit = bit;
			memory->bits |= UINT64_C(1) << bit;
			look->asked |= UINT64_C(1) << bit;
		}
		look->gone[bit] = &v->gone;
	}
}

static void is_unreached(struct vmmio_memory *memory, struct version *v)
{
	memory->bits &= ~(UINT64_C(1) << v->bit);
	v->bit = UNREACHED;
	if (!v->clean)
		return;
	*v->clean = true;
	v->clean = NULL;
	pthread_cond_broadcast(&memory->clean);
}

/* Takes what is out of reach off the list. */
static void take_over(struct vmmio_memory *memory, uint64_t reached, struct version **over)
{
	struct version **link = &memory->retired;

	while (*link) {
		struct version *v = *link;

		if (v->bit >= 0 && !(reached >> v->bit & 1))
			is_unreached(memory, v);
		if (v->bit != UNREACHED || !pins_are_back(memory, v)) {
			link = &v->next;
			continue;
		}
		*link = v->next;
		vmmio_dirty_drop(v);
		v->next = *over;
		*over = v;
	}
}

static bool somebody_has_no_bit(const struct vmmio_memory *memory)
{
	for (const struct version *v = memory->retired; v; v = v->next)
		if (v->bit == NO_BIT)
			return true;
	return false;
}

void vmmio_version_collect(struct vmmio_memory *memory, struct ended *ended)
{
	uint64_t before;

	/* Again when bits have become free that somebody needs. */
	do {
		struct vmmio_memory_look look = {.events = ended->events};
		uint64_t reached = 0;

		hand_out_bits(memory, &look);
		before = memory->bits;
		for (struct vmmio_memory_user *u = memory->users; u; u = u->next)
			reached |= u->look(u, &look);
		ended->events = look.events;
		take_over(memory, reached, &ended->over);
	} while (memory->bits != before && somebody_has_no_bit(memory));
	if (!memory->retired)
		atomic_store(&memory->waiting, false);
}

bool vmmio_version_finish(struct ended *ended, const struct vmmio_waiter *mine)
{
	bool found = false;

	while (ended->events) {
		struct vmmio_memory_event *event = ended->events;

		ended->events = event->next;
		event->tell(event);
	}
	while (ended->over) {
		struct version *version = ended->over;
		struct vmmio_waiter *waiter = version->waiter;

		ended->over = version->next;
		free(version);
		if (!waiter)
			continue;
		waiter->priv[0] = NULL;
		if (waiter == mine)
			found = true;
		else
			waiter->done(waiter, 0);
	}
	return found;
}

void vmmio_memory_recheck(struct vmmio_memory *memory)
{
	struct ended ended = {NULL, NULL};

	pthread_mutex_lock(&memory->lock);
	vmmio_version_collect(memory, &ended);
	pthread_mutex_unlock(&memory->lock);
	vmmio_version_finish(&ended, NULL);
}

void vmmio_memory_use(struct vmmio_memory *memory, struct vmmio_memory_user *user)
{
	pthread_mutex_lock(&memory->lock);
	user->next = memory->users;
	user->link = &memory->users;
	if (user->next)
		user->next->link = &user->next;
	memory->users = user;
	pthread_mutex_unlock(&memory->lock);
}

void vmmio_memory_unuse(struct vmmio_memory *memory, struct vmmio_memory_user *user)
{
	struct ended ended = {NULL, NULL};

	pthread_mutex_lock(&memory->lock);
	*user->link = user->next;
	if (user->next)
		user->next->link = user->link;
	vmmio_version_collect(memory, &ended);
	pthread_mutex_unlock(&memory->lock);
	/* Destroy may have succeeded by now. */
	vmmio_version_finish(&ended, NULL);
}

unsigned vmmio_memory_pin(struct vmmio_memory *memory)
{
	for (;;) {
		const uint64_t epoch = atomic_load(&memory->epoch);

		atomic_fetch_add(&memory->pins[epoch % 2], 1);
		if (atomic_load(&memory->epoch) == epoch) {
			/* Counted before its holder looks at current: see publish. */
			atomic_thread_fence(memory_order_seq_cst);
			return (unsigned)(epoch % 2);
		}
		/* The epoch went on; this one counted for nobody, but may have been seen. */
		vmmio_memory_unpin(memory, (unsigned)(epoch % 2));
	}
}

void vmmio_memory_unpin(struct vmmio_memory *memory, unsigned pin)
{
	atomic_fetch_sub(&memory->pins[pin % 2], 1);
	if (atomic_load(&memory->waiting))
		vmmio_memory_recheck(memory);
}
