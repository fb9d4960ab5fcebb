/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two formats, line by line and mixed as they like: JSON lines of libvmmio's access trace, and
 * what QEMU logs for its trace events memory_region_ops_read and memory_region_ops_write:
 *
 *     memory_region_ops_write cpu 0 mr 0x55.. addr 0xfeb00e70 value 0x3 size 4 name 'virtio-mmio'
 *
 * with or without a time before it. QEMU's other events of virtio-mmio lack the value that was
 * read, or the device.
 */
#include "tools/traces.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/trace.h>

#define WINDOW 0x200u /* of QEMU's devices, and what they are aligned to */
#define OWN_KEY "libvmmio"

/* --- Devices ---------------------------------------------------------------------------- */

static struct recorded_device *find_device(
	struct recording *r, const char *key, bool placed, uint64_t base)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->devices[i].placed == placed && r->devices[i].base == base &&
			!strcmp(r->devices[i].key, key))
			return &r->devices[i];
	return NULL;
}

static struct recorded_device *device_of(
	struct recording *r, const char *key, bool placed, uint64_t base)
{
	struct recorded_device *device = find_device(r, key, placed, base);

	if (device)
		return device;
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 8;

		device = realloc(r->devices, room * sizeof(*device));
		if (!device)
			return NULL;
		r->devices = device;
		r->room = room;
	}
	device = &r->devices[r->n++];
	*device = (struct recorded_device){.base = base, .placed = placed};
	snprintf(device->key, sizeof(device->key), "%s", key);
	return device;
}

static int add_access(struct recorded_device *device, const struct recorded_access *access)
{
	if (!device)
		return -ENOMEM;
	if (device->n == device->room) {
		size_t room = device->room ? 2 * device->room : 256;
		struct recorded_access *accesses =
			realloc(device->accesses, room * sizeof(*accesses));

		if (!accesses)
			return -ENOMEM;
		device->accesses = accesses;
		device->room = room;
	}
	device->accesses[device->n++] = *access;
	return 0;
}

/* Of a value the bytes that were accessed. */
static uint64_t cut(uint64_t value, uint32_t size)
{
	return size < 8 ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
}

/* --- QEMU ------------------------------------------------------------------------------- */

struct qemu_line {
	char region[24], name[32];
	uint64_t addr, value;
	uint32_t size;
};

static bool scan_qemu(const char *text, struct qemu_line *line)
{
	int end = 0;

	line->name[0] = '\0';
	if (sscanf(text,
		    "cpu %*d mr %23s addr 0x%" SCNx64 " value 0x%" SCNx64 " size %" SCNu32 "%n",
		    line->region, &line->addr, &line->value, &line->size, &end) != 4)
		return false;
	if (line->size != 1 && line->size != 2 && line->size != 4 && line->size != 8)
		return false;
	sscanf(text + end, " name '%31[^']'", line->name);
	return true;
}

/* "PID@SECONDS.MICROSECONDS:" before the event; else 0. */
static uint64_t qemu_time(const char *text, const char *event)
{
	const char *at = memchr(text, '@', (size_t)(event - text));
	uint64_t seconds, micro;

	if (!at || sscanf(at, "@%" SCNu64 ".%" SCNu64 ":", &seconds, &micro) != 2)
		return 0;
	return seconds * 1000000000 + micro * 1000;
}

static int add_qemu(struct recording *r, const struct qemu_line *line, bool write, uint64_t time)
{
	uint64_t base = line->addr & ~(uint64_t)(WINDOW - 1);
	struct recorded_device *device = device_of(r, line->region, true, base);
	struct recorded_access access = {
		.access =
			{
				.time = time,
				.offset = line->addr - base,
				.value = cut(line->value, line->size),
				.size = line->size,
				.write = write,
			},
		.order = r->lines,
	};

	return add_access(device, &access);
}

/* 1: the line was of this kind; 0: it was not; -ENOMEM. */
static int take_qemu(struct recording *r, const char *text)
{
	static const char *const events[2] = {
		"memory_region_ops_read ", "memory_region_ops_write "};
	struct qemu_line line;

	for (unsigned i = 0; i < 2; i++) {
		const char *event = strstr(text, events[i]);
		int error;

		if (!event || !scan_qemu(event + strlen(events[i]), &line))
			continue;
		if (strcmp(line.name, "virtio-mmio") != 0) {
			r->others++;
			return 1;
		}
		error = add_qemu(r, &line, i == 1, qemu_time(text, event));
		return error ? error : 1;
	}
	if (!strstr(text, "virtio_mmio_read ") && !strstr(text, "virtio_mmio_write ") &&
		!strstr(text, "virtio_mmio_setting_irq ") &&
		!strstr(text, "virtio_mmio_queue_write "))
		return 0;
	r->useless++;
	return 1;
}

/* --- libvmmio ---------------------------------------------------------------------------- */

static int take_own(struct recording *r, const char *text, size_t length)
{
	struct vmmio_trace_entry entry;
	struct recorded_access access;
	size_t n = 0;
	int error;

	if (text[strspn(text, " \t")] != '{' ||
		vmmio_trace_parse(text, length, &entry, 1, &n, NULL) || n != 1)
		return 0;
	access = (struct recorded_access){
		.access =
			{
				.time = entry.began,
				.offset = entry.offset,
				.value = cut(entry.value, entry.size),
				.size = entry.size,
				.write = entry.write,
			},
		.order = entry.order,
		/* Refused: it had no effect, and is taken out once the order is looked at. */
		.gap = entry.result != 0,
	};
	error = add_access(device_of(r, OWN_KEY, false, 0), &access);
	return error ? error : 1;
}

static int by_order(const void *a, const void *b)
{
	const struct recorded_access *one = a, *other = b;

	return (one->order > other->order) - (one->order < other->order);
}

/* In the order in which they began; what is missing shows in the numbers. */
static void put_in_order(struct recorded_device *device)
{
	uint64_t expected = 0;
	size_t kept = 0;

	qsort(device->accesses, device->n, sizeof(*device->accesses), by_order);
	device->late = device->n && device->accesses[0].order != 0;
	for (size_t i = 0; i < device->n; i++) {
		struct recorded_access *access = &device->accesses[i];
		bool refused = access->gap;

		access->gap = i && access->order != expected;
		expected = access->order + 1;
		if (!refused)
			device->accesses[kept++] = *access;
	}
	device->n = kept;
}

/* --- The file ------------------------------------------------------------------------------ */

/* Or a comment. */
static bool is_blank(const char *text)
{
	text += strspn(text, " \t\r\n");
	return !*text || *text == '#';
}

static int take_line(struct recording *r, const char *text, size_t length)
{
	int taken;

	r->lines++;
	if (is_blank(text))
		return 0;
	taken = take_own(r, text, length);
	if (taken == 0)
		taken = take_qemu(r, text);
	if (taken)
		return taken < 0 ? taken : 0;
	r->garbage++;
	if (!r->first_garbage)
		r->first_garbage = r->lines;
	return 0;
}

int recording_read(FILE *file, struct recording *out)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int error = 0;

	*out = (struct recording){0};
	while (!error && (length = getline(&text, &room, file)) >= 0)
		error = take_line(out, text, (size_t)length);
	if (!error && ferror(file))
		error = errno ? -errno : -EIO;
	free(text);
	for (size_t i = 0; i < out->n; i++)
		if (!out->devices[i].placed)
			put_in_order(&out->devices[i]);
	return error;
}

void recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->n; i++)
		free(recording->devices[i].accesses);
	free(recording->devices);
}
