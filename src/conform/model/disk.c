/* SPDX-License-Identifier: BSD-3-Clause */
/* The store behind the block device. */
#include <stdlib.h>
#include <string.h>
#include "conform/model/disk.h"

static void fresh_sector(struct disk *disk, uint64_t sector)
{
	const size_t offset = (size_t)sector * VMMIO_BLK_SECTOR;

	for (unsigned i = 0; i < VMMIO_BLK_SECTOR; i++)
		disk->data[offset + i] = (uint8_t)(sector * 7 + sector / 256 + i * 3 + 1);
	memcpy(disk->media + offset, disk->data + offset, VMMIO_BLK_SECTOR);
	disk->dirty[sector] = disk->touched[sector] = false;
}

struct disk *model_disk_create(void)
{
	const size_t size = (size_t)DISK_SECTORS_MAX * VMMIO_BLK_SECTOR;
	struct disk *disk = calloc(1, sizeof(*disk));

	if (!disk)
		return NULL;
	disk->data = malloc(size);
	disk->media = malloc(size);
	if (!disk->data || !disk->media) {
		model_disk_destroy(disk);
		return NULL;
	}
	for (unsigned i = 0; i < DISK_SECTORS_MAX; i++)
		fresh_sector(disk, i);
	return disk;
}

void model_disk_destroy(struct disk *disk)
{
	if (!disk)
		return;
	free(disk->data);
	free(disk->media);
	free(disk);
}

void model_disk_restart(struct disk *disk)
{
	for (unsigned i = 0; i < DISK_SECTORS_MAX; i++)
		if (disk->touched[i])
			fresh_sector(disk, i);
}

const uint8_t *model_disk_at(const struct disk *disk, uint64_t sector)
{
	return disk->data + sector * VMMIO_BLK_SECTOR;
}

uint8_t *model_disk_change(struct disk *disk, uint64_t sector, uint64_t n)
{
	for (uint64_t i = sector; i < sector + n; i++)
		disk->dirty[i] = disk->touched[i] = true;
	return disk->data + sector * VMMIO_BLK_SECTOR;
}

void model_disk_commit(struct disk *disk, uint64_t sector, uint64_t n)
{
	for (uint64_t i = sector; i < sector + n; i++) {
		const size_t offset = (size_t)i * VMMIO_BLK_SECTOR;

		if (!disk->dirty[i])
			continue;
		memcpy(disk->media + offset, disk->data + offset, VMMIO_BLK_SECTOR);
		disk->dirty[i] = false;
	}
}
