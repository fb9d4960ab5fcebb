/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many devices on a pool of few threads, one of them hung: F-1 to F-3; the ends of devices
 * and executors: F-26 and F-27.
 */
#include <fcntl.h>
#include <semaphore.h>

#include "hostile/f_rig.h"

#define MANY 64

struct member {
	struct rig *rig;
	unsigned number;
	sem_t *hold; /* its quiesce waits for it */
	int pipe;    /* or reads this; 0: neither */
};

static struct member members[MANY];
static atomic_uint order[MANY], quiesced, on_vcpu;
static pthread_t vcpu; /* writes the registers */

static void in_quiesce(void *ctx)
{
	struct member *m = ctx;
	unsigned turn = atomic_fetch_add(&quiesced, 1);
	char byte;

	if (turn < MANY)
		atomic_store(&order[turn], m->number);
	if (pthread_equal(pthread_self(), vcpu)) { /* which would wait for itself */
		atomic_fetch_add(&on_vcpu, 1);
		return;
	}
	while (m->hold && sem_wait(m->hold) && errno == EINTR)
		;
	if (m->pipe)
		ck_assert_int_eq(read(m->pipe, &byte, 1), 1);
}

/* On one executor, each with a chain out. */
static void many_up(struct vmmio_executor *ex, bool pool)
{
	const struct puppet puppet = {.cancel = true, .in_quiesce = in_quiesce};

	vcpu = pthread_self();
	for (unsigned i = 0; i < MANY; i++) {
		struct rig_options o = {
			.version = 3, .packed = i & 1, .pool = pool, .ex = ex, .puppet = &puppet};

		members[i] = (struct member){.rig = rig_create(&o), .number = i};
		members[i].rig->puppet->ctx = &members[i];
		rig_up(members[i].rig);
		rig_add(members[i].rig, 0, NULL);
		WAIT_UNTIL(rig_held(members[i].rig));
	}
}

/* Hooks, which may hang, are called elsewhere. */
static void many_write_zero(void)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(rig_write(members[i].rig, VMMIO_REG_STATUS, 0), 0);
	ck_assert_uint_eq(atomic_load(&on_vcpu), 0);
}

static void once_each(void)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(members[i].rig->puppet->quiesces, 1);
}

static void many_free(struct vmmio_executor *ex)
{
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(rig_counters(members[i].rig).leases, 0);
		rig_free(members[i].rig);
	}
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
}

/* --- F-01 --------------------------------------------------------------------------------- */

struct marker {
	struct vmmio_task task;
	sem_t done;
};

static void mark(struct vmmio_task *task)
{
	sem_post(&((struct marker *)task)->done);
}

/* The one thread for hooks has come to the end of what it is in, which is all there was. */
static void worker_is_free(struct vmmio_executor *pool)
{
	struct marker m = {.task = {.run = mark, .flags = VMMIO_TASK_MAY_BLOCK}};

	sem_init(&m.done, 0, 0);
	vmmio_executor_submit(pool, &m.task);
	while (sem_wait(&m.done))
		;
	sem_destroy(&m.done);
}

/* The first hook waits until all have written: so no write waits for a hook. Then the hooks are
 * called in the order of the writes. All are called on one thread, and it is in none when the
 * first write comes (the start of the last device would take its reset along): so who is called
 * first says so first. */
START_TEST(f1_many_reset_together)
{
	struct vmmio_executor *pool = f_pool(2);
	sem_t hold;

	sem_init(&hold, 0, 0);
	many_up(pool, true);
	members[0].hold = &hold;
	worker_is_free(pool);
	many_write_zero();
	ck_assert_uint_le(atomic_load(&quiesced), 1);
	sem_post(&hold);
	for (unsigned i = 0; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(atomic_load(&order[i]), i);
	once_each();
	many_free(pool);
	sem_destroy(&hold);
}
END_TEST

/* A driver that brings its device up and resets it again as soon as it may: there is always a
 * task of this device. */
static void be_greedy(struct rig *rig)
{
	if (rig_read(rig, VMMIO_REG_STATUS) == 0) {
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1); /* VERSION_1 */
		rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER | VMMIO_STATUS_FEATURES_OK);
		rig_write(rig, VMMIO_REG_STATUS, LIVE);
	} else if (rig->puppet->starts > rig->puppet->quiesces) {
		rig_write(rig, VMMIO_REG_STATUS, 0);
	}
}

/* The first of all and the last are greedy. In as many steps as there are devices each has had its
 * turn, and only then the first has its second one. */
START_TEST(f1_greedy_neighbours)
{
	struct rig *first, *last;
	struct vmmio_executor *ex;

	ck_assert_int_eq(vmmio_manual_create(&ex), 0);
	many_up(ex, false);
	first = members[0].rig;
	last = members[MANY - 1].rig;
	many_write_zero();
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert(vmmio_manual_step(ex, 0));
		be_greedy(first);
		be_greedy(last);
	}
	once_each();
	for (unsigned i = 1; i < MANY - 1; i++)
		ck_assert_uint_eq(rig_read(members[i].rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(first->puppet->starts, 1);
	ck_assert(vmmio_manual_step(ex, 0));
	ck_assert_uint_eq(first->puppet->starts, 2);
	rig_reset(first);
	rig_reset(last);
	many_free(ex);
}
END_TEST

/* --- F-02, F-03 --------------------------------------------------------------------------- */

START_TEST(f2_one_hangs_in_its_hook)
{
	struct vmmio_executor *pool = f_pool(3);
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	many_up(pool, true);
	members[0].pipe = fds[0];
	many_write_zero();
	for (unsigned i = 1; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	ck_assert_uint_eq(rig_read(members[0].rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_int_eq(write(fds[1], "", 1), 1);
	rig_wait_zero(members[0].rig);
	once_each();
	many_free(pool);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A queue of tasks cannot be full: tasks are parts of their devices. */
START_TEST(f3_busy_pool_takes_resets)
{
	struct vmmio_executor *pool = f_pool(2);
	sem_t hold;

	sem_init(&hold, 0, 0);
	many_up(pool, true);
	members[0].hold = &hold;
	fixture_fail_alloc(1, true);
	many_write_zero();
	for (unsigned i = 1; i < MANY; i++)
		ck_assert_uint_eq(rig_read(members[i].rig, VMMIO_REG_STATUS), LIVE);
	fixture_expect_log("busy");
	ck_assert_int_eq(vmmio_executor_destroy(pool), -EBUSY);
	sem_post(&hold);
	for (unsigned i = 0; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	fixture_fail_alloc(0, false);
	once_each();
	many_free(pool);
	sem_destroy(&hold);
}
END_TEST

/* --- F-26, F-27: ends --------------------------------------------------------------------- */

static void count(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

START_TEST(f26_destroy_while_resetting)
{
	struct rig *rig = f_resetting(_i);
	_Atomic unsigned released = 0;

	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &released), 0);
	fixture_expect_log("destroyed twice");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &released), -EALREADY);
	rig_settle(rig);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(released, 0);
	ck_assert_uint_eq(rig->puppet->detaches, 0);
	ck_assert(rig_complete(rig, 0, 64)); /* the last one */
	rig_settle(rig);
	ck_assert_uint_eq(released, 1);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	vmmio_manual_advance(rig->ex, UINT64_C(1) << 40);
	rig_settle(rig);
	ck_assert_uint_eq(released, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

struct ender {
	struct vmmio_task task;
	struct vmmio_executor *pool;
	struct rig *rig;
	int executor, device;
	sem_t done;
};

static void end_both(struct vmmio_task *task)
{
	struct ender *e = (struct ender *)task;

	e->executor = vmmio_executor_destroy(e->pool);
	e->device = vmmio_device_destroy(e->rig->dev, count, &e->rig->destroyed);
	sem_post(&e->done);
}

static void end_on_line(void *ctx, bool high)
{
	if (high)
		end_both(ctx);
}

static void complete_one(struct vmmio_task *task)
{
	ck_assert(rig_complete(((struct ender *)task)->rig, 0, 64));
}

/* From a thread of the pool, _i & 2: from inside the sink under a completion there. */
START_TEST(f27_ends_from_within)
{
	const struct puppet puppet = {.cancel = true};
	struct vmmio_executor *pool = f_pool(2);
	struct rig_options o = {
		.version = rig_version(_i), .pool = true, .ex = pool, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct ender e = {.task.run = end_both, .pool = pool, .rig = rig};

	sem_init(&e.done, 0, 0);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	fixture_expect_log("another thread");
	if (_i & 2) {
		rig->on_line_ctx = &e;
		rig->on_line = end_on_line;
		e.task.run = complete_one;
	}
	vmmio_executor_submit(pool, &e.task);
	while (sem_wait(&e.done))
		;
	ck_assert_int_eq(e.executor, -EDEADLK);
	ck_assert_int_eq(e.device, 0);
	WAIT_UNTIL(atomic_load(&rig->destroyed));
	rig->dev = NULL;
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
	sem_destroy(&e.done);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_01", f1_many_reset_together, 1},
		{"f_01", f1_greedy_neighbours, 1},
		{"f_02", f2_one_hangs_in_its_hook, 1},
		{"f_03", f3_busy_pool_takes_resets, 1},
		{"f_26", f26_destroy_while_resetting, 2},
		{"f_27", f27_ends_from_within, 4},
		{NULL, NULL, 0},
	};

	return f_main("f_pool", rows);
}
