/* SPDX-License-Identifier: BSD-3-Clause */
/* F-31: the conformance library: reports, runs against a puppet, plays with a driver, monitors,
 * targets. */
#include <stdio.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/conform/puppet.h>
#include <vmmio/conform/scenario.h>

#include "hostile/f_alloc.h"
#include "tools/good.h"

#define RAM_SIZE 0x40000u
#define RAM_BASE UINT64_C(0x80000000)

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));

/* Every format; to nowhere. */
static int write_all(const struct vmmio_conform_report *report)
{
	FILE *out = fopen("/dev/null", "w");
	int err = 0;

	ck_assert_ptr_nonnull(out);
	for (int i = VMMIO_CONFORM_TEXT; !err && i <= VMMIO_CONFORM_HTML; i++)
		err = ALLOC(vmmio_conform_write, report, (enum vmmio_conform_format)i, out);
	fclose(out);
	return err;
}

static int report_once(void)
{
	const struct vmmio_conform_result result = {
		.requirement = vmmio_conform_requirement("PATCH-DEV-04"),
		.check = "check",
		.verdict = VMMIO_CONFORM_FAIL,
		.detail = "expected, saw",
		.accesses = "read"};
	const struct vmmio_conform_note remark = {"check", "text"};
	struct vmmio_conform_report *report;
	int err = ALLOC(vmmio_conform_report_create, "target", 3, &report);

	if (err)
		return err;
	err = ALLOC(vmmio_conform_report_add, report, &result);
	if (!err)
		err = ALLOC(vmmio_conform_report_note, report, &remark);
	if (!err)
		err = write_all(report);
	vmmio_conform_report_free(report);
	return err;
}

static struct vmmio_puppet_options puppet_options(void)
{
	return (struct vmmio_puppet_options){.size = sizeof(struct vmmio_puppet_options),
		.version = 3,
		.memory = ram,
		.memory_base = RAM_BASE,
		.memory_size = RAM_SIZE};
}

static int run_against_puppet(void)
{
	const struct vmmio_puppet_options o = puppet_options();
	const struct vmmio_conform_options run = {
		.size = sizeof(run), .only = "BLK-DEV-01,PATCH-DEV-04", .destructive = true};
	struct vmmio_target target = {.size = sizeof(target)};
	struct vmmio_conform_report *report;
	struct vmmio_puppet *puppet;
	int err = ALLOC(vmmio_puppet_create, &o, &puppet);

	if (err)
		return err;
	ck_assert_int_eq(vmmio_puppet_target(puppet, &target), 0);
	err = ALLOC(vmmio_conform_run, &target, &run, &report);
	if (!err)
		vmmio_conform_report_free(report);
	vmmio_puppet_destroy(puppet);
	return err;
}

/* A driver that is refused memory does not come up, or gives up: no error of the play's. */
static int play_once(void)
{
	static const struct vmmio_subject_kind kinds[] = {GOOD_KIND, {0}};
	struct vmmio_target_error error;
	struct vmmio_subject subject;
	struct vmmio_scenario scenario;
	struct vmmio_play play = {
		.size = sizeof(play), .subject = &subject, .patience = 500};
	struct vmmio_conform_report *report;
	int end;

	ck_assert(vmmio_scenario(0, &scenario));
	play.scenario = scenario.name;
	while (!(scenario.settings & 1u << play.setting))
		play.setting++;
	ck_assert_int_eq(vmmio_conform_report_create("play", 0, &report), 0);
	ck_assert_int_eq(vmmio_subject_open_spec("good", kinds, &subject, &error), 0);
	end = ALLOC(vmmio_scenario_play, &play, report);
	vmmio_subject_close(&subject);
	vmmio_conform_report_free(report);
	return end < 0 ? end : 0;
}

static int mem_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	(void)ctx, (void)guest;
	memset(data, 0, size);
	return 0;
}

static void watch(struct vmmio_monitor *monitor, uint64_t offset, uint64_t value)
{
	const struct vmmio_monitor_access access = {
		.offset = offset, .value = value, .size = 4, .write = true};

	ALLOC_VOID(vmmio_monitor_access, monitor, &access);
}

/* What it cannot remember it says nothing of. */
static int monitor_once(void)
{
	const struct vmmio_monitor_options o = {
		.size = sizeof(o), .name = "driver", .mem_read = mem_read};
	struct vmmio_conform_report *report;
	struct vmmio_monitor *monitor;
	int err = ALLOC(vmmio_monitor_create, &o, &monitor);

	if (err)
		return err;
	watch(monitor, VMMIO_REG_STATUS, LIVE);
	watch(monitor, VMMIO_REG_QUEUE_SIZE, 8);
	watch(monitor, VMMIO_REG_QUEUE_READY, 1);
	watch(monitor, VMMIO_REG_QUEUE_NOTIFY, 0);
	ALLOC_VOID(vmmio_monitor_notifying, monitor, 0);
	ALLOC_VOID(vmmio_monitor_look, monitor);
	err = ALLOC(vmmio_monitor_finish, monitor, &report);
	if (!err)
		vmmio_conform_report_free(report);
	vmmio_monitor_free(monitor);
	return err;
}

/* Neither can be had here: refused for another reason once there is memory. */
static int targets_once(void)
{
	static const char *const specs[] = {"qtest:/nowhere", "mem:0x1000"};
	struct vmmio_target_error error;
	struct vmmio_target target;
	int err = 0;

	for (unsigned i = 0; i < 2 && err != -ENOMEM; i++) {
		target = (struct vmmio_target){.size = sizeof(target)};
		err = ALLOC(vmmio_target_open_spec, specs[i], NULL, &target, &error);
		if (!err)
			vmmio_target_close(&target);
	}
	return err == -ENOMEM ? err : 0;
}

f_maker *const f_makers_conform[] = {
	report_once, run_against_puppet, play_once, monitor_once, targets_once, NULL};
