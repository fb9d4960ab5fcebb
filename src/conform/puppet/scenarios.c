/* SPDX-License-Identifier: BSD-3-Clause */
/* All scenarios. */
#include <string.h>

#include "conform/puppet/scenario.h"

static const struct scenario_group *const groups[] = {
	&scenarios_start, &scenarios_features, &scenarios_run};

static const struct scenario *scenario_at(size_t i)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		if (i < groups[g]->n)
			return &groups[g]->scenarios[i];
		i -= groups[g]->n;
	}
	return NULL;
}

bool vmmio_scenario(size_t i, struct vmmio_scenario *out)
{
	const struct scenario *scenario = scenario_at(i);

	if (scenario)
		*out = scenario->about;
	return scenario != NULL;
}

const struct scenario *scenario_find(const char *name)
{
	const struct scenario *scenario;

	for (size_t i = 0; name && (scenario = scenario_at(i)); i++)
		if (!strcmp(scenario->about.name, name))
			return scenario;
	return NULL;
}

const char *vmmio_setting_name(enum vmmio_setting setting)
{
	static const char *const names[VMMIO_SETTINGS] = {
		[VMMIO_V2_SPLIT] = "v2 split",
		[VMMIO_V2_PACKED] = "v2 packed",
		[VMMIO_V3_SPLIT] = "v3 split",
		[VMMIO_V3_PACKED] = "v3 packed",
	};

	return (unsigned)setting < VMMIO_SETTINGS ? names[setting] : "?";
}
