/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the engine's tests. */
#ifndef VMMIO_TESTS_TEST_ENGINE_H
#define VMMIO_TESTS_TEST_ENGINE_H

#include <check.h>

/* Targets that cannot do all, or stop to. */
void test_engine_target(Suite *s);
/* What is found out first, and how each check begins. */
void test_engine_begin(Suite *s);

#endif
