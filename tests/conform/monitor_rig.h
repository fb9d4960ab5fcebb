/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device of the library with the good driver in front of it and the monitor behind: what
 * the monitor has to say of them.
 */
#ifndef VMMIO_TESTS_MONITOR_RIG_H
#define VMMIO_TESTS_MONITOR_RIG_H

#include <vmmio/backends/blk.h>
#include <vmmio/backends/null.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#define RIG_QUEUES 2u
#define RIG_SECTORS 256u

struct watched_options {
	uint32_t version;
	bool block;        /* else the null backend */
	bool read_only;
	bool threads;      /* a pool in place of the manual executor */
	uint64_t features; /* of the transport, that are offered and accepted */
	const struct vmmio_observer *also; /* beside the monitor; NULL: none */
};

struct watched {
	struct watched_options o;
	uint8_t *ram;
	int image;
	struct vmmio_memory *memory;
	struct vmmio_executor *executor;
	struct vmmio_io *io;
	struct vmmio_null *null;
	struct vmmio_blk *blk;
	struct vmmio_device *device;
	struct vmmio_driver *driver;
	struct vmmio_driver_blk *disk;
	struct vmmio_driver_area buffers; /* 64 KiB */
	struct vmmio_monitor *monitor;
	_Atomic bool line, destroyed;
};

struct watched *watched_new(const struct watched_options *options);
/* All features that are offered, RIG_QUEUES queues, DRIVER_OK. */
void watched_start(struct watched *w);
/* Runs everything that is queued. */
void watched_settle(struct watched *w);
/* The device goes; the monitor's report. */
struct vmmio_conform_report *watched_finish(struct watched *w);
void watched_free(struct watched *w);

/* One chain of n_out and n_in pieces of 64 bytes, kicked, not waited for. */
void watched_send(struct watched *w, unsigned queue, unsigned n_out, unsigned n_in, bool indirect);
/* Takes back all that came; handles the interrupt, if there is one. Returns how many. */
unsigned watched_reap(struct watched *w, unsigned queue);

#endif
