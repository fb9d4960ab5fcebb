/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device on a bench: guest memory, an executor, a puppet backend that does what a test
 * tells it, the device, and the test driver in front of it.
 */
#ifndef VMMIO_TESTS_RIG_H
#define VMMIO_TESTS_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "support/fixture.h"

#define RIG_RAM_BASE UINT64_C(0x80000000)
#define RIG_RAM_SIZE (1u << 20)
#define RIG_MAX_HELD 512
#define RIG_PATIENCE 1000000u

/* One test body runs over these: loop index i of tcase_add_loop_test(tc, t, 0, RIG_VARIANTS). */
#define RIG_VARIANTS 4
static inline uint32_t rig_version(int i)
{
	return i & 1 ? 3 : 2;
}
static inline bool rig_packed(int i)
{
	return i & 2;
}

/* --- The puppet backend: any thread ------------------------------------------------ */

struct rig_held {
	struct vmmio_queue *queue;
	struct vmmio_chain chain;
};

struct puppet {
	/* What it does; set before the device is used. */
	bool serve;            /* completes each chain inside notify, writable bytes set to 0x5a */
	bool cancel;           /* quiesce and queue_stop complete what is held */
	bool late;             /* quiesce and queue_stop submit a task that does so */
	bool polite;           /* asks before it touches a chain's memory */
	bool dma;              /* writes 0xd5 into held buffers just before it completes them */
	int features_answer;   /* what the hooks return */
	int start_answer;
	int stop_answer;
	int quiesce_answer;
	bool parks;       /* has pause and resume hooks; keeps its chains meanwhile */
	int pause_answer;
	void (*in_pause)(void *ctx);
	void (*in_resume)(void *ctx);
	void (*in_start)(void *ctx); /* called inside hooks, NULL: nothing */
	void (*in_quiesce)(void *ctx);
	void (*in_finish)(void *ctx);
	void (*in_notify)(void *ctx);
	void (*in_config)(void *ctx);
	void *ctx;

	/* What it saw. */
	_Atomic unsigned attaches, features, starts, notifies, stops, quiesces, finishes,
		config_writes, detaches, pauses, resumes;
	_Atomic unsigned hooks_running, hooks_overlapped; /* lifecycle hooks (I14) */
	_Atomic unsigned notifying; /* notify hooks running: none while quiesce is called */
	_Atomic uint64_t start_token, stop_token, quiesce_token, pause_token;
	_Atomic uint64_t config_last; /* offset << 40 | size << 32 | value */

	struct vmmio_device *dev;
	struct vmmio_backend_ops ops;
	struct vmmio_task task; /* late */
	_Atomic bool task_out;
	struct vmmio_queue *_Atomic late_queue; /* NULL: of every queue */
	pthread_mutex_t lock;
	unsigned n_held;
	struct rig_held held[RIG_MAX_HELD];
	struct vmmio_backend backend;
	uint16_t queue_sizes[64];
	uint8_t config[64];
};

/* --- Waiters ----------------------------------------------------------------------------- */

/* Counts: a second call of done is seen. */
struct rig_waiter {
	struct vmmio_waiter waiter;
	_Atomic unsigned told;
	_Atomic int result;
};
#define RIG_WAITER {.waiter.done = rig_waiter_done, .result = 1}
void rig_waiter_done(struct vmmio_waiter *waiter, int result);

/* --- The rig -------------------------------------------------------------------------- */

struct rig_options {
	uint32_t version;
	bool packed;
	bool prompt;
	bool pool;      /* a thread pool instead of the manual executor */
	bool eventfd;   /* irq by eventfd instead of level */
	unsigned n_queues; /* 0: 2 */
	uint16_t queue_size; /* 0: 16 */
	uint64_t features_off; /* of VMMIO_TRANSPORT_FEATURES_0 */
	uint64_t reset_deadline;
	const struct puppet *puppet; /* what it does; NULL: holds everything, answers at once */
	struct vmmio_executor *ex;   /* shared; NULL: one of its own */
	/* vmmio_memory_set_translate; NULL: none. */
	int (*translate)(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
		uint64_t *got);
	void *translate_ctx;
	const struct vmmio_observer *observers;
	unsigned n_observers;
};

struct rig {
	struct rig_options o;
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_device *dev; /* NULL once destroyed */
	struct vmmio_driver *driver;
	struct puppet *puppet;
	int eventfd;
	_Atomic bool line;
	_Atomic unsigned edges; /* sink calls */
	void (*on_line)(void *ctx, bool high);
	void *on_line_ctx;
	_Atomic unsigned destroyed;
	_Atomic unsigned stuck;
	struct vmmio_stuck_report report;
	struct vmmio_driver_area buffer[2]; /* 64 bytes each: device-readable, device-writable */
};

struct rig *rig_create(const struct rig_options *options);
/* Destroys the device (unless it was), runs everything out, frees all. */
void rig_free(struct rig *rig);
/* Destroys the device and waits for the report. */
void rig_destroy_device(struct rig *rig);

/* Register access, 32 bits. */
uint32_t rig_read(struct rig *rig, uint32_t offset);
int rig_write(struct rig *rig, uint32_t offset, uint32_t value);
uint32_t rig_queue_read(struct rig *rig, unsigned queue, uint32_t offset);

/* Brings the device up: features, queues, DRIVER_OK, start. Fails the test otherwise. */
void rig_up(struct rig *rig);
uint64_t rig_features(const struct rig *rig);

/* Runs the manual executor until nothing is queued; waits for a pool to do the like. */
void rig_settle(struct rig *rig);

/* Waits until Status reads 0, with a patience no correct device needs. */
void rig_wait_zero(struct rig *rig);
/* Writes zero to Status and waits. */
void rig_reset(struct rig *rig);

/* What a call with w answered: 0, or later, which is waited for. Returns the result. */
int rig_wait(struct rig *rig, struct rig_waiter *w, int answer);

/* Adds one chain (64 bytes out, 64 in) and kicks. cookie may be NULL. */
void rig_add(struct rig *rig, unsigned queue, void *cookie);
/* Used entries the driver finds; -1: the driver found the ring broken. */
int rig_reap(struct rig *rig, unsigned queue);

unsigned rig_held(struct rig *rig);
/* Completes held chain n (0: oldest) with len bytes; false: nothing held. */
bool rig_complete(struct rig *rig, unsigned n, uint32_t len);
void rig_complete_all(struct rig *rig);

/* A sum over guest memory. */
uint64_t rig_ram_sum(const struct rig *rig);

/* Proof of life: I/O on every queue works, with an interrupt. The device must be up. */
void rig_check_io(struct rig *rig);

struct vmmio_device_counters rig_counters(const struct rig *rig);

#endif
