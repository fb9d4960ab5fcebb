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
 *
 * With --seconds the storm lasts so long, at so many resets a second as --rate says, if the
 * machine can do that; and memory, descriptors and threads have to stay as they are meanwhile.
 * No time is judged but one that nothing could excuse (--patience).
 */
#include "stress/storm.h"
#include "support/alloc.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VCPUS 2
#define IO_THREADS 2
#define HOSTS 2
#define POOL_THREADS 4 /* so that pools are as large as they get after a moment */
#define NS_PER_S UINT64_C(1000000000)

static unsigned long wanted_resets = 600, rounds = 3, n_devices, seconds;

/* --- One round --------------------------------------------------------------------------- */

static pthread_t threads[SLOTS_MAX + VCPUS + HOSTS + 2], late[IO_THREADS + 2];
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
	for (unsigned i = 0; i < storm.n_slots; i++)
		start(&threads[n_threads++], storm_driver_thread, &storm.slots[i]);
	for (uintptr_t i = 0; i < VCPUS; i++)
		start(&threads[n_threads++], storm_vcpu_thread, (void *)i);
	for (uintptr_t i = 0; i < HOSTS; i++)
		start(&threads[n_threads++], storm_host_thread, (void *)i);
	start(&threads[n_threads++], storm_config_thread, NULL);
	start(&threads[n_threads++], storm_memory_thread, NULL);
	for (uintptr_t i = 0; i < IO_THREADS; i++)
		start(&late[n_late++], storm_io_thread, (void *)i);
	for (unsigned i = 0; i < 2; i++)
		start(&late[n_late++], storm_loop_thread, storm.io[i][LOOP]);
}

static void join(pthread_t *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(list[i], NULL);
}

static int make_engines(void)
{
	static const enum vmmio_io_engine engines[2] = {VMMIO_IO_AUTO, VMMIO_IO_PLAIN};
	static const enum vmmio_io_form forms[FORMS] = {
		[THREADS] = VMMIO_IO_THREADS, [LOOP] = VMMIO_IO_LOOP};
	int error = 0;

	for (unsigned i = 0; !error && i < 2 * FORMS; i++) {
		struct vmmio_io_options o = {
			.size = sizeof(o),
			.engine = engines[i / FORMS],
			.form = forms[i % FORMS],
			.max_threads = POOL_THREADS,
		};

		error = vmmio_io_create(&o, &storm.io[i / FORMS][i % FORMS]);
	}
	return error ? error : vmmio_io_use(storm.io[0][THREADS]); /* for the queues' eventfds */
}

static void make_machine(void)
{
	struct vmmio_pool_options pool = {.size = sizeof(pool), .max_threads = POOL_THREADS};
	int error = vmmio_memory_create(NULL, &storm.memory);

	if (!error)
		error = vmmio_pool_create(&pool, &storm.pool);
	if (!error)
		error = make_engines();
	if (error)
		storm_die("set-up", error);
	atomic_store(&storm.stop, false);
	atomic_store(&storm.stop_late, false);
	for (unsigned i = 0; i < storm.n_slots; i++)
		storm_slot_new(&storm.slots[i], i);
}

static void free_machine(void)
{
	int error = 0;

	vmmio_io_unuse(storm.io[0][THREADS]);
	for (unsigned i = 0; !error && i < 2 * FORMS; i++)
		error = vmmio_io_destroy(storm.io[i / FORMS][i % FORMS]);
	if (!error)
		error = vmmio_executor_destroy(storm.pool);
	if (!error)
		error = vmmio_memory_destroy(storm.memory);
	if (error)
		storm_die("something is still in use", error);
}

/* What a round is to last: until so many resets were made, or so many seconds. */
struct goal {
	unsigned long resets, seconds;
	bool last;
};

static void progress(uint64_t began, const struct goal *goal)
{
	static uint64_t said;
	bool tty = isatty(STDERR_FILENO);
	uint64_t now = storm_now();

	if (!said)
		said = began;
	if (now - said < (tty ? 1 : 5) * NS_PER_S)
		return;
	said = now;
	fprintf(stderr, "%s", tty ? "\r" : "");
	if (goal->seconds)
		storm_print_sample(stderr);
	else
		fprintf(stderr, "%lu of %lu resets with leases out, %d pairs have not met",
			atomic_load(&resets_with_leases), goal->resets, storm_missing_pairs());
	fprintf(stderr, "%s", tty ? " " : "\n");
}

/* The last round gives rare pairs some more time, but not for ever. */
static bool enough(uint64_t began, const struct goal *goal)
{
	unsigned long done = atomic_load(&resets_with_leases);

	if (goal->seconds)
		return storm_now() - began >= goal->seconds * NS_PER_S;
	return done >= goal->resets &&
	       (!goal->last || !storm_missing_pairs() || done >= 20 * goal->resets);
}

static void one_round(const struct goal *goal)
{
	uint64_t began;

	make_machine();
	start_all();
	if (goal->seconds) {
		sleep(1); /* for those pools */
		storm_sample_begin();
	}
	began = storm_now();
	while (!enough(began, goal)) {
		usleep(20000);
		if (goal->seconds)
			storm_sample();
		progress(began, goal);
	}
	storm_stage("the end of the drivers' last lives");
	atomic_store(&storm.stop, true);
	join(threads, n_threads);
	for (unsigned i = 0; i < storm.n_slots; i++)
		storm_slot_stop(&storm.slots[i]);
	storm_stage("the end of the I/O threads");
	atomic_store(&storm.stop_late, true);
	join(late, n_late);
	storm_stage("the end of engines, pool and memory");
	for (unsigned i = 0; i < storm.n_slots; i++)
		storm_slot_free(&storm.slots[i]);
	free_machine();
	storm_stage(NULL);
}

/* --- What stays -------------------------------------------------------------------------- */

/* After the first round, for what is made once. */
static void check_flat(unsigned round)
{
	static unsigned fds, tasks;
	struct alloc_leak leak = {0};
	size_t leaks = alloc_leaks(&leak, 1);
	unsigned fds_now = storm_entries("/proc/self/fd"),
		 tasks_now = storm_entries("/proc/self/task");

	if (round == 0) {
		fds = fds_now;
		tasks = tasks_now;
	} else if (leaks || fds_now != fds || tasks_now != tasks) {
		storm_wrong(&storm.slots[0],
			"round %u leaves %zu blocks (first: %zu bytes, by %p), %d fds, %d threads",
			round, leaks, leak.size, leak.caller, (int)(fds_now - fds),
			(int)(tasks_now - tasks));
	}
	alloc_begin();
}

/* A storm of some seconds need not have seen all pairs: the one of some resets does. */
static bool passed(void)
{
	int missing = storm_missing_pairs();
	bool flat = !seconds || storm_is_flat();

	storm_print_pairs();
	printf("devices %lu, resets with leases out %lu, pauses looked at %lu\n",
		atomic_load(&lives), atomic_load(&resets_with_leases), atomic_load(&stills));
	printf("pairs that never met %d, errors %lu\n", missing, atomic_load(&errors));
	if (!storm_balances())
		fprintf(stderr, "host_storm: what was popped has not all come back\n");
	return flat && storm_balances() && !atomic_load(&errors) &&
	       (seconds ? atomic_load(&resets_with_leases) : !missing && atomic_load(&stills));
}

static const char usage_text[] =
	"usage: host_storm [OPTION...]: so many resets, or for so long\n"
	"  --resets N     until N resets were made with leases out (default: 600) and every pair\n"
	"                 of events has met, or 20 N resets were made\n"
	"  --rounds N     in so many rounds (default: 3)\n"
	"  --seconds N    for so long\n"
	"  --rate N       at so many resets a second (default: 1000; 0: as many as can be)\n"
	"  --devices N    a multiple of 8, at most 128 (default: 8; with --seconds 24: with more\n"
	"                 than 30 a thread holds too many locks for the thread sanitizer)\n"
	"  --patience N   what does not end within N seconds is stuck (default: 120)\n"
	"  --seed N       of the random numbers (default: 1)\n";

static _Noreturn void usage(int code)
{
	fputs(usage_text, code ? stderr : stdout);
	exit(code);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"resets", required_argument, NULL, 'r'},
		{"rounds", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
		{"seconds", required_argument, NULL, 't'}, {"rate", required_argument, NULL, 'f'},
		{"devices", required_argument, NULL, 'd'},
		{"patience", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
	unsigned long *const where[] = {['r'] = &wanted_resets,
		['n'] = &rounds,
		['s'] = &storm_seed,
		['t'] = &seconds,
		['f'] = &storm_rate,
		['d'] = &n_devices,
		['p'] = &storm_patience};
	unsigned long rate;
	int c;

	storm_rate = ULONG_MAX;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h' || c == '?')
			usage(c == 'h' ? 0 : 2);
		*where[c] = strtoul(optarg, NULL, 0);
	}
	rate = seconds ? 1000 : 0;
	storm_rate = storm_rate == ULONG_MAX ? rate : storm_rate;
	storm.n_slots = n_devices ? (unsigned)n_devices : seconds ? 3 * GROUP : GROUP;
	if (optind != argc || n_devices > SLOTS_MAX || storm.n_slots % GROUP)
		usage(2);
}

#define WARM_UP 30

/* A storm that lasts comes after a short one: what is made once is there then. */
static void run_rounds(void)
{
	const unsigned n = seconds ? 2 : (unsigned)rounds;
	const unsigned long rate = storm_rate;

	for (unsigned i = 0; i < n; i++) {
		struct goal goal = {wanted_resets * (i + 1) / n, 0, i + 1 == n};

		storm_rate = goal.last ? rate : 0;
		if (seconds)
			goal = (struct goal){WARM_UP, i ? seconds : 0, i};
		one_round(&goal);
		check_flat(i);
	}
}

int main(int argc, char **argv)
{
	pthread_t watch;
	bool ok;

	parse(argc, argv);
	start(&watch, storm_watch_thread, NULL);
	pthread_detach(watch);
	run_rounds();
	ok = passed();
	if (seconds)
		storm_print_result(ok ? "passed" : "failed");
	return ok ? 0 : 1;
}
