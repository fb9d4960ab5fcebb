/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The access trace: an observer that keeps the last register accesses of one device in a
 * ring, for reading while it runs, as text or JSON lines, and for a replay.
 *
 *     struct vmmio_trace *trace;
 *     err = vmmio_trace_create(NULL, &trace);
 *     options.observers = vmmio_trace_observer(trace), options.n_observers = 1;
 *     ...
 *     struct vmmio_trace_cursor cursor = {0};
 *     while (vmmio_trace_read(trace, &cursor, &entry, 1))
 *             vmmio_trace_format(&entry, VMMIO_FORMAT_TEXT, line, sizeof(line)), puts(line);
 *
 * Recording takes no lock and allocates nothing.
 */
#ifndef VMMIO_TRACE_H
#define VMMIO_TRACE_H

#include <vmmio/observer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_trace;

struct vmmio_trace_options {
	size_t size;      /* sizeof(struct vmmio_trace_options) */
	uint32_t entries; /* kept; rounded up to a power of two; 0: 4096; at most 2^24 */
	struct vmmio_log log;
};

/* Control role. options NULL: all defaults. -EINVAL (logged), -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_trace_create(
	const struct vmmio_trace_options *options, struct vmmio_trace **out);

/*
 * Control role. After the device's destroyed callback, when no access to it is under way.
 * -EBUSY: a device still uses it (logged, nothing changed). NULL: 0.
 */
VMMIO_API int vmmio_trace_destroy(struct vmmio_trace *trace);

/* For struct vmmio_device_options; valid as long as the trace. A trace serves one device,
 * once: a second vmmio_device_create with it fails with -EBUSY (logged). NULL: NULL. */
VMMIO_API const struct vmmio_observer *vmmio_trace_observer(const struct vmmio_trace *trace);

/* --- Reading -------------------------------------------------------------------- */

/* One access. */
struct vmmio_trace_entry {
	uint64_t number; /* its place in the trace: accesses from 0, in the order of their end */
	uint64_t order;  /* from 0, in the order in which they began: nested ones come later */
	uint64_t began;  /* ns, the executor's clock */
	uint64_t took;   /* ns */
	uint64_t offset;
	uint64_t value;
	uint32_t size;
	int32_t result;  /* of a write */
	bool write;
};

/* One reader's place. Zero it to begin with the oldest entry there is. */
struct vmmio_trace_cursor {
	uint64_t next; /* number of the entry to be read next */
	uint64_t lost; /* entries that were overwritten, or given up by their writer, before
			* this reader came */
};

/*
 * Copies up to max entries from the cursor on and moves it. Returns how many. Any
 * thread, any number of readers (a cursor each), while the device runs; never waits. 0: nothing
 * new, or the next entry is being written right now. Entries are never torn: one that
 * changes under the reader is counted in lost instead.
 */
VMMIO_API size_t vmmio_trace_read(const struct vmmio_trace *trace,
	struct vmmio_trace_cursor *cursor, struct vmmio_trace_entry *entries, size_t max);

/* --- As text -------------------------------------------------------------------- */

enum vmmio_format {
	VMMIO_FORMAT_TEXT = 0, /* for people */
	VMMIO_FORMAT_JSON = 1, /* one object on one line */
};

/* Longest line of vmmio_trace_format with its terminating zero, and longest line that the
 * parser takes. */
#define VMMIO_TRACE_LINE 512u

/*
 * One entry as a line without a newline. Any thread. As snprintf: returns the length of the
 * whole line, writes at most size bytes with the terminating zero (size 0: none).
 * -EINVAL: no such format, entry NULL.
 */
VMMIO_API int vmmio_trace_format(const struct vmmio_trace_entry *entry,
	enum vmmio_format format, char *buffer, size_t size);

/*
 * JSON lines back to entries. text need not end in a zero; empty lines are skipped, keys may
 * stand in any order and unknown ones (of plain values) are ignored. Any thread; allocates
 * nothing, takes time linear in length.
 * Returns 0 and *n entries. -EINVAL: malformed; -ENOSPC: more than max entries; *line
 * (if not NULL) is then the number of the line, from 1, entries' content is undefined and
 * *n untouched.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_trace_parse(const char *text, size_t length,
	struct vmmio_trace_entry *entries, size_t max, size_t *n, size_t *line);

/* --- Replay --------------------------------------------------------------------- */

/* Sorts by order, which is how a replay wants it. Any thread. */
VMMIO_API void vmmio_trace_sort(struct vmmio_trace_entry *entries, size_t n);

struct vmmio_replay_options {
	size_t size; /* sizeof(struct vmmio_replay_options) */
	void *ctx;   /* first argument of the callbacks; each may be NULL */
	/* Before each access: ns have passed since the one before began. Move a manual clock,
	 * put guest memory as the driver had it. */
	void (*advance)(void *ctx, const struct vmmio_trace_entry *next, uint64_t ns);
	/* A read gives another value than recorded: let the device get on (step an executor,
	 * complete a chain). true: look again. false: that is all it comes to. */
	bool (*wait)(void *ctx, const struct vmmio_trace_entry *recorded);
	/* seen differs from recorded in value (reads) or in result (writes). */
	void (*mismatch)(void *ctx, const struct vmmio_trace_entry *recorded,
		const struct vmmio_trace_entry *seen);
	uint32_t patience; /* most looks for one read; 0: 1000 */
	struct vmmio_log log;
};

/*
 * Makes the recorded accesses on a device: writes are written, reads are read and
 * compared. A write that was refused when it was recorded had no effect and is left out.
 * The device begins as the recorded one did (a fresh one, the same options), with the same
 * guest memory; both are the caller's business. vCPU role; may wait as
 * vmmio_device_write does, and as long as wait does.
 * options NULL: nothing is awaited, mismatches are only counted. Returns 0 and the number
 * of mismatches in *mismatches (may be NULL). -EINVAL (logged, nothing done): device or
 * entries NULL, options.size, entries not in strict order (vmmio_trace_sort), or of a size
 * other than 1, 2, 4, 8.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_trace_replay(struct vmmio_device *device,
	const struct vmmio_trace_entry *entries, size_t n,
	const struct vmmio_replay_options *options, size_t *mismatches);

#ifdef __cplusplus
}
#endif

#endif
