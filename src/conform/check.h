/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a check is, and what it has to work with. A check looks at one behaviour; it names
 * every requirement it judges, and says for each sentence of the specification it
 * looks at whether it is kept (judge). It runs on a device that was restarted or reset.
 *
 * Accesses do not return errors: a device that does not answer ends the check (and is what
 * the check reports). So does need(), which ends it without a verdict.
 */
#ifndef VMMIO_CONFORM_CHECK_H
#define VMMIO_CONFORM_CHECK_H

#include <stdarg.h>
#include <vmmio/conform/conform.h>
#include <vmmio/spec.h>

struct conform;

enum check_needs {
	NEEDS_MEMORY = 1u << 0,
	NEEDS_LINE = 1u << 1,
	NEEDS_V2 = 1u << 2,
	NEEDS_V3 = 1u << 3,
	NEEDS_SPLIT = 1u << 4,  /* the check's queues are split rings */
	NEEDS_PACKED = 1u << 5, /* ... packed rings; needs the feature */
	NEEDS_TRAFFIC = 1u << 6, /* a device type whose requests the suite can make (traffic.h) */
	NEEDS_BLOCK = 1u << 7,
	NEEDS_ENTROPY = 1u << 8,
	NEEDS_WRITES = 1u << 9, /* writes to the device's storage: --destructive */
	NEEDS_RING_RESET = 1u << 10,
	NEEDS_INDIRECT = 1u << 11,
	NEEDS_EVENT_IDX = 1u << 12,
	NEEDS_IN_ORDER = 1u << 13,
	NEEDS_SUSPEND = 1u << 14,
	NEEDS_KNOWN = 1u << 15, /* VMMIO_TARGET_KNOWN */
	NEEDS_DELAY_IO = 1u << 16,
	NEEDS_DELAY_RESET = 1u << 17,
	NEEDS_REVERSE = 1u << 18,
	NEEDS_CHANGE_CONFIG = 1u << 19,
	NEEDS_BREAK_DOWN = 1u << 20,
	NEEDS_ACTIVITY = 1u << 21,
	NEEDS_STORAGE = 1u << 22,
	NEEDS_NOTIFICATION_DATA = 1u << 23,
	/* Runs on whatever there is, also where MagicValue, Version or DeviceID say that there is
		 * no device to judge; then only what the target has may be needed. */
	NEEDS_NO_DEVICE = 1u << 31,
};

/* A device that completes whatever chain it gets. Only if the target says that it was configured
 * to be that (VMMIO_TARGET_KNOWN): in the specification's list the number is that of RDMA devices,
 * which are not to be handed just anything. */
#define SUITE_ANY_DEVICE 42u

struct check {
	const char *name;
	const char *title;
	const char *requirements;
	uint32_t needs; /* what is missing skips the check, with that reason */
	void (*run)(struct conform *c);
};

/* One file of checks. */
struct check_topic {
	const char *name;
	const struct check *checks;
	size_t n;
};

#define CHECK_TOPIC(name, checks) {name, checks, sizeof(checks) / sizeof((checks)[0])}

/* --- Verdicts ------------------------------------------------------------------------- */

/*
 * Is the sentence kept? The rest says what was done, expected and seen, as printf wants it,
 * without a full stop: "expected Status 0 after ..., saw 0x%x". Returns ok. A requirement
 * passes if it was judged at least once and never badly; a bad one is remembered with the
 * first of its details. The check goes on.
 */
bool judge(struct conform *c, const char *requirement, bool ok, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For what goes against the sentence's sense but not its letter: flagged, never a failure. */
bool remark(struct conform *c, const char *requirement, bool ok, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same as judge for two requirements that say the same. */
bool judge_both(struct conform *c, const char *one, const char *other, bool ok, const char *format,
	...) __attribute__((format(printf, 5, 6)));

/* Ends the check if not ok: what is not judged yet is skipped for this reason. For what goes
 * wrong on the way to what the check is about, which other checks judge. */
void need(struct conform *c, bool ok, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));

/* Says why this requirement is not judged here, where the rest of the check is. */
void not_judged(struct conform *c, const char *requirement, const char *reason);

/* From here on passes are proofs: a hook has brought about what is looked for. */
void by_hook(struct conform *c);
/* ... or only looks, again. */
void by_look(struct conform *c);

/* --- Registers ------------------------------------------------------------------------ */

uint32_t rd(struct conform *c, uint32_t offset);
void wr(struct conform *c, uint32_t offset, uint32_t value);
uint64_t rd_width(struct conform *c, uint64_t offset, unsigned width);
void wr_width(struct conform *c, uint64_t offset, unsigned width, uint64_t value);

/* What the device is, read once at the run's begin. */
uint32_t version(const struct conform *c);
uint32_t device_id(const struct conform *c);
bool offered(const struct conform *c, unsigned bit);
uint64_t offered_word(const struct conform *c, unsigned word);
unsigned n_queues(const struct conform *c);              /* found by QueueSizeMax, at most 64 */
uint32_t queue_size_max(const struct conform *c, unsigned queue);
const struct vmmio_target *target(const struct conform *c);

/* A config field, little endian, in accesses of its width (8: two of 4). */
uint64_t config_read(struct conform *c, uint32_t offset, unsigned size);

/* --- Line ------------------------------------------------------------------------------- */

bool line(struct conform *c);     /* false without the ability: check has_line first */
bool has_line(const struct conform *c);

/* --- Time -------------------------------------------------------------------------------- */

/* Lets ns pass. */
void pass_time(struct conform *c, uint64_t ns);
uint64_t now(struct conform *c);
/* How long the suite waits for what has to come. */
uint64_t patience(const struct conform *c);
/* Lets as much time pass as shows that something does not come. */
void settle(struct conform *c);

/* Polls until the predicate holds, at most for ns. */
bool wait_until(struct conform *c, bool (*holds)(struct conform *c, void *arg), void *arg, uint64_t ns);
/* Status reads 0, or not in time. */
bool wait_reset(struct conform *c);
/* What InterruptStatus reads as soon as it is not 0; 0: it stays that. */
uint32_t wait_event(struct conform *c);
bool wait_until_any_interrupt(struct conform *c);
/* The line is at this level; only with has_line. */
bool wait_line(struct conform *c, bool high);
/* InterruptStatus has all these bits. */
bool wait_interrupt(struct conform *c, uint32_t bits);

/* --- Hooks: only where the check NEEDS_ them, or can(c, ...) ------------------------------- */

bool can(const struct conform *c, uint32_t needs);
/* The check's device is as after power-on, not only reset. */
bool is_anew(const struct conform *c);
void delay_io(struct conform *c, uint64_t ns);
void delay_reset(struct conform *c, uint64_t ns);
void reverse_order(struct conform *c, bool on);
void change_config(struct conform *c);
void break_down(struct conform *c);
struct vmmio_target_activity activity(struct conform *c);
void storage_read(struct conform *c, uint64_t offset, void *data, size_t size);

/* --- Guest memory -------------------------------------------------------------------------- */

/* Zeroed guest memory, the check's until it ends. Ends the check when there is none left. */
uint64_t take(struct conform *c, uint64_t size, uint64_t align);
uint64_t memory_left(const struct conform *c);
void put(struct conform *c, uint64_t guest, const void *data, size_t size);
void get(struct conform *c, uint64_t guest, void *data, size_t size);
void fill(struct conform *c, uint64_t guest, uint8_t byte, size_t size);
/* The first byte from guest on that is not byte, as an offset; size if all are. */
size_t differs(struct conform *c, uint64_t guest, uint8_t byte, size_t size);
uint16_t get16(struct conform *c, uint64_t guest);
uint32_t get32(struct conform *c, uint64_t guest);
uint64_t get64(struct conform *c, uint64_t guest);
void put16(struct conform *c, uint64_t guest, uint16_t value);
void put32(struct conform *c, uint64_t guest, uint32_t value);
void put64(struct conform *c, uint64_t guest, uint64_t value);

/* --- Bringing the device up ------------------------------------------------------------------ */

/* Writes 0 to Status and waits until it reads 0; ends the check if it never does. */
void reset(struct conform *c);
/* ACKNOWLEDGE, DRIVER. */
void acknowledge(struct conform *c);
/* Writes the accepted features and FEATURES_OK; whether it reads back. */
bool negotiate(struct conform *c, uint64_t word0, uint64_t word1);
/* Reset, ACKNOWLEDGE, DRIVER, features (those of base_features come by themselves), FEATURES_OK.
 * Ends the check if FEATURES_OK does not stick. */
void negotiate_fresh(struct conform *c, uint64_t features);
/* Sets DRIVER_OK, reads Status back; ends the check if it does not show. */
void driver_ok(struct conform *c);
/* What a driver has to accept of any device: VERSION_1, and what is offered of the bits without
 * which a device may refuse to work (ACCESS_PLATFORM, ORDER_PLATFORM). */
uint64_t base_features(const struct conform *c);
/* The features among these that the device offers (first word). */
uint64_t if_offered(const struct conform *c, uint64_t features);
/* RING_PACKED if the check's queues are packed: because it NEEDS_PACKED, or else because
 * the device offers it and the check does not NEEDS_SPLIT. */
uint64_t ring_feature(const struct conform *c);
/* The features of word 0 that the check's device was last brought up with. */
uint64_t accepted(const struct conform *c);
/* For a check that negotiates by hand: rings and requests follow these features. */
void assume_accepted(struct conform *c, uint64_t features);

#endif
