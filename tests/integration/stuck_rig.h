/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks of one VM, on one executor and one I/O engine with few threads each, and pages of
 * guest memory that are missing. Requests of one disk get stuck in them; its neighbour has
 * to go on as if nothing was.
 */
#ifndef VMMIO_TESTS_STUCK_RIG_H
#define VMMIO_TESTS_STUCK_RIG_H

#include <pthread.h>

#include "integration/blk_rig.h"
#include "support/uffd.h"

enum stuck_store { STORE_EXT4, STORE_EXT4_DIRECT, STORE_TMPFS, STORE_MEMFD };

/*
 * A case is a number: version 2 or 3 (bit 0), split or packed ring (1), io_uring or plain
 * engine (2), the device writes to the missing pages or reads them (3), store (4 and 5).
 */
#define STUCK_CASES 64
#define STUCK_MANUAL 64  /* added to it: a manual executor */
#define STUCK_BOUNCE 128 /* bounce mode */

/* More than there are threads. Each has two pages of the in area: data, then the status
 * byte. */
#define STUCK_REQUESTS 16u
#define STUCK_THREADS 4u
#define STUCK_DISKS 3u
/* When a reset is reported, in ns; those here cannot end meanwhile. */
#define STUCK_DEADLINE 1000000u

struct vcpu {
	pthread_t thread;
	struct disk *disk;
	uint64_t offset;
	uint32_t value;
	_Atomic bool returned;
};

struct stuck {
	struct disk *disk[STUCK_DISKS]; /* 0: the one that gets stuck */
	struct uffd *uffd;
	int number;
	struct vcpu resetter; /* version 2: the vCPU that waits in its Status write */
};

/* Around fixture_main: an ext4 of their own for the tests, if there is none here and it can
 * be made and mounted. */
void stuck_stores_begin(void);
void stuck_stores_end(void);

/* The options that a case asks for. NULL, or why it cannot be had here. */
const char *stuck_options(int number, struct disk_options *options);

/* disks: how many. NULL, or why this case cannot be had here (nothing is left behind). */
const char *stuck_open(struct stuck *s, int number, unsigned disks);
/* The disks have to be free of stuck requests, or to be served. */
void stuck_close(struct stuck *s);

/* Where request n has its data, one page, and its status byte. */
uint8_t *stuck_data(struct disk *disk, unsigned n);
uint8_t *stuck_status(struct disk *disk, unsigned n);
void stuck_hide_data(struct stuck *s, struct disk *disk);

/* Makes n requests visible to the device, from number first on, without a notification;
 * returns the id of the first. stuck_send: with. */
int stuck_publish(struct stuck *s, struct disk *disk, unsigned first, unsigned n);
int stuck_send(struct stuck *s, struct disk *disk);
/* Whether requests with missing data sit in the kernel all at once, or in a worker thread
 * of which one disk gets one. */
unsigned stuck_at_once(const struct stuck *s);

/* Register writes of a vCPU that has to wait. */
void vcpu_write(struct vcpu *vcpu, struct disk *disk, uint64_t offset, uint32_t value);
void vcpu_join(struct vcpu *vcpu);

/* The driver of disk 0 writes zero to Status (on version 2 a vCPU of its own waits), and the
 * reset is reported as stuck. */
void stuck_reset_begin(struct stuck *s);
/* Status is not zero, a version 2 write has not returned. */
void stuck_check_resetting(struct stuck *s);
/* Until Status of disk 0 reads zero. From the first zero on no byte of its buffers and of
 * its image changes. */
void stuck_reset_end(struct stuck *s);

/* The last disk's driver does I/O, checks what it gets, resets its device and starts it again. */
void stuck_neighbour_works(struct stuck *s);
/* A disk does I/O again after its reset. */
void stuck_disk_works(struct disk *disk);
/* Until so many chains of the disk are out, and never fewer. */
void stuck_wait_leases(struct disk *disk, uint32_t leases);

#endif
