/* SPDX-License-Identifier: BSD-3-Clause */
/* Good drivers, as scripts (monitor_script.h). Each ends with a reset. */
#ifndef VMMIO_TESTS_MONITOR_BASES_H
#define VMMIO_TESTS_MONITOR_BASES_H

#include <vmmio/spec.h>

#define PROBE                                                                                      \
	":magic\nr Magic 74726976\n"                                                               \
	":version\nr Version $V\n"                                                                 \
	":id\nr DeviceID $ID\n"

#define TO_DRIVER                                                                                  \
	":reset\nw Status 0\n"                                                                     \
	":reset-read\nr Status 0\n"                                                                \
	":ack\nw Status 1\n"                                                                       \
	":driver\nw Status 3\n"

#define READ_OFFER                                                                                 \
	"w DeviceFeaturesSel 0\nr DeviceFeatures $O0\n"                                            \
	"w DeviceFeaturesSel 1\nr DeviceFeatures $O1\n"

#define ACCEPT                                                                                     \
	"w DriverFeaturesSel 0\nw DriverFeatures $A0\n"                                            \
	"w DriverFeaturesSel 1\nw DriverFeatures $A1\n"

/* capacity, seg_max, max_discard_seg, max_write_zeroes_seg, max_secure_erase_seg */
#define BLOCK_CONFIG                                                                               \
	":config\nr Generation 5\nr Config+0 100\nr Config+4 0\nr Config+c 2\n"                    \
	"r Config+28 1\nr Config+34 1\nr Config+40 1\nr Generation 5\n"

#define SELECT "w QueueSel 0\nr QueueReady 0\nr QueueSizeMax 8\n"
#define ADDRESSES                                                                                  \
	"w DescLow 80001000\nw DescHigh 0\nw DriverLow 80002000\nw DriverHigh 0\n"                 \
	"w DeviceLow 80003000\nw DeviceHigh 0\n"

#define TO_LIVE                                                                                    \
	":accept\n" ACCEPT ":features-ok\nw Status b\n"                                            \
	":reread\nr Status b\n"                                                                    \
	":select\n" SELECT ":size\nw QueueSize 8\n"                                                \
	":addresses\n" ADDRESSES ":ready\nw QueueReady 1\n"                                        \
	":driver-ok\nw Status f\n"                                                                 \
	":ok-read\nr Status f\n"

#define OFFER ":offer\n" READ_OFFER

#define END ":end\nw Status 0\nr Status 0\n:tail\n"

/* A read of 512 bytes, split. */
#define READ_SPLIT                                                                                 \
	"req 80005000 0 0\ndesc 0 80005000 10 1 1\n"                                               \
	"desc 1 80005100 200 3 2\ndesc 2 80005300 1 2 0\navail 0\n"

#define INTERRUPT                                                                                  \
	":interrupt\nr InterruptStatus 1\n"                                                        \
	":acknowledge\nw InterruptACK 1\n"

/* The device wants to be notified of the next buffer: avail_event is at 80003044. */
#define BLOCK_SPLIT                                                                                \
	PROBE TO_DRIVER OFFER BLOCK_CONFIG TO_LIVE ":request\n" READ_SPLIT ":notify\nnotify 1\n"   \
						   ":used\nused 0 201\nm16 80003044 1\n" INTERRUPT \
						   ":again\n" READ_SPLIT                           \
						   "notify 2\nused 0 201\nm16 80003044 2\n"        \
						   "r InterruptStatus 1\nw InterruptACK 1\n" END

/* The same, packed: slots 0 to 2, buffer id 7. */
#define BLOCK_PACKED                                                                               \
	PROBE TO_DRIVER OFFER BLOCK_CONFIG TO_LIVE                                                 \
		":request\nreq 80005000 0 0\npdesc 0 80005000 10 0 81\n"                           \
		"pdesc 1 80005100 200 0 83\npdesc 2 80005300 1 7 82\n"                             \
		":notify\nnotify 8003\n"                                                           \
		":used\npdesc 0 0 201 7 8082\n" INTERRUPT END

#define BARE PROBE TO_DRIVER OFFER TO_LIVE END

/* An entropy device. */
#define ENTROPY                                                                                    \
	PROBE TO_DRIVER OFFER TO_LIVE                                                              \
		":request\ndesc 0 80005000 40 2 0\navail 0\n"                                      \
		":notify\nnotify 1\n:used\nused 0 40\nm16 80003044 1\n" INTERRUPT END

#define BIT(n) VMMIO_FEATURE(VMMIO_##n)
#define VERSION_1 BIT(F_VERSION_1)
/* All with a field that the drivers above read, or that a broken one does. */
#define BLOCK_FEATURES                                                                             \
	(VERSION_1 | BIT(BLK_F_SIZE_MAX) | BIT(BLK_F_SEG_MAX) | BIT(BLK_F_FLUSH) |                 \
		BIT(BLK_F_CONFIG_WCE) | BIT(BLK_F_MQ) | BIT(BLK_F_DISCARD) |                       \
		BIT(BLK_F_WRITE_ZEROES) | UINT64_C(1) << 16)

/* --- Scripts, with one part edited -------------------- */

#define SPLIT(features, part_, lines_)                                                             \
	{                                                                                          \
		.text = BLOCK_SPLIT, .accepted = BLOCK_FEATURES | (features), .part = (part_),     \
		.lines = (lines_)                                                                  \
	}
#define PACKED(features, part_, lines_)                                                            \
	{                                                                                          \
		.text = BLOCK_PACKED,                                                              \
		.accepted = BLOCK_FEATURES | BIT(F_RING_PACKED) | (features), .part = (part_),     \
		.lines = (lines_)                                                                  \
	}
/* No memory is looked at, no configuration read. */
#define PLAIN(part_, lines_)                                                                       \
	{                                                                                          \
		.text = BARE, .accepted = VERSION_1, .part = (part_), .lines = (lines_)            \
	}
#define PLAIN_V3(part_, lines_)                                                                    \
	{                                                                                          \
		.text = BARE, .version = 3, .accepted = VERSION_1, .part = (part_),                \
		.lines = (lines_)                                                                  \
	}
#define PROBES(part_, lines_)                                                                      \
	{                                                                                          \
		.text = PROBE, .part = (part_), .lines = (lines_)                                  \
	}
#define OFFER_(accepted_, offered_)                                                                \
	{                                                                                          \
		.text = BARE, .accepted = (accepted_), .offered = (offered_)                       \
	}
#define REQUEST(lines_) SPLIT(0, "request", lines_)
#define WITH(features, lines_) SPLIT(features, "request", lines_)
/* Behind the last request; slots 3 to 7 of a packed ring are free. */
#define LAST(features, lines_) SPLIT(features, "end", lines_ "@")
#define LAST_PACKED(features, lines_) PACKED(features, "end", lines_ "@")

#define SUSPEND_ BIT(F_SUSPEND)
#define RESET_ BIT(F_RING_RESET)
#define IN_ORDER_ BIT(F_IN_ORDER)
#define INDIRECT_ BIT(F_INDIRECT_DESC)
#define EVENT_ BIT(F_EVENT_IDX)
#define DATA_ BIT(F_NOTIFICATION_DATA)

#define NEGOTIATE_AGAIN                                                                            \
	"w Status 0\nr Status 0\nw Status 1\nw Status 3\n" READ_OFFER ACCEPT "w Status b\n"
#define NET_FEATURE(n) (UINT64_C(1) << (n))

#endif
