/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regions come and go under the devices, dirty log on and off. From its report until it is
 * added again a region is filled by us with plain writes and cannot be accessed: who still
 * writes there races, or crashes.
 */
#include "stress/storm.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct vmmio_region region_of(struct slot *s, bool extra)
{
	return (struct vmmio_region){
		.guest = s->guest + (extra ? MAIN_SIZE : 0),
		.size = extra ? EXTRA_SIZE : MAIN_SIZE,
		.host = s->ram + (extra ? MAIN_SIZE : 0),
		.flags = s->index & 1 ? VMMIO_REGION_PINNED : 0,
	};
}

static void add(struct slot *s, bool extra)
{
	const struct vmmio_region region = region_of(s, extra);
	int error = vmmio_memory_add(storm.memory, &region);

	if (error)
		storm_wrong(s, "region not added: error %d", error);
}

/* --- The extra region -------------------------------------------------------------------- */

/* Reported: ours until it is added again. */
static void forbid(struct slot *s)
{
	uint8_t *extra = s->ram + MAIN_SIZE;

	memset(extra, 0x22, EXTRA_SIZE);
	if (mprotect(extra, EXTRA_SIZE, PROT_NONE))
		storm_die("mprotect", errno);
}

static void allow(struct slot *s)
{
	uint8_t *extra = s->ram + MAIN_SIZE;

	if (mprotect(extra, EXTRA_SIZE, PROT_READ | PROT_WRITE))
		storm_die("mprotect", errno);
	for (unsigned i = 0; i < EXTRA_SIZE; i++)
		if (extra[i] != 0x22) {
			storm_wrong(s, "memory was written after its removal was reported");
			break;
		}
}

static struct slot *slot_of(const struct vmmio_waiter *waiter)
{
	for (unsigned i = 0; i < storm.n_slots; i++)
		if (waiter == &storm.slots[i].extra_waiter || waiter == &storm.slots[i].main_waiter)
			return &storm.slots[i];
	storm_die("unknown waiter", EINVAL);
}

static void remove_extra(struct slot *s)
{
	int result;

	atomic_store(&s->extra, EXTRA_GOING);
	storm_begin(s, REMOVE);
	result = vmmio_memory_remove(storm.memory, region_of(s, true).guest, &s->extra_waiter);
	if (result == VMMIO_PENDING)
		return;
	if (result)
		storm_wrong(s, "region not removed: error %d", result);
	forbid(s);
	storm_end(s, REMOVE);
	atomic_store(&s->extra, EXTRA_GONE);
}

/* The waiter is ours again: sometimes for the next removal. */
static void extra_done(struct vmmio_waiter *waiter, int result)
{
	struct slot *s = slot_of(waiter);

	if (result || atomic_load(&s->extra) != EXTRA_GOING)
		storm_wrong(s, "a removal was told %d in state %d", result, atomic_load(&s->extra));
	forbid(s);
	storm_end(s, REMOVE);
	if (storm_random(4) || atomic_load(&storm.stop)) {
		atomic_store(&s->extra, EXTRA_GONE);
		return;
	}
	allow(s);
	add(s, true);
	remove_extra(s);
}

static void change_extra(struct slot *s)
{
	int state = atomic_load(&s->extra);

	if (state == EXTRA_GONE) {
		allow(s);
		add(s, true);
		atomic_store(&s->extra, EXTRA_THERE);
	} else if (state == EXTRA_THERE && storm_random(2)) {
		remove_extra(s);
	} else if (state == EXTRA_THERE) {
		int error = vmmio_memory_try_remove(storm.memory, region_of(s, true).guest);

		if (!error) {
			forbid(s);
			atomic_store(&s->extra, EXTRA_GONE);
		} else if (error != -EBUSY) {
			storm_wrong(s, "try_remove: error %d", error);
		}
	}
}

/* --- The region of the rings: a removal breaks them; the driver goes on writing ---------- */

static void main_done(struct vmmio_waiter *waiter, int result)
{
	struct slot *s = slot_of(waiter);

	if (result || !atomic_exchange(&s->main_gone, false))
		storm_wrong(s, "the removal of rings was told %d, or twice", result);
}

static void change_main(struct slot *s)
{
	int result;

	if (atomic_exchange(&s->main_gone, true))
		return;
	result = vmmio_memory_remove(storm.memory, region_of(s, false).guest, &s->main_waiter);
	if (result == 0 && !atomic_exchange(&s->main_gone, false))
		storm_wrong(s, "the removal of rings was answered and told");
	if (result < 0)
		storm_wrong(s, "rings not removed: error %d", result);
	sched_yield();
	add(s, false);
}

/* --- Everything -------------------------------------------------------------------------- */

void storm_memory_new(struct slot *s)
{
	s->extra_waiter.done = extra_done;
	s->main_waiter.done = main_done;
	add(s, false);
	add(s, true);
}

/* The device is gone: so is all that could hold up a report. */
void storm_memory_settle(struct slot *s)
{
	if (atomic_load(&s->extra) == EXTRA_GOING || atomic_load(&s->main_gone))
		storm_wrong(s, "a removal was never told");
}

static void log_dirty(bool *on)
{
	uint64_t words[2];
	int error = *on ? 0 : vmmio_memory_dirty_start(storm.memory);

	if (!error && *on && storm_random(8)) {
		struct slot *s = storm_slot();

		error = vmmio_memory_dirty_get(storm.memory, region_of(s, false).guest, words, 2);
	} else if (!error) {
		if (*on)
			error = vmmio_memory_dirty_stop(storm.memory);
		*on = !*on;
	}
	if (error)
		storm_die("dirty log", error);
}

void *storm_memory_thread(void *number)
{
	bool dirty = false;

	storm_random_begin(500 + (uintptr_t)number);
	while (!atomic_load(&storm.stop)) {
		struct slot *s = storm_slot();
		unsigned pin = vmmio_memory_pin(storm.memory);

		sched_yield();
		vmmio_memory_unpin(storm.memory, pin);
		if (storm_random(32) == 0)
			change_main(s);
		else
			change_extra(s);
		if (storm_random(4) == 0)
			log_dirty(&dirty);
		usleep(200);
	}
	if (dirty && vmmio_memory_dirty_stop(storm.memory))
		storm_die("dirty log", 0);
	return NULL;
}
