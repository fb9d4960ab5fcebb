/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk for the machine: an NBD server on a thread, with what it stores in memory. Requests can
 * be held, and given back in reverse, which is how the suite gets at a device's I/O.
 */
#ifndef VMMIO_CONFORM_TARGETS_QTEST_DISK_H
#define VMMIO_CONFORM_TARGETS_QTEST_DISK_H

#include <pthread.h>

#include "conform/targets/kinds.h"

#define QTEST_DISK_BLOCK 512u

/* One request that has not been answered. */
struct qtest_disk_request {
	struct qtest_disk_request *next;
	uint64_t due; /* not before, CLOCK_MONOTONIC in ns */
	uint64_t handle;
	uint64_t offset;
	uint32_t length;
	uint16_t type;
	uint8_t data[]; /* of a write */
};

struct qtest_disk {
	pthread_t thread;
	int listener, fd; /* fd: the machine's connection, or -1 */
	int wake;         /* an eventfd: something below has changed */
	pthread_mutex_t lock;
	/* Under the lock. */
	bool stop;
	bool reverse;
	uint64_t delay;
	uint8_t *data;
	/* The thread's. */
	uint64_t size;
	struct qtest_disk_request *requests; /* oldest first */
};

/* Takes over a listening socket. Each new connection finds a disk that is all zeroes. */
int qtest_disk_open(struct qtest_disk *disk, int listener, uint64_t size);
void qtest_disk_close(struct qtest_disk *disk);

/* Requests from now on take so long; 0: those that wait too are answered at once. */
void qtest_disk_delay(struct qtest_disk *disk, uint64_t ns);
/* Those that are delayed all wait for the last one, and are answered last one first. */
void qtest_disk_reverse(struct qtest_disk *disk, bool on);
/* -EFAULT: beyond the end. */
int qtest_disk_read(struct qtest_disk *disk, uint64_t offset, void *data, size_t size);

/* --- The protocol, qtest_nbd.c. Errors end the connection. ---------------------------- */

/* Moves all of it, or until the disk is closed. */
int nbd_receive(struct qtest_disk *disk, void *data, size_t size);
int nbd_send(struct qtest_disk *disk, const void *data, size_t size);
/* Until the client has chosen the one disk that there is. */
int nbd_greet(struct qtest_disk *disk);
/* The next request. A wrong one is answered; *out is then NULL. */
int nbd_take(struct qtest_disk *disk, struct qtest_disk_request **out);
/* Does what it asks for, under the lock, and answers. */
int nbd_answer(struct qtest_disk *disk, const struct qtest_disk_request *request);

#endif
