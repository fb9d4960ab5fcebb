/* SPDX-License-Identifier: BSD-3-Clause */
#include "conform/scenario_rig.h"

#include <string.h>

#include "support/fixture.h"
#include "tools/good.h"

static const struct vmmio_subject_kind kinds[] = {GOOD_KIND, {0}};

struct vmmio_subject open_good(const char *spec)
{
	struct vmmio_target_error error;
	struct vmmio_subject subject;

	ck_assert_msg(
		vmmio_subject_open_spec(spec, kinds, &subject, &error) == 0, "%s", error.text);
	return subject;
}

int play(const char *scenario, unsigned setting, const struct vmmio_subject *subject,
	struct vmmio_conform_report **report)
{
	const struct vmmio_play options = {.size = sizeof(options),
		.scenario = scenario,
		.setting = (enum vmmio_setting)setting,
		.subject = subject};

	ck_assert_int_eq(vmmio_conform_report_create(scenario, 0, report), 0);
	return vmmio_scenario_play(&options, *report);
}

const struct vmmio_conform_result *result_of(
	const struct vmmio_conform_report *report, const char *id)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (!strcmp(result->requirement->id, id))
			return result;
	}
	return NULL;
}

bool is_bad(const struct vmmio_conform_result *result)
{
	return result && (result->verdict == VMMIO_CONFORM_FAIL || result->flagged);
}

const char *note(const struct vmmio_conform_report *report)
{
	return vmmio_conform_report_note_at(report, 0)->text;
}
