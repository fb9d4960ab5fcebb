/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An open inproc target, driven through a target's functions by the library's own driver.
 */
#ifndef VMMIO_TESTS_CONFORM_INPROC_RIG_H
#define VMMIO_TESTS_CONFORM_INPROC_RIG_H

#include <errno.h>
#include <string.h>
#include <vmmio/conform/targets.h>
#include <vmmio/driver.h>

#include "support/fixture.h"
#include "tools/inproc.h"

#define MS UINT64_C(1000000)
#define PATIENCE (UINT64_C(1000) * MS)
#define AREA 4096u
#define IMAGE_SECTORS 2048u

/* Each test over all of them: bit 0 version 3, bit 1 packed rings, bit 2 the null backend. */
#define VARIANTS 8
#define BLK_VARIANTS 4
#define NULL_BACKEND 4

struct rig {
	struct vmmio_target t;
	struct vmmio_driver *driver;
	struct vmmio_driver_blk *blk;  /* NULL: not up, or the null device */
	struct vmmio_driver_area area; /* of what is sent */
	bool v3, packed, null;
};

extern struct rig r;

/* --- Open, up, down */

void open_rig(int variant);
/* Driver and device, with these features and those of the variant. */
void driver_up(uint64_t features);
/* Both. */
void open_up(int variant);
void restart(void);
void close_rig(void);

/* --- Registers and time; each fails the test on an error */

uint32_t reg(uint32_t offset);
void reg_write(uint32_t offset, uint32_t value);
void pass(uint64_t ns);
uint64_t now(void);

/* --- Traffic on queue 0 */

struct vmmio_driver_queue *queue(void);
/* One request with this number, from 1: of sector number, to page number of the area. */
void send(unsigned number);
/* The number of the next that came back, 0: none. */
unsigned take(void);
/* It comes at this time, and not a nanosecond sooner. */
void expect_at(uint64_t when, unsigned number);
/* The sector has what it has in a new image. */
void expect_image(uint64_t sector);

/* --- Hooks */

void delay_io(uint64_t ns);
void delay_reset(uint64_t ns);
struct vmmio_target_activity activity(void);

/* --- Tests */

void add_delay_tests(Suite *suite);
void add_reset_tests(Suite *suite);

#endif
