/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of one test program. */
#ifndef VMMIO_TESTS_HD_REGISTERS_H
#define VMMIO_TESTS_HD_REGISTERS_H

#include <check.h>

/* HD-23 to 25 and 42. */
void hd_registers_queue(Suite *s);

#endif
