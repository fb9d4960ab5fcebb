/* SPDX-License-Identifier: BSD-3-Clause */
/* The block device: features, configuration space, life. */
#include <errno.h>
#include <string.h>
#include "conform/model/block.h"
#include "conform/model/disk.h"

#define BLOCK_FEATURES                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_SIZE_MAX) | VMMIO_FEATURE(VMMIO_BLK_F_SEG_MAX) |                \
		VMMIO_FEATURE(VMMIO_BLK_F_GEOMETRY) | VMMIO_FEATURE(VMMIO_BLK_F_RO) |              \
		VMMIO_FEATURE(VMMIO_BLK_F_BLK_SIZE) | VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) |           \
		VMMIO_FEATURE(VMMIO_BLK_F_TOPOLOGY) | VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE) |      \
		VMMIO_FEATURE(VMMIO_BLK_F_MQ) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |               \
		VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES) | VMMIO_FEATURE(BLOCK_F_LIFETIME))

uint64_t model_block_capacity(const struct model *m)
{
	return m->disk->sectors;
}

/* A driver that can neither flush nor switch the cache has nothing but its writes. */
bool model_block_writes_through(const struct model *m)
{
	if (model_has(m, VMMIO_BLK_F_CONFIG_WCE))
		return !m->config[VMMIO_BLK_CFG_WRITEBACK];
	return !model_has(m, VMMIO_BLK_F_FLUSH);
}

static int create(struct model *m)
{
	m->disk = model_disk_create();
	return m->disk ? 0 : -ENOMEM;
}

static void destroy(struct model *m)
{
	model_disk_destroy(m->disk);
}

/* Fields of features that are not offered hold something as well: nobody reads them. */
static const struct {
	uint8_t offset, width;
	uint32_t value;
} fields[] = {
	{VMMIO_BLK_CFG_SIZE_MAX, 4, 1u << 20},
	{VMMIO_BLK_CFG_SEG_MAX, 4, 126},
	{VMMIO_BLK_CFG_GEOMETRY, 2, 2},
	{VMMIO_BLK_CFG_GEOMETRY + 2, 1, 16}, /* heads */
	{VMMIO_BLK_CFG_GEOMETRY + 3, 1, 63}, /* sectors of a track */
	{VMMIO_BLK_CFG_BLK_SIZE, 4, VMMIO_BLK_SECTOR},
	{VMMIO_BLK_CFG_TOPOLOGY, 1, 3}, /* physical blocks of 4096 */
	{VMMIO_BLK_CFG_TOPOLOGY + 2, 2, 8},
	{VMMIO_BLK_CFG_TOPOLOGY + 4, 4, 256},
	{VMMIO_BLK_CFG_WRITEBACK, 1, 1},
	{VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, 4, BLOCK_SECTORS_MAX},
	{VMMIO_BLK_CFG_MAX_DISCARD_SEG, 4, BLOCK_SEGMENTS_MAX},
	{VMMIO_BLK_CFG_DISCARD_ALIGNMENT, 4, 1},
	{VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, 4, BLOCK_SECTORS_MAX},
	{VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, 4, BLOCK_SEGMENTS_MAX},
	{VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP, 1, 1},
};

static void fill_field(struct model *m, unsigned offset, unsigned width, uint64_t value)
{
	for (unsigned i = 0; i < width; i++) {
		const unsigned at = faulty(m, FAULT_CONFIG_BIG_ENDIAN) ? width - 1 - i : i;

		m->config[offset + at] = (uint8_t)(value >> 8 * i);
	}
}

static void show_capacity(struct model *m, uint64_t sectors)
{
	m->disk->sectors = sectors;
	fill_field(m, VMMIO_BLK_CFG_CAPACITY, 8, sectors);
}

static void fill_config(struct model *m)
{
	show_capacity(m, DISK_SECTORS);
	fill_field(m, VMMIO_BLK_CFG_NUM_QUEUES, 2, m->options.n_queues);
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		fill_field(m, fields[i].offset, fields[i].width, fields[i].value);
	if (faulty(m, FAULT_PADDING_0))
		m->config[VMMIO_BLK_CFG_WRITEBACK + 1] = 0xff;
	if (faulty(m, FAULT_PADDING_1))
		m->config[VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP + 2] = 0xff;
}

static void restart(struct model *m)
{
	model_disk_restart(m->disk);
	fill_config(m);
}

static void set_writeback(struct model *m, uint8_t value)
{
	if (m->config[VMMIO_BLK_CFG_WRITEBACK] == value)
		return;
	m->config[VMMIO_BLK_CFG_WRITEBACK] = value;
	model_config_changed(m);
}

/* The size stays what it has become; what the cache holds stays there. */
static void reset(struct model *m)
{
	set_writeback(m, 1);
}

static void accepted(struct model *m)
{
	if (faulty(m, FAULT_WRITEBACK_STAYS))
		return;
	if (model_has(m, VMMIO_BLK_F_CONFIG_WCE) && !model_has(m, VMMIO_BLK_F_FLUSH))
		set_writeback(m, 0);
}

static void config_write(struct model *m, uint32_t offset, unsigned width, uint32_t value)
{
	if (offset != VMMIO_BLK_CFG_WRITEBACK || width != 1 || value > 1)
		return;
	if (model_has(m, VMMIO_BLK_F_CONFIG_WCE))
		set_writeback(m, (uint8_t)value);
}

/* The disk grows by a little, and shrinks back when it cannot any more. */
static void change(struct model *m)
{
	uint64_t capacity = model_block_capacity(m) + 8;

	if (capacity > DISK_SECTORS_MAX)
		capacity = DISK_SECTORS;
	show_capacity(m, capacity);
}

const struct type_ops model_block = {
	.id = VMMIO_ID_BLOCK,
	.features = BLOCK_FEATURES,
	.n_queues = 2,
	.config_size = VMMIO_BLK_CFG_SIZE,
	.create = create,
	.destroy = destroy,
	.restart = restart,
	.reset = reset,
	.accepted = accepted,
	.run = model_block_run,
	.config_write = config_write,
	.change = change,
};
