/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of the quickstart share: a virtual machine without a CPU, with a virtio
 * disk in it, and the library's driver in the place of the guest's.
 */
#ifndef VMMIO_QUICKSTART_H
#define VMMIO_QUICKSTART_H

#include <stdio.h>
#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (UINT64_C(16) << 20)
#define PATIENCE (UINT64_C(30) * 1000000000) /* ns, for anything that should take none */
#define BOUNCE (256u << 10)                  /* bytes per synchronous transfer */
#define N_REQUESTS 32u
#define DELAY (UINT64_C(100) * 1000000)      /* ns */

/* What all disks share. */
struct machine {
	void *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *executor;
	struct vmmio_io *io;
};

struct disk_options {
	const char *path;
	uint32_t version;
	bool packed;
	bool read_only;
	uint64_t delay;
	bool cancellable;
};

/* One device and its driver. */
struct disk {
	struct vmmio_blk *blk;
	struct vmmio_device *device;
	struct vmmio_driver *driver;
	struct vmmio_driver_blk *requests;
};

/* All return 0 or -errno, and have said on standard error what went wrong. */
int machine_create(struct machine *machine);
void machine_destroy(struct machine *machine);
int disk_plug(struct machine *machine, const struct disk_options *options, struct disk *disk);
int disk_start(struct disk *disk, bool packed);
void disk_unplug(struct disk *disk);

/* -errno with a line that says what to do. */
int explain(int error, const char *what, const char *remedy);

uint64_t nanoseconds(void);

/* The reset table, runs times each line; to out, or as JSON to json if that is not NULL. */
int show_resets(struct machine *machine, const char *path, unsigned runs, FILE *out, FILE *json);

#endif
