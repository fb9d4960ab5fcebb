/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The leak fixture and the main of the test programs. Allocations are in alloc.c.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support/alloc.h"
#include "support/fixture.h"

#define MAX_SEEN 4096
#define EXIT_SKIPPED 77
/* A thread that has been joined may be listed a little longer: so many milliseconds, before it
 * counts as left behind. VMMIO_TEST_PATIENCE in the environment sets another number. */
#define THREAD_PATIENCE 10000

/* The numbers in a directory of /proc/self, e.g. its descriptors. */
struct numbers {
	unsigned n;
	int value[MAX_SEEN];
};

struct line {
	struct line *next;
	bool unexpected;
	char text[];
};

static struct numbers fds_before;
static struct numbers tasks_before;
static struct line *lines;
static struct line *expected;
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint *skipped; /* shared with the forked children */

/* The fixture itself counts allocations after each test. The leak sanitizer looks for the same at
 * the end of each process that a test was forked into, which takes longer than most tests. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "leak_check_at_exit=0";
}

static void read_numbers(const char *directory, struct numbers *out)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	ck_assert_msg(dir, "cannot read %s: the leak fixture needs /proc", directory);
	out->n = 0;
	while ((entry = readdir(dir))) {
		int value = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || value == dirfd(dir))
			continue;
		ck_assert_uint_lt(out->n, MAX_SEEN);
		out->value[out->n++] = value;
	}
	closedir(dir);
}

static bool has_number(const struct numbers *numbers, int value)
{
	for (unsigned i = 0; i < numbers->n; i++) {
		if (numbers->value[i] == value)
			return true;
	}
	return false;
}

static void check_fds(void)
{
	static struct numbers now;
	char path[64], target[256];

	read_numbers("/proc/self/fd", &now);
	for (unsigned i = 0; i < now.n; i++) {
		ssize_t len;

		if (has_number(&fds_before, now.value[i]))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", now.value[i]);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		ck_abort_msg("the test left descriptor %d open: %s", now.value[i], target);
	}
	for (unsigned i = 0; i < fds_before.n; i++)
		ck_assert_msg(has_number(&now, fds_before.value[i]),
			"the test closed descriptor %d, which is not its own", fds_before.value[i]);
}

/* The kernel's io_uring workers are listed as our threads, and live as long as it pleases. */
static bool is_kernel_worker(int task, char name[32])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", task);
	file = fopen(path, "r");
	if (!file || !fgets(name, 32, file))
		snprintf(name, 32, "(ended)");
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return strncmp(name, "iou-", 4) == 0;
}

static int find_left_task(char name[32])
{
	static struct numbers now;

	read_numbers("/proc/self/task", &now);
	for (unsigned i = 0; i < now.n; i++) {
		if (!has_number(&tasks_before, now.value[i]) &&
			!is_kernel_worker(now.value[i], name))
			return now.value[i];
	}
	return 0;
}

static void check_threads(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	const char *set = getenv("VMMIO_TEST_PATIENCE");
	int patience = set ? atoi(set) : THREAD_PATIENCE;
	char name[32] = "";
	int task = find_left_task(name);

	for (int i = 0; task && i < patience; i++) {
		nanosleep(&pause, NULL);
		task = find_left_task(name);
	}
	ck_assert_msg(!task, "the test left thread %d running: %s", task, name);
}

static void check_allocs(void)
{
	struct alloc_leak leak[4];
	char text[512] = "";
	size_t n = alloc_leaks(leak, 4), at = 0;

	for (size_t i = 0; i < n && i < 4; i++) {
		Dl_info info = {.dli_fname = "?"};

		/* For addr2line. */
		dladdr(leak[i].caller, &info);
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"\n  %zu bytes, allocated at 0x%zx of %s", leak[i].size,
			(size_t)((const char *)leak[i].caller - (const char *)info.dli_fbase),
			info.dli_fname);
		if (at >= sizeof(text))
			break;
	}
	ck_assert_msg(n == 0, "the test left %zu allocations behind:%s", n, text);
}

static void free_lines(struct line **list)
{
	while (*list) {
		struct line *next = (*list)->next;

		alloc_quiet_free(*list);
		*list = next;
	}
}

static void append_line(struct line **list, const char *text, bool unexpected)
{
	struct line *line = alloc_quiet(sizeof(*line) + strlen(text) + 1);

	line->next = NULL;
	line->unexpected = unexpected;
	strcpy(line->text, text);
	while (*list)
		list = &(*list)->next;
	*list = line;
}

static void check_log(void)
{
	pthread_mutex_lock(&lines_lock);
	for (struct line *line = lines; line; line = line->next)
		ck_assert_msg(!line->unexpected, "a log line nobody expected: %s", line->text);
	pthread_mutex_unlock(&lines_lock);
}

static void keep_line(void *ctx, enum vmmio_log_level level, const char *text)
{
	bool unexpected = level <= VMMIO_LOG_WARN;

	(void)ctx;
	pthread_mutex_lock(&lines_lock);
	for (struct line *line = expected; line && unexpected; line = line->next)
		unexpected = !strstr(text, line->text);
	append_line(&lines, text, unexpected);
	pthread_mutex_unlock(&lines_lock);
}

struct vmmio_log fixture_log(void)
{
	return (struct vmmio_log){.fn = keep_line};
}

void fixture_expect_log(const char *text)
{
	pthread_mutex_lock(&lines_lock);
	append_line(&expected, text, false);
	pthread_mutex_unlock(&lines_lock);
}

unsigned fixture_logged(const char *text)
{
	unsigned n = 0;

	pthread_mutex_lock(&lines_lock);
	for (struct line *line = lines; line; line = line->next)
		n += strstr(line->text, text) != NULL;
	pthread_mutex_unlock(&lines_lock);
	return n;
}

static void *do_nothing(void *arg)
{
	return arg;
}

/* A sanitizer starts its own thread, and the C library fills its caches, with the first
 * thread of the process: before the test, so that neither looks like the test's. */
static void start_first_thread(void)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, do_nothing, NULL), 0);
	pthread_join(thread, NULL);
}

static void leak_setup(void)
{
	start_first_thread();
	free_lines(&lines);
	free_lines(&expected);
	read_numbers("/proc/self/fd", &fds_before);
	read_numbers("/proc/self/task", &tasks_before);
	alloc_begin();
}

/* Threads first: one that is ending may still close and free something. */
static void leak_teardown(void)
{
	fixture_fail_alloc(0, false);
	check_threads();
	check_log();
	check_fds();
	check_allocs();
}

TCase *fixture_tcase(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	/* Generous: sanitizers on a busy machine. */
	if (!getenv("CK_DEFAULT_TIMEOUT"))
		tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, leak_setup, leak_teardown);
	suite_add_tcase(suite, tc);
	return tc;
}

void fixture_skip_in(const char *function, const char *reason)
{
	size_t len = strlen(function);

	/* libcheck calls the function of test x x_fn. */
	if (len > 3 && strcmp(function + len - 3, "_fn") == 0)
		len -= 3;
	printf("SKIP: %.*s: %s\n", (int)len, function, reason);
	fflush(stdout);
	if (skipped)
		atomic_fetch_add(skipped, 1);
}

int fixture_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int ran, failed;
	unsigned skips;

	skipped = mmap(NULL, sizeof(*skipped), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0);
	if (skipped == MAP_FAILED) {
		perror("mmap of the skip counter");
		return EXIT_FAILURE;
	}
	srunner_run_all(runner, CK_ENV);
	ran = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	skips = atomic_load(skipped);
	srunner_free(runner);
	munmap(skipped, sizeof(*skipped));
	if (skips)
		printf("Skipped: %u (not counted as passed)\n", skips);
	if (ran == 0)
		printf("No test ran: see CK_RUN_CASE, CK_RUN_SUITE and CK_INCLUDE_TAGS\n");
	if (failed || ran == 0)
		return EXIT_FAILURE;
	return skips >= (unsigned)ran ? EXIT_SKIPPED : EXIT_SUCCESS;
}
