/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polled descriptors and timers.
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "test_io.h"

/* --- Polls ------------------------------------------------------------------------------ */

struct kick {
	struct vmmio_io_poll poll;
	struct vmmio_io *io;
	atomic_uint calls;
	atomic_uint value; /* taken out of the eventfd so far */
	bool remove;
};

static void kicked(struct vmmio_io_poll *poll)
{
	struct kick *kick = (struct kick *)poll;
	uint64_t value;

	if (read(poll->fd, &value, sizeof(value)) == sizeof(value))
		atomic_fetch_add(&kick->value, (unsigned)value);
	if (kick->remove) {
		vmmio_io_poll_remove(kick->io, poll);
		vmmio_io_poll_remove(kick->io, poll);
	}
	atomic_fetch_add(&kick->calls, 1);
}

static void kick_add(struct kick *kick, struct vmmio_io *io)
{
	*kick = (struct kick){.poll = {.ready = kicked}, .io = io};
	kick->poll.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(kick->poll.fd, 0);
	ck_assert_int_eq(vmmio_io_poll_add(io, &kick->poll), 0);
}

static void kick_write(struct kick *kick)
{
	uint64_t one = 1;

	ck_assert_int_eq(write(kick->poll.fd, &one, sizeof(one)), sizeof(one));
}

static void kick_wait(struct kick *kick, unsigned value)
{
	while (atomic_load(&kick->value) < value)
		io_drive(kick->io);
}

/* The engine has looked at all that came before. */
static void go_round(struct vmmio_io *io)
{
	int file = file_new(PAGE);
	char in[16];

	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, file, in, 16, 0), 16);
	close(file);
}

START_TEST(each_kick_is_seen)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct kick kicks[3];

	for (unsigned i = 0; i < 3; i++)
		kick_add(&kicks[i], io);
	for (unsigned n = 1; n <= 200; n++) {
		kick_write(&kicks[n % 3]);
		kick_wait(&kicks[n % 3], n / 3 + (n % 3 ? 1 : 0));
	}
	for (unsigned i = 0; i < 3; i++) {
		vmmio_io_poll_remove(io, &kicks[i].poll);
		close(kicks[i].poll.fd);
	}
	io_end(io);
}
END_TEST

START_TEST(what_was_readable_before_is_seen)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct kick kick;

	kick_add(&kick, io);
	vmmio_io_poll_remove(io, &kick.poll);
	kick_write(&kick);
	go_round(io);
	ck_assert_uint_eq(atomic_load(&kick.calls), 0);
	ck_assert_int_eq(vmmio_io_poll_add(io, &kick.poll), 0);
	kick_wait(&kick, 1);
	vmmio_io_poll_remove(io, &kick.poll);
	close(kick.poll.fd);
	io_end(io);
}
END_TEST

START_TEST(ready_may_remove_itself)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct kick kick, other;

	kick_add(&kick, io);
	kick_add(&other, io);
	kick.remove = true;
	kick_write(&kick);
	kick_wait(&kick, 1);
	kick_write(&kick);
	kick_write(&other);
	kick_wait(&other, 1);
	go_round(io);
	ck_assert_uint_eq(atomic_load(&kick.calls), 1);
	vmmio_io_poll_remove(io, &other.poll);
	close(kick.poll.fd);
	close(other.poll.fd);
	io_end(io);
}
END_TEST

START_TEST(short_lived_polls_leave_nothing)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct kick kick;

	/* Closed before the engine has looked, or while it does. */
	for (unsigned i = 0; i < 1000; i++) {
		kick_add(&kick, io);
		if (i & 1)
			kick_write(&kick);
		vmmio_io_poll_remove(io, &kick.poll);
		close(kick.poll.fd);
		if (i % 64 == 0)
			go_round(io);
	}
	io_end(io);
}
END_TEST

static sem_t entered, go_on;
static atomic_bool left;

static void slow_ready(struct vmmio_io_poll *poll)
{
	uint64_t value;

	ck_assert_int_eq(read(poll->fd, &value, sizeof(value)), sizeof(value));
	sem_post(&entered);
	sem_wait(&go_on);
	atomic_store(&left, true);
}

struct removal {
	struct vmmio_io *io;
	struct vmmio_io_poll *poll;
	bool left; /* what it saw when remove returned */
};

static void *remove_it(void *arg)
{
	struct removal *removal = arg;

	sem_wait(&entered);
	sem_post(&go_on); /* ready runs on, and remove has to wait for its end */
	vmmio_io_poll_remove(removal->io, removal->poll);
	removal->left = atomic_load(&left);
	return NULL;
}

START_TEST(removal_waits_for_ready)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);

	sem_init(&entered, 0, 0);
	sem_init(&go_on, 0, 0);
	for (unsigned i = 0; i < 300; i++) {
		struct vmmio_io_poll poll = {.ready = slow_ready};
		struct removal removal = {.io = io, .poll = &poll};
		uint64_t one = 1;
		pthread_t thread;

		atomic_store(&left, false);
		poll.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ck_assert_int_eq(vmmio_io_poll_add(io, &poll), 0);
		ck_assert_int_eq(write(poll.fd, &one, sizeof(one)), sizeof(one));
		ck_assert_int_eq(pthread_create(&thread, NULL, remove_it, &removal), 0);
		while (io_configs[_i].form != VMMIO_IO_THREADS && !atomic_load(&left))
			io_drive(io);
		pthread_join(thread, NULL);
		ck_assert(removal.left);
		close(poll.fd);
	}
	io_end(io);
}
END_TEST

START_TEST(refuses_what_cannot_be_polled)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct vmmio_io_poll poll = {.fd = file_new(PAGE), .ready = kicked};
	struct kick kick;

	fixture_expect_log("cannot be polled");
	ck_assert_int_eq(vmmio_io_poll_add(io, &poll), -EPERM);
	close(poll.fd);
	poll.fd = -1;
	ck_assert_int_eq(vmmio_io_poll_add(io, &poll), -EBADF);
	kick_add(&kick, io);
	ck_assert_int_eq(vmmio_io_poll_add(io, &kick.poll), -EEXIST);
	poll = (struct vmmio_io_poll){.fd = kick.poll.fd};
	ck_assert_int_eq(vmmio_io_poll_add(io, &poll), -EINVAL);
	fixture_fail_alloc(1, false);
	poll.ready = kicked;
	ck_assert_int_eq(vmmio_io_poll_add(io, &poll), -ENOMEM);
	fixture_fail_alloc(0, false);
	ck_assert_uint_eq(fixture_logged("cannot be polled"), 5);
	kick_write(&kick);
	kick_wait(&kick, 1);
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY); /* the poll is left */
	vmmio_io_poll_remove(io, &kick.poll);
	vmmio_io_poll_remove(io, &kick.poll);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	close(kick.poll.fd);
}
END_TEST

/* --- Timers ------------------------------------------------------------------------------ */

struct alarm {
	struct vmmio_io_timer timer;
	struct vmmio_io *io;
	uint64_t at;
	unsigned rearm;
	atomic_uint calls;
	unsigned order;
};

static atomic_uint alarms;

static void rang(struct vmmio_io_timer *timer)
{
	struct alarm *alarm = (struct alarm *)timer;

	alarm->at = vmmio_io_now(alarm->io);
	alarm->order = atomic_fetch_add(&alarms, 1);
	if (alarm->rearm) {
		alarm->rearm--;
		vmmio_io_timer_arm(alarm->io, timer, alarm->at + 1000);
	}
	atomic_fetch_add(&alarm->calls, 1);
}

static void alarm_wait(struct alarm *alarm, unsigned calls)
{
	while (atomic_load(&alarm->calls) < calls)
		io_drive(alarm->io);
}

struct starter {
	struct vmmio_io_timer timer;
	struct vmmio_io *io;
	struct alarm set[4];
};

/* 3000000, 2000000, 1000000 ns from now; the last long past. Timers do not expire while one
 * does: however slow this is, all are armed before the first is called. */
static void start_alarms(struct vmmio_io_timer *timer)
{
	struct starter *starter = (struct starter *)timer;
	uint64_t now = vmmio_io_now(starter->io);

	for (unsigned i = 0; i < 4; i++)
		vmmio_io_timer_arm(
			starter->io, &starter->set[i].timer, i < 3 ? now + (3 - i) * 1000000 : 0);
}

START_TEST(timers_expire_in_order_of_time)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct starter starter = {.timer = {.expired = start_alarms}, .io = io};

	for (unsigned i = 0; i < 4; i++)
		starter.set[i] = (struct alarm){.timer = {.expired = rang}, .io = io};
	vmmio_io_timer_arm(io, &starter.timer, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct alarm *alarm = &starter.set[i];

		alarm_wait(alarm, 1);
		ck_assert_uint_eq(alarm->order, 3 - i);
		ck_assert_uint_ge(alarm->at, alarm->timer.when);
		ck_assert(!vmmio_io_timer_disarm(io, &alarm->timer));
	}
	io_end(io);
}
END_TEST

START_TEST(expired_may_arm_again)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct alarm alarm = {.timer = {.expired = rang}, .io = io, .rearm = 50};

	vmmio_io_timer_arm(io, &alarm.timer, vmmio_io_now(io));
	alarm_wait(&alarm, 51);
	go_round(io);
	ck_assert_uint_eq(atomic_load(&alarm.calls), 51);
	io_end(io);
}
END_TEST

START_TEST(disarmed_timers_are_silent)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct alarm alarm = {.timer = {.expired = rang}, .io = io};
	struct alarm later = {.timer = {.expired = rang}, .io = io};
	struct alarm never = {.timer = {.expired = rang}, .io = io};
	unsigned expected = 0;

	ck_assert(!vmmio_io_timer_disarm(io, &alarm.timer));
	vmmio_io_timer_arm(io, &never.timer, UINT64_MAX);
	for (unsigned i = 0; i < 200; i++) {
		vmmio_io_timer_arm(io, &alarm.timer, vmmio_io_now(io) + i * 500);
		if (!vmmio_io_timer_disarm(io, &alarm.timer))
			alarm_wait(&alarm, ++expected);
	}
	vmmio_io_timer_arm(io, &later.timer, vmmio_io_now(io) + 1000000);
	alarm_wait(&later, 1);
	ck_assert_uint_eq(atomic_load(&alarm.calls), expected);
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY); /* one is armed */
	ck_assert(vmmio_io_timer_disarm(io, &never.timer));
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}
END_TEST

void add_poll_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "poll");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, each_kick_is_seen, 0, IO_ALL);
	tcase_add_loop_test(tc, what_was_readable_before_is_seen, 0, IO_ALL);
	tcase_add_loop_test(tc, ready_may_remove_itself, 0, IO_ALL);
	tcase_add_loop_test(tc, short_lived_polls_leave_nothing, 0, IO_ALL);
	tcase_add_loop_test(tc, removal_waits_for_ready, 0, IO_ALL);
	tcase_add_loop_test(tc, refuses_what_cannot_be_polled, 0, IO_ALL);
	tc = fixture_tcase(s, "timers");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, timers_expire_in_order_of_time, 0, IO_UNATTENDED);
	tcase_add_loop_test(tc, expired_may_arm_again, 0, IO_UNATTENDED);
	tcase_add_loop_test(tc, disarmed_timers_are_silent, 0, IO_UNATTENDED);
}
