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
	return model_get64(m->config + VMMIO_BLK_CFG_CAPACITY);
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
static void fill_config(struct model *m)
{
	uint8_t *c = m->config;

	model_put64(c + VMMIO_BLK_CFG_CAPACITY, DISK_SECTORS);
	model_put32(c + VMMIO_BLK_CFG_SIZE_MAX, 1u << 20);
	model_put32(c + VMMIO_BLK_CFG_SEG_MAX, 126);
	model_put16(c + VMMIO_BLK_CFG_GEOMETRY, 2);
	c[VMMIO_BLK_CFG_GEOMETRY + 2] = 16; /* heads */
	c[VMMIO_BLK_CFG_GEOMETRY + 3] = 63; /* sectors of a track */
	model_put32(c + VMMIO_BLK_CFG_BLK_SIZE, VMMIO_BLK_SECTOR);
	c[VMMIO_BLK_CFG_TOPOLOGY] = 3; /* physical blocks of 4096 */
	model_put16(c + VMMIO_BLK_CFG_TOPOLOGY + 2, 8);
	model_put32(c + VMMIO_BLK_CFG_TOPOLOGY + 4, 256);
	c[VMMIO_BLK_CFG_WRITEBACK] = 1;
	model_put16(c + VMMIO_BLK_CFG_NUM_QUEUES, (uint16_t)m->options.n_queues);
	model_put32(c + VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, BLOCK_SECTORS_MAX);
	model_put32(c + VMMIO_BLK_CFG_MAX_DISCARD_SEG, BLOCK_SEGMENTS_MAX);
	model_put32(c + VMMIO_BLK_CFG_DISCARD_ALIGNMENT, 1);
	model_put32(c + VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, BLOCK_SECTORS_MAX);
	model_put32(c + VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, BLOCK_SEGMENTS_MAX);
	c[VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP] = 1;
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
	model_put64(m->config + VMMIO_BLK_CFG_CAPACITY, capacity);
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
