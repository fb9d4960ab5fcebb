/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The register file: virtio-mmio as a pure state machine.
 *
 * One access or one event goes in; new state and a short, ordered list of
 * actions come out. No lock, no clock, no allocation, no callback. The device
 * runtime is built on it; a VMM, a fuzzer or a model checker can use it alone.
 *
 * Who may call what at the same time
 * ----------------------------------
 *  - reads (vmmio_regfile_read, _state, _row, accessors marked "any thread"):
 *    any number of threads, any time, no lock; they see atomics only;
 *  - vmmio_regfile_raise, and writes for which vmmio_regfile_lockless() is true
 *    (QueueNotify, InterruptACK): likewise;
 *  - everything else ("writer side"): one thread at a time, the caller's lock.
 *
 * The state word
 * --------------
 * Status, InterruptStatus, RESETTING and the epoch are one 64-bit atomic. An
 * epoch is one life of the device, from one reset to the next; it counts up the
 * moment a reset is accepted. The store that shows Status = 0 is the one that
 * leaves RESETTING (PATCH-DEV-07).
 */
#ifndef VMMIO_REGFILE_H
#define VMMIO_REGFILE_H

#include <vmmio/base.h>
#include <vmmio/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_regfile;

/* What the device is. Copied by vmmio_regfile_init, the arrays too. */
struct vmmio_regfile_config {
	uint32_t version;   /* 2 or 3 */
	uint32_t device_id; /* 0: a placeholder */
	uint32_t vendor_id;
	uint64_t features[VMMIO_FEATURE_WORDS]; /* offered; VERSION_1 is required */
	uint32_t n_queues;
	const uint16_t *queue_size_max; /* n_queues entries, 0: not available */
	uint32_t n_shm;
	const struct vmmio_shm_region *shm;
	uint32_t config_size; /* bytes, at most 0xf00 */
	const void *config;   /* initial bytes, NULL: zeroes */
	/* A window of config space whose writes reach the backend at any time, even
	 * during a reset (console emerg_wr). size 0: none. */
	uint32_t config_urgent_offset;
	uint32_t config_urgent_size;
};

/* The parts of a state word. Its other bits are private. */
#define VMMIO_STATE_STATUS(w) ((uint32_t)((w) & 0xffu))
#define VMMIO_STATE_INT(w) ((uint32_t)(((w) >> 8) & 0x3u))
#define VMMIO_STATE_RESETTING (UINT64_C(1) << 16)
#define VMMIO_STATE_EPOCH(w) ((uint32_t)((w) >> 32))

/* What the caller has to do after an access or event, in list order. */
enum vmmio_action_kind {
	/*
	 * Zero was written to Status. how says which case; in all of them the word
	 * is RESETTING until the caller sends VMMIO_EVENT_RESET_FINISHED.
	 *  BEGIN: a new reset; stop the device's activity, then send the event.
	 *  JOIN:  one is already running; nothing new to do (E04).
	 *  CLEAN: Status was zero already; send the event before the write
	 *         completes (PATCH-DEV-06, E22).
	 */
	VMMIO_ACTION_RESET = 1,
	/* The driver writes FEATURES_OK and the register file's own checks passed:
	 * ask the backend, then send VMMIO_EVENT_FEATURES before the write completes. */
	VMMIO_ACTION_CHECK_FEATURES,
	VMMIO_ACTION_DRIVER_OK,     /* start the device; Status shows it already */
	VMMIO_ACTION_FAILED,        /* driver gave up: take no new buffers (E21) */
	VMMIO_ACTION_QUEUE_READY,   /* queue: QueueReady went 0 -> 1, values latched */
	VMMIO_ACTION_QUEUE_STOP,    /* queue: QueueReady 1 -> 0 written; QUEUE_STOPPED ends it, and the
				     * write must not complete before (E27) */
	VMMIO_ACTION_QUEUE_RESET,   /* queue: QueueReset = 1 written; QUEUE_STOPPED ends it */
	VMMIO_ACTION_NOTIFY,        /* queue, value: as written to QueueNotify */
	VMMIO_ACTION_LINE,          /* InterruptStatus changed: set the line by the word */
	VMMIO_ACTION_CONFIG_WRITE,  /* offset, size (1, 2, 4), value: for the backend */
	VMMIO_ACTION_SUSPEND,       /* only if negotiated; SUSPENDED or NEEDS_RESET ends it */
	VMMIO_ACTION_RESUME,        /* only if suspended; RESUMED or NEEDS_RESET ends it */
};

enum vmmio_reset_how { VMMIO_RESET_BEGIN = 0, VMMIO_RESET_JOIN, VMMIO_RESET_CLEAN };

struct vmmio_action {
	enum vmmio_action_kind kind;
	uint32_t queue;
	uint32_t offset; /* of a config write, from the start of config space */
	uint32_t size;
	uint64_t value; /* RESET: enum vmmio_reset_how */
};

#define VMMIO_ACTIONS_MAX 4

struct vmmio_actions {
	unsigned n;
	struct vmmio_action list[VMMIO_ACTIONS_MAX];
};

/* What happened on the device's side. Writer side. */
enum vmmio_event {
	/* Answer to CHECK_FEATURES; arg: 1 accepted, 0 refused. Sets FEATURES_OK, and
	 * DRIVER_OK if the same write asked for it (E18). Ignored during a reset. */
	VMMIO_EVENT_FEATURES = 1,
	/* Only a reset can cure it: DEVICE_NEEDS_RESET and, with DRIVER_OK, a config
	 * change interrupt (E19, GEN-DEV-04). Swallowed during a reset (E10); with
	 * Status 0 remembered until the next non-zero write (E11). */
	VMMIO_EVENT_NEEDS_RESET,
	/* arg: queue. It is quiet: QueueReady, then QueueReset read 0; the queue's
	 * registers are back to their defaults. Ignored during a reset (E09). */
	VMMIO_EVENT_QUEUE_STOPPED,
	VMMIO_EVENT_SUSPENDED,
	VMMIO_EVENT_RESUMED,
	/* Nothing of the old life is left: everything to defaults, then, last, the
	 * store that shows Status = 0. Without effect unless RESETTING. */
	VMMIO_EVENT_RESET_FINISHED,
};

/* A queue's registers as latched at QueueReady = 1. */
struct vmmio_queue_setup {
	bool ready;
	uint32_t size;
	uint64_t desc;   /* Descriptor Area */
	uint64_t driver; /* Driver Area */
	uint64_t device; /* Device Area */
};

/* Bytes of memory for this configuration (0: it is invalid), any thread. */
VMMIO_API size_t vmmio_regfile_size(const struct vmmio_regfile_config *config);

/*
 * Makes a register file in caller's memory (aligned for max_align_t).
 * The memory belongs to the caller; there is nothing to destroy.
 * -VMMIO_EINVAL: wrong version, VERSION_1 not offered, a feature offered without
 *   the one it needs, bits that MMIO cannot carry (37, 39, 41), a queue size
 *   that the offered ring formats cannot have, config larger than 0xf00, two
 *   shared memory regions with one id; *why (if not NULL) then names it.
 * -VMMIO_ENOSPC: size too small.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_regfile_init(void *memory, size_t size,
	const struct vmmio_regfile_config *config, struct vmmio_regfile **out, const char **why);

/* One read of the driver's. Any thread. What cannot be read reads 0 (E34, E35). */
VMMIO_API uint64_t vmmio_regfile_read(const struct vmmio_regfile *rf, uint64_t offset, unsigned size);

/* Whether a write to offset needs no lock. Any thread. */
VMMIO_API bool vmmio_regfile_lockless(uint64_t offset);

/* One write of the driver's; actions is filled, possibly with none. Writer side
 * unless vmmio_regfile_lockless(offset). */
VMMIO_API void vmmio_regfile_write(struct vmmio_regfile *rf, uint64_t offset, unsigned size,
	uint64_t value, struct vmmio_actions *actions);

/* One event of the device's. Writer side. */
VMMIO_API void vmmio_regfile_event(struct vmmio_regfile *rf, enum vmmio_event event, uint32_t arg,
	struct vmmio_actions *actions);

/* Sets InterruptStatus bits on behalf of the life called epoch. Any thread.
 * Returns true if the word has them now; false (nothing changed) if that life is
 * over, a reset is running, or DRIVER_OK is not set. */
VMMIO_API bool vmmio_regfile_raise(struct vmmio_regfile *rf, uint32_t epoch, uint32_t bits);

/* The state word, acquire. Any thread. */
VMMIO_API uint64_t vmmio_regfile_state(const struct vmmio_regfile *rf);

/* The latched set-up of one queue (queue < n_queues). Writer side. */
VMMIO_API void vmmio_regfile_queue(
	const struct vmmio_regfile *rf, uint32_t queue, struct vmmio_queue_setup *out);

/* The features written by the driver so far; final once FEATURES_OK. Writer side. */
VMMIO_API void vmmio_regfile_driver_features(
	const struct vmmio_regfile *rf, uint64_t out[VMMIO_FEATURE_WORDS]);

/* Replaces config bytes; the generation changes if any byte does (returned).
 * offset + size must lie inside config space (else false). Writer side; readers see
 * the old or the new bytes, never a mixture. */
VMMIO_API bool vmmio_regfile_config_set(
	struct vmmio_regfile *rf, uint32_t offset, const void *data, uint32_t size);

/* Accesses no driver should make, so far. Any thread. */
VMMIO_API uint64_t vmmio_regfile_violations(const struct vmmio_regfile *rf);

/* --- The register table ---------------------------------------------------- */

enum vmmio_reg_dir { VMMIO_REG_R = 1, VMMIO_REG_W = 2, VMMIO_REG_RW = 3 };

/* What has to hold for a write to count. */
enum vmmio_reg_gate {
	VMMIO_GATE_NONE = 0,
	VMMIO_GATE_NO_RESET = 1,     /* dropped during a reset (E02) */
	VMMIO_GATE_QUEUE_IDLE = 2,   /* also while the selected queue is ready or absent (E29) */
	VMMIO_GATE_NEGOTIATING = 3,  /* also once FEATURES_OK is set (E17) */
	VMMIO_GATE_RING_RESET = 4,   /* also unless RING_RESET was negotiated (E31) */
};

struct vmmio_reg_row {
	uint16_t offset;
	const char *name; /* the specification's */
	uint8_t dir;      /* enum vmmio_reg_dir */
	uint8_t gate;     /* enum vmmio_reg_gate */
	uint8_t lockless; /* a write touches atomics only */
};

/* The row of a control register, NULL for a hole or config space. Any thread. */
VMMIO_API const struct vmmio_reg_row *vmmio_reg_row(uint64_t offset);

/* All rows in offset order. Any thread. */
VMMIO_API const struct vmmio_reg_row *vmmio_reg_rows(size_t *n);

#ifdef __cplusplus
}
#endif

#endif
