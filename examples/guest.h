/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every example needs and none is about: a piece of guest memory, a device on it, and a
 * guest, played by the library's test driver, that sets the device up and sends requests.
 */
#ifndef VMMIO_EXAMPLES_GUEST_H
#define VMMIO_EXAMPLES_GUEST_H

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/vmmio.h>

struct guest {
	struct vmmio_memory *memory;
	struct vmmio_executor *executor;
	struct vmmio_device *device;
	struct vmmio_driver *driver;
	void *ram;
	struct vmmio_driver_area out, in; /* a buffer of 4 KiB each way */
	sem_t released;
	void (*relax)(struct guest *guest); /* while the guest waits; NULL: sleeps a little */
};

/* Ends the program with a message if error is negative. */
int check(const char *what, int error);

/* Memory, and a device on it. options: all but memory, executor, size and log. */
void guest_create(struct guest *guest, struct vmmio_executor *executor,
	const struct vmmio_device_options *options);

/* The guest's driver finds the device, negotiates and starts it, with one queue. */
void guest_boot(struct guest *guest);

/* One request of n_out bytes from out and n_in bytes of room: makes it available and notifies
 * the device. */
void guest_send(struct guest *guest, size_t n_out, size_t n_in);

/* The next answer: how many bytes the device says it wrote; -1: there is none yet. */
int guest_poll(struct guest *guest);
int guest_wait(struct guest *guest);

uint32_t guest_status(struct guest *guest);

/* Destroys the device and waits until it is released, then frees the rest. */
void guest_destroy(struct guest *guest);

/* The library's log lines, to stderr. */
extern const struct vmmio_log guest_log;

#endif
