/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers of a device: what each op is told, what it may do, who is refused; metrics. */
#include <errno.h>
#include <string.h>
#include <vmmio/backends/null.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "support/rig.h"

#define LIVE 15u

/* --- An observer that remembers, and that uses what it may use inside of every op ------------- */

struct watcher {
	struct vmmio_device *dev;
	int attach_answer;
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
	return w->attach_answer;
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

/* --- What is told ----------------------------------------------------------------------------- */

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

/* --- What an observer may not do ----------------------------------------------------------------- */

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

/* --- Creation and release ---------------------------------------------------------------------------- */

struct parts {
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_null *null;
	struct vmmio_device_options options;
};

static void make_parts(struct parts *p)
{
	ck_assert_int_eq(vmmio_memory_create(NULL, &p->memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&p->ex), 0);
	ck_assert_int_eq(vmmio_null_create(NULL, &p->null), 0);
	p->options = (struct vmmio_device_options){
		.size = sizeof(p->options),
		.name = "rig",
		.backend = vmmio_null_backend(p->null),
		.memory = p->memory,
		.executor = p->ex,
		.log = fixture_log(),
	};
}

static void free_parts(struct parts *p)
{
	ck_assert_int_eq(vmmio_null_destroy(p->null), 0);
	ck_assert_int_eq(vmmio_executor_destroy(p->ex), 0);
	ck_assert_int_eq(vmmio_memory_destroy(p->memory), 0);
}

static void destroy(struct parts *p, struct vmmio_device *dev)
{
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(p->ex, 100);
}

static const struct vmmio_observer_ops short_ops = {.size = 8};
static struct watcher someone;
static const struct vmmio_observer good = {&watcher_ops, &someone};
static const struct vmmio_observer no_ops = {NULL, &someone};
static const struct vmmio_observer too_short = {&short_ops, &someone};

static const struct {
	const struct vmmio_observer *observers;
	unsigned n;
	const char *line;
} refusals[] = {
	{NULL, 1, "options.observers is NULL and n_observers 1"},
	{&good, 0, "options.observers is set and n_observers 0"},
	{&good, 65, "n_observers 65; give both, at most 64"},
	{&no_ops, 1, "observer 0 has no ops"},
	{&too_short, 1, "observer 0 has ops of too small a size"},
};

START_TEST(create_refuses)
{
	struct vmmio_device *dev = (struct vmmio_device *)(uintptr_t)1;
	struct parts p;

	make_parts(&p);
	p.options.observers = refusals[_i].observers;
	p.options.n_observers = refusals[_i].n;
	fixture_expect_log(refusals[_i].line);
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), -EINVAL);
	ck_assert_uint_eq(fixture_logged(refusals[_i].line), 1);
	ck_assert_ptr_eq(dev, (struct vmmio_device *)(uintptr_t)1);
	free_parts(&p);
}
END_TEST

/* An observer, the backend or an allocation says no: who was attached is detached again. */
START_TEST(a_failed_creation_detaches)
{
	struct vmmio_device *dev, *other;
	struct watcher first = {0}, second = {.attach_answer = -EIO};
	struct vmmio_observer both[] = {{&watcher_ops, &first}, {&watcher_ops, &second}};
	struct parts p;
	int error;

	make_parts(&p);
	p.options.observers = both;
	p.options.n_observers = 2;
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), -EIO);
	ck_assert(first.attaches == 1 && first.detaches == 1);
	ck_assert(second.attaches == 1 && second.detaches == 0);
	second.attach_answer = 0;
	for (unsigned n = 1;; n++) {
		fixture_fail_alloc(n, false);
		error = vmmio_device_create(&p.options, &dev);
		fixture_fail_alloc(0, false);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_uint_eq(first.attaches, first.detaches);
		ck_assert_uint_lt(n, 20);
	}
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY); /* the backend */
	ck_assert_uint_eq(first.attaches, first.detaches + 1);
	ck_assert_uint_eq(second.attaches, second.detaches + 2); /* one of them said no */
	first.dev = second.dev = dev; /* not the one that failed */
	destroy(&p, dev);
	ck_assert_uint_eq(first.attaches, first.detaches);
	free_parts(&p);
}
END_TEST

/* Trace and metrics serve one device, once, and cannot be destroyed under it. */
START_TEST(one_device_each)
{
	struct vmmio_trace_options to = {.size = sizeof(to), .log = fixture_log()};
	struct vmmio_metrics_options mo = {.size = sizeof(mo), .log = fixture_log()};
	struct vmmio_device *dev, *other;
	struct vmmio_metrics *metrics;
	struct vmmio_trace *trace;
	struct parts p;

	make_parts(&p);
	ck_assert_int_eq(vmmio_trace_create(&to, &trace), 0);
	ck_assert_int_eq(vmmio_metrics_create(&mo, &metrics), 0);
	struct vmmio_observer both[] = {
		*vmmio_trace_observer(trace), *vmmio_metrics_observer(metrics)};
	p.options.observers = both;
	p.options.n_observers = 2;
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), 0);
	p.options.n_observers = 1;
	fixture_expect_log("trace: ");
	fixture_expect_log("metrics: ");
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY);
	ck_assert_uint_eq(fixture_logged("trace: it watches a device already"), 1);
	p.options.observers = &both[1];
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY);
	ck_assert_uint_eq(fixture_logged("metrics: they watch a device already"), 1);
	ck_assert_int_eq(vmmio_trace_destroy(trace), -EBUSY);
	ck_assert_uint_eq(fixture_logged("trace: destroyed while"), 1);
	ck_assert_int_eq(vmmio_metrics_destroy(metrics), -EBUSY);
	ck_assert_uint_eq(fixture_logged("metrics: destroyed while"), 1);
	destroy(&p, dev);
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY);
	p.options.observers = both;
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY);
	ck_assert_uint_eq(fixture_logged("trace: it has watched"), 1);
	ck_assert_uint_eq(fixture_logged("metrics: they have watched"), 1);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
	ck_assert_int_eq(vmmio_metrics_destroy(metrics), 0);
	free_parts(&p);
}
END_TEST

/* No memory for the queues' numbers. */
START_TEST(metrics_without_memory)
{
	struct vmmio_device *dev;
	struct vmmio_metrics *metrics;
	struct parts p;
	unsigned n = 1;
	int error;

	make_parts(&p);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &metrics), 0);
	p.options.observers = vmmio_metrics_observer(metrics);
	p.options.n_observers = 1;
	do {
		fixture_fail_alloc(n++, false);
		error = vmmio_device_create(&p.options, &dev);
		fixture_fail_alloc(0, false);
		ck_assert(!error || error == -ENOMEM);
		ck_assert_uint_lt(n, 20);
	} while (error);
	ck_assert_uint_gt(n, 4); /* device, registers, observers, queues */
	destroy(&p, dev);
	ck_assert_int_eq(vmmio_metrics_destroy(metrics), 0);
	free_parts(&p);
}
END_TEST

/* --- Off -------------------------------------------------------------------------------------------------- */

/* An executor that counts how often it is asked for the time. */
struct clock_counter {
	struct vmmio_executor *manual;
	unsigned asked;
};

static void counter_submit(void *ctx, struct vmmio_task *task)
{
	vmmio_executor_submit(((struct clock_counter *)ctx)->manual, task);
}

static void counter_arm(void *ctx, struct vmmio_deadline *deadline)
{
	vmmio_executor_arm(((struct clock_counter *)ctx)->manual, deadline, deadline->when);
}

static bool counter_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	return vmmio_executor_disarm(((struct clock_counter *)ctx)->manual, deadline);
}

static uint64_t counter_now(void *ctx)
{
	struct clock_counter *c = ctx;

	c->asked++;
	return vmmio_executor_now(c->manual);
}

static bool counter_help(void *ctx)
{
	return vmmio_executor_help(((struct clock_counter *)ctx)->manual);
}

static const struct vmmio_executor_ops counter_ops = {
	.size = sizeof(counter_ops),
	.submit = counter_submit,
	.arm = counter_arm,
	.disarm = counter_disarm,
	.now = counter_now,
	.help = counter_help,
};

/* Brings a queue-less device up and accesses it; returns how often the clock was read. */
static unsigned clock_reads(int i, const struct vmmio_observer *observer)
{
	struct clock_counter c = {0};
	struct rig_options o = {.version = rig_version(i), .packed = rig_packed(i),
		.observers = observer, .n_observers = observer != NULL};
	struct rig *rig;
	unsigned asked;

	ck_assert_int_eq(vmmio_manual_create(&c.manual), 0);
	ck_assert_int_eq(vmmio_executor_create(&counter_ops, &c, &o.ex), 0);
	o.pool = true; /* as far as the rig goes: this one is not stepped by it */
	rig = rig_create(&o);
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	vmmio_manual_run(c.manual, 1000);
	asked = c.asked;
	for (unsigned n = 0; n < 10; n++) {
		rig_add(rig, 0, NULL);
		ck_assert(rig_complete(rig, 0, 64));
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, rig_read(rig, VMMIO_REG_INTERRUPT_STATUS));
		rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	}
	asked = c.asked - asked;
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	vmmio_manual_run(c.manual, 1000);
	rig->dev = NULL;
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(o.ex), 0);
	ck_assert_int_eq(vmmio_executor_destroy(c.manual), 0);
	return asked;
}

static const struct vmmio_observer_ops idle_ops = {.size = sizeof(idle_ops)};

START_TEST(nobody_watches_and_no_clock_is_read)
{
	const struct vmmio_observer idle = {&idle_ops, NULL};
	struct vmmio_trace *trace;

	ck_assert_uint_eq(clock_reads(_i, NULL), 0);
	ck_assert_uint_eq(clock_reads(_i, &idle), 0); /* nor when nobody asks for accesses */
	ck_assert_int_eq(vmmio_trace_create(NULL, &trace), 0);
	ck_assert_uint_ge(clock_reads(_i, vmmio_trace_observer(trace)), 60);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("observe");
	TCase *told = fixture_tcase(s, "told");
	TCase *life = fixture_tcase(s, "creation and release");

	tcase_add_loop_test(told, accesses_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, queues_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, resets_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, a_pending_reset_is_seen, 0, 2);
	tcase_add_loop_test(told, faults_are_told, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, writes_of_an_observer_are_refused, 0, RIG_VARIANTS);
	tcase_add_loop_test(told, nobody_watches_and_no_clock_is_read, 0, RIG_VARIANTS);
	tcase_add_loop_test(
		life, create_refuses, 0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(life, a_failed_creation_detaches);
	tcase_add_test(life, one_device_each);
	tcase_add_test(life, metrics_without_memory);
	return fixture_main(s);
}
