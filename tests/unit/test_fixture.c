/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fixture itself. Each fault is planted in a small suite that this program runs in a
 * copy of itself (argument: the test case); the copy has to fail, and say why.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixture.h"

/* The compiler would leave out an allocation whose result it sees unused. */
static void *(*volatile allocate)(size_t size) = malloc;

/* --- The planted suite --- */

static void *leaked;

START_TEST(leak_memory)
{
	leaked = allocate(4711);
	ck_assert_ptr_nonnull(leaked);
}
END_TEST

START_TEST(leak_descriptor)
{
	ck_assert_int_ge(open("/dev/null", O_RDONLY), 0);
}
END_TEST

START_TEST(close_stranger)
{
	close(STDIN_FILENO);
}
END_TEST

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

START_TEST(leak_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
}
END_TEST

START_TEST(log_error)
{
	struct vmmio_log log = fixture_log();

	log.fn(log.ctx, VMMIO_LOG_WARN, "surprise: 17");
}
END_TEST

START_TEST(fail_plainly)
{
	ck_assert_int_eq(1, 2);
}
END_TEST

START_TEST(skip)
{
	fixture_skip("nothing to see");
}
END_TEST

START_TEST(pass)
{
	ck_assert_int_eq(1, 1);
}
END_TEST

static const struct {
	const char *name;
	const char *says; /* in its output */
	int exit_code;
} planted[] = {
	{"memory", "left 1 allocations behind:\n  4711 bytes", EXIT_FAILURE},
	{"descriptor", "open: /dev/null", EXIT_FAILURE},
	{"stranger", "closed descriptor 0", EXIT_FAILURE},
	{"thread", "left thread ", EXIT_FAILURE},
	{"log", "nobody expected: surprise: 17", EXIT_FAILURE},
	{"plain", "0%: Checks: 1, Failures: 1, Errors: 0", EXIT_FAILURE},
	{"none", "No test ran", EXIT_FAILURE},
	{"skip", "SKIP: skip: nothing to see\n", 77},
	{"skip", "Skipped: 1 (not counted as passed)", 77},
	{"pass", "100%: Checks: 1, Failures: 0, Errors: 0", EXIT_SUCCESS},
};
#define N_PLANTED ((int)(sizeof(planted) / sizeof(planted[0])))

static int run_planted(const char *name)
{
	const struct {
		const char *name;
		const TTest *test;
	} tests[] = {
		{"memory", leak_memory},
		{"descriptor", leak_descriptor},
		{"stranger", close_stranger},
		{"thread", leak_thread},
		{"log", log_error},
		{"plain", fail_plainly},
		{"skip", skip},
		{"pass", pass},
	};
	Suite *s = suite_create("planted");
	TCase *tc = fixture_tcase(s, name);

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, name) == 0)
			tcase_add_test(tc, tests[i].test);
	}
	return fixture_main(s);
}

/* --- The tests --- */

/* Runs this program with one argument; what it prints goes to out. Returns its exit code. */
static int run_self(const char *name, char *out, size_t size)
{
	int fds[2], status;
	size_t at = 0;
	ssize_t got;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		unsetenv("CK_RUN_CASE");
		unsetenv("CK_RUN_SUITE");
		unsetenv("CK_VERBOSITY");
		setenv("VMMIO_TEST_PATIENCE", "100", 1);
		/* The planted leaks are the fixture's to find. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		setenv("TSAN_OPTIONS", "report_thread_leaks=0", 1);
		execl("/proc/self/exe", "test_fixture", name, (char *)NULL);
		_exit(126);
	}
	close(fds[1]);
	while ((got = read(fds[0], out + at, size - 1 - at)) > 0)
		at += (size_t)got;
	out[at] = '\0';
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(planted_faults_are_found)
{
	char out[4096];
	int code = run_self(planted[_i].name, out, sizeof(out));

	ck_assert_msg(code == planted[_i].exit_code, "%s: exit code %d\n%s", planted[_i].name, code,
		out);
	ck_assert_msg(strstr(out, planted[_i].says), "%s: not said: %s\n%s", planted[_i].name,
		planted[_i].says, out);
}
END_TEST

START_TEST(nth_allocation_fails)
{
	void *a, *b, *c;

	fixture_fail_alloc(2, false);
	a = allocate(8);
	b = allocate(8);
	c = allocate(8);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_null(b);
	ck_assert_ptr_nonnull(c);
	free(a);
	free(c);
}
END_TEST

START_TEST(all_later_allocations_fail)
{
	void *kept = allocate(8), *out = &kept, *volatile got;
	size_t before;

	ck_assert_ptr_nonnull(kept);
	before = fixture_allocs();
	fixture_fail_alloc(1, true);
	ck_assert_ptr_null(allocate(8));
	got = strdup("x");
	ck_assert_ptr_null(got);
	got = realloc(kept, 16);
	ck_assert_ptr_null(got);
	got = aligned_alloc(16, 16);
	ck_assert_ptr_null(got);
	ck_assert_int_eq(posix_memalign(&out, 16, 16), ENOMEM);
	ck_assert_ptr_eq(out, &kept);
	ck_assert_uint_eq(fixture_allocs() - before, 5);
	fixture_fail_alloc(0, false);
	free(kept);
}
END_TEST

START_TEST(balanced_allocations_pass)
{
	void *grown = realloc(NULL, 8);
	char *copy = strdup("copy");
	void *aligned = aligned_alloc(64, 64), *more = NULL;

	ck_assert_ptr_nonnull(grown);
	grown = realloc(grown, 100000);
	ck_assert_ptr_nonnull(grown);
	ck_assert_str_eq(copy, "copy");
	ck_assert_int_eq(posix_memalign(&more, 64, 64), 0);
	free(grown);
	free(copy);
	free(aligned);
	free(more);
}
END_TEST

START_TEST(expected_lines_pass)
{
	struct vmmio_log log = fixture_log();

	fixture_expect_log("foreseen");
	log.fn(log.ctx, VMMIO_LOG_ERROR, "a foreseen error");
	log.fn(log.ctx, VMMIO_LOG_INFO, "by the way, a second one");
	ck_assert_uint_eq(fixture_logged("foreseen"), 1);
	ck_assert_uint_eq(fixture_logged("a "), 2);
	ck_assert_uint_eq(fixture_logged("absent"), 0);
}
END_TEST

#define CHURNS 20000
static void *churn(void *arg)
{
	for (int i = 0; i < CHURNS; i++)
		free(allocate((size_t)(i % 64) + 1));
	return arg;
}

START_TEST(counting_is_thread_safe)
{
	pthread_t thread[4];
	size_t before = fixture_allocs();

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, churn, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(fixture_allocs() - before, 4 * CHURNS);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s;
	TCase *tc;

	if (argc > 1)
		return run_planted(argv[1]);
	s = suite_create("fixture");
	tc = fixture_tcase(s, "faults");
	tcase_add_loop_test(tc, planted_faults_are_found, 0, N_PLANTED);
	tc = fixture_tcase(s, "allocations");
	tcase_add_test(tc, nth_allocation_fails);
	tcase_add_test(tc, all_later_allocations_fail);
	tcase_add_test(tc, balanced_allocations_pass);
	tcase_add_test(tc, counting_is_thread_safe);
	tc = fixture_tcase(s, "log");
	tcase_add_test(tc, expected_lines_pass);
	return fixture_main(s);
}
