/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a storm takes no more the longer it lasts. What the process takes is looked at a few
 * times a second; in the end the mean over the first quarter of the time is held against the
 * mean over the last one. A leak of 4 bytes per reset shows within ten minutes, and one of a
 * descriptor, a thread or a small block now and then as well. What may be more, and why:
 *
 *   memory       an eighth, and 2 MiB: what the C library keeps for each thread; a half with the
 *                address or thread sanitizer, which need more than all the rest
 *   blocks       a sixteenth, and 64: devices and requests come and go
 *   descriptors  4: a device that comes or goes has less than its own
 *   threads      8: pools grow when all of theirs wait, up to 4 each (the kernel's too)
 *
 * And the devices' counters, added up as they go.
 */
#include "stress/storm.h"

#include <dirent.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/alloc.h"

#define NS_PER_S UINT64_C(1000000000)
#define SAMPLES 4096u /* a multiple of 4 */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_PART 2
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_PART 2
#endif
#ifndef MEMORY_PART
#define MEMORY_PART 8
#endif

enum { MEMORY, BLOCKS, FDS, THREADS_NOW, KINDS };

static const struct {
	const char *name;
	unsigned part, more; /* what may be added: one part of so many, and so many more */
} kinds[KINDS] = {
	[MEMORY] = {"rss_kib", MEMORY_PART, 2048},
	[BLOCKS] = {"blocks", 16, 64},
	[FDS] = {"fds", 0, 4},
	[THREADS_NOW] = {"threads", 0, 8},
};

/* The address sanitizer's: what was freed does not stay with it for long. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

static unsigned samples[KINDS][SAMPLES];
static unsigned n_samples;
static uint64_t began, next, step, ended;
static atomic_ulong total_resets, total_queue_resets, total_chains, total_completions,
	total_dropped, total_faults, total_interrupts, total_leases;

uint64_t storm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Samples ----------------------------------------------------------------------------- */

unsigned storm_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n > 2 ? n - 2 : 0;
}

static unsigned resident(void)
{
	unsigned long all, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%lu %lu", &all, &pages) != 2)
		pages = 0;
	if (file)
		fclose(file);
	return (unsigned)(pages * ((unsigned long)sysconf(_SC_PAGESIZE) / 1024));
}

/* There is no room: every second one goes, and there will be half as many. */
static void thin_out(void)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		for (unsigned i = 0; i < SAMPLES / 2; i++)
			samples[kind][i] = samples[kind][2 * i];
	n_samples = SAMPLES / 2;
	step *= 2;
}

void storm_sample_begin(void)
{
	memset(samples, 0xff, sizeof(samples)); /* so that they are resident from now on */
	n_samples = 0;
	atomic_store(&resets, 0);
	atomic_store(&resets_with_leases, 0);
	step = NS_PER_S / 5;
	began = next = storm_now();
}

void storm_sample(void)
{
	uint64_t now = storm_now();

	ended = now;
	if (now < next)
		return;
	if (n_samples == SAMPLES)
		thin_out();
	samples[MEMORY][n_samples] = resident();
	samples[BLOCKS][n_samples] = (unsigned)alloc_leaks(NULL, 0);
	samples[FDS][n_samples] = storm_entries("/proc/self/fd");
	samples[THREADS_NOW][n_samples] = storm_entries("/proc/self/task");
	n_samples++;
	next = now + step;
}

static double seconds(void)
{
	return (double)(ended - began) / (double)NS_PER_S;
}

static double rate(void)
{
	return seconds() > 0 ? (double)atomic_load(&resets) / seconds() : 0;
}

void storm_print_sample(FILE *to)
{
	fprintf(to, "%lu resets in %.0f s, %.0f/s", atomic_load(&resets), seconds(), rate());
	for (unsigned kind = 0; n_samples && kind < KINDS; kind++)
		fprintf(to, ", %s %u", kinds[kind].name, samples[kind][n_samples - 1]);
	fprintf(to, ", errors %lu", atomic_load(&errors));
}

/* --- Verdict ----------------------------------------------------------------------------- */

/* Of the first or last quarter. */
static double mean(unsigned kind, bool last)
{
	unsigned n = n_samples / 4;
	double sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += samples[kind][last ? n_samples - n + i : i];
	return n ? sum / n : 0;
}

bool storm_is_flat(void)
{
	bool flat = n_samples >= 8;

	if (!flat)
		fprintf(stderr, "host_storm: %u samples are too few, give it more time\n",
			n_samples);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		double before = mean(kind, false), after = mean(kind, true);
		double more = kinds[kind].more;

		if (kinds[kind].part)
			more += before / kinds[kind].part;
		if (after <= before + more)
			continue;
		fprintf(stderr,
			"host_storm: not flat: %s %.1f in the first quarter, %.1f in the last, "
			"at most %.1f more are fine\n",
			kinds[kind].name, before, after, more);
		flat = false;
	}
	return flat;
}

void storm_add_counters(const struct vmmio_device_counters *c)
{
	atomic_fetch_add(&total_resets, c->resets);
	atomic_fetch_add(&total_queue_resets, c->queue_resets);
	atomic_fetch_add(&total_chains, c->chains);
	atomic_fetch_add(&total_completions, c->completions);
	atomic_fetch_add(&total_dropped, c->dropped);
	atomic_fetch_add(&total_faults, c->faults);
	atomic_fetch_add(&total_interrupts, c->interrupts);
	atomic_fetch_add(&total_leases, c->leases);
}

bool storm_balances(void)
{
	return !atomic_load(&total_leases) && atomic_load(&total_chains) &&
	       atomic_load(&total_chains) ==
		       atomic_load(&total_completions) + atomic_load(&total_dropped);
}

void storm_print_result(const char *verdict)
{
	printf("storm: devices=%u seconds=%.1f wanted=%lu resets=%lu rate=%.1f with_leases=%lu "
	       "all_resets=%lu queue_resets=%lu created=%lu resizes=%lu faults=%lu "
	       "interrupts=%lu chains=%lu completed=%lu dropped=%lu leases=%lu",
		storm.n_slots, seconds(), storm_rate, atomic_load(&resets), rate(),
		atomic_load(&resets_with_leases), atomic_load(&total_resets),
		atomic_load(&total_queue_resets), atomic_load(&lives), atomic_load(&resizes),
		atomic_load(&total_faults), atomic_load(&total_interrupts),
		atomic_load(&total_chains), atomic_load(&total_completions),
		atomic_load(&total_dropped), atomic_load(&total_leases));
	for (unsigned kind = 0; kind < KINDS; kind++)
		printf(" %s=%.1f:%.1f", kinds[kind].name, mean(kind, false), mean(kind, true));
	printf(" errors=%lu verdict=%s\n", atomic_load(&errors), verdict);
	fflush(stdout);
}
