/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: data that is read and written, discarded and zeroed. */
#include <string.h>

#include "conform/checks/block.h"

#define F_SECURE_ERASE 16u
#define T_SECURE_ERASE 14u

#define WRITE_FEATURES                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |                   \
		VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES) | VMMIO_FEATURE(F_SECURE_ERASE))

/* --- Data --------------------------------------------------------------------------------------- */

/* A disk that leaves the buffer as it is reads the same each time. */
static void read_poisoned(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data)
{
	fill(c, data, POISON, VMMIO_BLK_SECTOR);
	need(c, block_read(c, ring, sector, data) == VMMIO_BLK_S_OK, "a read fails");
}

/* blk_size is what is best, sectors of 512 bytes are what requests are made of. A device that
 * reads nothing at all is another matter. */
static void units(struct conform *c)
{
	struct block_request request = {.type = VMMIO_BLK_T_IN, .data_written = true};
	uint32_t size = 0;
	struct ring ring;
	int status;

	if (offered(c, VMMIO_BLK_F_BLK_SIZE))
		size = (uint32_t)config_read(c, VMMIO_BLK_CFG_BLK_SIZE, 4);
	need(c, size > VMMIO_BLK_SECTOR && size <= 65536, "no block size other than a sector is offered");
	request.data = take(c, size, 64);
	request.n_data = size;
	block_start(c, &ring, VMMIO_FEATURE(VMMIO_BLK_F_BLK_SIZE));
	need(c, block_do(c, &ring, &request) == VMMIO_BLK_S_OK, "a read of a whole block fails");
	status = block_read(c, &ring, 0, request.data);
	block_judge(c, "BLK-DEV-59", status, VMMIO_BLK_S_OK,
		"a read of one sector of 512 bytes, as a read of blk_size bytes was answered");
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
		block_judge(c, "BLK-DEV-20", status, VMMIO_BLK_S_IOERR,
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

	block_start(c, &ring, WRITE_FEATURES);
	need(c, request_works(c, &ring), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct vmmio_blk_segment segment = {.flags = 0x80000000};

		if (!offered(c, kinds[i].feature))
			continue;
		segment.num_sectors = segment_sectors(c, &kinds[i]);
		if (!segment.num_sectors)
			continue;
		any = true;
		block_judge(c, "BLK-DEV-22", block_range(c, &ring, kinds[i].type, segment),
			VMMIO_BLK_S_UNSUPP, kinds[i].unknown);
	}
	need(c, any, "the device offers no DISCARD, WRITE_ZEROES or SECURE_ERASE of a sector");
}

static void discard_unmap(struct conform *c)
{
	struct vmmio_blk_segment segment = {.flags = VMMIO_BLK_WZ_UNMAP};
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_DISCARD), "the device does not offer VIRTIO_BLK_F_DISCARD");
	block_start(c, &ring, WRITE_FEATURES);
	need(c, request_works(c, &ring), "the device does not answer a request");
	segment.num_sectors = segment_sectors(c, &kinds[0]);
	need(c, segment.num_sectors, "no sector can be discarded");
	block_judge(c, "BLK-DEV-23", block_range(c, &ring, VMMIO_BLK_T_DISCARD, segment),
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
	{"block-units", "Sectors have 512 bytes, whatever blk_size is", "BLK-DEV-59", NEEDS, units},
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
	{"block-stable", "Stable writes are in storage when they are reported", "BLK-DEV-30",
		NEEDS | NEEDS_WRITES | NEEDS_STORAGE, stable},
};

const struct check_topic checks_block_data = CHECK_TOPIC("block", checks);
