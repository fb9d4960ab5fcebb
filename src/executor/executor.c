/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The common front of all executors: every kind, the built-in ones too, is an ops table and a
 * context; users are counted here. And what the built-in kinds share.
 */
#include "executor/internal.h"
#include "executor/cancel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first version's last op: a shorter table is no table of ours. */
#define OPS_FIRST_SIZE                                                                             \
	(offsetof(struct vmmio_executor_ops, destroy) +                                            \
		sizeof(((struct vmmio_executor_ops *)NULL)->destroy))

struct vmmio_executor {
	/* A copy: ops that the embedder's version did not have are NULL in it. */
	struct vmmio_executor_ops ops;
	void *ctx;
	struct vmmio_log log;
	/* Any thread. The release of the last unref pairs with the acquire in destroy, so
	 * that what a user did before it is over when the executor is freed. */
	atomic_uint users;
};

static _Thread_local struct vmmio_executor_frame *innermost;

void vmmio_executor_enter(struct vmmio_executor_frame *frame, const void *ctx)
{
	frame->ctx = ctx;
	frame->outer = innermost;
	innermost = frame;
}

void vmmio_executor_leave(const struct vmmio_executor_frame *frame)
{
	innermost = frame->outer;
}

static bool runs_here(const struct vmmio_executor *ex)
{
	for (const struct vmmio_executor_frame *frame = innermost; frame; frame = frame->outer) {
		if (frame->ctx == ex->ctx)
			return true;
	}
	return false;
}

struct vmmio_task *vmmio_task_list_take(struct vmmio_task_list *list, size_t n)
{
	struct vmmio_task *before = NULL, *task = list->head;

	for (; task && n; n--) {
		before = task;
		task = task->next;
	}
	if (!task)
		return NULL;
	if (before)
		before->next = task->next;
	else
		list->head = task->next;
	if (list->tail == task)
		list->tail = before;
	return task;
}

void *vmmio_executor_ctx(
	const struct vmmio_executor *ex, void (*submit)(void *ctx, struct vmmio_task *task))
{
	return ex && ex->ops.submit == submit ? ex->ctx : NULL;
}

int vmmio_executor_create(
	const struct vmmio_executor_ops *ops, void *ctx, struct vmmio_executor **out)
{
	struct vmmio_executor *ex;

	if (!ops || !out || ops->size < OPS_FIRST_SIZE)
		return -EINVAL;
	if (!ops->submit || !ops->arm || !ops->disarm || !ops->now)
		return -EINVAL;
	ex = calloc(1, sizeof(*ex));
	if (!ex)
		return -ENOMEM;
	memcpy(&ex->ops, ops, ops->size < sizeof(ex->ops) ? ops->size : sizeof(ex->ops));
	ex->ctx = ctx;
	atomic_init(&ex->users, 0);
	*out = ex;
	return 0;
}

void vmmio_executor_set_log(struct vmmio_executor *ex, const struct vmmio_log *log)
{
	if (ex)
		ex->log = log ? *log : (struct vmmio_log){NULL, NULL};
}

static int refuse(const struct vmmio_log *log, int error, unsigned users)
{
	char line[240];

	if (!log->fn)
		return error;
	if (error == -EDEADLK)
		snprintf(line, sizeof(line),
			"executor: not destroyed: one of its own tasks cannot, it would wait for itself; "
			"call vmmio_executor_destroy from another thread");
	else if (users)
		snprintf(line, sizeof(line),
			"executor: not destroyed: %u device(s) use it; destroy them and wait for their "
			"destroyed callbacks first (one that was abandoned keeps it for good)",
			users);
	else
		snprintf(line, sizeof(line),
			"executor: not destroyed (error %d): tasks are queued or deadlines armed; let them "
			"run or disarm them first",
			-error);
	log->fn(log->ctx, error == -EDEADLK ? VMMIO_LOG_ERROR : VMMIO_LOG_INFO, line);
	return error;
}

int vmmio_executor_destroy(struct vmmio_executor *ex)
{
	struct vmmio_log log;
	unsigned users;
	int error;

	if (!ex)
		return 0;
	log = ex->log;
	if (runs_here(ex))
		return refuse(&log, -EDEADLK, 0);
	users = atomic_load_explicit(&ex->users, memory_order_acquire);
	if (users)
		return refuse(&log, -EBUSY, users);
	error = ex->ops.destroy ? ex->ops.destroy(ex->ctx) : 0;
	if (error)
		return refuse(&log, error, 0);
	free(ex);
	return 0;
}

void vmmio_executor_ref(struct vmmio_executor *ex)
{
	atomic_fetch_add_explicit(&ex->users, 1, memory_order_relaxed);
}

void vmmio_executor_unref(struct vmmio_executor *ex)
{
	atomic_fetch_sub_explicit(&ex->users, 1, memory_order_release);
}

void vmmio_executor_submit(struct vmmio_executor *ex, struct vmmio_task *task)
{
	int cancel = vmmio_cancel_off();

	ex->ops.submit(ex->ctx, task);
	vmmio_cancel_restore(cancel);
}

void vmmio_executor_arm(struct vmmio_executor *ex, struct vmmio_deadline *deadline, uint64_t when)
{
	int cancel = vmmio_cancel_off();

	deadline->when = when;
	ex->ops.arm(ex->ctx, deadline);
	vmmio_cancel_restore(cancel);
}

bool vmmio_executor_disarm(struct vmmio_executor *ex, struct vmmio_deadline *deadline)
{
	int cancel = vmmio_cancel_off();
	bool armed = ex->ops.disarm(ex->ctx, deadline);

	vmmio_cancel_restore(cancel);
	return armed;
}

uint64_t vmmio_executor_now(struct vmmio_executor *ex)
{
	return ex->ops.now(ex->ctx);
}

bool vmmio_executor_help(struct vmmio_executor *ex)
{
	return ex->ops.help && ex->ops.help(ex->ctx);
}

bool vmmio_executor_is_stepped(const struct vmmio_executor *ex)
{
	return ex->ops.help;
}
