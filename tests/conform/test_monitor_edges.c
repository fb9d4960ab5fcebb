/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor where a trace does not begin at the beginning, where there is nothing to judge,
 * where drivers do as the well known ones do, and where nothing makes sense at all.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor_bases.h"
#include "conform/monitor_script.h"
#include "support/fixture.h"

static const struct vmmio_conform_result *result_of(
	struct vmmio_conform_report **report, const struct script *script, const char *id)
{
	*report = script_run(script);
	return script_result(*report, id);
}

/* --- Skips ---------------------------------------------------------------------------------- */

struct skip {
	const char *id, *reason;
	struct script script;
};

static const struct skip skips[] = {
	{"GEN-DRV-29", "only guest memory",
		{.text = BLOCK_SPLIT, .accepted = BLOCK_FEATURES, .no_memory = true}},
	{"PATCH-DRV-02", "not Version 3", {.text = BARE, .version = 2, .accepted = VERSION_1}},
	{"PATCH-DRV-02", "never came up", {.text = PROBE, .version = 3}},
	{"BLK-DRV-13", "not a block device", {.text = BARE, .device = 4, .accepted = VERSION_1}},
	{"RNG-DRV-01", "not an entropy device", {.text = BARE, .accepted = VERSION_1}},
	{"MMIO-DRV-05", "does not know this device type",
		{.text = BARE, .device = 77, .accepted = VERSION_1}},
	{"SPLIT-DRV-01", "no split virtqueue",
		{.text = BLOCK_PACKED, .accepted = BLOCK_FEATURES | BIT(F_RING_PACKED)}},
	{"PACKED-DRV-01", "no packed virtqueue", {.text = BLOCK_SPLIT, .accepted = BLOCK_FEATURES}},
	{"MMIO-DRV-25", "never came up", {.text = ":all\n"}},
	/* A whole ring and more between two looks. */
	{"SPLIT-DRV-02", "too seldom",
		{.text = BARE,
			.accepted = VERSION_1,
			.part = "ok-read",
			.lines = "m16 80002002 c\nm16 80003002 c\nlook"}},
};

START_TEST(reasons)
{
	const struct skip *skip = &skips[_i];
	struct script script = skip->script;
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *result;

	script.version = script.version ? script.version : 2;
	result = result_of(&report, &script, skip->id);
	ck_assert_int_eq(result->verdict, VMMIO_CONFORM_SKIP);
	ck_assert_msg(strstr(result->detail, skip->reason), "%s: %s", skip->id, result->detail);
	vmmio_conform_report_free(report);
}
END_TEST

static void check_complaints(const struct vmmio_conform_report *report, const char *expected)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);
		bool bad = result->verdict == VMMIO_CONFORM_FAIL || result->flagged;
		bool listed = strstr(expected, result->requirement->id) != NULL;

		ck_assert_msg(bad == listed, "%s: %s", result->requirement->id, result->detail);
	}
}

static void check_script(const struct script *script, const char *expected)
{
	struct vmmio_conform_report *report = script_run(script);

	check_complaints(report, expected);
	vmmio_conform_report_free(report);
}

START_TEST(legacy)
{
	static const struct script script = {
		.text = ":all\nr Magic 74726976\nr Version 1\nr DeviceID 2\nw 28 1000\nw Status 0\n"
			"w Status 1\nw Status 3\nw QueueSel 0\nw QueueSize 8\nw 3c 1000\nw 40 "
			"12345\n",
		.version = 1,
	};
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *result = result_of(&report, &script, "PATCH-DRV-01");

	check_complaints(report, "");
	ck_assert_msg(strstr(result->detail, "legacy"), "%s", result->detail);
	vmmio_conform_report_free(report);
}
END_TEST

/* --- Not from the beginning ----------------------------------------------------------------- */

/* A driver at work; with what came before it would be a good one. */
#define AT_WORK                                                                                    \
	"r Status f\nw QueueNotify 0\nr InterruptStatus 1\nw InterruptACK 1\nr Config+8 100\n"     \
	"w QueueSel 0\nr QueueReady 1\nw QueueReady 0\nr QueueReady 0\n"

START_TEST(late)
{
	static const struct script script = {
		.text = ":all\n" AT_WORK "w Status 0\nr Status 0\n",
		.flags = VMMIO_MONITOR_LATE,
		.version = 2,
	};

	check_script(&script, "");
}
END_TEST

/* The same is a strange thing to begin with. */
START_TEST(not_late)
{
	static const struct script script = {.text = ":all\n" AT_WORK, .version = 2};

	check_script(&script, "MMIO-DRV-25 GEN-DRV-28");
}
END_TEST

START_TEST(after_a_gap)
{
	static const struct script script = {
		.text = BARE,
		.version = 3,
		.accepted = VERSION_1,
		.part = "features-ok",
		.lines = "gap\n" AT_WORK
			 "w Status 8f\nw Status 0\nr Status 8f\nr Status 0\nw Status 1\n"
			 "w Status 3\n" READ_OFFER ACCEPT "w Status b\n",
	};

	check_script(&script, "");
}
END_TEST

/* What comes after a reset is judged as ever. */
START_TEST(late_but_reset)
{
	static const struct script script = {
		.text = ":all\n" AT_WORK "w Status 0\nw Status 2\n",
		.flags = VMMIO_MONITOR_LATE,
		.version = 2,
	};

	check_script(&script, "GEN-DRV-13 GEN-DRV-22 MMIO-DRV-30");
}
END_TEST

/* The device's Status is zero all of a sudden: a new life, which begins with a reset. */
START_TEST(reset_by_the_host)
{
	static const struct script good = {
		.text = BARE,
		.version = 3,
		.accepted = VERSION_1,
		.part = "ok-read",
		.lines = "hostreset\nr Status 0\nw Status 0\nr Status 0\nw Status 1\n",
	};
	static const struct script unnoticed = {
		.text = BARE,
		.version = 2,
		.accepted = VERSION_1,
		.part = "ok-read",
		.lines = "r Status 0\nw Status 1\n",
	};

	check_script(&good, "");
	check_script(&unnoticed, "GEN-DRV-22 MMIO-DRV-30");
}
END_TEST

/* --- What drivers really do ----------------------------------------------------------------- */

#define REST SELECT "w QueueSize 8\n" ADDRESSES "w QueueReady 1\n"

/* Two steps by one write, which leave nothing out. */
START_TEST(one_write_for_two_steps)
{
	static const struct script script = {
		.text = ":all\nr Magic 74726976\nr Version 2\nr DeviceID 2\nw Status 0\nr Status "
			"0\n"
			"w Status 3\n" READ_OFFER ACCEPT "w Status b\nr Status b\n" REST
			"w Status f\n",
		.version = 2,
		.accepted = VERSION_1,
	};

	check_script(&script, "");
}
END_TEST

/* ACKNOWLEDGE before the reset, and not again after it; twice. */
START_TEST(acknowledge_before_reset)
{
#define ROUND                                                                                      \
	"w Status 0\nr Status 0\nw Status 2\n" READ_OFFER ACCEPT "w Status a\nr Status a\n" REST   \
	"w Status e\n"
	static const struct script script = {
		.text = ":all\nr Magic 74726976\nr Version 2\nr DeviceID 2\nr Status 0\n"
			"w Status 1\n" ROUND ROUND,
		.version = 2,
		.accepted = VERSION_1,
	};
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *result = result_of(&report, &script, "GEN-DRV-22");

	check_complaints(report, "GEN-DRV-01 GEN-DRV-22 MMIO-DRV-30");
	ck_assert_str_eq(result->detail, "expected a reset of the device before ACKNOWLEDGE is "
					 "set, saw none; also expected "
					 "ACKNOWLEDGE before DRIVER is set, saw none (2 times)");
	vmmio_conform_report_free(report);
}
END_TEST

/* --- What a complaint shows ------------------------------------------------------------------ */

START_TEST(last_accesses)
{
	static const struct script script = {.text = BARE,
		.version = 2,
		.accepted = VERSION_1,
		.part = "driver-ok",
		.lines = "w QueueNotify 0\n@"};
	static const char end[] = "write 0x0a4 QueueDeviceHigh := 0x0\n"
				  "0.000028000 write 0x044 QueueReady := 0x1\n"
				  "0.000029000 write 0x050 QueueNotify := 0x0";
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *result = result_of(&report, &script, "GEN-DRV-28");
	size_t length = strlen(result->accesses), n = strlen(end), lines = 1;

	ck_assert_uint_gt(length, n);
	ck_assert_str_eq(result->accesses + length - n, end);
	for (const char *at = result->accesses; *at; at++)
		lines += *at == '\n';
	ck_assert_uint_eq(lines, 12);
	vmmio_conform_report_free(report);
}
END_TEST

START_TEST(many_complaints)
{
	static const struct script script = {.text = BARE,
		.version = 2,
		.accepted = VERSION_1,
		.part = "ok-read",
		.lines = "r 18 0\nr 1c 0\nr 28 0\nr 28 0\nr 2c 0\nr 2c 0\n"};
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *result = result_of(&report, &script, "MMIO-DRV-01");

	ck_assert_msg(strstr(result->detail, "0x018; also") &&
			      strstr(result->detail, "0x01c; also") &&
			      strstr(result->detail, "0x028 (2 times); and 2 more of the kind"),
		"%s", result->detail);
	vmmio_conform_report_free(report);
}
END_TEST

/* --- Misuse, and no memory ------------------------------------------------------------------- */

START_TEST(misuse)
{
	struct vmmio_monitor_options options = {.size = 1};
	struct vmmio_monitor *monitor = NULL;
	struct vmmio_conform_report *report = NULL;
	struct vmmio_monitor_rule rule;

	vmmio_monitor_free(NULL);
	ck_assert_int_eq(vmmio_monitor_create(&options, &monitor), -EINVAL);
	ck_assert_ptr_null(monitor);
	ck_assert_int_eq(vmmio_monitor_create(NULL, &monitor), 0);
	ck_assert_int_eq(vmmio_monitor_finish(monitor, &report), 0);
	ck_assert_str_eq(vmmio_conform_report_target(report), "driver");
	ck_assert_uint_eq(vmmio_conform_report_version(report), 0);
	vmmio_conform_report_free(report);
	ck_assert_int_eq(vmmio_monitor_finish(monitor, &report), -EALREADY);
	vmmio_monitor_free(monitor);
	ck_assert(!vmmio_monitor_rule(SIZE_MAX / 2, &rule));
}
END_TEST

START_TEST(out_of_memory)
{
	static const struct vmmio_monitor_access accesses[] = {
		{.offset = VMMIO_REG_STATUS, .value = 1, .size = 4, .write = true},
		{.offset = VMMIO_REG_QUEUE_SEL, .value = 3, .size = 4, .write = true},
		{.offset = VMMIO_REG_QUEUE_READY, .value = 1, .size = 4, .write = true},
	};
	struct vmmio_monitor *monitor;
	struct vmmio_conform_report *report;
	int error = -ENOMEM;

	for (unsigned n = 1; error; n++) {
		ck_assert_uint_lt(n, 100000);
		fixture_fail_alloc(n, false);
		error = vmmio_monitor_create(NULL, &monitor);
		if (error) {
			ck_assert_int_eq(error, -ENOMEM);
			continue;
		}
		for (size_t i = 0; i < 3; i++)
			vmmio_monitor_access(monitor, &accesses[i]);
		error = vmmio_monitor_finish(monitor, &report);
		if (!error)
			vmmio_conform_report_free(report);
		else
			ck_assert_int_eq(error, -ENOMEM);
		vmmio_monitor_free(monitor);
	}
	fixture_fail_alloc(0, false);
}
END_TEST

/* --- Nonsense -----------------------------------------------------------------------------------
 */

#define NOISE_SIZE 65536u

struct noise {
	uint64_t state;
	uint8_t memory[NOISE_SIZE];
};

static uint32_t next(struct noise *noise)
{
	noise->state = noise->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(noise->state >> 33);
}

static int noise_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct noise *noise = ctx;

	if (guest > NOISE_SIZE - size || next(noise) % 4096 == 0)
		return -EFAULT;
	memcpy(data, noise->memory + guest, size);
	return 0;
}

/* Registers that get a driver somewhere, mostly, and values that are small, mostly. */
static struct vmmio_monitor_access nonsense(struct noise *noise)
{
	static const uint32_t liked[] = {VMMIO_REG_STATUS, VMMIO_REG_QUEUE_NOTIFY,
		VMMIO_REG_INTERRUPT_STATUS, VMMIO_REG_INTERRUPT_ACK, VMMIO_REG_QUEUE_SEL,
		VMMIO_REG_QUEUE_READY, VMMIO_REG_QUEUE_RESET, VMMIO_REG_DRIVER_FEATURES};
	uint32_t kind = next(noise);
	struct vmmio_monitor_access access = {
		.offset = kind % 3 ? liked[next(noise) % 8] : next(noise) % 0x180,
		.value = kind % 5 ? next(noise) % 16 : next(noise),
		.size = kind % 17 ? 4 : 1u << next(noise) % 4,
		.write = kind & 1,
	};

	if (kind % 1001 == 0)
		access.offset = (uint64_t)next(noise) << 40;
	return access;
}

static void live_with(struct vmmio_monitor *monitor, uint32_t size)
{
	static const struct {
		uint32_t reg, value;
	} writes[] = {
		{VMMIO_REG_STATUS, 0},
		{VMMIO_REG_STATUS, 1},
		{VMMIO_REG_STATUS, 3},
		{VMMIO_REG_DRIVER_FEATURES_SEL, 1},
		{VMMIO_REG_STATUS, 11},
		{VMMIO_REG_QUEUE_SEL, 0},
		{VMMIO_REG_QUEUE_DESC_LOW, 0},
		{VMMIO_REG_QUEUE_DRIVER_LOW, 0x1000},
		{VMMIO_REG_QUEUE_DEVICE_LOW, 0x2000},
		{VMMIO_REG_QUEUE_READY, 1},
		{VMMIO_REG_STATUS, 15},
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		struct vmmio_monitor_access access = {.offset = writes[i].reg,
			.value = writes[i].value,
			.size = 4,
			.write = true};

		vmmio_monitor_access(monitor, &access);
		access.offset = VMMIO_REG_QUEUE_SIZE;
		access.value = size;
		if (writes[i].reg == VMMIO_REG_QUEUE_SEL)
			vmmio_monitor_access(monitor, &access);
		/* Packed for every other seed: 34. VERSION_1: 32. */
		access.offset = VMMIO_REG_DRIVER_FEATURES;
		access.value = size & 8 ? 5 : 1;
		if (writes[i].reg == VMMIO_REG_DRIVER_FEATURES_SEL)
			vmmio_monitor_access(monitor, &access);
	}
}

static void scribble(struct noise *noise)
{
	for (unsigned i = next(noise) % 8; i > 0; i--) {
		uint32_t at = next(noise) % (next(noise) % 3 ? 0x2100 : NOISE_SIZE);

		noise->memory[at] = (uint8_t)(next(noise) % 3 ? next(noise) % 9 : next(noise));
	}
}

/* It ends, and nothing of it is out of bounds; what the verdicts are nobody knows. */
START_TEST(nonsense_ends)
{
	struct noise *noise = calloc(1, sizeof(*noise));
	struct vmmio_monitor_options options = {
		.size = sizeof(options),
		.version = _i & 1 ? 3 : 2,
		.device_id = (uint32_t)_i % 5,
		.flags = _i & 4 ? VMMIO_MONITOR_LATE : 0,
		.mem_read = noise_read,
		.ctx = noise,
	};
	struct vmmio_monitor *monitor;
	struct vmmio_conform_report *report;

	noise->state = (uint64_t)_i * 7919 + 1;
	ck_assert_int_eq(vmmio_monitor_create(&options, &monitor), 0);
	for (unsigned i = 0; i < 3000; i++) {
		struct vmmio_monitor_access access = nonsense(noise);

		if (i % 64 == 0)
			live_with(
				monitor, _i % 3 ? 4 + next(noise) % 12 : 1u + next(noise) % 32768);
		scribble(noise);
		vmmio_monitor_access(monitor, &access);
		if (access.value % 7 == 0)
			vmmio_monitor_look(monitor);
		if (access.value % 13 == 0)
			vmmio_monitor_notifying(monitor, (unsigned)access.value & 3);
		if (access.value % 11 == 0)
			vmmio_monitor_line(monitor, access.write);
	}
	ck_assert_int_eq(vmmio_monitor_finish(monitor, &report), 0);
	ck_assert_uint_ge(vmmio_conform_report_size(report), 100);
	vmmio_conform_report_free(report);
	vmmio_monitor_free(monitor);
	free(noise);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_edges");
	TCase *skipped = fixture_tcase(s, "skips");
	TCase *begun = fixture_tcase(s, "begun");
	TCase *real = fixture_tcase(s, "real");
	TCase *use = fixture_tcase(s, "use");
	TCase *wild = fixture_tcase(s, "wild");

	tcase_add_loop_test(skipped, reasons, 0, sizeof(skips) / sizeof(skips[0]));
	tcase_add_test(skipped, legacy);
	tcase_add_test(begun, late);
	tcase_add_test(begun, not_late);
	tcase_add_test(begun, after_a_gap);
	tcase_add_test(begun, late_but_reset);
	tcase_add_test(begun, reset_by_the_host);
	tcase_add_test(real, one_write_for_two_steps);
	tcase_add_test(real, acknowledge_before_reset);
	tcase_add_test(use, last_accesses);
	tcase_add_test(use, many_complaints);
	tcase_add_test(use, misuse);
	tcase_add_test(use, out_of_memory);
	tcase_set_timeout(wild, 120);
	tcase_add_loop_test(wild, nonsense_ends, 0, 40);
	return fixture_main(s);
}
