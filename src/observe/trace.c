/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trace: a ring of slots that many threads write and none waits for (trace_slot.h).
 * Each access takes the next number, and with it a slot.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <vmmio/trace.h>

#include "observe/text.h"
#include "observe/trace_slot.h"

#define DEFAULT_ENTRIES 4096u
#define MAX_ENTRIES (1u << 24)

#define REST_WRITE (UINT64_C(1) << 32)

struct vmmio_trace {
	_Atomic uint64_t next; /* number of the next entry; relaxed: the slots tell what is there */
	_Atomic int use;       /* enum use */
	struct vmmio_observer observer;
	struct vmmio_log log;
	uint64_t mask;
	struct slot slots[];
};

enum use { USE_NEW, USE_ATTACHED, USE_OVER };

/* --- Writing -------------------------------------------------------------------- */

static void record(struct vmmio_trace *trace, const uint64_t words[WORDS])
{
	uint64_t number = atomic_fetch_add_explicit(&trace->next, 1, memory_order_relaxed);
	struct slot *slot = &trace->slots[number & trace->mask];

	if (!slot_claim(slot, number))
		return;
	slot_put(slot, words);
	slot_publish(slot, number);
}

static void on_access(void *ctx, const struct vmmio_observed_access *access, bool write)
{
	const uint64_t words[WORDS] = {
		[WORD_ORDER] = access->order,
		[WORD_BEGAN] = access->began,
		[WORD_TOOK] = access->took,
		[WORD_OFFSET] = access->offset,
		[WORD_VALUE] = access->value,
		/* errno values and sizes are small */
		[WORD_REST] = (uint64_t)(access->size & 0xffffu) << 16 |
			(uint64_t)(-access->result & 0xffff) | (write ? REST_WRITE : 0),
	};

	record(ctx, words);
}

static void on_read(void *ctx, const struct vmmio_observed_access *access)
{
	on_access(ctx, access, false);
}

static void on_write(void *ctx, const struct vmmio_observed_access *access)
{
	on_access(ctx, access, true);
}

/* --- Reading -------------------------------------------------------------------- */

static enum found get(const struct slot *slot, uint64_t number, uint64_t words[WORDS])
{
	enum found found = slot_look(slot, number);

	if (found != FOUND)
		return found;
	slot_get(slot, words);
	return slot_still(slot, number) ? FOUND : FOUND_LOST;
}

static void unpack(struct vmmio_trace_entry *entry, uint64_t number, const uint64_t words[WORDS])
{
	*entry = (struct vmmio_trace_entry){
		.number = number,
		.order = words[WORD_ORDER],
		.began = words[WORD_BEGAN],
		.took = words[WORD_TOOK],
		.offset = words[WORD_OFFSET],
		.value = words[WORD_VALUE],
		.size = (uint32_t)(words[WORD_REST] >> 16) & 0xffffu,
		.result = -(int32_t)(words[WORD_REST] & 0xffffu),
		.write = words[WORD_REST] & REST_WRITE,
	};
}

/* Entries that are a lap behind are gone: straight to the oldest that can be there. */
static void catch_up(
	const struct vmmio_trace *trace, struct vmmio_trace_cursor *cursor, uint64_t end)
{
	uint64_t kept = trace->mask + 1;

	if (end > kept && cursor->next < end - kept) {
		cursor->lost += end - kept - cursor->next;
		cursor->next = end - kept;
	}
}

size_t vmmio_trace_read(const struct vmmio_trace *trace, struct vmmio_trace_cursor *cursor,
	struct vmmio_trace_entry *entries, size_t max)
{
	uint64_t end, words[WORDS];
	size_t n = 0;

	if (!trace || !cursor || !entries)
		return 0;
	end = atomic_load_explicit(&trace->next, memory_order_relaxed);
	catch_up(trace, cursor, end);
	while (n < max && cursor->next < end) {
		const struct slot *slot = &trace->slots[cursor->next & trace->mask];
		enum found found = get(slot, cursor->next, words);

		if (found == FOUND_NOTHING)
			break;
		if (found == FOUND)
			unpack(&entries[n++], cursor->next, words);
		else
			cursor->lost++;
		cursor->next++;
	}
	return n;
}

/* --- Life ----------------------------------------------------------------------- */

static int on_attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_trace *trace = ctx;
	int unused = USE_NEW;

	(void)device;
	if (atomic_compare_exchange_strong(&trace->use, &unused, USE_ATTACHED))
		return 0;
	return observe_refuse(&trace->log, -EBUSY,
		"trace: it %s a device already; create one for each device",
		unused == USE_ATTACHED ? "watches" : "has watched");
}

static void on_detach(void *ctx)
{
	struct vmmio_trace *trace = ctx;

	atomic_store(&trace->use, USE_OVER);
}

static const struct vmmio_observer_ops ops = {
	.size = sizeof(ops),
	.attach = on_attach,
	.detach = on_detach,
	.read = on_read,
	.write = on_write,
};

static int check(const struct vmmio_trace_options *o)
{
	if (o->size < sizeof(*o)) /* 0 may still have a log */
		return observe_refuse(o->size ? NULL : &o->log, -EINVAL,
			"trace: options.size is 0; set it to sizeof(struct vmmio_trace_options)");
	if (o->entries > MAX_ENTRIES)
		return observe_refuse(&o->log, -EINVAL, "trace: options.entries is %u; at most %u",
			o->entries, MAX_ENTRIES);
	return 0;
}

int vmmio_trace_create(const struct vmmio_trace_options *options, struct vmmio_trace **out)
{
	static const struct vmmio_trace_options defaults = {.size = sizeof(defaults)};
	const struct vmmio_trace_options *o = options ? options : &defaults;
	uint64_t wanted = o->entries ? o->entries : DEFAULT_ENTRIES, entries = 1;
	struct vmmio_trace *trace;
	int error = out ? check(o) : -EINVAL;

	if (error)
		return error;
	while (entries < wanted)
		entries *= 2;
	trace = calloc(1, sizeof(*trace) + entries * sizeof(trace->slots[0]));
	if (!trace)
		return -ENOMEM;
	trace->observer = (struct vmmio_observer){&ops, trace};
	trace->log = o->log;
	trace->mask = entries - 1;
	*out = trace;
	return 0;
}

int vmmio_trace_destroy(struct vmmio_trace *trace)
{
	if (!trace)
		return 0;
	if (atomic_load(&trace->use) == USE_ATTACHED)
		return observe_refuse(&trace->log, -EBUSY,
			"trace: destroyed while its device is there; destroy the device first and wait "
			"for its callback");
	free(trace);
	return 0;
}

const struct vmmio_observer *vmmio_trace_observer(const struct vmmio_trace *trace)
{
	return trace ? &trace->observer : NULL;
}
