/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine with targets that cannot do all that can be asked for, or that stop to answer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conform/own_suite.h"
#include "conform/test_engine.h"
#include "support/fixture.h"

static struct fake fake;

/* --- Abilities ------------------------------------------------------------------------- */

static void passes(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
}

static const struct {
	uint32_t needs;
	const char *reason;
} abilities[] = {
	{NEEDS_MEMORY, "the target has no guest memory (mem_read, mem_write)"},
	{NEEDS_LINE, "the target does not show the interrupt line (line)"},
	{NEEDS_DELAY_IO, "the target cannot hold requests back (delay_io)"},
	{NEEDS_DELAY_RESET, "the target cannot slow down a reset (delay_reset)"},
	{NEEDS_REVERSE, "the target cannot complete requests out of order (reverse_order)"},
	{NEEDS_CHANGE_CONFIG, "the target cannot make the device change its configuration (change_config)"},
	{NEEDS_BREAK_DOWN, "the target cannot let the device break down (break_down)"},
	{NEEDS_ACTIVITY, "the target does not tell what goes on inside the device (activity)"},
	{NEEDS_STORAGE, "the target does not show what the device has stored (storage_read)"},
	{NEEDS_KNOWN, "the target does not say how the device was configured (VMMIO_TARGET_KNOWN)"},
	{NEEDS_WRITES, "would write to the device's storage: not without --destructive"},
};

enum { N_ABILITIES = sizeof(abilities) / sizeof(abilities[0]) };

/* Registers and time, and nothing else. */
static void take_all_away(void)
{
	fake.ops.mem_read = NULL;
	fake.ops.line = NULL;
	fake.ops.restart = NULL;
	fake.ops.delay_io = NULL;
	fake.ops.delay_reset = NULL;
	fake.ops.reverse_order = NULL;
	fake.ops.change_config = NULL;
	fake.ops.break_down = NULL;
	fake.ops.activity = NULL;
	fake.ops.storage_read = NULL;
	fake.target.flags = VMMIO_TARGET_VIRTUAL_TIME;
}

START_TEST(able_targets_are_asked)
{
	fake_init(&fake);
	fake.target.flags |= VMMIO_TARGET_KNOWN;
	own_check("T-MUST", abilities[_i].needs, passes);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

START_TEST(unable_targets_skip)
{
	fake_init(&fake);
	take_all_away();
	own_check("T-MUST", abilities[_i].needs, passes);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, abilities[_i].reason);
	/* Also if it has to run where there is no device. */
	own_check("T-MUST", abilities[_i].needs | NEEDS_NO_DEVICE, passes);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, abilities[_i].reason);
}
END_TEST

START_TEST(a_short_table_of_ops_is_a_target)
{
	fake_init(&fake);
	fake.ops.size = offsetof(struct vmmio_target_ops, mem_read);
	own_check("T-MUST", abilities[_i].needs, passes);
	own_run(&fake, NULL);
	if (abilities[_i].needs == NEEDS_WRITES)
		own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	else
		own_expect("T-MUST", VMMIO_CONFORM_SKIP, abilities[_i].reason);
}
END_TEST

START_TEST(destructive_is_the_callers_word)
{
	struct vmmio_conform_options options = {.size = sizeof(options), .destructive = true};

	fake_init(&fake);
	take_all_away();
	own_check("T-MUST", NEEDS_WRITES, passes);
	own_run(&fake, &options);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* --- Abilities that turn out to be none ------------------------------------------------- */

static unsigned tries;

static void delays(struct conform *c)
{
	tries++;
	delay_io(c, 5);
	judge(c, "T-MUST", true, "fine");
}

static void delays_if_it_can(struct conform *c)
{
	tries++;
	if (can(c, NEEDS_DELAY_IO)) {
		delay_io(c, 5);
		by_hook(c);
	}
	judge(c, "T-MUST-2", true, "fine");
}

static const struct check delayed[] = {
	{"needs", "Needs the hook", "T-MUST", NEEDS_DELAY_IO, delays},
	{"can", "Can do without", "T-MUST-2", 0, delays_if_it_can},
	{"needs-again", "Needs it, too", "T-MUST", NEEDS_DELAY_IO, delays},
};

START_TEST(hooks_found_missing)
{
	fake_init(&fake);
	fake.hook_error = -ENOTSUP;
	own_checks(delayed, 3);
	tries = 0;
	own_run(&fake, NULL);
	ck_assert_str_eq(own_result("T-MUST", "needs")->detail,
		"the target cannot hold requests back (delay_io)");
	ck_assert_str_eq(own_result("T-MUST", "needs-again")->detail,
		"the target cannot hold requests back (delay_io)");
	ck_assert_int_eq(own_result("T-MUST", "needs")->verdict, VMMIO_CONFORM_SKIP);
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
	ck_assert_int_eq(own_result("T-MUST-2", NULL)->proof, VMMIO_CONFORM_BLACK_BOX);
	/* Asked once, and then no more. */
	ck_assert_uint_eq(fake.n_delay_io, 1);
	ck_assert_uint_eq(tries, 2);
}
END_TEST

/* The check that finds it out goes another way at once. */
START_TEST(another_way)
{
	fake_init(&fake);
	fake.hook_error = -ENOTSUP;
	own_checks(&delayed[1], 1);
	tries = 0;
	own_run(&fake, NULL);
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
	ck_assert_uint_eq(tries, 2);
}
END_TEST

START_TEST(hooks_that_fail_are_the_devices)
{
	fake_init(&fake);
	fake.hook_error = -EIO;
	own_checks(delayed, 1);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL,
		"device stopped answering: delay I/O (Input/output error)");
}
END_TEST

/* What a function returns that knows 0 and -errno only is not taken for either. */
START_TEST(hooks_return_no_numbers)
{
	fake_init(&fake);
	fake.hook_error = 5;
	own_checks(delayed, 1);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL,
		"device stopped answering: delay I/O (the target returned 5: neither 0 nor -errno)");
}
END_TEST

static void touches_memory(struct conform *c)
{
	put32(c, take(c, 4, 4), 1);
	judge(c, "T-MUST", true, "fine");
}

START_TEST(memory_found_missing)
{
	fake_init(&fake);
	fake.memory_error = -ENOTSUP;
	own_check("T-MUST", NEEDS_MEMORY, touches_memory);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "the target has no guest memory (mem_read, mem_write)");
	fake.memory_error = -EIO;
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL,
		"device stopped answering: write to guest memory (Input/output error)");
}
END_TEST

/* --- Hooks are undone ------------------------------------------------------------------------ */

static void sets_hooks(struct conform *c)
{
	delay_io(c, 5);
	delay_reset(c, 6);
	reverse_order(c, true);
	judge(c, "T-MUST", fake.delay_io == 5 && fake.delay_reset == 6 && fake.reverse, "not set");
	need(c, false, "and that is that");
}

static void finds_none(struct conform *c)
{
	judge(c, "T-MUST-2", !fake.delay_io && !fake.delay_reset && !fake.reverse, "still set");
}

static const struct check hooking[] = {
	{"sets", "Sets hooks", "T-MUST", 0, sets_hooks},
	{"finds", "Finds none", "T-MUST-2", 0, finds_none},
};

/* With a restart, without, and with one that turns out to be none. */
START_TEST(hooks_are_undone)
{
	fake_init(&fake);
	if (_i == 1)
		fake.ops.restart = NULL;
	fake.restart_error = _i == 2 ? -ENOTSUP : 0;
	own_checks(hooking, 2);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
	/* No others than those that were set. */
	ck_assert_uint_eq(fake.n_delay_io, 2);
	own_checks(&hooking[1], 1);
	own_run(&fake, NULL);
	ck_assert_uint_eq(fake.n_delay_io, 2);
	ck_assert_uint_eq(fake.n_reverse, 2);
}
END_TEST

static void sets_and_dies(struct conform *c)
{
	delay_io(c, 5);
	fake.dies_at = 1;
	rd(c, VMMIO_REG_STATUS);
}

START_TEST(dead_devices_have_no_hooks)
{
	fake_init(&fake);
	own_check("T-MUST", 0, sets_and_dies);
	own_run(&fake, NULL);
	ck_assert_uint_eq(fake.n_delay_io, 1);
}
END_TEST

/* --- Devices that stop to answer --------------------------------------------------------------- */

static void dies_in_the_middle(struct conform *c)
{
	judge(c, "T-MUST", true, "before");
	fake.dies_at = 1;
	wr(c, VMMIO_REG_QUEUE_SEL, 1);
	judge(c, "T-MUST-2", true, "after");
}

static void reads(struct conform *c)
{
	rd(c, VMMIO_REG_STATUS);
	judge(c, "T-MUST-NOT", true, "fine");
}

static const struct check deadly[] = {
	{"alive", "Before it", "T-MUST-NOT", 0, reads},
	{"dies", "Dies", "T-MUST T-MUST-2 T-SHOULD", 0, dies_in_the_middle},
	{"later", "After it", "T-MUST-NOT", 0, reads},
	{"later-no-device", "After it, too", "T-MUST-NOT", NEEDS_NO_DEVICE, reads},
};

START_TEST(death_is_a_failure)
{
	static const char said[] = "device stopped answering: a register write (Input/output error)";

	fake_init(&fake);
	fake.ops.restart = NULL;
	own_checks(deadly, 4);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_FAIL, said);
	ck_assert(strstr(own_result("T-MUST-2", NULL)->accesses, "QueueSel := 0x1"));
	/* Who dies breaks recommendations, too. */
	own_expect("T-SHOULD", VMMIO_CONFORM_FAIL, said);
	ck_assert_int_eq(own_result("T-MUST-NOT", "alive")->verdict, VMMIO_CONFORM_PASS);
	ck_assert_int_eq(own_result("T-MUST-NOT", "later")->verdict, VMMIO_CONFORM_SKIP);
	ck_assert_str_eq(own_result("T-MUST-NOT", "later")->detail,
		"the device stopped answering before");
	ck_assert_str_eq(own_result("T-MUST-NOT", "later-no-device")->detail,
		"the device stopped answering before");
}
END_TEST

START_TEST(a_restart_brings_it_back)
{
	fake_init(&fake);
	own_checks(deadly, 4);
	own_run(&fake, NULL);
	ck_assert_int_eq(own_result("T-MUST-2", "dies")->verdict, VMMIO_CONFORM_FAIL);
	ck_assert_int_eq(own_result("T-MUST-NOT", "later")->verdict, VMMIO_CONFORM_PASS);
	ck_assert_int_eq(own_result("T-MUST-NOT", "later-no-device")->verdict, VMMIO_CONFORM_PASS);
	/* One for each check, and no more. */
	ck_assert_uint_eq(fake.restarts, 4);
}
END_TEST

static const struct check dies_then_hooks[] = {
	{"dies", "Dies", "T-MUST T-MUST-2", 0, dies_in_the_middle},
	{"sets", "Sets hooks", "T-MUST", 0, sets_hooks},
};

/* ... as a device like any other. */
START_TEST(what_came_back_has_hooks)
{
	fake_init(&fake);
	own_checks(dies_then_hooks, 2);
	own_run(&fake, NULL);
	ck_assert_int_eq(own_result("T-MUST", "sets")->verdict, VMMIO_CONFORM_PASS);
	ck_assert(!fake.delay_io && !fake.delay_reset && !fake.reverse);
}
END_TEST

static void dies_at_the_end(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
	judge(c, "T-MUST-2", true, "fine");
	fake.dies_at = 1;
	rd(c, VMMIO_REG_STATUS);
}

/* Somebody has to say it. */
START_TEST(death_after_the_last_verdict)
{
	fake_init(&fake);
	own_check("T-MUST T-MUST-2", 0, dies_at_the_end);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_FAIL,
		"device stopped answering: a register read (Input/output error)");
}
END_TEST

static void bad_then_dies(struct conform *c)
{
	judge(c, "T-MUST", false, "bad");
	judge(c, "T-MUST-2", true, "fine");
	fake.dies_at = 1;
	rd(c, VMMIO_REG_STATUS);
}

START_TEST(death_after_a_failure)
{
	fake_init(&fake);
	own_check("T-MUST T-MUST-2", 0, bad_then_dies);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_FAIL, "bad");
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* Wherever it happens, with and without a restart: never without a failure, or an error. */
START_TEST(death_at_any_access)
{
	static const struct check checks[] = {
		{"first", "First", "T-MUST-NOT", 0, reads}, {"second", "Second", "T-MUST", 0, passes}};
	struct vmmio_conform_report *report;
	uint64_t accesses;
	int error;

	fake_init(&fake);
	fake.ops.restart = NULL;
	own_checks(checks, 2);
	own_run(&fake, NULL);
	accesses = fake.accesses;
	for (uint64_t at = 1; at <= accesses; at++) {
		fake_init(&fake);
		fake.ops.restart = NULL;
		fake.dies_at = at;
		report = NULL;
		error = vmmio_conform_run(&fake.target, NULL, &report);
		ck_assert_msg(error == 0 || error == -ENODEV, "access %llu", (unsigned long long)at);
		ck_assert_msg(error || vmmio_conform_counts(report).failed, "access %llu",
			(unsigned long long)at);
		vmmio_conform_report_free(report);
	}
}
END_TEST

static void needs_packed(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
}

/* It dies when it is asked for its features: that it offers none is not what is said. */
START_TEST(death_while_it_is_asked)
{
	fake_init(&fake);
	own_check("T-MUST", NEEDS_PACKED, needs_packed);
	fake.dies_at = 6;
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP,
		"the device stopped answering when it was asked what it offers");
	fake_init(&fake);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "the device does not offer VIRTIO_F_RING_PACKED");
}
END_TEST

/* --- Targets that cannot restart -------------------------------------------------------------- */

/* That is not the device's fault. */
START_TEST(restart_fails)
{
	fake_init(&fake);
	fake.restart_error = -EBUSY;
	own_check("T-MUST", 0, passes);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP,
		"the target could not make the device anew: Device or resource busy");
}
END_TEST

void test_engine_target(Suite *s)
{
	TCase *tc = fixture_tcase(s, "targets");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_loop_test(tc, able_targets_are_asked, 0, N_ABILITIES);
	tcase_add_loop_test(tc, unable_targets_skip, 0, N_ABILITIES);
	tcase_add_loop_test(tc, a_short_table_of_ops_is_a_target, 0, N_ABILITIES);
	tcase_add_test(tc, destructive_is_the_callers_word);
	tcase_add_test(tc, hooks_found_missing);
	tcase_add_test(tc, another_way);
	tcase_add_test(tc, hooks_that_fail_are_the_devices);
	tcase_add_test(tc, hooks_return_no_numbers);
	tcase_add_test(tc, memory_found_missing);
	tcase_add_loop_test(tc, hooks_are_undone, 0, 3);
	tcase_add_test(tc, dead_devices_have_no_hooks);
	tc = fixture_tcase(s, "death");
	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, death_is_a_failure);
	tcase_add_test(tc, a_restart_brings_it_back);
	tcase_add_test(tc, what_came_back_has_hooks);
	tcase_add_test(tc, death_after_the_last_verdict);
	tcase_add_test(tc, death_after_a_failure);
	tcase_add_test(tc, death_at_any_access);
	tcase_add_test(tc, death_while_it_is_asked);
	tcase_add_test(tc, restart_fails);
}
