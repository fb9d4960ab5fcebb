/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers: who is refused, what a failed creation undoes, and what it costs without any. */
#include <errno.h>
#include <vmmio/backends/null.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "support/rig.h"

/* An observer that counts its devices. */
struct member {
	int answer;
	unsigned attaches, detaches;
};

static int on_attach(void *ctx, struct vmmio_device *device)
{
	struct member *m = ctx;

	(void)device;
	m->attaches++;
	return m->answer;
}

static void on_detach(void *ctx)
{
	((struct member *)ctx)->detaches++;
}

static const struct vmmio_observer_ops member_ops = {
	.size = sizeof(member_ops), .attach = on_attach, .detach = on_detach};

/* --- Creation and release ------------------------------------------------------- */

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
static struct member someone;
static const struct vmmio_observer good = {&member_ops, &someone};
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
	struct member first = {0}, second = {.answer = -EIO};
	struct vmmio_observer both[] = {{&member_ops, &first}, {&member_ops, &second}};
	struct parts p;
	int error;

	make_parts(&p);
	p.options.observers = both;
	p.options.n_observers = 2;
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), -EIO);
	ck_assert(first.attaches == 1 && first.detaches == 1);
	ck_assert(second.attaches == 1 && second.detaches == 0);
	second.answer = 0;
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

/* --- Off ------------------------------------------------------------------------ */

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
	Suite *s = suite_create("observe_life");
	TCase *life = fixture_tcase(s, "creation and release");
	TCase *off = fixture_tcase(s, "off");

	tcase_add_loop_test(
		life, create_refuses, 0, (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(life, a_failed_creation_detaches);
	tcase_add_test(life, one_device_each);
	tcase_add_test(life, metrics_without_memory);
	tcase_add_loop_test(off, nobody_watches_and_no_clock_is_read, 0, RIG_VARIANTS);
	return fixture_main(s);
}
