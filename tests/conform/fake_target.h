/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A target for tests of the suite's engine: a table of registers with as much of a device behind
 * it as the engine looks at, memory, a clock that only wait moves, and hooks that are counted.
 * What it can do, and when it stops to answer, is for the test to say.
 */
#ifndef VMMIO_TESTS_FAKE_TARGET_H
#define VMMIO_TESTS_FAKE_TARGET_H

#include <vmmio/conform/target.h>
#include <vmmio/spec.h>

enum {
	FAKE_MEMORY = 1 << 20,
	FAKE_QUEUES = 3,
	FAKE_LOG = 64,
};

#define FAKE_BASE UINT64_C(0x140000000)

struct fake_write {
	uint64_t offset, value;
};

struct fake {
	/* What the device is. */
	uint32_t magic, version, device_id;
	uint64_t features;
	uint32_t queue_size;
	/* What it is at. */
	uint32_t status, interrupt, queue_sel, features_sel;
	uint32_t ready[FAKE_QUEUES];
	uint32_t other[0x40]; /* registers that just keep what is written */
	uint8_t memory[FAKE_MEMORY];
	uint64_t now;
	/* How it behaves. */
	uint64_t dies_at;   /* this access, from 1, gets -EIO, and so do all after it; 0: none */
	bool stuck;         /* Status does not become 0 */
	bool clock_stands;
	int restart_error, hook_error, memory_error, line_error;
	/* What was seen of the suite. */
	uint64_t accesses;
	struct fake_write writes[FAKE_LOG]; /* the first ones */
	unsigned n_writes;
	unsigned restarts, resets;
	unsigned n_delay_io, n_delay_reset, n_reverse; /* calls */
	uint64_t delay_io, delay_reset;
	bool reverse;

	struct vmmio_target_ops ops;
	struct vmmio_target target;
};

/* A device of version 2 and type 2 that can do all; tests take away what they like. */
void fake_init(struct fake *fake);
/* How often this was written. */
unsigned fake_wrote(const struct fake *fake, uint64_t offset, uint64_t value);

#endif
