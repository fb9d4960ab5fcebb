/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The manual executor: a queue and a clock that a test harness moves by hand.
 */
#include "executor/internal.h"
#include "executor/cancel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct manual {
	pthread_mutex_t lock; /* guards everything below; not held in a task or deadline */
	struct vmmio_task_list tasks;
	size_t pending;
	struct vmmio_deadlines deadlines;
	uint64_t now;
	unsigned running; /* tasks and deadlines being called, on any thread */
};

static void manual_submit(void *ctx, struct vmmio_task *task)
{
	struct manual *manual = ctx;

	pthread_mutex_lock(&manual->lock);
	vmmio_task_list_push(&manual->tasks, task);
	manual->pending++;
	pthread_mutex_unlock(&manual->lock);
}

static void manual_arm(void *ctx, struct vmmio_deadline *deadline)
{
	struct manual *manual = ctx;

	pthread_mutex_lock(&manual->lock);
	vmmio_deadlines_add(&manual->deadlines, deadline);
	pthread_mutex_unlock(&manual->lock);
}

static bool manual_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	struct manual *manual = ctx;
	bool armed;

	pthread_mutex_lock(&manual->lock);
	armed = vmmio_deadlines_remove(&manual->deadlines, deadline);
	pthread_mutex_unlock(&manual->lock);
	return armed;
}

static uint64_t manual_now(void *ctx)
{
	struct manual *manual = ctx;
	uint64_t now;

	pthread_mutex_lock(&manual->lock);
	now = manual->now;
	pthread_mutex_unlock(&manual->lock);
	return now;
}

/* Calls one of the two without the lock, which is held before and after. */
static void call(struct manual *manual, struct vmmio_task *task, struct vmmio_deadline *deadline)
{
	struct vmmio_executor_frame frame;
	int cancel = vmmio_cancel_off();

	manual->running++;
	pthread_mutex_unlock(&manual->lock);
	vmmio_executor_enter(&frame, manual);
	if (task)
		task->run(task);
	else
		deadline->expired(deadline);
	vmmio_executor_leave(&frame);
	pthread_mutex_lock(&manual->lock);
	manual->running--;
	vmmio_cancel_restore(cancel);
}

static bool run_task(struct manual *manual, size_t n)
{
	struct vmmio_task *task = vmmio_task_list_take(&manual->tasks, n);

	if (!task)
		return false;
	manual->pending--;
	call(manual, task, NULL);
	return true;
}

/* The clock never goes back: not for a deadline armed in the past, and not when a callback
 * has moved it further than its caller was going to. */
static bool expire_one(struct manual *manual, uint64_t limit)
{
	struct vmmio_deadline *deadline = vmmio_deadlines_take(&manual->deadlines, limit);

	if (!deadline)
		return false;
	if (manual->now < deadline->when)
		manual->now = deadline->when;
	call(manual, NULL, deadline);
	return true;
}

static bool manual_help(void *ctx)
{
	struct manual *manual = ctx;
	bool helped;

	pthread_mutex_lock(&manual->lock);
	helped = run_task(manual, 0) || expire_one(manual, UINT64_MAX);
	pthread_mutex_unlock(&manual->lock);
	return helped;
}

static int manual_destroy(void *ctx)
{
	struct manual *manual = ctx;
	bool busy;

	pthread_mutex_lock(&manual->lock);
	busy = manual->pending || manual->deadlines.first || manual->running;
	pthread_mutex_unlock(&manual->lock);
	if (busy)
		return -EBUSY;
	pthread_mutex_destroy(&manual->lock);
	free(manual);
	return 0;
}

static const struct vmmio_executor_ops manual_ops = {
	.size = sizeof(manual_ops),
	.submit = manual_submit,
	.arm = manual_arm,
	.disarm = manual_disarm,
	.now = manual_now,
	.help = manual_help,
	.destroy = manual_destroy,
};

int vmmio_manual_create(struct vmmio_executor **out)
{
	struct manual *manual;
	int error;

	if (!out)
		return -EINVAL;
	manual = calloc(1, sizeof(*manual));
	if (!manual)
		return -ENOMEM;
	error = vmmio_executor_create(&manual_ops, manual, out);
	if (error) {
		free(manual);
		return error;
	}
	pthread_mutex_init(&manual->lock, NULL);
	return 0;
}

size_t vmmio_manual_pending(struct vmmio_executor *ex)
{
	struct manual *manual = vmmio_executor_ctx(ex, manual_submit);
	size_t pending;

	if (!manual)
		return 0;
	pthread_mutex_lock(&manual->lock);
	pending = manual->pending;
	pthread_mutex_unlock(&manual->lock);
	return pending;
}

bool vmmio_manual_step(struct vmmio_executor *ex, size_t n)
{
	struct manual *manual = vmmio_executor_ctx(ex, manual_submit);
	bool ran;

	if (!manual)
		return false;
	pthread_mutex_lock(&manual->lock);
	ran = run_task(manual, n);
	pthread_mutex_unlock(&manual->lock);
	return ran;
}

size_t vmmio_manual_run(struct vmmio_executor *ex, size_t max)
{
	size_t ran = 0;

	while (ran < max && vmmio_manual_step(ex, 0))
		ran++;
	return ran;
}

void vmmio_manual_advance(struct vmmio_executor *ex, uint64_t ns)
{
	struct manual *manual = vmmio_executor_ctx(ex, manual_submit);
	uint64_t target;

	if (!manual)
		return;
	pthread_mutex_lock(&manual->lock);
	target = vmmio_time_after(manual->now, ns);
	while (expire_one(manual, target))
		;
	if (manual->now < target)
		manual->now = target;
	pthread_mutex_unlock(&manual->lock);
}

uint64_t vmmio_manual_next_deadline(struct vmmio_executor *ex)
{
	struct manual *manual = vmmio_executor_ctx(ex, manual_submit);
	uint64_t next;

	if (!manual)
		return UINT64_MAX;
	pthread_mutex_lock(&manual->lock);
	next = vmmio_deadlines_next(&manual->deadlines);
	pthread_mutex_unlock(&manual->lock);
	return next;
}
