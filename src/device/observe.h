/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the runtime tells observers what happened. Every function here is one branch when
 * nobody watches; observe.c has the rest. None may be called with a lock held, but the
 * two that say so.
 */
#ifndef VMMIO_DEVICE_OBSERVE_H
#define VMMIO_DEVICE_OBSERVE_H

#include "device/internal.h"

/* Set at creation, before anybody else knows the device; constant until it is freed. */
static inline bool vmmio_observed(const struct vmmio_device *dev)
{
	return __builtin_expect(dev->observers != NULL, false);
}

/* --- observe.c: only if observed ------------------------------------------------ */

uint64_t vmmio_observe_read(const struct vmmio_device *dev, uint64_t offset, unsigned size);
int vmmio_observe_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter);
void vmmio_observe_note_reset(struct vmmio_device *dev, uint64_t now, enum vmmio_reset_by by);
void vmmio_observe_tell_begin(struct vmmio_device *dev);
void vmmio_observe_tell_end(struct vmmio_device *dev);
void vmmio_observe_tell_popped(
	struct vmmio_queue *queue, const struct vmmio_chain *chains, unsigned n);
void vmmio_observe_tell_completed(struct vmmio_queue *queue,
	const struct vmmio_completion *completions, unsigned n,
	struct vmmio_observed_completion *completion);
void vmmio_observe_tell_kicked(struct vmmio_queue *queue);
void vmmio_observe_tell_fault(struct vmmio_queue *queue, enum vmmio_fault fault);
void vmmio_observe_tell_stuck(struct vmmio_device *dev, const struct vmmio_stuck_report *report);

/* --- The call-outs -------------------------------------------------------------- */

/* A reset was accepted; lock held. */
static inline void vmmio_observe_reset_accepted(
	struct vmmio_device *dev, uint64_t now, enum vmmio_reset_by by)
{
	if (vmmio_observed(dev))
		vmmio_observe_note_reset(dev, now, by);
}

/* The caller still has its pass: the reset cannot end, so what was noted stays. */
static inline void vmmio_observe_reset_begin(struct vmmio_device *dev)
{
	if (vmmio_observed(dev))
		vmmio_observe_tell_begin(dev);
}

/* Status has just become 0; lock held on entry and return, not meanwhile. */
static inline void vmmio_observe_reset_end(struct vmmio_device *dev)
{
	if (vmmio_observed(dev))
		vmmio_observe_tell_end(dev);
}

/* The caller's pass is not yet a lease: the device stays. */
static inline void vmmio_observe_popped(
	struct vmmio_queue *queue, const struct vmmio_chain *chains, unsigned n)
{
	if (vmmio_observed(queue->dev) && n)
		vmmio_observe_tell_popped(queue, chains, n);
}

static inline void vmmio_observe_kicked(struct vmmio_queue *queue)
{
	if (vmmio_observed(queue->dev))
		vmmio_observe_tell_kicked(queue);
}

static inline void vmmio_observe_fault(struct vmmio_queue *queue, enum vmmio_fault fault)
{
	if (vmmio_observed(queue->dev))
		vmmio_observe_tell_fault(queue, fault);
}

static inline void vmmio_observe_stuck(
	struct vmmio_device *dev, const struct vmmio_stuck_report *report)
{
	if (vmmio_observed(dev))
		vmmio_observe_tell_stuck(dev, report);
}

/* --- Creation, release ---------------------------------------------------------- */

/* Checks and copies what the options say. -EINVAL (logged), -ENOMEM. */
int vmmio_observe_create(struct vmmio_device *dev, const struct vmmio_device_options *options);
/* The first error of an attach, after those that were attached are detached again. */
int vmmio_observe_attach(struct vmmio_device *dev);
void vmmio_observe_detach(struct vmmio_device *dev);

#endif
