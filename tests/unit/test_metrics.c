/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics alone: histograms, and what each op counts. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/metrics.h>

#include "support/fixture.h"

/* --- Histograms ----------------------------------------------------------------- */

static struct vmmio_metrics *make(void)
{
	struct vmmio_metrics_options o = {.size = sizeof(o), .log = fixture_log()};
	struct vmmio_metrics *m;

	ck_assert_int_eq(vmmio_metrics_create(&o, &m), 0);
	return m;
}

/* A zero write to Status that took so long. */
static void stall(struct vmmio_metrics *m, uint64_t ns)
{
	const struct vmmio_observer *o = vmmio_metrics_observer(m);
	struct vmmio_observed_access access = {
		.offset = VMMIO_REG_STATUS, .size = 4, .status = 15, .took = ns};

	o->ops->write(o->ctx, &access);
}

static struct vmmio_histogram stalls(struct vmmio_metrics *m)
{
	struct vmmio_metrics_snapshot s;

	ck_assert_int_eq(vmmio_metrics_snapshot(m, &s), 0);
	return s.stall;
}

static const struct {
	uint64_t value;
	unsigned bucket;
} places[] = {
	{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {1023, 10}, {1024, 11}, {UINT64_MAX / 2, 63},
	{UINT64_MAX / 2 + 1, 64}, {UINT64_MAX, 64},
};

START_TEST(each_value_has_its_bucket)
{
	struct vmmio_metrics *m = make();
	struct vmmio_histogram h;

	stall(m, places[_i].value);
	h = stalls(m);
	ck_assert_uint_eq(h.count, 1);
	ck_assert_uint_eq(h.sum, places[_i].value);
	ck_assert_uint_eq(h.max, places[_i].value);
	for (unsigned i = 0; i < VMMIO_HISTOGRAM_BUCKETS; i++)
		ck_assert_uint_eq(h.bucket[i], i == places[_i].bucket);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

static uint64_t quantile(const struct vmmio_histogram *h, double q)
{
	uint64_t value = 0;

	ck_assert_int_eq(vmmio_histogram_quantile(h, q, &value), 0);
	return value;
}

/* Never too low, too high by less than a factor of 2, against the sorted values. */
START_TEST(quantiles_bound_the_values)
{
	struct vmmio_metrics *m = make();
	struct vmmio_histogram h;

	for (unsigned n = 1; n <= 1000; n++)
		stall(m, n * n);
	h = stalls(m);
	for (unsigned n = 1; n <= 1000; n++) {
		uint64_t value = quantile(&h, n / 1000.0);

		ck_assert_uint_ge(value, n * n);
		ck_assert_uint_lt(value, 2 * n * n);
	}
	ck_assert_uint_eq(quantile(&h, 0), 1);
	ck_assert_uint_eq(quantile(&h, 1), 1000000);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

START_TEST(quantile_refuses)
{
	struct vmmio_histogram empty = {0}, one = {.count = 1, .max = 5, .bucket = {[3] = 1}};
	uint64_t out = 77;

	ck_assert_int_eq(vmmio_histogram_quantile(&empty, 0.5, &out), -ENODATA);
	ck_assert_int_eq(vmmio_histogram_quantile(&one, -0.1, &out), -EINVAL);
	ck_assert_int_eq(vmmio_histogram_quantile(&one, 1.1, &out), -EINVAL);
	ck_assert_int_eq(vmmio_histogram_quantile(&one, (double)NAN, &out), -EINVAL);
	ck_assert_int_eq(vmmio_histogram_quantile(NULL, 0.5, &out), -EINVAL);
	ck_assert_int_eq(vmmio_histogram_quantile(&one, 0.5, NULL), -EINVAL);
	ck_assert_uint_eq(out, 77);
	ck_assert_uint_eq(quantile(&one, 0.5), 5);
}
END_TEST

/* --- What counts as a stall ----------------------------------------------------- */

static const struct vmmio_observed_access no_stalls[] = {
	{.offset = VMMIO_REG_STATUS, .size = 4, .status = 15, .value = 1},
	{.offset = VMMIO_REG_STATUS, .size = 4, .status = 0},
	{.offset = VMMIO_REG_STATUS, .size = 2, .status = 15},
	{.offset = VMMIO_REG_STATUS, .size = 4, .status = 15, .result = -EDEADLK},
	{.offset = VMMIO_REG_QUEUE_READY, .size = 4, .status = 15},
};

START_TEST(other_writes_are_no_stalls)
{
	struct vmmio_metrics *m = make();
	const struct vmmio_observer *o = vmmio_metrics_observer(m);

	o->ops->write(o->ctx, &no_stalls[_i]);
	ck_assert_uint_eq(stalls(m).count, 0);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

/* --- Resets --------------------------------------------------------------------- */

START_TEST(resets_are_counted_by_cause)
{
	struct vmmio_metrics *m = make();
	const struct vmmio_observer *o = vmmio_metrics_observer(m);
	struct vmmio_stuck_report report = {0};
	struct vmmio_metrics_snapshot s;

	for (unsigned by = 0; by < VMMIO_RESET_BY_COUNT; by++)
		for (unsigned n = 0; n <= by; n++) {
			struct vmmio_observed_reset reset = {
				.by = (enum vmmio_reset_by)by, .idle = n, .began = 100, .ended = 107};

			o->ops->reset_begin(o->ctx, &reset);
			o->ops->reset_end(o->ctx, &reset);
		}
	o->ops->stuck(o->ctx, &report);
	ck_assert_int_eq(vmmio_metrics_snapshot(m, &s), 0);
	for (unsigned by = 0; by < VMMIO_RESET_BY_COUNT; by++)
		ck_assert_uint_eq(s.resets[by], by + 1);
	ck_assert_uint_eq(s.idle, 3);
	ck_assert_uint_eq(s.ended, 6);
	ck_assert_uint_eq(s.stuck, 1);
	ck_assert_uint_eq(s.to_zero.count, 2); /* neither the idle ones nor the destroy */
	ck_assert_uint_eq(s.to_zero.sum, 14);
	ck_assert(!s.pending);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

/* --- Many threads --------------------------------------------------------------- */

#define THREADS 3
#define STALLS 20000u

struct crowd {
	struct vmmio_metrics *metrics;
	_Atomic unsigned writing;
};

static void *stall_many(void *arg)
{
	struct crowd *c = arg;

	for (unsigned i = 0; i < STALLS; i++)
		stall(c->metrics, i);
	atomic_fetch_sub(&c->writing, 1);
	return NULL;
}

START_TEST(snapshots_under_writers)
{
	struct crowd c = {.metrics = make(), .writing = THREADS};
	pthread_t threads[THREADS];
	uint64_t before = 0;

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, stall_many, &c), 0);
	while (atomic_load(&c.writing)) {
		uint64_t now = stalls(c.metrics).count;

		ck_assert_uint_ge(now, before);
		before = now;
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(stalls(c.metrics).count, THREADS * STALLS);
	ck_assert_uint_eq(stalls(c.metrics).sum, (uint64_t)THREADS * STALLS * (STALLS - 1) / 2);
	ck_assert_uint_eq(stalls(c.metrics).max, STALLS - 1);
	ck_assert_int_eq(vmmio_metrics_destroy(c.metrics), 0);
}
END_TEST

/* --- Text ----------------------------------------------------------------------- */

START_TEST(formats_an_empty_snapshot)
{
	struct vmmio_metrics *m = make();
	char text[1024], cut[16];
	int length = vmmio_metrics_format(m, VMMIO_FORMAT_JSON, text, sizeof(text));

	ck_assert_int_eq(length, (int)strlen(text));
	ck_assert_str_eq(text,
		"{\"resets\":{\"driver\":0,\"host\":0,\"destroy\":0,\"idle\":0,\"ended\":0,\"stuck\":0,"
		"\"stall_ns\":{\"count\":0,\"sum\":0,\"max\":0,\"p50\":0,\"p99\":0,\"p999\":0,"
		"\"buckets\":[]},\"to_zero_ns\":{\"count\":0,\"sum\":0,\"max\":0,\"p50\":0,\"p99\":0,"
		"\"p999\":0,\"buckets\":[]},\"pending\":null},\"faults\":{},\"queues\":[]}");
	ck_assert_int_eq(vmmio_metrics_format(m, VMMIO_FORMAT_JSON, cut, sizeof(cut)), length);
	ck_assert_uint_eq(strlen(cut), sizeof(cut) - 1);
	ck_assert_int_eq(vmmio_metrics_format(m, VMMIO_FORMAT_JSON, NULL, 0), length);
	ck_assert_int_gt(vmmio_metrics_format(m, VMMIO_FORMAT_TEXT, text, sizeof(text)), 0);
	ck_assert_str_eq(text,
		"resets: 0 by the driver, 0 by the host, 0 by destroy; 0 at Status 0; 0 ended, 0 stuck\n"
		"Status write: 0\nuntil Status 0: 0\nreset pending: no\n");
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

/* --- Misuse --------------------------------------------------------------------- */

START_TEST(create_refuses)
{
	struct vmmio_metrics *m = (struct vmmio_metrics *)(uintptr_t)1;
	struct vmmio_metrics_options o = {.log = fixture_log()};

	fixture_expect_log("metrics: options.size is 0");
	ck_assert_int_eq(vmmio_metrics_create(&o, &m), -EINVAL);
	ck_assert_uint_eq(fixture_logged("metrics: options.size is 0"), 1);
	o.size = 8;
	ck_assert_int_eq(vmmio_metrics_create(&o, &m), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_create(NULL, NULL), -EINVAL);
	fixture_fail_alloc(1, true);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &m), -ENOMEM);
	fixture_fail_alloc(0, false);
	ck_assert_ptr_eq(m, (struct vmmio_metrics *)(uintptr_t)1);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &m), 0);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
	ck_assert_int_eq(vmmio_metrics_destroy(NULL), 0);
}
END_TEST

START_TEST(calls_refuse)
{
	struct vmmio_metrics *m = make();
	struct vmmio_metrics_snapshot s;
	struct vmmio_metrics_queue q;
	char text[8];

	ck_assert_ptr_null(vmmio_metrics_observer(NULL));
	ck_assert_int_eq(vmmio_metrics_snapshot(NULL, &s), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_snapshot(m, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_queue(NULL, 0, &q), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_queue(m, 0, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_queue(m, 0, &q), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_format(NULL, VMMIO_FORMAT_TEXT, text, 8), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_format(m, VMMIO_FORMAT_TEXT, NULL, 8), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_format(m, (enum vmmio_format)2, text, 8), -EINVAL);
	ck_assert_int_eq(vmmio_metrics_destroy(m), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *histogram = fixture_tcase(s, "histograms");
	TCase *count = fixture_tcase(s, "counting");
	TCase *misuse = fixture_tcase(s, "misuse");

	tcase_set_timeout(count, 120);
	tcase_add_loop_test(histogram, each_value_has_its_bucket, 0,
		(int)(sizeof(places) / sizeof(places[0])));
	tcase_add_test(histogram, quantiles_bound_the_values);
	tcase_add_test(histogram, quantile_refuses);
	tcase_add_loop_test(count, other_writes_are_no_stalls, 0,
		(int)(sizeof(no_stalls) / sizeof(no_stalls[0])));
	tcase_add_test(count, resets_are_counted_by_cause);
	tcase_add_test(count, snapshots_under_writers);
	tcase_add_test(count, formats_an_empty_snapshot);
	tcase_add_test(misuse, create_refuses);
	tcase_add_test(misuse, calls_refuse);
	return fixture_main(s);
}
