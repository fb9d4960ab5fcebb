/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/trace.h>

#include "watch.h"

#define KEPT 65536u /* accesses between two calls of watch_write */

struct watch {
	struct vm *vm;
	const char *name;
	struct vmmio_observer observers[2];
	unsigned n;
	struct vmmio_trace *trace; /* NULL: none */
	struct vmmio_trace_cursor cursor;
	FILE *file;
	struct vmmio_monitor *monitor; /* NULL: none */
};

/* --- The trace ----------------------------------------------------------------------------- */

static int open_trace(struct watch *w)
{
	struct vmmio_trace_options options = {.size = sizeof(options), .entries = KEPT};
	char path[4096];
	int error;

	snprintf(path, sizeof(path), "%s.%s", w->vm->options->trace, w->name);
	w->file = fopen(path, "we");
	if (!w->file)
		return fail("--trace: %s: %s", path, strerror(errno));
	error = vmmio_trace_create(&options, &w->trace);
	if (error)
		return fail("--trace: %s", strerror(-error));
	w->observers[w->n++] = *vmmio_trace_observer(w->trace);
	return 0;
}

void watch_write(struct watch *w)
{
	struct vmmio_trace_entry entry;
	char line[VMMIO_TRACE_LINE];

	while (w && w->trace && vmmio_trace_read(w->trace, &w->cursor, &entry, 1)) {
		vmmio_trace_format(&entry, VMMIO_FORMAT_JSON, line, sizeof(line));
		fprintf(w->file, "%s\n", line);
	}
}

static bool close_trace(struct watch *w)
{
	int error;

	watch_write(w);
	error = ferror(w->file) ? EIO : 0;
	if (fclose(w->file) != 0)
		error = errno;
	if (error)
		fail("--trace: the file of %s is not whole: %s", w->name, strerror(error));
	if (w->cursor.lost)
		fail("--trace: %llu accesses of %s were lost: the file was too slow",
			(unsigned long long)w->cursor.lost, w->name);
	return vmmio_trace_destroy(w->trace) == 0 && !error && !w->cursor.lost;
}

/* --- The monitor ----------------------------------------------------------------------------- */

static int read_guest(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct watch *w = ctx;
	const void *at = vmmio_memory_at(w->vm->memory, guest, size, false);

	if (!at)
		return -EFAULT;
	memcpy(data, at, size);
	return 0;
}

static int open_monitor(struct watch *w)
{
	struct vmmio_monitor_options options = {
		.size = sizeof(options), .name = w->name, .mem_read = read_guest, .ctx = w};
	int error = vmmio_monitor_create(&options, &w->monitor);

	if (error)
		return fail("--monitor: %s", strerror(-error));
	w->observers[w->n++] = *vmmio_monitor_observer(w->monitor);
	return 0;
}

static bool close_monitor(struct watch *w)
{
	struct vmmio_conform_report *report;
	struct vmmio_conform_counts counts;
	int error = vmmio_monitor_finish(w->monitor, &report);

	vmmio_monitor_free(w->monitor);
	if (error) {
		fail("--monitor: %s", strerror(-error));
		return false;
	}
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *r = vmmio_conform_report_result(report, i);

		if (r->verdict == VMMIO_CONFORM_FAIL || r->flagged)
			tell("monitor: the driver of %s %s %s: %s", w->name,
				r->flagged ? "does not keep the recommendation" : "breaks",
				r->requirement->id, r->detail);
	}
	counts = vmmio_conform_counts(report);
	tell("monitor: the driver of %s keeps %zu rules, breaks %zu, does not keep %zu recommendations; "
	     "%zu had no occasion",
		w->name, counts.passed - counts.flagged, counts.failed, counts.flagged, counts.skipped);
	vmmio_conform_report_free(report);
	return !counts.failed;
}

/* --- Both ------------------------------------------------------------------------------------ */

struct watch *watch_create(struct vm *vm, const char *name)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w) {
		fail("no memory");
		return NULL;
	}
	w->vm = vm;
	w->name = name;
	if ((vm->options->trace && open_trace(w)) || (vm->options->monitor && open_monitor(w))) {
		watch_destroy(w);
		return NULL;
	}
	return w;
}

const struct vmmio_observer *watch_observers(const struct watch *w, unsigned *n)
{
	*n = w ? w->n : 0;
	return w ? w->observers : NULL;
}

bool watch_destroy(struct watch *w)
{
	bool good = true;

	if (w && w->file)
		good = close_trace(w);
	if (w && w->monitor)
		good = close_monitor(w) && good;
	free(w);
	return good;
}
