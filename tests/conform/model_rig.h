/* SPDX-License-Identifier: BSD-3-Clause */
/* A model with the library's driver in front of it. The rig is the test's one and only. */
#ifndef VMMIO_TESTS_CONFORM_MODEL_RIG_H
#define VMMIO_TESTS_CONFORM_MODEL_RIG_H

#include <vmmio/driver.h>
#include "conform/model/model.h"

#define MODEL_LOOPS 4 /* {version 2, 3} x {split, packed} */
#define MS UINT64_C(1000000)

extern struct model *rig_model;
extern struct vmmio_driver *rig_driver;
extern struct vmmio_driver_blk *rig_blk;
/* A page of guest memory for data. */
extern struct vmmio_driver_area rig_buffer;

/* Of one loop: version 2 or 3, with or without packed rings. */
struct model_options rig_options(int loop, uint32_t device_id);
bool rig_is_packed(int loop);

/* Creates both. The driver has not touched the device. */
void rig_create(const struct model_options *options);
/* Starts the driver: one queue of size entries (0: all), the loop's ring and more features. */
void rig_start(int loop, uint64_t features, uint32_t size);
/* All three: a disk, started with features, and block requests. */
void rig_disk(int loop, uint64_t features, uint32_t size);
void rig_destroy(void);

uint32_t rig_read(uint32_t offset);
void rig_write(uint32_t offset, uint32_t value);
uint32_t rig_interrupt(void);
/* Reads and acknowledges. */
uint32_t rig_take_interrupt(void);
struct vmmio_target_activity rig_activity(void);

/* One request for the buffer's page: sector n to n + 7. */
struct vmmio_driver_request *rig_submit(uint32_t type, uint64_t sector);
/* The result of a request that has to be back. */
int rig_result(struct vmmio_driver_request *request);
/* A read of eight sectors that has to work, and to show what a fresh disk holds. */
void rig_read_works(void);

#endif
