/* SPDX-License-Identifier: BSD-3-Clause */
/* Recorded accesses as the conformance tool's monitor command reads them, QEMU's log or JSON
 * lines, and the monitor that judges them. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <vmmio/conform/conform.h>

#include "tools/traces.h"

static void judge(const struct recorded_device *device)
{
	const struct vmmio_monitor_options options = {.size = sizeof(options), .name = "fuzz",
		.flags = device->late ? VMMIO_MONITOR_LATE : 0};
	struct vmmio_conform_report *report;
	struct vmmio_monitor *monitor;

	FUZZ_CHECK(!vmmio_monitor_create(&options, &monitor), "no monitor");
	for (size_t i = 0; i < device->n; i++) {
		if (device->accesses[i].gap)
			vmmio_monitor_gap(monitor);
		vmmio_monitor_access(monitor, &device->accesses[i].access);
	}
	FUZZ_CHECK(!vmmio_monitor_finish(monitor, &report), "no report");
	vmmio_conform_report_free(report);
	vmmio_monitor_free(monitor);
}

static void check(const struct recording *r, size_t size)
{
	size_t lines = r->others + r->useless + r->garbage;

	FUZZ_CHECK(!r->garbage == !r->first_garbage && r->first_garbage <= r->lines,
		"garbage: %zu lines, the first is %zu of %zu", r->garbage, r->first_garbage, r->lines);
	for (size_t i = 0; i < r->n; i++) {
		FUZZ_CHECK(r->devices[i].n <= r->devices[i].room &&
				memchr(r->devices[i].key, 0, sizeof(r->devices[i].key)),
			"device %zu", i);
		lines += r->devices[i].n;
	}
	FUZZ_CHECK(lines <= r->lines && r->lines <= size + 1, "%zu lines, %zu accounted for", r->lines,
		lines);
}

static void run(struct fuzz_input *input)
{
	struct recording recording;
	FILE *file;
	int error;

	if (!input->left)
		return;
	file = fmemopen((void *)(uintptr_t)input->next, input->left, "r");
	FUZZ_CHECK(file, "no file");
	error = recording_read(file, &recording);
	FUZZ_CHECK(!error, "reading: %d", error);
	fclose(file);
	check(&recording, input->left);
	if (recording.n)
		fuzz_deep();
	for (size_t i = 0; i < recording.n && i < 4; i++)
		judge(&recording.devices[i]);
	recording_free(&recording);
}

static const char *const words[] = {
	"\nmemory_region_ops_write cpu 0 mr 0x1 addr 0xfeb02e70 value 0x3 size 4 name 'virtio-mmio'\n",
	"\nmemory_region_ops_read cpu 0 mr 0x1 addr 0xfeb02e70 value 0xf size 4 name 'virtio-mmio'\n",
	"{\"access\":\"read\",\"offset\":\"0x70\",\"size\":4,\"value\":\"0x3\"}\n", "addr 0x", "value 0x0",
	"size 1", "name 'virtio-mmio'", "virtio_mmio_read ", "12@3.4:", "0xffffffffffffffff", "\n", NULL};

const struct fuzz_target fuzz_target = {
	.name = "recording",
	.min_deep = 30,
	.deep = "had an access of a device",
	.run = run,
	.words = words,
};
