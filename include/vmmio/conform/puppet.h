/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A puppet: a virtio-mmio device to judge drivers with, in any harness. It is a whole device,
 * version 2 or 3 (a disk, a source of entropy, or one of any other type that gives each buffer
 * back as it is), and on request it presents what no correct device does: any Version,
 * DeviceID 0, a wrong magic, interrupt bits that mean nothing, Status that reads zero only
 * after so many reads or so much time, features that do not exist, a FEATURES_OK that does
 * not stick, DEVICE_NEEDS_RESET, interrupts for nothing.
 *
 *     struct vmmio_puppet_options options = {
 *             .size = sizeof(options), .version = 3, .reset_reads = 5,
 *             .memory = ram, .memory_base = 0x80000000, .memory_size = ram_size };
 *     err = vmmio_puppet_create(&options, &puppet);
 *     ... route the driver's accesses to vmmio_puppet_read and vmmio_puppet_write, hand it
 *     vmmio_puppet_line after each of them, and let time pass with vmmio_puppet_advance ...
 *
 * It needs libvmmio-conform and nothing else, has no threads, and does the same each time: its
 * clock is virtual, and stands still but for vmmio_puppet_advance (and, version 2, inside a
 * write that has to wait for the end of a reset). One thread at a time per puppet. It reads
 * and writes guest memory only inside of calls that say so. No call fails, waits in real time,
 * or prints, unless it says so. Whatever the driver writes, the work is bounded.
 */
#ifndef VMMIO_CONFORM_PUPPET_H
#define VMMIO_CONFORM_PUPPET_H

#include <vmmio/conform/conform.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_puppet;

enum vmmio_puppet_flags {
	/* What the first registers read instead of the truth. */
	VMMIO_PUPPET_MAGIC = 1u << 0,     /* shown_magic */
	VMMIO_PUPPET_VERSION = 1u << 1,   /* shown_version: version is how it acts */
	VMMIO_PUPPET_DEVICE_ID = 1u << 2, /* shown_device_id: device_id is how it acts */
	VMMIO_PUPPET_READ_ONLY = 1u << 3, /* a disk that offers RO */
	VMMIO_PUPPET_NO_QUEUES = 1u << 4, /* QueueSizeMax is 0, of all queues */
	/* It says that it wants no notifications, and looks at its queues whenever time passes. */
	VMMIO_PUPPET_QUIET = 1u << 5,
	/* Split rings: what a driver has to ignore says the opposite of what counts: avail_event
	 * without EVENT_IDX, the used ring's flags with it. */
	VMMIO_PUPPET_STRAY = 1u << 6,
};

/* All zero, size and memory apart, is a correct disk of version 2. */
struct vmmio_puppet_options {
	size_t size; /* sizeof(struct vmmio_puppet_options) */

	/* What it is. */
	uint32_t version;    /* 2 (also 0), or 3 */
	uint32_t device_id;  /* 2 (also 0): a disk of 1 MiB; 4: entropy; else: gives buffers back */
	uint32_t n_queues;   /* 0: 2 for a disk, else 1; at most 64 */
	uint32_t queue_size; /* QueueSizeMax; 0: 256; at most 32768 */
	/*
	 * It offers what it can do: the features of its type, INDIRECT_DESC, EVENT_IDX,
	 * VERSION_1, RING_PACKED, IN_ORDER, NOTIFICATION_DATA, RING_RESET, SUSPEND. Without
	 * these bits, and with those: bit N is bit N % 64 of word N / 64. Of the extra ones
	 * ACCESS_PLATFORM and ORDER_PLATFORM may be accepted, and change nothing; who accepts
	 * another one that the device does not have gets no FEATURES_OK.
	 */
	uint64_t features_off[2];
	uint64_t features_extra[2];
	struct vmmio_shm_region shm; /* what the SHM registers show; length 0: no region */

	/* Guest memory, the caller's, all of it that the device may touch; outlives the puppet. */
	void *memory;
	uint64_t memory_base; /* its guest address */
	uint64_t memory_size;

	/* What it presents. */
	uint32_t flags; /* enum vmmio_puppet_flags */
	uint32_t shown_magic;
	uint32_t shown_version;
	uint32_t shown_device_id;
	/* InterruptStatus shows these bits beside any that is set. They cannot be acknowledged. */
	uint32_t interrupt_extra;
	/* Status at power-on, left by a driver before this one. With version 3 and reset_ns
	 * or reset_reads the driver has to wait for the end of its very first reset. */
	uint32_t status;
	/* Each reset and queue reset takes this long. Where a reset has to be over within
	 * the write (version 2, or Status 0 before) the clock goes on inside of it. */
	uint64_t reset_ns;
	/* Once the reset of a Status that was not 0 is over, it shows what it was for this
	 * many reads more (also with version 2, which no correct device does). */
	uint32_t reset_reads;
	/* How many times FEATURES_OK does not stick, whatever was accepted; UINT32_MAX: always. */
	uint32_t features_refused;
	/* Once the reset of a queue is over, QueueReset shows 1 for this many reads more. */
	uint32_t queue_reset_reads;
	/* So many reads of ConfigGeneration each find that it has changed; UINT32_MAX: all. */
	uint32_t generation_moves;
	/* Added to the id (index of the chain's head, buffer id) and to the length of all that
	 * is given back: no driver is required to bear it, and none should fall over it. */
	uint32_t used_id_off;
	uint32_t used_len_off;
	/* Bytes that a source of entropy gives at most for a buffer; 0: all it has room for. */
	uint32_t entropy_most;
};

/*
 * Makes a puppet at power-on. -EINVAL: size, version, n_queues, queue_size or the guest
 * memory is not usable (memory is required); -ENOMEM. Touches no guest memory.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_puppet_create(
	const struct vmmio_puppet_options *options, struct vmmio_puppet **out);

/* Touches no guest memory. NULL is fine. */
VMMIO_CONFORM_API void vmmio_puppet_destroy(struct vmmio_puppet *puppet);

/* As after power-on. What was set below is undone; the clock goes on. */
VMMIO_CONFORM_API void vmmio_puppet_restart(struct vmmio_puppet *puppet);

/*
 * One access of the driver's: width 1, 2, 4 or 8 bytes at offset of the window; little
 * endian registers as numbers. What makes no sense reads 0, or does nothing. A write may
 * read and write guest memory: to QueueNotify, QueueReady and Status, and in version 2 time
 * passes in the one that resets.
 */
VMMIO_CONFORM_API uint64_t vmmio_puppet_read(
	struct vmmio_puppet *puppet, uint64_t offset, unsigned width);
VMMIO_CONFORM_API void vmmio_puppet_write(
	struct vmmio_puppet *puppet, uint64_t offset, unsigned width, uint64_t value);

/* The interrupt line: level, true is high. It changes inside of calls only. */
VMMIO_CONFORM_API bool vmmio_puppet_line(const struct vmmio_puppet *puppet);

/* Its clock, in ns, from 0 on; and ns more of it. What gets done meanwhile may read and
 * write guest memory. */
VMMIO_CONFORM_API uint64_t vmmio_puppet_now(const struct vmmio_puppet *puppet);
VMMIO_CONFORM_API void vmmio_puppet_advance(struct vmmio_puppet *puppet, uint64_t ns);

/* --- Pulling the strings ------------------------------------------------------------------- */

/* Buffers taken from now on are used ns after they were taken. 0: at once, those that wait
 * too, inside of this call. */
VMMIO_CONFORM_API void vmmio_puppet_delay_io(struct vmmio_puppet *puppet, uint64_t ns);

/* Resets and queue resets from now on take ns (instead of reset_ns), longer if buffers are out
 * for longer. */
VMMIO_CONFORM_API void vmmio_puppet_delay_reset(struct vmmio_puppet *puppet, uint64_t ns);

/* While on, buffers that are delayed are used last one first (unless IN_ORDER is negotiated). */
VMMIO_CONFORM_API void vmmio_puppet_reverse_order(struct vmmio_puppet *puppet, bool on);

/* The disk's size changes, with ConfigGeneration and a notification. -ENOTSUP: not a disk. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_puppet_change_config(struct vmmio_puppet *puppet);

/* The configuration space has these bytes from now on, with ConfigGeneration and a
 * notification. It is only what shows: a disk stays as large as it was. -EINVAL: beyond the
 * end of the type's configuration space. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_puppet_set_config(
	struct vmmio_puppet *puppet, uint32_t offset, const void *data, size_t size);

/* The device breaks: DEVICE_NEEDS_RESET, and a notification. With Status 0 it shows once the
 * driver writes Status, and FEATURES_OK does not stick. Only a reset helps. */
VMMIO_CONFORM_API void vmmio_puppet_needs_reset(struct vmmio_puppet *puppet);

/* Sets these bits of InterruptStatus, which stay until they are acknowledged or the device is
 * reset: notifications of nothing, bits that do not exist. */
VMMIO_CONFORM_API void vmmio_puppet_raise(struct vmmio_puppet *puppet, uint32_t bits);

/* An interrupt that nothing explains: the line is high until InterruptStatus is read next,
 * which may well read 0. */
VMMIO_CONFORM_API void vmmio_puppet_spurious(struct vmmio_puppet *puppet);

/* --- Looking behind the registers ------------------------------------------------------------ */

VMMIO_CONFORM_API struct vmmio_target_activity vmmio_puppet_activity(
	const struct vmmio_puppet *puppet);

/* What has reached the disk's media. -ENOTSUP: not a disk; -EINVAL: beyond its end. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_puppet_storage_read(
	const struct vmmio_puppet *puppet, uint64_t offset, void *data, size_t size);

/*
 * The puppet as a target: for the suite itself, or for what else speaks to targets. target
 * arrives with its size set; it is good until the puppet is destroyed, and closing it does
 * nothing. -EINVAL: size is too small.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_puppet_target(
	struct vmmio_puppet *puppet, struct vmmio_target *target);

/* --- For a harness that loads the library -------------------------------------------------- */

/*
 * All of the above behind one symbol, for a harness that does not link the library but has it by
 * dlopen of libvmmio-conform.so (or a foreign function interface):
 *
 *     object = dlopen("libvmmio-conform.so.0", RTLD_NOW | RTLD_LOCAL);
 *     get = (vmmio_puppet_api_fn *)dlsym(object, VMMIO_PUPPET_API_SYMBOL);
 *     api = get();
 *     err = api->create(&options, &puppet);
 */
struct vmmio_puppet_api {
	size_t size; /* sizeof(struct vmmio_puppet_api) of the library; functions are appended */
	int (*create)(const struct vmmio_puppet_options *options, struct vmmio_puppet **out);
	void (*destroy)(struct vmmio_puppet *puppet);
	void (*restart)(struct vmmio_puppet *puppet);
	uint64_t (*read)(struct vmmio_puppet *puppet, uint64_t offset, unsigned width);
	void (*write)(struct vmmio_puppet *puppet, uint64_t offset, unsigned width, uint64_t value);
	bool (*line)(const struct vmmio_puppet *puppet);
	uint64_t (*now)(const struct vmmio_puppet *puppet);
	void (*advance)(struct vmmio_puppet *puppet, uint64_t ns);
	void (*delay_io)(struct vmmio_puppet *puppet, uint64_t ns);
	void (*delay_reset)(struct vmmio_puppet *puppet, uint64_t ns);
	void (*reverse_order)(struct vmmio_puppet *puppet, bool on);
	int (*change_config)(struct vmmio_puppet *puppet);
	int (*set_config)(
		struct vmmio_puppet *puppet, uint32_t offset, const void *data, size_t size);
	void (*needs_reset)(struct vmmio_puppet *puppet);
	void (*raise)(struct vmmio_puppet *puppet, uint32_t bits);
	void (*spurious)(struct vmmio_puppet *puppet);
	struct vmmio_target_activity (*activity)(const struct vmmio_puppet *puppet);
	int (*storage_read)(
		const struct vmmio_puppet *puppet, uint64_t offset, void *data, size_t size);
	int (*target)(struct vmmio_puppet *puppet, struct vmmio_target *target);
};

VMMIO_CONFORM_API const struct vmmio_puppet_api *vmmio_puppet_api(void);

#define VMMIO_PUPPET_API_SYMBOL "vmmio_puppet_api"
typedef const struct vmmio_puppet_api *vmmio_puppet_api_fn(void);

#ifdef __cplusplus
}
#endif

#endif
