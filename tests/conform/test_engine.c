/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine: what becomes of what checks say, which checks run, and what a caller hears. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conform/own_suite.h"
#include "conform/test_engine.h"
#include "support/fixture.h"

#define NEVER "the occasion to judge this never came up"

static struct fake fake;

static void run(const char *requirements, void (*check)(struct conform *c))
{
	fake_init(&fake);
	own_check(requirements, 0, check);
	own_run(&fake, NULL);
}

/* --- Verdicts --------------------------------------------------------------------------- */

static void good(struct conform *c)
{
	ck_assert(judge(c, "T-MUST", true, "expected %u", 1u));
}

START_TEST(good_passes)
{
	run("T-MUST", good);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	ck_assert_str_eq(own_result("T-MUST", "the-check")->accesses, "");
	ck_assert_int_eq(own_result("T-MUST", NULL)->proof, VMMIO_CONFORM_BLACK_BOX);
}
END_TEST

static void bad(struct conform *c)
{
	wr(c, VMMIO_REG_QUEUE_SEL, 2);
	rd(c, VMMIO_REG_STATUS);
	rd_width(c, VMMIO_REG_CONFIG + 32, 1);
	ck_assert(!judge(c, "T-MUST", false, "expected %u, saw 0x%x", 1u, 2u));
	rd(c, VMMIO_REG_MAGIC);
}

START_TEST(bad_fails_with_accesses)
{
	run("T-MUST", bad);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL, "expected 1, saw 0x2");
	ck_assert_str_eq(own_result("T-MUST", NULL)->accesses,
		"QueueSel := 0x2\nStatus = 0x0\nConfig+0x20 = 0x0 (1 bytes)");
}
END_TEST

static void many_accesses(struct conform *c)
{
	for (uint32_t i = 0; i < 100; i++)
		wr(c, VMMIO_REG_QUEUE_SEL, i);
	judge(c, "T-MUST", false, "no");
}

START_TEST(last_accesses_are_kept)
{
	char text[64];

	run("T-MUST", many_accesses);
	snprintf(text, sizeof(text), "QueueSel := 0x%x\n", 100 - ACCESSES_KEPT);
	ck_assert(strncmp(own_result("T-MUST", NULL)->accesses, text, strlen(text)) == 0);
	ck_assert(strstr(own_result("T-MUST", NULL)->accesses, "\nQueueSel := 0x63"));
}
END_TEST

static void bad_between_good(struct conform *c)
{
	judge(c, "T-MUST", true, "first");
	judge(c, "T-MUST", false, "second");
	judge(c, "T-MUST", false, "third");
	judge(c, "T-MUST", true, "fourth");
}

START_TEST(first_bad_detail_stays)
{
	run("T-MUST", bad_between_good);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL, "second");
}
END_TEST

static void both(struct conform *c)
{
	judge_both(c, "T-MUST", "T-MUST-NOT", true, "fine");
	judge_both(c, "T-MUST", "T-MUST-NOT", false, "saw %s %d", "this", 7);
}

START_TEST(both_are_judged)
{
	run("T-MUST T-MUST-NOT", both);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL, "saw this 7");
	own_expect("T-MUST-NOT", VMMIO_CONFORM_FAIL, "saw this 7");
}
END_TEST

static void recommended(struct conform *c)
{
	judge(c, "T-SHOULD", false, "better not");
	judge(c, "T-SHOULD-NOT", true, "fine");
}

START_TEST(recommendations_are_flagged)
{
	const struct vmmio_conform_result *result;
	struct vmmio_conform_counts counts;

	fake_init(&fake);
	own_check("T-SHOULD T-SHOULD-NOT", 0, recommended);
	counts = vmmio_conform_counts(own_run(&fake, NULL));
	result = own_result("T-SHOULD", NULL);
	ck_assert_int_eq(result->verdict, VMMIO_CONFORM_PASS);
	ck_assert(result->flagged);
	ck_assert_str_eq(result->detail, "better not");
	own_expect("T-SHOULD-NOT", VMMIO_CONFORM_PASS, "");
	ck_assert_uint_eq(counts.passed, 2);
	ck_assert_uint_eq(counts.flagged, 1);
	ck_assert_uint_eq(counts.failed, 0);
}
END_TEST

/* --- What is not judged -------------------------------------------------------------------- */

static void nothing(struct conform *c)
{
	rd(c, VMMIO_REG_STATUS);
}

START_TEST(pass_needs_a_judgement)
{
	run("T-MUST T-SHOULD", nothing);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, NEVER);
	own_expect("T-SHOULD", VMMIO_CONFORM_SKIP, NEVER);
}
END_TEST

static void need_fails(struct conform *c)
{
	judge(c, "T-MUST", true, "before");
	need(c, true, "not this");
	need(c, false, "Status is 0x%x", 5u);
	judge(c, "T-MUST-2", true, "after");
	ck_abort_msg("need did not end the check");
}

START_TEST(need_skips_the_rest)
{
	run("T-MUST T-MUST-2", need_fails);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_SKIP, "Status is 0x5");
}
END_TEST

static void bad_then_need(struct conform *c)
{
	judge(c, "T-MUST", false, "bad");
	need(c, false, "a reason");
}

START_TEST(need_does_not_forgive)
{
	run("T-MUST", bad_then_need);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL, "bad");
}
END_TEST

static void said_why_not(struct conform *c)
{
	not_judged(c, "T-MUST", "not here");
	not_judged(c, "T-MUST-2", "not yet");
	judge(c, "T-MUST-2", true, "yes");
	not_judged(c, "T-MUST-2", "no more");
	judge(c, "T-SHOULD", false, "bad");
	not_judged(c, "T-SHOULD", "too late");
	need(c, false, "the end");
}

START_TEST(not_judged_has_its_own_reason)
{
	run("T-MUST T-MUST-2 T-MUST-NOT T-SHOULD", said_why_not);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "not here");
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-NOT", VMMIO_CONFORM_SKIP, "the end");
	ck_assert_str_eq(own_result("T-SHOULD", NULL)->detail, "bad");
}
END_TEST

static void remarks(struct conform *c)
{
	remark(c, "T-MUST", true, "not odd");
	remark(c, "T-MUST-2", false, "odd");
	remark(c, "T-MUST-2", false, "odder");
	remark(c, "T-MUST-NOT", false, "odd");
	judge(c, "T-MUST-NOT", false, "bad");
	remark(c, "T-MUST-NOT", false, "too late");
}

/* What is odd is flagged, and gives way to what is bad. */
START_TEST(remark_flags)
{
	const struct vmmio_conform_result *odd;

	run("T-MUST T-MUST-2 T-MUST-NOT", remarks);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	odd = own_result("T-MUST-2", NULL);
	ck_assert(odd->flagged);
	ck_assert_int_eq(odd->verdict, VMMIO_CONFORM_PASS);
	ck_assert_str_eq(odd->detail, "odd");
	own_expect("T-MUST-NOT", VMMIO_CONFORM_FAIL, "bad");
}
END_TEST

static void undeclared(struct conform *c)
{
	judge(c, "T-MUST-2", true, "fine");
}

/* Not even where the first requirement is one that is only flagged. */
START_TEST(undeclared_is_a_mistake)
{
	static const char *const first[] = {"T-MUST", "T-SHOULD"};

	for (unsigned i = 0; i < 2; i++) {
		run(first[i], undeclared);
		own_expect(first[i], VMMIO_CONFORM_FAIL,
			"mistake of the suite: check the-check judges T-MUST-2 without naming it");
		ck_assert_ptr_null(own_result("T-MUST-2", NULL));
	}
}
END_TEST

static void unknown_not_judged(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
	not_judged(c, "T-NOBODY", "a reason");
}

START_TEST(undeclared_not_judged_is_a_mistake)
{
	run("T-MUST", unknown_not_judged);
	ck_assert_int_eq(own_result("T-MUST", NULL)->verdict, VMMIO_CONFORM_FAIL);
}
END_TEST

/* --- Proof --------------------------------------------------------------------------------- */

static void proofs(struct conform *c)
{
	judge(c, "T-MUST", true, "look");
	by_hook(c);
	judge(c, "T-MUST-2", true, "hook");
	by_look(c);
	judge(c, "T-MUST-2", true, "look");
	judge(c, "T-MUST-NOT", true, "look");
}

START_TEST(proof_is_of_the_judgement)
{
	run("T-MUST T-MUST-2 T-MUST-NOT", proofs);
	ck_assert_int_eq(own_result("T-MUST", NULL)->proof, VMMIO_CONFORM_BLACK_BOX);
	ck_assert_int_eq(own_result("T-MUST-2", NULL)->proof, VMMIO_CONFORM_HOOK);
	ck_assert_int_eq(own_result("T-MUST-NOT", NULL)->proof, VMMIO_CONFORM_BLACK_BOX);
}
END_TEST

/* What one check did is not the next one's: hooks, accesses, reasons. */
static void leaves_things(struct conform *c)
{
	by_hook(c);
	rd(c, VMMIO_REG_STATUS);
	need(c, false, "of the first");
}

static void finds_nothing(struct conform *c)
{
	judge(c, "T-MUST", false, "no");
	judge(c, "T-MUST-NOT", true, "yes");
}

static const struct check two[] = {
	{"first", "First", "T-MUST T-MUST-2", 0, leaves_things},
	{"second", "Second", "T-MUST T-MUST-2 T-MUST-NOT", 0, finds_nothing},
};

START_TEST(books_are_of_one_check)
{
	fake_init(&fake);
	own_checks(two, 2);
	own_run(&fake, NULL);
	ck_assert_str_eq(own_result("T-MUST", "first")->detail, "of the first");
	ck_assert_str_eq(own_result("T-MUST", "second")->accesses, "");
	ck_assert_str_eq(own_result("T-MUST-2", "second")->detail, NEVER);
	ck_assert_int_eq(own_result("T-MUST-NOT", "second")->proof, VMMIO_CONFORM_BLACK_BOX);
}
END_TEST

/* --- Selection ------------------------------------------------------------------------------- */

static const struct check three[] = {
	{"one", "One", "T-MUST T-MUST-2", 0, nothing},
	{"two", "Two", "T-MUST", 0, nothing},
	{"three", "Three", "T-SHOULD T-MUST-2", 0, nothing},
};

/* "CHECK REQUIREMENT;..." of all results. */
static const char *results(const char *only)
{
	struct vmmio_conform_options options = {.size = sizeof(options), .only = only};
	const struct vmmio_conform_report *report;
	static char text[512];

	fake_init(&fake);
	own_checks(three, 3);
	report = own_run(&fake, &options);
	text[0] = 0;
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *r = vmmio_conform_report_result(report, i);
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s %s;", r->check, r->requirement->id);
	}
	return text;
}

START_TEST(only_selects)
{
	ck_assert_str_eq(results(NULL),
		"one T-MUST;one T-MUST-2;two T-MUST;three T-SHOULD;three T-MUST-2;");
	ck_assert_str_eq(results("T-MUST-2"), "one T-MUST-2;three T-MUST-2;");
	ck_assert_str_eq(results("two"), "two T-MUST;");
	ck_assert_str_eq(results("two,T-SHOULD"), "two T-MUST;three T-SHOULD;");
	ck_assert_str_eq(results("one, T-SHOULD,"), "one T-MUST;one T-MUST-2;three T-SHOULD;");
	/* In the catalogue, and of no check here. */
	ck_assert_str_eq(results("T-MUST-NOT"), "");
}
END_TEST

static int run_with(const struct vmmio_conform_options *options)
{
	struct vmmio_conform_report *report = NULL;
	int error;

	fake_init(&fake);
	own_checks(three, 3);
	error = vmmio_conform_run(&fake.target, options, &report);
	vmmio_conform_report_free(report);
	return error;
}

START_TEST(only_knows_its_words)
{
	static const char *const wrong[] = {"T-NOBODY", "two,nobody", "T-MUST,", "on", "T-MUST two", "",
		" , ", "two-and-so-on-for-longer-than-any-word-can-be-two-and-so-on-for-longer"};
	static const int expected[] = {-EINVAL, -EINVAL, 0, -EINVAL, 0, -EINVAL, -EINVAL, -EINVAL};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vmmio_conform_options options = {.size = sizeof(options), .only = wrong[i]};

		ck_assert_msg(run_with(&options) == expected[i], "\"%s\"", wrong[i]);
		ck_assert_msg(expected[i] == 0 || fake.accesses == 0, "\"%s\"", wrong[i]);
	}
}
END_TEST

/* --- Callbacks -------------------------------------------------------------------------------- */

static char heard[512];

static void hear(const char *what)
{
	strncat(heard, what, sizeof(heard) - strlen(heard) - 1);
}

static void hear_begin(void *ctx, const struct vmmio_conform_check *check, size_t i, size_t n)
{
	char text[64];

	ck_assert_ptr_eq(ctx, heard);
	ck_assert_str_eq(check->topic, "own");
	snprintf(text, sizeof(text), "%s %zu/%zu;", check->name, i, n);
	hear(text);
}

static void hear_result(void *ctx, const struct vmmio_conform_result *result)
{
	ck_assert_ptr_eq(ctx, heard);
	ck_assert_int_eq(result->verdict, VMMIO_CONFORM_SKIP);
	hear(result->requirement->id);
	hear(";");
}

START_TEST(callbacks_come_in_order)
{
	struct vmmio_conform_options options = {
		.size = sizeof(options), .begin = hear_begin, .result = hear_result, .ctx = heard};

	heard[0] = 0;
	ck_assert_int_eq(run_with(&options), 0);
	ck_assert_str_eq(heard, "one 0/3;T-MUST;T-MUST-2;two 1/3;T-MUST;three 2/3;T-SHOULD;T-MUST-2;");
	heard[0] = 0;
	options.only = "T-SHOULD,two";
	ck_assert_int_eq(run_with(&options), 0);
	ck_assert_str_eq(heard, "two 0/2;T-MUST;three 1/2;T-SHOULD;");
	options.begin = NULL;
	options.result = NULL;
	ck_assert_int_eq(run_with(&options), 0);
}
END_TEST

/* --- Memory runs out ----------------------------------------------------------------------------- */

START_TEST(out_of_memory)
{
	struct vmmio_conform_report *report;
	unsigned n = 0;
	int error;

	fake_init(&fake);
	own_checks(three, 3);
	do {
		report = NULL;
		fixture_fail_alloc(++n, false);
		error = vmmio_conform_run(&fake.target, NULL, &report);
		fixture_fail_alloc(0, false);
		ck_assert_msg(error == 0 || error == -ENOMEM, "allocation %u: %d", n, error);
		ck_assert_msg((error == 0) == (report != NULL), "allocation %u", n);
		vmmio_conform_report_free(report);
	} while (error);
	ck_assert_uint_gt(n, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("engine");
	TCase *tc = fixture_tcase(s, "verdicts");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, good_passes);
	tcase_add_test(tc, bad_fails_with_accesses);
	tcase_add_test(tc, last_accesses_are_kept);
	tcase_add_test(tc, first_bad_detail_stays);
	tcase_add_test(tc, both_are_judged);
	tcase_add_test(tc, recommendations_are_flagged);
	tcase_add_test(tc, pass_needs_a_judgement);
	tcase_add_test(tc, need_skips_the_rest);
	tcase_add_test(tc, need_does_not_forgive);
	tcase_add_test(tc, not_judged_has_its_own_reason);
	tcase_add_test(tc, remark_flags);
	tcase_add_test(tc, undeclared_is_a_mistake);
	tcase_add_test(tc, undeclared_not_judged_is_a_mistake);
	tcase_add_test(tc, proof_is_of_the_judgement);
	tcase_add_test(tc, books_are_of_one_check);
	tc = fixture_tcase(s, "selection");
	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, only_selects);
	tcase_add_test(tc, only_knows_its_words);
	tcase_add_test(tc, callbacks_come_in_order);
	tcase_add_test(tc, out_of_memory);
	test_engine_target(s);
	test_engine_begin(s);
	return fixture_main(s);
}
