/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dirty log: a bitmap per region, shared by the versions that list the region. Whether
 * there is one is part of the version, so a device that has seen the version logs.
 */
#include "memory/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static size_t words_for(const struct vmmio_region *region)
{
	const uint64_t first = region->guest / VMMIO_DIRTY_PAGE;
	const uint64_t last = (region->guest + (region->size - 1)) / VMMIO_DIRTY_PAGE;

	return (size_t)((last - first) / 64 + 1);
}

static struct vmmio_dirty *dirty_new(const struct vmmio_region *region)
{
	const size_t words = words_for(region);
	struct vmmio_dirty *dirty = calloc(1, sizeof(*dirty) + words * sizeof(dirty->bits[0]));

	if (dirty)
		dirty->words = words;
	return dirty;
}

/* What the old version has for the region; NULL: it is not in there. */
static struct vmmio_dirty *dirty_of(const struct vmmio_memory_table *old, uint64_t guest)
{
	const struct vmmio_region *region;

	if (!old->dirty)
		return NULL;
	region = vmmio_table_find(old, guest, NULL);
	return region && region->guest == guest ? old->dirty[region - old->region] : NULL;
}

int vmmio_dirty_inherit(struct version *version, const struct version *old)
{
	struct vmmio_memory_table *table = version->table;
	struct vmmio_dirty **list = (void *)&table->region[table->n];

	table->dirty = list;
	for (uint32_t i = 0; i < table->n; i++) {
		list[i] = dirty_of(old->table, table->region[i].guest);
		/* -fanalyzer: no leak: the list is the table's, whose regions come before it. */
		if (!list[i])
			list[i] = dirty_new(&table->region[i]);
		if (!list[i]) {
			vmmio_dirty_drop(version);
			return -ENOMEM;
		}
		list[i]->refs++;
	}
	return 0;
}

void vmmio_dirty_drop(struct version *version)
{
	struct vmmio_memory_table *table = version->table;

	if (!table->dirty)
		return;
	for (uint32_t i = 0; i < table->n && table->dirty[i]; i++)
		if (--table->dirty[i]->refs == 0)
			free(table->dirty[i]);
	table->dirty = NULL;
}

/* lock held. The same regions with or without logs. Sets *clean when nobody is inside the
 * old version. */
static int switch_to(struct vmmio_memory *memory, bool on, bool *clean, struct ended *ended)
{
	struct version *old = vmmio_version_current(memory);
	struct version *version;

	if (on == !!old->table->dirty)
		return on ? -EBUSY : -EINVAL;
	version = vmmio_version_new(old->table->n);
	if (!version)
		return -ENOMEM;
	vmmio_table_without(version->table, old->table, UINT32_MAX);
	if (on && vmmio_dirty_inherit(version, old)) {
		vmmio_version_free(version);
		return -ENOMEM;
	}
	old->clean = clean;
	vmmio_version_publish(memory, version);
	vmmio_version_collect(memory, ended);
	return 0;
}

static void log_refusal(const struct vmmio_memory *memory, bool on, int ret)
{
	if (ret == -ENOMEM)
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: dirty log not switched %s: no host memory; free some and try again",
			on ? "on" : "off");
	else
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: the dirty log is %s already; call vmmio_memory_dirty_%s first",
			on ? "on" : "off", on ? "stop" : "start");
}

int vmmio_memory_dirty_start(struct vmmio_memory *memory)
{
	struct ended ended = {NULL, NULL};
	bool clean = false;
	int ret;

	if (!memory)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = switch_to(memory, true, &clean, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret) {
		log_refusal(memory, true, ret);
		return ret;
	}
	vmmio_version_finish(&ended, NULL);
	pthread_mutex_lock(&memory->lock);
	while (!clean)
		pthread_cond_wait(&memory->clean, &memory->lock);
	pthread_mutex_unlock(&memory->lock);
	return 0;
}

int vmmio_memory_dirty_stop(struct vmmio_memory *memory)
{
	struct ended ended = {NULL, NULL};
	int ret;

	if (!memory)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = switch_to(memory, false, NULL, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		log_refusal(memory, false, ret);
	else
		vmmio_version_finish(&ended, NULL);
	return ret;
}

/* lock held */
static int fetch(struct vmmio_memory *memory, uint64_t guest, uint64_t *bitmap, size_t words)
{
	const struct vmmio_memory_table *table = vmmio_version_current(memory)->table;
	const struct vmmio_region *region = vmmio_table_find(table, guest, NULL);
	struct vmmio_dirty *dirty;

	if (!table->dirty)
		return -EINVAL;
	if (!region || region->guest != guest)
		return -ENOENT;
	dirty = table->dirty[region - table->region];
	if (words < dirty->words)
		return -ENOSPC;
	for (size_t i = 0; i < words; i++)
		bitmap[i] = i < dirty->words ? atomic_exchange_explicit(&dirty->bits[i], 0,
						       memory_order_acquire)
					     : 0;
	return 0;
}

int vmmio_memory_dirty_get(
	struct vmmio_memory *memory, uint64_t guest, uint64_t *bitmap, size_t words)
{
	int ret;

	if (!memory || !bitmap)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = fetch(memory, guest, bitmap, words);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		vmmio_memory_log(memory, VMMIO_LOG_ERROR,
			"memory: no dirty log of 0x%" PRIx64 " into %zu words: %s", guest, words,
			ret == -EINVAL	 ? "it is off; call vmmio_memory_dirty_start"
			: ret == -ENOENT ? "no region begins there; pass the guest address given to add"
					 : "give one bit to each page that the region touches");
	return ret;
}
