/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: what requests do, and what they are answered. */
#include <string.h>

#include "conform/checks/block.h"

#define BLOCK_F_LIFETIME 15
#define BLOCK_T_GET_LIFETIME 10
#define F_SECURE_ERASE 16u
#define T_SECURE_ERASE 14u

#define WRITE_FEATURES                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |                   \
		VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES) | VMMIO_FEATURE(F_SECURE_ERASE))

/* --- Status --------------------------------------------------------------------------------- */

/* Of a request that was sent; -1: it never came back. */
static bool judge_status(
	struct conform *c, const char *requirement, int status, int expected, const char *request)
{
	static const char *const names[] = {"OK", "IOERR", "UNSUPP"};

	if (status < 0)
		return judge(c, requirement, false, "expected status %d (%s) for %s, saw no answer for %llu ms",
			expected, names[expected], request,
			(unsigned long long)(patience(c) / 1000000));
	return judge(c, requirement, status == expected, "expected status %d (%s) for %s, saw 0x%x",
		expected, names[expected], request, status);
}

static void status_ok(struct conform *c)
{
	struct request request;
	struct ring ring;
	struct used used;
	uint8_t status;

	block_start(c, &ring, 0);
	request_make(c, &request, 0);
	request_add(c, &ring, &request);
	ring_kick(c, &ring);
	need(c, ring_wait(c, &ring, &used), "the device does not answer a request");
	get(c, request.status, &status, 1);
	judge(c, "BLK-DEV-58", status <= VMMIO_BLK_S_UNSUPP,
		"expected status 0 to 2 in the last byte of a read, which held 0x%x before, saw 0x%x", POISON,
		status);
}

/* Types that nobody defines, not even with the legacy bit that marks a barrier. */
static void unknown_type(struct conform *c)
{
	static const uint32_t types[] = {0x7ff0, 0x00a50000};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int status = block_do(c, &ring, &(struct block_request){.type = types[i],
			.data = take(c, 512, 16), .n_data = 512, .data_written = true});

		judge_status(c, "BLK-DEV-58", status, VMMIO_BLK_S_UNSUPP,
			i ? "a request of type 0xa50000" : "a request of type 0x7ff0");
	}
}

static void zone_request(struct conform *c, struct ring *ring, uint32_t type, const char *name)
{
	/* Behind a header: a report that is written, or data and the place they came to. */
	const struct seg more[] = {
		{take(c, 512, 16), 512, type == 16}, {take(c, 8, 8), 8, true}, {take(c, 1, 1), 1, true}};
	struct vmmio_blk_header header = {.type = vmmio_le32(type)};
	struct seg segs[4] = {{take(c, sizeof(header), 16), sizeof(header), false}};
	struct used used;
	unsigned n = 1;
	uint8_t status;

	put(c, segs[0].addr, &header, sizeof(header));
	fill(c, more[2].addr, POISON, 1);
	if (type <= 16)
		segs[n++] = more[0];
	if (type == 15)
		segs[n++] = more[1];
	segs[n++] = more[2];
	ring_add(c, ring, segs, n);
	ring_kick(c, ring);
	if (!ring_wait(c, ring, &used)) {
		judge_status(c, "BLK-DEV-35", -1, VMMIO_BLK_S_UNSUPP, name);
		return;
	}
	get(c, more[2].addr, &status, 1);
	judge_status(c, "BLK-DEV-35", status, VMMIO_BLK_S_UNSUPP, name);
}

/* A device that carries them out nevertheless may lose data by some of them. */
static void zone_requests(struct conform *c)
{
	static const struct {
		uint32_t type;
		bool changes;
		const char *name;
	} requests[] = {
		{16, false, "ZONE_REPORT without VIRTIO_BLK_F_ZONED"},
		{18, false, "ZONE_OPEN without VIRTIO_BLK_F_ZONED"},
		{20, false, "ZONE_CLOSE without VIRTIO_BLK_F_ZONED"},
		{15, true, "ZONE_APPEND without VIRTIO_BLK_F_ZONED"},
		{22, true, "ZONE_FINISH without VIRTIO_BLK_F_ZONED"},
		{24, true, "ZONE_RESET without VIRTIO_BLK_F_ZONED"},
		{26, true, "ZONE_RESET_ALL without VIRTIO_BLK_F_ZONED"},
	};
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (!requests[i].changes || can(c, NEEDS_WRITES))
			zone_request(c, &ring, requests[i].type, requests[i].name);
	}
}

/* Only as much as the device says it has written. */
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
	need(c, status >= 0, "GET_ID was not answered");
	need(c, status == VMMIO_BLK_S_OK, "GET_ID was answered with status %d", status);
	get(c, request.data, id, sizeof(id));
	for (uint32_t i = 0; i < sizeof(id) && i < request.used.len; i++) {
		judge(c, "BLK-DEV-60", id[i] < 0x80,
			"expected an ASCII string from GET_ID, saw byte 0x%x at %u", id[i], i);
		judge(c, "BLK-DEV-60", !ended || id[i] == 0,
			"expected the string of GET_ID padded with NUL, saw byte 0x%x at %u behind its end",
			id[i], i);
		ended |= id[i] == 0;
	}
}

/* --- Data --------------------------------------------------------------------------------------- */

/* A disk that leaves the buffer as it is reads the same each time. */
static void read_poisoned(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data)
{
	fill(c, data, POISON, VMMIO_BLK_SECTOR);
	need(c, block_read(c, ring, sector, data) == VMMIO_BLK_S_OK, "a read fails");
}

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
		read_poisoned(c, &ring, sectors[i], data);
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
		read_poisoned(c, &ring, sector, data);
		judge(c, "BLK-DEV-59", block_has_pattern(c, data, sector, 0x31),
			"expected sector %llu to hold what was written to it, saw other data",
			(unsigned long long)sector);
	}
}

static void read_only(struct conform *c)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);
	uint8_t was[VMMIO_BLK_SECTOR], is[VMMIO_BLK_SECTOR];
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_RO), "the device does not offer VIRTIO_BLK_F_RO");
	for (unsigned accept = 0; accept < 2; accept++) {
		int status;

		block_start(c, &ring, accept ? VMMIO_FEATURE(VMMIO_BLK_F_RO) : 0);
		read_poisoned(c, &ring, 0, data);
		get(c, data, was, sizeof(was));
		block_pattern(c, data, 0, 0x77);
		status = block_write(c, &ring, 0, data);
		judge_status(c, "BLK-DEV-20", status, VMMIO_BLK_S_IOERR,
			accept ? "a write to a read-only disk (RO accepted)"
			       : "a write to a read-only disk (RO not accepted)");
		read_poisoned(c, &ring, 0, data);
		get(c, data, is, sizeof(is));
		judge(c, "BLK-DEV-21", memcmp(was, is, sizeof(is)) == 0,
			"expected nothing written to a read-only disk, saw sector 0 changed");
	}
}

/* --- Segments -------------------------------------------------------------------------------------- */

static const struct kind {
	unsigned feature;
	uint32_t type;
	uint32_t most; /* where its limit of sectors is in the configuration space */
	const char *unknown;
} kinds[] = {
	{VMMIO_BLK_F_DISCARD, VMMIO_BLK_T_DISCARD, VMMIO_BLK_CFG_MAX_DISCARD_SECTORS,
		"a DISCARD segment with flags 0x80000000"},
	{VMMIO_BLK_F_WRITE_ZEROES, VMMIO_BLK_T_WRITE_ZEROES, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS,
		"a WRITE_ZEROES segment with flags 0x80000000"},
	{F_SECURE_ERASE, T_SECURE_ERASE, 60, "a SECURE_ERASE segment with flags 0x80000000"},
};

/* Sectors, from 0 on, that nothing but the flags speaks against. */
static uint32_t segment_sectors(struct conform *c, const struct kind *kind)
{
	uint64_t capacity = block_capacity(c), n = config_read(c, kind->most, 4);

	n = n < capacity ? n : capacity;
	return (uint32_t)(n < 8 ? n : 8);
}

static void unknown_flags(struct conform *c)
{
	struct ring ring;
	bool any = false;

	need(c, !offered(c, VMMIO_BLK_F_RO), "the disk is read-only");
	block_start(c, &ring, WRITE_FEATURES);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct vmmio_blk_segment segment = {.flags = 0x80000000};

		if (!offered(c, kinds[i].feature))
			continue;
		segment.num_sectors = segment_sectors(c, &kinds[i]);
		if (!segment.num_sectors)
			continue;
		any = true;
		judge_status(c, "BLK-DEV-22", block_range(c, &ring, kinds[i].type, segment),
			VMMIO_BLK_S_UNSUPP, kinds[i].unknown);
	}
	need(c, any, "the device offers no DISCARD, WRITE_ZEROES or SECURE_ERASE of a sector");
}

static void discard_unmap(struct conform *c)
{
	struct vmmio_blk_segment segment = {.flags = VMMIO_BLK_WZ_UNMAP};
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_DISCARD), "the device does not offer VIRTIO_BLK_F_DISCARD");
	need(c, !offered(c, VMMIO_BLK_F_RO), "the disk is read-only");
	block_start(c, &ring, WRITE_FEATURES);
	segment.num_sectors = segment_sectors(c, &kinds[0]);
	need(c, segment.num_sectors, "no sector can be discarded");
	judge_status(c, "BLK-DEV-23", block_range(c, &ring, VMMIO_BLK_T_DISCARD, segment),
		VMMIO_BLK_S_UNSUPP, "a DISCARD segment with unmap set");
}

static void write_zeroes(struct conform *c)
{
	uint64_t data = take(c, VMMIO_BLK_SECTOR, 64);
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_WRITE_ZEROES),
		"the device does not offer VIRTIO_BLK_F_WRITE_ZEROES");
	need(c, !offered(c, VMMIO_BLK_F_RO), "the disk is read-only");
	block_start(c, &ring, WRITE_FEATURES);
	need(c, block_capacity(c) > 16 && segment_sectors(c, &kinds[1]) >= 2,
		"the disk, or what can be zeroed at once, is too small");
	for (uint32_t unmap = 0; unmap < 2; unmap++) {
		struct vmmio_blk_segment segment = {.sector = 8, .num_sectors = 2, .flags = unmap};

		for (uint64_t sector = 8; sector < 10; sector++) {
			block_pattern(c, data, sector, 0x42);
			need(c, block_write(c, &ring, sector, data) == VMMIO_BLK_S_OK, "a write fails");
		}
		need(c, block_range(c, &ring, VMMIO_BLK_T_WRITE_ZEROES, segment) == VMMIO_BLK_S_OK,
			"WRITE_ZEROES with unmap %u fails", unmap);
		for (uint64_t sector = 8; sector < 10; sector++) {
			read_poisoned(c, &ring, sector, data);
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
	need(c, status >= 0, "GET_LIFETIME is not answered");
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
	wr_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1, 1);
	judge_stable(c, &ring, true, "CONFIG_WCE accepted, writeback 1");
}

#define NEEDS (NEEDS_BLOCK | NEEDS_MEMORY)

static const struct check checks[] = {
	{"block-status", "The device writes a status into the last byte", "BLK-DEV-58", NEEDS, status_ok},
	{"block-unknown-type", "A request of an unknown type is answered UNSUPP", "BLK-DEV-58", NEEDS,
		unknown_type},
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
