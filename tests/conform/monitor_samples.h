/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers as scripts, broken and good ones. */
#ifndef VMMIO_TESTS_MONITOR_SAMPLES_H
#define VMMIO_TESTS_MONITOR_SAMPLES_H

#include "conform/monitor_script.h"

struct sample {
	const char *ids; /* of the rule that finds it; of rules that it keeps, when it could not */
	struct script script;
};

extern const struct sample broken_drivers[], good_drivers[];
extern const size_t n_broken_drivers, n_good_drivers;

#endif
