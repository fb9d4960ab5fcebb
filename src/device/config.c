/* SPDX-License-Identifier: BSD-3-Clause */
/* Config space and DEVICE_NEEDS_RESET: what a backend tells the driver outside of queues. */
#include <errno.h>

#include "device/internal.h"

/* The caller holds a pass of the device's gate. */
static void raise_config(struct vmmio_device *dev)
{
	uint32_t epoch = VMMIO_STATE_EPOCH(vmmio_regfile_state(dev->rf));
	struct frame frame;

	if (!vmmio_regfile_raise(dev->rf, epoch, VMMIO_INT_CONFIG_CHANGE))
		return;
	vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
	vmmio_irq_update(dev, true);
	vmmio_frame_leave(&frame);
}

static bool in_config_space(const struct vmmio_device *dev, uint32_t offset, uint32_t size)
{
	return offset <= dev->config_size && size <= dev->config_size - offset;
}

/* A pass for the interrupt. false: there will be none, or a pause holds it back. */
static bool enter_or_hold(struct vmmio_device *dev)
{
	bool entered;

	if (vmmio_gate_enter(&dev->gate))
		return true;
	pthread_mutex_lock(&dev->lock);
	/* Opened and closed under the lock: if it is open by now the pause is over. */
	entered = vmmio_gate_enter(&dev->gate);
	if (!entered && !dev->resetting && !dev->destroying)
		dev->config_held = true;
	pthread_mutex_unlock(&dev->lock);
	return entered;
}

int vmmio_device_config_change(
	struct vmmio_device *dev, uint32_t offset, const void *data, uint32_t size)
{
	bool changed;

	if (!dev || !data || !size)
		return -EINVAL;
	if (!in_config_space(dev, offset, size))
		return -ERANGE;
	pthread_mutex_lock(&dev->lock);
	changed = vmmio_regfile_config_set(dev->rf, offset, data, size);
	pthread_mutex_unlock(&dev->lock);
	if (!changed || vmmio_frame_inside(dev, FRAME_CONFIG_WRITE) || !enter_or_hold(dev))
		return 0;
	raise_config(dev);
	vmmio_device_leave(dev, ELSEWHERE);
	return 0;
}

int vmmio_device_config_get(struct vmmio_device *dev, uint32_t offset, void *data, uint32_t size)
{
	uint8_t *bytes = data;

	if (!dev || !data || !size)
		return -EINVAL;
	if (!in_config_space(dev, offset, size))
		return -ERANGE;
	pthread_mutex_lock(&dev->lock);
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)vmmio_regfile_read(dev->rf, VMMIO_REG_CONFIG + offset + i, 1);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

void vmmio_device_needs_reset(struct vmmio_device *dev, const char *reason)
{
	struct vmmio_actions actions;
	struct frame frame;
	bool entered;

	pthread_mutex_lock(&dev->lock);
	entered = vmmio_gate_enter(&dev->gate);
	if (!entered && (dev->resetting || dev->destroying)) {
		pthread_mutex_unlock(&dev->lock);
		return; /* the cure is running (E10) */
	}
	dev->users++;
	dev->backend_dirty = true; /* at Status 0 too: the reset has to reach the backend */
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
	pthread_mutex_unlock(&dev->lock);
	if (vmmio_count_log(&dev->counters.faults, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN, "the backend asks for a reset: %s",
			reason ? reason : "no reason given");
	if (actions.n && entered) { /* paused: the resume looks at the line */
		vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
		vmmio_irq_update(dev, true);
		vmmio_frame_leave(&frame);
	}
	if (entered)
		vmmio_device_leave(dev, ELSEWHERE);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}
