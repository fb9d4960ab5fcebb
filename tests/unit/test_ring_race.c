/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver on a thread of its own. One is hostile and rewrites ring memory under our feet
 * (HD-12): the sanitizers are the judges. The other is correct, and sleeps on both sides
 * until it is notified: a lost notification hangs the test (HD-40).
 */
#include "ring_rig.h"
#include "support/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { POPS = 30000, CHAINS = 20000 };

static struct vmmio_chain chains[RIG_MAX_SIZE];

/* --- The hostile one --------------------------------------------------------- */

struct flipper {
	struct rig *rig;
	atomic_bool stop;
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void store16(void *at, uint32_t value)
{
	__atomic_store_n((uint16_t *)at, (uint16_t)value, __ATOMIC_RELAXED);
}

static void flip_descriptor(char *at, uint32_t *state, bool packed)
{
	static const uint64_t places[] = {RIG_DATA, RIG_DATA2 - 8, RIG_ROM, RIG_HOLE - 8,
		RIG_DATA + 0x8000, UINT64_MAX - 7};
	const uint32_t r = next_random(state);

	__atomic_store_n((uint64_t *)(void *)at, places[r % 8 % 6], __ATOMIC_RELAXED);
	__atomic_store_n((uint32_t *)(void *)(at + 8), r >> 3 & 0x70, __ATOMIC_RELAXED);
	store16(at + (packed ? 14 : 12), (r >> 10 & 7 & (r >> 20 | 3)) | (r >> 5 & 0x8080));
	store16(at + (packed ? 12 : 14), r >> 24 & 15);
}

static void *flip(void *arg)
{
	struct flipper *flipper = arg;
	struct rig *rig = flipper->rig;
	char *desc = rig->table->region[0].host, *driver = rig->table->region[1].host;
	char *table = (char *)rig->table->region[3].host + 0x8000;
	uint32_t state = 1;

	while (!atomic_load(&flipper->stop)) {
		const uint32_t r = next_random(&state);

		flip_descriptor(desc + r % 8 * 16, &state, rig->packed);
		flip_descriptor(table + (r >> 3) % 8 * 16, &state, rig->packed);
		if (rig->packed) {
			store16(driver + (r & 2), r >> 16);
			continue;
		}
		store16(driver + 4 + (r >> 6) % 9 * 2, r >> 28);
		/* Mostly a little ahead of what has been used, so that chains come through. */
		store16(driver + 2,
			__atomic_load_n((uint16_t *)(void *)((char *)rig->table->region[2].host + 2),
				__ATOMIC_RELAXED) + (r >> 12) % 9);
	}
	return NULL;
}

/* Every piece lies in a region, and what may be written in a writable one. */
static void check_pieces(const struct rig *rig, const struct vmmio_iovec *iov, uint32_t n,
	bool write)
{
	uint32_t i, k;

	for (i = 0; i < n; i++) {
		const char *base = iov[i].base;

		for (k = 0; k < rig->table->n; k++) {
			const struct vmmio_region *region = &rig->table->region[k];
			const char *host = region->host;

			if (base >= host && base + iov[i].len <= host + region->size &&
				!(write && region->flags & VMMIO_REGION_READ_ONLY))
				break;
		}
		ck_assert_uint_lt(k, rig->table->n);
	}
}

START_TEST(hostile_driver)
{
	struct rig_options options = {.packed = _i & 1, .event_idx = _i & 2, .in_order = _i & 2};
	struct flipper flipper = {.stop = false};
	unsigned round, i, n, faults[VMMIO_FAULT_COUNT] = {0}, popped = 0;
	struct rig rig;
	pthread_t thread;

	rig_up(&rig, &options);
	flipper.rig = &rig;
	ck_assert_int_eq(pthread_create(&thread, NULL, flip, &flipper), 0);
	/* Until it did reach the walk, not only the door: on a busy machine that takes a while,
	 * on none for ever. */
	for (round = 0; round < POPS || popped < 100 ||
			(round < 1000 * POPS && !faults[VMMIO_FAULT_EMPTY_BUFFER] &&
				!faults[VMMIO_FAULT_BUFFER_MEMORY]);
		round++) {
		n = rig_pop(&rig, chains, 8);
		for (i = 0; i < n; i++) {
			check_pieces(&rig, chains[i].readable, chains[i].n_readable, false);
			check_pieces(&rig, chains[i].writable, chains[i].n_writable, true);
		}
		for (i = n; i-- > 0;)
			rig_complete(&rig, chains[i].token, chains[i].writable_len);
		popped += n;
		vmmio_ring_should_notify(&rig.ring);
		vmmio_ring_notifications(&rig.ring, round & 1);
		ck_assert_uint_eq(rig.ring.leases, 0);
		faults[rig.ring.fault]++;
		if (rig.ring.fault)
			ck_assert_int_eq(vmmio_ring_init(&rig.ring, &rig.config, rig.table,
						 rig.storage, rig.ring.generation), 0);
	}
	atomic_store(&flipper.stop, true);
	pthread_join(thread, NULL);
	ck_assert_uint_gt(faults[VMMIO_FAULT_EMPTY_BUFFER] + faults[VMMIO_FAULT_BUFFER_MEMORY], 0);
	rig_down(&rig);
}
END_TEST

/* --- The correct one --------------------------------------------------------- */

struct driver {
	struct rig *rig;
	sem_t kick, interrupt;
	bool failed;
};

/* GCC warns that its thread sanitizer does not model fences; no verdict here needs it to. */
static void driver_fence(void)
{
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

/* After a buffer was added at this index or position: does the device want to know? */
static bool must_kick(struct rig *rig, uint16_t was, bool was_wrap)
{
	uint16_t event, flags;

	driver_fence();
	rig_device_event(rig, &event, &flags);
	if (!rig->config.event_idx)
		return !(flags & 1);
	if (rig->packed)
		return flags != 1 && (flags != 2 || event == (uint16_t)(was | was_wrap << 15));
	return event == was;
}

static void add_and_kick(struct driver *driver, uint16_t id)
{
	struct rig *rig = driver->rig;
	const uint16_t was = rig->avail;
	const bool was_wrap = rig->avail_wrap;

	rig_add_one(rig, id);
	if (must_kick(rig, was, was_wrap))
		sem_post(&driver->kick);
}

/* Asks for an interrupt at the next used entry and looks once more, then sleeps. */
static void wait_used(struct driver *driver, uint16_t *id)
{
	struct rig *rig = driver->rig;
	uint32_t len;

	while (!rig_used(rig, id, &len, NULL)) {
		rig_driver_event(rig,
			(uint16_t)(rig->used | (rig->packed ? rig->used_wrap << 15 : 0)),
			rig->packed && rig->config.event_idx ? 2 : 0);
		driver_fence();
		if (rig_used(rig, id, &len, NULL))
			return;
		sem_wait(&driver->interrupt);
	}
}

static void *drive(void *arg)
{
	struct driver *driver = arg;
	unsigned added = 0, used;

	for (used = 0; used < CHAINS; used++) {
		uint16_t id;

		/* One to three in flight. */
		while (added < CHAINS && added - used <= used % 3) {
			add_and_kick(driver, (uint16_t)(added % 8));
			added++;
		}
		wait_used(driver, &id);
		driver->failed |= id != used % 8;
	}
	return NULL;
}

START_TEST(no_notification_is_lost)
{
	struct rig_options options = {.packed = _i & 1, .event_idx = _i & 2};
	struct driver driver = {.failed = false};
	unsigned i, n, done = 0;
	struct rig rig;
	pthread_t thread;

	rig_up(&rig, &options);
	driver.rig = &rig;
	sem_init(&driver.kick, 0, 0);
	sem_init(&driver.interrupt, 0, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, drive, &driver), 0);
	while (done < CHAINS) {
		/* Now and then as a polling backend does. */
		const bool polls = done % 5 == 0;

		if (polls)
			vmmio_ring_notifications(&rig.ring, false);
		n = rig_pop(&rig, chains, 2);
		for (i = 0; i < n; i++)
			rig_complete(&rig, chains[i].token, 0);
		done += n;
		if (n && vmmio_ring_should_notify(&rig.ring))
			sem_post(&driver.interrupt);
		if (polls && vmmio_ring_notifications(&rig.ring, true))
			continue;
		if (!n && done < CHAINS)
			sem_wait(&driver.kick);
	}
	pthread_join(thread, NULL);
	ck_assert(!driver.failed);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_NONE);
	sem_destroy(&driver.kick);
	sem_destroy(&driver.interrupt);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring race");
	TCase *tc = fixture_tcase(s, "hostile");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, hostile_driver, 0, 4);
	tc = fixture_tcase(s, "correct");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, no_notification_is_lost, 0, 4);
	return fixture_main(s);
}
