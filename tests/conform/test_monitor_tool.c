/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform monitor: what it reads, what it says, and how it ends. */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmmio/trace.h>

#include "conform/monitor_rig.h"
#include "support/fixture.h"
#include "tools/traces.h"

/* --- Reading ---------------------------------------------------------------------------------- */

static void read_text(const char *text, struct recording *r)
{
	FILE *file = fmemopen((char *)(uintptr_t)text, strlen(text), "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(recording_read(file, r), 0);
	fclose(file);
}

#define QEMU_READ(mr, addr, value)                                                                 \
	"memory_region_ops_read cpu 0 mr " mr " addr " addr " value " value                        \
	" size 4 name 'virtio-mmio'\n"

START_TEST(qemu_lines)
{
	static const char text[] =
		"# a comment\n"
		"\n" QEMU_READ("0x1", "0xfeb02e00", "0x74726976") QEMU_READ("0x2", "0xfeb02c04",
			"0x10100000002") "123@7.000042:memory_region_ops_write cpu 1 mr 0x1 addr "
					 "0xfeb02e70 value 0x3 "
					 "size 4 name 'virtio-mmio'\r\n"
					 "memory_region_ops_read cpu -1 mr 0x1 addr 0xfeb02f20 "
					 "value 0x1 size 1 name "
					 "'virtio-mmio'";
	struct recording r;

	read_text(text, &r);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_uint_eq(r.garbage + r.others + r.useless, 0);
	ck_assert_uint_eq(r.lines, 6);
	ck_assert_uint_eq(r.devices[0].base, 0xfeb02e00);
	ck_assert_uint_eq(r.devices[1].base, 0xfeb02c00);
	ck_assert_uint_eq(r.devices[0].n, 3);
	ck_assert(!r.devices[0].late && r.devices[0].placed);
	ck_assert(r.devices[0].accesses[1].access.write);
	ck_assert_uint_eq(r.devices[0].accesses[1].access.time, 7000042000);
	ck_assert_uint_eq(r.devices[0].accesses[1].access.offset, 0x70);
	ck_assert_uint_eq(r.devices[0].accesses[2].access.offset, 0x120);
	ck_assert_uint_eq(r.devices[0].accesses[2].access.size, 1);
	/* What QEMU shows beyond the size of the access was not read by anybody. */
	ck_assert_uint_eq(r.devices[1].accesses[0].access.value, 2);
	recording_free(&r);
}
END_TEST

START_TEST(other_lines)
{
	static const char text[] =
		"memory_region_ops_read cpu 0 mr 0x1 addr 0x3f8 value 0x1 size 1 name 'serial'\n"
		"memory_region_ops_read cpu 0 mr 0x1 addr 0x3f8 value 0x1 size 1\n"
		"virtio_mmio_read virtio_mmio_read offset 0x70\n"
		"virtio_mmio_write_offset virtio_mmio_write offset 0x70 value 0x0\n"
		"memory_region_ops_read cpu 0 mr 0x1 addr 0xfeb02e00 value\n"
		"memory_region_ops_read cpu 0 mr 0x1 addr 0xfeb02e00 value 0x1 size 3 name "
		"'virtio-mmio'\n"
		"{\"number\":0}\n"
		"[    0.000000] Linux version 6.1\n";
	struct recording r;

	read_text(text, &r);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_uint_eq(r.others, 2);
	ck_assert_uint_eq(r.useless, 2);
	ck_assert_uint_eq(r.garbage, 4);
	ck_assert_uint_eq(r.first_garbage, 5);
	recording_free(&r);
}
END_TEST

static void own_line(char *text, size_t size, uint64_t order, uint64_t value, int result)
{
	struct vmmio_trace_entry entry = {
		.number = order,
		.order = order,
		.offset = 0x70,
		.value = value,
		.size = 4,
		.write = true,
		.result = result,
	};
	size_t at = strlen(text);

	ck_assert_int_gt(vmmio_trace_format(&entry, VMMIO_FORMAT_JSON, text + at, size - at), 0);
	strcat(text, "\n");
}

/* In the order in which they began; what was refused is none, and no gap. */
START_TEST(own_lines)
{
	char text[2048] = "";
	struct recording r;

	own_line(text, sizeof(text), 1, 11, 0);
	own_line(text, sizeof(text), 0, 10, 0);
	own_line(text, sizeof(text), 2, 12, -EPERM);
	own_line(text, sizeof(text), 3, 13, 0);
	own_line(text, sizeof(text), 6, 16, 0);
	read_text(text, &r);
	ck_assert_uint_eq(r.n, 1);
	ck_assert_uint_eq(r.devices[0].n, 4);
	ck_assert(!r.devices[0].late);
	for (size_t i = 0; i < 4; i++) {
		static const uint64_t values[] = {10, 11, 13, 16};

		ck_assert_uint_eq(r.devices[0].accesses[i].access.value, values[i]);
		ck_assert(r.devices[0].accesses[i].gap == (i == 3));
	}
	recording_free(&r);
	*text = '\0';
	own_line(text, sizeof(text), 5, 1, 0);
	read_text(text, &r);
	ck_assert(r.devices[0].late);
	recording_free(&r);
}
END_TEST

START_TEST(no_room)
{
	static const char text[] =
		QEMU_READ("0x1", "0x1000", "0x1") QEMU_READ("0x2", "0x2000", "0x1");
	int error = -ENOMEM;

	for (unsigned n = 1; error; n++) {
		FILE *file = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
		struct recording r;

		ck_assert_ptr_nonnull(file);
		ck_assert_uint_lt(n, 100);
		fixture_fail_alloc(n, false);
		error = recording_read(file, &r);
		fixture_fail_alloc(0, false);
		ck_assert(error == 0 || error == -ENOMEM);
		recording_free(&r);
		fclose(file);
	}
}
END_TEST

/* --- The tool --------------------------------------------------------------------------------- */

static char path[64];

static void make_file(const char *text)
{
	int fd;

	strcpy(path, "/tmp/vmmio-monitor-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* Runs it with these arguments and FILE. Returns the exit code; what it wrote to both
 * outputs is in text. */
static int run(const char *arguments, char *text, size_t size)
{
	char command[512];
	FILE *pipe;
	size_t n;
	int status;

	snprintf(command, sizeof(command), TOOL " monitor %s %s 2>&1", arguments, path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	n = fread(text, 1, size - 1, pipe);
	text[n] = '\0';
	while (fgetc(pipe) != EOF)
		;
	status = pclose(pipe);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char said[65536];

/* libcheck has no room for all of it. */
static void check_says(const char *text)
{
	ck_assert_msg(strstr(said, text), "\"%s\" is not in: %.2000s", text, said);
}

#define BRING_UP(mr, base)                                                                         \
	QEMU_READ(mr, base "00", "0x74726976")                                                     \
	QEMU_READ(mr, base "04", "0x2")                                                            \
	QEMU_READ(mr, base "08", "0x4")

#define BAD_WRITE(mr, base)                                                                        \
	"memory_region_ops_write cpu 0 mr " mr " addr " base                                       \
	"08 value 0x1 size 4 name 'virtio-mmio'\n"

START_TEST(good_and_bad)
{
	make_file(BRING_UP("0x1", "0x10000"));
	ck_assert_int_eq(run("", said, sizeof(said)), 0);
	check_says("PASSED");
	check_says("(entropy)");
	unlink(path);
	make_file(BRING_UP("0x1", "0x10000") BAD_WRITE("0x1", "0x10000"));
	ck_assert_int_eq(run("", said, sizeof(said)), 1);
	check_says("FAIL  MMIO-DRV-02");
	unlink(path);
}
END_TEST

/* Two devices, of which one has a bad driver. */
START_TEST(told_apart)
{
	make_file(BRING_UP("0x1", "0x10000")
			BRING_UP("0x2", "0x10002") "noise\n" BAD_WRITE("0x2", "0x10002"));
	ck_assert_int_eq(run("--format tap", said, sizeof(said)), 1);
	check_says("MMIO-DRV-02 0x1000200 (entropy)\n");
	check_says("MMIO-DRV-26 0x1000000 (entropy) (black-box)");
	check_says("MMIO-DRV-26 0x1000200 (entropy) (black-box)");
	check_says("1 of 8 lines are not understood");
	ck_assert_int_eq(run("--device 1", said, sizeof(said)), 0);
	ck_assert_int_eq(run("--device 2", said, sizeof(said)), 1);
	ck_assert_int_eq(run("--base 0x1000000", said, sizeof(said)), 0);
	ck_assert_int_eq(run("--base 0x1000200", said, sizeof(said)), 1);
	ck_assert_int_eq(run("--device 3", said, sizeof(said)), 2);
	check_says("there are 2");
	unlink(path);
}
END_TEST

START_TEST(formats)
{
	static const struct {
		const char *format, *begins;
	} all[] = {
		{"text", ""},
		{"tap", "TAP version"},
		{"junit", "<?xml"},
		{"json", "{"},
		{"html", "<!DOCTYPE html>"},
	};

	make_file(BRING_UP("0x1", "0x10000") BRING_UP("0x2", "0x10002"));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char arguments[128], out[96], head[16] = "";
		FILE *file;

		snprintf(out, sizeof(out), "%s.out", path);
		snprintf(arguments, sizeof(arguments), "--format %s --output %s", all[i].format,
			out);
		ck_assert_int_eq(run(arguments, said, sizeof(said)), 0);
		check_says("PASSED");
		file = fopen(out, "r");
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_gt(fread(head, 1, sizeof(head) - 1, file), 0);
		fclose(file);
		ck_assert_msg(!strncmp(head, all[i].begins, strlen(all[i].begins)), "%s", head);
		unlink(out);
	}
	unlink(path);
}
END_TEST

struct unable {
	const char *content, *arguments, *says;
};

static const struct unable unables[] = {
	{"nothing\n", "", "no register access"},
	{"", "", "no register access"},
	{"virtio_mmio_read virtio_mmio_read offset 0x70\n", "", "memory_region_ops_read"},
	{"memory_region_ops_read cpu 0 mr 0x1 addr 0x3f8 value 0x1 size 1 name 'serial'\n", "",
		"none to a region"},
	{BRING_UP("0x1", "0x10000"), "--format pdf", "take one of"},
	{BRING_UP("0x1", "0x10000"), "--device 0", "counted from 1"},
	{BRING_UP("0x1", "0x10000"), "--device x", "give a number"},
	{BRING_UP("0x1", "0x10000"), "--base -1", "give a number"},
	{BRING_UP("0x1", "0x10000"), "--device 1 --base 1", "one of them"},
	{BRING_UP("0x1", "0x10000"), "--output /nonexistent/file", "No such file"},
	{BRING_UP("0x1", "0x10000"), "/dev/null", "one FILE"},
};

START_TEST(cannot_judge)
{
	const struct unable *u = &unables[_i];

	make_file(u->content);
	ck_assert_int_eq(run(u->arguments, said, sizeof(said)), 2);
	check_says(u->says);
	unlink(path);
}
END_TEST

/* --- A trace of libvmmio, as its observer has recorded it ---------------------------------------
 */

static void record(char *text, size_t size)
{
	struct watched_options options = {
		.version = 3, .features = VMMIO_FEATURE(VMMIO_F_VERSION_1)};
	struct vmmio_trace *trace;
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entry;
	struct watched *w;
	size_t at = 0;

	ck_assert_int_eq(vmmio_trace_create(NULL, &trace), 0);
	options.also = vmmio_trace_observer(trace);
	w = watched_new(&options);
	watched_start(w);
	for (unsigned i = 0; i < 4; i++) {
		watched_send(w, 0, 1, 1, false);
		watched_settle(w);
		watched_reap(w, 0);
	}
	ck_assert_int_eq(vmmio_driver_reset(w->driver, VMMIO_DRIVER_FOREVER), 0);
	vmmio_conform_report_free(watched_finish(w));
	while (vmmio_trace_read(trace, &cursor, &entry, 1)) {
		int n = vmmio_trace_format(&entry, VMMIO_FORMAT_JSON, text + at, size - at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
		ck_assert_uint_lt(at + 2, size);
		strcpy(text + at++, "\n");
	}
	watched_free(w);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
}

START_TEST(own_trace)
{
	static char text[65536];
	char *middle;

	record(text, sizeof(text));
	make_file(text);
	ck_assert_int_eq(run("", said, sizeof(said)), 0);
	check_says("pass  PATCH-DRV-02  monitor");
	check_says("pass  GEN-DRV-22  monitor");
	unlink(path);
	/* The beginning is lost. */
	middle = strstr(text, "\"QueueNotify\"");
	while (*middle != '\n')
		middle--;
	make_file(middle + 1);
	ck_assert_int_eq(run("", said, sizeof(said)), 0);
	check_says("its beginning is missing");
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_tool");
	TCase *reads = fixture_tcase(s, "reads");
	TCase *tool = fixture_tcase(s, "tool");

	tcase_add_test(reads, qemu_lines);
	tcase_add_test(reads, other_lines);
	tcase_add_test(reads, own_lines);
	tcase_add_test(reads, no_room);
	tcase_set_timeout(tool, 60);
	tcase_add_test(tool, good_and_bad);
	tcase_add_test(tool, told_apart);
	tcase_add_test(tool, formats);
	tcase_add_loop_test(tool, cannot_judge, 0, sizeof(unables) / sizeof(unables[0]));
	tcase_add_test(tool, own_trace);
	return fixture_main(s);
}
