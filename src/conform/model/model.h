/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model: a virtio-mmio device of its own, versions 2 and 3, on a virtual clock. It shares
 * no code with the library's device, and is written to be read: one thread, no locks, each
 * rule of the specification in one place. It is
 *
 *  - a second correct device, which the suite has to pass;
 *  - what mutants are made of: options.fault breaks one rule, exactly where it is kept;
 *  - the puppet's body: options.show presents what no correct device does.
 *
 * Nothing happens by itself: registers are written, hooks called, time passed on by
 * model_advance. Version 2 passes it on by itself, inside the write that has to wait.
 */
#ifndef VMMIO_CONFORM_MODEL_MODEL_H
#define VMMIO_CONFORM_MODEL_MODEL_H

#include <vmmio/conform/target.h>

struct model;

/* A device type that the specification does not define: gives each chain back as it is. */
#define MODEL_ID_ANYTHING 42u

/* Where the model's guest memory lies unless told otherwise: above 4 GiB, so that both
 * halves of an address register matter. */
#define MODEL_RAM_BASE UINT64_C(0x140000000)
#define MODEL_RAM_SIZE (UINT64_C(8) << 20)
#define MODEL_QUEUES_MAX 64u

/* What the registers say instead of the truth. */
enum model_show_flags {
	MODEL_SHOW_MAGIC = 1u << 0,
	MODEL_SHOW_VERSION = 1u << 1, /* only what Version reads; options.version is how it acts */
	MODEL_SHOW_DEVICE_ID = 1u << 2,
	/* All queues have QueueSizeMax 0. */
	MODEL_SHOW_NO_QUEUES = 1u << 3,
	/* No notifications are asked for: queues are looked at whenever time passes. */
	MODEL_SHOW_QUIET = 1u << 4,
	/* Split rings: avail_event without EVENT_IDX, and flags with it, say the opposite of what
	 * counts. */
	MODEL_SHOW_STRAY = 1u << 5,
};

struct model_show {
	uint32_t flags; /* of the numbers only magic, version and device_id need one */
	uint32_t magic;
	uint32_t version;
	uint32_t device_id;
	/* Bits that InterruptStatus shows beside those that are set. */
	uint32_t interrupt_extra;
	/* Status at power-on: of the driver before. */
	uint32_t status;
	/* How long resets take until model_delay_reset says otherwise. */
	uint64_t reset_ns;
	/* Once a reset of a Status that was not 0 is over, this many reads show the old one. */
	uint32_t reset_reads;
	/* How often FEATURES_OK is refused, whatever was accepted. */
	uint32_t features_refused;
	/* Once a queue reset is over, this many reads of QueueReset show 1. */
	uint32_t queue_reset_reads;
	/* So many reads of ConfigGeneration find another one each; UINT32_MAX: all. */
	uint32_t generation_moves;
	/* Added to the ids and lengths of what is given back. */
	uint32_t used_id_off, used_len_off;
	/* Bytes that a source of entropy gives for a buffer; 0: all it has room for. */
	uint32_t entropy_most;
};

/* One rule that is broken: see faults.def. */
enum model_fault {
	MODEL_FAULT_NONE,
#define FAULT(name, requirements, text, where) FAULT_##name,
#include "conform/model/faults.def"
#undef FAULT
	MODEL_FAULTS /* one more than there are */
};

/* All zero but version and device_id is a usable set. */
struct model_options {
	uint32_t version;   /* 2, 3 */
	uint32_t device_id; /* VMMIO_ID_BLOCK, VMMIO_ID_ENTROPY, MODEL_ID_ANYTHING */
	bool packed;        /* offers RING_PACKED */
	bool read_only;     /* block: offers RO */
	/* It offers all that its type can do, without the former and with the latter: bit N is
	 * bit N % 64 of word N / 64. Of a bit that means nothing to it only the offer is
	 * good: FEATURES_OK is refused to who accepts it. */
	uint64_t features_off[2];
	uint64_t features_extra[2];
	unsigned n_queues;           /* 0: 2 for a disk, else 1; at most MODEL_QUEUES_MAX */
	uint32_t queue_size;         /* 0: 256 */
	void *ram;                   /* NULL: its own */
	uint64_t ram_base;           /* ram NULL and 0: MODEL_RAM_BASE */
	uint64_t ram_size;           /* ram NULL and 0: MODEL_RAM_SIZE */
	struct vmmio_shm_region shm; /* length 0: there is none */
	struct model_show show;
	enum model_fault fault;
};

/* -EINVAL, -ENOMEM. */
VMMIO_MUST_CHECK int model_create(const struct model_options *options, struct model **out);
/* NULL is fine. */
void model_destroy(struct model *m);
/* As after power-on: registers, queues, disk; hooks are undone. Memory and clock stay. */
void model_restart(struct model *m);

uint64_t model_read(struct model *m, uint64_t offset, unsigned width);
void model_write(struct model *m, uint64_t offset, unsigned width, uint64_t value);
bool model_line(const struct model *m);

/* Guest memory as the host sees it; NULL: not all of it is guest memory. */
void *model_memory(const struct model *m, uint64_t guest, uint64_t size);

uint64_t model_now(const struct model *m);
void model_advance(struct model *m, uint64_t ns);

/* --- Hooks: as the target's of the same names ------------------------------------------- */

void model_delay_io(struct model *m, uint64_t ns);
void model_delay_reset(struct model *m, uint64_t ns);
void model_reverse_order(struct model *m, bool on);
/* -ENOTSUP: the type has no configuration space that changes. */
VMMIO_MUST_CHECK int model_change_config(struct model *m);
void model_break_down(struct model *m);
/* The config space has these bytes now: a change like any other. -EINVAL: beyond its end. */
VMMIO_MUST_CHECK int model_set_config(
	struct model *m, uint32_t offset, const void *data, size_t size);
void model_activity(const struct model *m, struct vmmio_target_activity *out);
/* -ENOTSUP: not a disk; -EINVAL: beyond its end. */
VMMIO_MUST_CHECK int model_storage_read(
	const struct model *m, uint64_t offset, void *data, size_t size);

/* Sets bits of InterruptStatus, any, without an event. */
void model_raise(struct model *m, uint32_t bits);
/* The line is high until InterruptStatus is read, whatever that holds. */
void model_spurious_line(struct model *m);

/* --- Faults ------------------------------------------------------------------------------ */

/* What a device and its traffic have to be like for a fault to show. */
enum model_fault_where {
	MODEL_AT_V2 = 1u << 0,
	MODEL_AT_V3 = 1u << 1,
	MODEL_AT_SPLIT = 1u << 2, /* any device can have split rings */
	MODEL_AT_PACKED = 1u << 3,
	MODEL_AT_BLOCK = 1u << 4,
	MODEL_AT_ENTROPY = 1u << 5,
	MODEL_AT_READ_ONLY = 1u << 6,
	MODEL_AT_WRITABLE = 1u << 7,
	MODEL_AT_NOT_PACKED = 1u << 8, /* RING_PACKED is not offered */
};

struct model_fault_info {
	const char *name;         /* "RESET_NOT_DONE" */
	const char *requirements; /* ids, separated by blanks, that a suite has to find broken */
	const char *text;         /* "zero to Status clears Status, and that is all" */
	uint32_t where;           /* enum model_fault_where */
};

/* NULL: MODEL_FAULT_NONE, or there is none of that number. */
const struct model_fault_info *model_fault_info(enum model_fault fault);
/* Whether it can show on a device with these options. */
bool model_fault_fits(enum model_fault fault, const struct model_options *options);

/* Who breaks one requirement breaks the other, or cannot be told from one that does. */
struct model_implication {
	const char *from, *to;
	const char *reason;
};

const struct model_implication *model_implications(size_t *n);

/* --- Target ------------------------------------------------------------------------------ */

/* Fills in a target over the model, which has to outlive it. -EINVAL: out->size is too small. */
VMMIO_MUST_CHECK int model_target(struct model *m, struct vmmio_target *out);

#endif
