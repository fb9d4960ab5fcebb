/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the judges: the checks of the suite, the rules of the monitor, the scenarios (of which
 * test_scenarios.c shows that they judge what they say). */
#include <check.h>
#include <vmmio/conform/scenario.h>

#include "conform/judges.h"

size_t collect_judges(struct judging judges[MAX_JUDGES])
{
	struct vmmio_conform_check check;
	struct vmmio_monitor_rule rule;
	struct vmmio_scenario scenario;
	size_t n = 0;

	for (size_t i = 0; vmmio_conform_check(i, &check); i++) {
		ck_assert_uint_lt(n, MAX_JUDGES);
		judges[n++] =
			(struct judging){VMMIO_CONFORM_DEVICE, check.name, check.requirements};
	}
	for (size_t i = 0; vmmio_monitor_rule(i, &rule); i++) {
		ck_assert_uint_lt(n, MAX_JUDGES);
		judges[n++] =
			(struct judging){VMMIO_CONFORM_DRIVER, rule.requirement, rule.requirement};
	}
	for (size_t i = 0; vmmio_scenario(i, &scenario); i++) {
		ck_assert_uint_lt(n, MAX_JUDGES);
		if (*scenario.requirements)
			judges[n++] = (struct judging){
				VMMIO_CONFORM_DRIVER, scenario.name, scenario.requirements};
	}
	return n;
}
