/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the qtest target's tests share. */
#ifndef VMMIO_TESTS_CONFORM_TEST_QTEST_H
#define VMMIO_TESTS_CONFORM_TEST_QTEST_H

#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <vmmio/conform/target.h>

#include "conform/fake_qtest.h"
#include "support/fixture.h"

extern struct vmmio_target target;
extern struct fake fake;

uint64_t now_ms(void);

/* qtest:DIR/qtest,OPTIONS */
int open_target(const char *options, char error_text[512]);
void open_well(const char *options);

/* A machine that shakes hands, has an interrupt line, and then follows the steps, which begin
 * with HANDSHAKE. */
void begin(const struct fake_step *steps);
void end(void);

#define HANDSHAKE                                                                                  \
	{"endianness", "OK little\n"}, {"irq_intercept_in ioapic", "OK\n"},                        \
	{                                                                                          \
		"clock_step 0", "FAIL Unknown command 'clock_step'\n"                              \
	}

/* The ops of the target. */
int rd(uint64_t offset, unsigned width, uint64_t *value);
int wr(uint64_t offset, unsigned width, uint64_t value);
int put(uint64_t guest, const void *data, size_t size);
int get(uint64_t guest, void *data, size_t size);
int line(void);

/* With a directory for sockets. */
TCase *qtest_tcase(Suite *s, const char *name);

void add_wrong_tests(Suite *s);
void add_machine_tests(Suite *s);
void add_disk_tests(Suite *s);

#endif
