/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host does to a device: reset it, fence it, destroy it, abandon it. The first and the
 * third are a zero write to Status, made by the host.
 */
#include <errno.h>

#include "device/internal.h"

/* --- Reset ------------------------------------------------------------------------------- */

int vmmio_device_reset(struct vmmio_device *dev, struct vmmio_waiter *waiter)
{
	int result = dev ? vmmio_waiter_claim(dev, waiter, "vmmio_device_reset") : -EINVAL;
	uint64_t now, finished;

	if (result)
		return result;
	now = vmmio_executor_now(dev->ex);
	vmmio_lifecycle_enter(dev);
	if (dev->destroying) {
		pthread_mutex_unlock(&dev->lock);
		vmmio_waiter_unclaim(waiter);
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"reset: the device is being destroyed; its destroyed callback is the report");
		return -ENODEV;
	}
	dev->users++;
	finished = dev->finished;
	vmmio_access_reset(dev, now);
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	vmmio_lifecycle_enter(dev);
	if (dev->finished == finished) {
		vmmio_waiter_add(dev, waiter, WAIT_RESET, NULL);
		result = VMMIO_PENDING;
	} else {
		vmmio_waiter_unclaim(waiter);
	}
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return result;
}

/* --- Fence --------------------------------------------------------------------------------- */

int vmmio_device_fence(struct vmmio_device *dev)
{
	bool resetting;

	if (!dev)
		return -EINVAL;
	vmmio_lifecycle_enter(dev);
	resetting = dev->resetting;
	if (resetting)
		dev->fence_wanted = true;
	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	if (resetting)
		VMMIO_SYNC(dev, FENCE);
	else
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"fence: no reset is under way, so nothing is stuck; not fenced (a device is given "
			"up with vmmio_device_reset or vmmio_device_destroy, then fenced if that does not "
			"end)");
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return resetting ? 0 : -EINVAL;
}

/* No lock held. */
static uint32_t fence_queues(struct vmmio_device *dev)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < dev->n_queues; i++) {
		uint32_t n = vmmio_queue_fence(&dev->queues[i]);

		sum += n;
		if (!n)
			continue;
		pthread_mutex_lock(&dev->lock);
		dev->given_up += n;
		pthread_mutex_unlock(&dev->lock);
		vmmio_lifecycle_left(dev, &dev->queues[i],
			vmmio_gate_return(&dev->queues[i].gate, n), ELSEWHERE);
	}
	return sum;
}

void vmmio_host_fence(struct vmmio_device *dev)
{
	struct frame frame;
	bool destroying = dev->destroying;
	uint32_t n;

	dev->fence_wanted = false;
	dev->fenced = true;
	vmmio_lifecycle_void(&dev->quiesce);
	dev->quiesce.state = HOOK_DONE;
	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	n = fence_queues(dev);
	vmmio_device_log(dev, VMMIO_LOG_WARN,
		"fenced with %u chain(s) out: they count as returned, late answers are ignored, and "
		"FEATURES_OK is refused from now on; %s",
		n, destroying ? "vmmio_device_abandon ends the wait for them" :
				"destroy the device and create another one");
	vmmio_step_call_end(dev, &frame);
}

void vmmio_host_fenced_answer(struct vmmio_device *dev, uint32_t n)
{
	vmmio_lifecycle_enter(dev);
	dev->given_up -= n;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}

/* --- Destroy ------------------------------------------------------------------------------- */

int vmmio_device_destroy(struct vmmio_device *dev, void (*destroyed)(void *ctx), void *ctx)
{
	bool owed;
	uint64_t now;

	if (!dev)
		return 0;
	now = vmmio_executor_now(dev->ex);
	vmmio_lifecycle_enter(dev);
	if (dev->destroying) {
		pthread_mutex_unlock(&dev->lock);
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"destroyed twice: the second call has no effect, its callback will not come");
		return -EALREADY;
	}
	dev->users++;
	dev->destroying = true;
	dev->destroyed = destroyed;
	dev->destroyed_ctx = ctx;
	owed = vmmio_host_owed(dev);
	vmmio_waiter_tell(dev, WAIT_PAUSE, NULL, -ECANCELED);
	vmmio_waiter_tell(dev, WAIT_RESUME, NULL, -ECANCELED);
	atomic_store_explicit(&dev->dead, true, memory_order_relaxed);
	/* From here on it is a reset that nobody can see. If it joins one, it is timed anew, for
	 * the deadline asks a failed backend again. */
	if (!vmmio_access_reset(dev, now) && dev->resetting) {
		dev->reset_began = now;
		dev->deadline_over = false;
	}
	pthread_mutex_unlock(&dev->lock);
	if (owed)
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"destroy waits for fenced chains or a fenced quiesce that may never come back: "
			"vmmio_device_abandon gives them up with the device");
	vmmio_lifecycle_enter(dev);
	dev->users--; /* the device may be gone from here on */
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return 0;
}

int vmmio_device_abandon(struct vmmio_device *dev)
{
	const char *missing = NULL;
	uint32_t given_up;
	bool owed;

	if (!dev)
		return -EINVAL;
	vmmio_lifecycle_enter(dev);
	if (!dev->destroying)
		missing = "vmmio_device_destroy";
	else if (!dev->fenced || dev->resetting)
		missing = "vmmio_device_fence";
	owed = !missing && vmmio_host_owed(dev);
	if (owed) /* else it goes by itself, and nothing need stay */
		dev->abandoned = true;
	given_up = dev->given_up;
	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	if (missing)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"abandon: call %s first, and let it do its work; not abandoned", missing);
	else if (owed)
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"abandoned: %u chain(s) never came back; the device, its backend and all that "
			"these point to stay allocated and in use for good",
			given_up);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return missing ? -EINVAL : 0;
}
