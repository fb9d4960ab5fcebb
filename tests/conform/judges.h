/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that judges: the suite's checks, and the monitor's rules. */
#ifndef VMMIO_TESTS_JUDGES_H
#define VMMIO_TESTS_JUDGES_H

#include "conform/catalogue_faults.h"

enum { MAX_JUDGES = 1024 };

/* Returns how many there are; fails the test if that is more than MAX_JUDGES. */
size_t collect_judges(struct judging judges[MAX_JUDGES]);

#endif
