/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk in bounce mode whose I/O gets stuck in the kernel on demand: its bounce buffers come
 * from memory of the test's, and the first page of one goes missing on its way to the
 * engine. Only for programs that are linked with --wrap=vmmio_io_submit.
 */
#ifndef VMMIO_TESTS_BOUNCE_RIG_H
#define VMMIO_TESTS_BOUNCE_RIG_H

#include <pthread.h>

#include "integration/stuck_rig.h"

/*
 * A case is a number: version (bit 0), ring (1), engine (2), guest memory pinned or not (3),
 * store (4 and 5). STUCK_MANUAL may be added.
 */
#define BOUNCE_CASES 64
#define BOUNCE_SLOTS 12u

struct bounce {
	struct disk *disk;
	struct uffd *uffd;
	int number;
	unsigned stuck; /* requests that got stuck so far */
	uint32_t back;  /* slots whose requests came back, a bit each */
	uint8_t *before; /* all of guest memory */
};

/* blk: more options, may be NULL. NULL, or why this case cannot be had here. */
const char *bounce_open(struct bounce *b, int number, const struct vmmio_blk_options *blk);
/* Serves what is stuck. */
void bounce_close(struct bounce *b);

/* One request for one page of the image; each slot has its own buffers. OUT writes a page
 * full of fill, WRITE_ZEROES and DISCARD take the page for their segment. */
struct bounce_request {
	unsigned slot;
	uint32_t type;
	uint64_t page; /* of the image */
	uint8_t fill;
	unsigned queue;
	bool indirect; /* takes one entry of the ring */
};
void bounce_send(struct bounce *b, const struct bounce_request *r);
/* The same, until the kernel waits for its bounce buffer. IN and OUT. */
void bounce_stick(struct bounce *b, const struct bounce_request *r);
/* Sends one and waits until it is back, with VMMIO_BLK_S_OK. */
void bounce_do(struct bounce *b, const struct bounce_request *r);
/* Until a request is back; looks at what came back meanwhile. */
void bounce_wait(struct bounce *b, const struct bounce_request *r);
bool bounce_is_back(struct bounce *b, const struct bounce_request *r);
/* The buffer of a read. */
uint8_t *bounce_data(struct bounce *b, unsigned slot);

/* The next n transfers after skip others get stuck, whoever sends them. */
void bounce_arm(unsigned skip, unsigned n);
/* Serves what got stuck as number n, from 0. */
void bounce_serve(struct bounce *b, unsigned n);
/* For another thread than the one that waits: serves the oldest that is stuck, and forgets
 * its page. false: none. */
bool bounce_serve_oldest(struct bounce *b);

/* The driver resets the device while everything stuck stays stuck, and starts it again. */
void bounce_reset(struct bounce *b);
void bounce_start(struct bounce *b);
uint32_t bounce_orphans(struct bounce *b);
void bounce_wait_orphans(struct bounce *b, uint32_t n);

/* Guest memory as it is now, and that it is still so. */
void bounce_look(struct bounce *b);
void bounce_check_memory(struct bounce *b);
/* The image's page is full of this byte. */
void bounce_check_image(struct bounce *b, uint64_t page, uint8_t fill);

#endif
