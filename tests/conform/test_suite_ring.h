/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the suite's rings have in common. */
#ifndef VMMIO_TESTS_TEST_SUITE_RING_H
#define VMMIO_TESTS_TEST_SUITE_RING_H

#include <check.h>

#include "conform/own_suite.h"
#include "conform/ring.h"

extern struct fake ring_fake;

/* Features for a split and for a packed ring. */
extern const uint64_t ring_formats[2];

/* Runs this as the one check, with these features accepted; it judges T-MUST at its end. */
void ring_check(uint64_t accepted, void (*run)(struct conform *c));
/* ... which it has to come to. */
void ring_test(uint64_t accepted, void (*run)(struct conform *c));

/* Guest memory, and what has to be in it. */
uint8_t *ring_at(uint64_t guest);
void ring_expect(uint64_t guest, const void *bytes, size_t n);
/* The device gives a chain back: the next used entry, at the place where the driver looks. */
void ring_gives(const struct ring *ring, uint32_t id, uint32_t len);

void test_suite_split(Suite *s);
void test_suite_packed(Suite *s);

#endif
