/* SPDX-License-Identifier: BSD-3-Clause */
/* The host: pauses, resumes, resets and fences devices, and changes what they say. */
#include "stress/storm.h"

#include <sched.h>
#include <unistd.h>

static void act(struct slot *s)
{
	switch (storm_random(16)) {
	case 0:
	case 1:
	case 2:
		storm_ask(s, PAUSE);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
	case 8:
		storm_ask(s, RESUME);
		break;
	case 9:
	case 10:
		storm_ask(s, HOST_RESET);
		break;
	case 11:
		storm_ask(s, PENDING);
		break;
	default:
		storm_observe(s);
	}
}

void *storm_host_thread(void *number)
{
	storm_random_begin(300 + (uintptr_t)number);
	while (!atomic_load(&storm.stop)) {
		struct slot *s = storm_slot();

		if (pthread_rwlock_tryrdlock(&s->guest_lock))
			continue;
		pthread_rwlock_rdlock(&s->gone);
		if (s->dev)
			act(s);
		pthread_rwlock_unlock(&s->gone);
		pthread_rwlock_unlock(&s->guest_lock);
		usleep(20);
	}
	return NULL;
}

/* Calls that are a backend's: between attach and detach. */
static void change(struct slot *s)
{
	uint8_t byte = (uint8_t)storm_random(256);

	if (s->blk)
		storm_disk_resize(s);
	else if (storm_random(64) == 0)
		vmmio_device_needs_reset(s->dev, "storm");
	else if (storm_random(4) == 0)
		vmmio_queue_kick(vmmio_device_queue(s->dev, storm_random(QUEUES)));
	else if (vmmio_device_config_change(s->dev, 15, &byte, 1))
		storm_wrong(s, "config_change failed");
}

void *storm_config_thread(void *number)
{
	storm_random_begin(400 + (uintptr_t)number);
	while (!atomic_load(&storm.stop)) {
		struct slot *s = storm_slot();

		storm_begin(s, CONFIG);
		pthread_mutex_lock(&s->answering);
		if (s->blk || s->attached)
			change(s);
		pthread_mutex_unlock(&s->answering);
		sched_yield();
		storm_end(s, CONFIG);
		usleep(20);
	}
	return NULL;
}
