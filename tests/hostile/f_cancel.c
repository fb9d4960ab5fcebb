/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that are cancelled inside calls of a device or an executor: the rest of F-47. They come
 * out of the call first, and nothing is left behind.
 */
#include <semaphore.h>

#include "hostile/f_rig.h"

/* --- A cancel that is pending before the call -------------------------------------------- */

/* Threads with a cancel pending go into calls whose callbacks have points where they could be
 * cancelled, or that have such a point themselves. They come out first. */
struct cancelled {
	void (*prepare)(struct rig *rig);
	void (*call)(struct rig *rig);
	bool eventfd, prompt, parks, translate;
	bool ends; /* only a reset follows */
};

struct canceller {
	struct rig *rig;
	void (*call)(struct rig *rig);
	sem_t ready, go;
	_Atomic bool left;
};

static void *call_cancelled(void *arg)
{
	struct canceller *c = arg;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	sem_post(&c->ready);
	while (sem_wait(&c->go))
		;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	c->call(c->rig);
	atomic_store(&c->left, true);
	pthread_testcancel();
	return NULL;
}

static void point(void *ctx)
{
	(void)ctx;
	pthread_testcancel();
}

static void point_on_line(void *ctx, bool high)
{
	(void)ctx, (void)high;
	pthread_testcancel();
}

static void point_in_log(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx, (void)level, (void)line;
	pthread_testcancel();
}

static int point_in_translate(
	void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	(void)ctx, (void)write;
	pthread_testcancel();
	*guest = iova;
	*got = len;
	return 0;
}

static void add_one(struct rig *rig)
{
	rig_add(rig, 0, NULL);
	ck_assert_uint_eq(rig_held(rig), 1);
}

static void complete_it(struct rig *rig)
{
	rig_complete(rig, 0, 64);
}

static void complete_too_much(struct rig *rig)
{
	rig_complete(rig, 0, 65);
}

static void no_sink(struct rig *rig)
{
	add_one(rig);
	rig->on_line = NULL;
}

static void config_changes(struct rig *rig)
{
	(void)vmmio_device_config_change(rig->dev, 0, "x", 1);
}

static void needs_reset(struct rig *rig)
{
	vmmio_device_needs_reset(rig->dev, "test");
}

/* Published, not notified: the call pops it. */
static void publish_one(struct rig *rig)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(rig->driver, 0);
	struct vmmio_driver_seg in = {rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};

	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_publish(queue);
}

static void publish_nonsense(struct rig *rig)
{
	struct vmmio_driver_areas areas;

	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(rig->driver, 0), &areas), 0);
	((uint16_t *)areas.driver.host)[1] = 0x7777; /* avail.idx */
}

static void pop_it(struct rig *rig)
{
	struct vmmio_queue *queue = vmmio_device_queue(rig->dev, 0);
	struct vmmio_chain chain;

	if (vmmio_queue_pop(queue, &chain, 1))
		vmmio_queue_complete_one(queue, chain.token, 64);
}

static void start_is_asked(struct rig *rig)
{
	rig_reset(rig);
	rig->puppet->start_answer = VMMIO_PENDING;
	rig_up(rig);
}

static void start_fails(struct rig *rig)
{
	vmmio_device_answer(rig->dev, rig->puppet->start_token, -EIO);
}

static struct rig_waiter cancel_waiter;

static void host_resets(struct rig *rig)
{
	(void)!vmmio_device_reset(rig->dev, &cancel_waiter.waiter);
}

static void host_pauses(struct rig *rig)
{
	(void)!vmmio_device_pause(rig->dev, &cancel_waiter.waiter);
	(void)!vmmio_device_resume(rig->dev, &cancel_waiter.waiter);
}

static void ask_for_reset(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_STATUS, 0);
}

static void step(struct rig *rig)
{
	vmmio_manual_run(rig->ex, 10);
}

static const struct cancelled cancelled[] = {
	{add_one, complete_it, .ends = false},
	{no_sink, complete_it, .eventfd = true},
	{no_sink, complete_too_much, .ends = false},
	{NULL, config_changes, .ends = false},
	{NULL, needs_reset, .ends = true},
	{publish_one, pop_it, .translate = true},
	{publish_nonsense, pop_it, .ends = true},
	{start_is_asked, start_fails, .ends = true},
	{NULL, host_resets, .prompt = true, .ends = true},
	{NULL, host_pauses, .prompt = true, .parks = true},
	{ask_for_reset, step, .ends = true},
};
#define CANCELLED (int)(sizeof(cancelled) / sizeof(cancelled[0]))

static struct rig *about_to_call(const struct cancelled *c)
{
	const struct puppet puppet = {.parks = c->parks,
		.in_pause = point,
		.in_resume = point,
		.in_quiesce = point,
		.in_finish = point,
		.in_start = point};
	struct rig_options o = {.version = 3,
		.eventfd = c->eventfd,
		.prompt = c->prompt,
		.puppet = &puppet,
		.translate = c->translate ? point_in_translate : NULL};
	struct rig *rig = rig_create(&o);
	uint64_t platform = c->translate ? VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) : 0;

	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig) | platform, 2, 16), 0);
	rig_settle(rig);
	rig->on_line = point_on_line;
	if (c->prepare)
		c->prepare(rig);
	return rig;
}

static void notifications_go_on(struct rig *rig)
{
	uint64_t pulses;

	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	rig_reap(rig, 0);
	if (rig->o.eventfd)
		(void)!read(rig->eventfd, &pulses, sizeof(pulses));
	rig_check_io(rig);
	if (rig->o.eventfd)
		ck_assert_int_eq(read(rig->eventfd, &pulses, sizeof(pulses)), sizeof(pulses));
}

/* In a thread of its own, which is cancelled before it calls. */
static void cancel_before(struct canceller *c)
{
	pthread_t thread;

	sem_init(&c->ready, 0, 0);
	sem_init(&c->go, 0, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, call_cancelled, c), 0);
	while (sem_wait(&c->ready))
		;
	ck_assert_int_eq(pthread_cancel(thread), 0);
	sem_post(&c->go);
	pthread_join(thread, NULL);
	ck_assert(atomic_load(&c->left));
}

START_TEST(f47_cancelled_on_the_way)
{
	const struct cancelled *what = &cancelled[_i];
	struct canceller c = {.rig = about_to_call(what), .call = what->call};
	struct rig *rig = c.rig;
	struct vmmio_log log = rig->dev->log;

	cancel_waiter = (struct rig_waiter)RIG_WAITER;
	rig->dev->log.fn = point_in_log;
	cancel_before(&c);
	rig->dev->log = log;
	rig->on_line = NULL;
	rig->puppet->start_answer = 0;
	if (!what->ends)
		notifications_go_on(rig);
	rig_reset(rig);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* --- Executors ---------------------------------------------------------------------------- */

/* An executor of the embedder's: submit, arm and disarm may write to a descriptor. */
static unsigned own_calls;

static void own_submit(void *ctx, struct vmmio_task *task)
{
	(void)ctx, (void)task;
	pthread_testcancel();
	own_calls++;
}

static void own_arm(void *ctx, struct vmmio_deadline *deadline)
{
	(void)ctx, (void)deadline;
	pthread_testcancel();
	own_calls++;
}

static bool own_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	own_arm(ctx, deadline);
	return true;
}

static uint64_t own_now(void *ctx)
{
	(void)ctx;
	return 0;
}

static struct vmmio_executor *executor;
static int own_call; /* which */

static void call_own(struct rig *rig)
{
	static struct vmmio_task task;
	static struct vmmio_deadline deadline;

	(void)rig;
	if (own_call == 0)
		vmmio_executor_submit(executor, &task);
	else if (own_call == 1)
		vmmio_executor_arm(executor, &deadline, 1);
	else
		(void)vmmio_executor_disarm(executor, &deadline);
}

START_TEST(f47_cancelled_in_an_executor_of_yours)
{
	static const struct vmmio_executor_ops ops = {.size = sizeof(ops),
		.submit = own_submit,
		.arm = own_arm,
		.disarm = own_disarm,
		.now = own_now};
	struct canceller c = {.call = call_own};

	own_call = _i;
	ck_assert_int_eq(vmmio_executor_create(&ops, NULL, &executor), 0);
	cancel_before(&c);
	ck_assert_uint_eq(own_calls, 1);
	ck_assert_int_eq(vmmio_executor_destroy(executor), 0);
}
END_TEST

static void point_in_task(struct vmmio_task *task)
{
	(void)task;
	pthread_testcancel();
}

static void step_it(struct rig *rig)
{
	(void)rig;
	vmmio_manual_step(executor, 0);
}

/* It would run for ever. */
START_TEST(f47_cancelled_in_a_step)
{
	struct vmmio_task task = {.run = point_in_task};
	struct canceller c = {.call = step_it};

	ck_assert_int_eq(vmmio_manual_create(&executor), 0);
	vmmio_executor_submit(executor, &task);
	cancel_before(&c);
	ck_assert_int_eq(vmmio_executor_destroy(executor), 0);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_47_calls", f47_cancelled_on_the_way, CANCELLED},
		{"f_47_calls", f47_cancelled_in_an_executor_of_yours, 3},
		{"f_47_calls", f47_cancelled_in_a_step, 1},
		{NULL, NULL, 0},
	};

	return f_main("f_cancel", rows);
}
