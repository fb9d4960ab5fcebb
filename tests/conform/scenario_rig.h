/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of scenarios share: the good driver, a play of it, and what came out. */
#ifndef VMMIO_TESTS_SCENARIO_RIG_H
#define VMMIO_TESTS_SCENARIO_RIG_H

#include <vmmio/conform/scenario.h>

/* Fails the test if it cannot be opened. */
struct vmmio_subject open_good(const char *spec);

/* What vmmio_scenario_play returns. The caller frees the report. */
int play(const char *scenario, unsigned setting, const struct vmmio_subject *subject,
	struct vmmio_conform_report **report);

/* NULL: there is none. */
const struct vmmio_conform_result *result_of(
	const struct vmmio_conform_report *report, const char *id);
/* Failed or flagged. */
bool is_bad(const struct vmmio_conform_result *result);
/* The first note. */
const char *note(const struct vmmio_conform_report *report);

#endif
