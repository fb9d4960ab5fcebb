/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block backend: a raw image or a block device as a virtio disk (device id 2).
 *
 * Raw means raw: the contents are never probed, so a guest cannot turn its disk into
 * another format.
 */
#ifndef VMMIO_BACKENDS_BLK_H
#define VMMIO_BACKENDS_BLK_H

#include <vmmio/backend.h>
#include <vmmio/io.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_blk;

struct vmmio_blk_options {
	size_t size;        /* sizeof(struct vmmio_blk_options) */
	const char *path;   /* image or block device; or fd */
	int fd;             /* used if path is NULL, not 0; opened anew, stays the caller's */
	bool read_only;     /* VIRTIO_BLK_F_RO; the image is opened O_RDONLY */
	bool direct;        /* O_DIRECT; unaligned guest buffers go through bounce buffers. With
			     * fd: it has to be open with O_DIRECT */
	bool write_through; /* writes reach the medium before they are acknowledged, until the
			     * driver switches (CONFIG_WCE) */
	bool no_lock;       /* do not take the F_OFD_SETLK lock: somebody else guards it (or the
			     * caller holds such a lock on fd) */
	uint32_t n_queues;  /* 0: 1; at most 64 */
	uint16_t queue_size;  /* 0: 256 */
	uint32_t seg_max;     /* 0: 126 */
	uint32_t block_size;  /* logical, 0: 512; a power of two, at most 65536 */
	uint32_t physical_block_size; /* topology, 0: block_size */
	uint32_t min_io_size;         /* topology, bytes, 0: block_size */
	uint32_t opt_io_size;         /* topology, bytes, 0: none */
	const char *serial;   /* GET_ID, at most 20 bytes; NULL: "vmmio" */
	struct vmmio_io *io;  /* required; shared by any number of devices; outlives the disk */
	/* For tests and measurements: every completion, and its lease, is held back by so
	 * many ns; a reset can cut that short only if delay_cancellable. */
	uint64_t delay;
	bool delay_cancellable;
	uint64_t features_off[VMMIO_FEATURE_WORDS]; /* bits not to offer (tests, old drivers) */
	struct vmmio_log log;
	/*
	 * Bounce mode: data goes through buffers of the backend's own, at the cost of a copy. A
	 * reset then waits for no I/O: what is in the kernel is given up, its buffer and request
	 * stay until it comes back, and nothing of the guest's is touched by it. A request of the
	 * next driver that overlaps a write given up waits for it, so that an old write never
	 * overtakes a new one. Beyond bounce_max bytes of such requests (0: 64 MiB), or 4096 of
	 * them, further ones are waited for as without bounce mode. A thread that copies to or
	 * from guest memory whose page is missing is waited for in any case. The kernel may hold
	 * more back: a write that is stuck often has the lock of its file. Without bounce mode
	 * a request that hangs in the kernel keeps its reset open, and nobody can promise what
	 * vmmio_device_fence asks for: the kernel may still fill the guest's buffer.
	 */
	bool bounce;
	uint64_t bounce_max;
};

/*
 * Opens and locks the image. Control role. Each refusal has one log line that names the
 * value and the remedy; nothing is left behind.
 * -ENOENT, -EACCES, ...: what open said. -EISDIR: a directory. -ENOTBLK: neither a regular
 * file nor a block device. -EINVAL: an option, or the size is not a multiple of 512 (or of
 * block_size). -EAGAIN: locked by somebody else. -ENOTSUP: O_DIRECT is refused here.
 * -ENOMEM.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_blk_create(
	const struct vmmio_blk_options *options, struct vmmio_blk **out);

/* For vmmio_device_options.backend; good until vmmio_blk_destroy. */
VMMIO_API const struct vmmio_backend *vmmio_blk_backend(const struct vmmio_blk *blk);

/* Closes and unlocks. -EBUSY: still attached to a device, or (bounce mode) requests that were
 * given up are still in the kernel: try again. NULL is fine. */
VMMIO_API int vmmio_blk_destroy(struct vmmio_blk *blk);

/*
 * The image has a new size: reads it again, capacity changes, and a running driver gets
 * a config change interrupt. Requests beyond the new end fail with IOERR. Any thread;
 * waits for no I/O; not from inside the interrupt sink, which it calls. -EINVAL: the size is
 * not a multiple of the block size (capacity stays). -errno of fstat.
 */
VMMIO_API int vmmio_blk_resize(struct vmmio_blk *blk);

struct vmmio_blk_counters {
	uint64_t reads, writes, flushes, discards, write_zeroes, get_ids;
	uint64_t bytes_read, bytes_written;
	uint64_t errors;      /* requests answered IOERR */
	uint64_t unsupported; /* answered UNSUPP */
	uint64_t cancelled;   /* ended by a reset or queue reset */
	uint32_t in_flight;
	uint32_t orphans; /* given up by a reset (bounce mode), and still in the kernel */
};
VMMIO_API void vmmio_blk_counters(const struct vmmio_blk *blk, struct vmmio_blk_counters *out);

#ifdef __cplusplus
}
#endif

#endif
