/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Delivery of InterruptStatus to the sink. One thread owns delivery at a time: it
 * delivers until the level it delivered is the word's; others only mark it dirty. So
 * neither an ACK racing a new event nor a reset racing a raise leaves the line wrong.
 */
#include <errno.h>
#include <unistd.h>

#include "device/internal.h"

enum { IRQ_OWNED = 1, IRQ_DIRTY = 2, IRQ_PULSE = 4 };

/* After so many rounds the owner hands over: other vCPUs must not be able to keep this
 * thread here. */
#define IRQ_ROUNDS 4

static void pulse_eventfd(struct vmmio_device *dev)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(dev->irq.eventfd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		int error = errno;

		if (vmmio_count_log(&dev->counters.lost_pulses, 1))
			vmmio_device_log(dev, VMMIO_LOG_WARN,
				"interrupt eventfd %d cannot be written (errno %d); InterruptStatus keeps "
				"the event: is somebody reading the eventfd?",
				dev->irq.eventfd, error);
	}
}

static void deliver_once(struct vmmio_device *dev, bool pulse)
{
	bool high = VMMIO_STATE_INT(vmmio_regfile_state(dev->rf)) != 0;
	struct frame frame;

	if (high && (pulse || !dev->line))
		vmmio_count(&dev->counters.interrupts, 1);
	if (dev->irq.use_eventfd && pulse && high)
		pulse_eventfd(dev);
	if (high == dev->line)
		return;
	dev->line = high;
	if (!dev->irq.level)
		return;
	vmmio_frame_enter(&frame, dev, FRAME_SINK);
	dev->irq.level(dev->irq.ctx, high);
	vmmio_frame_leave(&frame);
}

/* Hands ownership to the executor, with a pass of its own. */
static bool hand_over(struct vmmio_device *dev)
{
	if (!vmmio_gate_enter(&dev->gate))
		return false; /* resetting or paused: no chain is popped, so events end */
	vmmio_executor_submit(dev->ex, &dev->irq_task);
	return true;
}

static void deliver(struct vmmio_device *dev)
{
	for (unsigned round = 1;; round++) {
		uint32_t state = atomic_fetch_and_explicit(
			&dev->irq_state, ~(uint32_t)(IRQ_DIRTY | IRQ_PULSE), memory_order_acq_rel);
		uint32_t owned = IRQ_OWNED;

		deliver_once(dev, state & IRQ_PULSE);
		if (atomic_compare_exchange_strong_explicit(&dev->irq_state, &owned, 0,
			    memory_order_acq_rel, memory_order_acquire))
			return;
		if (round >= IRQ_ROUNDS && hand_over(dev))
			return;
	}
}

void vmmio_irq_update(struct vmmio_device *dev, bool pulse)
{
	uint32_t mark = IRQ_OWNED | IRQ_DIRTY | (pulse ? IRQ_PULSE : 0);

	if (!(atomic_fetch_or_explicit(&dev->irq_state, mark, memory_order_acq_rel) & IRQ_OWNED))
		deliver(dev);
}

void vmmio_irq_task(struct vmmio_task *task)
{
	struct vmmio_device *dev =
		(struct vmmio_device *)((char *)task - offsetof(struct vmmio_device, irq_task));
	struct frame frame;

	/* Not MAY_BLOCK: no hook and no notify runs from here. */
	vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
	deliver(dev);
	vmmio_frame_leave(&frame);
	vmmio_device_leave(dev, ELSEWHERE);
}
