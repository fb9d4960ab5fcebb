/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the storm share: events and their pairs, waiters, random numbers. */
#include "stress/storm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

struct storm storm;
unsigned long storm_seed = 1, storm_rate, storm_patience = 120;
atomic_ulong resets, resets_with_leases, lives, stills, resizes, errors;

static const char *const event_names[EVENTS] = {"complete", "reset", "q-reset", "notify",
	"config", "ack", "destroy", "pending", "h-reset", "pause", "resume", "fence", "remove",
	"observe"};
static atomic_ulong pairs[EVENTS][EVENTS];

/* --- Pairs ------------------------------------------------------------------------------- */

void storm_begin(struct slot *s, enum event e)
{
	atomic_fetch_add(&s->active[e], 1);
	for (int other = 0; other < EVENTS; other++)
		if (atomic_load(&s->active[other]) > (other == (int)e))
			atomic_fetch_add(&pairs[e][other], 1);
}

void storm_end(struct slot *s, enum event e)
{
	atomic_fetch_sub(&s->active[e], 1);
}

static unsigned long met(int a, int b)
{
	return atomic_load(&pairs[a][b]) + (a == b ? 0 : atomic_load(&pairs[b][a]));
}

/* One and the same event meets itself only by chance. */
int storm_missing_pairs(void)
{
	int missing = 0;

	for (int a = 0; a < EVENTS; a++)
		for (int b = a + 1; b < EVENTS; b++)
			missing += !met(a, b);
	return missing;
}

void storm_print_pairs(void)
{
	printf("%-9s", "met by");
	for (int b = 0; b < EVENTS; b++)
		printf(" %8s", event_names[b]);
	printf("\n");
	for (int a = 0; a < EVENTS; a++) {
		printf("%-9s", event_names[a]);
		for (int b = 0; b < EVENTS; b++)
			printf(" %8lu", met(a, b));
		printf("\n");
	}
}

/* --- Verdicts ---------------------------------------------------------------------------- */

void storm_wrong(const struct slot *s, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (atomic_fetch_add(&errors, 1) < 20)
		fprintf(stderr, "host_storm: device %u: %s\n", s->index, text);
}

void storm_die(const char *what, int error)
{
	fprintf(stderr, "host_storm: %s: error %d\n", what, error);
	exit(1);
}

/* --- Random numbers ---------------------------------------------------------------------- */

static _Thread_local uint64_t state;

void storm_random_begin(unsigned long number)
{
	state = storm_seed * 977 + number * 131 + 1;
}

uint32_t storm_random(uint32_t n)
{
	if (!state) /* a thread of the library's */
		storm_random_begin((uintptr_t)&state >> 6);
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

struct slot *storm_slot(void)
{
	return &storm.slots[storm_random(storm.n_slots)];
}

struct slot *storm_plain_slot(void)
{
	unsigned group = storm_random(storm.n_slots / GROUP);

	return &storm.slots[group * GROUP + storm_random(PLAIN_SLOTS)];
}

/* --- Waiters ----------------------------------------------------------------------------- */

static int call(struct storm_waiter *w)
{
	struct vmmio_device *dev = w->dev;

	switch (w->what) {
	case HOST_RESET:
		return vmmio_device_reset(dev, &w->waiter);
	case PAUSE:
		return vmmio_device_pause(dev, &w->waiter);
	case RESUME:
		return vmmio_device_resume(dev, &w->waiter);
	case QUEUE_RESET:
		return vmmio_device_write_pending(dev, VMMIO_REG_QUEUE_READY, 4, 0, &w->waiter);
	default:
		return vmmio_device_write_pending(dev, VMMIO_REG_STATUS, 4, 0, &w->waiter);
	}
}

static bool expected(enum event what, int result)
{
	bool turns = what == PAUSE || what == RESUME;

	return result == 0 || (turns && result == -ECANCELED) || (what == PAUSE && result == -EIO);
}

/* The waiter is ours, and stays with the library if it says so. */
static void ask(struct storm_waiter *w, enum event what)
{
	bool turns = what == PAUSE || what == RESUME;
	int result;

	w->what = what;
	atomic_store(&w->out, true);
	storm_begin(w->slot, what == QUEUE_RESET ? PENDING : what);
	result = call(w);
	if (result == VMMIO_PENDING)
		return;
	if (!atomic_exchange(&w->out, false))
		storm_wrong(w->slot, "event %d was told and answered %d as well", what, result);
	if (!expected(what, result) && result != -ENODEV && !(turns && result == -EALREADY))
		storm_wrong(w->slot, "event %d answered %d", what, result);
	storm_end(w->slot, what == QUEUE_RESET ? PENDING : what);
	atomic_store(&w->taken, false);
}

static enum event any_request(void)
{
	static const enum event requests[] = {PENDING, HOST_RESET, PAUSE, RESUME, RESUME, QUEUE_RESET};

	return requests[storm_random(6)];
}

static void done(struct vmmio_waiter *waiter, int result)
{
	struct storm_waiter *w = (struct storm_waiter *)waiter;

	if (!atomic_exchange(&w->out, false))
		storm_wrong(w->slot, "event %d was told twice, or unasked", w->what);
	if (!expected(w->what, result))
		storm_wrong(w->slot, "event %d was told %d", w->what, result);
	storm_end(w->slot, w->what == QUEUE_RESET ? PENDING : w->what);
	if (storm_random(4) == 0 && !atomic_load(&storm.stop))
		ask(w, any_request()); /* the device is there as long as it has reports to make */
	else
		atomic_store(&w->taken, false);
}

void storm_ask(struct slot *s, enum event what)
{
	for (unsigned i = 0; i < WAITERS; i++) {
		struct storm_waiter *w = &s->waiters[i];

		if (atomic_exchange(&w->taken, true))
			continue;
		w->waiter.done = done;
		w->slot = s;
		w->dev = s->dev;
		ask(w, what);
		return;
	}
}

void storm_check_waiters(struct slot *s)
{
	for (unsigned i = 0; i < WAITERS; i++)
		if (atomic_load(&s->waiters[i].out))
			storm_wrong(s, "event %d was never told", s->waiters[i].what);
}
