/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device, for who embeds it: create it, route MMIO accesses to it, destroy it.
 *
 * Thread roles: vCPU (any number, any time: read and write), control (create, reset, pause,
 * resume, fence, destroy). Every function says which roles may call it and whether it may
 * wait. Control functions may be called from any thread, at the same time as everything else,
 * and from inside callbacks.
 */
#ifndef VMMIO_DEVICE_H
#define VMMIO_DEVICE_H

#include <vmmio/backend.h>
#include <vmmio/executor.h>
#include <vmmio/irq.h>
#include <vmmio/memory.h>
#include <vmmio/waiter.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_device;
struct vmmio_observer;

/* A reset that is still not over at the deadline. Valid during the call. */
struct vmmio_stuck_report {
	const char *device;    /* its name */
	uint64_t age;          /* ns since the reset was accepted */
	uint32_t leases;       /* chains popped and not completed */
	bool hook_running;     /* a backend hook has not returned */
	bool answer_pending;   /* quiesce has not been answered, or failed (quiesce_error) */
	int quiesce_error;     /* the last failed answer, 0: none */
	bool has_oldest;       /* the oldest chain that is out: */
	uint32_t oldest_queue; /*   its queue */
	uint32_t oldest_head;  /*   its ring position */
};

struct vmmio_device_options {
	size_t size;                         /* sizeof(struct vmmio_device_options) */
	const char *name;                    /* for log lines; copied; NULL: "vmmio" */
	uint32_t version;                    /* 2 (also 0), or 3: asynchronous reset */
	const struct vmmio_backend *backend; /* required; copied, what it points to is not */
	struct vmmio_memory *memory;         /* required; outlives the device */
	struct vmmio_executor *executor;     /* required; outlives the device */
	struct vmmio_irq irq;
	struct vmmio_log log;
	/*
	 * A reset older than this is reported, once, to stuck (and to the log). It goes on:
	 * a deadline ends nothing. 0: 5 s; UINT64_MAX: never.
	 * stuck: called by the executor; must not block; may be NULL.
	 */
	uint64_t reset_deadline;
	void (*stuck)(void *ctx, const struct vmmio_stuck_report *report);
	void *stuck_ctx;
	/* Who watches (observer.h): an array, which is copied; NULL and 0: nobody. */
	const struct vmmio_observer *observers;
	unsigned n_observers;
};

/*
 * Creates a device with Status 0. Control role; may wait if the backend's attach does.
 * -EINVAL: an option or the backend's data is wrong; the log line says which value and
 *          what would do (size set but smaller than the struct: no line). -ENOMEM. Or what
 *          attach returned, as -EBUSY from a backend or observer that has a device already.
 * On error nothing was created and *out is untouched.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_create(
	const struct vmmio_device_options *options, struct vmmio_device **out);

/*
 * The guest reads size (1, 2, 4, 8) bytes at offset of the window. vCPU role, also from
 * inside any callback. Takes no lock, never waits, cannot fail: what cannot be read is 0.
 */
VMMIO_API uint64_t vmmio_device_read(
	const struct vmmio_device *device, uint64_t offset, unsigned size);

/*
 * The guest writes. vCPU role, also from inside any callback. Returns when the guest's
 * instruction may complete. Three writes may wait, all others never do:
 *   version 2: zero to Status, until the reset is over (PATCH-DEV-04), however long;
 *   both:      zero to QueueReady, until the queue is quiet (E27);
 *   both:      zero to Status that is zero, if the backend has config changes to undo and
 *              answers late (PATCH-DEV-06).
 * While it waits it runs the tasks of an executor that has no threads of its own.
 * A version 3 reset of a device in use never waits: poll Status.
 * 0. -EDEADLK: it would have to wait for the calling thread itself (it is inside a
 * callback of this device): no effect, and logged. -EPERM: from inside an observer of this
 * device: likewise.
 */
VMMIO_API int vmmio_device_write(
	struct vmmio_device *device, uint64_t offset, unsigned size, uint64_t value);

/*
 * The same for a VMM that must not wait: one thread with an event loop, a vCPU that can be
 * parked. vCPU role, also from inside any callback. Never waits.
 * 0: the write is complete, done is not called. VMMIO_PENDING: one of the three writes
 * has to wait; done is called exactly once when the instruction may complete (result 0), perhaps
 * before this returns. Other vCPUs go on, and their writes have their effect or none
 * as during any reset. Several vCPUs may wait for one reset, each with its own waiter.
 * -EBUSY: the waiter is still out; -EINVAL: it is NULL or has no done; -EPERM: from inside an
 * observer, as above. Nothing was written.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_write_pending(struct vmmio_device *device,
	uint64_t offset, unsigned size, uint64_t value, struct vmmio_waiter *waiter);

/* --- What the host does to a device: control role --------------------------------------------
 *
 * All are asynchronous and end like a guest's own reset: no lease, no pass is left.
 * They may be called while a register reset, a queue reset or a start is under way.
 */

/*
 * Resets the device as a zero write to Status would: the VM reboots. Joins a reset that is
 * running, and asks a backend again that failed to quiesce.
 * Until the report the embedder must not reuse guest memory nor restart a vCPU: requests of
 * the old life may still write their buffers. After it nothing of the old life touches guest
 * memory, registers or the line. vCPUs that run meanwhile do no harm: they see a reset.
 * 0: over already, done is not called. VMMIO_PENDING: done comes, with 0.
 * -EBUSY, -EINVAL: the waiter, as above. -ENODEV: the device is being destroyed.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_reset(
	struct vmmio_device *device, struct vmmio_waiter *waiter);

/*
 * Pauses the device: no chain is popped, no hook called for it, no config change
 * interrupt sent. Requests that are in flight complete first (or the backend keeps them, see
 * its pause op), and their used entries and interrupts arrive.
 * Until the report guest memory may still be written and the sink called. After it, until
 * resume, the device by itself touches nothing. What a guest writes to a register still acts,
 * inside that write: a reset, a queue reset, an InterruptACK with its call of the sink, a
 * config write. DRIVER_OK takes effect with the resume, and so do kicks: each queue is
 * looked at then. What the backend says of itself (vmmio_device_config_change,
 * vmmio_device_needs_reset) shows in the registers at once, and interrupts with the resume.
 * A reset, the guest's or the host's, does not end the pause: only a resume does.
 * So vCPUs are best stopped before, but need not be: config writes that never stop coming hold
 * the report back.
 * 0: paused, done is not called. VMMIO_PENDING: done comes: 0 paused; -ECANCELED:
 * resumed or destroyed before; -errno: what the backend's pause failed with, the device goes
 * on. Both can be the call's own answer as well; done is not called then.
 * -EALREADY: paused already, or about to be. -EBUSY, -EINVAL: the waiter. -ENODEV.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_pause(
	struct vmmio_device *device, struct vmmio_waiter *waiter);

/*
 * Ends a pause, or gives one up that is not reached yet (its waiter gets -ECANCELED).
 * No kick is lost: each queue is looked at. Interrupts that were held back are sent.
 * 0: running, done is not called. VMMIO_PENDING: done comes: 0 running; -ECANCELED: paused
 * again or destroyed before, which can be the call's own answer as well. -EALREADY: it is not
 * paused. -EBUSY, -EINVAL, -ENODEV.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_resume(
	struct vmmio_device *device, struct vmmio_waiter *waiter);

/*
 * Fences a device whose reset (register, vmmio_device_reset or destroy) does not end: the
 * embedder promises that no DMA for it can come any more. The IOMMU is unmapped, the process
 * that did the I/O is dead; that a descriptor was closed or memory unmapped in this process is
 * no such thing (I10). Chains that are out count as returned, a pending quiesce as answered,
 * and the reset ends: Status reads 0, waiters are told, a version 2 write returns.
 * What comes back later is ignored. FEATURES_OK is refused from then on, so the device is
 * dead for the driver; destroy it. reset_finish is not called. Still waited for: a hook
 * that has not returned, a thread of the backend's that touches guest memory
 * (vmmio_queue_access_begin), and a pop or completion that is under way.
 * May be called again if the reset does not end. 0. -EINVAL: no reset is under way.
 */
VMMIO_API int vmmio_device_fence(struct vmmio_device *device);

/*
 * Destroys the device: stops it like a reset, then calls destroyed, then frees it.
 * Control role, or from inside any callback. Returns at once.
 * From here on reads give 0 and writes do nothing. destroyed (may be NULL) is the one
 * release point: called once, by the executor, after which nothing touches guest memory,
 * the sink, the backend or device; memory, backend and their like may be destroyed from
 * inside it, the executor afterwards, not from inside one of its tasks as this is (it waits,
 * and is not busy because of this device). The embedder sees to it that no call on the
 * device, and no poll on its eventfds, is under way when destroyed returns, and that none
 * follows.
 * Writes that wait are told as when a reset ends, pauses and resumes get -ECANCELED, all before
 * destroyed. Of a fenced device it waits until the last chain has come back, and a quiesce
 * that was pending at the fence has been answered; vmmio_device_abandon ends that wait.
 * -EALREADY: it is being destroyed already (after destroyed no call is allowed at all).
 * device NULL: 0, and destroyed is not called.
 */
VMMIO_API int vmmio_device_destroy(
	struct vmmio_device *device, void (*destroyed)(void *ctx), void *ctx);

/*
 * A destroyed and fenced device need not wait for its chains any more: destroyed is called
 * now. If something is still out, the device, its backend (detach is not called, so it stays
 * attached) and all that the stuck requests point to stay allocated for good, and a log
 * line says so: executor and memory object too, whose destroy answers -EBUSY from then on,
 * and what the log needs. Guest memory itself may be unmapped: that is what the fence
 * promised. If nothing is out this has no effect.
 * Between vmmio_device_destroy and destroyed only. 0. -EINVAL: not destroyed, or not fenced.
 */
VMMIO_API int vmmio_device_abandon(struct vmmio_device *device);

/*
 * An eventfd for one queue's notifications, made on demand; for KVM_IOEVENTFD. Watch it
 * for input and call vmmio_device_queue_event when it is readable. It belongs to the
 * device, which closes it after destroyed.
 * Returns the descriptor (the same one each time), or -EINVAL (no such queue), -errno of
 * eventfd. Any thread; never waits.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_device_queue_eventfd(
	struct vmmio_device *device, unsigned queue);

/* The queue's eventfd is readable: drains it and looks at the queue, which may call the
 * backend's notify right here. Any thread; never waits. A kick on a device that is not
 * running is read and forgotten: the scan at the next start makes up for it (E42).
 * -EINVAL: no such queue. A queue without an eventfd is looked at just the same. */
VMMIO_API int vmmio_device_queue_event(struct vmmio_device *device, unsigned queue);

/* Counters since creation. Any thread. */
struct vmmio_device_counters {
	uint64_t resets;          /* finished: zero writes to Status, also at Status 0 */
	uint64_t queue_resets;    /* queues stopped: QueueReset or QueueReady = 0 */
	uint64_t chains;          /* popped */
	uint64_t completions;     /* put into a used ring */
	uint64_t dropped;         /* completed too late, or in time but held back (by a pause, or
				   * IN_ORDER) until it was: lease returned, nothing written */
	uint64_t wrong_tokens;    /* ignored answers */
	uint64_t interrupts;      /* times the sink was called to raise */
	uint64_t lost_pulses;     /* eventfd full or failed; InterruptStatus kept the event */
	uint64_t faults;          /* malformed rings */
	uint64_t violations;      /* register accesses no driver should make */
	uint64_t stuck;           /* resets reported at their deadline */
	uint32_t leases;          /* out now */
	bool resetting;           /* now */
};
VMMIO_API void vmmio_device_counters(
	const struct vmmio_device *device, struct vmmio_device_counters *out);

/* Whether a reset is running now; *out says how it stands, as a report at its deadline
 * would (without one: age 0). Any thread; takes short locks, waits for nothing else. */
VMMIO_API bool vmmio_device_pending(struct vmmio_device *device, struct vmmio_stuck_report *out);

#ifdef __cplusplus
}
#endif

#endif
