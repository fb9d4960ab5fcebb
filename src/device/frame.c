/* SPDX-License-Identifier: BSD-3-Clause */
/* Which callbacks of which devices the calling thread is inside of. */
#include "device/internal.h"
#include "executor/cancel.h"

static _Thread_local struct frame *innermost;

void vmmio_frame_enter(struct frame *frame, struct vmmio_device *dev, enum frame_kind kind)
{
	*frame = (struct frame){.dev = dev, .outer = innermost, .kind = kind};
	if (!innermost)
		frame->cancel = vmmio_cancel_off();
	innermost = frame;
}

struct frame *vmmio_frame_outermost(const struct vmmio_device *dev)
{
	struct frame *found = NULL;

	for (struct frame *f = innermost; f; f = f->outer)
		if (f->dev == dev)
			found = f;
	return found;
}

bool vmmio_frame_inside(const struct vmmio_device *dev, enum frame_kind kind)
{
	for (struct frame *f = innermost; f; f = f->outer)
		if (f->dev == dev && f->kind == kind)
			return true;
	return false;
}

enum where vmmio_frame_where(const struct vmmio_device *dev)
{
	return vmmio_frame_outermost(dev) ? ELSEWHERE : IN_WRITE;
}

void vmmio_frame_leave(struct frame *frame)
{
	struct vmmio_queue *queue = frame->deferred;

	innermost = frame->outer;
	while (queue) {
		/* Each holds a pass, which its run gives back: read next first. */
		struct vmmio_queue *next = queue->deferred_next;

		if (frame->kind == FRAME_COMPLETE)
			vmmio_executor_submit(queue->dev->ex, &queue->kick_task);
		else
			vmmio_queue_run_kick(queue);
		queue = next;
	}
	if (!innermost)
		vmmio_cancel_restore(frame->cancel);
}
