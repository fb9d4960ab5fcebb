/* SPDX-License-Identifier: BSD-3-Clause */
/* What the register file's test cases share: one register file at a time, and short accesses. */
#ifndef VMMIO_TESTS_TEST_REGFILE_H
#define VMMIO_TESTS_TEST_REGFILE_H

#include "regfile/internal.h"
#include "support/fixture.h"

#define VERSION_1 VMMIO_FEATURE(VMMIO_F_VERSION_1)
#define RING_RESET VMMIO_FEATURE(VMMIO_F_RING_RESET)
#define NOTIFICATION_DATA VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA)
#define SUSPEND VMMIO_FEATURE(VMMIO_F_SUSPEND)
#define ALL_FEATURES (VERSION_1 | RING_RESET | NOTIFICATION_DATA | SUSPEND | 0x5)
#define PLAIN_FEATURES (VERSION_1 | RING_RESET | SUSPEND)

/* Queues 0 and 2 exist, 1 and everything from 3 on does not. */
#define TEST_QUEUES 3
#define TEST_CONFIG_SIZE 14 /* not a multiple of 4 on purpose */
#define TEST_URGENT 8       /* 4 bytes */

enum mode { FRESH, SETUP, NEGOTIATED, LIVE, RESETTING, MODES };

extern struct vmmio_regfile *rf;
extern struct vmmio_actions actions;
extern size_t rf_size; /* bytes of memory behind rf */

struct vmmio_regfile_config test_config(unsigned version);
void make(unsigned version);
void make_from(const struct vmmio_regfile_config *config);

uint32_t rd(uint64_t offset);
void wr(uint64_t offset, uint32_t value);          /* clears and fills actions */
void event(enum vmmio_event event, uint32_t arg);  /* likewise */
uint32_t status(void);
uint32_t epoch(void);
void select_queue(uint32_t queue);

/* The actions of the last access are exactly these kinds (0 ends the list). */
#define expect_actions(...) expect_actions_at(__LINE__, (const int[]){ __VA_ARGS__, 0 })
#define expect_no_action() expect_actions_at(__LINE__, (const int[]){ 0 })
void expect_actions_at(int line, const int *kinds);

/* Walks to a mode, accepting features. LIVE and RESETTING have queue 0 ready. */
void walk(enum mode mode, uint64_t features);
void negotiate(uint64_t features);

/* Remembers every byte, then compares: only the count of violations may have grown. */
void state_save(void);
bool state_same(void);
uint64_t violations_since(void);

void add_init_tests(Suite *suite);
void add_access_tests(Suite *suite);
void add_status_tests(Suite *suite);
void add_suspend_tests(Suite *suite);
void add_reset_tests(Suite *suite);
void add_queue_tests(Suite *suite);
void add_config_tests(Suite *suite);

/* A case whose bodies run for version 2 and version 3 (_i is the version). */
#define add_both(tc, test) tcase_add_loop_test(tc, test, 2, 4)

#endif
