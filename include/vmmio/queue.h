/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues as a backend sees them: pop descriptor chains, complete them.
 * Whether the ring is split or packed does not show.
 *
 * Thread roles
 * ------------
 *  pop, suppress:  one owner thread per queue at a time. Inside the notify hook the
 *                  caller is the owner: the library never runs two notify hooks of one
 *                  queue at once.
 *  complete:       any thread, any time, also after the device was reset or the queue
 *                  stopped: what came too late is dropped for you.
 *
 * A popped chain is a lease on guest memory. The device's reset (and a queue's)
 * shows its end to the driver only when every lease has come back, so every chain
 * has to be completed exactly once, whatever happened to it: also when it was
 * cancelled. After complete nothing of the chain may be touched.
 */
#ifndef VMMIO_QUEUE_H
#define VMMIO_QUEUE_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_queue;
struct vmmio_device;

/*
 * One descriptor chain: what the device may read, then what it may write.
 * The struct is the caller's; the arrays are the library's and stay valid, like the
 * memory they point to, until the chain is completed. A descriptor that crosses from
 * one region into the next appears as two elements. Elements are never empty.
 */
struct vmmio_chain {
	vmmio_token token;
	const struct vmmio_iovec *readable;
	const struct vmmio_iovec *writable;
	uint32_t n_readable;
	uint32_t n_writable;
	uint32_t readable_len; /* bytes */
	uint32_t writable_len;
	uint32_t head; /* ring position: descriptor head (split), buffer id (packed) */
	bool pinned;   /* all of it lies in pinned regions */
};

/* One answer. len: bytes written, from the first writable byte on. */
struct vmmio_completion {
	vmmio_token token;
	uint32_t len;
};

/*
 * Takes up to max chains off the ring, in ring order. Returns how many; 0 if there
 * is none, or the queue is not running (stopped, resetting, broken, driver FAILED), or a
 * queue's size of chains was taken since notify was called last, so that a driver which adds
 * as fast as it is answered cannot keep a thread for ever: notify is called again then, by the
 * executor. After a 0 with notifications enabled the next buffer brings a notify. Who stops
 * popping before a 0 has to come back by himself, or call vmmio_queue_kick.
 * A malformed ring is a fault: the queue is broken, the driver sees
 * DEVICE_NEEDS_RESET, and 0 is returned (chains before the fault are returned first).
 * Bounded by max and the queue size. Never waits; touches ring memory.
 */
VMMIO_API unsigned vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);

/*
 * Gives chains back: used entries in the order given, one notification at most. Chains
 * given back while the device is paused get theirs with the resume, in any order.
 * A len larger than the chain's writable part is cut to it and logged.
 * Unknown and already answered tokens are ignored, counted and logged (ever more rarely).
 * Never waits; calls the interrupt sink, never a hook of the backend, so the
 * caller may hold a lock of its own.
 */
VMMIO_API void vmmio_queue_complete(
	struct vmmio_queue *queue, const struct vmmio_completion *completions, unsigned n);

/* The same for one chain. */
VMMIO_API void vmmio_queue_complete_one(struct vmmio_queue *queue, vmmio_token token, uint32_t len);

/*
 * Brackets what a backend's own threads do with chains' memory outside of notify: copy to it,
 * write a status byte. A chain may be touched from pop to complete all the same; what this
 * adds is an answer. begin false: the queue's life is over (reset, queue reset, fence):
 * touch nothing, only complete; there is no end then. begin true: a fence waits for the end.
 * I/O that the kernel does is no access of the backend's. A backend that can be fenced
 * (vmmio_device_fence) uses it; the caller has a chain of the queue that is not completed.
 * Any thread, any number at once; never waits.
 */
VMMIO_API VMMIO_MUST_CHECK bool vmmio_queue_access_begin(struct vmmio_queue *queue);
VMMIO_API void vmmio_queue_access_end(struct vmmio_queue *queue);

/*
 * Tells the dirty log (vmmio_memory_dirty_start) of len bytes from offset of the chain's
 * writable part that were or may have been written, but are not covered by the len it will
 * be completed with: a status byte behind data that fell short, the buffer of a read that
 * failed or was cancelled. After the write and before the completion; not needed for what
 * len covers. On a packed ring it also sets the used descriptor's VIRTQ_DESC_F_WRITE, which
 * says that anything at all was written (PACKED-DEV-15). Any thread; never waits, but takes
 * the queue's lock whether or not there is a log, so it is not for every chain. A token that is
 * not out is ignored as by complete.
 */
VMMIO_API void vmmio_queue_dirty(
	struct vmmio_queue *queue, vmmio_token token, uint32_t offset, uint32_t len);

/*
 * Asks the driver not to notify (a hint), or to notify again. Enabling returns true
 * if buffers came in meanwhile: pop again, no notification will tell.
 * Notifications are enabled when a queue starts.
 */
VMMIO_API bool vmmio_queue_notifications(struct vmmio_queue *queue, bool enable);

/* Its index, its device, its size as chosen by the driver (0: not running). Any thread. */
VMMIO_API unsigned vmmio_queue_index(const struct vmmio_queue *queue);
VMMIO_API struct vmmio_device *vmmio_queue_device(const struct vmmio_queue *queue);
VMMIO_API unsigned vmmio_queue_size(const struct vmmio_queue *queue);

/* Wakes whoever serves the queue: as if the driver had notified it. Any thread; notify may be
 * called right here. The device must not go meanwhile: the caller is inside a hook, or has
 * a chain of the device that it completes afterwards, or detach waits for it. */
VMMIO_API void vmmio_queue_kick(struct vmmio_queue *queue);

/* --- Faults: what a driver can get wrong in ring memory ---------------------- */

/* Numbers are stable. Each breaks the queue, nothing else. */
enum vmmio_fault {
	VMMIO_FAULT_NONE = 0,
	VMMIO_FAULT_QUEUE_SIZE = 1,        /* 0, too large, or not a power of two (split) */
	VMMIO_FAULT_AREA_ALIGNMENT = 2,    /* an area's address is misaligned */
	VMMIO_FAULT_AREA_MEMORY = 3,       /* an area is not inside one (writable) region */
	VMMIO_FAULT_AREA_OVERLAP = 4,      /* two areas overlap */
	VMMIO_FAULT_AVAIL_INDEX = 5,       /* more available than the queue holds */
	VMMIO_FAULT_HEAD = 6,              /* head or buffer id out of range */
	VMMIO_FAULT_NEXT = 7,              /* next out of range */
	VMMIO_FAULT_CHAIN_LENGTH = 8,      /* loop, or longer than the queue allows */
	VMMIO_FAULT_CHAIN_BYTES = 9,       /* 2^32 bytes or more */
	VMMIO_FAULT_ORDER = 10,            /* readable after writable */
	VMMIO_FAULT_BUFFER_MEMORY = 11,    /* outside memory, or address overflow */
	VMMIO_FAULT_BUFFER_READ_ONLY = 12, /* device-writable buffer in read-only memory */
	VMMIO_FAULT_INDIRECT_DISABLED = 13,/* INDIRECT not negotiated */
	VMMIO_FAULT_INDIRECT_FLAGS = 14,   /* INDIRECT with NEXT, or nested */
	VMMIO_FAULT_INDIRECT_LENGTH = 15,  /* 0, not a multiple of 16, or too many entries */
	VMMIO_FAULT_INDIRECT_MEMORY = 16,  /* table outside memory */
	VMMIO_FAULT_SEGMENTS = 17,         /* more pieces than the backend takes */
	VMMIO_FAULT_EMPTY_BUFFER = 18,     /* a descriptor of length 0 */
	VMMIO_FAULT_UNTERMINATED = 19,     /* packed: chain not available as a whole */
	VMMIO_FAULT_NO_MEMORY = 20,        /* the host had no memory to run the queue */
	VMMIO_FAULT_COUNT
};

/* A sentence for a log line, and the section of the specification. Never NULL. */
VMMIO_API const char *vmmio_fault_text(enum vmmio_fault fault);
VMMIO_API const char *vmmio_fault_section(enum vmmio_fault fault);

#ifdef __cplusplus
}
#endif

#endif
