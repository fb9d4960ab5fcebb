/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers of a device: what each op is told and may do, and what metrics make of it. */
#include <errno.h>
#include <string.h>
#include <vmmio/metrics.h>

#include "support/rig.h"

#define LIVE 15u

/* --- An observer that remembers, and that uses what it may use inside of every op --- */

struct watcher {
	struct vmmio_device *dev;
	unsigned attaches, detaches, reads, writes, begins, ends, pops, completions, kicks, faults,
		stucks;
	bool touches; /* each op writes a register, which is refused */
	struct vmmio_observed_access read, write;
	struct vmmio_observed_reset begin, end;
	struct vmmio_observed_pop pop;
	struct vmmio_observed_completion completion;
	unsigned kick_queue, fault_queue;
	enum vmmio_fault fault;
	uint32_t status_at_end;
};

/* A lock held by the caller would end this in a deadlock. */
static void look(struct watcher *w)
{
	struct vmmio_device_counters counters;
	struct vmmio_stuck_report report;

	vmmio_device_counters(w->dev, &counters);
	vmmio_device_pending(w->dev, &report);
	ck_assert_str_eq(report.device, "rig");
	if (w->begin.by != VMMIO_RESET_BY_DESTROY) /* then it reads as zeroes */
		ck_assert_uint_eq(vmmio_device_read(w->dev, VMMIO_REG_MAGIC, 4), VMMIO_MAGIC);
	if (w->touches)
		ck_assert_int_eq(vmmio_device_write(w->dev, VMMIO_REG_STATUS, 4, 0), -EPERM);
}

static int on_attach(void *ctx, struct vmmio_device *device)
{
	struct watcher *w = ctx;

	w->attaches++;
	w->dev = device;
	return 0;
}

static void on_detach(void *ctx)
{
	((struct watcher *)ctx)->detaches++;
}

#define ON_STRUCT(op, type, counter)                                                               \
	static void on_##op(void *ctx, const struct type *what)                                    \
	{                                                                                          \
		struct watcher *w = ctx;                                                           \
                                                                                                   \
		w->counter++;                                                                      \
		w->op = *what;                                                                     \
		look(w);                                                                           \
	}

ON_STRUCT(read, vmmio_observed_access, reads)
ON_STRUCT(write, vmmio_observed_access, writes)
ON_STRUCT(begin, vmmio_observed_reset, begins)
ON_STRUCT(pop, vmmio_observed_pop, pops)
ON_STRUCT(completion, vmmio_observed_completion, completions)

static void on_end(void *ctx, const struct vmmio_observed_reset *reset)
{
	struct watcher *w = ctx;

	w->ends++;
	w->end = *reset;
	w->status_at_end = (uint32_t)vmmio_device_read(w->dev, VMMIO_REG_STATUS, 4);
	look(w);
}

static void on_kicked(void *ctx, unsigned queue)
{
	struct watcher *w = ctx;

	w->kicks++;
	w->kick_queue = queue;
	look(w);
}

static void on_fault(void *ctx, unsigned queue, enum vmmio_fault fault)
{
	struct watcher *w = ctx;

	w->faults++;
	w->fault_queue = queue;
	w->fault = fault;
	look(w);
}

static void on_stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	struct watcher *w = ctx;

	ck_assert_str_eq(report->device, "rig");
	w->stucks++;
	look(w);
}

static const struct vmmio_observer_ops watcher_ops = {
	.size = sizeof(watcher_ops),
	.attach = on_attach,
	.detach = on_detach,
	.read = on_read,
	.write = on_write,
	.reset_begin = on_begin,
	.reset_end = on_end,
	.popped = on_pop,
	.completed = on_completion,
	.kicked = on_kicked,
	.fault = on_fault,
	.stuck = on_stuck,
};

/* A device with a watcher and metrics on it. */
struct bench {
	struct watcher w;
	struct vmmio_metrics *metrics;
	struct vmmio_observer observers[2];
	struct rig *rig;
};

static void make_bench(struct bench *b, int i, const struct puppet *puppet, uint64_t deadline)
{
	struct vmmio_metrics_options o = {.size = sizeof(o), .log = fixture_log()};
	struct rig_options rig = {.version = rig_version(i), .packed = rig_packed(i),
		.puppet = puppet, .observers = b->observers, .n_observers = 2,
		.reset_deadline = deadline};

	*b = (struct bench){0};
	ck_assert_int_eq(vmmio_metrics_create(&o, &b->metrics), 0);
	b->observers[0] = (struct vmmio_observer){&watcher_ops, &b->w};
	b->observers[1] = *vmmio_metrics_observer(b->metrics);
	b->rig = rig_create(&rig);
}

static void free_bench(struct bench *b)
{
	rig_free(b->rig);
	ck_assert_uint_eq(b->w.detaches, 1);
	ck_assert_int_eq(vmmio_metrics_destroy(b->metrics), 0);
}

static struct vmmio_metrics_snapshot snapshot(struct bench *b)
{
	struct vmmio_metrics_snapshot s;

	ck_assert_int_eq(vmmio_metrics_snapshot(b->metrics, &s), 0);
	return s;
}

static struct vmmio_metrics_queue queue_metrics(struct bench *b, unsigned queue)
{
	struct vmmio_metrics_queue q;

	ck_assert_int_eq(vmmio_metrics_queue(b->metrics, queue, &q), 0);
	return q;
}

/* --- What is told --------------------------------------------------------------- */

START_TEST(accesses_are_told)
{
	struct bench b;
	struct watcher *w = &b.w;
	uint64_t order;

	make_bench(&b, _i, NULL, 0);
	ck_assert_uint_eq(w->attaches, 1);
	vmmio_manual_advance(b.rig->ex, 1234);
	ck_assert_uint_eq(rig_read(b.rig, VMMIO_REG_VERSION), rig_version(_i));
	ck_assert_uint_eq(w->reads, 1); /* its own are not */
	ck_assert_uint_eq(w->read.offset, VMMIO_REG_VERSION);
	ck_assert_uint_eq(w->read.value, rig_version(_i));
	ck_assert_uint_eq(w->read.size, 4);
	ck_assert_uint_eq(w->read.began, 1234);
	ck_assert_uint_eq(w->read.took, 0);
	order = w->read.order;
	rig_write(b.rig, VMMIO_REG_STATUS, 1);
	rig_write(b.rig, VMMIO_REG_STATUS, 3);
	ck_assert_uint_eq(w->writes, 2);
	ck_assert_uint_eq(w->write.value, 3);
	ck_assert_uint_eq(w->write.status, 1);
	ck_assert_int_eq(w->write.result, 0);
	ck_assert_uint_eq(w->write.order, order + 2);
	free_bench(&b);
}
END_TEST

START_TEST(queues_are_told)
{
	struct bench b;
	struct watcher *w = &b.w;
	struct vmmio_metrics_queue q;

	make_bench(&b, _i, NULL, 0);
	rig_up(b.rig);
	rig_add(b.rig, 1, NULL);
	ck_assert_uint_eq(w->kicks, 1);
	ck_assert_uint_eq(w->kick_queue, 1);
	ck_assert_uint_eq(w->pops, 1);
	ck_assert_uint_eq(w->pop.queue, 1);
	ck_assert_uint_eq(w->pop.chains, 1);
	ck_assert_uint_eq(w->pop.readable, 64);
	ck_assert_uint_eq(w->pop.writable, 64);
	ck_assert_uint_eq(w->completions, 0);
	ck_assert(rig_complete(b.rig, 0, 40));
	ck_assert_uint_eq(w->completions, 1);
	ck_assert_uint_eq(w->completion.queue, 1);
	ck_assert_uint_eq(w->completion.chains, 1);
	ck_assert_uint_eq(w->completion.used, 1);
	ck_assert_uint_eq(w->completion.written, 40);
	ck_assert(w->completion.notified && !w->completion.dropped);
	ck_assert_int_eq(rig_reap(b.rig, 1), 1);

	/* The driver wants no notification. */
	vmmio_driver_queue_interrupts(vmmio_driver_queue(b.rig->driver, 1), false);
	rig_add(b.rig, 1, NULL);
	ck_assert(rig_complete(b.rig, 0, 1));
	ck_assert(!w->completion.notified && w->completion.used == 1);

	ck_assert_int_eq(vmmio_device_queue_event(b.rig->dev, 0), 0);
	ck_assert_uint_eq(w->kicks, 3);
	ck_assert_uint_eq(w->kick_queue, 0);

	q = queue_metrics(&b, 1);
	ck_assert_uint_eq(q.kicks, 2);
	ck_assert_uint_eq(q.chains, 2);
	ck_assert_uint_eq(q.readable, 128);
	ck_assert_uint_eq(q.writable, 128);
	ck_assert_uint_eq(q.completed, 2);
	ck_assert_uint_eq(q.dropped, 0);
	ck_assert_uint_eq(q.written, 41);
	ck_assert_uint_eq(q.notified, 1);
	ck_assert_uint_eq(q.suppressed, 1);
	ck_assert_uint_eq(queue_metrics(&b, 0).kicks, 1);
	ck_assert_uint_eq(queue_metrics(&b, 0).chains, 0);
	ck_assert_int_eq(vmmio_metrics_queue(b.metrics, 2, &q), -EINVAL);
	free_bench(&b);
}
END_TEST

static void pass_time(void *ctx)
{
	struct rig **rig = ctx;

	vmmio_manual_advance((*rig)->ex, 700);
}

/* quiesce takes 700 ns of virtual time and cancels: version 2 keeps the vCPU that long. */
START_TEST(resets_are_told)
{
	struct rig *rig = NULL;
	struct puppet puppet = {.cancel = true, .in_quiesce = pass_time, .ctx = &rig};
	struct bench b;
	struct watcher *w = &b.w;
	struct vmmio_metrics_snapshot s;
	uint32_t number;

	make_bench(&b, _i, &puppet, 0);
	rig = b.rig;
	rig_up(rig);
	ck_assert_uint_eq(w->begins, 1); /* the driver's first step, at Status 0 */
	ck_assert_uint_eq(w->ends, 1);
	ck_assert(w->begin.idle && w->end.idle);
	ck_assert_uint_eq(snapshot(&b).idle, 1);
	number = w->begin.number;
	rig_add(rig, 0, NULL);
	vmmio_manual_advance(rig->ex, 100);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(w->begins, 2);
	ck_assert_uint_eq(w->begin.number, number + 1);
	ck_assert_int_eq(w->begin.by, VMMIO_RESET_BY_DRIVER);
	ck_assert(!w->begin.idle);
	ck_assert_uint_eq(w->begin.began, 100);
	ck_assert_uint_eq(w->begin.ended, 0);
	ck_assert_uint_eq(w->ends, rig_version(_i) == 2 ? 2 : 1);
	ck_assert_uint_eq(w->write.took, rig_version(_i) == 2 ? 700 : 0);
	rig_wait_zero(rig);
	ck_assert_uint_eq(w->ends, 2);
	ck_assert_uint_eq(w->end.number, number + 1);
	ck_assert_uint_eq(w->end.began, 100);
	ck_assert_uint_eq(w->end.ended, 800);
	ck_assert_uint_eq(w->status_at_end, 0);
	ck_assert(w->completion.dropped && w->completion.used == 0 && w->completion.written == 0);
	s = snapshot(&b);
	ck_assert_uint_eq(s.resets[VMMIO_RESET_BY_DRIVER], 2);
	ck_assert_uint_eq(s.ended, 2);
	ck_assert_uint_eq(s.stall.count, 1);
	ck_assert_uint_eq(s.stall.sum, rig_version(_i) == 2 ? 700 : 0);
	ck_assert_uint_eq(s.to_zero.count, 1);
	ck_assert_uint_eq(s.to_zero.sum, 700);
	ck_assert_uint_eq(queue_metrics(&b, 0).dropped, 1);
	rig = b.rig;
	rig_destroy_device(rig);
	ck_assert_int_eq(w->end.by, VMMIO_RESET_BY_DESTROY);
	s = snapshot(&b); /* the device is gone, its numbers are not */
	ck_assert_uint_eq(s.resets[VMMIO_RESET_BY_DESTROY], 1);
	ck_assert_uint_eq(s.ended, 3);
	ck_assert_uint_eq(s.n_queues, 2);
	free_bench(&b);
}
END_TEST

/* Version 3: a reset that waits for a chain. */
START_TEST(a_pending_reset_is_seen)
{
	struct bench b;
	struct vmmio_metrics_snapshot s;
	char text[2048];

	make_bench(&b, 2 * _i + 1, NULL, 1000);
	rig_up(b.rig);
	ck_assert(!snapshot(&b).pending);
	rig_add(b.rig, 0, NULL);
	rig_add(b.rig, 1, NULL);
	ck_assert(rig_complete(b.rig, 0, 0));
	rig_write(b.rig, VMMIO_REG_STATUS, 0);
	rig_settle(b.rig);
	vmmio_manual_advance(b.rig->ex, 400);
	s = snapshot(&b);
	ck_assert(s.pending);
	ck_assert_uint_eq(s.reset.age, 400);
	ck_assert_uint_eq(s.reset.leases, 1);
	ck_assert(s.reset.has_oldest && !s.reset.hook_running && !s.reset.answer_pending);
	ck_assert_uint_eq(s.reset.oldest_queue, 1);
	ck_assert_ptr_null(s.reset.device);
	ck_assert_uint_eq(s.stuck, 0);
	ck_assert_int_gt(vmmio_metrics_format(b.metrics, VMMIO_FORMAT_JSON, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"pending\":{\"age_ns\":400,\"leases\":1,"
		"\"hook_running\":false,\"answer_pending\":false,\"quiesce_error\":0,"
		"\"oldest\":{\"queue\":1,\"head\":0}}"));
	ck_assert_int_gt(vmmio_metrics_format(b.metrics, VMMIO_FORMAT_TEXT, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text,
		"reset pending: for 400 ns, 1 chains out, oldest: queue 1, ring position 0\n"));
	fixture_expect_log("is not over after");
	vmmio_manual_advance(b.rig->ex, 700);
	ck_assert_uint_eq(b.w.stucks, 1);
	ck_assert_uint_eq(snapshot(&b).stuck, 1);
	ck_assert(rig_complete(b.rig, 0, 0));
	rig_wait_zero(b.rig);
	ck_assert(!snapshot(&b).pending);
	ck_assert_uint_eq(snapshot(&b).to_zero.sum, 1100);
	free_bench(&b);
}
END_TEST

START_TEST(faults_are_told)
{
	struct bench b;
	struct vmmio_driver_seg seg = {RIG_RAM_BASE + RIG_RAM_SIZE, 64};
	struct vmmio_driver_chain chain = {.out = &seg, .n_out = 1};
	char text[2048];

	make_bench(&b, _i, NULL, 0);
	rig_up(b.rig);
	ck_assert_int_ge(vmmio_driver_queue_add(vmmio_driver_queue(b.rig->driver, 1), &chain), 0);
	fixture_expect_log("queue 1 is broken");
	vmmio_driver_queue_kick(vmmio_driver_queue(b.rig->driver, 1));
	ck_assert_uint_eq(b.w.faults, 1);
	ck_assert_uint_eq(b.w.fault_queue, 1);
	ck_assert_int_eq(b.w.fault, VMMIO_FAULT_BUFFER_MEMORY);
	ck_assert_uint_eq(snapshot(&b).faults[VMMIO_FAULT_BUFFER_MEMORY], 1);
	ck_assert_uint_eq(queue_metrics(&b, 1).faults, 1);
	ck_assert_int_gt(vmmio_metrics_format(b.metrics, VMMIO_FORMAT_JSON, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"faults\":{\"11\":1}"));
	rig_reset(b.rig);
	free_bench(&b);
}
END_TEST

/* --- What an observer may not do ------------------------------------------------ */

START_TEST(writes_of_an_observer_are_refused)
{
	struct bench b;

	make_bench(&b, _i, NULL, 0);
	rig_up(b.rig);
	fixture_expect_log("from inside an observer was ignored");
	b.w.touches = true;
	rig_add(b.rig, 0, NULL);
	ck_assert(rig_complete(b.rig, 0, 64));
	b.w.touches = false;
	ck_assert_uint_ge(fixture_logged("from inside an observer was ignored"), 4);
	ck_assert_uint_eq(rig_read(b.rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_int_eq(rig_reap(b.rig, 0), 1);
	free_bench(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("observe");
	TCase *told = fixture_tcase(s, "told");

	tcase_add_loop_test(told, accesses_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, queues_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, resets_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, a_pending_reset_is_seen, 0, 2);
	tcase_add_loop_test(told, faults_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, writes_of_an_observer_are_refused, 0, RIG_VARIANTS);
	return fixture_main(s);
}
