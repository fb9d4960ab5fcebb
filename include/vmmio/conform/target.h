/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the conformance suite reaches a device: registers, guest memory, the interrupt line,
 * time, and what else the device's side can do on request. A small, stable C interface: a
 * shared object that fills it in is a plugin (`plugin:FILE.so`), see examples/plugin.c.
 *
 * The suite uses one target from one thread at a time. A target promises:
 *
 *  Answers   read, write, mem_read, mem_write return 0, or -errno: the device does not answer
 *            any more, which the suite reports as a failure of the device. An access that
 *            a device ignores is not an error: it reads 0, or has no effect. Callbacks may
 *            take as long as the device takes.
 *  Memory    mem_read and mem_write of 1, 2, 4 or 8 aligned bytes are one access; what was
 *            written is seen by the device in the order in which it was written, and a
 *            register write comes after all of it.
 *  Time      wait lets time pass on the device's clock. Where that is a virtual clock the
 *            suite never sleeps (VMMIO_TARGET_VIRTUAL_TIME).
 *  Optional  A function that is NULL (or beyond size), or that returns -ENOTSUP, is
 *            something the target cannot do: checks that need it are skipped, with that reason.
 */
#ifndef VMMIO_CONFORM_TARGET_H
#define VMMIO_CONFORM_TARGET_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went on behind the registers, counted since the target was opened or restarted. */
struct vmmio_target_activity {
	uint64_t taken;     /* descriptor chains that the device took off its queues */
	uint64_t in_flight; /* of them those that it has not given back or dropped yet */
	uint64_t resets;    /* device resets that have ended */
};

struct vmmio_target_ops {
	size_t size; /* sizeof(struct vmmio_target_ops); new functions are appended */

	/* --- Required ------------------------------------------------------------- */

	/* One register access, 1, 2, 4 or 8 bytes wide, little endian registers as numbers. */
	int (*read)(void *ctx, uint64_t offset, unsigned width, uint64_t *value);
	int (*write)(void *ctx, uint64_t offset, unsigned width, uint64_t value);

	/* --- Optional: what a harness has --------------------------------------------- */

	/* Guest memory by guest address, within the target's memory_base and memory_size. */
	int (*mem_read)(void *ctx, uint64_t guest, void *data, size_t size);
	int (*mem_write)(void *ctx, uint64_t guest, const void *data, size_t size);
	/* The interrupt line: 1 high, 0 low. */
	int (*line)(void *ctx);
	/* Lets at least ns pass on the device's clock. NULL: the suite sleeps. */
	int (*wait)(void *ctx, uint64_t ns);
	/* The device's clock in ns. NULL: CLOCK_MONOTONIC. */
	uint64_t (*now)(void *ctx);
	/* Makes the device anew, as after power-on, and undoes what the hooks below have set. */
	int (*restart)(void *ctx);
	/* The target is not used any more. */
	void (*close)(void *ctx);

	/* --- Optional: hooks. With them a pass is a proof, without them only a look --- */

	/* Chains taken from now on are given back no sooner than ns after they were taken.
	 * 0: at once, those that wait too. */
	int (*delay_io)(void *ctx, uint64_t ns);
	/* The device's side takes ns to stop, at each reset and queue reset from now on. 0: none. */
	int (*delay_reset)(void *ctx, uint64_t ns);
	/* Chains that are delayed by delay_io are given back last one first, while on. */
	int (*reverse_order)(void *ctx, bool on);
	/* The device changes its configuration space, once, by itself (a disk is resized). */
	int (*change_config)(void *ctx);
	/* The device's side breaks: nothing but a reset can help. */
	int (*break_down)(void *ctx);
	int (*activity)(void *ctx, struct vmmio_target_activity *out);
	/* What a block device has stored at offset (bytes), behind the driver's back. */
	int (*storage_read)(void *ctx, uint64_t offset, void *data, size_t size);
};

enum vmmio_target_flags {
	/* wait is there, and costs nothing. */
	VMMIO_TARGET_VIRTUAL_TIME = 1u << 0,
	/* What the device stores is of no value to anybody: checks may write to it. */
	VMMIO_TARGET_DISPOSABLE = 1u << 1,
	/* The four fields that begin with known_ say what the device was configured to be. */
	VMMIO_TARGET_KNOWN = 1u << 2,
	/* storage_read shows what a power cut would leave, not what may be in a cache. */
	VMMIO_TARGET_MEDIA = 1u << 3,
};

/*
 * An open target. ops and name have to stay valid until close. memory: guest memory that is
 * the suite's alone while it runs, at least 1 MiB, 4096-aligned; memory_size 0: none.
 */
struct vmmio_target {
	size_t size; /* sizeof(struct vmmio_target) */
	const struct vmmio_target_ops *ops;
	void *ctx; /* first argument of every op */
	const char *name;
	uint32_t flags; /* enum vmmio_target_flags */
	uint32_t known_device_id;
	uint64_t known_features[2]; /* offered: bit N is bit N % 64 of word N / 64 */
	uint32_t known_queues;      /* queues 0 to known_queues - 1 exist */
	uint32_t known_queue_size;  /* QueueSizeMax of all of them */
	uint64_t memory_base;
	uint64_t memory_size;
};

/*
 * What a plugin exports under the name vmmio_target_open. args: what stands behind the comma
 * of `plugin:FILE.so,ARGS`, "" if nothing. target arrives zeroed, size apart, which is what
 * the suite has room for. 0, or -errno: the target cannot be had (the plugin says why on
 * standard error). vmmio-conform opens the plugin in a process of its own, where standard output
 * is standard error, and anew in another one when the device has died or hung.
 */
typedef int vmmio_target_open_fn(const char *args, struct vmmio_target *target);

#ifdef __cplusplus
}
#endif

#endif
