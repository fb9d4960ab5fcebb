/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drivers that are broken in one way each: a good one, with other lines in place of one of
 * its parts.
 */
#include "conform/monitor_samples.h"

#include "conform/monitor_bases.h"

/* A further request that nobody is notified of, for long. */
#define SILENT READ_SPLIT "times 14 r Status f\n"

const struct sample broken_drivers[] = {
	/* --- Version 3 ------------------------------------------------------------------- */
	{"PATCH-DRV-01", PLAIN("version", "r Version 4")},
	{"PATCH-DRV-01", PLAIN("version", "r Version 1")},
	{"PATCH-DRV-02", PLAIN_V3("reset-read", "")},
	{"PATCH-DRV-02", PLAIN_V3("reset-read", "r Status b")},
	/* The memory of a request is used again before the end of the reset. */
	{"PATCH-DRV-02",
		{.text = BLOCK_SPLIT,
			.version = 3,
			.accepted = BLOCK_FEATURES,
			.part = "end",
			.lines = READ_SPLIT
			"notify 3\nw Status 0\nr Status f\nm64 80001000 80006000\nr Status f\n"
			"r Status 0"}},
	{"PATCH-DRV-02", PLAIN_V3("tail", "w Status 0\nw DriverFeaturesSel 0\nw DriverFeatures 0")},
	{"PATCH-DRV-02", PLAIN_V3("tail", "w Status 0\nw QueueSel 0\nw DriverLow 80002000")},
	{"PATCH-DRV-02", {.text = BARE,
				 .version = 3,
				 .device = 77,
				 .accepted = VERSION_1,
				 .part = "tail",
				 .lines = "w Status 0\nw Config+20 0 1"}},
	{"PATCH-DRV-03", PLAIN_V3("reset-read", "")},
	{"PATCH-DRV-04", PLAIN_V3("reset-read", "")},
	{"GEN-DRV-13", PLAIN("reset-read", "")},

	/* --- Probing ------------------------------------------------------------------------ */
	{"MMIO-DRV-08", PLAIN("magic", "r Magic 0")},
	{"MMIO-DRV-11", PROBES("id", "r DeviceID 0\nr VendorID 1")},
	{"MMIO-DRV-28", PROBES("id", "r DeviceID 0\nr Config+0 1")},
	{"MMIO-DRV-27", PROBES("id", "r DeviceID 0\nw Status 0")},
	{"MMIO-DRV-25", PLAIN("magic", "r VendorID 1\n@")},
	{"MMIO-DRV-25", PLAIN("version", "w Status 0\n@")},
	{"MMIO-DRV-26", PLAIN("version", "@\nr VendorID 1")},

	/* --- Accesses ------------------------------------------------------------------------ */
	{"MMIO-DRV-01", SPLIT(0, "reread", "@\nr 18 0")},
	{"MMIO-DRV-01", SPLIT(0, "reread", "@\nr Config+60 0")},
	{"MMIO-DRV-02", SPLIT(0, "reread", "@\nw DeviceID 1")},
	{"MMIO-DRV-03", SPLIT(0, "reread", "@\nr DriverFeatures 1")},
	{"MMIO-DRV-04", SPLIT(0, "reread", "@\nr Status b 2")},
	{"MMIO-DRV-04", SPLIT(0, "reread", "@\nr 72 0")},
	{"MMIO-DRV-05", SPLIT(0, "reread", "@\nr Config+38 1 4")},
	{"MMIO-DRV-06", SPLIT(0, "reread", "@\nr Config+22 1 1")},
	{"MMIO-DRV-07", SPLIT(0, "reread", "@\nr Config+8 1 2")},
	{"MMIO-DRV-07", SPLIT(0, "reread", "@\nr Config+8 1 8")},
	{"MMIO-DRV-29", SPLIT(0, "reread", "@\nr SHMLenLow ffffffff")},
	{"MMIO-DRV-13", SPLIT(0, "offer", "r DeviceFeatures 0\n@")},
	{"MMIO-DRV-14", SPLIT(0, "accept", "w DriverFeatures 0\n@")},

	/* --- Queues --------------------------------------------------------------------------- */
	{"MMIO-DRV-15", SPLIT(0, "size", "w QueueSize 10\nw QueueSize 8")},
	{"MMIO-DRV-16", SPLIT(0, "ready", "@\nw QueueSize 8")},
	{"MMIO-DRV-16", SPLIT(0, "ready", "@\nw DeviceHigh 0")},
	{"MMIO-DRV-17", SPLIT(0, "ready", "@\nw DescLow 80001000\nw QueueReady 1")},
	{"MMIO-DRV-18", LAST(0, "w QueueSel 0\nw QueueReady 0\nw QueueSize 8\nr QueueReady 0\n")},
	{"MMIO-DRV-18", LAST(0, "w QueueSel 0\nw QueueReady 0\n")},
	{"MMIO-DRV-18",
		LAST(0, READ_SPLIT "notify 3\nw QueueSel 0\nw QueueReady 0\nm64 80001000 80006000\n"
				   "r QueueReady 0\n")},
	{"MMIO-DRV-22",
		LAST(RESET_, "w QueueSel 0\nw QueueReset 1\nr QueueReset 1\nw QueueSize 8\n")},
	{"MMIO-DRV-22",
		LAST(RESET_, READ_SPLIT "notify 3\nw QueueSel 0\nw QueueReset 1\nr QueueReset 1\n"
					"m64 80001000 80006000\nr QueueReset 0\n")},
	{"GEN-DRV-19", LAST(RESET_, "w QueueSel 0\nw QueueReset 1\nw QueueReady 1\n")},
	{"GEN-DRV-21", LAST(RESET_, "w QueueSel 0\nw QueueReset 1\nr QueueReset 0\n" SELECT
				    "w QueueSize 8\nw QueueReady 1\n")},
	{"MMIO-DRV-34", SPLIT(0, "select", "w QueueSel 0\nr QueueSizeMax 8\nr QueueReady 0")},
	{"MMIO-DRV-34", PLAIN("select", "w QueueSel 0\nr QueueSizeMax 8")},
	{"MMIO-DRV-34", PLAIN("size", "w QueueSize 8\nr QueueSizeMax 8")},
	{"MMIO-DRV-34", PLAIN("addresses", "w DescLow 80001000\nw DriverLow 80002000")},
	{"SPLIT-DRV-01", {.text = BLOCK_SPLIT,
				 .accepted = BLOCK_FEATURES,
				 .no_memory = true,
				 .part = "addresses",
				 .lines = "@\nw DriverLow 80002001"}},
	{"PACKED-DRV-01", {.text = BLOCK_PACKED,
				  .accepted = BLOCK_FEATURES | BIT(F_RING_PACKED),
				  .no_memory = true,
				  .part = "addresses",
				  .lines = "@\nw DriverLow 80002002"}},

	/* --- Interrupts -------------------- */
	{"MMIO-DRV-19", SPLIT(0, "interrupt", "r InterruptStatus 5\nw InterruptACK 4")},
	{"MMIO-DRV-19", SPLIT(0, "interrupt", "r InterruptStatus 5\nw Status 8f")},
	{"MMIO-DRV-20", SPLIT(0, "acknowledge", "times 8 r InterruptStatus 1")},
	{"MMIO-DRV-33", SPLIT(0, "acknowledge", "times 8 r InterruptStatus 1")},
	{"MMIO-DRV-21", SPLIT(0, "acknowledge", "w InterruptACK 9")},
	{"MMIO-DRV-31", SPLIT(0, "interrupt", "")},
	{"MMIO-DRV-31", SPLIT(0, "interrupt", "line 1")},
	{"SPLIT-DRV-16", LAST(0, "r InterruptStatus 1\nw InterruptACK 1\nw Status 8f\n")},

	/* --- Configuration
	   ------------------------------------------------------------------------- */
	{"GEN-DRV-15", SPLIT(0, "config", "r Config+0 100\nr Config+4 0")},
	{"GEN-DRV-15", SPLIT(0, "config", "r Generation 5\nr Config+8 1\nr Config+c 2")},
	{"GEN-DRV-15",
		SPLIT(0, "config", "r Generation 5\nr Config+0 100\nr Config+4 0\nr Generation 6")},
	{"GEN-DRV-15", SPLIT(0, "config",
			       "r Generation 5\nr Config+0 100\nr Config+4 0\n"
			       "r Generation 6\nr Generation 6")},
	{"GEN-DRV-16", SPLIT(0, "reread", "@\nr Config+14 200")},
	{"GEN-DRV-16", SPLIT(0, "offer", "r Config+c 2\n@")},
	{"GEN-DRV-24", SPLIT(0, "accept", "@\nw Config+20 0 1")},
	{"BLK-DRV-05", SPLIT(0, "config", "@\nr Config+20 0 1")},
	{"BLK-DRV-12", LAST(0, "r InterruptStatus 2\nw InterruptACK 2\ntimes 41 r Status f\n")},

	/* --- Status
	   --------------------------------------------------------------------------------- */
	{"GEN-DRV-01", SPLIT(0, "driver", "")},
	{"GEN-DRV-01", PLAIN("features-ok", "")},
	{"GEN-DRV-02", SPLIT(0, "driver-ok", "w Status d")},
	{"GEN-DRV-02", SPLIT(0, "ok-read", "r Status 4f\nw Status f")},
	{"GEN-DRV-03", SPLIT(0, "driver-ok", "w Status 8b\nw Status 8f")},
	{"GEN-DRV-22", SPLIT(0, "reread", "")},
	{"GEN-DRV-22", SPLIT(0, "reset", "")},
	{"GEN-DRV-22", SPLIT(0, "features-ok", "w Status f\n")},
	{"GEN-DRV-22", SPLIT(0, "select", "w Status f\n" SELECT)},
	{"GEN-DRV-22", PLAIN("offer", "")},
	{"GEN-DRV-22", {.text = BARE, .offered = BIT(BLK_F_FLUSH), .part = "accept", .lines = ""}},
	{"MMIO-DRV-30", SPLIT(0, "reread", "")},
	{"GEN-DRV-26", LAST(0, NEGOTIATE_AGAIN "r Status 3\n")},
	{"GEN-DRV-27", LAST(0, NEGOTIATE_AGAIN "r Status 3\nw Status 7\n")},
	{"GEN-DRV-27", LAST(0, NEGOTIATE_AGAIN "r Status 3\n" SELECT "w QueueSize 8\n" ADDRESSES
					       "w QueueReady 1\n")},
	{"GEN-DRV-28", SPLIT(0, "driver-ok", "w QueueNotify 0\n@")},

	/* --- Features
	   ----------------------------------------------------------------------------------- */
	{"GEN-DRV-05", {.text = BLOCK_SPLIT,
			       .accepted = BLOCK_FEATURES | BIT(F_RING_RESET),
			       .offered = BLOCK_FEATURES}},
	{"GEN-DRV-06", {.text = BARE,
			       .device = VMMIO_ID_NET,
			       .accepted = VERSION_1 | NET_FEATURE(7),
			       .offered = VERSION_1 | NET_FEATURE(7) | NET_FEATURE(1)}},
	{"GEN-DRV-07",
		{.text = BARE, .device = VMMIO_ID_NET, .accepted = VERSION_1 | NET_FEATURE(7)}},
	{"GEN-DRV-08", OFFER_(VERSION_1 | UINT64_C(1) << 44, 0)},
	{"GEN-DRV-09", OFFER_(VERSION_1 | UINT64_C(1) << 44, 0)},
	{"GEN-DRV-09", OFFER_(VERSION_1 | UINT64_C(1) << 3, 0)},
	{"GEN-DRV-09", OFFER_(VERSION_1 | UINT64_C(1) << 41, 0)},
	{"GEN-DRV-11", {.text = BARE,
			       .accepted = VERSION_1 | BIT(BLK_F_FLUSH),
			       .part = "tail",
			       .lines = "w Status 1\nw Status 3\nw DeviceFeaturesSel 0\nr "
					"DeviceFeatures 0\nw Status 0"}},
	{"GEN-DRV-12",
		{.text = BARE,
			.accepted = VERSION_1,
			.part = "tail",
			.lines = "w Status 1\nw Status 3\nw DeviceFeaturesSel 0\nr DeviceFeatures "
				 "0\n"
				 "w DeviceFeaturesSel 1\nr DeviceFeatures 1001\nw Status 83"}},
	{"GEN-DRV-25", SPLIT(0, "reread", "@\nw DriverFeaturesSel 0\nw DriverFeatures ffffffff")},
	{"GEN-DRV-37", OFFER_(BIT(BLK_F_FLUSH), VERSION_1 | BIT(BLK_F_FLUSH))},
	{"GEN-DRV-39", OFFER_(VERSION_1, VERSION_1 | BIT(F_ACCESS_PLATFORM))},
	{"GEN-DRV-42", OFFER_(VERSION_1, VERSION_1 | BIT(F_RING_PACKED))},
	{"GEN-DRV-43", OFFER_(VERSION_1, VERSION_1 | BIT(F_ORDER_PLATFORM))},
	{"GEN-DRV-45", OFFER_(VERSION_1 | BIT(F_SR_IOV), 0)},
	{"BLK-DRV-14", OFFER_(VERSION_1, VERSION_1 | BIT(BLK_F_RO))},

	/* --- Suspend
	   ------------------------------------------------------------------------------------- */
	{"GEN-DRV-31", SPLIT(0, "ok-read", "@\nw Status 1f")},
	{"GEN-DRV-31", SPLIT(SUSPEND_, "driver-ok", "w Status 1b\nw Status 1f")},
	{"GEN-DRV-32", LAST(SUSPEND_, "w Status 1f\nw Status 1f\nr Status f\n")},
	{"GEN-DRV-33", LAST(SUSPEND_, "w Status 1f\nr Status 1b\n" READ_SPLIT "look\n")},
	{"GEN-DRV-34", LAST(SUSPEND_, "w Status 1f\nr Status 1b\nw QueueNotify 0\n")},
	{"GEN-DRV-35", LAST(SUSPEND_, "w Status 1f\nr Status 1b\nw Config+20 0 1\n")},
	{"GEN-DRV-36", LAST(SUSPEND_, "w Status 1f\nr Status 1b\nw Status 1f\nw QueueNotify 0\n")},

	/* --- Memory
	   ---------------------------------------------------------------------------------------
	 */
	{"GEN-DRV-29", SPLIT(0, "notify", "@\nm64 80001000 80006000\nlook\n")},
	{"GEN-DRV-30", SPLIT(0, "notify", "@\nm64 80001000 80006000\nr Status f\n")},
	{"GEN-DRV-29",
		WITH(INDIRECT_,
			"req 80005000 0 0\ninner 0 80005000 10 1 1\ninner 1 80005100 200 3 2\n"
			"inner 2 80005300 1 2 0\ndesc 0 80004000 30 4 0\navail 0\nlook\n"
			"m32 80004018 100\nlook\nm32 80004018 200\n")},
	{"PACKED-DRV-02", PACKED(0, "notify", "@\nm64 80001010 80006000\nlook\n")},
	{"PACKED-DRV-03", PACKED(0, "notify", "@\nm64 80001010 80006000\nlook\n")},
	{"GEN-DRV-41", REQUEST("req 80005000 0 0\ndesc 0 80005000 10 1 1\ndesc 1 f0000000 200 3 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"GEN-DRV-41", PLAIN("addresses", "@\nw DeviceLow f0000000")},
	{"GEN-DRV-47", SPLIT(DATA_, "notify", "w QueueNotify 50000\n")},
	{"PACKED-DRV-04", PACKED(DATA_, "notify", "w QueueNotify 30000\n")},
	{"MMIO-DRV-35", SPLIT(0, "notify", "w QueueNotify 10000\n")},
	{"MMIO-DRV-35", SPLIT(DATA_, "notify", "w QueueNotify 80010000\n")},

	/* --- Split rings
	   -------------------------------------------------------------------------------------- */
	{"SPLIT-DRV-02", REQUEST("desc 0 80005000 200 3 1\ndesc 1 80005300 10 0 0\navail 0\n")},
	{"SPLIT-DRV-04", REQUEST("desc 0 80005000 10 1 1\ndesc 1 80005100 200 1 0\navail 0\n")},
	{"SPLIT-DRV-05",
		WITH(IN_ORDER_,
			"req 80005000 0 0\ndesc 0 80005000 10 1 2\ndesc 2 80005100 200 3 3\n"
			"desc 3 80005300 1 2 0\navail 0\n")},
	{"SPLIT-DRV-06",
		REQUEST("req 80005000 0 0\ninner 0 80005000 10 1 1\ninner 1 80005100 200 3 2\n"
			"inner 2 80005300 1 2 0\ndesc 0 80004000 30 4 0\navail 0\n")},
	{"SPLIT-DRV-07",
		WITH(INDIRECT_,
			"req 80005000 0 0\ninner 0 80005000 10 1 1\ninner 1 80005100 200 7 2\n"
			"inner 2 80005300 1 2 0\ndesc 0 80004000 30 4 0\navail 0\n")},
	{"SPLIT-DRV-08",
		WITH(INDIRECT_,
			"req 80005000 0 0\ninner 0 80005000 10 1 1\ninner 1 80005100 200 3 2\n"
			"inner 2 80005100 200 3 3\ninner 3 80005100 200 3 4\n"
			"inner 4 80005100 200 3 5\ninner 5 80005100 200 3 6\n"
			"inner 6 80005100 200 3 7\ninner 7 80005100 200 3 8\n"
			"inner 8 80005300 1 2 0\ndesc 0 80004000 90 4 0\navail 0\n")},
	{"SPLIT-DRV-09", WITH(INDIRECT_, "inner 0 80005000 10 0 0\ndesc 0 80004000 10 5 1\n"
					 "desc 1 80005300 1 2 0\navail 0\n")},
	{"SPLIT-DRV-10",
		WITH(IN_ORDER_ | INDIRECT_, "req 80005000 0 0\ninner 0 80005000 10 1 2\n"
					    "inner 2 80005100 200 3 1\ninner 1 80005300 1 2 0\n"
					    "desc 0 80004000 30 4 0\navail 0\n")},
	{"SPLIT-DRV-11", LAST(0, "m16 80002002 0\nlook\nm16 80002002 2\n")},
	{"SPLIT-DRV-12", SPLIT(0, "ok-read", "@\nm16 80002000 2\nlook\nm16 80002000 0\n")},
	{"SPLIT-DRV-14", SPLIT(EVENT_, "ok-read", "@\nm16 80002000 1\nlook\nm16 80002000 0\n")},
	{"SPLIT-DRV-19", SPLIT(0, "ready", "m16 80003000 1\n@\nm16 80003000 0\n")},
	{"SPLIT-DRV-20", LAST(0, "m16 80003044 7fff\nr Status f\n" SILENT)},
	{"SPLIT-DRV-21",
		LAST(0, "m16 80003000 1\nr Status f\n" READ_SPLIT "notify 3\nused 0 201\n")},
	{"SPLIT-DRV-22", LAST(0, SILENT)},
	{"SPLIT-DRV-23", LAST(EVENT_, "m16 80003000 1\nr Status f\n" SILENT)},
	{"SPLIT-DRV-24", LAST(EVENT_, SILENT)},
	{"SPLIT-DRV-25", LAST(EVENT_, "m16 80003044 7fff\nr Status f\n" READ_SPLIT
				      "notify 3\nused 0 201\n")},

	/* --- Packed rings: the last request at slot 3
	   ------------------------------------------------------------ */
	{"PACKED-DRV-06",
		LAST_PACKED(0, "req 80005000 0 0\npdesc 4 80005100 200 0 83\n"
			       "pdesc 5 80005100 200 0 83\npdesc 6 80005100 200 0 83\n"
			       "pdesc 7 80005300 1 1 82\npdesc 3 80005000 10 0 81\nnotify 0\n")},
	{"PACKED-DRV-07",
		LAST_PACKED(0, "pdesc 4 80005100 8 0 81\npdesc 5 80005100 8 0 81\n"
			       "pdesc 6 80005100 8 0 81\npdesc 7 80005100 8 0 81\n"
			       "pdesc 0 80005100 8 0 8001\npdesc 1 80005100 8 0 8001\n"
			       "pdesc 2 80005100 8 0 8001\npdesc 3 80005100 8 0 81\nnotify 0\n")},
	{"PACKED-DRV-08",
		LAST_PACKED(
			0, "pdesc 4 80005000 10 1 80\npdesc 3 80005100 200 0 83\nnotify 8005\n")},
	{"PACKED-DRV-09",
		LAST_PACKED(0, "pdesc 4 80005100 201 1 82\npdesc 3 80005000 10 0 81\nnotify 8005\n"
			       "pdesc 6 80005100 8 0 81\npdesc 7 80005100 8 0 81\n"
			       "pdesc 0 80005100 8 0 8001\npdesc 1 80005100 8 0 8001\n"
			       "pdesc 2 80005100 8 0 8001\npdesc 5 80005100 8 0 81\nnotify 0\n")},
	{"PACKED-DRV-10",
		LAST_PACKED(0, "pdesc 4 80005100 201 1 82\npdesc 3 80005000 10 0 81\nnotify 8005\n"
			       "pdesc 6 80005100 8 0 81\npdesc 7 80005100 8 0 81\n"
			       "pdesc 0 80005100 8 0 8001\npdesc 1 80005100 8 0 8001\n"
			       "pdesc 2 80005100 8 0 8001\npdesc 5 80005100 8 0 81\nnotify 0\n")},
	{"PACKED-DRV-11",
		LAST_PACKED(0,
			"req 80005000 0 0\npdesc 4 80005100 201 1 2\npdesc 3 80005000 10 0 81\n"
			"notify 8005\n")},
	{"PACKED-DRV-12",
		LAST_PACKED(0,
			"req 80005000 0 0\ninner 0 80005000 10 0 0\ninner 1 80005100 201 0 2\n"
			"pdesc 3 80004000 20 1 84\nnotify 8004\n")},
	{"PACKED-DRV-13",
		LAST_PACKED(INDIRECT_, "req 80005000 0 0\ninner 0 80005000 10 0 1\n"
				       "inner 1 80005100 201 0 2\npdesc 3 80004000 20 1 84\n"
				       "notify 8004\n")},
	{"PACKED-DRV-14",
		LAST_PACKED(INDIRECT_, "req 80005000 0 0\ninner 0 80005000 10 0 0\n"
				       "inner 1 80005100 200 0 2\ninner 2 80005100 200 0 2\n"
				       "inner 3 80005100 200 0 2\ninner 4 80005300 1 0 2\n"
				       "pdesc 3 80004000 50 1 84\nnotify 8004\n")},
	{"PACKED-DRV-15",
		LAST_PACKED(INDIRECT_, "req 80005000 0 0\ninner 0 80005100 201 0 2\n"
				       "pdesc 4 80004000 10 1 84\npdesc 3 80005000 10 0 81\n"
				       "notify 8005\n")},

	/* --- Block and entropy
	   ------------------------------------------------------------------------------------ */
	{"BLK-DRV-13",
		REQUEST("req 80005000 0 100\ndesc 0 80005000 10 1 1\ndesc 1 80005100 200 3 2\n"
			"desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-15", REQUEST("req 80005000 4 1\ndesc 0 80005000 10 1 1\ndesc 1 80005300 1 2 "
			       "0\navail 0\n")},
	{"BLK-DRV-16", REQUEST("req 80005000 4 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 200 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-17", REQUEST("req 80005000 1 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 1ff 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-18", REQUEST("req 80005000 b 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 11 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-19", REQUEST("req 80005000 8 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 10 3 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-20", REQUEST("req 80005000 b 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 20 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-21", REQUEST("req 80005000 e 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 20 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-22", REQUEST("req 80005000 d 0\ndesc 0 80005000 10 1 1\ndesc 1 80005100 20 1 2\n"
			       "desc 2 80005300 1 2 0\navail 0\n")},
	{"BLK-DRV-25", REQUEST("req 80005000 b 0\nm32 8000510c 1\ndesc 0 80005000 10 1 1\n"
			       "desc 1 80005100 10 1 2\ndesc 2 80005300 1 2 0\navail 0\n")},
	{"RNG-DRV-01",
		{.text = ENTROPY,
			.device = VMMIO_ID_ENTROPY,
			.accepted = VERSION_1,
			.part = "request",
			.lines = "desc 0 80005000 10 1 1\ndesc 1 80005100 40 2 0\navail 0\n"}},
};

const size_t n_broken_drivers = sizeof(broken_drivers) / sizeof(broken_drivers[0]);
