/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenarios: a correct device, what is none, and resets. */
#include "conform/puppet/scenario.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define FOREVER (UINT64_MAX / 2)

#define WRONG_MAGIC(scenario, magic)                                                               \
	{                                                                                          \
		.about = {scenario, "identity", "MagicValue is " #magic, "MMIO-DRV-08",            \
			SETTINGS_SPLIT, 0},                                                        \
		.show = {.flags = VMMIO_PUPPET_MAGIC, .shown_magic = (magic)},                     \
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = "MMIO-DRV-08",                \
				  .expected = "to leave the device alone"},                        \
			{.deed = USE}},                                                                    \
	}

#define WRONG_VERSION(scenario, version)                                                           \
	{                                                                                          \
		.about = {scenario, "identity", "Version is " #version, "PATCH-DRV-01",            \
			SETTINGS_SPLIT, 0},                                                        \
		.show = {.flags = VMMIO_PUPPET_VERSION, .shown_version = (version)},               \
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = "PATCH-DRV-01",               \
				  .expected = "to leave the device alone"},                        \
			{.deed = USE}},                                                                    \
	}

#define IN_USE                                                                                     \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |               \
		VMMIO_STATUS_DRIVER_OK)
#define COMPLETE "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04"

static const struct scenario scenarios[] = {
	/* --- Correct ----------------------------------------------------------------------- */
	{
		.about = {"ordinary", "ordinary", "a correct device", "", SETTINGS_ALL, 0},
		.flags = SCENARIO_ORDINARY,
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}, {.deed = STOP}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"old-status", "ordinary", "Status is as a driver before this one left it",
			"GEN-DRV-13 GEN-DRV-22 MMIO-DRV-30", SETTINGS_ALL, 0},
		.show = {.status = VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER |
				   VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_DRIVER_OK},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"failed-status", "ordinary",
			"Status has FAILED and DEVICE_NEEDS_RESET set", "GEN-DRV-22 MMIO-DRV-30",
			SETTINGS_ALL, 0},
		.show = {.status = VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER |
				   VMMIO_STATUS_FAILED | VMMIO_STATUS_NEEDS_RESET},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"read-only", "ordinary", "a disk that cannot be written to", "BLK-DRV-14",
			SETTINGS_ALL, VMMIO_ID_BLOCK},
		.show = {.flags = VMMIO_PUPPET_READ_ONLY},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"out-of-order", "ordinary",
			"buffers come back late, and the last one first", "", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = REVERSE, .value = 1}, {.deed = DELAY_IO, .value = MS}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"used-short", "ordinary",
			"a source of entropy gives less than there is room "
			"for",
			"RNG-DRV-02 SPLIT-DRV-17 SPLIT-DRV-18", SETTINGS_SPLIT, VMMIO_ID_ENTROPY},
		.show = {.entropy_most = 5},
		.steps = {{.deed = BEGIN},
			{.deed = USE, .expectation = NO_MORE_THAN_GIVEN,
				.judges = "RNG-DRV-02 SPLIT-DRV-17 SPLIT-DRV-18",
				.expected = "to take no more bytes than the device has given"}},
	},

	/* --- Not a device ------------------------------------------------------------------ */
	WRONG_MAGIC("magic-0", 0),
	WRONG_MAGIC("magic-ones", 0xffffffff),
	WRONG_MAGIC("magic-swapped", 0x76697274),
	WRONG_VERSION("version-0", 0),
	/* A driver of legacy devices, too, may take this one. */
	{
		.about = {"version-1", "identity", "Version is 1, a legacy device", "PATCH-DRV-01",
			SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_VERSION, .shown_version = 1},
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP,
			.expected = "to leave the device alone, or to know legacy devices"}},
	},
	WRONG_VERSION("version-4", 4),
	WRONG_VERSION("version-ones", 0xffffffff),
	{
		.about = {"device-id-0", "identity", "DeviceID is 0: there is no device",
			"MMIO-DRV-11 MMIO-DRV-27 MMIO-DRV-28", SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_DEVICE_ID, .shown_device_id = 0},
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = "MMIO-DRV-11 MMIO-DRV-27",
				  .expected = "to leave the device alone"},
			{.deed = USE}},
	},

	/* --- Resets ------------------------------------------------------------------------ */
	{
		.about = {"reset-reads", "reset", "a reset is over after some reads of Status",
			COMPLETE " GEN-DRV-13", SETTINGS_V3, 0},
		.show = {.status = IN_USE, .reset_reads = 7},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = STOP}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"reset-slow", "reset", "a reset takes 50 ms", COMPLETE " GEN-DRV-13",
			SETTINGS_V3, 0},
		.show = {.status = IN_USE, .reset_ns = 50 * MS},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = STOP}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"reset-never", "reset", "a reset never ends", COMPLETE, SETTINGS_V3, 0},
		.show = {.status = IN_USE, .reset_ns = FOREVER},
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = COMPLETE,
				  .expected = "to give up, or to wait for the end of the reset"},
			{.deed = USE}},
	},
	{
		.about = {"reset-never-in-use", "reset", "a device in use does not end its reset",
			COMPLETE, SETTINGS_V3, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = DELAY_RESET, .value = FOREVER}, {.deed = STOP},
			{.deed = BEGIN, .expectation = GIVES_UP, .judges = COMPLETE,
				.expected = "to give up, or to wait for the end of the reset"},
			{.deed = USE}},
	},
	{
		.about = {"reset-not-done", "reset",
			"after the write of 0 Status stays what it was, on a device of version 2",
			"GEN-DRV-13", SETTINGS_V2, 0},
		.show = {.status = IN_USE, .reset_reads = UINT32_MAX},
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = "GEN-DRV-13",
				  .expected = "not to take the device for reset"},
			{.deed = USE}},
	},
	{
		.about = {"io-stalled", "reset",
			"buffers do not come back for 20 s, and a reset waits for them",
			"GEN-DRV-29 GEN-DRV-30", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = DELAY_IO, .value = 20 * SECOND}, {.deed = USE}, {.deed = STOP}, {.deed = DELAY_IO, .value = 0},
			{.deed = BEGIN}, {.deed = USE}},
	},
};

const struct scenario_group scenarios_start = SCENARIO_GROUP(scenarios);
