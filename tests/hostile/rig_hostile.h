/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block device and a driver that keeps to no rule: it writes rings byte by byte.
 *
 * Each ring area, indirect table and buffer is a memory region of exactly its size, which
 * ends at a page that nobody may touch and begins behind canary bytes. So what is read or
 * written beyond it ends the test, in whichever way it was reached.
 */
#ifndef VMMIO_TESTS_RIG_HOSTILE_H
#define VMMIO_TESTS_RIG_HOSTILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/metrics.h>
#include <vmmio/spec.h>

#include "support/fixture.h"

/* Loop index of every HD test: io_uring or plain engine, split or packed, version 2 or 3,
 * addresses as they are or translated (which counts the steps of a walk), and with or without
 * a thread that rewrites rings and tables meanwhile. */
enum {
	HOSTILE_PLAIN = 1,
	HOSTILE_PACKED = 2,
	HOSTILE_V3 = 4,
	HOSTILE_TRANSLATE = 8,
	HOSTILE_QUIET = 16, /* variants without the thread */
	HOSTILE_FLIP = 16,
	HOSTILE_ALL = 32,
};

enum {
	HOSTILE_SIZE = 16,    /* of the queue */
	HOSTILE_SECTORS = 64, /* of the disk; sector n is full of n + 1 */
	HOSTILE_DESCS = 20,
};

struct hostile;

/* Where things are in the guest. NEXT follows on IN without a gap; a hole follows on it. */
#define H_DESC UINT64_C(0x1000000)
#define H_DRIVER UINT64_C(0x2000000)
#define H_DEVICE UINT64_C(0x3000000)
#define H_TABLE UINT64_C(0x4000000)
#define H_OUT UINT64_C(0x5000000) /* what the device reads: the header, then data */
#define H_IN UINT64_C(0x6000000)  /* what it may write */
#define H_NEXT (H_IN + H_BYTES)
#define H_HOLE (H_NEXT + H_BYTES)
#define H_ROM UINT64_C(0x7000000)
#define H_HUGE UINT64_C(0x200000000)       /* 4 GiB that nobody may touch */
#define H_TOP UINT64_C(0xfffffffffffff000) /* up to the last byte there is */
#define H_BYTES 4096u                      /* of OUT, IN, NEXT, ROM, TOP */
#define H_STATUS (H_NEXT + 8)              /* where the cases have their status byte */

enum hostile_area {
	A_DESC,
	A_DRIVER,
	A_DEVICE,
	A_TABLE,
	A_OUT,
	A_IN,
	A_NEXT,
	A_ROM,
	A_TOP,
	A_HUGE,
	HOSTILE_AREAS
};

/* A descriptor. next is the split ring's, id the packed one's; flags without phase bits. */
struct hostile_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next, id;
};

#define F_NEXT VMMIO_DESC_F_NEXT
#define F_WRITE VMMIO_DESC_F_WRITE
#define F_INDIRECT VMMIO_DESC_F_INDIRECT

/* Verdicts: a number of enum vmmio_fault, or one of these. */
enum {
	V_STATUS = 100, /* + VMMIO_BLK_S_*: the chain came back, with this status */
	V_OK = V_STATUS + VMMIO_BLK_S_OK,
	V_IOERR = V_STATUS + VMMIO_BLK_S_IOERR,
	V_UNSUPP = V_STATUS + VMMIO_BLK_S_UNSUPP,
	V_IGNORED = 200, /* nothing came, nothing was taken */
	V_REFUSED,       /* the backend asked for a reset: no fault of the ring */
	V_NONE = -1,     /* means nothing in this format */
};

/* One thing a driver does. Descriptors are put into the ring and into the indirect table, and
 * the chain that begins at head is made available. */
struct hostile_case {
	const char *what;
	int split, packed; /* verdict */
	unsigned n;        /* descriptors in the ring */
	struct hostile_desc ring[HOSTILE_DESCS], table[HOSTILE_DESCS];
	uint32_t type; /* of the request in the header */
	uint64_t sector;
	uint32_t head;
	uint64_t off;                   /* features not to accept */
	void (*lay)(struct hostile *h); /* instead of all that, or after it */
	uint32_t written;               /* 0 or what the used entry's len has to be */
};

struct hostile_map {
	uint8_t *base; /* a page that nobody may touch, the area's pages, and another one */
	size_t mapped; /* of the area's pages */
	uint8_t *host; /* the area */
	size_t size;
};

struct hostile_options {
	unsigned variant;
	enum vmmio_io_form form;
	uint64_t delay; /* of each request, on the executor's clock */
	void (*on_line)(struct hostile *h, bool high);
};

struct hostile {
	struct hostile_options o;
	bool packed, flip;
	struct hostile_map areas[HOSTILE_AREAS];
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io;
	struct vmmio_blk *blk;
	struct vmmio_metrics *metrics;
	struct vmmio_device *dev;
	int image;
	uint32_t queue;    /* that is set up and notified */
	uint64_t off;      /* features not to accept at the next up */
	uint64_t rings[3]; /* what the next up writes */
	uint32_t size;
	/* Called between the queue's registers and QueueReady, with wide. */
	void (*before_ready)(struct hostile *h, uint32_t wide);
	uint32_t wide;
	_Atomic bool line;
	_Atomic unsigned edges, logged, destroyed;
	_Atomic unsigned refusals; /* I/O that the host did not do: the disk judges it before */
	bool may_refuse;
	/* The translation: what it was asked, and what happens inside. */
	_Atomic unsigned steps;
	void (*in_translate)(struct hostile *h);
	/* The driver's side. */
	uint16_t avail, used; /* split: idx; packed: position */
	bool avail_wrap, used_wrap;
	unsigned descs; /* packed: length of the list that comes back next */
	/* What was when the case began. */
	struct vmmio_device_counters then;
	struct vmmio_metrics_snapshot faults_then;
	struct vmmio_blk_counters blk_then;
	/* The thread that rewrites. */
	pthread_t flipper;
	uint64_t seed;
	_Atomic bool stop;
	_Atomic unsigned flips;
};

struct hostile *hostile_new(const struct hostile_options *options);
/* Resets the device, has it do good I/O, looks at the guards, frees all. */
void hostile_free(struct hostile *h);

/* Another device on the same bench, of a backend that offers none of a disk's features. */
void hostile_other(struct hostile *out, struct hostile *h, const struct vmmio_backend *backend);
void hostile_other_free(struct hostile *other);

/* The host address of a guest one, NULL: none. */
void *hostile_at(struct hostile *h, uint64_t guest);

uint32_t hostile_read(struct hostile *h, uint32_t reg);
void hostile_write(struct hostile *h, uint32_t reg, uint32_t value);

/* Brings the device up with zeroed rings: features, the queue, DRIVER_OK. */
void hostile_up(struct hostile *h);
/* Writes 0 to Status and waits until it reads 0: then no lease is out and no interrupt is. */
void hostile_reset(struct hostile *h);

/* Runs what there is to run until no chain is out; fails the test if that never comes. */
void hostile_settle(struct hostile *h);
void hostile_kick(struct hostile *h);

/* Puts a descriptor into the ring: split: number i; packed: i places from the next one on. */
void hostile_put(struct hostile *h, unsigned i, const struct hostile_desc *desc);
/* Puts an entry into the indirect table. */
void hostile_entry(struct hostile *h, unsigned i, const struct hostile_desc *desc);
/* Makes a chain available: split: by its head; packed: n descriptors, that were put. */
void hostile_offer(struct hostile *h, uint16_t head, unsigned n);
/* Split: the available idx as it is to stand in memory. */
void hostile_avail_idx(struct hostile *h, uint16_t idx);
/* Header at OUT + 16 * slot. */
void hostile_header(struct hostile *h, unsigned slot, uint32_t type, uint64_t sector);
/* A good request of its own buffers for each slot (0 to 4): header, data (0 or 512 bytes at
 * IN or OUT + 512 * (slot + 1)), status at NEXT + slot. */
void hostile_request(struct hostile *h, unsigned slot, uint32_t type, uint64_t sector);
/* Takes the next used entry. */
bool hostile_used(struct hostile *h, uint32_t *id, uint32_t *len);

/* What a case says is laid out and made available. */
void hostile_lay(struct hostile *h, const struct hostile_case *c);

/* Starts and stops the thread that rewrites, in the variants that have it. */
void hostile_flip(struct hostile *h, bool on);

/* Threads that anybody has started in this process. */
unsigned hostile_threads(void);
/* Chains that vmmio_queue_pop gave to whoever asked. What it did not give is poison: nobody
 * can follow it, and its token is of no queue. */
unsigned hostile_popped(void);

/* Runs one case in a life of its own and holds it against its verdict; with the thread that
 * rewrites: many times, and only what has to hold in any case. */
void hostile_case(struct hostile *h, const struct hostile_case *c);
void hostile_cases(int variant, const struct hostile_case *cases, unsigned n);
#define HOSTILE_CASES(variant, cases)                                                              \
	hostile_cases((variant), (cases), sizeof(cases) / sizeof((cases)[0]))

/* The two halves of it: what was, and the verdict. head: that a used entry has to name. */
void hostile_begin(struct hostile *h);
void hostile_expect(struct hostile *h, int verdict, const char *what);

/* Forbids, and allows, everybody to touch an area. */
void hostile_forbid(struct hostile *h, enum hostile_area area, bool forbid);
/* The guards are as they were made. */
void hostile_check_guards(struct hostile *h);
/* A life with a write and a read that have to succeed. */
void hostile_good(struct hostile *h);

/* Whether the loop index is for the thread that rewrites and this build cannot have it. */
bool hostile_skips(int variant);

/* An HD row: a test case of its own, so that CTest can ask for it by name. It runs for each
 * loop index; _quiet: only for those without the thread that rewrites, where nothing of it
 * would show or all be spoilt; _half: half as often, which is for one ring format, and
 * hostile_half says the variant. */
void hostile_row(Suite *s, const char *name, const TTest *test);
void hostile_row_quiet(Suite *s, const char *name, const TTest *test);
void hostile_row_half(Suite *s, const char *name, const TTest *test);
unsigned hostile_half(int index, unsigned format);

/* The parts of the suite. */
void hostile_rings(Suite *s);
void hostile_chains(Suite *s);
void hostile_requests(Suite *s);
void hostile_life(Suite *s);
void hostile_laps(Suite *s);
void hostile_flight(Suite *s);
void hostile_errors(Suite *s);

#endif
