/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver under test: how a harness brings a virtio-mmio driver up, lets it work, and stops it,
 * while a puppet (puppet.h) plays the device. A small, stable C interface: a shared object that
 * fills it in is a plugin (`--driver plugin:FILE.so`), see examples/driver_plugin.c.
 *
 * The driver runs on one thread, that of the harness. It reaches the device through the
 * struct vmmio_bus that begin is given, and nothing else. What it has to keep to:
 *
 *  Waiting    Who waits for anything calls bus->pass, with the time until the next look. The
 *             clock is virtual: it costs nothing, and without it nothing happens but what
 *             a register write does at once. Waiting for ever is fine: the harness ends it.
 *  Interrupts interrupt is called while the line is high: inside of bus->pass, and between the
 *             functions below; never inside of a register access, nor of itself. A driver
 *             that polls leaves it NULL.
 *  Memory     The bus has guest memory that is the driver's alone from begin to end. What
 *             lies in it at first is nothing that could be relied on.
 *  Again      After end (or a begin that failed) begin may come again, for another device.
 */
#ifndef VMMIO_CONFORM_SUBJECT_H
#define VMMIO_CONFORM_SUBJECT_H

#include <vmmio/conform/targets.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a driver has of the device, and of the machine around it. ctx: first argument of
 * each function. Good until end. */
struct vmmio_bus {
	size_t size; /* sizeof(struct vmmio_bus) of the harness; new fields are appended */
	void *ctx;

	/* One register access, 1, 2, 4 or 8 bytes wide, little endian registers as numbers. */
	uint64_t (*read)(void *ctx, uint64_t offset, unsigned width);
	void (*write)(void *ctx, uint64_t offset, unsigned width, uint64_t value);
	/* Lets ns pass. */
	void (*pass)(void *ctx, uint64_t ns);
	/* The clock, in ns. */
	uint64_t (*now)(void *ctx);
	/* The interrupt line: true is high. */
	bool (*line)(void *ctx);

	/* Guest memory: 1 MiB or more, 4096-aligned at both addresses. */
	void *memory;          /* where the driver sees it */
	uint64_t memory_guest; /* what the device is told */
	size_t memory_size;
};

/* ctx: the subject's. Errors are -errno, whichever: "gave up". */
struct vmmio_subject_ops {
	size_t size; /* sizeof(struct vmmio_subject_ops); new functions are appended */

	/* --- Required ------------------------------------------------------------------- */

	/* Finds out what the device is, and brings it up: after it use works. 0, or -errno. */
	int (*begin)(void *ctx, const struct vmmio_bus *bus);
	/*
	 * One round of I/O of the driver's own kind (a sector, some entropy), and its end. Over
	 * all queues that the driver uses, at once if it can. 0 or, if the caller of the
	 * driver gets data whose length the device chooses (entropy, a console's input), how many
	 * bytes of it came; -errno.
	 */
	int64_t (*use)(void *ctx);
	/* Stops the device, by a reset; begin is what comes next, or end. 0, or -errno. */
	int (*stop)(void *ctx);

	/* --- Optional: NULL (or beyond size), or -ENOTSUP, is what the driver does not do ---- */

	/* The line is high. */
	void (*interrupt)(void *ctx);
	/* Takes a queue that runs out of use, and into use again: by QueueReset
	 * (VIRTIO_F_RING_RESET), and by QueueReady. 0, or -errno. */
	int (*reset_queue)(void *ctx);
	int (*disable_queue)(void *ctx);
	/* Suspends the device and resumes it (VIRTIO_F_SUSPEND). 0, or -errno. */
	int (*suspend)(void *ctx);
	/* The size of the disk, in sectors of 512 bytes, that the driver goes by. 0, or -errno. */
	int (*capacity)(void *ctx, uint64_t *sectors);
	/* The device is gone: forgets it, and touches it no more. After a begin that failed, too.
	 */
	void (*end)(void *ctx);
	/* The driver is not needed any more. */
	void (*close)(void *ctx);
};

/* ops and name have to stay valid until close. */
struct vmmio_subject {
	size_t size; /* sizeof(struct vmmio_subject) */
	const struct vmmio_subject_ops *ops;
	void *ctx;
	const char *name;
	/* The device type that it drives; 0: a disk. */
	uint32_t device_id;
	/* The queues that its device has to have; 0: as many as the puppet's type has. */
	uint32_t n_queues;
};

/*
 * What a plugin exports under the name vmmio_subject_open. args: what stands behind the comma
 * of `plugin:FILE.so,ARGS`, "" if nothing. subject arrives zeroed, size apart, which is what
 * the harness has room for. 0, or -errno: the driver cannot be had (the plugin says why on
 * standard error).
 */
typedef int vmmio_subject_open_fn(const char *args, struct vmmio_subject *subject);

/* --- For a harness --------------------------------------------------------------------- */

/* A kind of driver under test, as struct vmmio_target_kind is one of targets. */
struct vmmio_subject_kind {
	const char *name;
	const char *usage;
	const char *about;
	int (*open)(const char *args, struct vmmio_subject *out, struct vmmio_target_error *error);
};

/* The kinds that the library has: plugin. */
VMMIO_CONFORM_API const struct vmmio_subject_kind *vmmio_subject_kinds(size_t *n);

/*
 * Opens `KIND` or `KIND:ARGS`. more: kinds of the caller's, looked at first, the last of them
 * with a NULL name; NULL: none. 0: close it with vmmio_subject_close. -EINVAL: no such kind,
 * wrong arguments, or a required function is missing; or what the kind's open returned. error
 * may be NULL; out is untouched on error.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_subject_open_spec(const char *spec,
	const struct vmmio_subject_kind *more, struct vmmio_subject *out,
	struct vmmio_target_error *error);

/* Closes it, and clears the struct. One that is cleared already, or NULL: nothing. */
VMMIO_CONFORM_API void vmmio_subject_close(struct vmmio_subject *subject);

#ifdef __cplusplus
}
#endif

#endif
