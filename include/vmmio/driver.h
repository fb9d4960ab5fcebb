/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver side of virtio-mmio, versions 2 and 3: what a test harness, a fuzzer or a
 * firmware bring-up uses to talk to a device.
 *
 * It shares nothing with the device side of this library but the numbers of the
 * specification, so a bug of one cannot hide behind the same bug of the other. It
 * reaches the device through two callbacks (register read and write) and through a
 * piece of guest memory that the caller hands over; it never looks anywhere else.
 *
 *     struct vmmio_driver *driver;
 *     err = vmmio_driver_create(&(struct vmmio_driver_config){
 *             .size = sizeof(struct vmmio_driver_config), .ops = &ops, .ctx = vm,
 *             .memory = { ram + 0x10000, 0x10000, 0x80000 } }, &driver);
 *     err = vmmio_driver_start(driver, VMMIO_FEATURE(VMMIO_F_RING_PACKED), 1, 64);
 *
 * Conventions
 * -----------
 *  Errors      0 or a positive result, or -errno with outputs untouched. Nothing prints,
 *              nothing asserts. A device that lies (used ids, lengths, indices, endless
 *              loops) gets an error, never a crash or a hang.
 *  Broken      after -EPROTO from a queue only stopping it (queue reset, queue disable,
 *              device reset) helps; vmmio_driver_queue_fault() says what the device did.
 *  Waiting     only functions with a `patience` argument (and start) wait. Between two
 *              looks they call ops.relax. Patience is in nanoseconds of ops.now, or,
 *              without a clock, the number of looks after the first. 0: look once.
 *              A wait that ran out returns -ETIMEDOUT and may be taken up again; that
 *              only looks again. reset_begin writes zero to Status once more, which
 *              is what a device needs that failed to reset.
 *  Threads     one thread at a time per driver object (the control thread). One
 *              exception: each queue that is running may be used by one other thread
 *              (functions that take a queue, and those that take a block request or a
 *              block queue index), provided that the callbacks may be called
 *              concurrently and the control thread changes no queue and no Status
 *              meanwhile.
 *  Addresses   `guest` is what the device is told, `host` where the caller sees it.
 *
 * Requirement ids in the comments name rows of the conformance catalogue.
 */
#ifndef VMMIO_DRIVER_H
#define VMMIO_DRIVER_H

#include <vmmio/base.h>
#include <vmmio/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_driver;
struct vmmio_driver_queue;
struct vmmio_driver_blk;
struct vmmio_driver_request;

/* Longest indirect table of the queues that start sets up. */
#define VMMIO_DRIVER_START_INDIRECT 8u

/* Patience that never runs out. */
#define VMMIO_DRIVER_FOREVER UINT64_MAX

/* Bound of every loop that waits for two equal ConfigGeneration reads. */
#define VMMIO_DRIVER_CONFIG_TRIES 1000u

/*
 * How the driver reaches the world. size: sizeof(struct vmmio_driver_ops).
 *
 * read, write: one register access; little endian registers as host numbers. Control
 *     registers are accessed 4 bytes wide, configuration fields 1, 2 or 4 (MMIO-DRV-04
 *     to 07). The write to Status or QueueReady may take as long as the device takes.
 * relax: called between two looks at something that has not happened yet. Yield, sleep,
 *     step a manual executor. NULL: spin.
 * now: monotonic nanoseconds. NULL: patience counts looks.
 */
struct vmmio_driver_ops {
	size_t size;
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned size);
	void (*write)(void *ctx, uint64_t offset, unsigned size, uint64_t value);
	void (*relax)(void *ctx);
	uint64_t (*now)(void *ctx);
};

/*
 * Guest memory that is the driver's alone. host and guest must be congruent modulo 4096,
 * so that what is aligned for the device is aligned for us.
 */
struct vmmio_driver_memory {
	void *host;
	uint64_t guest;
	size_t size;
};

/*
 * size: sizeof(struct vmmio_driver_config). ops and memory must outlive the driver.
 * patience: what vmmio_driver_start() has; 0: one million looks, with a clock 10 s.
 */
struct vmmio_driver_config {
	size_t size;
	const struct vmmio_driver_ops *ops;
	void *ctx;
	struct vmmio_driver_memory memory;
	uint64_t patience;
};

/* --- Life -------------------------------------------------------------------- */

/* Allocates a driver. Touches no register. -EINVAL: a bad config; -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_create(
	const struct vmmio_driver_config *config, struct vmmio_driver **out);

/*
 * Frees the driver, its queues and nothing in guest memory. Touches no register: whoever
 * wants to reuse the guest memory resets the device first. NULL is fine.
 */
VMMIO_API void vmmio_driver_destroy(struct vmmio_driver *driver);

/*
 * The whole bring-up: probe (unless done), reset, negotiate `wanted`, set up queues 0 to
 * n_queues - 1 with at most queue_size entries (0: as many as the device has; cut to what
 * the device and, for split rings, a power of two allow; with INDIRECT_DESC negotiated
 * room for tables of VMMIO_DRIVER_START_INDIRECT), DRIVER_OK. Waits up to the config's
 * patience. After a failed step FAILED is set where the order allows it
 * (GEN-DRV-22, 26, 27). Errors: those of the steps. Queues: vmmio_driver_queue().
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_start(
	struct vmmio_driver *driver, uint64_t wanted, unsigned n_queues, uint32_t queue_size);

/* --- Steps of the bring-up ----------------------------------------------------- */

/*
 * Reads MagicValue, Version and DeviceID, in this order, and stops at the first that is
 * wrong (MMIO-DRV-08, 11, 25-28, PATCH-DRV-01). -EPROTO: not a virtio device; -ENOTSUP:
 * neither version 2 nor 3; -ENODEV: DeviceID 0, a placeholder, not worth a message.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_probe(struct vmmio_driver *driver);

/* What probe read; 0 before it. */
VMMIO_API uint32_t vmmio_driver_version(const struct vmmio_driver *driver);
VMMIO_API uint32_t vmmio_driver_device_id(const struct vmmio_driver *driver);

/*
 * Resets the device: writes 0 to Status; version 3: reads Status until it is 0
 * (PATCH-DRV-02), -ETIMEDOUT when patience runs out; version 2: reads it back once
 * (GEN-DRV-13), -EPROTO when it is not 0. When done every queue is stopped and its
 * rings are free for reuse; on an error they stay as they are, because the device may
 * still use them (GEN-DRV-30). -ENODEV: not probed.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_reset(struct vmmio_driver *driver, uint64_t patience);

/*
 * The same in two halves that do not wait. begin: only the write (on version 2 that is
 * the reset). poll: one read of Status; 0: complete, queues are stopped; -EAGAIN: not yet.
 * Between the two the driver refuses everything else that changes the device: -EBUSY.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_reset_begin(struct vmmio_driver *driver);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_reset_poll(struct vmmio_driver *driver);

/*
 * ACKNOWLEDGE, DRIVER, reads the offer, accepts (wanted & offered) plus VERSION_1, sets
 * FEATURES_OK and reads it back. Bits that make no sense on MMIO or are reserved (37, 39,
 * 41, 44-49) are never accepted (GEN-DRV-09); bits 64-127 are not used. Dependencies
 * between features of the device type are the caller's. Right after a reset only.
 * -ENOTSUP: VERSION_1 or a bit of `required` is not offered, or the device refused the
 * set; FAILED is set then (GEN-DRV-11). -EBUSY: not freshly reset. Reserved and legacy
 * bits 24-27, 30, 31 are not accepted either.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_negotiate(
	struct vmmio_driver *driver, uint64_t wanted, uint64_t required);

/* What the device offered at the last negotiate (words 0 and 1, bits 0-127), and the accepted. */
VMMIO_API uint64_t vmmio_driver_offered(const struct vmmio_driver *driver, unsigned word);
VMMIO_API uint64_t vmmio_driver_features(const struct vmmio_driver *driver);
VMMIO_API bool vmmio_driver_has(const struct vmmio_driver *driver, unsigned bit);

/*
 * Sets DRIVER_OK, reads Status back, and sends the notifications that queues owe since
 * buffers were published before (GEN-DRV-28). -EIO: the device answered with
 * DEVICE_NEEDS_RESET or without DRIVER_OK; -EINVAL: features not negotiated.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_ok(struct vmmio_driver *driver);

/* Status as the device shows it, and adding FAILED to it (GEN-DRV-02: no bit is lost). */
VMMIO_API uint32_t vmmio_driver_status(struct vmmio_driver *driver);
VMMIO_API void vmmio_driver_fail(struct vmmio_driver *driver);

/* --- Registers, configuration, interrupts ------------------------------------------ */

/* One control register, 4 bytes, unchecked: for tests that break the rules on purpose. */
VMMIO_API uint32_t vmmio_driver_reg_read(struct vmmio_driver *driver, uint32_t offset);
VMMIO_API void vmmio_driver_reg_write(struct vmmio_driver *driver, uint32_t offset, uint32_t value);

/* A configuration field. size: 1, 2, 4 or 8. offset counts from the start of Config. */
struct vmmio_driver_field {
	uint32_t offset;
	uint32_t size;
	uint64_t value;
};

/*
 * Reads n fields as one snapshot: all of them between two equal ConfigGeneration reads
 * (GEN-DRV-14, 15), each in its own width, 8 bytes as two accesses of 4 (MMIO-DRV-05 to
 * 07). -EINVAL: bad size or alignment; -EAGAIN: the generation never stood still in
 * VMMIO_DRIVER_CONFIG_TRIES tries (the values mean nothing then). Whether a field exists
 * is the caller's (GEN-DRV-16).
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_config_snapshot(
	struct vmmio_driver *driver, struct vmmio_driver_field *fields, unsigned n);

/* The same for one field. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_config_read(
	struct vmmio_driver *driver, uint32_t offset, uint32_t size, uint64_t *value);

/* Writes a field. -EINVAL as above; -EBUSY: before FEATURES_OK (GEN-DRV-24). */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_config_write(
	struct vmmio_driver *driver, uint32_t offset, uint32_t size, uint64_t value);

/*
 * What the interrupt was about: VMMIO_INT_* bits, undefined ones removed (MMIO-DRV-19,
 * 31). Used-buffer means: look at every queue (MMIO-DRV-32). 0: a spurious interrupt.
 */
VMMIO_API uint32_t vmmio_driver_interrupt_status(struct vmmio_driver *driver);

/* Acknowledges handled events; undefined bits are never written (MMIO-DRV-20, 21). */
VMMIO_API void vmmio_driver_interrupt_ack(struct vmmio_driver *driver, uint32_t events);

/* --- Guest memory ------------------------------------------------------------------- */

/* A piece of guest memory. */
struct vmmio_driver_area {
	void *host;
	uint64_t guest;
	size_t size;
};

/*
 * Takes zeroed memory out of config.memory. align: a power of two, of the guest address.
 * The bookkeeping lies outside guest memory. Control thread. -ENOMEM; -EINVAL.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_alloc(
	struct vmmio_driver *driver, size_t size, size_t align, struct vmmio_driver_area *area);

/* Gives it back. The caller knows that the device is done with it. Not ours: ignored. */
VMMIO_API void vmmio_driver_free(struct vmmio_driver *driver, const struct vmmio_driver_area *area);

/* Bytes of config.memory not in use. */
VMMIO_API size_t vmmio_driver_memory_left(const struct vmmio_driver *driver);

/* --- Queues: life --------------------------------------------------------------------- */

/*
 * size: entries; 0: QueueSizeMax, for a split ring cut to a power of two.
 * indirect: longest indirect table, in descriptors; room for one table per entry is
 *     taken at setup. 0: no indirect chains.
 * Split or packed, EVENT_IDX, IN_ORDER and NOTIFICATION_DATA follow the features.
 */
struct vmmio_driver_queue_config {
	uint32_t size;
	uint32_t indirect;
};

/*
 * Sets up and enables queue `index` after negotiate or after it was stopped: QueueSel,
 * QueueReady reads 0, QueueSizeMax, zeroed rings, QueueSize, three addresses, QueueReady
 * (MMIO-DRV-15, 16, 23, 24, 34, GEN-DRV-21). config NULL: all defaults. The queue object
 * belongs to the driver and stays the same for an index until the driver is destroyed.
 * -ENOENT: the device has no such queue; -EBUSY: running, or QueueReady is not 0;
 * -EINVAL: size too large, or not a power of two for a split ring; indirect without the
 * feature; features not negotiated; -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_setup(struct vmmio_driver *driver, uint32_t index,
	const struct vmmio_driver_queue_config *config, struct vmmio_driver_queue **queue);

/* The object of queue `index`, NULL if it was never set up. */
VMMIO_API struct vmmio_driver_queue *vmmio_driver_queue(
	struct vmmio_driver *driver, uint32_t index);

/*
 * Queue reset (needs VIRTIO_F_RING_RESET): QueueReset = 1, then reads until 0
 * (MMIO-DRV-22, GEN-DRV-19). Afterwards the queue is stopped, its rings are free, and it
 * may be set up again with other values. begin and poll are the halves that do not wait
 * (poll: -EAGAIN). -ENOTSUP: not negotiated; -EINVAL: not running; -ETIMEDOUT. Control.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_reset(
	struct vmmio_driver_queue *queue, uint64_t patience);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_reset_begin(struct vmmio_driver_queue *queue);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_reset_poll(struct vmmio_driver_queue *queue);

/*
 * Stops the queue: QueueReady = 0, then reads it back until 0 (MMIO-DRV-17, 18); the
 * device may hold up the write. Otherwise like queue reset, without a feature. Control.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_disable(
	struct vmmio_driver_queue *queue, uint64_t patience);

/*
 * After the queue stopped: the cookies of chains the device never returned, one per call.
 * True: *cookie is one. False: no more. They are forgotten at the next setup.
 */
VMMIO_API bool vmmio_driver_queue_detach(struct vmmio_driver_queue *queue, void **cookie);

/* --- Queues: use ------------------------------------------------------------------------ */

/* A piece of guest memory as the device is told. */
struct vmmio_driver_seg {
	uint64_t addr;
	uint32_t len;
};

/*
 * One descriptor chain: what the device reads (out), then what it writes (in).
 * cookie: comes back from poll. indirect: as one indirect descriptor.
 */
struct vmmio_driver_chain {
	const struct vmmio_driver_seg *out;
	const struct vmmio_driver_seg *in;
	unsigned n_out;
	unsigned n_in;
	void *cookie;
	bool indirect;
};

/* A chain that came back. len: bytes the device says it wrote, at most the chain's. */
struct vmmio_driver_used {
	void *cookie;
	uint32_t id; /* as returned by add */
	uint32_t len;
};

/*
 * Puts a chain into the ring without showing it to the device. Returns its id (head index,
 * buffer id). The addresses are not checked, so a test may lie. -ENOSPC: no room now;
 * -EINVAL: empty, longer than the queue or the indirect table, longer than 2^32 bytes,
 * indirect without room for tables; -EPROTO: queue is broken; -ESHUTDOWN: stopped.
 * (SPLIT-DRV-02 to 10, PACKED-DRV-02, 03, 06 to 15.)
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_add(
	struct vmmio_driver_queue *queue, const struct vmmio_driver_chain *chain);

/* Shows all added chains to the device, in the order added (one release store). */
VMMIO_API void vmmio_driver_queue_publish(struct vmmio_driver_queue *queue);

/*
 * Publishes, then notifies if the device wants it: used flags, avail_event or the device's
 * event suppression structure, read after a full fence (SPLIT-DRV-20 to 25, 30,
 * PACKED-DRV-18). Nothing published since the last kick: no notification. Before DRIVER_OK
 * the notification is put off until then. Returns 1 if it notified, else 0.
 */
VMMIO_API int vmmio_driver_queue_kick(struct vmmio_driver_queue *queue);

/*
 * Writes QueueNotify whatever the device wants: the index, or with NOTIFICATION_DATA the
 * data word (MMIO-DRV-35, GEN-DRV-47, PACKED-DRV-04). For tests.
 */
VMMIO_API void vmmio_driver_queue_notify(struct vmmio_driver_queue *queue);

/*
 * Takes one used chain. 1: *used is filled; 0: none; -EPROTO: the device broke the rules
 * (now or before); -ESHUTDOWN: stopped. With IN_ORDER chains that the device skipped come
 * back one by one as fully written. Bounded.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_poll(
	struct vmmio_driver_queue *queue, struct vmmio_driver_used *used);

/*
 * Polls until a chain came back. 0: *used is filled; -ETIMEDOUT; -EIO: Status shows
 * DEVICE_NEEDS_RESET, waiting is pointless (GEN-DRV-04); errors of poll.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_wait(
	struct vmmio_driver_queue *queue, struct vmmio_driver_used *used, uint64_t patience);

/*
 * Used buffer notifications. Enabling returns true if used chains are waiting already:
 * poll again, no interrupt may come for them. Disabling is a hint, spurious interrupts
 * remain possible (SPLIT-DRV-12 to 16, PACKED-DRV-19). A fresh queue is enabled.
 */
VMMIO_API bool vmmio_driver_queue_interrupts(struct vmmio_driver_queue *queue, bool enable);

/*
 * Enables, but only after n more chains were used (1: the next one). Without EVENT_IDX the
 * same as enabling. Returns true if n are waiting already. n: 1 to the chains in
 * flight, else it is cut. Counts once: call it again for the next round. Packed rings count
 * descriptors, so with chains of different lengths it is an estimate.
 */
VMMIO_API bool vmmio_driver_queue_interrupt_after(struct vmmio_driver_queue *queue, unsigned n);

/* Chains added and not yet returned; entries of the ring; descriptors free; number. */
VMMIO_API unsigned vmmio_driver_queue_in_flight(const struct vmmio_driver_queue *queue);
VMMIO_API uint32_t vmmio_driver_queue_size(const struct vmmio_driver_queue *queue);
VMMIO_API uint32_t vmmio_driver_queue_free_descs(const struct vmmio_driver_queue *queue);
VMMIO_API uint32_t vmmio_driver_queue_index(const struct vmmio_driver_queue *queue);

/* The three areas of a running queue, so that a hostile test can write into them. */
struct vmmio_driver_areas {
	struct vmmio_driver_area desc;
	struct vmmio_driver_area driver;
	struct vmmio_driver_area device;
};

/* -ESHUTDOWN: the queue is stopped and has none. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_queue_areas(
	const struct vmmio_driver_queue *queue, struct vmmio_driver_areas *areas);

/* What broke a queue. */
enum vmmio_driver_fault_kind {
	VMMIO_DRIVER_FAULT_NONE = 0,
	VMMIO_DRIVER_FAULT_USED_ID,  /* no chain in flight has this id */
	VMMIO_DRIVER_FAULT_USED_LEN, /* more than the chain's writable bytes */
	VMMIO_DRIVER_FAULT_USED_IDX, /* used idx ran ahead of what was made available */
	VMMIO_DRIVER_FAULT_ORDER,    /* IN_ORDER negotiated and not kept */
};

/* id and len: what the device wrote; for USED_IDX id is the idx. */
struct vmmio_driver_fault {
	enum vmmio_driver_fault_kind kind;
	uint32_t id;
	uint32_t len;
};

VMMIO_API struct vmmio_driver_fault vmmio_driver_queue_fault(
	const struct vmmio_driver_queue *queue);

/* --- Block device ------------------------------------------------------------------------- */

/* The feature bits that the block helpers know how to use; a good `wanted`. */
#define VMMIO_DRIVER_BLK_FEATURES                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_SIZE_MAX) | VMMIO_FEATURE(VMMIO_BLK_F_SEG_MAX) |           \
		VMMIO_FEATURE(VMMIO_BLK_F_RO) | VMMIO_FEATURE(VMMIO_BLK_F_BLK_SIZE) |         \
		VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_MQ) |            \
		VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) | VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES))

/*
 * depth: requests in flight per queue (0: 32).
 * bounce: bytes of bounce buffer per queue for the synchronous calls, a multiple of 512
 *     (0: 4096); longer transfers become several requests.
 */
struct vmmio_driver_blk_config {
	uint32_t depth;
	uint32_t bounce;
};

/* What the configuration space says; fields without their feature are 0. */
struct vmmio_driver_blk_info {
	uint64_t capacity; /* sectors of 512 bytes */
	uint32_t blk_size;
	uint32_t size_max;
	uint32_t seg_max;
	uint32_t num_queues; /* 1 without MQ */
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	bool read_only;
};

/*
 * Block helpers for a driver that was started. Takes memory for headers, status bytes and
 * bounce buffers of the queues that are set up. config NULL: defaults. They survive resets
 * and new setups of these queues. -ENODEV: not a block device; -EINVAL: a bad config, or
 * no queue; -ENOMEM; errors of config_snapshot. Control.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_create(struct vmmio_driver *driver,
	const struct vmmio_driver_blk_config *config, struct vmmio_driver_blk **out);

/*
 * Frees it and its requests, before the driver is destroyed, and when the device can touch
 * its memory no more: nothing is in flight, or the queues are stopped. NULL is fine.
 */
VMMIO_API void vmmio_driver_blk_destroy(struct vmmio_driver_blk *blk);

/* The configuration as last read; refresh reads it again (BLK-DRV-12). Control. */
VMMIO_API struct vmmio_driver_blk_info vmmio_driver_blk_info(const struct vmmio_driver_blk *blk);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_refresh(struct vmmio_driver_blk *blk);

/*
 * After queues were stopped (and maybe set up again): every request that the device can
 * no longer answer is done with -ECANCELED, and comes out of poll. Returns how many.
 * Control.
 */
VMMIO_API unsigned vmmio_driver_blk_cancel(struct vmmio_driver_blk *blk);

/*
 * One request. type: VMMIO_BLK_T_*. data: guest memory, n_data segments, read for OUT,
 * written for IN and GET_ID, none for FLUSH; for DISCARD and WRITE_ZEROES leave it empty
 * and give sector, sectors and unmap: one segment. raw: send what is given, whatever
 * the type, the lengths and the capacity are (for tests: an unknown type is an OUT with
 * writable set to false).
 */
struct vmmio_driver_blk_op {
	uint32_t type;
	uint32_t sectors;
	uint64_t sector;
	const struct vmmio_driver_seg *data;
	unsigned n_data;
	bool unmap;
	bool writable; /* raw only: the device may write data */
	bool raw;
	bool indirect;
	bool defer_kick; /* only add; a later submit or kick shows it to the device */
	void *cookie;
};

/*
 * Sends a request; never waits. It stays in flight until poll or wait returned it, and is
 * the caller's until release. -EINVAL: against BLK-DRV-13, 15 to 20, 22, 25, or op not
 * understood; -EROFS: a write to a read-only device; -ENOTSUP: feature not negotiated;
 * -EAGAIN: depth or ring is full; errors of queue_add.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_submit(struct vmmio_driver_blk *blk, uint32_t queue,
	const struct vmmio_driver_blk_op *op, struct vmmio_driver_request **request);

/* Shows deferred requests to the device and notifies it. Returns as queue_kick. */
VMMIO_API int vmmio_driver_blk_kick(struct vmmio_driver_blk *blk, uint32_t queue);

/*
 * Next request that is done on this queue: 1 and *request, 0, or the queue's -errno. The
 * cookies of the queue belong to the block helpers: no chains of your own beside them.
 * Each done request comes out once, here or from wait.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_poll(
	struct vmmio_driver_blk *blk, uint32_t queue, struct vmmio_driver_request **request);

/* Waits for this request, kicking first; others that come meanwhile are kept for poll.
 * Returns the wait's outcome: 0, -ETIMEDOUT, -EIO (NEEDS_RESET), errors of queue_poll. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_wait(
	struct vmmio_driver_request *request, uint64_t patience);

/*
 * Its result: 0; -EIO (IOERR); -ENOTSUP (UNSUPP); -EPROTO (any other status, or success
 * with fewer bytes than asked for); -ECANCELED; -EINPROGRESS while it is in flight.
 */
VMMIO_API int vmmio_driver_request_result(const struct vmmio_driver_request *request);
VMMIO_API void *vmmio_driver_request_cookie(const struct vmmio_driver_request *request);
VMMIO_API uint32_t vmmio_driver_request_len(const struct vmmio_driver_request *request);

/* Gives it back. One that is still in flight is given back when it comes. */
VMMIO_API void vmmio_driver_request_release(struct vmmio_driver_request *request);

/*
 * Synchronous forms, through the bounce buffer: 0, the request's result, or why waiting
 * ended. After -ETIMEDOUT the queue's bounce buffer stays with the device; until it comes
 * back further synchronous calls on the queue return -EBUSY. len: a multiple of 512.
 * A failed transfer of several requests may have been done in part.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_read(struct vmmio_driver_blk *blk, uint32_t queue,
	uint64_t sector, void *data, size_t len, uint64_t patience);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_write(struct vmmio_driver_blk *blk, uint32_t queue,
	uint64_t sector, const void *data, size_t len, uint64_t patience);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_flush(
	struct vmmio_driver_blk *blk, uint32_t queue, uint64_t patience);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_discard(struct vmmio_driver_blk *blk,
	uint32_t queue, uint64_t sector, uint32_t sectors, uint64_t patience);
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_write_zeroes(struct vmmio_driver_blk *blk,
	uint32_t queue, uint64_t sector, uint32_t sectors, bool unmap, uint64_t patience);

/* id: VMMIO_BLK_ID_BYTES bytes, zero terminated only when shorter. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_driver_blk_get_id(
	struct vmmio_driver_blk *blk, uint32_t queue, char *id, uint64_t patience);

#ifdef __cplusplus
}
#endif

#endif
