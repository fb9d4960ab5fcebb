/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays: how they end, what they are told and tell, and what cannot be played. */
#include <errno.h>
#include <string.h>
#include <vmmio/spec.h>

#include "conform/broken_subject.h"
#include "conform/scenario_rig.h"
#include "support/fixture.h"

/* Waiting is as good as giving up. */
START_TEST(waiting_for_a_reset_is_fine)
{
	const struct vmmio_subject good = open_good("good:disk");
	struct vmmio_subject subject =
		broken_subject(&good, WAITS_IN_BEGIN, (struct wrong_from){2, 0});
	struct vmmio_conform_report *report;
	int end = play("reset-never", VMMIO_V3_SPLIT, &subject, &report);

	ck_assert_int_eq(end, VMMIO_PLAY_WAITS);
	ck_assert_int_eq(result_of(report, "PATCH-DRV-02")->verdict, VMMIO_CONFORM_PASS);
	ck_assert_str_eq(note(report), "begin still waits");
	vmmio_conform_report_free(report);
	vmmio_subject_close(&subject);
}
END_TEST

START_TEST(patience_is_as_told)
{
	const struct vmmio_subject good = open_good("good:disk");
	struct vmmio_subject subject =
		broken_subject(&good, WAITS_IN_BEGIN, (struct wrong_from){2, 0});
	struct vmmio_conform_report *report;
	struct vmmio_play options = {.size = sizeof(options),
		.scenario = "reset-slow",
		.setting = VMMIO_V3_SPLIT,
		.subject = &subject};

	options.patience = 20; /* not enough for the rehearsal */
	ck_assert_int_eq(vmmio_conform_report_create("", 0, &report), 0);
	ck_assert_int_eq(
		vmmio_scenario_play(&options, report), VMMIO_PLAY_WAITS | VMMIO_PLAY_NOT_UP);
	ck_assert_ptr_nonnull(strstr(note(report), "not played: the driver does not work"));
	vmmio_conform_report_free(report);
	vmmio_subject_close(&subject);
}
END_TEST

static void count_accesses(void *ctx, const struct vmmio_monitor_access *access)
{
	size_t *n = ctx;

	++*n;
	if (*n == 1)
		ck_assert(!access->write && access->offset == 0 && access->value == VMMIO_MAGIC);
}

START_TEST(accesses_are_told)
{
	struct vmmio_subject subject = open_good("good:disk");
	struct vmmio_conform_report *report;
	size_t n = 0;
	const struct vmmio_play options = {.size = sizeof(options),
		.scenario = "device-id-0",
		.setting = VMMIO_V3_SPLIT,
		.subject = &subject,
		.access = count_accesses,
		.ctx = &n};

	ck_assert_int_eq(vmmio_conform_report_create("", 0, &report), 0);
	ck_assert_int_eq(vmmio_scenario_play(&options, report), 0);
	ck_assert_uint_gt(n, 10);
	vmmio_conform_report_free(report);
	vmmio_subject_close(&subject);
}
END_TEST

/* A driver that works with nothing is not judged by what it did not do. */
START_TEST(who_is_not_up_is_skipped)
{
	const struct vmmio_subject good = open_good("good:disk");
	struct vmmio_subject subject =
		broken_subject(&good, REFUSES_BEGIN, (struct wrong_from){1, 0});
	const struct vmmio_conform_result *result;
	struct vmmio_conform_report *report;
	int end = play("device-id-0", VMMIO_V2_SPLIT, &subject, &report);

	ck_assert_int_eq(end, VMMIO_PLAY_NOT_UP);
	result = result_of(report, "MMIO-DRV-11");
	ck_assert_int_eq(result->verdict, VMMIO_CONFORM_SKIP);
	ck_assert_ptr_nonnull(strstr(result->detail, "does not work with a correct device"));
	ck_assert_ptr_nonnull(strstr(result->detail, "Input/output error"));
	vmmio_conform_report_free(report);
	/* What the monitor saw of an ordinary device stands. */
	end = play("ordinary", VMMIO_V2_SPLIT, &subject, &report);
	ck_assert_int_eq(end, VMMIO_PLAY_NOT_UP);
	ck_assert_int_eq(result_of(report, "MMIO-DRV-25")->verdict, VMMIO_CONFORM_PASS);
	ck_assert_int_eq(result_of(report, "MMIO-DRV-28")->verdict, VMMIO_CONFORM_SKIP);
	vmmio_conform_report_free(report);
	vmmio_subject_close(&subject);
}
END_TEST

/* Only what is required of a driver: it hears of no interrupt, and waits in vain. */
START_TEST(what_a_driver_does_not_do_is_skipped)
{
	struct vmmio_subject subject = open_good("good:entropy");
	struct vmmio_subject_ops ops = *subject.ops;
	void (*close)(void *ctx) = ops.close;
	struct vmmio_conform_report *report;

	subject.ops = &ops;
	ops.suspend = NULL;
	ops.size = offsetof(struct vmmio_subject_ops, capacity);
	ck_assert_int_eq(play("suspended", VMMIO_V3_SPLIT, &subject, &report), 0);
	ck_assert_str_eq(
		result_of(report, "GEN-DRV-32")->detail, "the driver does not do this (suspend)");
	vmmio_conform_report_free(report);
	ck_assert_int_eq(play("two-queues", VMMIO_V3_SPLIT, &subject, &report), 0);
	ck_assert_str_eq(result_of(report, "MMIO-DRV-32")->detail,
		"the driver does not use two queues at once");
	vmmio_conform_report_free(report);
	ops.size = offsetof(struct vmmio_subject_ops, interrupt);
	ck_assert_int_eq(play("reset-slow", VMMIO_V3_SPLIT, &subject, &report), VMMIO_PLAY_NOT_UP);
	vmmio_conform_report_free(report);
	ops.size = sizeof(ops);
	subject.ops->end(subject.ctx);
	close(subject.ctx);
}
END_TEST

START_TEST(what_cannot_be_played_is_refused)
{
	struct vmmio_subject subject = open_good("good:entropy");
	struct vmmio_conform_report *report;
	struct vmmio_play options = {
		.size = sizeof(options), .scenario = "ordinary", .subject = &subject};

	ck_assert_int_eq(play("no-such", VMMIO_V2_SPLIT, &subject, &report), -ENOENT);
	vmmio_conform_report_free(report);
	ck_assert_int_eq(play("reset-slow", VMMIO_V2_SPLIT, &subject, &report), -ENOENT);
	vmmio_conform_report_free(report);
	ck_assert_int_eq(play("reset-slow", VMMIO_SETTINGS, &subject, &report), -ENOENT);
	vmmio_conform_report_free(report);
	ck_assert_int_eq(play("config-torn", VMMIO_V2_SPLIT, &subject, &report), -ENOENT);
	ck_assert_uint_eq(vmmio_conform_report_size(report), 0);
	ck_assert_int_eq(vmmio_scenario_play(NULL, report), -EINVAL);
	ck_assert_int_eq(vmmio_scenario_play(&options, NULL), -EINVAL);
	options.size--;
	ck_assert_int_eq(vmmio_scenario_play(&options, report), -EINVAL);
	options.size = sizeof(options);
	options.subject = NULL;
	ck_assert_int_eq(vmmio_scenario_play(&options, report), -EINVAL);
	vmmio_conform_report_free(report);
	vmmio_subject_close(&subject);
}
END_TEST

/* Whoever runs out of memory, harness or driver, says so, and nothing is left behind. */
START_TEST(survives_lack_of_memory)
{
	struct vmmio_subject subject = open_good("good:entropy");
	const struct vmmio_play options = {.size = sizeof(options),
		.scenario = "version-1-missing",
		.setting = VMMIO_V3_PACKED,
		.subject = &subject};
	int end = -ENOMEM;

	for (unsigned i = 1; end == -ENOMEM || end & VMMIO_PLAY_NOT_UP; i++) {
		struct vmmio_conform_report *report;

		ck_assert_int_eq(vmmio_conform_report_create("", 0, &report), 0);
		fixture_fail_alloc(i, false);
		end = vmmio_scenario_play(&options, report);
		fixture_fail_alloc(0, false);
		vmmio_conform_report_free(report);
		ck_assert_uint_lt(i, 1000);
	}
	ck_assert_int_eq(end, 0);
	vmmio_subject_close(&subject);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("plays");
	TCase *tc = fixture_tcase(s, "ends");

	tcase_add_test(tc, waiting_for_a_reset_is_fine);
	tcase_add_test(tc, patience_is_as_told);
	tcase_add_test(tc, accesses_are_told);
	tcase_add_test(tc, who_is_not_up_is_skipped);
	tcase_add_test(tc, what_a_driver_does_not_do_is_skipped);
	tcase_add_test(tc, what_cannot_be_played_is_refused);
	tcase_add_test(tc, survives_lack_of_memory);
	return fixture_main(s);
}
