/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory object: the calls that make it, change its regions, and look at them. */
#include "memory/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(VMMIO_EINVAL == EINVAL && VMMIO_EEXIST == EEXIST && VMMIO_ENOMEM == ENOMEM &&
		       VMMIO_EBUSY == EBUSY,
	"error numbers of the core are the host's");

void vmmio_memory_log(
	const struct vmmio_memory *memory, enum vmmio_log_level level, const char *format, ...)
{
	char line[256];
	va_list args;

	if (!memory->log.fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	memory->log.fn(memory->log.ctx, level, line);
}

int vmmio_memory_create(const struct vmmio_log *log, struct vmmio_memory **out)
{
	struct vmmio_memory *memory;
	struct version *empty;

	if (!out)
		return -EINVAL;
	memory = calloc(1, sizeof(*memory));
	empty = vmmio_version_new(0);
	if (!memory || !empty || pthread_mutex_init(&memory->lock, NULL)) {
		free(empty);
		free(memory);
		return -ENOMEM;
	}
	pthread_cond_init(&memory->clean, NULL);
	if (log)
		memory->log = *log;
	atomic_init(&memory->current, empty);
	atomic_init(&memory->all_pinned, true);
	*out = memory;
	return 0;
}

static const char *what_is_wrong(const struct vmmio_region *region)
{
	if (region->size == 0)
		return "its size is 0; give at least one byte";
	if (!region->host)
		return "host is NULL; map the memory first";
	if (region->size - 1 > UINT64_MAX - region->guest)
		return "it passes the end of the guest's address space; make it smaller";
	if (region->size - 1 > UINTPTR_MAX - (uintptr_t)region->host)
		return "it passes the end of the host's address space; check host and size";
	return "unknown flag; use those of enum vmmio_region_flags";
}

/* The first region of the table that shares a byte with this one. */
static struct vmmio_region overlapped(
	const struct vmmio_memory_table *table, const struct vmmio_region *region)
{
	uint32_t i = 0;

	while (table->region[i].guest - region->guest >= region->size &&
		region->guest - table->region[i].guest >= table->region[i].size)
		i++;
	return table->region[i];
}

/* lock held */
static int add(struct vmmio_memory *memory, const struct vmmio_region *region,
	struct vmmio_region *other)
{
	struct version *old = vmmio_version_current(memory);
	struct version *version = vmmio_version_new(old->table->n + 1);
	int ret;

	if (!version)
		return -ENOMEM;
	ret = vmmio_table_insert(version->table, old->table, region);
	if (ret) {
		if (ret == -EEXIST)
			*other = overlapped(old->table, region);
		vmmio_version_free(version);
		return ret;
	}
	return vmmio_version_replace(memory, version);
}

static void log_refusal(const struct vmmio_memory *memory, const struct vmmio_region *region,
	const struct vmmio_region *other, int ret)
{
	const uint64_t guest = region->guest, size = region->size;

	if (ret == -EEXIST)
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, refused: it overlaps "
			"the one at 0x%" PRIx64 ", 0x%" PRIx64 " bytes; regions must be disjoint",
			guest, size, other->guest, other->size);
	else if (ret == -ENOMEM)
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, refused: no host "
			"memory for the table; free some and add it again",
			guest, size);
	else
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, host %p, flags 0x%" PRIx32
			", refused: %s",
			guest, size, region->host, region->flags, what_is_wrong(region));
}

int vmmio_memory_add(struct vmmio_memory *memory, const struct vmmio_region *region)
{
	struct vmmio_region other = {0};
	struct ended ended = {NULL, NULL};
	int ret;

	if (!memory || !region)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = add(memory, region, &other);
	if (!ret)
		vmmio_version_collect(memory, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		log_refusal(memory, region, &other, ret);
	vmmio_version_finish(&ended, NULL);
	return ret;
}

int vmmio_memory_destroy(struct vmmio_memory *memory)
{
	unsigned users = 0;
	bool pinned;

	if (!memory)
		return 0;
	pthread_mutex_lock(&memory->lock);
	for (const struct vmmio_memory_user *u = memory->users; u; u = u->next)
		users++;
	pinned = vmmio_version_pinned(memory);
	pthread_mutex_unlock(&memory->lock);
	if (users) {
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: not destroyed: %u devices use it; destroy them and wait for their "
			"destroyed callback first (one that was abandoned keeps it for good)",
			users);
		return -EBUSY;
	}
	if (pinned) {
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: not destroyed: it is pinned; give back every vmmio_memory_pin first");
		return -EBUSY;
	}
	/* Nobody is left to reach a version, so none is retired. */
	vmmio_version_free(vmmio_version_current(memory));
	pthread_cond_destroy(&memory->clean);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
	return 0;
}

const struct vmmio_memory_table *vmmio_memory_table(const struct vmmio_memory *memory)
{
	/* Pairs with the release in vmmio_version_publish. */
	return atomic_load_explicit(&memory->current, memory_order_acquire)->table;
}

void *vmmio_memory_at(struct vmmio_memory *memory, uint64_t guest, uint64_t size, bool write)
{
	void *host;

	if (!memory)
		return NULL;
	/* The lock, not a pin: the caller may have one, and needs it for the pointer. */
	pthread_mutex_lock(&memory->lock);
	host = vmmio_table_at(vmmio_version_current(memory)->table, guest, size, write, NULL);
	pthread_mutex_unlock(&memory->lock);
	return host;
}

bool vmmio_memory_all_pinned(const struct vmmio_memory *memory)
{
	return memory && atomic_load_explicit(&memory->all_pinned, memory_order_relaxed);
}
