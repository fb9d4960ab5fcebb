/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stuck report. A reset that is not over when the write that began it ends gets a
 * deadline. It ends nothing; it tells the embedder. For a device that is being destroyed
 * it also asks a backend again that failed to quiesce, since no driver is left to do so.
 */
#include <stdio.h>

#include "device/internal.h"

/* lock held */
static bool wants_deadline(const struct vmmio_device *dev)
{
	return dev->resetting && !dev->deadline_over && dev->reset_deadline != UINT64_MAX;
}

bool vmmio_deadline_due(const struct vmmio_device *dev)
{
	return !dev->deadline_busy && wants_deadline(dev) != dev->deadline_armed;
}

/*
 * Arming and disarming call out, so they happen without the lock; one thread does it at a
 * time and looks again afterwards, so the last state wins.
 */
void vmmio_deadline_sync(struct vmmio_device *dev)
{
	pthread_mutex_lock(&dev->lock);
	while (vmmio_deadline_due(dev)) {
		bool arm = !dev->deadline_armed;
		uint64_t when = dev->reset_began + dev->reset_deadline;
		bool disarmed = false;

		dev->deadline_busy = true;
		if (arm) /* before it is: it may expire before we have the lock again */
			dev->deadline_armed = true;
		pthread_mutex_unlock(&dev->lock);
		if (arm)
			vmmio_executor_arm(dev->ex, &dev->deadline, when);
		else
			disarmed = vmmio_executor_disarm(dev->ex, &dev->deadline);
		pthread_mutex_lock(&dev->lock);
		dev->deadline_busy = false;
		if (disarmed)
			dev->deadline_armed = false;
		else if (!arm && dev->deadline_armed)
			break; /* expired is on its way and will say so */
	}
	pthread_mutex_unlock(&dev->lock);
}

/* The oldest chain that is out, and how many there are. A ring that somebody is inside of
 * is not waited for: it may be that thread that is stuck. */
static void look_at_queues(struct vmmio_device *dev, struct vmmio_stuck_report *report)
{
	uint64_t oldest = UINT64_MAX;

	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];
		uint64_t generation;
		uint32_t head;

		report->leases += vmmio_gate_leases(&queue->gate);
		if (pthread_mutex_trylock(&queue->ring_lock))
			continue;
		if (queue->block && vmmio_ring_oldest(&queue->block->ring, &head, &generation) &&
			generation < oldest) {
			oldest = generation;
			report->has_oldest = true;
			report->oldest_queue = i;
			report->oldest_head = head;
		}
		pthread_mutex_unlock(&queue->ring_lock);
	}
}

static void report_stuck(struct vmmio_device *dev, struct vmmio_stuck_report *report)
{
	char oldest[48] = "none known";

	look_at_queues(dev, report);
	vmmio_count(&dev->counters.stuck, 1);
	if (report->has_oldest)
		snprintf(oldest, sizeof(oldest), "queue %u, ring position %u",
			report->oldest_queue, report->oldest_head);
	vmmio_device_log(dev, VMMIO_LOG_ERROR,
		"a reset is not over after %llu ms: %u chain(s) not completed (oldest: %s), hook %s, "
		"quiesce %s; Status stays non-zero until the backend gives them back",
		(unsigned long long)(report->age / 1000000), report->leases, oldest,
		report->hook_running ? "still running" : "not running",
		report->quiesce_error ? "failed" : report->answer_pending ? "not answered" : "answered");
	if (dev->stuck)
		dev->stuck(dev->stuck_ctx, report);
}

void vmmio_deadline_expired(struct vmmio_deadline *deadline)
{
	struct vmmio_device *dev =
		(struct vmmio_device *)((char *)deadline - offsetof(struct vmmio_device, deadline));
	uint64_t now = vmmio_executor_now(dev->ex);
	struct vmmio_stuck_report report;
	bool due;

	vmmio_lifecycle_enter(dev);
	dev->users++;
	dev->deadline_armed = false;
	due = wants_deadline(dev) && now - dev->reset_began >= dev->reset_deadline;
	if (due) {
		bool again = dev->destroying && dev->quiesce == HOOK_FAILED;

		report = (struct vmmio_stuck_report){
			.device = dev->name,
			.age = now - dev->reset_began,
			.hook_running = dev->hook_running,
			.answer_pending = dev->quiesce != HOOK_DONE,
			.quiesce_error = dev->quiesce_error,
		};
		if (again) {
			dev->quiesce = HOOK_WANTED;
			dev->reset_began = now; /* and once more, should it fail again */
		}
		dev->deadline_over = !again;
	}
	pthread_mutex_unlock(&dev->lock);
	if (due)
		report_stuck(dev, &report);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}
