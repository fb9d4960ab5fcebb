/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the model. */
#ifndef VMMIO_CONFORM_MODEL_INTERNAL_H
#define VMMIO_CONFORM_MODEL_INTERNAL_H

#include <vmmio/spec.h>
#include "conform/model/model.h"

#define MODEL_CONFIG_MAX 64u
#define MODEL_NEVER UINT64_MAX

/* Descriptors of an indirect table, whatever the queue's size. */
#define MODEL_TABLE_MAX 1024u

/* How late a faulty device is with what it writes, and with all else. */
#define MODEL_LATE_WRITE_NS UINT64_C(1000)
#define MODEL_LATE_NS UINT64_C(1000000)

struct queue;

/* A piece of a chain, in guest memory. */
struct piece {
	uint8_t *host;
	uint32_t len;
};

/* A chain that was taken off a queue and is neither given back nor dropped. */
struct job {
	struct job *next; /* taken after this one */
	struct queue *q;
	uint64_t due;     /* when the device has done what it asks for */
	bool delayed;     /* by delay_io */
	bool done;        /* waits for its turn (IN_ORDER) */
	bool late;        /* a fault: what is written now comes later */
	bool orphan;      /* its queue was stopped: never given back */
	uint32_t id;      /* head of a split chain, buffer id of a packed list */
	uint32_t slots;   /* descriptors of the ring itself */
	uint32_t written; /* what the used entry will say */
	bool touched;     /* anything was written, also behind what was not */
	unsigned n_out, n_in;
	uint64_t out, in;      /* bytes that the device reads, and that it writes */
	struct piece pieces[]; /* n_out, then n_in */
};

/* Where a running queue stands. Split: free-running indices. Packed: slots and wrap counters. */
struct place {
	uint16_t avail, used, signalled;
	bool avail_wrap, used_wrap;
	uint32_t moved; /* packed: slots used since the last look at the driver's events */
};

/* What the driver has written for a queue. */
struct queue_setup {
	uint32_t size;
	uint64_t desc, driver, device;
};

struct queue {
	struct model *m;
	unsigned index;
	uint32_t size_max;

	struct queue_setup setup;
	bool ready;
	bool resetting; /* QueueReset reads 1 */
	uint64_t reset_due;
	uint32_t old_reads; /* show.queue_reset_reads */

	/* While it runs: what was found at its start. */
	bool active;
	bool broken;
	bool packed;
	uint32_t size;
	uint8_t *desc, *driver, *device;
	struct place place;
	/* Of the life before a queue reset; only faults look at it. */
	bool was_reset, still_shown;
	struct place old_place;
	struct queue_setup old_setup;
	uint64_t latest;    /* of chains that are out, for reverse order */
	uint32_t slots_out; /* descriptors of chains that were taken and not given back */
};

/* What split and packed rings do differently. The queue is active. */
struct ring_ops {
	/* Sizes and alignments of the Descriptor, Driver and Device Area. */
	void (*layout)(uint32_t size, uint64_t sizes[3], uint64_t aligns[3]);
	/* The next available chain: 1 and *job; 0: none; -1: the ring is malformed. */
	int (*take)(struct queue *q, struct job **job);
	/* Writes its used entry. */
	void (*give)(struct queue *q, const struct job *job);
	/* Does the driver want to hear of what was given back since the last look? */
	bool (*wants)(struct queue *q);
	/* Tells the driver from where on to notify us. */
	void (*ask)(struct queue *q);
};

extern const struct ring_ops model_split, model_packed;

/* What device types do differently. */
struct type_ops {
	uint32_t id;
	uint64_t features;
	unsigned n_queues;
	size_t config_size;
	int (*create)(struct model *m); /* these four may be NULL */
	void (*destroy)(struct model *m);
	/* Power-on; and what a device reset does. Both leave a full config space. */
	void (*restart)(struct model *m);
	void (*reset)(struct model *m);
	/* FEATURES_OK was set. */
	void (*accepted)(struct model *m);
	/* Does what a chain asks for, and sets written. */
	void (*run)(struct model *m, struct job *job);
	void (*config_write)(struct model *m, uint32_t offset, unsigned width, uint32_t value);
	/* Changes the config space, by itself. */
	void (*change)(struct model *m);
};

extern const struct type_ops model_block, model_entropy, model_anything;

struct disk;
struct late;

struct model {
	struct model_options options;
	const struct type_ops *type;
	uint64_t now;
	uint64_t offer[2];
	struct disk *disk;
	uint8_t *own_ram;
	struct piece *scratch; /* a chain while it is walked */
	unsigned scratch_max;
	struct queue *queues; /* options.n_queues */

	/* From here on all is as zero at power-on. */
	struct job *jobs, **jobs_end; /* in the order taken */
	struct late *late;
	unsigned n_late;
	uint32_t status;
	uint32_t interrupt;
	bool spurious_line;
	bool stuck_line;      /* a fault */
	uint32_t accepted[4]; /* DriverFeatures, word by word */
	uint32_t offer_sel, accepted_sel, queue_sel, shm_sel;
	uint32_t generation;
	uint8_t config[MODEL_CONFIG_MAX];
	uint32_t random;

	bool resetting; /* from the zero write until Status reads 0 */
	uint64_t reset_due;
	uint32_t old_status, old_reads; /* show.reset_reads */
	uint32_t refused;               /* show.features_refused */
	uint32_t moved;                 /* show.generation_moves */
	bool suspending;                /* SUSPEND was written, chains are still out */
	bool suspended;
	bool change_held; /* by the suspension */
	bool broken;      /* only a reset helps */

	bool reverse;
	uint64_t io_delay, reset_delay;
	struct vmmio_target_activity activity;
};

static inline bool faulty(const struct model *m, enum model_fault fault)
{
	return m->options.fault == fault;
}

static inline bool shows(const struct model *m, enum model_show_flags flag)
{
	return m->options.show.flags & flag;
}

/* Something happened that the driver is told of. */
void model_event(struct model *m, uint32_t bit);

/* Little endian guest memory. */
uint16_t model_get16(const uint8_t *from);
uint32_t model_get32(const uint8_t *from);
uint64_t model_get64(const uint8_t *from);
void model_put16(uint8_t *to, uint16_t value);
void model_put32(uint8_t *to, uint32_t value);
void model_put64(uint8_t *to, uint64_t value);

/* --- features.c --------------------------------------------------------------------------- */
void model_features_init(struct model *m);
bool model_offers(const struct model *m, unsigned bit);
/* Negotiated: accepted, and FEATURES_OK is set. */
bool model_has(const struct model *m, unsigned bit);
uint32_t model_offer_read(struct model *m);
void model_accepted_write(struct model *m, uint32_t value);
bool model_features_good(struct model *m);

/* --- config.c ----------------------------------------------------------------------------- */
uint64_t model_config_read(struct model *m, uint64_t offset, unsigned width);
void model_config_write(struct model *m, uint64_t offset, unsigned width, uint64_t value);
/* The device changes its config space: now, or once it is resumed. */
void model_config_change(struct model *m);
/* The change that was held back, if there is one. */
void model_config_release(struct model *m);
/* Bytes that the driver can see have changed. */
void model_config_changed(struct model *m);

/* --- status.c ----------------------------------------------------------------------------- */
uint32_t model_status_read(struct model *m);
void model_status_write(struct model *m, uint32_t value);
/* DRIVER_OK, and nothing that keeps the device from working. */
bool model_live(const struct model *m);
void model_needs_reset(struct model *m);
/* Ends a suspension that is under way, if nothing is out any more. */
void model_suspend_step(struct model *m);

/* --- reset.c ------------------------------------------------------------------------------- */
void model_reset(struct model *m);
void model_reset_step(struct model *m);
uint64_t model_reset_next(const struct model *m);

/* --- queue.c ------------------------------------------------------------------------------- */
/* NULL: QueueSel names none. */
struct queue *model_selected(struct model *m);
void model_queue_setup(struct queue *q, uint32_t offset, uint32_t value);
void model_queue_ready(struct queue *q, uint32_t value);
void model_queue_reset(struct queue *q, uint32_t value);
void model_queue_reset_step(struct queue *q);
uint64_t model_queue_reset_next(const struct queue *q);
void model_queue_default(struct queue *q);
void model_queue_notify(struct model *m, uint32_t value);
/* Starts the queue if the driver has made it ready, and takes what is there. */
void model_queue_start(struct queue *q);
/* A device that asks for no notifications looks for itself. */
void model_queues_look(struct model *m);
/* A fault: forgets what is there. */
void model_queue_skip(struct queue *q);
/* The driver got the ring wrong. */
void model_queue_break(struct queue *q);
const struct ring_ops *model_ring(const struct queue *q);

/* --- jobs.c -------------------------------------------------------------------------------- */
/* FEATURES_OK, and not yet DRIVER_OK. */
bool model_is_early(const struct model *m);
/* Whether the device takes chains off its queues just now. */
bool model_may_take(const struct model *m);
/* Takes all available chains. */
void model_take(struct queue *q);
/* No chain of the queue (NULL: of none) is ever given back. */
void model_orphan(struct model *m, const struct queue *q);
/* Chains that are out; NULL: of all queues. */
bool model_busy(const struct model *m, const struct queue *q);
/* When the last of them is over; now if there is none. */
uint64_t model_quiet_at(const struct model *m, const struct queue *q);
void model_drop_all(struct model *m);
uint64_t model_jobs_next(const struct model *m);
/* Does what is due. */
void model_jobs_step(struct model *m);

/* --- chain.c ------------------------------------------------------------------------------- */
/* A chain while it is walked. */
struct walk {
	struct queue *q;
	unsigned n_out, n_in;
	uint64_t out, in;
};
/* One more buffer. false: malformed. */
bool model_walk_add(struct walk *w, uint64_t addr, uint32_t len, bool write);
/* What was walked, as a job; NULL: no memory. */
struct job *model_walk_end(const struct walk *w, uint32_t id, uint32_t slots);
/* Copies n bytes of the readable part, from skip on; returns how many there were. */
size_t model_job_read(const struct job *job, uint64_t skip, void *to, size_t n);
/* ... to the writable part. */
size_t model_job_write(struct job *job, uint64_t skip, const void *from, size_t n);
/* A fault: changes a byte that the device only reads, in a header's reserved part. */
void model_job_spoil(struct job *job);

/* --- clock.c ------------------------------------------------------------------------------- */
/* Does all that is due at this moment. */
void model_step(struct model *m);
/* Passes the time until the next thing is due, and does it. */
void model_step_next(struct model *m);
uint64_t model_after(const struct model *m, uint64_t ns);

/* --- late.c -------------------------------------------------------------------------------- */
enum model_late {
	LATE_WRITE,            /* to guest memory */
	LATE_FADE,             /* bits of InterruptStatus go by themselves */
	LATE_STATUS,           /* Status becomes value */
	LATE_USED_AFTER_RESET, /* notifications of used buffers that are none */
	LATE_USED_SUSPENDED,
	LATE_USED_QUEUE_RESET, /* value: the queue */
};
void model_late(struct model *m, uint64_t ns, enum model_late what, uint32_t value);
/* In MODEL_LATE_WRITE_NS. */
void model_late_write(struct model *m, uint8_t *to, const void *bytes, size_t n);
uint64_t model_late_next(const struct model *m);
void model_late_step(struct model *m);
void model_late_clear(struct model *m);

#endif
