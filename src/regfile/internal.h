/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the register file. Private to src/regfile and to its unit tests.
 *
 * What reset clears and what is read without a lock live apart:
 *
 *  struct regfile_writer, struct regfile_queue
 *      written and read by the writer side only (the caller's lock). Reset assigns them
 *      whole, so a field added later cannot be forgotten.
 *  the atomics
 *      state       changed by compare-and-swap only: by the writer side, and by raise and
 *                  InterruptACK on any thread. acq_rel, read with acquire.
 *      the others  stored by the writer side only, with release; read with acquire.
 *                  Those that reset clears are stored before the state word that shows
 *                  Status = 0, so whoever reads that 0 sees them cleared.
 */
#ifndef VMMIO_REGFILE_INTERNAL_H
#define VMMIO_REGFILE_INTERNAL_H

#include <stdatomic.h>
#include <vmmio/regfile.h>

/* NOTIFICATION_DATA was negotiated: lives in the state word, because QueueNotify is read
 * without a lock and must not pair one life's format with another life's Status. */
#define STATE_NOTIFICATION_DATA (UINT64_C(1) << 17)
#define STATE_INT(bits) ((uint64_t)(bits) << 8)
#define STATE_EPOCH_ONE (UINT64_C(1) << 32)
#define STATE_EPOCH_MASK (~UINT64_C(0) << 32)

/* QueueNotify has 16 bits for the index. */
#define QUEUES_MAX 65536u
#define SHM_MAX 256u
#define CONFIG_MAX 0xf00u

/* Per-queue flags, one byte each. */
#define QUEUE_READY 0x1u    /* QueueReady reads 1 */
#define QUEUE_RESET 0x2u    /* QueueReset reads 1 */
#define QUEUE_STOPPING 0x4u /* waiting for VMMIO_EVENT_QUEUE_STOPPED; READY is set too */

enum { AREA_DESC = 0, AREA_DRIVER = 2, AREA_DEVICE = 4, AREA_HALVES = 6 };

/* No padding here and in regfile_writer: the tests compare bytes. */
struct regfile_queue {
	uint32_t size;
	uint32_t area[AREA_HALVES]; /* low and high halves of the three addresses */
};

enum regfile_suspend {
	SUSPEND_NONE = 0,
	SUSPEND_STOPPING,  /* SUSPEND set, SUSPENDED not yet sent */
	SUSPEND_DONE,      /* SUSPEND set, DRIVER_OK cleared */
	SUSPEND_RESUMING,  /* as before, and DRIVER_OK was written */
};

struct regfile_writer {
	uint64_t driver_features[VMMIO_FEATURE_WORDS];
	uint32_t suspend;            /* enum regfile_suspend */
	uint32_t suspend_generation; /* ConfigGeneration when it was suspended */
	uint8_t check_pending;       /* CHECK_FEATURES is out, FEATURES not yet in */
	uint8_t check_driver_ok;     /* the writes waiting for it had DRIVER_OK too */
	uint8_t needs_reset;         /* raised at Status 0: shown from the next write on (E11) */
	uint8_t reserved[5];
};

enum regfile_selector { SEL_DEVICE_FEATURES, SEL_DRIVER_FEATURES, SEL_QUEUE, SEL_SHM, SEL_COUNT };

struct vmmio_regfile {
	/* Constant after init. */
	uint32_t version, device_id, vendor_id;
	uint32_t n_queues, n_shm, config_size;
	uint32_t urgent_offset, urgent_size;
	uint64_t features[VMMIO_FEATURE_WORDS];
	const struct vmmio_shm_region *shm;
	const uint16_t *queue_size_max;
	struct regfile_queue *queue;          /* what it points to: writer side */
	_Atomic uint8_t *queue_flags;         /* atomics, see above */
	_Atomic uint32_t *config[2];          /* the buffer in use: generation & 1 */
	_Atomic uint64_t *violations;         /* own counter, writable by readers too */

	/* Atomics. */
	_Atomic uint64_t state;
	_Atomic uint32_t selector[SEL_COUNT];
	_Atomic uint32_t generation;
	_Atomic uint64_t violation_count;     /* any thread, relaxed: only a count */

	struct regfile_writer writer;
};

static inline uint64_t state_load(const struct vmmio_regfile *rf)
{
	return atomic_load_explicit(&rf->state, memory_order_acquire);
}

static inline uint32_t selector_load(const struct vmmio_regfile *rf, enum regfile_selector which)
{
	return atomic_load_explicit(&rf->selector[which], memory_order_acquire);
}

/* The flags of a queue, 0 for one that is not there. Any index. */
static inline unsigned queue_flags_load(const struct vmmio_regfile *rf, uint32_t queue)
{
	if (queue >= rf->n_queues)
		return 0;
	return atomic_load_explicit(&rf->queue_flags[queue], memory_order_acquire);
}

/* One whole word of config space, i < config_size / 4; why this is enough: config.c. */
static inline uint32_t config_word_load(const struct vmmio_regfile *rf, uint32_t i)
{
	uint32_t generation, value;

	do {
		generation = atomic_load_explicit(&rf->generation, memory_order_acquire);
		value = atomic_load_explicit(&rf->config[generation & 1][i], memory_order_acquire);
	} while (atomic_load_explicit(&rf->generation, memory_order_relaxed) != generation);
	return value;
}

/* QueueSizeMax: 0 for a queue that is not there. Any index. */
static inline uint32_t queue_size_max(const struct vmmio_regfile *rf, uint32_t queue)
{
	return queue < rf->n_queues ? rf->queue_size_max[queue] : 0;
}

static inline bool feature_in(const uint64_t set[VMMIO_FEATURE_WORDS], unsigned bit)
{
	return (set[bit / 64] & VMMIO_FEATURE(bit)) != 0;
}

/* Writer side: driver_features is final once FEATURES_OK is set. */
static inline bool negotiated(const struct vmmio_regfile *rf, unsigned bit)
{
	return (VMMIO_STATE_STATUS(state_load(rf)) & VMMIO_STATUS_FEATURES_OK) &&
		feature_in(rf->writer.driver_features, bit);
}

static inline void action_add(struct vmmio_actions *actions, struct vmmio_action action)
{
	if (actions->n < VMMIO_ACTIONS_MAX)
		actions->list[actions->n++] = action;
}

static inline void action_kind(struct vmmio_actions *actions, enum vmmio_action_kind kind)
{
	action_add(actions, (struct vmmio_action){ .kind = kind });
}

/* An access was refused or a write dropped. Any thread. */
static inline void violation_count(const struct vmmio_regfile *rf)
{
	atomic_fetch_add_explicit(rf->violations, 1, memory_order_relaxed);
}

/* state.c: sets bits of the word in the present life and returns the old word. Writer
 * side, outside a reset. */
uint64_t vmmio_regfile_state_change(struct vmmio_regfile *rf, uint64_t clear, uint64_t set);
void vmmio_regfile_ack(struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions);

/* features.c: NULL, or what is wrong with what the device offers. */
const char *vmmio_regfile_offer_check(const struct vmmio_regfile_config *config);
/* Whether the set written by the driver passes the transport's own checks (E17). */
bool vmmio_regfile_features_acceptable(const struct vmmio_regfile *rf);

/* status.c, reset.c */
void vmmio_regfile_status_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions);
void vmmio_regfile_features_answer(
	struct vmmio_regfile *rf, bool accepted, struct vmmio_actions *actions);
void vmmio_regfile_needs_reset(struct vmmio_regfile *rf, struct vmmio_actions *actions);
void vmmio_regfile_suspended(struct vmmio_regfile *rf);
void vmmio_regfile_resumed(struct vmmio_regfile *rf, struct vmmio_actions *actions);
void vmmio_regfile_reset_begin(struct vmmio_regfile *rf, struct vmmio_actions *actions);
void vmmio_regfile_reset_finish(struct vmmio_regfile *rf);

/* queue.c */
void vmmio_regfile_queue_default(struct vmmio_regfile *rf, uint32_t queue);
void vmmio_regfile_queue_ready_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions);
void vmmio_regfile_queue_reset_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions);
void vmmio_regfile_queue_stopped(struct vmmio_regfile *rf, uint32_t queue);
void vmmio_regfile_queue_notify(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions);

/* config.c: offset from the start of config space. */
uint64_t vmmio_regfile_config_read(
	const struct vmmio_regfile *rf, uint64_t offset, unsigned size);
void vmmio_regfile_config_write(struct vmmio_regfile *rf, uint64_t offset, unsigned size,
	uint64_t value, struct vmmio_actions *actions);

#endif
