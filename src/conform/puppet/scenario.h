/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario as data: what the puppet presents, and what is done to the driver and to the
 * puppet, one step after the other. */
#ifndef VMMIO_CONFORM_SCENARIO_INTERNAL_H
#define VMMIO_CONFORM_SCENARIO_INTERNAL_H

#include <vmmio/conform/puppet.h>
#include <vmmio/conform/scenario.h>
#include <vmmio/spec.h>

enum deed {
	STEPS_END,

	/* The driver's functions. Left out while the driver is not up, begin apart. */
	BEGIN,
	USE,
	STOP,
	RESET_QUEUE,
	DISABLE_QUEUE,
	SUSPEND,
	CAPACITY, /* that of now, or of before the last SET_CAPACITY */

	/* After a begin that gave up: FAILED was the last that it wrote to Status. */
	FAILED_SET,

	/* The puppet's strings. */
	PRESENT,     /* from here on the device is what the scenario presents; without this
		      * step it is from the start */
	DELAY_IO,    /* value: ns */
	DELAY_RESET, /* value: ns */
	REVERSE,     /* value: on */
	RAISE,       /* value: bits */
	SPURIOUS,
	CHANGE_CONFIG,
	SET_CAPACITY, /* value: sectors */
	NEEDS_RESET,
};

/* What is expected of a driver's function. */
enum expectation {
	ANYTHING,
	WORKS,
	GIVES_UP, /* or waits for ever */
	ENDS,     /* works or gives up: but does not wait for ever */
	/* Works, if buffers of two queues came back at once (DELAY_IO 0 at a later moment). */
	WORKS_ON_TWO,
	/* Says that no more bytes came than the device has given. */
	NO_MORE_THAN_GIVEN,
};

/* When a string is pulled that is not pulled at once: behind an access, or inside of a pass. */
enum moment { NOW, AT_READ, AT_WRITE, AT_PASS };

struct step {
	enum deed deed;
	uint64_t value;

	/* Of a driver's function: judges says which requirements are kept or broken by what it
	 * comes to, and expected is the end of "expected the driver ...". */
	enum expectation expectation;
	const char *judges;
	const char *expected;

	/* Of a string. */
	enum moment moment;
	uint32_t offset, length; /* of accesses */
	uint32_t nth;            /* the nth of them, from 1 */
};

#define STEPS 16u

enum scenario_flags {
	/* A correct device: its own rehearsal, and where all skips are reported. */
	SCENARIO_ORDINARY = 1u << 0,
};

struct scenario {
	struct vmmio_scenario about;
	unsigned flags;
	struct vmmio_puppet_options show; /* version, packed, memory: the setting's */
	struct step steps[STEPS];
};

/* One file of scenarios. */
struct scenario_group {
	const struct scenario *scenarios;
	size_t n;
};

#define SCENARIO_GROUP(scenarios)                                                                  \
	{                                                                                          \
		scenarios, sizeof(scenarios) / sizeof((scenarios)[0])                              \
	}

extern const struct scenario_group scenarios_start, scenarios_features, scenarios_run;

/* NULL: there is none. */
const struct scenario *scenario_find(const char *name);

/* --- Settings ---------------------------------------------------------------------------- */

#define SETTING(s) (1u << (s))
#define SETTINGS_SPLIT (SETTING(VMMIO_V2_SPLIT) | SETTING(VMMIO_V3_SPLIT))
#define SETTINGS_V2 (SETTING(VMMIO_V2_SPLIT) | SETTING(VMMIO_V2_PACKED))
#define SETTINGS_V3 (SETTING(VMMIO_V3_SPLIT) | SETTING(VMMIO_V3_PACKED))
#define SETTINGS_ALL (SETTINGS_V2 | SETTINGS_V3)

#endif
