/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who waits for what, and for how long. Nothing here may take more than a moment; what takes
 * storm_patience seconds will never end, and is reported with all that is known about it.
 */
#include "stress/storm.h"

#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

static struct slot whole; /* the storm as a whole */

void storm_doing(struct slot *s, const char *what)
{
	atomic_store(&s->since, storm_now());
	atomic_store(&s->doing, what);
}

void storm_stage(const char *what)
{
	storm_doing(&whole, what);
}

/* --- Turns ------------------------------------------------------------------------------- */

/* The n-th life ends n / rate seconds after the first one, or later if the machine is busy. */
uint64_t storm_turn(void)
{
	static atomic_ulong turns;
	static _Atomic uint64_t first;
	uint64_t none = 0;

	if (!storm_rate)
		return 0;
	atomic_compare_exchange_strong(&first, &none, storm_now());
	return atomic_load(&first) + atomic_fetch_add(&turns, 1) * NS_PER_S / storm_rate;
}

/* --- Reports ----------------------------------------------------------------------------- */

static void print_backend(struct slot *s)
{
	if (s->blk) {
		struct vmmio_blk_counters c;

		vmmio_blk_counters(s->blk, &c);
		fprintf(stderr, "  disk: %u requests in flight, %u orphans\n", c.in_flight,
			c.orphans);
		return;
	}
	fprintf(stderr, "  backend: %d chains (%u held, %u worked on)%s%s; owes%s%s%s%s\n",
		atomic_load(&s->leases), s->n_held, s->working,
		atomic_load(&s->in_hook) ? ", in a hook" : "", s->paused ? ", paused" : "",
		s->owed[START] ? " start" : "", s->owed[QUEUE_STOP] ? " queue_stop" : "",
		s->owed[QUIESCE] ? " quiesce" : "", s->owed[PAUSE_HOOK] ? " pause" : "");
}

/* What takes locks comes last: it may be stuck too. */
static void print_device(struct slot *s)
{
	struct vmmio_stuck_report report;
	struct vmmio_device_counters c;

	fprintf(stderr, "  Status 0x%x, InterruptStatus 0x%x\n",
		(unsigned)vmmio_device_read(s->dev, VMMIO_REG_STATUS, 4),
		(unsigned)vmmio_device_read(s->dev, VMMIO_REG_INTERRUPT_STATUS, 4));
	vmmio_device_counters(s->dev, &c);
	fprintf(stderr,
		"  %s, %u leases out; %lu resets and %lu queue resets so far, %lu reported "
		"stuck, %d fences\n",
		c.resetting ? "resetting" : "not resetting", c.leases, (unsigned long)c.resets,
		(unsigned long)c.queue_resets, (unsigned long)c.stuck, atomic_load(&s->fences));
	print_backend(s);
	if (!vmmio_device_pending(s->dev, &report))
		return;
	fprintf(stderr, "  its reset: %.3f s old, %u leases%s%s, last answer %d",
		(double)report.age / (double)NS_PER_S, report.leases,
		report.hook_running ? ", a hook has not returned" : "",
		report.answer_pending ? ", quiesce is not answered" : "", report.quiesce_error);
	if (report.has_oldest)
		fprintf(stderr, ", oldest chain: queue %u, head %u", report.oldest_queue,
			report.oldest_head);
	fprintf(stderr, "\n");
}

static void print_slot(struct slot *s, const char *what, double seconds)
{
	fprintf(stderr, "host_storm: device %u (version %u, %s, %s): %s has not ended for %.0f s\n",
		s->index, s->version, s->packed ? "packed" : "split",
		!s->blk                                  ? "test backend"
		: vmmio_io_kind(s->io) == VMMIO_IO_URING ? "disk on io_uring"
							 : "disk on the plain engine",
		what, seconds);
	if (pthread_rwlock_tryrdlock(&s->gone)) {
		fprintf(stderr, "  the device is being made or released\n");
		return;
	}
	if (s->dev)
		print_device(s);
	else
		fprintf(stderr, "  there is no device\n");
	pthread_rwlock_unlock(&s->gone);
}

/* For how many seconds; 0: not too long. */
static double overdue(struct slot *s, const char **what)
{
	uint64_t since, now;
	double seconds;

	/* In this order: since belongs to what or to something later, and is not after now. */
	*what = atomic_load(&s->doing);
	since = atomic_load(&s->since);
	now = storm_now();
	seconds = (double)(now - since) / (double)NS_PER_S;
	return *what && seconds > (double)storm_patience ? seconds : 0;
}

static unsigned print_overdue(void)
{
	const char *what;
	unsigned n = 0;

	for (unsigned i = 0; i < storm.n_slots; i++) {
		double seconds = overdue(&storm.slots[i], &what);

		if (seconds > 0) {
			print_slot(&storm.slots[i], what, seconds);
			n++;
		}
	}
	if (overdue(&whole, &what) > 0)
		fprintf(stderr, "host_storm: %s does not end\n", what), n++;
	return n;
}

void *storm_watch_thread(void *unused)
{
	(void)unused;
	for (;;) {
		sleep(1);
		if (!print_overdue())
			continue;
		storm_print_result("stuck");
		_exit(1);
	}
	return NULL;
}
