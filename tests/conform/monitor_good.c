/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers that break nothing, though they had an occasion to. */
#include "conform/monitor_samples.h"

#include "conform/monitor_bases.h"

#define NET(accepted_, offered_)                                                                   \
	{                                                                                          \
		.text = BARE, .device = VMMIO_ID_NET, .accepted = VERSION_1 | (accepted_),         \
		.offered = VERSION_1 | (offered_)                                                  \
	}
#define TSO4 NET_FEATURE(7)
#define GUEST_CSUM NET_FEATURE(1)
#define PLATFORM (BIT(F_ACCESS_PLATFORM) | BIT(F_ORDER_PLATFORM))

/* A table of three, one behind the other. */
#define TABLE_REQUEST                                                                              \
	"req 80005000 0 0\ninner 0 80005000 10 1 1\ninner 1 80005100 200 3 2\n"                    \
	"inner 2 80005300 1 2 0\ndesc 0 80004000 30 4 0\navail 0\n"

/* A block request with n bytes for the device to read, notified as the POSITIONth. */
#define WRITES(type, n, position)                                                                  \
	"req 80005000 " type " 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 " n " 1 2\n"             \
	"desc 2 80005300 1 2 0\navail 0\nnotify " position "\nused 0 1\nr Status f\n"

const struct sample good_drivers[] = {
	{"MMIO-DRV-25 MMIO-DRV-26", PROBES("id", "@")},
	{"PATCH-DRV-01", PROBES("version", "r Version 4")},
	{"MMIO-DRV-08", PROBES("magic", "r Magic 0")},
	{"MMIO-DRV-11 MMIO-DRV-27 MMIO-DRV-28", PROBES("id", "r DeviceID 0")},
	{"PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04 GEN-DRV-13",
		PLAIN_V3("reset-read", "r Status f\nr Status f\nr Status 0")},

	/* The device is looked at a second time, by another driver or in passing. */
	{"MMIO-DRV-25 MMIO-DRV-26", PLAIN("tail", "r Magic 74726976\nr Version $V\nr DeviceID 2\n"
						  "w Status 0\nr Status 0")},
	{"MMIO-DRV-25", PLAIN("ok-read", "r Magic 74726976\nr Status f")},
	{"MMIO-DRV-11", PROBES("id", "r DeviceID 0\nr Magic 74726976\nr Version $V\nr DeviceID 0")},
	/* Unknown device types have configurations of their own. */
	{"MMIO-DRV-01", {.text = BARE,
				.device = 77,
				.accepted = VERSION_1 | NET_FEATURE(3),
				.part = "reread",
				.lines = "@\nr Config+300 1 2"}},

	/* --- Registers -------------------- */
	{"MMIO-DRV-01 MMIO-DRV-02 MMIO-DRV-03 MMIO-DRV-04 MMIO-DRV-07 MMIO-DRV-13 MMIO-DRV-14 "
	 "MMIO-DRV-15 MMIO-DRV-16 MMIO-DRV-20 MMIO-DRV-21 MMIO-DRV-29 MMIO-DRV-30 MMIO-DRV-31 "
	 "MMIO-DRV-33 MMIO-DRV-34 MMIO-DRV-35 GEN-DRV-01 GEN-DRV-02 GEN-DRV-05 GEN-DRV-15 "
	 "GEN-DRV-16 GEN-DRV-22 GEN-DRV-24 GEN-DRV-25 GEN-DRV-28 GEN-DRV-37 GEN-DRV-41 "
	 "SPLIT-DRV-01 SPLIT-DRV-02 SPLIT-DRV-04 SPLIT-DRV-08 SPLIT-DRV-11 SPLIT-DRV-12 "
	 "SPLIT-DRV-19 SPLIT-DRV-22 BLK-DRV-13 BLK-DRV-17",
		SPLIT(0, "end", "@")},
	{"MMIO-DRV-05", SPLIT(0, "reread", "@\nr Config+38 1 1")},
	{"MMIO-DRV-06", SPLIT(0, "reread", "@\nr Config+22 2 2")},
	{"MMIO-DRV-17 MMIO-DRV-18",
		LAST(0, "w QueueSel 0\nw QueueReady 0\nr QueueReady 1\n"
			"r QueueReady 0\n" SELECT "w QueueSize 8\n" ADDRESSES "w QueueReady 1\n")},
	{"MMIO-DRV-22 GEN-DRV-19 GEN-DRV-21",
		LAST(RESET_, "w QueueSel 0\nw QueueReset 1\nr QueueReset 1\nr QueueReset 0\n" SELECT
			     "w QueueSize 4\n" ADDRESSES "w QueueReady 1\n")},
	{"MMIO-DRV-19", SPLIT(0, "interrupt", "r InterruptStatus 5")},
	{"MMIO-DRV-19", LAST(0, "r InterruptStatus 4\n" READ_SPLIT "notify 3\nused 0 201\n")},
	/* Nobody was interrupted: an acknowledgement of nothing. */
	{"MMIO-DRV-21", SPLIT(0, "interrupt", "line 0")},
	{"MMIO-DRV-20", SPLIT(0, "acknowledge", "times 6 r InterruptStatus 1\nw InterruptACK 1")},
	{"MMIO-DRV-31", SPLIT(0, "interrupt", "line 1\nr InterruptStatus 3\nw InterruptACK 2")},
	{"GEN-DRV-03", LAST(0, "w Status 8f\n")},
	{"GEN-DRV-24", {.text = BARE,
			       .device = VMMIO_ID_CONSOLE,
			       .accepted = VERSION_1 | NET_FEATURE(2),
			       .part = "accept",
			       .lines = "w Config+8 41\n@"}},
	{"GEN-DRV-26 GEN-DRV-27", LAST(0, NEGOTIATE_AGAIN "r Status 3\nw Status 83\n")},
	{"GEN-DRV-15", SPLIT(0, "config",
			       "r Generation 5\nr Config+0 100\nr Config+4 0\n"
			       "r Generation 6\nr Config+0 200\nr Config+4 0\n"
			       "r Generation 6")},
	/* It changes for ever: the device is given up. */
	{"GEN-DRV-15", LAST(0, "w Status 0\nr Status 0\nw Status 1\nw Status 3\n"
			       "r Generation 5\nr Config+0 100\nr Config+4 0\nr Generation 6\n"
			       "r Config+0 200\nr Config+4 0\nr Generation 7\nw Status 83\n")},
	{"BLK-DRV-05", SPLIT(0, "reread", "@\nr Config+20 0 1")},
	{"BLK-DRV-12",
		LAST(0, "r InterruptStatus 2\nw InterruptACK 2\nr Generation 6\nr Config+0 200\n"
			"r Config+4 0\nr Generation 6\ntimes 80 r Status f\n")},

	/* --- Features -------------------- */
	{"GEN-DRV-06", NET(TSO4 | GUEST_CSUM, TSO4 | GUEST_CSUM)},
	{"GEN-DRV-06 GEN-DRV-07", NET(0, TSO4)},
	{"GEN-DRV-08 GEN-DRV-09 GEN-DRV-12", OFFER_(VERSION_1, VERSION_1 | UINT64_C(1) << 44)},
	{"GEN-DRV-45", OFFER_(VERSION_1, VERSION_1 | BIT(F_SR_IOV))},
	{"GEN-DRV-11", {.text = BARE,
			       .accepted = VERSION_1 | BIT(BLK_F_FLUSH),
			       .part = "tail",
			       .lines = "w Status 1\nw Status 3\nw DeviceFeaturesSel 0\nr "
					"DeviceFeatures 0\n"
					"w DeviceFeaturesSel 1\nr DeviceFeatures 1\nw Status 83\nw "
					"Status 0"}},
	{"GEN-DRV-39 GEN-DRV-43", OFFER_(VERSION_1 | PLATFORM, 0)},
	{"GEN-DRV-42", PACKED(0, "end", "@")},
	{"BLK-DRV-14", OFFER_(VERSION_1 | BIT(BLK_F_RO), 0)},

	/* --- Suspend -------------------- */
	{"GEN-DRV-31 GEN-DRV-32 GEN-DRV-33 GEN-DRV-34 GEN-DRV-35 GEN-DRV-36",
		LAST(SUSPEND_, "w Status 1f\nr Status 1f\nr Status 1b\nw Status 1f\nr Status 1b\n"
			       "r Status f\n" READ_SPLIT "notify 3\nused 0 201\n")},

	/* --- Memory -------------------- */
	{"GEN-DRV-29 GEN-DRV-30", SPLIT(0, "notify", "@\nr Status f")},
	/* Not live yet. */
	{"GEN-DRV-41", PLAIN("driver-ok", READ_SPLIT "look\nm64 80001000 80006000\nlook\n@")},
	{"PACKED-DRV-02 PACKED-DRV-03", PACKED(0, "notify", "@\nr Status f")},
	{"GEN-DRV-47 MMIO-DRV-35", SPLIT(DATA_, "end", "@")},
	{"GEN-DRV-47 PACKED-DRV-04 MMIO-DRV-35", PACKED(DATA_, "end", "@")},
	/* One that was overtaken by the next. */
	{"GEN-DRV-47", LAST(DATA_, READ_SPLIT "notify 3\nw QueueNotify 20000\nused 0 201\n")},

	/* --- Split rings -------------------- */
	{"SPLIT-DRV-05", SPLIT(IN_ORDER_, "end", "@")},
	{"SPLIT-DRV-06 SPLIT-DRV-07 SPLIT-DRV-08 SPLIT-DRV-09 SPLIT-DRV-10",
		WITH(INDIRECT_ | IN_ORDER_, TABLE_REQUEST)},
	{"SPLIT-DRV-14 SPLIT-DRV-24", SPLIT(EVENT_, "end", "@")},
	{"SPLIT-DRV-16", LAST(0, "r InterruptStatus 1\nw InterruptACK 1\n" READ_SPLIT
				 "notify 3\nused 0 201\n")},
	{"SPLIT-DRV-20 SPLIT-DRV-22",
		LAST(0, "m16 80003044 7fff\nr Status f\n" READ_SPLIT "notify 3\nused 0 201\n")},
	{"SPLIT-DRV-21", LAST(0, "m16 80003000 1\nr Status f\n" READ_SPLIT
				 "times 20 r Status f\nused 0 201\n")},
	{"SPLIT-DRV-23 SPLIT-DRV-24",
		LAST(EVENT_, "m16 80003000 1\nr Status f\n" READ_SPLIT "notify 3\nused 0 201\n")},
	{"SPLIT-DRV-25", LAST(EVENT_, "m16 80003044 7fff\nr Status f\n" READ_SPLIT
				      "times 20 r Status f\nused 0 201\n")},
	/* A device that does not wait to be notified. */
	{"SPLIT-DRV-22", LAST(0, READ_SPLIT "r Status f\nused 0 201\ntimes 20 r Status f\n")},

	/* --- Packed rings -------------------- */
	{"PACKED-DRV-01 PACKED-DRV-06 PACKED-DRV-07 PACKED-DRV-08 PACKED-DRV-09 PACKED-DRV-10 "
	 "PACKED-DRV-11",
		PACKED(0, "end", "@")},
	{"PACKED-DRV-12 PACKED-DRV-13 PACKED-DRV-14 PACKED-DRV-15",
		LAST_PACKED(INDIRECT_, "req 80005000 0 0\ninner 0 80005000 10 0 0\n"
				       "inner 1 80005100 200 0 2\ninner 2 80005300 1 0 2\n"
				       "pdesc 3 80004000 30 1 84\nnotify 8004\n")},

	/* --- Block and entropy -------------------- */
	{"BLK-DRV-15 BLK-DRV-16", REQUEST("req 80005000 4 0\ndesc 0 80005000 10 1 1\ndesc 1 "
					  "80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-19", REQUEST("req 80005000 8 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 14 3 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-18 BLK-DRV-20 BLK-DRV-25", LAST(0, WRITES("b", "10", "3"))},
	{"BLK-DRV-18 BLK-DRV-21", LAST(0, WRITES("e", "10", "3"))},
	{"BLK-DRV-18 BLK-DRV-22", LAST(0, WRITES("d", "10", "3"))},
	{"RNG-DRV-01", {.text = ENTROPY, .device = VMMIO_ID_ENTROPY, .accepted = VERSION_1}},
};

const size_t n_good_drivers = sizeof(good_drivers) / sizeof(good_drivers[0]);
