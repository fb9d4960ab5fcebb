/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all executors share, seen through one of the embedder's own, and what creating any
 * kind does when it fails.
 */
#include <errno.h>
#include <string.h>
#include <vmmio/executor.h>

#include "support/fixture.h"

struct own {
	struct vmmio_task *task;
	struct vmmio_deadline *armed;
	unsigned destroyed;
	int answer; /* of destroy */
};

static void own_submit(void *ctx, struct vmmio_task *task)
{
	((struct own *)ctx)->task = task;
}

static void own_arm(void *ctx, struct vmmio_deadline *deadline)
{
	((struct own *)ctx)->armed = deadline;
}

static bool own_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	struct own *own = ctx;
	bool armed = own->armed == deadline;

	own->armed = NULL;
	return armed;
}

static uint64_t own_now(void *ctx)
{
	(void)ctx;
	return 4711;
}

static bool own_help(void *ctx)
{
	return ((struct own *)ctx)->task != NULL;
}

static int own_destroy(void *ctx)
{
	struct own *own = ctx;

	own->destroyed++;
	return own->answer;
}

static const struct vmmio_executor_ops own_ops = {
	.size = sizeof(own_ops),
	.submit = own_submit,
	.arm = own_arm,
	.disarm = own_disarm,
	.now = own_now,
	.help = own_help,
	.destroy = own_destroy,
};

static struct vmmio_executor *create(const struct vmmio_executor_ops *ops, struct own *own)
{
	struct vmmio_executor *ex = NULL;

	ck_assert_int_eq(vmmio_executor_create(ops, own, &ex), 0);
	ck_assert_ptr_nonnull(ex);
	return ex;
}

START_TEST(calls_the_embedders_ops)
{
	struct own own = {0};
	struct vmmio_executor *ex = create(&own_ops, &own);
	struct vmmio_task task = {0};
	struct vmmio_deadline deadline = {0};

	ck_assert(!vmmio_executor_help(ex));
	vmmio_executor_submit(ex, &task);
	ck_assert_ptr_eq(own.task, &task);
	ck_assert(vmmio_executor_help(ex));
	vmmio_executor_arm(ex, &deadline, 99);
	ck_assert_ptr_eq(own.armed, &deadline);
	ck_assert_uint_eq(deadline.when, 99);
	ck_assert(vmmio_executor_disarm(ex, &deadline));
	ck_assert(!vmmio_executor_disarm(ex, &deadline));
	ck_assert_uint_eq(vmmio_executor_now(ex), 4711);
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
	ck_assert_uint_eq(own.destroyed, 1);
}
END_TEST

START_TEST(optional_ops_may_be_missing)
{
	struct vmmio_executor_ops ops = own_ops;
	struct own own = {0};
	struct vmmio_executor *ex;

	ops.help = NULL;
	ops.destroy = NULL;
	ex = create(&ops, &own);
	ck_assert(!vmmio_executor_help(ex));
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
	ck_assert_uint_eq(own.destroyed, 0);
}
END_TEST

START_TEST(refuses_incomplete_ops)
{
	struct vmmio_executor_ops ops[6];
	struct vmmio_executor *ex = (void *)&ops;

	for (int i = 0; i < 6; i++)
		ops[i] = own_ops;
	ops[0].submit = NULL;
	ops[1].arm = NULL;
	ops[2].disarm = NULL;
	ops[3].now = NULL;
	ops[4].size = 0;
	ops[5].size = sizeof(own_ops) - 1;
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(vmmio_executor_create(&ops[i], NULL, &ex), -EINVAL);
	ck_assert_int_eq(vmmio_executor_create(NULL, NULL, &ex), -EINVAL);
	ck_assert_int_eq(vmmio_executor_create(&own_ops, NULL, NULL), -EINVAL);
	ck_assert_ptr_eq(ex, (void *)&ops);
}
END_TEST

/* An embedder built with a later version of the header. */
START_TEST(accepts_longer_ops)
{
	struct {
		struct vmmio_executor_ops ops;
		void (*later)(void *ctx);
	} longer = {.ops = own_ops};
	struct own own = {0};
	struct vmmio_executor *ex;

	longer.ops.size = sizeof(longer);
	ex = create(&longer.ops, &own);
	ck_assert_uint_eq(vmmio_executor_now(ex), 4711);
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
	ck_assert_uint_eq(own.destroyed, 1);
}
END_TEST

START_TEST(users_keep_it)
{
	struct vmmio_log log = fixture_log();
	struct own own = {0};
	struct vmmio_executor *ex = create(&own_ops, &own);

	vmmio_executor_ref(ex);
	vmmio_executor_ref(ex);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY); /* no log, no line */
	vmmio_executor_unref(ex);
	vmmio_executor_set_log(ex, &log);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	ck_assert_uint_eq(fixture_logged("1 device(s) use it"), 1);
	ck_assert_uint_eq(own.destroyed, 0);
	vmmio_executor_unref(ex);
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
	ck_assert_uint_eq(own.destroyed, 1);
}
END_TEST

START_TEST(destroy_may_be_refused_by_the_embedder)
{
	struct vmmio_log log = fixture_log();
	struct own own = {.answer = -EDEADLK};
	struct vmmio_executor *ex = create(&own_ops, &own);

	fixture_expect_log("from another thread");
	vmmio_executor_set_log(ex, &log);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EDEADLK);
	ck_assert_uint_eq(fixture_logged("from another thread"), 1);
	own.answer = -EBUSY;
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	ck_assert_uint_eq(fixture_logged("tasks are queued or deadlines armed"), 1);
	own.answer = 0;
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
	ck_assert_int_eq(vmmio_executor_destroy(NULL), 0);
}
END_TEST

static int create_kind(int kind, struct own *own, struct vmmio_executor **out)
{
	struct vmmio_pool_options options = {.size = sizeof(options), .log = fixture_log()};

	if (kind == 0)
		return vmmio_executor_create(&own_ops, own, out);
	return kind == 1 ? vmmio_manual_create(out) : vmmio_pool_create(&options, out);
}

/* Every allocation of every kind fails once, until one creation gets through. */
START_TEST(out_of_memory)
{
	struct own own = {0};
	struct vmmio_executor *ex = (void *)&own;
	unsigned n = 1;

	for (;; n++) {
		int error;

		fixture_fail_alloc(n, false);
		error = create_kind(_i, &own, &ex);
		fixture_fail_alloc(0, false);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_ptr_eq(ex, (void *)&own);
		ck_assert_uint_lt(n, 100);
	}
	ck_assert_uint_gt(n, 1);
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
}
END_TEST

START_TEST(functions_of_one_kind_refuse_the_others)
{
	struct vmmio_executor *manual, *pool;

	ck_assert_int_eq(vmmio_manual_create(&manual), 0);
	ck_assert_int_eq(vmmio_pool_create(NULL, &pool), 0);
	ck_assert_uint_eq(vmmio_pool_threads(manual), 0);
	ck_assert_uint_eq(vmmio_pool_threads(pool), 1);
	ck_assert_uint_eq(vmmio_manual_pending(pool), 0);
	ck_assert(!vmmio_manual_step(pool, 0));
	ck_assert_uint_eq(vmmio_manual_run(pool, SIZE_MAX), 0);
	vmmio_manual_advance(pool, 1);
	ck_assert_uint_eq(vmmio_manual_next_deadline(pool), UINT64_MAX);
	ck_assert_int_eq(vmmio_manual_create(NULL), -EINVAL);
	ck_assert_int_eq(vmmio_pool_create(NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_executor_destroy(manual), 0);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("executor");
	TCase *tc = fixture_tcase(s, "own");

	tcase_add_test(tc, calls_the_embedders_ops);
	tcase_add_test(tc, optional_ops_may_be_missing);
	tcase_add_test(tc, refuses_incomplete_ops);
	tcase_add_test(tc, accepts_longer_ops);
	tcase_add_test(tc, users_keep_it);
	tcase_add_test(tc, destroy_may_be_refused_by_the_embedder);
	tc = fixture_tcase(s, "kinds");
	tcase_add_loop_test(tc, out_of_memory, 0, 3);
	tcase_add_test(tc, functions_of_one_kind_refuse_the_others);
	return fixture_main(s);
}
