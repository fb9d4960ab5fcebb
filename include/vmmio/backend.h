/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing a backend: what makes a device a disk, a console, a network card.
 *
 * Data is data (device id, features, queue sizes, config bytes), behaviour is a
 * const struct of functions. A backend pops chains, does its work and completes
 * them. It never sees Status, epochs or locks.
 *
 * Hooks of one device never overlap each other, notify, config_write and
 * queue hooks of other queues excepted where it says so (I14). No lock of the
 * library is held during any hook.
 *
 * Answer now, or keep the token and answer later: start, queue_stop, quiesce and pause
 * return 0 (done), VMMIO_PENDING (vmmio_device_answer follows, exactly once, from any
 * thread, even before the hook has returned), or -errno (failed).
 */
#ifndef VMMIO_BACKEND_H
#define VMMIO_BACKEND_H

#include <vmmio/queue.h>
#include <vmmio/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_device;

/* size first; later versions append. NULL: see each op. An op beyond size is NULL. */
struct vmmio_backend_ops {
	size_t size; /* sizeof(struct vmmio_backend_ops) */

	/*
	 * attach: the device was created on this backend; keep device for the calls below.
	 * Called by   the control role, inside vmmio_device_create, once.
	 * May block   yes. May call: vmmio_device_config_change.
	 * Answers by  returning 0, or -errno (vmmio_device_create returns it).
	 * NULL        nothing to do.
	 */
	int (*attach)(void *ctx, struct vmmio_device *device);

	/*
	 * features: is this set acceptable? All bits were offered and the transport's own
	 * rules hold already.
	 * Called by   a vCPU, inside its Status write. May block: no.
	 * Answers by  returning 0 (keep what was accepted: it holds until the next
	 *             reset_finish), or -errno: FEATURES_OK stays clear.
	 * NULL        every subset is fine.
	 * During reset  never called.
	 */
	int (*features)(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS]);

	/*
	 * start: the driver set DRIVER_OK. Chains can be popped once it is answered; then
	 * notify is called for every queue that is ready.
	 * Called by   the executor; inside the Status write if VMMIO_BACKEND_PROMPT.
	 * May block   yes (prompt: no).
	 * Answers by  0, VMMIO_PENDING and vmmio_device_answer, or -errno: the driver sees
	 *             DEVICE_NEEDS_RESET; quiesce still follows at the next reset.
	 * During reset  a reset while it is pending voids the token: quiesce is called and
	 *             a late answer is ignored (and not counted as wrong).
	 * NULL        nothing to do.
	 */
	int (*start)(void *ctx, vmmio_token token);

	/*
	 * notify: there may be buffers in this queue. Pop until 0, or wake the thread that
	 * does; who stops earlier calls vmmio_queue_kick when ready for more. Spurious calls
	 * happen; a buffer that comes after a 0 always brings one.
	 * Called by   a vCPU inside its QueueNotify write, the executor, or the thread
	 *             that called vmmio_queue_kick; for one queue one at a time, for different
	 *             queues at the same time, and at the same time as other hooks.
	 * May block   no.
	 * May call    pop and complete of this queue, vmmio_queue_kick.
	 * During reset  never begins; quiesce is called when a running one has returned.
	 * Required.
	 */
	void (*notify)(void *ctx, struct vmmio_queue *queue);

	/*
	 * queue_stop: the driver resets or disables one queue. Cancel what can be cancelled
	 * and see that each of its chains is completed soon, cancelled ones too.
	 * When this is called no notify of the queue is running and no pop succeeds any more:
	 * the backend has all the chains it will get.
	 * Called by   the executor; if VMMIO_BACKEND_PROMPT, inside the write, or by the thread
	 *             whose notify was the last to return, right after it.
	 * May block   yes (prompt: no).
	 * Answers by  0, VMMIO_PENDING, -errno (as 0, and logged). The queue counts as quiet when
	 *             this is answered and all its chains are completed; they need not be
	 *             completed when this is answered.
	 * During reset  a reset voids a pending token, as for start.
	 * NULL        the chains complete by themselves.
	 */
	int (*queue_stop)(void *ctx, struct vmmio_queue *queue, vmmio_token token);

	/*
	 * quiesce: the device is being reset or destroyed. Cancel what can be cancelled
	 * and see that every chain is completed; after the answer touch guest memory
	 * through chains only. When this is called no notify is running and no pop
	 * succeeds any more: the backend has all the chains it will get in this life.
	 * Called by   the executor; if VMMIO_BACKEND_PROMPT, inside the Status write, or by the
	 *             thread whose notify was the last to return, right after it. Only if
	 *             the driver had set DRIVER_OK in this life and start was due.
	 * May block   yes: no vCPU of a version 3 device waits, no other device either
	 *             (prompt: no).
	 * Answers by  0, VMMIO_PENDING, or -errno: Status stays non-zero, the embedder is
	 *             told, and quiesce is called again at the driver's next zero write (E12).
	 * NULL        the chains complete by themselves.
	 */
	int (*quiesce)(void *ctx, vmmio_token token);

	/*
	 * reset_finish: everything is quiet. Set the device type's own state to what it
	 * was after attach: accepted features, config bytes the driver changed, modes.
	 * Called by   the executor; if VMMIO_BACKEND_PROMPT, any thread that took the last
	 *             thing back, but never inside vmmio_queue_complete.
	 * May block   yes (prompt: no).
	 * May call    vmmio_device_config_change.
	 * Answers by  returning. Status reads 0 after that.
	 * NULL        there is no such state.
	 */
	void (*reset_finish)(void *ctx);

	/*
	 * config_write: the driver wrote config space. Nothing has changed yet: accept a
	 * value by calling vmmio_device_config_change with it (no interrupt follows
	 * from there).
	 * Called by   a vCPU inside its write; at the same time as any hook. size 1, 2 or 4;
	 *             value is in host order. May block: no.
	 * During reset  never begins, urgent windows (struct vmmio_backend) excepted.
	 * NULL        config space is read-only.
	 */
	void (*config_write)(void *ctx, uint32_t offset, uint32_t size, uint32_t value);

	/*
	 * detach: the device is gone; the last call it ever makes.
	 * Called by   the executor. May block: yes.
	 * NULL        nothing to do.
	 */
	void (*detach)(void *ctx);

	/*
	 * pause: the host pauses the device. Finish what is under way, or put it aside: chains
	 * that are kept (receive buffers that wait for data) are neither touched nor
	 * completed until resume. Chains that are worked on may complete as ever before the
	 * answer: each of their vmmio_queue_complete calls has returned by then, else its
	 * interrupt could follow the report of the pause. When this is called no notify is
	 * running and pop gives nothing.
	 * Called by   the executor; if VMMIO_BACKEND_PROMPT, inside vmmio_device_pause, a register
	 *             write, or by the thread whose notify was the last to return. Only of a
	 *             device that has started.
	 * May block   yes (prompt: no).
	 * Answers by  0, VMMIO_PENDING, or -errno: the pause fails with it, and the device goes
	 *             on; resume is not called.
	 * During reset  a reset or a resume while it is pending voids the token. After a resume
	 *             its hook follows before the next pause, whatever is answered late.
	 * NULL        every chain completes by itself before long: the pause waits for them.
	 */
	int (*pause)(void *ctx, vmmio_token token);

	/*
	 * resume: the pause is over, or was given up while pause was pending. Chains may
	 * be completed again; notify follows for each queue. If the host has paused again
	 * meanwhile, the next pause follows instead: the two are called in turns.
	 * Called by   the executor; if VMMIO_BACKEND_PROMPT, inside vmmio_device_resume or
	 *             vmmio_device_pause, or a register write. Not called if a reset came between.
	 * May block   yes (prompt: no).
	 * NULL        nothing to do.
	 */
	void (*resume)(void *ctx);
};

enum vmmio_backend_flags {
	/* start, queue_stop, quiesce, reset_finish, pause and resume never wait: they may be
	 * called in the guest's register write or the host's call, which saves a wake-up. */
	VMMIO_BACKEND_PROMPT = 1u << 0,
};

/*
 * A backend, ready to be attached to one device. Everything it points to must stay
 * valid until detach. features is the whole offer: VERSION_1 has to be in it, and of the
 * transport's own bits only those of VMMIO_TRANSPORT_FEATURES_0 can be. One backend, one
 * device: attach answers -EBUSY if it is called again before detach (yours has to, too).
 * Limits: 1024 queues of 32768 entries, 65536 segments, 0xf00 bytes of config space.
 */
struct vmmio_backend {
	size_t size; /* sizeof(struct vmmio_backend) */
	const struct vmmio_backend_ops *ops;
	void *ctx;          /* first argument of every op */
	uint32_t flags;     /* enum vmmio_backend_flags */
	uint32_t device_id; /* VMMIO_ID_*; 0: a placeholder, which drivers pass over */
	uint32_t vendor_id;
	uint64_t features[VMMIO_FEATURE_WORDS];
	uint32_t n_queues;
	const uint16_t *queue_sizes; /* n_queues maxima */
	uint32_t max_segments;       /* pieces of memory per chain, 0: 256; a chain with more
				      * breaks its queue */
	uint32_t config_size;
	const void *config; /* initial bytes, NULL: zeroes; copied */
	/* A window of config space whose writes reach config_write at any time, also during a
	 * reset: a console's emerg_wr. size 0: none. */
	uint32_t config_urgent_offset;
	uint32_t config_urgent_size;
	uint32_t n_shm; /* shared memory regions that SHMSel finds */
	const struct vmmio_shm_region *shm;
};

/* Word 0 of what the transport does by itself; word 1 has none. */
#define VMMIO_TRANSPORT_FEATURES_0                                                                 \
	(VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) | VMMIO_FEATURE(VMMIO_F_EVENT_IDX) |                 \
		VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) |        \
		VMMIO_FEATURE(VMMIO_F_RING_PACKED) | VMMIO_FEATURE(VMMIO_F_IN_ORDER) |             \
		VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM) |                                            \
		VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA) | VMMIO_FEATURE(VMMIO_F_RING_RESET))

/* --- What a backend may call on its device: any thread, between attach and detach --- */

/* Answers a hook that returned VMMIO_PENDING. result: 0 or -errno, as the hook's own
 * return. Never calls a hook from inside. Wrong and second answers: see vmmio_token. */
VMMIO_API void vmmio_device_answer(struct vmmio_device *device, vmmio_token token, int result);

/*
 * New config bytes, new generation, interrupt: one call. Bytes always take effect; the
 * interrupt is sent if the device is live, bytes really changed, and the call does not
 * come from inside config_write or reset_finish.
 * -ERANGE: outside config space. -EINVAL. Never waits.
 */
VMMIO_API int vmmio_device_config_change(
	struct vmmio_device *device, uint32_t offset, const void *data, uint32_t size);

/* Reads back config bytes. -ERANGE. */
VMMIO_API int vmmio_device_config_get(
	struct vmmio_device *device, uint32_t offset, void *data, uint32_t size);

/* The backend cannot go on without a reset: DEVICE_NEEDS_RESET and a config change
 * interrupt; reason goes to the log. Never waits. */
VMMIO_API void vmmio_device_needs_reset(struct vmmio_device *device, const char *reason);

/* The queue with this index, NULL beyond the last. Good until detach. */
VMMIO_API struct vmmio_queue *vmmio_device_queue(struct vmmio_device *device, unsigned index);

/* What the device was created with. */
struct vmmio_executor;
struct vmmio_memory;
VMMIO_API struct vmmio_executor *vmmio_device_executor(const struct vmmio_device *device);
VMMIO_API struct vmmio_memory *vmmio_device_memory(const struct vmmio_device *device);

/* One line to the device's log, prefixed with its name. printf rules. */
VMMIO_API void vmmio_device_log(const struct vmmio_device *device, enum vmmio_log_level level,
	const char *format, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 3, 4)))
#endif
	;

#ifdef __cplusplus
}
#endif

#endif
