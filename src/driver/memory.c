/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory for rings and buffers: first fit over a sorted list that lies in host
 * memory, out of the device's reach.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "driver/internal.h"

struct extent {
	struct extent *next;
	size_t offset;
	size_t size;
};

static size_t align_offset(const struct vmmio_driver *driver, size_t offset, size_t align)
{
	uint64_t rest = (driver->memory.guest + offset) & (align - 1);

	return rest ? offset + (size_t)(align - rest) : offset;
}

int vmmio_driver_alloc(
	struct vmmio_driver *driver, size_t size, size_t align, struct vmmio_driver_area *area)
{
	struct extent **link = &driver->extents;
	struct extent *extent;
	size_t at = 0;

	if (size == 0 || align == 0 || (align & (align - 1)) != 0)
		return -EINVAL;
	for (;; link = &(*link)->next) {
		size_t end = *link ? (*link)->offset : driver->memory.size;

		at = align_offset(driver, at, align);
		if (at < end && size <= end - at)
			break;
		if (!*link)
			return -ENOMEM;
		at = end + (*link)->size;
	}
	extent = malloc(sizeof(*extent));
	if (!extent)
		return -ENOMEM;
	*extent = (struct extent){ *link, at, size };
	*link = extent;
	area->host = (char *)driver->memory.host + at;
	area->guest = driver->memory.guest + at;
	area->size = size;
	memset(area->host, 0, size);
	return 0;
}

void vmmio_driver_free(struct vmmio_driver *driver, const struct vmmio_driver_area *area)
{
	for (struct extent **link = &driver->extents; *link; link = &(*link)->next) {
		struct extent *extent = *link;

		if ((char *)driver->memory.host + extent->offset != area->host)
			continue;
		*link = extent->next;
		free(extent);
		return;
	}
}

void vmmio_driver_free_all(struct vmmio_driver *driver)
{
	while (driver->extents) {
		struct extent *extent = driver->extents;

		driver->extents = extent->next;
		free(extent);
	}
}

size_t vmmio_driver_memory_left(const struct vmmio_driver *driver)
{
	size_t left = driver->memory.size;

	for (const struct extent *extent = driver->extents; extent; extent = extent->next)
		left -= extent->size;
	return left;
}
