/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy backend: random bytes of the host's for a guest (device id 4, section 5.4).
 *
 * Where they come from
 * --------------------
 *  nothing set    getrandom(2), the kernel's own generator. Right for nearly everybody.
 *  a source       a character device (/dev/hwrng), a fifo, pipe or socket that something feeds,
 *                 or a file. Read in order, no byte is handed out twice or left out, resets
 *                 included. A file is read from the start, so each start of a virtual machine
 *                 gives the same bytes: for tests.
 *
 * A buffer gets what there is, at least one byte (RNG-DEV-01) and at most max_bytes: used len
 * tells how many (RNG-DEV-02). Where there is nothing, because the source is empty, has ended or
 * failed, or the guest has had its rate, buffers wait: nothing but random bytes is ever handed
 * out as such, and no other source takes the place of one that was chosen. A source that has
 * ended or failed is tried again every second, and said in the log, ever more rarely. A reset
 * waits for no source: the buffers come back empty, and what is still read is the next life's.
 *
 * A chain without room, or with something to read (RNG-DRV-01), comes back with len 0.
 *
 * The guest's register writes only take chains off the ring; the work is done on the device's
 * executor, a bounded piece of it in each turn.
 */
#ifndef VMMIO_BACKENDS_RNG_H
#define VMMIO_BACKENDS_RNG_H

#include <vmmio/backend.h>
#include <vmmio/io.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_rng;

struct vmmio_rng_options {
	size_t size;      /* sizeof(struct vmmio_rng_options) */
	const char *path; /* the source; or fd; or neither: getrandom */
	int fd;           /* used if path is NULL; 0: none. Stays the caller's, to close and, if it
			   * is a file, to seek; a fifo or device is opened anew */
	uint16_t queue_size; /* 0: 64 */
	uint32_t max_bytes;  /* per chain, 0: 4096; at most 1 MiB. A buffer of this size is kept */
	/* A limit to what a guest can draw from the host: rate_bytes in each rate_period, by the
	 * clock of the device's executor. A reset does not renew it. */
	uint64_t rate_bytes;  /* 0: none */
	uint64_t rate_period; /* ns, 0: one second */
	struct vmmio_io *io;  /* required with a source, else not used; outlives the backend */
	uint64_t features_off[VMMIO_FEATURE_WORDS]; /* bits not to offer (tests, old drivers) */
	struct vmmio_log log;
};

/*
 * Opens the source. Control role; never waits for a writer or for data. Each refusal has one log
 * line that names the value and the remedy; nothing is left behind. options NULL: defaults.
 * -ENOENT, -EACCES, ...: what open said. -EISDIR: a directory. -ENOTSUP: a kind of file that is
 * no source. -EINVAL: an option. -EBADF: fd is not open. -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_rng_create(
	const struct vmmio_rng_options *options, struct vmmio_rng **out);

/* For vmmio_device_options.backend; good until vmmio_rng_destroy. */
VMMIO_API const struct vmmio_backend *vmmio_rng_backend(const struct vmmio_rng *rng);

/*
 * Closes the source. Control role; waits for no I/O: where a read is still in the kernel, which
 * touches nothing of a guest's, memory and descriptor go when it ends, and vmmio_io_destroy
 * answers -EBUSY until then. -EBUSY: still attached to a device. NULL is fine.
 */
VMMIO_API int vmmio_rng_destroy(struct vmmio_rng *rng);

struct vmmio_rng_counters {
	uint64_t chains;    /* that got random bytes */
	uint64_t bytes;     /* handed out */
	uint64_t refused;   /* chains without room, or with something to read */
	uint64_t cancelled; /* chains that a reset or queue reset took back empty */
	uint64_t failures;  /* of the source: errors, and reads at its end */
	uint64_t throttled; /* times that the rate made the guest wait */
	uint32_t held;      /* chains that wait now */
};

/* Any thread; never waits. Each number is right, together they may be of different moments. */
VMMIO_API void vmmio_rng_counters(const struct vmmio_rng *rng, struct vmmio_rng_counters *out);

#ifdef __cplusplus
}
#endif

#endif
