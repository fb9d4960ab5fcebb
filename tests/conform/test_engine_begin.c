/* SPDX-License-Identifier: BSD-3-Clause */
/* What the engine finds out first, with which structs it works, and how each check begins. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conform/own_suite.h"
#include "conform/test_engine.h"
#include "support/fixture.h"

static struct fake fake;

/* --- No device to judge --------------------------------------------------------------------- */

static void passes(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
}

static const struct check any_and_device[] = {
	{"any", "On whatever there is", "T-MUST", NEEDS_NO_DEVICE, passes},
	{"device", "On a device", "T-MUST", 0, passes},
};

static void no_device(const char *reason, uint32_t version)
{
	struct vmmio_conform_report *report = NULL;
	const struct vmmio_conform_result *second;

	own_checks(any_and_device, 2);
	ck_assert_int_eq(vmmio_conform_run(&fake.target, NULL, &report), -ENODEV);
	ck_assert_uint_eq(vmmio_conform_report_version(report), version);
	ck_assert_uint_eq(vmmio_conform_report_size(report), 2);
	ck_assert_int_eq(vmmio_conform_report_result(report, 0)->verdict, VMMIO_CONFORM_PASS);
	second = vmmio_conform_report_result(report, 1);
	ck_assert_int_eq(second->verdict, VMMIO_CONFORM_SKIP);
	ck_assert_str_eq(second->detail, reason);
	/* Nothing but what identifies it is touched. */
	ck_assert_uint_eq(fake.n_writes, 0);
	vmmio_conform_report_free(report);
}

START_TEST(wrong_magic)
{
	fake_init(&fake);
	fake.magic++;
	no_device("no virtio device here: MagicValue is wrong", 2);
}
END_TEST

START_TEST(wrong_version)
{
	static const uint32_t versions[] = {0, 1, 4, 0x02000000};

	fake_init(&fake);
	fake.version = versions[_i];
	no_device("nothing to judge: Version is neither 2 nor 3", versions[_i]);
}
END_TEST

START_TEST(placeholder)
{
	fake_init(&fake);
	fake.version = 3;
	fake.device_id = 0;
	no_device("nothing to judge: DeviceID 0 is a placeholder", 3);
}
END_TEST

START_TEST(versions_2_and_3)
{
	for (uint32_t version = 2; version <= 3; version++) {
		const struct vmmio_conform_report *report;

		fake_init(&fake);
		fake.version = version;
		own_check("T-MUST", version == 2 ? NEEDS_V2 : NEEDS_V3, passes);
		report = own_run(&fake, NULL);
		ck_assert_uint_eq(vmmio_conform_report_version(report), version);
		ck_assert_str_eq(vmmio_conform_report_target(report), "fake");
		own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
		own_check("T-MUST", version == 2 ? NEEDS_V3 : NEEDS_V2, passes);
		own_run(&fake, NULL);
		own_expect("T-MUST", VMMIO_CONFORM_SKIP,
			version == 2 ? "the device has version 2" : "the device has version 3");
	}
}
END_TEST

/* --- What is found out -------------------------------------------------------------------------- */

static void sees_the_device(struct conform *c)
{
	ck_assert_uint_eq(version(c), 3);
	ck_assert_uint_eq(device_id(c), VMMIO_ID_ENTROPY);
	ck_assert(offered(c, VMMIO_F_VERSION_1) && offered(c, VMMIO_F_ACCESS_PLATFORM));
	ck_assert(!offered(c, VMMIO_F_RING_PACKED) && !offered(c, 64) && !offered(c, 1000));
	ck_assert_uint_eq(offered_word(c, 1), 0);
	ck_assert_uint_eq(base_features(c),
		VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM));
	ck_assert_uint_eq(n_queues(c), FAKE_QUEUES);
	ck_assert_uint_eq(queue_size_max(c, FAKE_QUEUES - 1), 65536);
	ck_assert_uint_eq(queue_size_max(c, FAKE_QUEUES), 0);
	ck_assert(can(c, NEEDS_TRAFFIC | NEEDS_ENTROPY) && !can(c, NEEDS_BLOCK));
	judge(c, "T-MUST", true, "fine");
}

START_TEST(the_device_is_asked)
{
	fake_init(&fake);
	fake.version = 3;
	fake.device_id = VMMIO_ID_ENTROPY;
	fake.features |= VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM);
	fake.queue_size = 65536;
	own_check("T-MUST", 0, sees_the_device);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* Type 42 is somebody's: chains of any kind are for devices only that are said to take them. */
START_TEST(any_device_is_the_targets_word)
{
	fake_init(&fake);
	fake.device_id = fake.target.known_device_id = SUITE_ANY_DEVICE;
	own_check("T-MUST", NEEDS_TRAFFIC, passes);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "the suite has no requests for this type of device");
	fake.target.flags |= VMMIO_TARGET_KNOWN;
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

static void negotiates(struct conform *c)
{
	negotiate_fresh(c, 1);
	judge(c, "T-MUST", fake.other[VMMIO_REG_DRIVER_FEATURES_SEL / 4] == 0, "word 0 is not the last");
	judge(c, "T-MUST", fake_wrote(&fake, VMMIO_REG_DRIVER_FEATURES, 3) == 1, "no word 1");
	judge(c, "T-MUST", !fake_wrote(&fake, VMMIO_REG_DRIVER_FEATURES_SEL, 2), "word 2 is written");
	judge(c, "T-MUST", accepted(c) == (base_features(c) | 1), "accepted 0x%llx",
		(unsigned long long)accepted(c));
}

/* What a device may insist on is accepted with it; words without bits are left alone. */
START_TEST(platform_bits_are_accepted)
{
	fake_init(&fake);
	fake.features |= VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM);
	own_check("T-MUST", 0, negotiates);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* --- Structs ----------------------------------------------------------------------------------------- */

static int run_it(const struct vmmio_target *target, const struct vmmio_conform_options *options)
{
	struct vmmio_conform_report *report = NULL;
	int error;

	own_check("T-MUST", 0, passes);
	error = vmmio_conform_run(target, options, &report);
	ck_assert((error == 0) == (report != NULL));
	vmmio_conform_report_free(report);
	return error;
}

START_TEST(structs_of_all_sizes)
{
	struct {
		struct vmmio_conform_options options;
		uint64_t more;
	} larger = {.options.size = sizeof(larger), .more = UINT64_MAX};
	struct vmmio_conform_options none = {.size = 0};

	fake_init(&fake);
	ck_assert_int_eq(run_it(&fake.target, &larger.options), 0);
	ck_assert_int_eq(run_it(&fake.target, &none), -EINVAL);
	fake.target.size += 8;
	fake.ops.size += 8;
	ck_assert_int_eq(run_it(&fake.target, NULL), 0);
	fake.target.size = sizeof(fake.target) - 1;
	ck_assert_int_eq(run_it(&fake.target, NULL), -EINVAL);
	fake.target.size = sizeof(fake.target);
	fake.ops.size = offsetof(struct vmmio_target_ops, mem_read) - 1;
	ck_assert_int_eq(run_it(&fake.target, NULL), -EINVAL);
}
END_TEST

/* Options of a caller that knows of their size only: what lies behind is not read. */
START_TEST(options_end_where_they_say)
{
	struct vmmio_conform_options options;

	memset(&options, 0xff, sizeof(options));
	options.size = offsetof(struct vmmio_conform_options, only);
	fake_init(&fake);
	ck_assert_int_eq(run_it(&fake.target, &options), 0);
}
END_TEST

START_TEST(what_is_required)
{
	struct vmmio_conform_report *report;

	fake_init(&fake);
	ck_assert_int_eq(vmmio_conform_run(&fake.target, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_conform_run(NULL, NULL, &report), -EINVAL);
	fake.ops.write = NULL;
	ck_assert_int_eq(run_it(&fake.target, NULL), -EINVAL);
	fake_init(&fake);
	fake.ops.read = NULL;
	ck_assert_int_eq(run_it(&fake.target, NULL), -EINVAL);
	fake_init(&fake);
	fake.target.ops = NULL;
	ck_assert_int_eq(run_it(&fake.target, NULL), -EINVAL);
	ck_assert_uint_eq(fake.accesses, 0);
}
END_TEST

/* --- How a check begins ------------------------------------------------------------------------------- */

static void finds_clean(struct conform *c)
{
	judge(c, "T-MUST", fake.status == 0 && fake.interrupt == 0, "Status 0x%x, InterruptStatus 0x%x",
		fake.status, fake.interrupt);
	judge(c, "T-MUST", !is_anew(c), "it says that it was restarted");
	fake.status = 0xf;
	fake.interrupt = 3;
}

static const struct check clean[] = {
	{"first", "First", "T-MUST", 0, finds_clean},
	{"second", "Second", "T-MUST", 0, finds_clean},
};

/* Where there is no restart the device is reset; and events that survive that are acknowledged. */
START_TEST(checks_begin_clean)
{
	fake_init(&fake);
	if (_i == 0)
		fake.ops.restart = NULL;
	fake.restart_error = -ENOTSUP;
	own_checks(clean, 2);
	own_run(&fake, NULL);
	ck_assert_int_eq(own_result("T-MUST", "first")->verdict, VMMIO_CONFORM_PASS);
	ck_assert_str_eq(own_result("T-MUST", "second")->detail, "");
}
END_TEST

static void leaves_ready(struct conform *c)
{
	judge(c, "T-MUST", true, "fine");
	fake.ready[1] = 1;
}

static const struct check dirty[] = {
	{"first", "First", "T-MUST", 0, leaves_ready},
	{"second", "Second", "T-MUST-2", 0, leaves_ready},
};

START_TEST(what_a_reset_leaves_is_no_begin)
{
	fake_init(&fake);
	fake.ops.restart = NULL;
	own_checks(dirty, 2);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_SKIP,
		"a reset does not make the device as it was: QueueReady of queue 1 reads 1");
}
END_TEST

/* --- Patience, time ------------------------------------------------------------------------------------ */

static uint64_t expected_patience;

static void never_comes(struct conform *c)
{
	uint64_t begin = fake.now;

	fake.status = 1;
	fake.stuck = true;
	wr(c, VMMIO_REG_STATUS, 0);
	judge(c, "T-MUST", !wait_reset(c), "it came");
	judge(c, "T-MUST-2", fake.now - begin >= patience(c) && fake.now - begin < 2 * patience(c),
		"waited for %llu ns", (unsigned long long)(fake.now - begin));
	judge(c, "T-MUST-NOT", patience(c) == expected_patience, "patience is %llu",
		(unsigned long long)patience(c));
}

START_TEST(patience_is_the_callers)
{
	struct vmmio_conform_options options = {.size = sizeof(options), .patience = 70000000};

	fake_init(&fake);
	expected_patience = _i ? options.patience : UINT64_C(2000000000);
	own_check("T-MUST T-MUST-2 T-MUST-NOT", 0, never_comes);
	own_run(&fake, _i ? &options : NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-NOT", VMMIO_CONFORM_PASS, "");
}
END_TEST

static void waits(struct conform *c)
{
	fake.status = 1;
	judge(c, "T-MUST", !wait_reset(c), "it came");
}

START_TEST(a_clock_that_stands_ends_it_too)
{
	fake_init(&fake);
	fake.clock_stands = true;
	own_check("T-MUST", 0, waits);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* Without a wait of the target's the suite sleeps; without its clock it has one of its own. */
static void sleeps(struct conform *c)
{
	uint64_t begin = now(c);

	pass_time(c, 3000000);
	judge(c, "T-MUST", now(c) - begin >= 3000000, "slept for %llu ns",
		(unsigned long long)(now(c) - begin));
}

START_TEST(the_suite_sleeps)
{
	fake_init(&fake);
	fake.ops.wait = NULL;
	fake.ops.now = NULL;
	fake.target.flags = 0;
	own_check("T-MUST", 0, sleeps);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

static void waits_for_events(struct conform *c)
{
	judge(c, "T-MUST", wait_event(c) == 0 && wait_line(c, false), "an event");
	fake.interrupt = 2;
	judge(c, "T-MUST", wait_event(c) == 2 && wait_line(c, true), "no event");
	judge(c, "T-MUST", wait_interrupt(c, 2) && !wait_interrupt(c, 3), "other bits");
}

START_TEST(events_are_waited_for)
{
	fake_init(&fake);
	own_check("T-MUST", 0, waits_for_events);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}
END_TEST

/* --- Memory ---------------------------------------------------------------------------------------------- */

static void takes(struct conform *c)
{
	uint64_t a = take(c, 3, 1), b = take(c, 16, 64), left = memory_left(c);

	judge(c, "T-MUST", a >= FAKE_BASE && b >= a + 3 && b % 64 == 0, "0x%llx, 0x%llx",
		(unsigned long long)a, (unsigned long long)b);
	judge(c, "T-MUST", differs(c, a, 0, 3) == 3 && differs(c, b, 0, 16) == 16, "not zeroed");
	fill(c, b, 0x11, 16);
	put16(c, b + 4, 0x2233);
	judge(c, "T-MUST", differs(c, b, 0x11, 16) == 4 && get32(c, b + 4) == 0x11112233, "not stored");
	put64(c, b + 8, UINT64_C(0x0102030405060708));
	judge(c, "T-MUST", get64(c, b + 8) == UINT64_C(0x0102030405060708) && get16(c, b + 8) == 0x0708,
		"not little endian");
	judge(c, "T-MUST", take(c, left, 1) == b + 16, "not all that is left");
	judge(c, "T-MUST", memory_left(c) == 0, "%llu left", (unsigned long long)memory_left(c));
	take(c, 1, 1);
	judge(c, "T-MUST", false, "more than there is");
}

static const struct check taking[] = {
	{"first", "First", "T-MUST T-MUST-2", NEEDS_MEMORY, takes},
	{"second", "Second", "T-MUST T-MUST-2", NEEDS_MEMORY, takes},
};

START_TEST(memory_is_the_checks)
{
	fake_init(&fake);
	own_checks(taking, 2);
	own_run(&fake, NULL);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
	own_expect("T-MUST-2", VMMIO_CONFORM_SKIP,
		"the target's 1048576 bytes of guest memory are not enough");
	ck_assert_int_eq(own_result("T-MUST", "second")->verdict, VMMIO_CONFORM_PASS);
}
END_TEST

void test_engine_begin(Suite *s)
{
	TCase *tc = fixture_tcase(s, "device");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, wrong_magic);
	tcase_add_loop_test(tc, wrong_version, 0, 4);
	tcase_add_test(tc, placeholder);
	tcase_add_test(tc, versions_2_and_3);
	tcase_add_test(tc, the_device_is_asked);
	tcase_add_test(tc, any_device_is_the_targets_word);
	tcase_add_test(tc, platform_bits_are_accepted);
	tc = fixture_tcase(s, "structs");
	tcase_add_test(tc, structs_of_all_sizes);
	tcase_add_test(tc, options_end_where_they_say);
	tcase_add_test(tc, what_is_required);
	tc = fixture_tcase(s, "begin");
	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_loop_test(tc, checks_begin_clean, 0, 2);
	tcase_add_test(tc, what_a_reset_leaves_is_no_begin);
	tcase_add_loop_test(tc, patience_is_the_callers, 0, 2);
	tcase_add_test(tc, a_clock_that_stands_ends_it_too);
	tcase_add_test(tc, the_suite_sleeps);
	tcase_add_test(tc, events_are_waited_for);
	tcase_add_test(tc, memory_is_the_checks);
}
