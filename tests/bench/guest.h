/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guests to reset: devices whose backend holds on to the chains it has popped, with the
 * public driver in front of each. The backend does no I/O and starts no thread, so that what
 * is measured is the library.
 */
#ifndef VMMIO_BENCH_GUEST_H
#define VMMIO_BENCH_GUEST_H

#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "bench.h"

enum { GUEST_CHAINS = 32, GUEST_MEMORY = 4096 };
#define GUEST_RAM_BASE UINT64_C(0x80000000)

/* One device. Its fields are used by one thread at a time: notify and quiesce never overlap,
 * and the library orders one after the other. */
struct guest {
	struct vmmio_backend backend;
	struct vmmio_device *device;
	struct vmmio_driver *driver;
	struct vmmio_queue *queue;
	unsigned held;
	struct vmmio_completion done[GUEST_CHAINS];
	uint64_t written;    /* just before the write of 0 to Status */
	uint64_t stall;      /* how long that write took */
	uint64_t quiesce;    /* how long the last quiesce took, from popped to completed */
};

struct guests {
	struct vmmio_memory *memory;
	struct vmmio_executor *pool;
	uint8_t *ram;
	size_t ram_size;
	unsigned n;
	struct guest *guest;
};

enum worker { WORKER_AWAKE, WORKER_ASLEEP };

struct guests_options {
	unsigned n;
	enum worker worker; /* how the pool's thread waits: polling, or in the kernel */
	bool prompt;        /* quiesce is called in the write, no thread is needed */
};

/* All or nothing; an error is told. */
int guests_create(const struct guests_options *options, struct guests *out);
void guests_destroy(struct guests *guests);

/* Brings every device up and gives it GUEST_CHAINS chains to hold. */
int guests_load(struct guests *guests);

/* Writes 0 to Status of every device, one after the other: stall is set. */
int guests_reset(struct guests *guests);
/* Until Status reads 0 everywhere. */
int guests_wait(struct guests *guests);

/* A log function for the parts that a group creates: warnings go to standard error. */
extern const struct vmmio_log bench_log;

/* Destroys the device and waits until it is gone. */
void bench_destroy_device(struct vmmio_device *device);

#endif
