/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-39 to 41: notifications. A storm of them costs no more than the accesses; none that counts
 * is lost, wherever it comes; and a queue that is not to be served is not looked at.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device/internal.h"
#include "device/sync.h"
#include "hostile/hd_life.h"
#include "hostile/hd_life_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- States a device may be in when it is notified -------------------------------------------------- */

static void not_negotiated(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_STATUS, 3);
}

/* Queues are ready and full of buffers, DRIVER_OK is missing. */
static void not_running(struct rig *rig)
{
	struct vmmio_driver_queue_config config = {.size = HD_SIZE};
	struct vmmio_driver_queue *queue;

	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
	for (unsigned q = 0; q < HD_QUEUES; q++) {
		ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, q, &config, &queue), 0);
		rig_add(rig, q, NULL);
	}
}

static void failed(struct rig *rig)
{
	rig_up(rig);
	rig_write(rig, VMMIO_REG_STATUS, 0x8f);
	for (unsigned q = 0; q < HD_QUEUES; q++)
		rig_add(rig, q, NULL);
}

static void put16(struct rig *rig, uint64_t guest, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(rig->ram + (guest - RIG_RAM_BASE), &value, sizeof(value));
}

/* Split: more buffers than the ring has room for. Packed: a descriptor that leads nowhere. */
static void broken(struct rig *rig)
{
	rig_up(rig);
	for (unsigned q = 0; q < HD_QUEUES; q++) {
		struct vmmio_queue_setup setup;

		vmmio_regfile_queue(rig->dev->rf, q, &setup);
		memset(rig->ram + (setup.desc - RIG_RAM_BASE), 0xff, 8);
		put16(rig, setup.desc + 14, VMMIO_DESC_F_AVAIL); /* packed: available */
		put16(rig, setup.driver + 2, HD_SIZE + 1);	 /* split: idx */
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, q);
	}
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET, 0);
}

static struct rig_waiter resetting_waiter;

/* A chain is out, so the reset does not end. */
static void resetting(struct rig *rig)
{
	rig_up(rig);
	rig_add(rig, 0, NULL);
	resetting_waiter = (struct rig_waiter)RIG_WAITER;
	ck_assert_int_ge(vmmio_device_write_pending(rig->dev, VMMIO_REG_STATUS, 4, 0,
				 &resetting_waiter.waiter), 0);
	rig_settle(rig);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
}

static void was_reset(struct rig *rig)
{
	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_complete_all(rig);
	rig_reset(rig);
}

static void paused(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;

	rig_up(rig);
	ck_assert_int_eq(rig_wait(rig, &w, vmmio_device_pause(rig->dev, &w.waiter)), 0);
	for (unsigned q = 0; q < HD_QUEUES; q++)
		rig_add(rig, q, NULL);
}

static void stopped(struct rig *rig)
{
	rig_up(rig);
	for (unsigned q = 0; q < HD_QUEUES; q++) {
		rig_write(rig, VMMIO_REG_QUEUE_SEL, q);
		rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
		rig_settle(rig);
	}
}

static void fresh(struct rig *rig)
{
	(void)rig;
}

struct state {
	const char *name;
	void (*enter)(struct rig *rig);
	bool looked; /* the backend may be notified: its pop finds nothing */
};

/* In none of these a queue may be served. */
static const struct state idle_states[] = {
	{"fresh", fresh, false}, {"not negotiated", not_negotiated, false},
	{"not running", not_running, false}, {"failed", failed, true}, {"broken", broken, true},
	{"resetting", resetting, false}, {"reset", was_reset, false}, {"paused", paused, false},
	{"stopped", stopped, false},
};

static void leave_state(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;
	int answer = vmmio_device_resume(rig->dev, &w.waiter);

	if (answer != -EALREADY)
		ck_assert_int_eq(rig_wait(rig, &w, answer), 0);
	hd_end(rig);
}

/* --- HD-39: a storm ------------------------------------------------------------------------------------ */

#define STORM 100000u /* ten times as many where the queue runs */

static void kick(struct rig *rig, unsigned i)
{
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, i % HD_QUEUES);
	if (i % 256 == 0) /* what an ioeventfd brings is read, and does not stay readable */
		hd_check(vmmio_device_queue_event(rig->dev, i / 256 % HD_QUEUES) == 0);
}

static void storm(struct rig *rig, const char *name, unsigned n, bool looked)
{
	const unsigned notifies = atomic_load(&rig->puppet->notifies), lines = fixture_logged("");
	const size_t allocs = fixture_allocs();

	for (unsigned i = 0; i < n; i++)
		kick(rig, i);
	ck_assert_msg(fixture_allocs() == allocs, "%s: something was allocated", name);
	ck_assert_msg(fixture_logged("") - lines <= 64, "%s: %u log lines", name,
		fixture_logged("") - lines);
	ck_assert_msg(vmmio_manual_pending(rig->ex) <= 2, "%s: %zu tasks", name,
		vmmio_manual_pending(rig->ex));
	ck_assert_msg(vmmio_manual_run(rig->ex, 100) <= 2, "%s: tasks bring tasks", name);
	ck_assert_msg(atomic_load(&rig->puppet->notifies) - notifies <=
			(looked ? n + n / 256 + 1 : 0),
		"%s: the backend was notified too often", name);
}

START_TEST(storm_of_notifications)
{
	for (unsigned i = 0; i <= COUNT(idle_states); i++) {
		const bool live = i == COUNT(idle_states);
		struct rig *rig = hd_rig(_i, NULL);

		if (live)
			rig_up(rig);
		else
			idle_states[i].enter(rig);
		rig_settle(rig);
		if (live)
			storm(rig, "live", 10 * STORM, true);
		else
			storm(rig, idle_states[i].name, STORM, idle_states[i].looked);
		leave_state(rig);
	}
}
END_TEST

/* An event that is not read would call a loop again and again. */
START_TEST(event_is_read)
{
	for (unsigned i = 0; i < COUNT(idle_states); i++) {
		struct rig *rig = hd_rig(_i, NULL);

		idle_states[i].enter(rig);
		rig_settle(rig);
		for (unsigned q = 0; q < HD_QUEUES; q++) {
			struct pollfd fd = {
				.fd = vmmio_device_queue_eventfd(rig->dev, q), .events = POLLIN};

			ck_assert_int_ge(fd.fd, 0);
			ck_assert_int_eq(write(fd.fd, &(uint64_t){UINT32_MAX}, 8), 8);
			ck_assert_int_eq(poll(&fd, 1, 0), 1);
			ck_assert_int_eq(vmmio_device_queue_event(rig->dev, q), 0);
			ck_assert_msg(poll(&fd, 1, 0) == 0, "%s: not read", idle_states[i].name);
		}
		leave_state(rig);
	}
}
END_TEST

/* --- HD-40: a lost kick ------------------------------------------------------------------------------- */

static struct {
	struct rig *rig; /* NULL: not armed */
	enum vmmio_sync_point at;
	bool by_event, fired;
} moment;

/* Shows a buffer and notifies, past what the test driver thinks of it. */
static void publish(struct rig *rig, bool by_event)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(rig->driver, 0);
	struct vmmio_driver_seg in = {rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};

	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_publish(q);
	if (by_event)
		ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 0), 0);
	else
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
}

static void at_sync_point(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	struct rig *rig = moment.rig;

	(void)dev;
	if (!rig || moment.fired || point != moment.at ||
		!(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_DRIVER_OK))
		return;
	moment.fired = true;
	publish(rig, moment.by_event);
}

/* The one buffer there is has reached the backend, and comes back. */
static void expect_served(struct rig *rig, const char *where, unsigned n)
{
	ck_assert_msg(rig_held(rig) == 1, "%s %u: the kick is lost", where, n);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
}

static bool kick_at(int variant, unsigned point, bool late_start, bool by_event)
{
	struct rig *rig = hd_rig(variant,
		&(struct puppet){.start_answer = late_start ? VMMIO_PENDING : 0});

	moment.at = (enum vmmio_sync_point)point;
	moment.by_event = by_event;
	moment.fired = false;
	moment.rig = rig;
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), HD_QUEUES, HD_SIZE), 0);
	rig_settle(rig);
	rig->puppet->start_answer = 0;
	if (late_start)
		vmmio_device_answer(rig->dev, atomic_load(&rig->puppet->start_token), 0);
	rig_settle(rig);
	moment.rig = NULL;
	if (moment.fired)
		expect_served(rig, "sync point", point);
	rig_check_io(rig);
	rig_free(rig);
	return moment.fired;
}

START_TEST(kick_at_every_point_of_a_start)
{
	unsigned fired = 0;

	vmmio_sync_hook = at_sync_point;
	for (unsigned point = 0; point < VMMIO_SYNC_COUNT; point++)
		for (unsigned how = 0; how < 4; how++)
			fired += kick_at(_i, point, how & 1, how & 2);
	vmmio_sync_hook = NULL;
	ck_assert_uint_ge(fired, 4 * 4);
}
END_TEST

/* 0: a buffer without a kick, before DRIVER_OK; 1: with one; 2, 3: after the write, before the
 * start that it asks for. */
START_TEST(kick_around_driver_ok)
{
	for (unsigned place = 0; place < 4; place++) {
		struct rig *rig = hd_rig(_i, NULL);
		struct vmmio_driver_queue_config config = {.size = HD_SIZE};
		struct vmmio_driver_queue *queue;

		ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
		ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
		ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
		for (unsigned q = 0; q < HD_QUEUES; q++)
			ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, q, &config, &queue),
				0);
		if (place < 2) {
			publish(rig, place == 0); /* an event is forgotten */
			ck_assert_uint_eq(rig_held(rig), 0);
		}
		rig_write(rig, VMMIO_REG_STATUS, 0xf);
		if (place >= 2) {
			publish(rig, place == 2);
			ck_assert_uint_eq(rig_held(rig), 0);
		}
		rig_settle(rig);
		expect_served(rig, "place", place);
		rig_free(rig);
	}
}
END_TEST

/* --- HD-41: queues that are not to be served -------------------------------------------------------------- */

/* Whoever touches guest memory crashes. */
static void forbid_memory(struct rig *rig, bool forbid)
{
	ck_assert_int_eq(mprotect(rig->ram, RIG_RAM_SIZE,
				 forbid ? PROT_NONE : PROT_READ | PROT_WRITE), 0);
}

START_TEST(memory_is_not_touched)
{
	for (unsigned i = 0; i < COUNT(idle_states); i++) {
		struct rig *rig = hd_rig(_i, NULL);
		const uint8_t byte = 1;
		unsigned held;

		idle_states[i].enter(rig);
		rig_settle(rig);
		held = rig_held(rig);
		forbid_memory(rig, true);
		for (unsigned n = 0; n < 64; n++) {
			kick(rig, n);
			kick(rig, 256 * n);
			vmmio_queue_kick(vmmio_device_queue(rig->dev, n % HD_QUEUES));
			rig_settle(rig);
		}
		ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, &byte, 1), 0);
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		rig_settle(rig);
		ck_assert_msg(rig_held(rig) == held, "%s: a buffer was taken", idle_states[i].name);
		forbid_memory(rig, false);
		leave_state(rig);
	}
}
END_TEST

void hd_life_kicks(Suite *s)
{
	TCase *tc = fixture_tcase(s, "hd_39");

	tcase_add_loop_test(tc, storm_of_notifications, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, event_is_read, 0, RIG_VARIANTS);
	tc = fixture_tcase(s, "hd_40");
	tcase_add_loop_test(tc, kick_at_every_point_of_a_start, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, kick_around_driver_ok, 0, RIG_VARIANTS);
	hd_life_events(tc);
	tcase_add_loop_test(fixture_tcase(s, "hd_41"), memory_is_not_touched, 0, RIG_VARIANTS);
}
