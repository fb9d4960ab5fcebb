/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: what requests do, and what they are answered. */
#include <string.h>

#include "conform/checks/block.h"

#define BLOCK_F_LIFETIME 15
#define BLOCK_T_GET_LIFETIME 10

#define WRITE_FEATURES                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |                   \
		VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES))

/* --- Status --------------------------------------------------------------------------------- */

/* Bit 31 is left out: it was the barrier bit of legacy devices, which some still take. */
static void unknown_type(struct conform *c)
{
	static const uint32_t types[] = {0x7ff0, 0x12345678};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int status = block_do(c, &ring, &(struct block_request){.type = types[i],
			.data = take(c, 512, 16), .n_data = 512, .data_written = true});

		judge(c, "BLK-DEV-58", status == VMMIO_BLK_S_UNSUPP,
			"expected status 2 (UNSUPP) for a request of type 0x%x, saw %d", types[i], status);
	}
}

/* Data and status in one descriptor: the last byte of it is the status. */
static void status_last(struct conform *c)
{
	struct vmmio_blk_header header = {.type = vmmio_le32(VMMIO_BLK_T_IN)};
	uint64_t room = take(c, VMMIO_BLK_SECTOR + 1, 16), at = take(c, sizeof(header), 16);
	const struct seg segs[2] = {
		{at, sizeof(header), false}, {room, VMMIO_BLK_SECTOR + 1, true}};
	struct ring ring;
	struct used used;
	uint8_t status;

	put(c, at, &header, sizeof(header));
	fill(c, room, POISON, VMMIO_BLK_SECTOR + 1);
	block_start(c, &ring, 0);
	ring_add(c, &ring, segs, 2);
	ring_kick(c, &ring);
	need(c, ring_wait(c, &ring, &used), "the device does not answer a request");
	get(c, room + VMMIO_BLK_SECTOR, &status, 1);
	judge(c, "BLK-DEV-58", status == VMMIO_BLK_S_OK,
		"expected status 0 in the last byte that the device may write, saw 0x%x", status);
}

static void zone_requests(struct conform *c)
{
	static const uint32_t types[] = {16, 18, 20, 22, 24, 26};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct block_request request = {.type = types[i]};
		int status;

		if (types[i] == 16) {
			request.data = take(c, 512, 16);
			request.n_data = 512;
			request.data_written = true;
		}
		status = block_do(c, &ring, &request);
		judge(c, "BLK-DEV-35", status == VMMIO_BLK_S_UNSUPP,
			"expected status 2 (UNSUPP) for zone request %u without VIRTIO_BLK_F_ZONED, saw %d",
			types[i], status);
	}
}

static void get_id(struct conform *c)
{
	struct block_request request = {.type = VMMIO_BLK_T_GET_ID, .data = take(c, 20, 16),
		.n_data = VMMIO_BLK_ID_BYTES, .data_written = true};
	uint8_t id[VMMIO_BLK_ID_BYTES];
	struct ring ring;
	bool ended = false;
	int status;

	block_start(c, &ring, 0);
	fill(c, request.data, POISON, VMMIO_BLK_ID_BYTES);
	status = block_do(c, &ring, &request);
	need(c, status == VMMIO_BLK_S_OK, "GET_ID was answered with status %d", status);
	get(c, request.data, id, sizeof(id));
	for (unsigned i = 0; i < sizeof(id); i++) {
		judge(c, "BLK-DEV-60", id[i] < 0x80,
			"expected an ASCII string from GET_ID, saw byte 0x%x at %u", id[i], i);
		judge(c, "BLK-DEV-60", !ended || id[i] == 0,
			"expected the string of GET_ID padded with NUL, saw byte 0x%x at %u behind its end",
			id[i], i);
		ended |= id[i] == 0;
	}
}

/* --- Data --------------------------------------------------------------------------------------- */

static void reads_stored(struct conform *c)
{
	static const uint64_t sectors[] = {0, 1, 7, 100};
	uint8_t stored[VMMIO_BLK_SECTOR], seen[VMMIO_BLK_SECTOR];
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);
	struct ring ring;

	block_start(c, &ring, 0);
	by_hook(c);
	for (size_t i = 0; i < sizeof(sectors) / sizeof(sectors[0]); i++) {
		if (sectors[i] >= block_capacity(c))
			break;
		fill(c, data, POISON, VMMIO_BLK_SECTOR);
		need(c, block_read(c, &ring, sectors[i], data) == VMMIO_BLK_S_OK, "a read fails");
		storage_read(c, sectors[i] * VMMIO_BLK_SECTOR, stored, sizeof(stored));
		get(c, data, seen, sizeof(seen));
		judge(c, "BLK-DEV-59", memcmp(stored, seen, sizeof(seen)) == 0,
			"expected IN of sector %llu to return bytes %llu and up of the disk, saw other data",
			(unsigned long long)sectors[i],
			(unsigned long long)sectors[i] * VMMIO_BLK_SECTOR);
	}
}

/* Three sectors in a row, written one by one: each keeps its own, read one by one. */
static void writes_read_back(struct conform *c)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);
	struct ring ring;

	block_start(c, &ring, WRITE_FEATURES);
	need(c, !offered(c, VMMIO_BLK_F_RO), "the disk is read-only");
	need(c, block_capacity(c) > 12, "the disk is too small");
	for (uint64_t sector = 9; sector < 12; sector++) {
		block_pattern(c, data, sector, 0x31);
		need(c, block_write(c, &ring, sector, data) == VMMIO_BLK_S_OK, "a write fails");
	}
	for (uint64_t sector = 9; sector < 12; sector++) {
		fill(c, data, POISON, VMMIO_BLK_SECTOR);
		need(c, block_read(c, &ring, sector, data) == VMMIO_BLK_S_OK, "a read fails");
		judge(c, "BLK-DEV-59", block_has_pattern(c, data, sector, 0x31),
			"expected sector %llu to hold what was written to it, saw other data",
			(unsigned long long)sector);
	}
}

static void read_only(struct conform *c)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64), before = take(c, VMMIO_BLK_SECTOR, 64);
	uint8_t was[VMMIO_BLK_SECTOR], is[VMMIO_BLK_SECTOR];
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_RO), "the device does not offer VIRTIO_BLK_F_RO");
	for (unsigned accept = 0; accept < 2; accept++) {
		int status;

		block_start(c, &ring, accept ? VMMIO_FEATURE(VMMIO_BLK_F_RO) : 0);
		need(c, block_read(c, &ring, 3, before) == VMMIO_BLK_S_OK, "a read fails");
		get(c, before, was, sizeof(was));
		block_pattern(c, data, 3, 0x77);
		status = block_write(c, &ring, 3, data);
		judge(c, "BLK-DEV-20", status == VMMIO_BLK_S_IOERR,
			"expected status 1 (IOERR) for a write to a read-only disk (RO %saccepted), saw %d",
			accept ? "" : "not ", status);
		need(c, block_read(c, &ring, 3, data) == VMMIO_BLK_S_OK, "a read fails");
		get(c, data, is, sizeof(is));
		judge(c, "BLK-DEV-21", memcmp(was, is, sizeof(is)) == 0,
			"expected nothing written to a read-only disk, saw sector 3 changed");
	}
}

static void unknown_flags(struct conform *c)
{
	static const struct {
		unsigned feature;
		uint32_t type;
	} kinds[] = {
		{VMMIO_BLK_F_DISCARD, VMMIO_BLK_T_DISCARD},
		{VMMIO_BLK_F_WRITE_ZEROES, VMMIO_BLK_T_WRITE_ZEROES},
	};
	struct ring ring;

	block_start(c, &ring, WRITE_FEATURES);
	for (size_t i = 0; i < 2; i++) {
		struct vmmio_blk_segment segment = {.sector = 0, .num_sectors = 8, .flags = 0x80000000};
		int status;

		if (!offered(c, kinds[i].feature))
			continue;
		status = block_range(c, &ring, kinds[i].type, segment);
		judge(c, "BLK-DEV-22", status == VMMIO_BLK_S_UNSUPP,
			"expected status 2 (UNSUPP) for a %s segment with flags 0x80000000, saw %d",
			i ? "WRITE_ZEROES" : "DISCARD", status);
	}
}

static void discard_unmap(struct conform *c)
{
	struct vmmio_blk_segment segment = {.num_sectors = 8, .flags = VMMIO_BLK_WZ_UNMAP};
	struct ring ring;
	int status;

	need(c, offered(c, VMMIO_BLK_F_DISCARD), "the device does not offer VIRTIO_BLK_F_DISCARD");
	block_start(c, &ring, WRITE_FEATURES);
	status = block_range(c, &ring, VMMIO_BLK_T_DISCARD, segment);
	judge(c, "BLK-DEV-23", status == VMMIO_BLK_S_UNSUPP,
		"expected status 2 (UNSUPP) for a DISCARD segment with unmap set, saw %d", status);
}

static void write_zeroes(struct conform *c)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_WRITE_ZEROES), "the device does not offer VIRTIO_BLK_F_WRITE_ZEROES");
	block_start(c, &ring, WRITE_FEATURES);
	need(c, block_capacity(c) > 16, "the disk is too small");
	for (uint32_t unmap = 0; unmap < 2; unmap++) {
		struct vmmio_blk_segment segment = {.sector = 8, .num_sectors = 2, .flags = unmap};

		for (uint64_t sector = 8; sector < 10; sector++) {
			block_pattern(c, data, sector, 0x42);
			need(c, block_write(c, &ring, sector, data) == VMMIO_BLK_S_OK, "a write fails");
		}
		need(c, block_range(c, &ring, VMMIO_BLK_T_WRITE_ZEROES, segment) == VMMIO_BLK_S_OK,
			"WRITE_ZEROES with unmap %u fails", unmap);
		for (uint64_t sector = 8; sector < 10; sector++) {
			fill(c, data, POISON, VMMIO_BLK_SECTOR);
			need(c, block_read(c, &ring, sector, data) == VMMIO_BLK_S_OK, "a read fails");
			judge(c, "BLK-DEV-26",
				differs(c, data, 0, VMMIO_BLK_SECTOR) == VMMIO_BLK_SECTOR,
				"expected zeroes in sector %llu after WRITE_ZEROES with unmap %u, saw other "
				"data",
				(unsigned long long)sector, unmap);
		}
	}
}

/* --- Lifetime ------------------------------------------------------------------------------- */

/* A device that has no metrics to give, though it offers them, has none that can be had. */
static void lifetime(struct conform *c)
{
	struct block_request request = {
		.type = BLOCK_T_GET_LIFETIME, .data = take(c, 6, 16), .n_data = 6, .data_written = true};
	uint16_t end_of_life, slc, mlc;
	struct ring ring;
	int status;

	need(c, offered(c, BLOCK_F_LIFETIME), "the device does not offer VIRTIO_BLK_F_LIFETIME");
	block_start(c, &ring, VMMIO_FEATURE(BLOCK_F_LIFETIME));
	status = block_do(c, &ring, &request);
	judge(c, "BLK-DEV-33", status != VMMIO_BLK_S_UNSUPP,
		"expected lifetime metrics of a device that offers VIRTIO_BLK_F_LIFETIME, saw GET_LIFETIME "
		"answered with status 2 (UNSUPP)");
	need(c, status == VMMIO_BLK_S_OK, "GET_LIFETIME is answered with status %d", status);
	end_of_life = get16(c, request.data);
	slc = get16(c, request.data + 2);
	mlc = get16(c, request.data + 4);
	judge(c, "BLK-DEV-34", end_of_life <= 3 && slc <= 11 && mlc <= 11,
		"expected pre_eol_info at most 3 and estimates at most 11, saw %u, %u and %u", end_of_life,
		slc, mlc);
}

/* --- Stable writes ------------------------------------------------------------------------------ */

static void judge_stable(struct conform *c, struct ring *ring, bool flush, const char *mode)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);

	for (uint8_t i = 0; i < 2; i++) {
		block_pattern(c, data, 20, (uint8_t)(0x50 + i));
		need(c, block_write(c, ring, 20, data) == VMMIO_BLK_S_OK, "a write fails");
		if (flush)
			need(c, block_flush(c, ring) == VMMIO_BLK_S_OK, "FLUSH fails");
		judge(c, "BLK-DEV-30", block_stored_pattern(c, 20, (uint8_t)(0x50 + i)),
			"expected the data in storage once %s was complete (%s), saw it missing",
			flush ? "the flush after the write" : "the write", mode);
	}
}

static void stable(struct conform *c)
{
	uint64_t flush = VMMIO_FEATURE(VMMIO_BLK_F_FLUSH), wce = VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE);
	struct ring ring;

	need(c, target(c)->flags & VMMIO_TARGET_MEDIA,
		"the target does not tell what is on the medium from what is in a cache");
	need(c, offered(c, VMMIO_BLK_F_FLUSH) && !offered(c, VMMIO_BLK_F_RO),
		"no writable disk with VIRTIO_BLK_F_FLUSH");
	need(c, block_capacity(c) > 20, "the disk is too small");
	by_hook(c);
	block_start(c, &ring, 0);
	judge_stable(c, &ring, false, "neither FLUSH nor CONFIG_WCE accepted");
	block_start(c, &ring, flush);
	judge_stable(c, &ring, true, "FLUSH accepted");
	if (!offered(c, VMMIO_BLK_F_CONFIG_WCE))
		return;
	block_start(c, &ring, flush | wce);
	wr_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1, 0);
	need(c, rd_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1) == 0, "writeback stays 1");
	judge_stable(c, &ring, false, "CONFIG_WCE accepted, writeback 0");
}

#define NEEDS (NEEDS_BLOCK | NEEDS_MEMORY)

static const struct check checks[] = {
	{"block-unknown-type", "A request of an unknown type is answered UNSUPP", "BLK-DEV-58", NEEDS,
		unknown_type},
	{"block-status-last", "The status is the last byte the device may write", "BLK-DEV-58", NEEDS,
		status_last},
	{"block-zone-requests", "Zone requests are answered UNSUPP where zones were not negotiated",
		"BLK-DEV-35", NEEDS, zone_requests},
	{"block-get-id", "GET_ID returns 20 bytes of ASCII, padded", "BLK-DEV-60", NEEDS, get_id},
	{"block-reads-stored", "IN returns what is stored at sector * 512", "BLK-DEV-59",
		NEEDS | NEEDS_STORAGE, reads_stored},
	{"block-writes-read-back", "OUT writes to that place, and to no other", "BLK-DEV-59",
		NEEDS | NEEDS_WRITES, writes_read_back},
	{"block-read-only", "A read-only disk refuses writes", "BLK-DEV-20 BLK-DEV-21",
		NEEDS | NEEDS_WRITES, read_only},
	{"block-unknown-flags", "Unknown flags of a segment are answered UNSUPP", "BLK-DEV-22",
		NEEDS | NEEDS_WRITES, unknown_flags},
	{"block-discard-unmap", "unmap in a DISCARD is answered UNSUPP", "BLK-DEV-23",
		NEEDS | NEEDS_WRITES, discard_unmap},
	{"block-write-zeroes", "What WRITE_ZEROES went over reads as zeroes", "BLK-DEV-26",
		NEEDS | NEEDS_WRITES, write_zeroes},
	{"block-lifetime", "Lifetime metrics that are offered are there, and are none that are reserved",
		"BLK-DEV-33 BLK-DEV-34", NEEDS, lifetime},
	{"block-stable", "Stable writes are in storage when they are reported", "BLK-DEV-30",
		NEEDS | NEEDS_WRITES | NEEDS_STORAGE, stable},
};

const struct check_topic checks_block = CHECK_TOPIC("block", checks);
