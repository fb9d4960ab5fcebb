/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the checks of block devices. */
#include <string.h>

#include "conform/checks/block.h"

void block_start(struct conform *c, struct ring *ring, uint64_t features)
{
	traffic_start(c, ring, if_offered(c, features), 0);
}

static int transfer(struct conform *c, struct ring *ring, struct block_request request)
{
	request.n_data = VMMIO_BLK_SECTOR;
	return block_do(c, ring, &request);
}

int block_read(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data)
{
	return transfer(c, ring, (struct block_request){.type = VMMIO_BLK_T_IN, .sector = sector,
		.data = data, .data_written = true});
}

int block_write(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data)
{
	return transfer(c, ring,
		(struct block_request){.type = VMMIO_BLK_T_OUT, .sector = sector, .data = data});
}

int block_flush(struct conform *c, struct ring *ring)
{
	return block_do(c, ring, &(struct block_request){.type = VMMIO_BLK_T_FLUSH});
}

int block_range(struct conform *c, struct ring *ring, uint32_t type, struct vmmio_blk_segment segment)
{
	struct vmmio_blk_segment le = {
		.sector = vmmio_le64(segment.sector),
		.num_sectors = vmmio_le32(segment.num_sectors),
		.flags = vmmio_le32(segment.flags),
	};
	uint64_t data = take(c, sizeof(le), 16);

	put(c, data, &le, sizeof(le));
	return block_do(c, ring,
		&(struct block_request){.type = type, .data = data, .n_data = sizeof(le)});
}

bool block_judge(
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

static void make_pattern(uint8_t bytes[VMMIO_BLK_SECTOR], uint64_t sector, uint8_t seed)
{
	for (unsigned i = 0; i < VMMIO_BLK_SECTOR; i++)
		bytes[i] = (uint8_t)(seed + sector * 7 + i + (i >> 8));
}

void block_pattern(struct conform *c, uint64_t data, uint64_t sector, uint8_t seed)
{
	uint8_t bytes[VMMIO_BLK_SECTOR];

	make_pattern(bytes, sector, seed);
	put(c, data, bytes, sizeof(bytes));
}

bool block_has_pattern(struct conform *c, uint64_t data, uint64_t sector, uint8_t seed)
{
	uint8_t bytes[VMMIO_BLK_SECTOR], seen[VMMIO_BLK_SECTOR];

	make_pattern(bytes, sector, seed);
	get(c, data, seen, sizeof(seen));
	return memcmp(bytes, seen, sizeof(bytes)) == 0;
}

bool block_stored_pattern(struct conform *c, uint64_t sector, uint8_t seed)
{
	uint8_t bytes[VMMIO_BLK_SECTOR], seen[VMMIO_BLK_SECTOR];

	make_pattern(bytes, sector, seed);
	storage_read(c, sector * VMMIO_BLK_SECTOR, seen, sizeof(seen));
	return memcmp(bytes, seen, sizeof(bytes)) == 0;
}
