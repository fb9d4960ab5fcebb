/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite of which everything is known. */
#include "conform/stub_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vmmio/spec.h>

unsigned stub_topics = 4;

/* --- Catalogue, checks --------------------------------------------------------------- */

static void fill_in(struct vmmio_conform_requirement *requirement, char id[16], size_t i)
{
	snprintf(id, 16, "STUB-DEV-%02zu", i);
	*requirement = (struct vmmio_conform_requirement){
		.id = id,
		.strength = (enum vmmio_conform_strength)(i % 5),
		.descriptive = i % 7 == 3,
		.section = "stub.tex:12-13; Stubs, and what they are required to do (device)",
		.text = "A sentence that is long enough to be broken into two lines, wherever it "
			"stands in a report of eighty columns.",
		.reason = i == STUB_REQUIREMENTS - 1 ? "a stub" : NULL,
	};
	if (i >= STUB_REQUIREMENTS - 4)
		requirement->side = VMMIO_CONFORM_DRIVER;
}

const struct vmmio_conform_requirement *vmmio_conform_requirements(size_t *n)
{
	static struct vmmio_conform_requirement all[STUB_REQUIREMENTS];
	static char ids[STUB_REQUIREMENTS][16];

	for (size_t i = 0; i < STUB_REQUIREMENTS && !all[STUB_REQUIREMENTS - 1].id; i++)
		fill_in(&all[i], ids[i], i);
	*n = STUB_REQUIREMENTS;
	return all;
}

const struct vmmio_conform_requirement *vmmio_conform_requirement(const char *id)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].id, id))
			return &all[i];
	return NULL;
}

bool vmmio_conform_check(size_t i, struct vmmio_conform_check *check)
{
	static char names[STUB_CHECKS][32], topics[STUB_CHECKS][32], ids[STUB_CHECKS][64];

	if (i >= STUB_CHECKS)
		return false;
	snprintf(names[i], sizeof(names[i]), "check-%02zu", i);
	snprintf(topics[i], sizeof(topics[i]), "topic-%02zu", i * stub_topics / STUB_CHECKS);
	snprintf(ids[i], sizeof(ids[i]), "STUB-DEV-%02zu STUB-DEV-%02zu", 2 * i, 2 * i + 1);
	*check = (struct vmmio_conform_check){names[i], topics[i],
		i == 20 ? "... once more" : "Looks at a register", ids[i]};
	return true;
}

/* --- A run ----------------------------------------------------------------------------- */

struct stub_run {
	const struct vmmio_target *target;
	const struct vmmio_conform_options *options;
	struct vmmio_conform_report *report;
};

static uint64_t stub_read(const struct stub_run *run, uint64_t offset)
{
	uint64_t value = 0;

	if (run->target->ops->read(run->target->ctx, offset, 4, &value))
		abort();
	return value;
}

static enum stub_answer answer_of(const struct stub_run *run, size_t i)
{
	const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};
	enum stub_answer answer = (enum stub_answer)stub_read(run, STUB_REGISTER + 4 * i);

	for (unsigned n = 0; answer == STUB_ENDLESS || (answer == STUB_CRAWL && n < 40); n++) {
		nanosleep(&nap, NULL);
		(void)stub_read(run, VMMIO_REG_MAGIC);
	}
	return answer;
}

static void say(const struct stub_run *run, const struct vmmio_conform_check *check, const char *id,
	enum stub_answer answer)
{
	struct vmmio_conform_result result = {
		.requirement = vmmio_conform_requirement(id), .check = check->name};

	result.proof = answer == STUB_HOOK ? VMMIO_CONFORM_HOOK : VMMIO_CONFORM_BLACK_BOX;
	result.flagged = answer == STUB_FLAG;
	if (answer == STUB_FAIL || answer == STUB_FLAG) {
		result.detail = "expected 0x0, saw 0x4 and " STUB_NASTY;
		result.accesses = "Status := 0x0\nStatus = 0x4 <\"nasty\"> \xff";
	}
	if (answer == STUB_FAIL)
		result.verdict = VMMIO_CONFORM_FAIL;
	if (answer == STUB_SKIP) {
		result.verdict = VMMIO_CONFORM_SKIP;
		result.detail = strcmp(id, "STUB-DEV-20") < 0 ? "the target has no ears"
							      : "the target has no <eyes>";
	}
	if (vmmio_conform_report_add(run->report, &result))
		abort();
	if (run->options->result)
		run->options->result(run->options->ctx, &result);
}

static void run_check(const struct stub_run *run, size_t i, const struct vmmio_conform_check *check)
{
	enum stub_answer answer;
	char ids[64];

	if (run->options->begin)
		run->options->begin(run->options->ctx, check, i, STUB_CHECKS);
	answer = answer_of(run, i);
	snprintf(ids, sizeof(ids), "%s", check->requirements);
	for (const char *id = strtok(ids, " "); id; id = strtok(NULL, " "))
		say(run, check, id, answer);
}

/* Only names of checks, which are of one length. */
static bool selected(const struct vmmio_conform_options *options, const char *name)
{
	return !options->only || strstr(options->only, name);
}

int vmmio_conform_run(const struct vmmio_target *target,
	const struct vmmio_conform_options *options, struct vmmio_conform_report **out)
{
	struct stub_run run = {.target = target, .options = options};
	struct vmmio_conform_check check;
	uint64_t version;

	(void)stub_read(&run, VMMIO_REG_MAGIC);
	version = stub_read(&run, VMMIO_REG_VERSION);
	if (vmmio_conform_report_create(target->name, (uint32_t)version, &run.report))
		return -ENOMEM;
	for (size_t i = 0; vmmio_conform_check(i, &check); i++)
		if (selected(options, check.name))
			run_check(&run, i, &check);
	*out = run.report;
	return version == 2 || version == 3 ? 0 : -ENODEV;
}
