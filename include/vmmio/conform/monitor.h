/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor: judges a driver by what it does to a virtio-mmio device of version 2 or 3,
 * requirement by requirement. It is told every register access, live or from a recorded trace,
 * and reads the rings if it is given guest memory.
 *
 *     struct vmmio_monitor *monitor;
 *     err = vmmio_monitor_create(NULL, &monitor);
 *     while (next access)
 *             vmmio_monitor_access(monitor, &access);
 *     err = vmmio_monitor_finish(monitor, &report);
 *     vmmio_monitor_free(monitor);
 *
 * A requirement passes if there was an occasion to break it and it was kept at each of them;
 * it is skipped, with the reason, if there was none. What the driver or the device write into
 * registers and rings is believed by nobody: no walk is longer than the queue.
 *
 * Threads: several may tell at once (a device with several vCPUs), for which the monitor has a
 * lock. Accesses of several vCPUs are judged in the order in which they are told.
 */
#ifndef VMMIO_CONFORM_MONITOR_H
#define VMMIO_CONFORM_MONITOR_H

#include <vmmio/conform/conform.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_monitor;
struct vmmio_observer;

enum vmmio_monitor_flags {
	/* The first access is somewhere in a driver's life: what came before is not judged by
	 * what is missing of it, and nothing is assumed of the device's state. */
	VMMIO_MONITOR_LATE = 1u << 0,
};

struct vmmio_monitor_options {
	size_t size;      /* sizeof(struct vmmio_monitor_options) */
	const char *name; /* of the report; NULL: "driver"; copied */
	uint32_t flags;   /* enum vmmio_monitor_flags */
	/* Known of the device; 0: learnt when the driver reads it. */
	uint32_t version;
	uint32_t device_id;
	/*
	 * Guest memory as the driver sees it. 0, or -errno: there is none at this address,
	 * which the driver has broken a rule with if it has given the address to the device.
	 * Called with the monitor's lock held, by the thread that tells: no call of the
	 * monitor's from inside. NULL: what only guest memory shows is skipped.
	 */
	int (*mem_read)(void *ctx, uint64_t guest, void *data, size_t size);
	void *ctx;
};

/* options NULL: all defaults. -EINVAL: options.size; -ENOMEM. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_monitor_create(
	const struct vmmio_monitor_options *options, struct vmmio_monitor **out);

/* NULL is fine. */
VMMIO_CONFORM_API void vmmio_monitor_free(struct vmmio_monitor *monitor);

struct vmmio_monitor_access {
	uint64_t time;   /* ns, any clock; only shown */
	uint64_t offset; /* into the window */
	uint64_t value;  /* written, or what the read gave */
	uint32_t size;   /* bytes, as the driver asked */
	bool write;
};

/*
 * One access that is over. Of two accesses of one vCPU the first is told first. If guest
 * memory is given, it is looked at as it is now: best before the device's side goes on, see
 * vmmio_monitor_look.
 */
VMMIO_CONFORM_API void vmmio_monitor_access(
	struct vmmio_monitor *monitor, const struct vmmio_monitor_access *access);

/* The interrupt line has changed. Optional: without it the monitor goes by InterruptStatus. */
VMMIO_CONFORM_API void vmmio_monitor_line(struct vmmio_monitor *monitor, bool high);

/*
 * Looks at the rings as they are now: the device has taken buffers, or given some back. Chains
 * that were exposed and used again between two looks are not judged. Optional; nothing
 * happens without guest memory.
 */
VMMIO_CONFORM_API void vmmio_monitor_look(struct vmmio_monitor *monitor);
/* The same in the write to QueueNotify, before it reaches the device's side. The access is
 * told as ever, when it is over. */
VMMIO_CONFORM_API void vmmio_monitor_notifying(struct vmmio_monitor *monitor, unsigned queue);

/* The device was reset by its host: the driver did not ask for it. */
VMMIO_CONFORM_API void vmmio_monitor_device_reset(struct vmmio_monitor *monitor);

/* Accesses are missing here: the monitor forgets what it believes of driver and device. Its
 * verdicts stay. */
VMMIO_CONFORM_API void vmmio_monitor_gap(struct vmmio_monitor *monitor);

/*
 * The end of the trace: the verdicts, one result for each rule. Nothing may be told to the
 * monitor afterwards; it still has to be freed. -ENOMEM, -EALREADY: finished before.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_monitor_finish(
	struct vmmio_monitor *monitor, struct vmmio_conform_report **out);

/*
 * For a device of libvmmio: an observer (struct vmmio_device_options) that tells the monitor
 * all of the above but the line. Valid as long as the monitor; one device, and finish
 * only when the device is gone or its guest stands still. Writes that libvmmio has refused
 * are left out. Needs nothing of libvmmio but its header.
 */
VMMIO_CONFORM_API const struct vmmio_observer *vmmio_monitor_observer(
	struct vmmio_monitor *monitor);

/* --- The rules --------------------------------------------------------------------------- */

struct vmmio_monitor_rule {
	const char *requirement; /* id in the catalogue */
	/* Ids that the same deed may break (or flag) as well, separated by blanks; "": none. */
	const char *implies;
	bool needs_memory;
	bool flags; /* a recommendation: flagged, not failed */
};

/* Rule number i, from 0; false: there are no more. */
VMMIO_CONFORM_API bool vmmio_monitor_rule(size_t i, struct vmmio_monitor_rule *rule);

#ifdef __cplusplus
}
#endif

#endif
