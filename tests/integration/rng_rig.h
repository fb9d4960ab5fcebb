/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An entropy device on a bench: source, I/O engine, executor, device, driver.
 */
#ifndef VMMIO_TESTS_RNG_RIG_H
#define VMMIO_TESTS_RNG_RIG_H

#include <stdatomic.h>
#include <vmmio/backends/rng.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "support/fixture.h"

/* A test body runs over these: version 2 or 3, split or packed, io_uring or plain engine,
 * guest memory pinned or not. Manual engines are all the same: RNG_MANUAL. */
#define RNG_VARIANTS 16
#define RNG_MANUAL 4
#define RNG_ROOM (2u << 20)
#define RNG_POISON 0xee
#define RNG_SECOND UINT64_C(1000000000)

enum rng_source {
	RNG_SOURCE_NONE, /* getrandom */
	RNG_SOURCE_PIPE, /* rig.feed is its other end */
	RNG_SOURCE_SOCKET,
	RNG_SOURCE_FILE, /* rig.feed writes it; the bytes of rng_byte from the start */
	RNG_SOURCES
};

struct rng_rig_options {
	int variant;
	bool manual; /* executor and I/O engine */
	enum rng_source source;
	uint32_t file_size;
	bool no_in_order;             /* do not negotiate it */
	struct vmmio_rng_options rng; /* source and io are filled in if they are not set */
};

struct rng_rig {
	struct rng_rig_options o;
	int feed, source; /* descriptors, -1: none */
	uint64_t fed;     /* bytes of rng_byte written to feed */
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io;
	struct vmmio_rng *rng;
	struct vmmio_device *dev;
	struct vmmio_driver *driver;
	struct vmmio_driver_area in;
	_Atomic bool line;
	_Atomic bool dying;
	_Atomic unsigned destroyed;
};

/* The kernel's generator, watched, and made to fail. */
struct rng_host {
	_Atomic unsigned calls, failing;
	_Atomic size_t largest;              /* bytes of a call */
	void (*inside)(struct rng_rig *rig); /* called by the next call, with rig; before threads */
	struct rng_rig *rig;
};
extern struct rng_host rng_host;

/* Byte n of the known bytes; none is like the poison. */
uint8_t rng_byte(uint64_t n);

/* The device exists and is not started. */
struct rng_rig *rng_rig_new(const struct rng_rig_options *options);
/* Driver up, queue running, buffers poisoned. */
void rng_rig_start(struct rng_rig *rig);
struct rng_rig *rng_rig_run(const struct rng_rig_options *options); /* both */
void rng_rig_destroy(struct rng_rig *rig); /* the device; without waiting */
void rng_rig_free(struct rng_rig *rig);

/* Runs what is to run; with threads, between two looks at something that is to happen. */
void rng_settle(struct rng_rig *rig);
/* n more known bytes for the source. */
void rng_feed(struct rng_rig *rig, uint32_t n);
/* One chain of in, cut into pieces of the given lengths (0 ends), and a kick. cookie: at. */
void rng_add_cut(struct rng_rig *rig, uint32_t at, const uint32_t *pieces);
void rng_add(struct rng_rig *rig, uint32_t at, uint32_t len);
/* The next used chain, or false: none. */
bool rng_poll(struct rng_rig *rig, uint32_t *at, uint32_t *len);
/* The same, waited for; it has to be the chain at. Returns len. */
uint32_t rng_wait(struct rng_rig *rig, uint32_t at);
/* Whether the buffer holds known bytes n on, len of them, and then poison. */
bool rng_known(struct rng_rig *rig, uint32_t at, uint64_t n, uint32_t len);
/* How many of len bytes are not the poison: of random ones nearly all. */
uint32_t rng_changed(struct rng_rig *rig, uint32_t at, uint32_t len);
bool rng_untouched(struct rng_rig *rig); /* none of them is */
uint32_t rng_leases(struct rng_rig *rig);
struct vmmio_rng_counters rng_counters(struct rng_rig *rig);

/* --- Step by step: manual ones --------------------------------------------------------------- */

#define AT(i) ((i)*8192u) /* where the tests put their buffers */

/* One chain comes, that one; none does. Settle first. */
bool rng_comes(struct rng_rig *rig, uint32_t at, uint32_t len);
bool rng_nothing_comes(struct rng_rig *rig);
/* The executor alone: whatever the engine has stays there. */
void rng_run_tasks(struct rng_rig *rig);
/* Zero to Status, and the executor alone: it is over then. */
void rng_reset(struct rng_rig *rig);
/* A rig for it. */
struct rng_rig *rng_rig_manual(int variant, enum rng_source source);

#endif
