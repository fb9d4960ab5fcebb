/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scripted device for the tests of the driver: a register file and naive ring consumers,
 * written from the specification's tables and sharing nothing with the library's device.
 * It fails the test at once when the driver breaks a rule (MMIO-DRV-*, GEN-DRV-*).
 */
#ifndef VMMIO_TESTS_DRIVER_FAKE_H
#define VMMIO_TESTS_DRIVER_FAKE_H

#include <check.h>
#include <vmmio/driver.h>

/* As ck_assert and ck_assert_msg, for paths that run millions of times: libcheck's own send
 * a message for each check that holds. */
#define fake_check(cond) fake_rule(cond, "%s", #cond)
#define fake_rule(cond, ...)                                                                  \
	do {                                                                                  \
		if (!(cond))                                                                  \
			ck_abort_msg(__VA_ARGS__);                                            \
	} while (0)

#define FAKE_RAM_SIZE (1u << 20)
#define FAKE_RAM_GUEST UINT64_C(0x140000000)
#define FAKE_QUEUES 4
#define FAKE_NEVER UINT32_MAX
#define FAKE_MAX_SEGS 64

struct fake_access {
	bool write;
	unsigned size;
	uint64_t offset;
	uint64_t value;
};

struct fake_chain {
	struct vmmio_driver_seg out[FAKE_MAX_SEGS];
	struct vmmio_driver_seg in[FAKE_MAX_SEGS];
	unsigned n_out;
	unsigned n_in;
	uint16_t id;
	uint16_t n_desc;
	bool indirect;
};

struct fake_queue {
	uint32_t size_max;
	uint32_t size;
	uint32_t ready;
	uint64_t addr[3];
	uint32_t reset_left; /* reads of QueueReset that still show 1 */
	uint32_t ready_left; /* reads of QueueReady that still show 1 after a 0 */
	uint16_t avail_pos;
	uint16_t used_pos;
	bool avail_wrap;
	bool used_wrap;
	unsigned kicks;
	uint32_t kick_value;
	unsigned interrupts;
};

struct fake {
	/* The script. */
	uint32_t magic;
	uint32_t version;
	uint32_t device_id;
	uint64_t offer[2];
	uint32_t reset_reads; /* Status reads that show the old value after a zero write */
	uint32_t queue_reset_reads;
	uint32_t queue_ready_reads;
	bool refuse_features;
	bool start_fails; /* DRIVER_OK brings DEVICE_NEEDS_RESET */
	bool serve_on_kick;
	uint32_t generation_steps; /* config changes between the reads, so many times */
	uint32_t (*serve)(struct fake *f, struct fake_chain *chain);

	/* Registers. */
	uint32_t status;
	uint32_t status_left;
	bool resetting;
	uint32_t device_sel;
	uint32_t driver_sel;
	bool device_sel_set;
	bool driver_sel_set;
	uint64_t accepted;
	uint32_t queue_sel;
	uint32_t interrupt;
	uint32_t generation;
	uint8_t config[64];
	struct fake_queue queues[FAKE_QUEUES];

	struct fake_access log[256];
	unsigned n_log; /* accesses so far, the log keeps the first */
	unsigned relaxed;
	uint64_t clock;
};

extern const struct vmmio_driver_ops fake_ops;
extern const struct vmmio_driver_ops fake_clock_ops;

/* A good device with every ring feature of `features` offered, and a driver for it. */
void fake_init(struct fake *f, uint32_t version, uint64_t features);
struct vmmio_driver *fake_driver(struct fake *f);

/* Guest memory, checked. */
void *fake_host(uint64_t guest, size_t size);

/* Ring consumer: takes a chain, answers it (n: with IN_ORDER, the last of so many). */
bool fake_pop(struct fake *f, unsigned queue, struct fake_chain *chain);
void fake_push_batch(struct fake *f, unsigned queue, const struct fake_chain *chains, unsigned n,
	uint32_t len);
void fake_push(struct fake *f, unsigned queue, const struct fake_chain *chain, uint32_t len);

/* Pops, serves and pushes until the ring is empty. Returns how many. */
unsigned fake_run(struct fake *f, unsigned queue);

/* Writes a used element that says whatever. */
void fake_push_raw(struct fake *f, unsigned queue, uint32_t id, uint32_t len, uint16_t n_desc);

#endif
