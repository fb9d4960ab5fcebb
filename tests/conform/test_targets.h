/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the targets' tests share. */
#ifndef VMMIO_TESTS_CONFORM_TEST_TARGETS_H
#define VMMIO_TESTS_CONFORM_TEST_TARGETS_H

#include <stdio.h>
#include <vmmio/conform/targets.h>

#include "support/fixture.h"

/* Opening it fails with err and a line that has the text in it. */
void expect_error(const char *spec, int err, const char *text);

void add_mem_tests(Suite *suite);

#endif
