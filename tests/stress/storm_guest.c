/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest: one driver per device, and other vCPUs that write registers at random. */
#include "stress/storm.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define LIVE                                                                                      \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |              \
		VMMIO_STATUS_DRIVER_OK)

/* --- Status is 0: all memory is the driver's, with plain accesses ------------------------ */

void storm_fill_buffers(struct slot *s)
{
	for (unsigned i = 0; i < BUFFERS; i++)
		memset(s->buffer[i].host, PATTERN, BUFFER_SIZE);
}

static void check_buffers(struct slot *s)
{
	for (unsigned i = 0; i < BUFFERS; i++)
		for (unsigned b = 0; b < BUFFER_SIZE; b++)
			if (((uint8_t *)s->buffer[i].host)[b] != PATTERN) {
				storm_wrong(s, "buffer %u was written after Status had read 0", i);
				return;
			}
}

static uint32_t status(struct slot *s)
{
	return (uint32_t)vmmio_device_read(s->dev, VMMIO_REG_STATUS, 4);
}

/* Status has read 0, and no other vCPU sets DRIVER_OK. */
static void check_zero(struct slot *s)
{
	int leases = atomic_load(&s->leases);
	struct vmmio_device_counters c;

	vmmio_device_counters(s->dev, &c);
	if (c.leases)
		storm_wrong(s, "Status reads 0 with %u leases out", c.leases);
	if (leases && !atomic_load(&s->fences))
		storm_wrong(s, "Status reads 0 while the backend has %d chains", leases);
	atomic_store(&s->silent, true);
}

static void reset_device(struct slot *s)
{
	bool leases = storm_holds(s);

	storm_doing(s, "a reset");
	storm_begin(s, RESET);
	do {
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 0);
		for (int i = 0; i < 10000 && status(s); i++)
			sched_yield();
	} while (status(s)); /* another vCPU may have set ACKNOWLEDGE meanwhile */
	storm_end(s, RESET);
	check_zero(s);
	atomic_fetch_add(&resets, 1);
	if (leases)
		atomic_fetch_add(&resets_with_leases, 1);
}

/* --- A driver's life --------------------------------------------------------------------- */

static void add_chains(struct slot *s)
{
	for (unsigned i = 0; i < BUFFERS / 2; i++) {
		struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i % QUEUES);
		struct vmmio_driver_seg out = {s->buffer[2 * i].guest, BUFFER_SIZE};
		struct vmmio_driver_seg in = {s->buffer[2 * i + 1].guest, BUFFER_SIZE};
		struct vmmio_driver_chain chain = {
			.out = &out, .in = &in, .n_out = 1, .n_in = 1, .indirect = i & 1};

		if (storm_random(8) == 0)
			in.addr = s->guest + MAIN_SIZE + i * BUFFER_SIZE;
		if (!q || vmmio_driver_queue_add(q, &chain) < 0)
			continue;
		s->out++;
		if (storm_random(2)) {
			storm_begin(s, NOTIFY);
			vmmio_driver_queue_kick(q);
			storm_end(s, NOTIFY);
		}
	}
	for (unsigned i = 0; i < QUEUES; i++)
		if (vmmio_driver_queue(s->driver, i))
			vmmio_driver_queue_kick(vmmio_driver_queue(s->driver, i));
}

static void reap(struct slot *s)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i);
		struct vmmio_driver_used used;

		while (q && vmmio_driver_queue_poll(q, &used) > 0) {
			s->out--;
			if (used.cookie)
				storm_disk_ended(s, used.cookie);
		}
	}
}

static uint64_t wanted(const struct slot *s)
{
	uint64_t features = VMMIO_FEATURE(VMMIO_F_RING_RESET) | VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC);

	if (s->packed)
		features |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	if (storm_random(2))
		features |= VMMIO_FEATURE(VMMIO_F_EVENT_IDX);
	return features;
}

static void request(struct slot *s)
{
	if (s->blk)
		storm_disk_requests(s);
	else
		add_chains(s);
}

static bool bring_up(struct slot *s)
{
	storm_doing(s, "a bring-up");
	atomic_store(&s->silent, false);
	s->out = 0;
	if (vmmio_driver_start(s->driver, wanted(s), QUEUES, QUEUE_SIZE))
		return false;
	storm_doing(s, NULL);
	s->kind = storm_random(2) * 2;
	atomic_store(&s->slow, storm_random(2));
	return true;
}

/* Until the end of this life is due, if there is a rate. Others reset the device, or a queue,
 * or break one: whose chains do not come back, or who sees it, begins again. Returns whether
 * the queues are this life's: a bring-up that failed may leave those of the last one. */
static bool keep_busy(struct slot *s, bool up)
{
	const uint64_t end = storm_turn();
	unsigned tries = 0;

	for (; !atomic_load(&storm.stop) && storm_now() < end; tries++) {
		if (up)
			reap(s);
		if (!up || status(s) != LIVE || tries == 25)
			up = bring_up(s);
		if (up && s->out == 0) {
			request(s);
			tries = 0;
		}
		usleep(200);
	}
	return up;
}

static void use_device(struct slot *s)
{
	const bool up = keep_busy(s, bring_up(s));

	if ((!up || status(s) != LIVE) && !bring_up(s))
		return;
	if (s->out == 0)
		request(s);
	for (unsigned i = storm_random(40); i; i--) {
		reap(s);
		sched_yield();
	}
}

/* --- A pause is still -------------------------------------------------------------------- */

struct report {
	struct vmmio_waiter waiter;
	atomic_bool told;
	atomic_int result;
};

static void tell(struct vmmio_waiter *waiter, int result)
{
	struct report *report = (struct report *)waiter;

	atomic_store(&report->result, result);
	atomic_store(&report->told, true);
}

static int wait_for(struct slot *s, int (*call)(struct vmmio_device *, struct vmmio_waiter *))
{
	struct report report = {.waiter.done = tell};
	int result = call(s->dev, &report.waiter);

	if (result != VMMIO_PENDING)
		return result;
	while (!atomic_load(&report.told))
		sched_yield();
	return atomic_load(&report.result);
}

/* Nothing that was asked for is out. With guest_lock held nothing follows. */
static bool is_quiet(struct slot *s)
{
	for (unsigned i = 0; i < WAITERS; i++)
		if (atomic_load(&s->waiters[i].taken))
			return false;
	return true;
}

static uint64_t sum_of_ram(const struct slot *s)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < MAIN_SIZE; i += 4) {
		uint32_t word;

		memcpy(&word, s->ram + i, 4);
		sum = sum * 31 + word;
	}
	return sum;
}

/* It is paused: memory is ours. */
static void look(struct slot *s)
{
	unsigned edges = atomic_load(&s->edges);
	bool works = storm_works_in_pause(s);
	uint64_t sum = sum_of_ram(s);

	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	atomic_fetch_add(&stills, 1);
	if (works)
		storm_wrong(s, "a pause was reported before the backend had answered");
	if (sum != sum_of_ram(s))
		storm_wrong(s, "memory was written during a pause");
	if (edges != atomic_load(&s->edges))
		storm_wrong(s, "an interrupt during a pause");
}

/* No other vCPU and no host thread asks for anything meanwhile. */
static void pause_and_look(struct slot *s)
{
	storm_doing(s, "a pause");
	pthread_rwlock_wrlock(&s->guest_lock);
	if (is_quiet(s) && wait_for(s, vmmio_device_pause) == 0) {
		look(s);
		wait_for(s, vmmio_device_resume);
	}
	pthread_rwlock_unlock(&s->guest_lock);
}

/* --- Stuck devices ----------------------------------------------------------------------- */

static void fence(struct slot *s)
{
	pthread_rwlock_rdlock(&s->gone);
	if (s->dev) {
		storm_begin(s, FENCE);
		atomic_fetch_add(&s->fences, 1);
		if (vmmio_device_fence(s->dev))
			atomic_fetch_sub(&s->fences, 1);
		sched_yield();
		storm_end(s, FENCE);
	}
	pthread_rwlock_unlock(&s->gone);
}

static void fence_and_let_go(struct slot *s)
{
	fence(s);
	atomic_store(&s->stuck, false); /* destroy waits for what was given up */
}

static void reset_and_fence(struct slot *s)
{
	struct report report = {.waiter.done = tell};
	int result;

	storm_doing(s, "a reset that takes a fence");
	result = vmmio_device_reset(s->dev, &report.waiter);

	if (result < 0)
		storm_wrong(s, "reset of a stuck device: error %d", result);
	while (result == VMMIO_PENDING && !atomic_load(&report.told)) {
		fence(s);
		sched_yield();
	}
}

/* Nothing comes back but by a fence; what comes later touches nothing. */
static void get_stuck(struct slot *s)
{
	atomic_store(&s->stuck, true);
	for (unsigned i = storm_random(20); i; i--)
		sched_yield();
	if (storm_random(2)) {
		storm_device_destroy(s, fence_and_let_go);
		atomic_store(&s->stuck, false); /* it may have gone before it was fenced */
		storm_device_new(s);
		return;
	}
	do
		reset_and_fence(s);
	while (status(s)); /* another vCPU may have set ACKNOWLEDGE meanwhile */
	check_zero(s);
	storm_fill_buffers(s);
	atomic_store(&s->stuck, false);
}

static void one_life(struct slot *s)
{
	unsigned end = storm_random(48);

	check_buffers(s);
	use_device(s);
	if (end < 2 && !s->blk) {
		get_stuck(s);
	} else if (end < 4) {
		storm_device_destroy(s, NULL);
		storm_device_new(s);
	} else if (end < 10) {
		pause_and_look(s);
	}
	reset_device(s);
	storm_fill_buffers(s);
	if (atomic_load(&s->fences)) { /* dead for ever */
		storm_device_destroy(s, NULL);
		storm_device_new(s);
	}
}

void *storm_driver_thread(void *slot)
{
	struct slot *s = slot;

	storm_random_begin(s->index);
	while (!atomic_load(&storm.stop))
		one_life(s);
	storm_doing(s, NULL);
	return NULL;
}

/* --- Other vCPUs ------------------------------------------------------------------------- */

static void stop_queue(struct slot *s, uint32_t queue, uint32_t reg)
{
	storm_begin(s, QUEUE_RESET);
	vmmio_device_write(s->dev, VMMIO_REG_QUEUE_SEL, 4, queue);
	vmmio_device_write(s->dev, reg, 4, reg == VMMIO_REG_QUEUE_RESET);
	sched_yield();
	storm_end(s, QUEUE_RESET);
}

static void noise(struct slot *s)
{
	uint32_t queue = storm_random(QUEUES + 1);

	switch (storm_random(24)) {
	case 0:
		storm_begin(s, RESET);
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 0);
		storm_end(s, RESET);
		break;
	case 1:
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 1 + 2 * storm_random(2));
		break;
	case 2:
		stop_queue(s, queue, VMMIO_REG_QUEUE_RESET);
		break;
	case 3:
		stop_queue(s, queue, VMMIO_REG_QUEUE_READY);
		break;
	case 4:
	case 5:
		vmmio_device_write(
			s->dev, VMMIO_REG_CONFIG + 4 * storm_random(4), 4, storm_random(100));
		break;
	case 6:
	case 7:
		storm_ask(s, storm_random(2) ? PENDING : QUEUE_RESET);
		break;
	case 8:
	case 9:
	case 10:
		storm_begin(s, ACK);
		vmmio_device_write(s->dev, VMMIO_REG_INTERRUPT_ACK, 4,
			vmmio_device_read(s->dev, VMMIO_REG_INTERRUPT_STATUS, 4));
		storm_end(s, ACK);
		break;
	case 11:
		(void)!vmmio_device_queue_event(s->dev, queue);
		break;
	default:
		storm_begin(s, NOTIFY);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_NOTIFY, 4, queue);
		storm_end(s, NOTIFY);
	}
}

void *storm_vcpu_thread(void *number)
{
	storm_random_begin(200 + (uintptr_t)number);
	while (!atomic_load(&storm.stop)) {
		struct slot *s = storm_slot();

		if (pthread_rwlock_tryrdlock(&s->guest_lock))
			continue;
		pthread_rwlock_rdlock(&s->gone);
		if (s->dev)
			noise(s);
		pthread_rwlock_unlock(&s->gone);
		pthread_rwlock_unlock(&s->guest_lock);
		if (storm_random(4) == 0)
			usleep(50);
	}
	return NULL;
}
