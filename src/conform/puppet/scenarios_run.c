/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenarios: interrupts, queues, a device that breaks, and one that lies. */
#include "conform/puppet/scenario.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

#define EVENT_IDX VMMIO_FEATURE(VMMIO_F_EVENT_IDX)

/* The driver works in spite of what happened before. */
#define WORKS_ON(judged, what)                                                                     \
	{                                                                                          \
		USE, .expectation = WORKS, .judges = (judged),                                     \
		     .expected = "to work in spite of " what                                       \
	}

static const struct scenario scenarios[] = {
	/* --- Interrupts -------------------------------------------------------------------- */
	{
		.about = {"interrupt-extra", "interrupts",
			"InterruptStatus has undefined bits beside the others",
			"MMIO-DRV-19 MMIO-DRV-20 MMIO-DRV-21 MMIO-DRV-33", SETTINGS_ALL, 0},
		.show = {.interrupt_extra = ~VMMIO_INT_ALL},
		.steps = {{.deed = BEGIN}, WORKS_ON("MMIO-DRV-19", "undefined bits in InterruptStatus"),
			WORKS_ON("MMIO-DRV-19", "undefined bits in InterruptStatus")},
	},
	{
		.about = {"interrupt-undefined", "interrupts",
			"InterruptStatus has only undefined bits, and the line stays high",
			"MMIO-DRV-19", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = RAISE, .value = 0x80000004},
			WORKS_ON("MMIO-DRV-19", "undefined bits in InterruptStatus"),
			WORKS_ON("MMIO-DRV-19", "undefined bits in InterruptStatus")},
	},
	{
		.about = {"spurious-used", "interrupts",
			"a used buffer notification comes without a used buffer", "SPLIT-DRV-16",
			SETTINGS_SPLIT, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = RAISE, .value = VMMIO_INT_USED_BUFFER},
			WORKS_ON("SPLIT-DRV-16", "a notification of nothing")},
	},
	{
		.about = {"spurious-line", "interrupts",
			"an interrupt comes for which InterruptStatus has no cause", "SPLIT-DRV-16",
			SETTINGS_SPLIT, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = SPURIOUS},
			WORKS_ON("SPLIT-DRV-16", "an interrupt without a cause"), {.deed = SPURIOUS},
			WORKS_ON("SPLIT-DRV-16", "an interrupt without a cause")},
	},
	{
		.about = {"spurious-config", "interrupts",
			"a configuration change notification comes without a change",
			"MMIO-DRV-20 MMIO-DRV-31 MMIO-DRV-33", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = RAISE, .value = VMMIO_INT_CONFIG_CHANGE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"two-queues", "interrupts",
			"buffers of two queues come back under one interrupt", "MMIO-DRV-32",
			SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = DELAY_IO, .value = 100 * SECOND},
			{.deed = DELAY_IO, .value = 0, .moment = AT_PASS, .nth = 3},
			{.deed = USE, .expectation = WORKS_ON_TWO, .judges = "MMIO-DRV-32",
				.expected = "to look at all queues after one interrupt"},
			{.deed = USE}},
	},

	/* --- Notifications ----------------------------------------------------------------- */
	{
		.about = {"quiet", "queues", "the device wants no notifications, by its flags",
			"SPLIT-DRV-21", SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_QUIET, .features_off = {EVENT_IDX}},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"quiet-event", "queues",
			"the device wants no notifications, by avail_event", "SPLIT-DRV-25",
			SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_QUIET},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"quiet-packed", "queues",
			"the device wants no notifications of its packed rings", "",
			SETTING(VMMIO_V2_PACKED) | SETTING(VMMIO_V3_PACKED), 0},
		.show = {.flags = VMMIO_PUPPET_QUIET},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"stray-event", "queues",
			"avail_event has a value that does not count without EVENT_IDX",
			"SPLIT-DRV-20 SPLIT-DRV-22", SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_STRAY, .features_off = {EVENT_IDX}},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"stray-flags", "queues",
			"the used ring's flags are 1, which does not count with EVENT_IDX",
			"SPLIT-DRV-23 SPLIT-DRV-24", SETTINGS_SPLIT, 0},
		.show = {.flags = VMMIO_PUPPET_STRAY},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},

	/* --- Queues ------------------------------------------------------------------------ */
	{
		.about = {"queue-size-1", "queues", "QueueSizeMax is 1", "MMIO-DRV-15",
			SETTINGS_ALL, 0},
		.show = {.queue_size = 1},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"queue-size-2", "queues", "QueueSizeMax is 2", "MMIO-DRV-15",
			SETTINGS_ALL, 0},
		.show = {.queue_size = 2},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"queue-size-odd", "queues", "QueueSizeMax is 7", "MMIO-DRV-15",
			SETTING(VMMIO_V2_PACKED) | SETTING(VMMIO_V3_PACKED), 0},
		.show = {.queue_size = 7},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"no-queues", "queues", "QueueSizeMax is 0: there is no queue", "",
			SETTINGS_ALL, 0},
		.show = {.flags = VMMIO_PUPPET_NO_QUEUES},
		.steps =
			{{.deed = BEGIN, .expectation = GIVES_UP, .expected = "to give up without a queue"},
				{.deed = USE}},
	},
	{
		.about = {"queue-reset-slow", "queues",
			"the reset of a queue is over after some reads of QueueReset, and 5 ms",
			"MMIO-DRV-22 GEN-DRV-19 GEN-DRV-21", SETTINGS_ALL, 0},
		.show = {.queue_reset_reads = 5},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = DELAY_RESET, .value = 5 * MS}, {.deed = RESET_QUEUE}, {.deed = USE},
			{.deed = RESET_QUEUE}, {.deed = USE}},
	},
	{
		.about = {"queue-disable", "queues", "a queue is taken out of use by QueueReady",
			"MMIO-DRV-17 MMIO-DRV-18", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = DISABLE_QUEUE}, {.deed = USE}},
	},
	{
		.about = {"suspended", "suspend", "the device is suspended, and resumed",
			"GEN-DRV-31 GEN-DRV-32 GEN-DRV-33 GEN-DRV-34 GEN-DRV-35 GEN-DRV-36",
			SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = SUSPEND}, {.deed = USE}, {.deed = SUSPEND}, {.deed = USE}},
	},

	/* --- Trouble ----------------------------------------------------------------------- */
	{
		.about = {"needs-reset", "trouble", "a device in use breaks: DEVICE_NEEDS_RESET",
			"GEN-DRV-04", SETTINGS_ALL, 0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = NEEDS_RESET},
			{.deed = USE, .expectation = ENDS, .judges = "GEN-DRV-04",
				.expected = "not to wait for a device that needs a reset"},
			{.deed = STOP}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"needs-reset-waiting", "trouble",
			"a device breaks while the driver waits for it", "GEN-DRV-04", SETTINGS_ALL,
			0},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = DELAY_IO, .value = 100 * SECOND},
			{.deed = NEEDS_RESET, .moment = AT_PASS, .nth = 3},
			{.deed = USE, .expectation = ENDS, .judges = "GEN-DRV-04",
				.expected = "not to wait for a device that needs a reset"},
			{.deed = DELAY_IO, .value = 0}, {.deed = STOP}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"used-id-lie", "trouble", "buffers come back that there are not", "",
			SETTINGS_ALL, 0},
		.show = {.used_id_off = 0x4321},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = STOP}},
	},
	{
		.about = {"used-length-lie", "trouble",
			"buffers come back with more bytes than they have room for", "",
			SETTINGS_ALL, 0},
		.show = {.used_len_off = 0x40000000},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = USE}, {.deed = STOP}},
	},
};

const struct scenario_group scenarios_run = SCENARIO_GROUP(scenarios);
