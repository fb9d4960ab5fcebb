/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regions come and go under a device that is driven, completed and reset from other threads.
 * From its report until it is added again a region cannot be accessed: who touches it by way
 * of a chain that was overlooked crashes.
 */
#include "memory_rig.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>

#define CYCLES 150u

struct storm {
	struct rig *rig;
	_Atomic bool driver_stop, completer_stop;
	unsigned resets;
	unsigned later, at_once, tried; /* removals, by how they went */
};

struct signal {
	struct vmmio_waiter waiter;
	sem_t done;
};

static void post(struct vmmio_waiter *waiter, int result)
{
	ck_assert_int_eq(result, 0);
	sem_post(&((struct signal *)waiter)->done);
}

/* Whether it had to be waited for. */
static bool remove_and_wait(struct rig *rig, enum place place)
{
	struct signal signal = {.waiter = {.done = post}};
	int ret;

	sem_init(&signal.done, 0, 0);
	ret = vmmio_memory_remove(rig->memory, place_guest(place), &signal.waiter);
	ck_assert(ret == 0 || ret == VMMIO_PENDING);
	if (ret)
		sem_wait(&signal.done);
	return ret;
}

static void add_back(struct rig *rig, enum place place)
{
	const struct vmmio_region region = place_region(rig, place);

	ck_assert_int_eq(mprotect(region.host, region.size, PROT_READ | PROT_WRITE), 0);
	ck_assert_int_eq(vmmio_memory_add(rig->memory, &region), 0);
}

static void log_dirty(struct rig *rig, unsigned cycle)
{
	uint64_t words[8];

	if (cycle % 8 == 2)
		ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	else if (cycle % 8 == 6)
		ck_assert_int_eq(vmmio_memory_dirty_stop(rig->memory), 0);
	else if (cycle % 8 > 2 && cycle % 8 < 6)
		ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, place_guest(MAIN), words, 8), 0);
}

static void *change_memory(void *arg)
{
	struct storm *storm = arg;
	struct rig *rig = storm->rig;

	for (unsigned cycle = 0; cycle < CYCLES; cycle++) {
		unsigned pin = vmmio_memory_pin(rig->memory);

		log_dirty(rig, cycle);
		vmmio_memory_unpin(rig->memory, pin);
		if (remove_and_wait(rig, BUF))
			storm->later++;
		else
			storm->at_once++;
		forbid(rig, BUF);
		if (vmmio_memory_try_remove(rig->memory, place_guest(BUF2)) == 0) {
			storm->tried++;
			forbid(rig, BUF2);
			add_back(rig, BUF2);
		}
		if (cycle % 16 == 0) { /* the driver writes here itself: no guard */
			remove_and_wait(rig, RING);
			add_back(rig, RING);
		}
		add_back(rig, BUF);
		sched_yield();
	}
	return NULL;
}

static void *complete(void *arg)
{
	struct storm *storm = arg;

	while (!atomic_load(&storm->completer_stop))
		if (!rig_complete(storm->rig, 0, 64))
			sched_yield();
	return NULL;
}

static bool is_broken(struct rig *rig)
{
	return rig_reap(rig, 0) < 0 || rig_reap(rig, 1) < 0 ||
	       rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static void drive(struct rig *rig, unsigned i)
{
	static const enum place places[] = {MAIN, BUF, MAIN, BUF2};
	struct vmmio_driver_seg out = {place_guest(places[i % 4]) + 0x10000, 64};
	struct vmmio_driver_seg in = {out.addr + 4096, 64};
	struct vmmio_driver_chain chain = {.out = &out, .in = &in, .n_out = 1, .n_in = 1};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(rig->driver, i / 2 % 2);

	if (vmmio_driver_queue_add(queue, &chain) >= 0)
		vmmio_driver_queue_kick(queue);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
}

static void *drive_device(void *arg)
{
	struct storm *storm = arg;
	struct rig *rig = storm->rig;

	for (unsigned i = 0; !atomic_load(&storm->driver_stop); i++) {
		drive(rig, i);
		if (is_broken(rig) || i % 1000 == 999) {
			ck_assert_int_eq(vmmio_driver_reset(rig->driver, VMMIO_DRIVER_FOREVER), 0);
			ck_assert_int_le(memory_try_up(rig, 0), 0);
			storm->resets++;
		}
	}
	return NULL;
}

START_TEST(regions_come_and_go)
{
	struct puppet puppet = {.dma = true}; /* by the completer alone: buffers are shared */
	struct storm storm = {.rig = memory_rig_with(_i,
				      (struct rig_options){.puppet = &puppet, .pool = true})};
	pthread_t memory, driver, completer;

	fixture_expect_log("is broken");
	memory_up(storm.rig, 0);
	ck_assert_int_eq(pthread_create(&completer, NULL, complete, &storm), 0);
	ck_assert_int_eq(pthread_create(&driver, NULL, drive_device, &storm), 0);
	ck_assert_int_eq(pthread_create(&memory, NULL, change_memory, &storm), 0);
	pthread_join(memory, NULL);
	atomic_store(&storm.driver_stop, true);
	pthread_join(driver, NULL);
	atomic_store(&storm.completer_stop, true);
	pthread_join(completer, NULL);
	ck_assert_uint_eq(rig_counters(storm.rig).wrong_tokens, 0);
	rig_free(storm.rig);
}
END_TEST

struct remover {
	struct vmmio_memory *memory;
	struct report report;
	int result;
};

/* No check: that would be a lock. */
static void *take_ring_away(void *arg)
{
	struct remover *r = arg;

	r->result = vmmio_memory_remove(r->memory, place_guest(RING), &r->report.waiter);
	return NULL;
}

/* Whoever breaks a ring has a pass of it; when he has left he must not look at the device.
 * For the thread sanitizer: what it may not see is a read that nothing orders. */
START_TEST(device_goes_behind_who_breaks_its_ring)
{
	for (unsigned i = 0; i < 20; i++) {
		struct rig *rig = memory_rig(_i, NULL);
		struct remover remover = {.memory = rig->memory};
		pthread_t thread;

		report_init(&remover.report);
		fixture_expect_log("is broken");
		memory_up(rig, 0);
		ck_assert_int_eq(pthread_create(&thread, NULL, take_ring_away, &remover), 0);
		while (!is_broken(rig))
			sched_yield();
		for (unsigned n = 0; n < 100; n++)
			sched_yield();
		rig_destroy_device(rig);
		pthread_join(thread, NULL);
		ck_assert_int_eq(remover.result, 0);
		rig_free(rig);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory_storm");
	TCase *tc = fixture_tcase(s, "storm");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, regions_come_and_go, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, device_goes_behind_who_breaks_its_ring, 0, RIG_VARIANTS);
	return fixture_main(s);
}
