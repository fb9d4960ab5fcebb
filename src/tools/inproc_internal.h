/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the inproc target.
 *
 * The backend (a disk, say) is wrapped: the device talks to the wrapping one,
 * which delegates, but for what the hooks of a target change. Everything runs on the one thread
 * that uses the target.
 */
#ifndef VMMIO_TOOLS_INPROC_INTERNAL_H
#define VMMIO_TOOLS_INPROC_INTERNAL_H

#include <vmmio/vmmio.h>

#include "conform/targets/kinds.h"
#include "tools/inproc.h"

#define INPROC_RAM_BASE UINT64_C(0x140000000)
#define INPROC_RAM_SIZE (8u << 20)
#define INPROC_IMAGE_SIZE (1u << 20)
#define INPROC_BLK_QUEUES 2u
#define INPROC_BLK_QUEUE_SIZE 64u
#define INPROC_NULL_QUEUES 3u
#define INPROC_NULL_QUEUE_SIZE 256u
#define INPROC_NULL_CONFIG 64u
#define INPROC_QUEUES 3u
#define INPROC_HELD_MAX (INPROC_NULL_QUEUES * INPROC_NULL_QUEUE_SIZE)

/* --- inproc_hold.c: what is given back later ----------------------------------------- */

/* Things in the order in which they were taken, kept by somebody else, who tells how many
 * there are and gives one back; what that brings along is the last from then on. */
struct hold {
	struct vmmio_executor *ex;
	size_t (*count)(void *ctx);
	void (*give_back)(void *ctx, size_t n);
	void *ctx;
	uint64_t delay;
	bool reverse;
	size_t n; /* that are known */
	uint64_t due[INPROC_HELD_MAX];
	bool armed;
	struct vmmio_deadline deadline;
};

void hold_init(struct hold *hold, struct vmmio_executor *ex);
/* New ones may be there: they wait as long as delay says. */
void hold_look(struct hold *hold);
/* For those that come; 0: those that are there go now. */
void hold_set_delay(struct hold *hold, uint64_t ns);
void hold_set_reverse(struct hold *hold, bool on);

/* --- The target -------------------------------------------------------------------------- */

/* A stop that is answered later. */
struct stop {
	struct vmmio_deadline deadline;
	struct inproc *p;
	vmmio_token token;
	bool armed;
};

/* A chain that the null backend keeps. */
struct kept {
	struct vmmio_queue *queue;
	vmmio_token token;
};

enum inproc_kind { INPROC_BLK, INPROC_NULL, INPROC_RNG };

struct inproc {
	unsigned version;
	bool packed;
	enum inproc_kind kind;
	char name[64];
	char problem[200]; /* the last error that the library has logged */

	/* From open to close. */
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io; /* NULL: no disk */
	int image;           /* -1: likewise */
	uint64_t image_size;
	uint64_t *pattern;   /* what is in a new image */

	/* New with each restart. */
	struct vmmio_blk *blk;
	struct vmmio_null *null_backend;
	struct vmmio_rng *rng;
	const struct vmmio_backend *inner;
	struct vmmio_backend backend; /* around it */
	struct vmmio_device *device;  /* NULL: there is none, a restart has failed */
	bool destroyed;
	bool line;
	uint64_t stop_delay;
	struct stop stops[1 + INPROC_QUEUES]; /* of the device, of its queues */
	struct hold hold;
	size_t n_kept;
	struct kept kept[INPROC_HELD_MAX];
};

/* inproc_device.c: 0 or -errno. create and destroy free p, create on error only. */
int inproc_create(struct inproc *p, struct vmmio_target_error *error);
void inproc_destroy(struct inproc *p);
int inproc_restart(struct inproc *p);
int inproc_resize(struct inproc *p);

/* inproc_wrap.c: makes backend out of inner, with all hooks off. */
void inproc_wrap(struct inproc *p);
/* Everything that is held or delayed ends now. */
void inproc_let_go(struct inproc *p);

#endif
