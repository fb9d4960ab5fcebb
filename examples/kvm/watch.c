/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#define KEPT 65536u /* accesses between two calls of watch_write */

/* --- The trace ----------------------------------------------------------------------------- */

static int open_trace(struct watch *w)
{
	struct vmmio_trace_options options = {.size = sizeof(options), .entries = KEPT};
	char path[4096];
	int error;

	snprintf(path, sizeof(path), "%s.%s", w->vm->options->trace, w->name);
	w->file = fopen(path, "we");
	error = w->file ? vmmio_trace_create(&options, &w->trace) : -errno;
	if (error) {
		fail("--trace: %s: %s", path, strerror(-error));
		return error;
	}
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

static void close_trace(struct watch *w)
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
	if (vmmio_trace_destroy(w->trace) || error || w->cursor.lost)
		w->vm->failed = true;
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
		return error;
	w->observers[w->n++] = *vmmio_monitor_observer(w->monitor);
	return 0;
}

static void close_monitor(struct watch *w)
{
	struct vmmio_conform_report *report;
	struct vmmio_conform_counts counts;
	int error = vmmio_monitor_finish(w->monitor, &report);

	vmmio_monitor_free(w->monitor);
	if (error) {
		fail("--monitor: %s", strerror(-error));
		w->vm->failed = true;
		return;
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
	if (counts.failed)
		w->vm->rule_broken = true;
}

/* --- Both ------------------------------------------------------------------------------------ */

int watch_create(struct vm *vm, const char *name, struct watch **out)
{
	struct watch *w = calloc(1, sizeof(*w));
	int error = 0;

	*out = w;
	if (!w)
		return -ENOMEM;
	w->vm = vm;
	w->name = name;
	if (vm->options->trace)
		error = open_trace(w);
	if (!error && vm->options->monitor)
		error = open_monitor(w);
	return error;
}

void watch_destroy(struct watch *w)
{
	if (w && w->file)
		close_trace(w);
	if (w && w->monitor)
		close_monitor(w);
	free(w);
}
