/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform monitor: judges drivers by recorded register accesses. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"
#include "tools/traces.h"

#define FORMATS "text|tap|junit|json|html" /* as in enum vmmio_conform_format */

struct options {
	const char *file;
	enum vmmio_conform_format format;
	const char *output;
	size_t device; /* from 1; 0: all */
	bool by_base;
	uint64_t base;
};

/* --- The command line ------------------------------------------------------------------- */

enum { KEY_DEVICE = 256, KEY_BASE };

static const struct argp_option option_table[] = {
	{"format", 'f', "FORMAT", 0, "text (the default), tap, junit, json or html", 0},
	{"output", 'O', "FILE", 0, "Write the report to FILE, and its summary to standard output",
		0},
	{"device", KEY_DEVICE, "N", 0, "Only the Nth device of the trace, from 1", 0},
	{"base", KEY_BASE, "ADDR", 0, "Only the device whose registers begin at ADDR", 0},
	{0},
};

static uint64_t number(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end || errno || strchr(text, '-'))
		argp_error(state, "--%s is \"%s\": give a number, such as 0x1000", option, text);
	return value;
}

static void set_format(struct argp_state *state, struct options *o, const char *text)
{
	int choice = tool_choice(FORMATS, text);

	if (choice < 0)
		argp_error(state, "--format is \"%s\": take one of " FORMATS, text);
	o->format = (enum vmmio_conform_format)choice;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'f':
		set_format(state, o, arg);
		return 0;
	case 'O':
		o->output = arg;
		return 0;
	case KEY_DEVICE:
		o->device = number(state, "device", arg);
		if (!o->device)
			argp_error(state, "--device is 0: devices are counted from 1");
		return 0;
	case KEY_BASE:
		o->base = number(state, "base", arg);
		o->by_base = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "\"%s\": one FILE at a time", arg);
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->file)
			argp_error(state, "which FILE? \"-\" is standard input");
		if (o->device && o->by_base)
			argp_error(state, "--device or --base: one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Judges the driver of a virtio-mmio device of version 2 or 3 by a record of its "
	       "register accesses, requirement by requirement, and writes a report.\v"
	       "A requirement passes if the driver could have broken it in this trace and did "
	       "not; if it never came up it is skipped, and so is what only guest memory can show. "
	       "(A program that has a device of libvmmio, or any other, can have the monitor "
	       "judge live, with guest memory: see vmmio/conform/monitor.h.)\n"
	       "\n"
	       "FILE, \"-\" for standard input, has either or both of:\n"
	       "\n"
	       "  JSON lines of libvmmio's access trace (vmmio/trace.h). One device; accesses\n"
	       "  that are missing show in their numbers, and nothing is held against the\n"
	       "  driver that may be among them.\n"
	       "\n"
	       "  QEMU's log of\n"
	       "    -trace memory_region_ops_read -trace memory_region_ops_write\n"
	       "    -global virtio-mmio.force-legacy=false\n"
	       "  (with KVM -global virtio-mmio.ioeventfd=off as well, or notifications are\n"
	       "  not logged). Any number of devices, told apart by region and address. Lines\n"
	       "  of other regions and events do no harm.\n"
	       "\n"
	       "Of several devices there is one report, in which the check's name says which "
	       "device "
	       "a result is of; what came up with none of them is skipped once.\n"
	       "\n"
	       "Exit codes:\n"
	       "  0  no driver breaks a requirement\n"
	       "  1  at least one is broken\n"
	       "  2  could not judge: wrong options, a file that cannot be read or has no\n"
	       "     access in it, no such device, a report that cannot be written\n"
	       "\n"
	       "Examples:\n"
	       "  vmmio-conform monitor qemu.log\n"
	       "  vmmio-conform monitor --base 0xfeb02e00 -f html -O disk.html qemu.log\n",
};

/* --- Devices ------------------------------------------------------------------------------ */

static bool chosen(const struct options *o, const struct recording *r, size_t i)
{
	if (o->device)
		return i + 1 == o->device;
	return !o->by_base || (r->devices[i].placed && r->devices[i].base == o->base);
}

static const char *type_name(uint32_t device_id)
{
	static const char *const names[] = {"none", "network", "block", "console", "entropy"};

	return device_id < sizeof(names) / sizeof(names[0]) ? names[device_id] : "other";
}

/* What DeviceID has read last. */
static uint32_t device_id(const struct recorded_device *device)
{
	uint32_t id = UINT32_MAX;

	for (size_t i = 0; i < device->n; i++)
		if (!device->accesses[i].access.write && device->accesses[i].access.offset == 8)
			id = (uint32_t)device->accesses[i].access.value;
	return id;
}

static void describe(const struct recorded_device *device, size_t i, char *text, size_t size)
{
	uint32_t id = device_id(device);

	if (device->placed)
		snprintf(text, size, "0x%" PRIx64, device->base);
	else
		snprintf(text, size, "device %zu", i + 1);
	if (id != UINT32_MAX)
		snprintf(text + strlen(text), size - strlen(text), " (%s)", type_name(id));
}

static int judge(
	const struct recorded_device *device, const char *name, struct vmmio_conform_report **out)
{
	struct vmmio_monitor_options options = {
		.size = sizeof(options),
		.name = name,
		.flags = device->late ? VMMIO_MONITOR_LATE : 0,
	};
	struct vmmio_monitor *monitor;
	int error = vmmio_monitor_create(&options, &monitor);

	if (error)
		return error;
	for (size_t i = 0; i < device->n; i++) {
		if (device->accesses[i].gap)
			vmmio_monitor_gap(monitor);
		vmmio_monitor_access(monitor, &device->accesses[i].access);
	}
	error = vmmio_monitor_finish(monitor, out);
	vmmio_monitor_free(monitor);
	return error;
}

/* --- One report of several ------------------------------------------------------------------ */

struct judged {
	struct vmmio_conform_report *report;
	char name[64];
	size_t n; /* accesses */
};

/* What the devices say of requirement number i: those for which it came up, or else the one
 * that was used most. */
static int merge_row(
	const struct judged *all, size_t n, size_t i, struct vmmio_conform_report *into)
{
	const struct judged *busiest = &all[0];
	bool any = false;
	int error = 0;

	for (size_t d = 0; d < n && !error; d++) {
		struct vmmio_conform_result result = *vmmio_conform_report_result(all[d].report, i);

		busiest = all[d].n > busiest->n ? &all[d] : busiest;
		if (result.verdict == VMMIO_CONFORM_SKIP)
			continue;
		result.check = all[d].name;
		any = true;
		error = vmmio_conform_report_add(into, &result);
	}
	if (any || error)
		return error;
	return vmmio_conform_report_add(into, vmmio_conform_report_result(busiest->report, i));
}

static uint32_t common_version(const struct judged *all, size_t n)
{
	uint32_t version = vmmio_conform_report_version(all[0].report);

	for (size_t d = 1; d < n; d++)
		if (vmmio_conform_report_version(all[d].report) != version)
			return 0;
	return version;
}

static int merge(const struct options *o, const struct judged *all, size_t n,
	struct vmmio_conform_report **out)
{
	struct vmmio_conform_report *report;
	int error = vmmio_conform_report_create(o->file, common_version(all, n), &report);

	if (error)
		return error;
	for (size_t i = 0; i < vmmio_conform_report_size(all[0].report) && !error; i++)
		error = merge_row(all, n, i, report);
	if (error)
		vmmio_conform_report_free(report);
	else
		*out = report;
	return error;
}

static int judge_one(
	const struct options *o, const struct recording *r, size_t i, struct judged *out)
{
	char name[512];
	int error;

	describe(&r->devices[i], i, out->name, sizeof(out->name));
	snprintf(name, sizeof(name), "%s: %s", o->file, out->name);
	error = judge(&r->devices[i], name, &out->report);
	out->n = r->devices[i].n;
	fprintf(stderr, "vmmio-conform: device %zu: %s, %zu accesses%s\n", i + 1, out->name,
		r->devices[i].n, r->devices[i].late ? ", its beginning is missing" : "");
	return error;
}

/* The report of the devices that were chosen; n of them. */
static int judge_all(const struct options *o, const struct recording *r, size_t *n,
	struct vmmio_conform_report **out)
{
	struct judged *all = calloc(r->n + 1, sizeof(*all));
	int error = all ? 0 : -ENOMEM;

	*n = 0;
	for (size_t i = 0; i < r->n && !error; i++)
		if (chosen(o, r, i))
			error = judge_one(o, r, i, &all[(*n)++]);
	if (!error && *n > 1)
		error = merge(o, all, *n, out);
	else if (!error && *n == 1)
		*out = all[0].report, all[0].report = NULL;
	for (size_t i = 0; all && i < r->n; i++)
		vmmio_conform_report_free(all[i].report);
	free(all);
	return error;
}

/* --- The command ----------------------------------------------------------------------------- */

static void tell_lines(const struct options *o, const struct recording *r)
{
	if (r->garbage)
		fprintf(stderr,
			"vmmio-conform: %s: %zu of %zu lines are not understood, the first is line "
			"%zu\n",
			o->file, r->garbage, r->lines, r->first_garbage);
}

static int nothing(const struct options *o, const struct recording *r)
{
	if (r->useless)
		return tool_error("%s has only events without device or value; let QEMU trace "
				  "memory_region_ops_read and memory_region_ops_write",
			o->file);
	if (r->others)
		return tool_error("%s has %zu accesses, and none to a region \"virtio-mmio\"",
			o->file, r->others);
	return tool_error(
		"%s has no register access in it; see \"vmmio-conform monitor --help\" for "
		"what it can have",
		o->file);
}

static int read_file(const struct options *o, struct recording *r)
{
	FILE *file = strcmp(o->file, "-") != 0 ? fopen(o->file, "re") : stdin;
	int error;

	*r = (struct recording){0};
	if (!file)
		return tool_error("%s: %s", o->file, strerror(errno));
	error = recording_read(file, r);
	if (file != stdin)
		fclose(file);
	if (error)
		return tool_error("%s: %s", o->file, strerror(-error));
	tell_lines(o, r);
	return r->n ? TOOL_GOOD : nothing(o, r);
}

static int write_report(const struct options *o, const struct vmmio_conform_report *report)
{
	struct output output;
	int error = output_open(&output, o->output);

	if (error)
		return tool_error("%s: %s", o->output, strerror(-error));
	if (output_report(&output, report, o->format) != TOOL_GOOD)
		return TOOL_UNABLE;
	return vmmio_conform_counts(report).failed ? TOOL_BAD : TOOL_GOOD;
}

static int judge_recording(const struct options *o, const struct recording *r)
{
	struct vmmio_conform_report *report = NULL;
	size_t n;
	int error = judge_all(o, r, &n, &report);
	int code;

	if (error)
		return tool_error("%s: %s", o->file, strerror(-error));
	if (!n)
		return tool_error("%s has no such device; there are %zu", o->file, r->n);
	code = write_report(o, report);
	vmmio_conform_report_free(report);
	return code;
}

int monitor_main(int argc, char **argv)
{
	struct options options = {0};
	struct recording recording;
	int code;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	code = read_file(&options, &recording);
	if (code == TOOL_GOOD)
		code = judge_recording(&options, &recording);
	recording_free(&recording);
	return code;
}
