/* SPDX-License-Identifier: BSD-3-Clause */
/* Creating, wiring and destroying devices; config space; interrupts; broken rings. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vmmio/backends/null.h>

#include "support/rig.h"

#define LIVE 15u

static struct rig *bench(int i, const struct puppet *puppet)
{
	struct rig_options o = {
		.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet};

	return rig_create(&o);
}

/* --- Creation: every refusal has its errno and a line that names the value ------------------ */

struct parts {
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_null *null;
	struct vmmio_backend backend;
	struct vmmio_backend_ops ops;
	uint16_t sizes[2];
	struct vmmio_device_options options;
};

static void make_parts(struct parts *p)
{
	struct vmmio_null_options null = {.size = sizeof(null), .n_queues = 2};

	ck_assert_int_eq(vmmio_memory_create(NULL, &p->memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&p->ex), 0);
	ck_assert_int_eq(vmmio_null_create(&null, &p->null), 0);
	p->backend = *vmmio_null_backend(p->null);
	p->ops = *p->backend.ops;
	p->backend.ops = &p->ops;
	p->sizes[0] = p->sizes[1] = 64;
	p->backend.queue_sizes = p->sizes;
	p->options = (struct vmmio_device_options){
		.size = sizeof(p->options),
		.name = "parts",
		.backend = &p->backend,
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

static void no_version_1(struct parts *p) { p->backend.features[0] &= ~VMMIO_FEATURE(VMMIO_F_VERSION_1); }
static void offers_suspend(struct parts *p) { p->backend.features[0] |= VMMIO_FEATURE(VMMIO_F_SUSPEND); }
static void offers_sr_iov(struct parts *p) { p->backend.features[0] |= VMMIO_FEATURE(VMMIO_F_SR_IOV); }
static void version_4(struct parts *p) { p->options.version = 4; }
static void version_1(struct parts *p) { p->options.version = 1; }
static void size_0(struct parts *p) { p->sizes[1] = 0; }
static void size_big(struct parts *p) { p->sizes[1] = 32769; }
static void size_odd(struct parts *p)
{
	p->sizes[0] = 48;
	p->backend.features[0] &= ~VMMIO_FEATURE(VMMIO_F_RING_PACKED);
}
static void no_memory(struct parts *p) { p->options.memory = NULL; }
static void no_executor(struct parts *p) { p->options.executor = NULL; }
static void no_backend(struct parts *p) { p->options.backend = NULL; }
static void no_size(struct parts *p) { p->options.size = 0; }
static void no_notify(struct parts *p) { p->ops.notify = NULL; }
static void old_backend(struct parts *p) { p->backend.size = 8; }
static void big_config(struct parts *p) { p->backend.config_size = 0xf01; }
static void no_level(void *ctx, bool level)
{
	(void)ctx;
	(void)level;
}
static void bad_eventfd(struct parts *p)
{
	p->options.irq.use_eventfd = true;
	p->options.irq.eventfd = 1000;
}
static void both_lines(struct parts *p)
{
	p->options.irq.use_eventfd = true;
	p->options.irq.level = no_level;
}
static void blocking_eventfd(struct parts *p)
{
	p->options.irq.use_eventfd = true;
	p->options.irq.eventfd = STDOUT_FILENO;
}
static void many_queues(struct parts *p) { p->backend.n_queues = 100000; }
static void no_sizes(struct parts *p) { p->backend.queue_sizes = NULL; }
static void many_segments(struct parts *p) { p->backend.max_segments = UINT32_MAX; }
static void no_ops(struct parts *p) { p->backend.ops = NULL; }
static void odd_flags(struct parts *p) { p->backend.flags = 0x80; }

static const struct {
	void (*spoil)(struct parts *p);
	const char *line;
} refusals[] = {
	{no_version_1, "VERSION_1"},
	{offers_suspend, "cannot do"},
	{offers_sr_iov, "cannot do"},
	{version_4, "version is 4"},
	{version_1, "version is 1"},
	{size_0, "queue 1 has size 0"},
	{size_big, "queue 1 has size 32769"},
	{size_odd, "queue 0 has size 48"},
	{no_memory, "options.memory is NULL"},
	{no_executor, "options.executor is NULL"},
	{no_backend, "options.backend is NULL"},
	{no_size, "options.size is 0"},
	{no_notify, "no notify"},
	{old_backend, "backend.size is 8"},
	{big_config, "wrong"},
	{bad_eventfd, "eventfd 1000"},
	{both_lines, "level callback and an eventfd"},
	{blocking_eventfd, "can block"},
	{many_queues, "has 100000 queues"},
	{no_sizes, "and no queue_sizes"},
	{many_segments, "max_segments is 4294967295"},
	{no_ops, "backend.ops is NULL"},
	{odd_flags, "backend.flags is 0x80"},
};
#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

START_TEST(create_refuses)
{
	struct vmmio_device *dev = (struct vmmio_device *)(uintptr_t)1;
	struct parts p;

	make_parts(&p);
	refusals[_i].spoil(&p);
	fixture_expect_log(refusals[_i].line);
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), -EINVAL);
	ck_assert_ptr_eq(dev, (struct vmmio_device *)(uintptr_t)1);
	ck_assert_uint_eq(fixture_logged(refusals[_i].line), 1);
	free_parts(&p);
}
END_TEST

/* Nobody can be told why: there are no options, or they end before the log. */
START_TEST(create_refuses_without_a_word)
{
	struct vmmio_device *dev = NULL;
	struct parts p;

	make_parts(&p);
	ck_assert_int_eq(vmmio_device_create(NULL, &dev), -EINVAL);
	ck_assert_int_eq(vmmio_device_create(&p.options, NULL), -EINVAL);
	p.options.size = 8;
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), -EINVAL);
	ck_assert_ptr_null(dev);
	free_parts(&p);
}
END_TEST

START_TEST(create_survives_every_failed_allocation)
{
	struct vmmio_device *dev = NULL;
	struct parts p;
	int error;

	make_parts(&p);
	for (unsigned n = 1;; n++) {
		fixture_fail_alloc(n, false);
		error = vmmio_device_create(&p.options, &dev);
		fixture_fail_alloc(0, false);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_uint_lt(n, 20);
	}
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(p.ex, 100);
	free_parts(&p);
}
END_TEST

START_TEST(a_backend_has_one_device)
{
	struct vmmio_device *dev, *other;
	struct parts p;

	make_parts(&p);
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), 0);
	ck_assert_int_eq(vmmio_device_create(&p.options, &other), -EBUSY);
	ck_assert_int_eq(vmmio_null_destroy(p.null), -EBUSY);
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(p.ex, 100);
	ck_assert_int_eq(vmmio_device_create(&p.options, &dev), 0);
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(p.ex, 100);
	free_parts(&p);
}
END_TEST

/* A start that finds no memory for a ring fails as E19; the guest's path goes on. */
START_TEST(no_memory_for_a_ring)
{
	struct rig *rig = bench(_i, NULL);

	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	fixture_expect_log("host had no memory");
	fixture_fail_alloc(1, true);
	rig_settle(rig);
	fixture_fail_alloc(0, false);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- Destroy -------------------------------------------------------------------------------- */

START_TEST(destroy_waits_for_leases)
{
	struct rig *rig = bench(_i, NULL);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_MAGIC), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 1), 0);
	fixture_expect_log("destroyed twice");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), -EALREADY);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig->puppet->detaches, 0);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

START_TEST(destroy_during_reset)
{
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* No driver is left to write zero again: the deadline asks the backend once more. */
START_TEST(destroy_asks_a_failed_backend_again)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	struct rig_options o = {.version = rig_version(_i), .puppet = &puppet, .reset_deadline = 1000};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	fixture_expect_log("quiesce failed");
	rig_settle(rig);
	rig->puppet->quiesce_answer = 0;
	fixture_expect_log("quiesce failed");
	vmmio_manual_advance(rig->ex, 1000);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 2);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* An executor of the embedder's, around a manual one, whose deadlines expire at the worst
 * time: on another thread, while they are being armed or disarmed. */
struct hasty {
	struct vmmio_executor *manual;
	bool in_arm, in_disarm;
};

static void *expire(void *arg)
{
	struct vmmio_deadline *deadline = arg;

	deadline->expired(deadline);
	return NULL;
}

static void expire_elsewhere(struct vmmio_deadline *deadline)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, expire, deadline), 0);
	pthread_join(thread, NULL);
}

static void hasty_submit(void *ctx, struct vmmio_task *task)
{
	vmmio_executor_submit(((struct hasty *)ctx)->manual, task);
}

static void hasty_arm(void *ctx, struct vmmio_deadline *deadline)
{
	struct hasty *h = ctx;

	if (h->in_arm) {
		vmmio_manual_advance(h->manual, deadline->when - vmmio_executor_now(h->manual));
		expire_elsewhere(deadline);
	} else {
		vmmio_executor_arm(h->manual, deadline, deadline->when);
	}
}

static bool hasty_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	struct hasty *h = ctx;
	bool armed = vmmio_executor_disarm(h->manual, deadline);

	if (!h->in_disarm || !armed)
		return armed;
	expire_elsewhere(deadline);
	return false;
}

static uint64_t hasty_now(void *ctx)
{
	return vmmio_executor_now(((struct hasty *)ctx)->manual);
}

static bool hasty_help(void *ctx)
{
	return vmmio_executor_help(((struct hasty *)ctx)->manual);
}

static const struct vmmio_executor_ops hasty_ops = {
	.size = sizeof(hasty_ops),
	.submit = hasty_submit,
	.arm = hasty_arm,
	.disarm = hasty_disarm,
	.now = hasty_now,
	.help = hasty_help,
};

START_TEST(deadline_expires_while_it_is_armed_or_disarmed)
{
	struct hasty h = {.in_arm = _i & 1, .in_disarm = _i & 2};
	struct rig_options o = {.version = 3, .reset_deadline = 1000};
	struct rig *rig;

	ck_assert_int_eq(vmmio_manual_create(&h.manual), 0);
	ck_assert_int_eq(vmmio_executor_create(&hasty_ops, &h, &o.ex), 0);
	if (h.in_arm)
		fixture_expect_log("not over after");
	rig = rig_create(&o);
	for (int life = 0; life < 3; life++) {
		ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
		vmmio_manual_run(h.manual, 100);
		rig_add(rig, 0, NULL);
		rig_write(rig, VMMIO_REG_STATUS, 0);
		vmmio_manual_run(h.manual, 100);
		rig_complete_all(rig);
		vmmio_manual_run(h.manual, 100);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	}
	/* Whatever became of the deadlines, the device can go. */
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	vmmio_manual_run(h.manual, 100);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	ck_assert_uint_eq(vmmio_manual_next_deadline(h.manual), UINT64_MAX);
	rig->o.pool = true; /* not rig's to step */
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(o.ex), 0);
	ck_assert_int_eq(vmmio_executor_destroy(h.manual), 0);
}
END_TEST

START_TEST(executor_and_memory_outlive_the_device)
{
	struct rig *rig = bench(_i, NULL);

	ck_assert_int_eq(vmmio_executor_destroy(rig->ex), -EBUSY);
	fixture_expect_log("device");
	ck_assert_int_eq(vmmio_memory_destroy(rig->memory), -EBUSY);
	rig_free(rig);
}
END_TEST

/* --- Config space --------------------------------------------------------------------------- */

START_TEST(config_change_is_one_call)
{
	struct rig *rig = bench(_i, NULL);
	uint32_t generation;
	uint64_t value = UINT64_C(0x1122334455667788);

	rig_up(rig);
	generation = rig_read(rig, VMMIO_REG_CONFIG_GENERATION);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 8, &value, 8), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert(atomic_load(&rig->line));
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_CONFIG_GENERATION), generation);
	ck_assert_uint_eq(vmmio_device_read(rig->dev, VMMIO_REG_CONFIG + 8, 8), value);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	ck_assert(!atomic_load(&rig->line));
	/* The same bytes again are no change. */
	generation = rig_read(rig, VMMIO_REG_CONFIG_GENERATION);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 8, &value, 8), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG_GENERATION), generation);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 60, &value, 8), -ERANGE);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, NULL, 8), -EINVAL);
	rig_free(rig);
}
END_TEST

START_TEST(config_write_reaches_the_backend)
{
	struct rig *rig = bench(_i, NULL);

	rig_up(rig);
	for (unsigned size = 1; size <= 4; size *= 2) {
		vmmio_device_write(rig->dev, VMMIO_REG_CONFIG + 16, size, 0x01020304);
		ck_assert_uint_eq(atomic_load(&rig->puppet->config_last) >> 32 & 0xff, size);
		ck_assert_uint_eq(atomic_load(&rig->puppet->config_last) >> 40, 16);
	}
	ck_assert_uint_eq(rig->puppet->config_writes, 3);
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG + 24, 8, UINT64_C(0x1111111122222222));
	ck_assert_uint_eq(rig->puppet->config_writes, 5);
	ck_assert_uint_eq(vmmio_device_read(rig->dev, VMMIO_REG_CONFIG + 24, 8),
		UINT64_C(0x1111111122222222));
	/* The driver's own write brings no interrupt. */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	rig_reset(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG + 16), 0);
	rig_free(rig);
}
END_TEST

/* --- Interrupts and notifications -------------------------------------------------------------- */

static uint64_t drain(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

START_TEST(eventfd_pulses)
{
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .eventfd = true};
	struct rig *rig = rig_create(&o);
	const uint8_t byte = 1;

	rig_up(rig);
	rig_check_io(rig);
	drain(rig->eventfd);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 0));
	ck_assert_uint_eq(drain(rig->eventfd), 1);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, &byte, 1), 0);
	ck_assert_uint_eq(drain(rig->eventfd), 1);
	/* An ACK that leaves a bit pulses again, one that leaves none does not. */
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	ck_assert_uint_eq(drain(rig->eventfd), 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	ck_assert_uint_eq(drain(rig->eventfd), 0);
	rig_free(rig);
}
END_TEST

/* F45: nothing blocks, the event stays. */
START_TEST(a_full_eventfd_loses_nothing)
{
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .eventfd = true};
	struct rig *rig = rig_create(&o);
	const uint64_t full = UINT64_MAX - 1;

	rig_up(rig);
	ck_assert_int_eq(write(rig->eventfd, &full, sizeof(full)), sizeof(full));
	rig_add(rig, 0, NULL);
	fixture_expect_log("cannot be written");
	ck_assert(rig_complete(rig, 0, 0));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	ck_assert_uint_eq(rig_counters(rig).lost_pulses, 1);
	rig_free(rig);
}
END_TEST

START_TEST(queue_eventfd)
{
	struct rig *rig = bench(_i, NULL);
	const uint64_t one = 1;
	int fd = vmmio_device_queue_eventfd(rig->dev, 0);
	unsigned notifies;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(vmmio_device_queue_eventfd(rig->dev, 0), fd);
	ck_assert_int_eq(vmmio_device_queue_eventfd(rig->dev, 2), -EINVAL);
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 2), -EINVAL);
	/* While nothing runs: read and forgotten. */
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 0), 0);
	ck_assert_uint_eq(drain(fd), 0);
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	/* A stale kick is drained at the start, and every queue scanned. */
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	rig_up(rig);
	ck_assert_uint_eq(drain(fd), 0);
	ck_assert_uint_eq(rig->puppet->notifies, 2);
	notifies = rig->puppet->notifies;
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 0), 0);
	ck_assert_uint_eq(rig->puppet->notifies, notifies + 1);
	rig_free(rig);
}
END_TEST

/* Odd, but no driver is refused for it: queues may come later, one by one. */
START_TEST(driver_ok_with_no_queue_ready)
{
	struct rig *rig = bench(_i, NULL);
	struct vmmio_driver_queue *queue;

	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
	ck_assert_int_eq(vmmio_driver_ok(rig->driver), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	for (unsigned q = 0; q < 2; q++)
		ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, q,
					 &(struct vmmio_driver_queue_config){.size = 16}, &queue), 0);
	rig_check_io(rig);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

START_TEST(failed_takes_no_new_buffers)
{
	struct rig *rig = bench(_i, NULL);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED);
	rig_add(rig, 0, NULL);
	vmmio_queue_kick(vmmio_device_queue(rig->dev, 0));
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* What backend authors ask for, and what they get who ask wrongly. */
START_TEST(small_questions)
{
	struct rig *rig = bench(_i, NULL);
	struct vmmio_queue *queue = vmmio_device_queue(rig->dev, 1);
	uint8_t byte;

	ck_assert_ptr_eq(vmmio_queue_device(queue), rig->dev);
	ck_assert_ptr_null(vmmio_device_queue(rig->dev, 1000));
	ck_assert_int_eq(vmmio_device_config_get(rig->dev, 0, &byte, 1), 0);
	ck_assert_int_eq(vmmio_device_config_get(NULL, 0, &byte, 1), -EINVAL);
	ck_assert_int_eq(vmmio_device_config_get(rig->dev, 0, NULL, 1), -EINVAL);
	ck_assert_int_eq(vmmio_device_config_get(rig->dev, 0, &byte, 0), -EINVAL);
	ck_assert_int_eq(vmmio_device_config_get(rig->dev, UINT32_MAX, &byte, 1), -ERANGE);
	ck_assert_int_eq(vmmio_device_destroy(NULL, NULL, NULL), 0);
	rig_free(rig);
}
END_TEST

/* --- Broken rings ----------------------------------------------------------------------------------- */

static void corrupt_descriptor(struct rig *rig, unsigned queue)
{
	struct vmmio_driver_areas areas;

	ck_assert_int_eq(
		vmmio_driver_queue_areas(vmmio_driver_queue(rig->driver, queue), &areas), 0);
	for (size_t i = 0; i < areas.desc.size; i += 16)
		memset((uint8_t *)areas.desc.host + i, 0xff, 8); /* the address */
}

START_TEST(a_broken_queue_breaks_no_other)
{
	struct rig *rig = bench(_i, NULL);
	struct vmmio_driver_queue *q0;
	struct vmmio_driver_seg seg = {RIG_RAM_BASE, 64};
	struct vmmio_driver_chain chain = {.out = &seg, .n_out = 1};

	rig_up(rig);
	q0 = vmmio_driver_queue(rig->driver, 0);
	ck_assert_int_ge(vmmio_driver_queue_add(q0, &chain), 0);
	corrupt_descriptor(rig, 0);
	fixture_expect_log("queue 0 is broken");
	vmmio_driver_queue_publish(q0);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, 3);
	rig_add(rig, 1, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(rig_held(rig), 0);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E28: accepted at QueueReady, told at DRIVER_OK, the ring is never touched. */
START_TEST(bad_queue_setup)
{
	struct rig *rig = bench(_i, NULL);

	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_SIZE, 16);
	rig_write(rig, VMMIO_REG_QUEUE_DESC_HIGH, 0x7fffffff);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
	fixture_expect_log("queue 0 is broken");
	rig_write(rig, VMMIO_REG_STATUS, LIVE);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(wrong_answers_are_ignored)
{
	struct rig *rig = bench(_i, NULL);
	struct vmmio_queue *queue = vmmio_device_queue(rig->dev, 0);
	vmmio_token token;
	uint64_t sum;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	token = rig->puppet->held[0].chain.token;
	ck_assert(rig_complete(rig, 0, 64));
	sum = rig_ram_sum(rig);
	fixture_expect_log("token that is not out");
	vmmio_queue_complete_one(queue, token, 64);
	vmmio_queue_complete_one(queue, 0, 0);
	vmmio_queue_complete_one(queue, UINT64_MAX, 0);
	vmmio_queue_complete_one(vmmio_device_queue(rig->dev, 1), token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 4);
	ck_assert_uint_eq(rig_ram_sum(rig), sum);
	/* Of an earlier life, its slot in use again (F8). */
	rig_reset(rig);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	vmmio_queue_complete_one(queue, token, 64);
	ck_assert_uint_eq(rig_counters(rig).leases, 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *create = fixture_tcase(suite, "create");
	TCase *all = fixture_tcase(suite, "all variants");

	tcase_add_loop_test(create, create_refuses, 0, (int)N_REFUSALS);
	tcase_add_test(create, create_refuses_without_a_word);
	tcase_add_test(create, create_survives_every_failed_allocation);
	tcase_add_test(create, a_backend_has_one_device);
	tcase_add_loop_test(create, deadline_expires_while_it_is_armed_or_disarmed, 0, 4);
	tcase_add_loop_test(create, destroy_during_reset, 0, 2);
	tcase_add_loop_test(create, destroy_asks_a_failed_backend_again, 0, 2);
	tcase_add_loop_test(all, no_memory_for_a_ring, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, destroy_waits_for_leases, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, executor_and_memory_outlive_the_device, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, config_change_is_one_call, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, config_write_reaches_the_backend, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, eventfd_pulses, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, a_full_eventfd_loses_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, queue_eventfd, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, small_questions, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, driver_ok_with_no_queue_ready, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, failed_takes_no_new_buffers, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, a_broken_queue_breaks_no_other, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, bad_queue_setup, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, wrong_answers_are_ignored, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
