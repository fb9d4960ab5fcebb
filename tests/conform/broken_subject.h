/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers under test that are wrong in some way: the good one, behind a filter. */
#ifndef VMMIO_TESTS_BROKEN_SUBJECT_H
#define VMMIO_TESTS_BROKEN_SUBJECT_H

#include <vmmio/conform/subject.h>

enum wrong {
	/* --- What they say ------------------------------------------------------------- */
	CLAIMS = 1u << 0,        /* begin and use have always worked */
	REFUSES_BEGIN = 1u << 1, /* begin gives up in the end */
	REFUSES_USE = 1u << 2,
	WAITS_IN_BEGIN = 1u << 3, /* for ever, after all else */
	WAITS_IN_USE = 1u << 4,
	TAKES_64 = 1u << 5,  /* use has got 64 bytes */
	SAYS_TORN = 1u << 6, /* capacity is half old, half new */

	/* --- What they do -------------------------------------------------------------- */
	ANY_MAGIC = 1u << 7,
	ANY_VERSION = 1u << 8,
	ANY_DEVICE_ID = 1u << 9,
	NO_RESET_WAIT = 1u << 10,  /* believes that Status is 0 after a write of 0 */
	NO_FAILED = 1u << 11,      /* does not set FAILED */
	NO_REFUSAL = 1u << 12,     /* believes that FEATURES_OK has stuck */
	ACCEPTS_ALL = 1u << 13,    /* that is offered */
	ACCEPTS_LITTLE = 1u << 14, /* only VERSION_1 */
	ACKS_ALL = 1u << 15,       /* undefined bits of InterruptStatus, too */
	ACKS_NOTHING = 1u << 16,
	NO_GENERATION = 1u << 17, /* believes that ConfigGeneration is 0 */
	NO_CHANGES = 1u << 18,    /* acknowledges configuration changes, and ignores them */
	ALWAYS_NOTIFIES = 1u << 19,
	HEEDS_FLAGS = 1u << 20,         /* does not notify if the used ring's flags are 1 */
	HEEDS_EVENT = 1u << 21,         /* does not notify if avail_event says so */
	ANY_QUEUE_SIZE = 1u << 22,      /* believes that QueueSizeMax is 256 */
	NO_QUEUE_RESET_WAIT = 1u << 23, /* believes that QueueReset is 0 */
	NO_QUEUE_SETUP = 1u << 24,      /* once a queue was reset, enables it as it is */
	NO_READY_READ = 1u << 25,       /* believes that QueueReady is 0 */
	NO_READY_WRITE = 1u << 26,      /* does not write 0 to QueueReady */
	NO_SUSPEND_WAIT = 1u << 27,     /* believes Status to be as it wants it */
	ALL_OFFERED = 1u << 28,         /* believes that all features are offered */
	OLD_CAPACITY = 1u << 29,        /* looks at the disk's size, and does not believe it */
};

/* From which call of these functions on a driver is wrong, each counted from 1. */
struct wrong_from {
	unsigned begin, use;
};

/* A driver that is wrong. inner is closed with it. */
struct vmmio_subject broken_subject(
	const struct vmmio_subject *inner, uint32_t wrong, struct wrong_from from);

#endif
