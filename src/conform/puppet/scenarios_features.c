/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenarios: what is offered, and what becomes of it; the configuration space. */
#include "conform/puppet/scenario.h"

#define BIT VMMIO_FEATURE

/* Of the transport: reserved, of PCI, and beyond all that there are. */
#define RESERVED_0 (BIT(VMMIO_F_SR_IOV) | BIT(VMMIO_F_ADMIN_VQ) | UINT64_C(0x3f) << 44)
#define RESERVED_1 (UINT64_C(0xfffffff) << 36)
/* That no disk has. */
#define NO_DISK_HAS (BIT(3) | BIT(8) | UINT64_C(0x3f) << 18 | UINT64_C(0x3fff) << 50)
/* All but VERSION_1. */
#define ALL_0 ~BIT(VMMIO_F_VERSION_1)

/* A driver that is known to take the rest of the offer. */
#define AFTER_A_GOOD_LIFE                                                                          \
	{.deed = BEGIN}, {.deed = USE}, {.deed = STOP},                                                                    \
	{                                                                                          \
		.deed = PRESENT                                                                    \
	}

#define IGNORES(what)                                                                              \
	AFTER_A_GOOD_LIFE,                                                                         \
		{.deed = BEGIN, .expectation = WORKS, .judges = "GEN-DRV-08 GEN-DRV-12",                   \
			.expected = "to come up in spite of " what},                               \
	{                                                                                          \
		.deed = USE, .expectation = WORKS, .judges = "GEN-DRV-08",                                 \
		     .expected = "to work in spite of " what                                       \
	}

/* A disk of 2 TiB less a sector, and what follows it. */
#define TORN_OLD UINT64_C(0xffffffff)
#define TORN_NEW UINT64_C(0x100000000)

static const struct scenario scenarios[] = {
	/* --- Offers ------------------------------------------------------------------------ */
	{
		.about = {"features-reserved", "features",
			"features are offered that are reserved, or not for MMIO",
			"GEN-DRV-08 GEN-DRV-09 GEN-DRV-12 GEN-DRV-45", SETTINGS_ALL, 0},
		.show = {.features_extra = {RESERVED_0, RESERVED_1}},
		.steps = {IGNORES("reserved features")},
	},
	{
		.about = {"features-of-no-disk", "features",
			"features are offered that no disk has", "GEN-DRV-08 GEN-DRV-09 GEN-DRV-12",
			SETTINGS_ALL, VMMIO_ID_BLOCK},
		.show = {.features_extra = {NO_DISK_HAS}},
		.steps = {IGNORES("features that no disk has")},
	},
	{
		.about = {"features-platform", "features",
			"ACCESS_PLATFORM and ORDER_PLATFORM are offered", "GEN-DRV-39 GEN-DRV-43",
			SETTINGS_ALL, 0},
		.show = {.features_extra = {BIT(VMMIO_F_ACCESS_PLATFORM) |
					    BIT(VMMIO_F_ORDER_PLATFORM)}},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"features-none", "features", "no feature but VERSION_1 is offered",
			"GEN-DRV-05 GEN-DRV-10", SETTINGS_SPLIT, 0},
		.show = {.features_off = {ALL_0}},
		.steps = {AFTER_A_GOOD_LIFE,
			{.deed = BEGIN, .expectation = WORKS, .judges = "GEN-DRV-10",
				.expected = "to fall back on what is offered"},
			{.deed = USE, .expectation = WORKS, .judges = "GEN-DRV-10",
				.expected = "to work with what is offered"},
			{.deed = CHANGE_CONFIG}, {.deed = USE}},
	},
	{
		.about = {"version-1-missing", "features", "VERSION_1 is not offered", "GEN-DRV-11",
			SETTINGS_ALL, 0},
		.show = {.features_off = {BIT(VMMIO_F_VERSION_1)}},
		.steps = {AFTER_A_GOOD_LIFE, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"features-broken", "features",
			"a network device offers features without those that they need",
			"GEN-DRV-06 GEN-DRV-07", SETTINGS_ALL, VMMIO_ID_NET},
		/* Segmentation without checksums, and the second queue pair without control. */
		.show = {.features_extra = {UINT64_C(0xf) << 11 | UINT64_C(0xf) << 7 | BIT(22)}},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},

	/* --- FEATURES_OK ------------------------------------------------------------------- */
	{
		.about = {"features-refused", "features", "FEATURES_OK never sticks",
			"GEN-DRV-26 GEN-DRV-27", SETTINGS_ALL, 0},
		.show = {.features_refused = UINT32_MAX},
		.steps = {{.deed = BEGIN, .expectation = GIVES_UP, .judges = "GEN-DRV-27",
				  .expected = "to give up when its features are refused"},
			{.deed = FAILED_SET, .judges = "GEN-DRV-26",
				.expected = "to set FAILED when its features are refused"},
			{.deed = USE}},
	},
	{
		.about = {"features-refused-once", "features",
			"FEATURES_OK does not stick at first", "GEN-DRV-26 GEN-DRV-27",
			SETTINGS_ALL, 0},
		.show = {.features_refused = 1},
		.steps = {{.deed = BEGIN}, {.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"needs-reset-early", "features",
			"the device breaks before FEATURES_OK, which does not stick",
			"GEN-DRV-26 GEN-DRV-27", SETTINGS_ALL, 0},
		.steps = {{.deed = NEEDS_RESET, .moment = AT_WRITE, .offset = VMMIO_REG_DRIVER_FEATURES,
				  .length = 4, .nth = 1},
			{.deed = BEGIN, .expectation = GIVES_UP, .judges = "GEN-DRV-27",
				.expected = "to give up when the device breaks"},
			{.deed = BEGIN}, {.deed = USE}},
	},

	/* --- The configuration space ------------------------------------------------------- */
	{
		.about = {"config-moves", "config", "ConfigGeneration changes at some of its reads",
			"GEN-DRV-15", SETTINGS_SPLIT, VMMIO_ID_BLOCK},
		.show = {.generation_moves = 5},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"config-never-still", "config", "ConfigGeneration changes at every read",
			"GEN-DRV-15", SETTINGS_SPLIT, VMMIO_ID_BLOCK},
		.show = {.generation_moves = UINT32_MAX},
		.steps = {{.deed = BEGIN}, {.deed = USE}},
	},
	{
		.about = {"config-torn", "config", "the disk's size changes between its two halves",
			"GEN-DRV-14 GEN-DRV-15", SETTINGS_SPLIT, VMMIO_ID_BLOCK},
		.steps = {{.deed = SET_CAPACITY, .value = TORN_OLD},
			{.deed = SET_CAPACITY, .value = TORN_NEW, .moment = AT_READ, .offset = VMMIO_REG_CONFIG,
				.length = 8, .nth = 1},
			{.deed = BEGIN},
			{.deed = CAPACITY, .judges = "GEN-DRV-14",
				.expected =
					"to go by the disk's size before its change or after it"},
			{.deed = USE}},
	},
	{
		.about = {"config-changes", "config", "a disk in use grows",
			"BLK-DRV-12 MMIO-DRV-20 MMIO-DRV-31 MMIO-DRV-33", SETTINGS_SPLIT,
			VMMIO_ID_BLOCK},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = CHANGE_CONFIG}, {.deed = USE}, {.deed = USE}, {.deed = USE}, {.deed = CHANGE_CONFIG},
			{.deed = USE}, {.deed = USE}, {.deed = USE}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
	{
		.about = {"config-shrinks", "config", "a disk in use shrinks to 8 sectors",
			"BLK-DRV-12 BLK-DRV-13", SETTINGS_SPLIT, VMMIO_ID_BLOCK},
		.steps = {{.deed = BEGIN}, {.deed = USE}, {.deed = SET_CAPACITY, .value = 8}, {.deed = USE}, {.deed = USE}, {.deed = USE}},
	},
};

const struct scenario_group scenarios_features = SCENARIO_GROUP(scenarios);
