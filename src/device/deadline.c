/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stuck report. A reset that is not over when the write that began it ends gets a
 * deadline. It ends nothing; it tells the embedder. For a device that is being destroyed
 * it also asks a backend again that failed to quiesce, since no driver is left to do so.
 */
#include <stdio.h>

#include "device/observe.h"

/* Who wants no report still has to have a failed backend asked again. */
#define RETRY_PERIOD UINT64_C(5000000000)

static uint64_t period(const struct vmmio_device *dev)
{
	return dev->reset_deadline == UINT64_MAX ? RETRY_PERIOD : dev->reset_deadline;
}

/* lock held */
static bool asks_again(const struct vmmio_device *dev)
{
	return dev->destroying && dev->quiesce.state == HOOK_FAILED;
}

/* lock held */
static bool wants_deadline(const struct vmmio_device *dev)
{
	/* A failure may also be the late answer of one that was reported as stuck. */
	return dev->resetting &&
		(asks_again(dev) || (!dev->deadline_over && dev->reset_deadline != UINT64_MAX));
}

/* lock held. Near the end of time there is no time. */
static uint64_t when_due(const struct vmmio_device *dev)
{
	uint64_t left = UINT64_MAX - dev->reset_began;

	return dev->reset_began + (period(dev) < left ? period(dev) : left);
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
		uint64_t when = when_due(dev);
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
		vmmio_queue_unlock(queue, false);
	}
}

/* lock held */
static struct vmmio_stuck_report lifecycle_report(const struct vmmio_device *dev, uint64_t now)
{
	return (struct vmmio_stuck_report){
		.device = dev->name,
		.age = now > dev->reset_began ? now - dev->reset_began : 0,
		.hook_running = dev->hook_running,
		.answer_pending = dev->quiesce.state != HOOK_DONE,
		.quiesce_error = dev->quiesce.error,
	};
}

bool vmmio_device_pending(struct vmmio_device *dev, struct vmmio_stuck_report *out)
{
	uint64_t now = vmmio_executor_now(dev->ex);
	struct vmmio_stuck_report report;
	bool resetting;

	pthread_mutex_lock(&dev->lock);
	resetting = dev->resetting;
	report = lifecycle_report(dev, now);
	pthread_mutex_unlock(&dev->lock);
	look_at_queues(dev, &report);
	if (!resetting)
		report.age = 0;
	*out = report;
	return resetting;
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
		"a %s is not over after %llu us: %u chain(s) not completed (oldest: %s), hook %s, "
		"quiesce %s; %s until the backend has answered and given everything back, or "
		"vmmio_device_fence",
		atomic_load(&dev->dead) ? "destroy" : "reset",
		(unsigned long long)(report->age / 1000), report->leases, oldest,
		report->hook_running ? "still running" : "not running",
		report->quiesce_error ? "failed" : report->answer_pending ? "not answered" : "answered",
		atomic_load(&dev->dead) ? "the device stays" :
		dev->version == 2	? "a vCPU waits in its Status write" :
					  "Status stays non-zero");
	if (dev->stuck)
		dev->stuck(dev->stuck_ctx, report);
	vmmio_observe_stuck(dev, report);
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
	/* now was read before the lock: a reset may have begun after it */
	due = wants_deadline(dev) && now >= when_due(dev);
	if (due) {
		bool again = asks_again(dev);

		report = lifecycle_report(dev, now);
		if (again) {
			dev->quiesce.state = HOOK_WANTED;
			dev->reset_began = now; /* and once more, should it fail again */
		}
		dev->deadline_over = !again;
	}
	pthread_mutex_unlock(&dev->lock);
	if (due && dev->reset_deadline != UINT64_MAX)
		report_stuck(dev, &report);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}
