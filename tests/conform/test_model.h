/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of the model's test program. */
#ifndef VMMIO_TESTS_CONFORM_TEST_MODEL_H
#define VMMIO_TESTS_CONFORM_TEST_MODEL_H

#include <check.h>

void model_life_tests(Suite *s);
void model_ring_tests(Suite *s);
void model_fault_tests(Suite *s);

#endif
