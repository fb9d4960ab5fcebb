/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers that are broken in one way each. */
#ifndef VMMIO_TESTS_MONITOR_BROKEN_H
#define VMMIO_TESTS_MONITOR_BROKEN_H

#include "conform/monitor_script.h"

struct broken {
	const char *id; /* of the rule that finds it */
	struct script script;
};

extern const struct broken broken_drivers[];
extern const size_t n_broken_drivers;

#endif
