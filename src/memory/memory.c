/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory object: publishes versions of the table under its readers.
 *
 * Readers load the current version with acquire and take no lock. Writers hold the mutex,
 * build a whole new version and publish it with release. A reader may be inside an old
 * version for as long as it likes, so old ones are kept until the object is destroyed;
 * regions are added at set-up, and a version is small.
 */
#include "memory/table.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(VMMIO_EINVAL == EINVAL && VMMIO_EEXIST == EEXIST && VMMIO_ENOMEM == ENOMEM &&
		       VMMIO_EBUSY == EBUSY,
	"error numbers of the core are the host's");

/* A version and the one it replaced, in one allocation; the table follows. */
struct version {
	struct version *older;
	struct vmmio_memory_table *table;
};

struct vmmio_memory {
	/* Written under lock with release, read anywhere with acquire. */
	_Atomic(struct version *) current;
	/* Devices that use the object. Release on the way down pairs with destroy. */
	atomic_uint users;
	pthread_mutex_t lock; /* serialises writers */
	struct vmmio_log log;
};

__attribute__((format(printf, 3, 4))) static void log_line(
	const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
{
	char line[256];
	va_list args;

	if (!log->fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, level, line);
}

static struct version *version_new(uint32_t regions)
{
	struct version *version = malloc(sizeof(*version) + sizeof(struct vmmio_memory_table) +
					 regions * sizeof(struct vmmio_region));

	if (!version)
		return NULL;
	version->older = NULL;
	version->table = (void *)(version + 1);
	version->table->n = 0;
	version->table->reserved = 0;
	return version;
}

int vmmio_memory_create(const struct vmmio_log *log, struct vmmio_memory **out)
{
	struct vmmio_memory *memory;
	struct version *empty;

	if (!out)
		return -EINVAL;
	memory = calloc(1, sizeof(*memory));
	empty = version_new(0);
	if (!memory || !empty || pthread_mutex_init(&memory->lock, NULL)) {
		free(empty);
		free(memory);
		return -ENOMEM;
	}
	if (log)
		memory->log = *log;
	atomic_init(&memory->current, empty);
	atomic_init(&memory->users, 0);
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

static int publish_with(struct vmmio_memory *memory, const struct vmmio_region *region,
	struct vmmio_region *other)
{
	/* Only writers store it, and they hold the lock we hold. */
	struct version *old = atomic_load_explicit(&memory->current, memory_order_relaxed);
	struct version *version = version_new(old->table->n + 1);
	int ret;

	if (!version)
		return -ENOMEM;
	ret = vmmio_table_insert(version->table, old->table, region);
	if (ret) {
		if (ret == -EEXIST)
			*other = overlapped(old->table, region);
		free(version);
		return ret;
	}
	version->older = old;
	/* Pairs with the acquire in vmmio_memory_table: who sees it sees its rows. */
	atomic_store_explicit(&memory->current, version, memory_order_release);
	return 0;
}

static void log_refusal(const struct vmmio_memory *memory, const struct vmmio_region *region,
	const struct vmmio_region *other, int ret)
{
	const uint64_t guest = region->guest, size = region->size;

	if (ret == -EEXIST)
		log_line(&memory->log, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, refused: it overlaps "
			"the one at 0x%" PRIx64 ", 0x%" PRIx64 " bytes; regions must be disjoint",
			guest, size, other->guest, other->size);
	else if (ret == -ENOMEM)
		log_line(&memory->log, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, refused: no host "
			"memory for the table; free some and add it again",
			guest, size);
	else
		log_line(&memory->log, VMMIO_LOG_ERROR,
			"memory: region at 0x%" PRIx64 ", 0x%" PRIx64 " bytes, host %p, flags 0x%" PRIx32
			", refused: %s",
			guest, size, region->host, region->flags, what_is_wrong(region));
}

int vmmio_memory_add(struct vmmio_memory *memory, const struct vmmio_region *region)
{
	struct vmmio_region other = {0};
	int ret;

	if (!memory || !region)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = publish_with(memory, region, &other);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		log_refusal(memory, region, &other, ret);
	return ret;
}

int vmmio_memory_destroy(struct vmmio_memory *memory)
{
	struct version *version;
	unsigned users;

	if (!memory)
		return 0;
	/* Pairs with the release in unref: their last look at a table is before this. */
	users = atomic_load_explicit(&memory->users, memory_order_acquire);
	if (users) {
		log_line(&memory->log, VMMIO_LOG_ERROR,
			"memory: not destroyed: %u devices use it; destroy them and wait for their "
			"destroyed callback first",
			users);
		return -EBUSY;
	}
	version = atomic_load_explicit(&memory->current, memory_order_acquire);
	while (version) {
		struct version *older = version->older;

		free(version);
		version = older;
	}
	pthread_mutex_destroy(&memory->lock);
	free(memory);
	return 0;
}

void vmmio_memory_ref(struct vmmio_memory *memory)
{
	atomic_fetch_add_explicit(&memory->users, 1, memory_order_relaxed);
}

void vmmio_memory_unref(struct vmmio_memory *memory)
{
	atomic_fetch_sub_explicit(&memory->users, 1, memory_order_release);
}

const struct vmmio_memory_table *vmmio_memory_table(const struct vmmio_memory *memory)
{
	/* Pairs with the release in publish_with. */
	return atomic_load_explicit(&memory->current, memory_order_acquire)->table;
}

void *vmmio_memory_at(const struct vmmio_memory *memory, uint64_t guest, uint64_t size, bool write)
{
	if (!memory)
		return NULL;
	return vmmio_table_at(vmmio_memory_table(memory), guest, size, write, NULL);
}

bool vmmio_memory_all_pinned(const struct vmmio_memory *memory)
{
	const struct vmmio_memory_table *table;
	uint32_t i;

	if (!memory)
		return false;
	table = vmmio_memory_table(memory);
	for (i = 0; i < table->n; i++)
		if (!(table->region[i].flags & VMMIO_REGION_PINNED))
			return false;
	return true;
}
