/* SPDX-License-Identifier: BSD-3-Clause */
/* A recorded trace drives a device. */
#include <errno.h>
#include <stdlib.h>
#include <vmmio/trace.h>

#include "observe/text.h"

#define DEFAULT_PATIENCE 1000u

static int by_order(const void *a, const void *b)
{
	const struct vmmio_trace_entry *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

void vmmio_trace_sort(struct vmmio_trace_entry *entries, size_t n)
{
	if (n)
		qsort(entries, n, sizeof(*entries), by_order);
}

/* --- One access ----------------------------------------------------------------- */

static uint64_t read_until(struct vmmio_device *device, const struct vmmio_replay_options *o,
	const struct vmmio_trace_entry *recorded)
{
	uint32_t looks = o->patience ? o->patience : DEFAULT_PATIENCE;

	for (;;) {
		uint64_t value = vmmio_device_read(device, recorded->offset, recorded->size);

		if (value == recorded->value || !--looks || !o->wait || !o->wait(o->ctx, recorded))
			return value;
	}
}

/* Whether the device did as recorded. */
static bool replay_one(struct vmmio_device *device, const struct vmmio_replay_options *o,
	const struct vmmio_trace_entry *recorded)
{
	struct vmmio_trace_entry seen = *recorded;

	if (recorded->write)
		seen.result = vmmio_device_write(
			device, recorded->offset, recorded->size, recorded->value);
	else
		seen.value = read_until(device, o, recorded);
	if (seen.value == recorded->value && seen.result == recorded->result)
		return true;
	if (o->mismatch)
		o->mismatch(o->ctx, recorded, &seen);
	return false;
}

/* --- All of them ---------------------------------------------------------------- */

static bool is_access(const struct vmmio_trace_entry *entry)
{
	return entry->size == 1 || entry->size == 2 || entry->size == 4 || entry->size == 8;
}

static int check(const struct vmmio_device *device, const struct vmmio_trace_entry *entries,
	size_t n, const struct vmmio_replay_options *o)
{
	if (o->size < sizeof(*o)) /* 0 may still have a log */
		return observe_refuse(o->size ? NULL : &o->log, -EINVAL,
			"replay: options.size is 0; set it to sizeof(struct vmmio_replay_options)");
	if (!device || (n && !entries))
		return observe_refuse(&o->log, -EINVAL, "replay: %s is NULL; give one",
			device ? "entries" : "device");
	for (size_t i = 0; i < n; i++) {
		if (!is_access(&entries[i]))
			return observe_refuse(&o->log, -EINVAL,
				"replay: entry %zu has size %u; accesses have 1, 2, 4 or 8 bytes", i,
				entries[i].size);
		if (i && entries[i].order <= entries[i - 1].order)
			return observe_refuse(&o->log, -EINVAL,
				"replay: entry %zu has order %llu after %llu; sort one device's entries with "
				"vmmio_trace_sort first",
				i, (unsigned long long)entries[i].order,
				(unsigned long long)entries[i - 1].order);
	}
	return 0;
}

int vmmio_trace_replay(struct vmmio_device *device, const struct vmmio_trace_entry *entries,
	size_t n, const struct vmmio_replay_options *options, size_t *mismatches)
{
	static const struct vmmio_replay_options defaults = {.size = sizeof(defaults)};
	const struct vmmio_replay_options *o = options ? options : &defaults;
	int error = check(device, entries, n, o);
	size_t wrong = 0;
	uint64_t now = n && !error ? entries[0].began : 0;

	if (error)
		return error;
	for (size_t i = 0; i < n; i++) {
		const struct vmmio_trace_entry *next = &entries[i];

		if (next->result) /* refused: it had no effect */
			continue;
		if (o->advance)
			o->advance(o->ctx, next, next->began > now ? next->began - now : 0);
		if (next->began > now)
			now = next->began;
		wrong += !replay_one(device, o, next);
	}
	if (mismatches)
		*mismatches = wrong;
	return 0;
}
