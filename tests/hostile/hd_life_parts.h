/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of one test program. */
#ifndef VMMIO_TESTS_HD_LIFE_PARTS_H
#define VMMIO_TESTS_HD_LIFE_PARTS_H

#include <check.h>

/* HD-39 to 41. */
void hd_life_kicks(Suite *s);
/* More of HD-40. */
void hd_life_events(TCase *tc);
/* HD-44 and 46. */
void hd_life_memory(Suite *s);
/* HD-47. */
void hd_life_crowd(Suite *s);

#endif
