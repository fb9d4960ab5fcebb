/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the block device offers: features, config space, the write cache switch.
 */
#include <errno.h>
#include <string.h>

#include "backends/blk.h"

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int wrong(const struct vmmio_blk_options *o, const char *name, uint64_t value,
	const char *remedy)
{
	vmmio_blk_log(&o->log, VMMIO_LOG_ERROR, "block backend: %s is %llu: %s", name,
		(unsigned long long)value, remedy);
	return -EINVAL;
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

static int check_topology(const struct vmmio_blk_options *o)
{
	uint32_t block = or_default(o->block_size, VMMIO_BLK_SECTOR);

	if (!is_power_of_two(block) || block < VMMIO_BLK_SECTOR || block > 65536)
		return wrong(o, "block_size", block, "a power of two, 512 to 65536");
	if (o->physical_block_size &&
		(!is_power_of_two(o->physical_block_size) || o->physical_block_size < block))
		return wrong(o, "physical_block_size", o->physical_block_size,
			"a power of two, at least block_size");
	if (o->min_io_size % block || o->min_io_size / block > UINT16_MAX)
		return wrong(o, "min_io_size", o->min_io_size,
			"a multiple of block_size, at most 65535 blocks");
	if (o->opt_io_size % block)
		return wrong(o, "opt_io_size", o->opt_io_size, "a multiple of block_size");
	return 0;
}

int vmmio_blk_check_options(const struct vmmio_blk_options *o)
{
	if (o->size && o->size < sizeof(*o))
		return -EINVAL; /* too small to have a log */
	if (!o->size)
		return wrong(o, "size", o->size, "set it to sizeof(struct vmmio_blk_options)");
	if (!o->io)
		return wrong(o, "io", 0, "create an I/O engine with vmmio_io_create");
	if (!o->path && o->fd < 0)
		return wrong(o, "path", 0, "give a path or an open descriptor");
	if (o->n_queues > 64)
		return wrong(o, "n_queues", o->n_queues, "at most 64");
	if (o->queue_size > VMMIO_QUEUE_SIZE_LIMIT)
		return wrong(o, "queue_size", o->queue_size, "at most 32768");
	if (o->seg_max > 1024)
		return wrong(o, "seg_max", o->seg_max, "at most 1024");
	if (o->serial && strlen(o->serial) > VMMIO_BLK_ID_BYTES)
		return wrong(o, "length of serial", strlen(o->serial), "at most 20 bytes");
	return check_topology(o);
}

static void put16(uint8_t *config, unsigned offset, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(config + offset, &value, sizeof(value));
}

static void put32(uint8_t *config, unsigned offset, uint32_t value)
{
	value = vmmio_le32(value);
	memcpy(config + offset, &value, sizeof(value));
}

static void put64(uint8_t *config, unsigned offset, uint64_t value)
{
	value = vmmio_le64(value);
	memcpy(config + offset, &value, sizeof(value));
}

static void init_topology(uint8_t *c, const struct vmmio_blk_options *o, uint32_t block)
{
	uint32_t physical = or_default(o->physical_block_size, block);

	c[VMMIO_BLK_CFG_TOPOLOGY] = (uint8_t)__builtin_ctz(physical / block);
	put16(c, VMMIO_BLK_CFG_TOPOLOGY + 2, (uint16_t)(or_default(o->min_io_size, block) / block));
	put32(c, VMMIO_BLK_CFG_TOPOLOGY + 4, o->opt_io_size / block);
}

static void init_features(struct vmmio_blk *blk, const struct vmmio_blk_options *o)
{
	uint64_t *features = blk->backend.features;
	uint64_t f = VMMIO_TRANSPORT_FEATURES_0;

	f &= ~(VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM));
	f |= VMMIO_FEATURE(VMMIO_BLK_F_SEG_MAX) | VMMIO_FEATURE(VMMIO_BLK_F_BLK_SIZE) |
	     VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_TOPOLOGY) |
	     VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE);
	if (blk->n_queues > 1)
		f |= VMMIO_FEATURE(VMMIO_BLK_F_MQ);
	if (blk->read_only)
		f |= VMMIO_FEATURE(VMMIO_BLK_F_RO);
	else
		f |= VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) | VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES);
	f &= ~o->features_off[0];
	if (!(f & VMMIO_FEATURE(VMMIO_BLK_F_FLUSH))) /* BLK-DEV-02 */
		f &= ~VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE);
	features[0] = f;
	features[1] = 0;
}

void vmmio_blk_init_config(struct vmmio_blk *blk, const struct vmmio_blk_options *o)
{
	uint8_t *c = blk->config;

	put64(c, VMMIO_BLK_CFG_CAPACITY, atomic_load(&blk->capacity));
	put32(c, VMMIO_BLK_CFG_SEG_MAX, or_default(o->seg_max, 126));
	put32(c, VMMIO_BLK_CFG_BLK_SIZE, blk->block_size);
	init_topology(c, o, blk->block_size);
	c[VMMIO_BLK_CFG_WRITEBACK] = !blk->write_through;
	put16(c, VMMIO_BLK_CFG_NUM_QUEUES, (uint16_t)blk->n_queues);
	if (!blk->read_only) {
		put32(c, VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, BLK_MAX_SECTORS);
		put32(c, VMMIO_BLK_CFG_MAX_DISCARD_SEG, BLK_MAX_SEGMENTS);
		put32(c, VMMIO_BLK_CFG_DISCARD_ALIGNMENT, blk->block_size / VMMIO_BLK_SECTOR);
		put32(c, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, BLK_MAX_SECTORS);
		put32(c, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, BLK_MAX_SEGMENTS);
		c[VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP] = 1;
	}
	init_features(blk, o);
}

bool vmmio_blk_offers(const struct vmmio_blk *blk, unsigned bit)
{
	return blk->backend.features[0] & VMMIO_FEATURE(bit);
}

static bool accepts(const uint64_t accepted[VMMIO_FEATURE_WORDS], unsigned bit)
{
	return accepted[0] & VMMIO_FEATURE(bit);
}

/*
 * A driver that does not take FLUSH cannot ask for durability, so each write has it
 * (BLK-DEV-30), and writeback reads 0 (BLK-DEV-03) until the driver switches it on.
 */
int vmmio_blk_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	struct vmmio_blk *blk = ctx;
	bool sync = !accepts(accepted, VMMIO_BLK_F_FLUSH) || blk->write_through;
	uint8_t writeback = !sync;

	atomic_store(&blk->wce, accepts(accepted, VMMIO_BLK_F_CONFIG_WCE));
	atomic_store(&blk->sync, sync);
	if (atomic_load(&blk->wce))
		(void)vmmio_device_config_change(
			blk->device, VMMIO_BLK_CFG_WRITEBACK, &writeback, 1);
	return 0;
}

void vmmio_blk_reset_mode(struct vmmio_blk *blk)
{
	uint8_t writeback = !blk->write_through;

	atomic_store(&blk->wce, false);
	atomic_store(&blk->sync, true);
	(void)vmmio_device_config_change(blk->device, VMMIO_BLK_CFG_WRITEBACK, &writeback, 1);
}

void vmmio_blk_config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	struct vmmio_blk *blk = ctx;
	uint8_t writeback = (uint8_t)value;

	if (offset != VMMIO_BLK_CFG_WRITEBACK || size != 1 || value > 1 || !atomic_load(&blk->wce))
		return;
	/* Switching to write-through: from the next write on (BLK-DEV-30 asks for those that
	 * see 0 from submission to completion). */
	atomic_store(&blk->sync, !writeback);
	(void)vmmio_device_config_change(blk->device, offset, &writeback, 1);
}

void vmmio_blk_show_capacity(struct vmmio_blk *blk)
{
	uint8_t bytes[8];

	put64(bytes, 0, atomic_load(&blk->capacity));
	(void)vmmio_device_config_change(blk->device, VMMIO_BLK_CFG_CAPACITY, bytes, sizeof(bytes));
}

int vmmio_blk_resize(struct vmmio_blk *blk)
{
	uint64_t bytes = 0;
	int err;

	if (!blk)
		return -EINVAL;
	pthread_mutex_lock(&blk->device_lock);
	err = vmmio_blk_image_size(blk, &bytes);
	if (!err) {
		atomic_store(&blk->capacity, bytes / VMMIO_BLK_SECTOR);
		if (blk->device)
			vmmio_blk_show_capacity(blk);
	}
	pthread_mutex_unlock(&blk->device_lock);
	if (err)
		vmmio_blk_log_size(blk, err, bytes);
	return err;
}
