/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kinds of executors share: the queue of tasks, the heap of deadlines, and who is
 * running on this thread. Nothing here locks; each kind has its own lock.
 */
#ifndef VMMIO_EXECUTOR_INTERNAL_H
#define VMMIO_EXECUTOR_INTERNAL_H

#include <vmmio/executor.h>

/* --- Tasks, oldest first ------------------------------------------------------ */

struct vmmio_task_list {
	struct vmmio_task *head;
	struct vmmio_task *tail; /* valid while head is */
};

static inline void vmmio_task_list_push(struct vmmio_task_list *list, struct vmmio_task *task)
{
	task->next = NULL;
	if (list->head)
		list->tail->next = task;
	else
		list->head = task;
	list->tail = task;
}

/* Takes the task at position n out. NULL: there is none. */
struct vmmio_task *vmmio_task_list_take(struct vmmio_task_list *list, size_t n);

/* --- Deadlines, earliest first; equal times in the order of arming ------------ */

struct vmmio_deadlines {
	struct vmmio_deadline *first; /* the earliest, NULL: none is armed */
	uintptr_t arms;               /* how many have been added */
};

void vmmio_deadlines_add(struct vmmio_deadlines *heap, struct vmmio_deadline *deadline);

/* false: it is not in the heap. */
bool vmmio_deadlines_remove(struct vmmio_deadlines *heap, struct vmmio_deadline *deadline);

/* The earliest, taken out. NULL: there is none at or before limit. */
struct vmmio_deadline *vmmio_deadlines_take(struct vmmio_deadlines *heap, uint64_t limit);

/* UINT64_MAX: none is armed. */
static inline uint64_t vmmio_deadlines_next(const struct vmmio_deadlines *heap)
{
	return heap->first ? heap->first->when : UINT64_MAX;
}

/* --- Whose code this thread runs ---------------------------------------------- */

/* On the stack of the thread, from before a task or deadline of ctx is called until after. */
struct vmmio_executor_frame {
	const void *ctx;
	struct vmmio_executor_frame *outer;
};

void vmmio_executor_enter(struct vmmio_executor_frame *frame, const void *ctx);
void vmmio_executor_leave(const struct vmmio_executor_frame *frame);

/* --- The object behind the type ------------------------------------------------ */

/* The ctx of an executor whose submit is the given one. NULL: it is of another kind. */
void *vmmio_executor_ctx(
	const struct vmmio_executor *ex, void (*submit)(void *ctx, struct vmmio_task *task));

static inline uint64_t vmmio_time_after(uint64_t now, uint64_t ns)
{
	return ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
}

#endif
