/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host storm: devices of versions 2 and 3, split and packed, prompt and not, share a pool,
 * guest memory and I/O engines. Their drivers bring them up, do I/O and reset them with
 * requests in flight, while other vCPUs write registers at random, I/O threads complete late
 * and answer hooks late, and the host resets, pauses, resumes, fences, destroys and creates
 * devices, takes memory away and gives it back, and watches.
 *
 * The oracles: ThreadSanitizer, and everybody's own plain writes to memory that is his:
 * the driver's when Status has read 0, the host's when a removal was reported. Every waiter
 * is told exactly once; hooks do not overlap; pause and resume come in turns; a pause is
 * still; counters balance when a device is gone; no round leaves a thread, a descriptor or a
 * block of memory behind.
 *
 * What happened at the same time on one device is counted pair by pair; a pair that never
 * met fails the run, for it was not tested.
 */
#include "stress/storm.h"
#include "support/alloc.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VCPUS 2
#define IO_THREADS 2
#define HOSTS 2

static unsigned long resets = 600, rounds = 3;

/* --- One round --------------------------------------------------------------------------- */

static pthread_t threads[SLOTS + VCPUS + HOSTS + 2], late[IO_THREADS + 1];
static unsigned n_threads, n_late;

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	int error = pthread_create(thread, NULL, run, arg);

	if (error)
		storm_die("pthread_create", error);
}

static void start_all(void)
{
	n_threads = n_late = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		start(&threads[n_threads++], storm_driver_thread, &storm.slots[i]);
	for (uintptr_t i = 0; i < VCPUS; i++)
		start(&threads[n_threads++], storm_vcpu_thread, (void *)i);
	for (uintptr_t i = 0; i < HOSTS; i++)
		start(&threads[n_threads++], storm_host_thread, (void *)i);
	start(&threads[n_threads++], storm_config_thread, NULL);
	start(&threads[n_threads++], storm_memory_thread, NULL);
	for (uintptr_t i = 0; i < IO_THREADS; i++)
		start(&late[n_late++], storm_io_thread, (void *)i);
	start(&late[n_late++], storm_loop_thread, NULL);
}

static void join(pthread_t *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(list[i], NULL);
}

static void make_machine(void)
{
	struct vmmio_io_options io = {.size = sizeof(io), .form = VMMIO_IO_LOOP};
	int error = vmmio_memory_create(NULL, &storm.memory);

	if (!error)
		error = vmmio_pool_create(NULL, &storm.pool);
	if (!error)
		error = vmmio_io_create(NULL, &storm.threads);
	if (!error)
		error = vmmio_io_use(storm.threads); /* for the queues' eventfds */
	if (!error)
		error = vmmio_io_create(&io, &storm.loop);
	if (error)
		storm_die("set-up", error);
	atomic_store(&storm.stop, false);
	atomic_store(&storm.stop_late, false);
	for (unsigned i = 0; i < SLOTS; i++)
		storm_slot_new(&storm.slots[i], i);
}

static void free_machine(void)
{
	int error;

	vmmio_io_unuse(storm.threads);
	error = vmmio_io_destroy(storm.threads);
	if (!error)
		error = vmmio_io_destroy(storm.loop);
	if (!error)
		error = vmmio_executor_destroy(storm.pool);
	if (!error)
		error = vmmio_memory_destroy(storm.memory);
	if (error)
		storm_die("something is still in use", error);
}

static void progress(time_t began, unsigned long wanted)
{
	static time_t said;
	bool tty = isatty(STDERR_FILENO);
	time_t now = time(NULL);

	if (!said)
		said = began;
	if (now - said < (tty ? 1 : 10))
		return;
	said = now;
	fprintf(stderr, "%s%lu of %lu resets with leases out, %d pairs have not met, %ld s%s",
		tty ? "\r" : "", atomic_load(&resets_with_leases), wanted, storm_missing_pairs(),
		(long)(now - began), tty ? " " : "\n");
}

/* The last round gives rare pairs some more time, but not for ever. */
static bool enough(unsigned long wanted, bool last)
{
	unsigned long done = atomic_load(&resets_with_leases);

	return done >= wanted && (!last || !storm_missing_pairs() || done >= 20 * wanted);
}

static void one_round(unsigned long wanted, bool last)
{
	time_t began = time(NULL);

	make_machine();
	start_all();
	while (!enough(wanted, last)) {
		usleep(20000);
		progress(began, wanted);
	}
	atomic_store(&storm.stop, true);
	join(threads, n_threads);
	for (unsigned i = 0; i < SLOTS; i++)
		storm_slot_stop(&storm.slots[i]);
	atomic_store(&storm.stop_late, true);
	join(late, n_late);
	for (unsigned i = 0; i < SLOTS; i++)
		storm_slot_free(&storm.slots[i]);
	free_machine();
}

/* --- What stays -------------------------------------------------------------------------- */

static unsigned entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* After the first round, for what is made once. */
static void check_flat(unsigned round)
{
	static unsigned fds, tasks;
	struct alloc_leak leak = {0};
	size_t leaks = alloc_leaks(&leak, 1);
	unsigned fds_now = entries("/proc/self/fd"), tasks_now = entries("/proc/self/task");

	if (round == 0) {
		fds = fds_now;
		tasks = tasks_now;
	} else if (leaks || fds_now != fds || tasks_now != tasks) {
		storm_wrong(&storm.slots[0],
			"round %u leaves %zu blocks (first: %zu bytes, by %p), %d fds, %d threads", round,
			leaks, leak.size, leak.caller, (int)(fds_now - fds), (int)(tasks_now - tasks));
	}
	alloc_begin();
}

static int verdict(void)
{
	int missing = storm_missing_pairs();

	storm_print_pairs();
	printf("devices %lu, resets with leases out %lu, pauses looked at %lu\n", atomic_load(&lives),
		atomic_load(&resets_with_leases), atomic_load(&stills));
	printf("pairs that never met %d, errors %lu\n", missing, atomic_load(&errors));
	return missing || !atomic_load(&stills) || atomic_load(&errors);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"resets", required_argument, NULL, 'r'},
		{"rounds", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long *where = c == 'r' ? &resets : c == 'n' ? &rounds : &storm_seed;

		if (c == 'h' || c == '?') {
			printf("usage: host_storm [--resets N] [--rounds N] [--seed N]\n"
			       "Runs until N resets (default 600) were made with leases out, in so many rounds\n"
			       "(default 3), and every pair of events has met, or 20 N resets were made.\n");
			exit(c == 'h' ? 0 : 2);
		}
		*where = strtoul(optarg, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	for (unsigned i = 0; i < rounds; i++) {
		one_round(resets * (i + 1) / rounds, i + 1 == rounds);
		check_flat(i);
	}
	return verdict() ? 1 : 0;
}
