/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device on a manual executor whose every move a program makes: what vCPUs write, what
 * the backend answers and when, which task runs next.
 */
#ifndef VMMIO_TESTS_FUZZ_RESET_RIG_H
#define VMMIO_TESTS_FUZZ_RESET_RIG_H

#include <vmmio/device.h>

#include "fuzz.h"

#define BENCH_RAM UINT64_C(0x10000)
#define BENCH_RAM_SIZE 0x8000u

enum { BENCH_QUEUES = 2, BENCH_VCPUS = 4, BENCH_SIZE = 8 };
enum bench_hook { HOOK_START, HOOK_STOP, HOOK_QUIESCE, HOOK_PAUSE, HOOKS };

struct bench;

struct bench_waiter {
	struct vmmio_waiter waiter;
	const struct bench *bench;
	bool out;
	bool zero; /* it is a zero write to Status that waits */
};

struct bench_held {
	struct vmmio_queue *queue;
	vmmio_token token;
	const struct vmmio_iovec *writable;
	uint32_t n_writable;
};

struct bench {
	uint32_t version;
	bool packed;
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_device *dev; /* NULL after destroyed */
	struct vmmio_backend backend;
	unsigned step;

	/* The backend. */
	struct bench_held held[BENCH_QUEUES * BENCH_SIZE * 2];
	unsigned n_held;
	int answer[HOOKS];        /* what the hooks return next */
	vmmio_token pending[HOOKS]; /* 0: nothing to answer */
	bool inside;              /* a lifecycle hook is running */
	bool started;             /* start was called in this life */
	unsigned attached;

	/* The guest. */
	struct bench_waiter vcpu[BENCH_VCPUS], host, last, again;
	uint16_t avail[BENCH_QUEUES], position[BENCH_QUEUES];
	bool wrap[BENCH_QUEUES];
	bool line;

	/* What has to hold. */
	bool quiet;       /* Status has read 0 and the driver has written nothing since */
	bool fenced, destroying;
	uint32_t frozen;  /* Status when a reset was seen to run; 0: none was */
	uint8_t *copy;    /* of RAM, while quiet */
	unsigned destroyed;
	bool outstanding; /* the present reset began with work out */
};

void bench_up(struct bench *b, uint32_t version, bool packed, bool prompt, bool parks);
/* Ends everything that is out, then the device; checks that all of it ends. */
void bench_down(struct bench *b);

/* One vCPU writes; nothing if it is still waiting for an earlier write of its own. */
void bench_write(struct bench *b, unsigned vcpu, uint32_t offset, uint32_t value);
void bench_bring_up(struct bench *b, unsigned vcpu);
/* A buffer of 16 bytes, and a kick. */
void bench_add(struct bench *b, unsigned vcpu, unsigned queue);
void bench_complete(struct bench *b, unsigned which, bool late_write);
void bench_answer(struct bench *b, enum bench_hook hook, int result);
typedef int bench_call(struct vmmio_device *device, struct vmmio_waiter *waiter);
/* The host resets, pauses or resumes; nothing if that waiter is out. */
void bench_host(struct bench *b, struct bench_waiter *w, bench_call *call);
/* For vmmio_device_destroy. */
void bench_destroyed(void *ctx);
/* What has to hold after every step. */
void bench_check(struct bench *b);

#endif
