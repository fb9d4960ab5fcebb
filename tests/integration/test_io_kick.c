/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue's eventfd on the I/O engine, in all of its forms: kicks that are no register writes. */
#include <errno.h>
#include <unistd.h>
#include <vmmio/io.h>

#include "support/rig.h"

/* Forms, engines, variants of the rig. */
#define VARIANTS (3 * 2 * RIG_VARIANTS)

struct kick {
	struct vmmio_io_poll poll;
	struct vmmio_device *dev;
	_Atomic unsigned calls;
};

static void kicked(struct vmmio_io_poll *poll)
{
	struct kick *kick = (struct kick *)poll;

	ck_assert_int_eq(vmmio_device_queue_event(kick->dev, 0), 0);
	atomic_fetch_add(&kick->calls, 1);
}

struct bench {
	struct rig *rig;
	struct vmmio_io *io;
	enum vmmio_io_form form;
	struct kick kick;
};

static void bench_up(struct bench *b, int i)
{
	struct puppet puppet = {.serve = true};
	struct rig_options o = {.version = rig_version(i), .packed = rig_packed(i), .puppet = &puppet};
	struct vmmio_io_options io = {.size = sizeof(io), .log = fixture_log()};

	b->form = io.form = (enum vmmio_io_form)(i / RIG_VARIANTS % 3);
	io.engine = i / RIG_VARIANTS / 3 ? VMMIO_IO_PLAIN : VMMIO_IO_AUTO;
	b->rig = rig_create(&o);
	ck_assert_int_eq(vmmio_io_create(&io, &b->io), 0);
	ck_assert_int_eq(vmmio_io_use(b->io), 0);
	b->kick = (struct kick){.dev = b->rig->dev};
	b->kick.poll.fd = vmmio_device_queue_eventfd(b->rig->dev, 0);
	b->kick.poll.ready = kicked;
	ck_assert_int_ge(b->kick.poll.fd, 0);
	ck_assert_int_eq(vmmio_io_poll_add(b->io, &b->kick.poll), 0);
	rig_up(b->rig);
}

static void bench_down(struct bench *b)
{
	vmmio_io_poll_remove(b->io, &b->kick.poll);
	vmmio_io_unuse(b->io);
	ck_assert_int_eq(vmmio_io_destroy(b->io), 0);
	rig_free(b->rig);
}

/* Makes a buffer available and does what KVM does with an ioeventfd. */
static void kick_by_eventfd(struct bench *b)
{
	const uint64_t one = 1;
	unsigned calls = atomic_load(&b->kick.calls);
	struct vmmio_driver_queue *q = vmmio_driver_queue(b->rig->driver, 0);
	struct vmmio_driver_seg in = {b->rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};

	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_publish(q);
	ck_assert_int_eq(write(b->kick.poll.fd, &one, sizeof(one)), sizeof(one));
	for (unsigned i = 0; atomic_load(&b->kick.calls) == calls; i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the kick does not arrive");
		if (b->form != VMMIO_IO_THREADS)
			ck_assert_int_ge(vmmio_io_run(b->io, 0), 0);
		else
			usleep(20);
	}
}

START_TEST(a_kick_arrives)
{
	struct bench b;

	bench_up(&b, _i);
	for (int n = 0; n < 3; n++) {
		kick_by_eventfd(&b);
		rig_settle(b.rig);
		ck_assert_int_eq(rig_reap(b.rig, 0), 1);
	}
	bench_down(&b);
}
END_TEST

/* With the gate closed it is read and forgotten; the next life looks for itself (E42). */
START_TEST(a_kick_outside_of_a_life)
{
	const uint64_t one = 1;
	struct bench b;
	unsigned notifies;

	bench_up(&b, _i);
	rig_reset(b.rig);
	notifies = b.rig->puppet->notifies;
	ck_assert_int_eq(write(b.kick.poll.fd, &one, sizeof(one)), sizeof(one));
	for (unsigned i = 0; !atomic_load(&b.kick.calls); i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the kick does not arrive");
		if (b.form != VMMIO_IO_THREADS)
			ck_assert_int_ge(vmmio_io_run(b.io, 0), 0);
		else
			usleep(20);
	}
	ck_assert_uint_eq(b.rig->puppet->notifies, notifies);
	rig_up(b.rig);
	kick_by_eventfd(&b);
	rig_settle(b.rig);
	ck_assert_int_eq(rig_reap(b.rig, 0), 1);
	bench_down(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("io_kick");
	TCase *tc = fixture_tcase(suite, "eventfd");

	tcase_add_loop_test(tc, a_kick_arrives, 0, VARIANTS);
	tcase_add_loop_test(tc, a_kick_outside_of_a_life, 0, VARIANTS);
	return fixture_main(suite);
}
