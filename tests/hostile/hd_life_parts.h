/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of one test program. */
#ifndef VMMIO_TESTS_HD_LIFE_PARTS_H
#define VMMIO_TESTS_HD_LIFE_PARTS_H

#include <check.h>

/* HD-39 to 41. */
void hd_life_kicks(Suite *s);
/* HD-44, 46 and 47. */
void hd_life_memory(Suite *s);

#endif
