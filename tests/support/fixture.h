/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every test program shares: a main, and a fixture that fails a test which leaves a
 * descriptor, a thread or an allocation behind, or which logged an error it did not expect.
 *
 *     START_TEST(reads_magic) { ... }
 *     END_TEST
 *
 *     int main(void)
 *     {
 *             Suite *s = suite_create("regfile");
 *             TCase *tc = fixture_tcase(s, "reads");
 *             tcase_add_test(tc, reads_magic);
 *             return fixture_main(s);
 *     }
 */
#ifndef VMMIO_TESTS_FIXTURE_H
#define VMMIO_TESTS_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <vmmio/base.h>

/* A test case with the leak fixture (checked, so it runs in the forked child). */
TCase *fixture_tcase(Suite *suite, const char *name);

/*
 * Runs the suite, prints libcheck's summary and the number of skipped tests, returns the exit
 * code: EXIT_FAILURE if a check failed or none ran, 77 if every test was skipped.
 * CK_FORK, CK_RUN_CASE and the other variables of libcheck work as usual.
 */
int fixture_main(Suite *suite);

/*
 * This test cannot run here: prints "SKIP: test: reason" and counts it, so that it is not
 * taken for a pass. Return from the test after it. Also right for a part of a test.
 */
#define fixture_skip(reason) fixture_skip_in(__func__, (reason))
void fixture_skip_in(const char *function, const char *reason);

/* A log for the objects under test. Lines are kept; an ERROR or WARN line that no
 * fixture_expect_log() matched fails the test at its end. */
struct vmmio_log fixture_log(void);

/* The next lines that contain text are expected. */
void fixture_expect_log(const char *text);

/* How many lines so far contain text. */
unsigned fixture_logged(const char *text);

/* Lets the n-th allocation from now (1: the next one) fail, and with for_ever all later
 * ones. 0: none. */
void fixture_fail_alloc(unsigned n, bool for_ever);

/* Allocations tried so far, those made to fail included. Tests and library, not libcheck. */
size_t fixture_allocs(void);

#endif
