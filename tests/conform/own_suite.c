/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks and a catalogue for tests of the engine. */
#include "conform/own_suite.h"

#include <string.h>

#include "support/fixture.h"

static const struct vmmio_conform_requirement catalogue[] = {
	{.id = "T-MUST", .strength = VMMIO_CONFORM_MUST, .section = "s", .text = "t"},
	{.id = "T-MUST-2", .strength = VMMIO_CONFORM_MUST, .section = "s", .text = "t"},
	{.id = "T-MUST-NOT", .strength = VMMIO_CONFORM_MUST_NOT, .section = "s", .text = "t"},
	{.id = "T-SHOULD", .strength = VMMIO_CONFORM_SHOULD, .section = "s", .text = "t"},
	{.id = "T-SHOULD-NOT", .strength = VMMIO_CONFORM_SHOULD_NOT, .section = "s", .text = "t"},
};

static struct {
	const struct check *checks;
	size_t n;
	struct check only;
	struct vmmio_conform_report *report;
} own;

const struct vmmio_conform_requirement *vmmio_conform_requirements(size_t *n)
{
	*n = sizeof(catalogue) / sizeof(catalogue[0]);
	return catalogue;
}

const struct vmmio_conform_requirement *vmmio_conform_requirement(const char *id)
{
	for (size_t i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++) {
		if (strcmp(catalogue[i].id, id) == 0)
			return &catalogue[i];
	}
	return NULL;
}

const struct check *engine_check(size_t i, const char **topic)
{
	if (i < own.n && topic)
		*topic = "own";
	return i < own.n ? &own.checks[i] : NULL;
}

bool vmmio_conform_check(size_t i, struct vmmio_conform_check *check)
{
	if (i >= own.n)
		return false;
	*check = (struct vmmio_conform_check){
		own.checks[i].name, "own", own.checks[i].title, own.checks[i].requirements};
	return true;
}

void own_checks(const struct check *checks, size_t n)
{
	own.checks = checks;
	own.n = n;
}

void own_check(const char *requirements, uint32_t needs, void (*run)(struct conform *c))
{
	own.only = (struct check){"the-check", "The check", requirements, needs, run};
	own_checks(&own.only, 1);
}

void own_end(void)
{
	vmmio_conform_report_free(own.report);
	own.report = NULL;
}

const struct vmmio_conform_report *own_run(
	struct fake *fake, const struct vmmio_conform_options *options)
{
	own_end();
	ck_assert_int_eq(vmmio_conform_run(&fake->target, options, &own.report), 0);
	return own.report;
}

const struct vmmio_conform_result *own_result(const char *requirement, const char *check)
{
	for (size_t i = 0; i < vmmio_conform_report_size(own.report); i++) {
		const struct vmmio_conform_result *result =
			vmmio_conform_report_result(own.report, i);

		if (strcmp(result->requirement->id, requirement) == 0 &&
			(!check || strcmp(result->check, check) == 0))
			return result;
	}
	return NULL;
}

void own_expect(const char *requirement, enum vmmio_conform_verdict verdict, const char *detail)
{
	const struct vmmio_conform_result *result = own_result(requirement, NULL);

	ck_assert_msg(result, "nothing is said of %s", requirement);
	ck_assert_msg(result->verdict == verdict, "%s: verdict %d, detail \"%s\"", requirement,
		result->verdict, result->detail);
	ck_assert_str_eq(result->detail, detail);
	ck_assert(!result->flagged);
}
