/* SPDX-License-Identifier: BSD-3-Clause */
/* Telling a guest of windows: lists that are refused, buffers, and the command line of Linux. */
#include <errno.h>
#include <stdlib.h>

#include "discovery_rig.h"

static char out[65536];

/* --- Command line ---------------------------------------------------------------- */

/* As Linux reads a size: any base, then a suffix. */
static uint64_t read_size(const char *text, char **end)
{
	static const char suffixes[] = "KMGTPE";
	uint64_t size = strtoull(text, end, 0);
	const char *suffix = **end ? strchr(suffixes, **end) : NULL;

	if (!suffix)
		return size;
	++*end;
	return size << (10 * (suffix - suffixes + 1));
}

/* Reads VALUE of virtio_mmio.device=VALUE by the rules of the driver's documentation. */
static void check_value(const char *value, const struct vmmio_window *w)
{
	long long base;
	unsigned irq;
	int id = -1, used = 0;
	char *rest;
	const uint64_t size = read_size(value, &rest);

	ck_assert_ptr_ne(rest, value);
	ck_assert_int_eq(sscanf(rest, "@%lli:%u%n:%d%n", &base, &irq, &used, &id, &used), 3);
	ck_assert_int_eq(rest[used], '\0');
	ck_assert_uint_eq(size, length_of(w));
	ck_assert_uint_eq((uint64_t)base, w->base);
	ck_assert_uint_eq(irq, w->irq);
	ck_assert_uint_eq((unsigned)id, w->id);
}

static void check_parameters(char *line, const struct vmmio_window *windows, size_t n)
{
	static const char name[] = "virtio_mmio.device=";
	size_t i = 0;

	for (char *p = strtok(line, " "); p; p = strtok(NULL, " "), i++) {
		ck_assert_uint_lt(i, n);
		ck_assert_int_eq(strncmp(p, name, strlen(name)), 0);
		check_value(p + strlen(name), &windows[i]);
	}
	ck_assert_uint_eq(i, n);
}

START_TEST(linux_reads_each_window_back)
{
	size_t length;

	ck_assert_int_eq(vmmio_discovery_cmdline(&kinds[_i], 1, out, sizeof(out), &length), 0);
	ck_assert_uint_eq(length, strlen(out));
	check_parameters(out, &kinds[_i], 1);
}
END_TEST

START_TEST(linux_reads_a_list_back)
{
	struct vmmio_window windows[VMMIO_WINDOWS_MAX];

	ck_assert_int_eq(vmmio_discovery_cmdline(kinds, KINDS, out, sizeof(out), NULL), 0);
	check_parameters(out, kinds, KINDS);
	many_windows(windows, VMMIO_WINDOWS_MAX);
	ck_assert_int_eq(
		vmmio_discovery_cmdline(windows, VMMIO_WINDOWS_MAX, out, sizeof(out), NULL), 0);
	check_parameters(out, windows, VMMIO_WINDOWS_MAX);
}
END_TEST

START_TEST(command_line_text)
{
	static const struct {
		uint64_t length;
		const char *text;
	} lengths[] = {{0, "512"}, {0x400, "1K"}, {0x404, "1028"}, {0x1000, "4K"}, {0x200000, "2M"},
		{UINT64_C(0x20000000000), "2048G"}};

	for (size_t i = 0; i < N(lengths); i++) {
		struct vmmio_window w = {
			.base = 0xd0000a00, .length = lengths[i].length, .irq = 5, .id = 12};
		char text[80];

		snprintf(text, sizeof(text), "virtio_mmio.device=%s@0xd0000a00:5:12",
			lengths[i].text);
		ck_assert_int_eq(vmmio_discovery_cmdline(&w, 1, out, sizeof(out), NULL), 0);
		ck_assert_str_eq(out, text);
	}
}
END_TEST

/* --- Buffers --------------------------------------------------------------------- */

static int write_cmdline(void *to, size_t size, size_t *length)
{
	return vmmio_discovery_cmdline(kinds, KINDS, to, size, length);
}

static int write_aml(void *to, size_t size, size_t *length)
{
	return vmmio_discovery_aml(kinds, KINDS, to, size, length);
}

static int write_ssdt(void *to, size_t size, size_t *length)
{
	struct vmmio_ssdt_options o = {.size = sizeof(o), .windows = kinds, .n_windows = KINDS};

	return vmmio_discovery_ssdt(&o, to, size, length);
}

static const struct {
	int (*write)(void *to, size_t size, size_t *length);
	size_t zero; /* bytes that *length does not count */
} writers[] = {{write_cmdline, 1}, {write_aml, 0}, {write_ssdt, 0}};

static bool untouched(size_t from)
{
	for (size_t i = from; i < sizeof(out); i++)
		if (out[i] != 0x5a)
			return false;
	return true;
}

START_TEST(buffer_is_used_to_its_last_byte)
{
	size_t needed, length = 0;

	ck_assert_int_eq(writers[_i].write(NULL, 7, &needed), 0);
	memset(out, 0x5a, sizeof(out));
	ck_assert_int_eq(writers[_i].write(out, needed + writers[_i].zero, &length), 0);
	ck_assert_uint_eq(length, needed);
	ck_assert(untouched(needed + writers[_i].zero));
	ck_assert(!untouched(needed + writers[_i].zero - 1));
}
END_TEST

START_TEST(buffer_too_small_stays_as_it_is)
{
	size_t needed, length = 4711;

	ck_assert_int_eq(writers[_i].write(NULL, 0, &needed), 0);
	memset(out, 0x5a, sizeof(out));
	for (size_t size = 0; size < needed + writers[_i].zero; size++) {
		ck_assert_int_eq(writers[_i].write(out, size, &length), -ENOSPC);
		ck_assert_uint_eq(length, 4711);
		ck_assert(untouched(0));
	}
}
END_TEST

START_TEST(length_need_not_be_told)
{
	ck_assert_int_eq(writers[_i].write(out, sizeof(out), NULL), 0);
	ck_assert_int_eq(writers[_i].write(NULL, 0, NULL), -EINVAL);
}
END_TEST

START_TEST(nothing_to_tell)
{
	struct vmmio_ssdt_options o = {.size = sizeof(o)};
	size_t length;

	ck_assert_ptr_null(vmmio_discovery_problem(NULL, 0, NULL));
	memset(out, 0x5a, sizeof(out));
	ck_assert_int_eq(vmmio_discovery_aml(NULL, 0, out, 0, &length), 0);
	ck_assert_uint_eq(length, 0);
	ck_assert(untouched(0));
	ck_assert_int_eq(vmmio_discovery_cmdline(NULL, 0, out, 1, &length), 0);
	ck_assert_uint_eq(length, 0);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(vmmio_discovery_ssdt(&o, out, sizeof(out), &length), 0);
	ck_assert_uint_eq(length, 36 + 7);
}
END_TEST

START_TEST(ssdt_adds_up)
{
	const unsigned char *byte = (const unsigned char *)out;
	unsigned sum = 0;
	size_t length;

	ck_assert_int_eq(write_ssdt(out, sizeof(out), &length), 0);
	for (size_t i = 0; i < length; i++)
		sum += byte[i];
	ck_assert_uint_eq(sum % 256, 0);
	ck_assert_uint_eq(byte[4] | (unsigned)byte[5] << 8 | (unsigned)byte[6] << 16, length);
}
END_TEST

START_TEST(ssdt_ids_are_the_embedders)
{
	const struct vmmio_ssdt_options o = {
		.size = sizeof(o), .oem_id = "OEM", .oem_table_id = "", .oem_revision = 7};

	ck_assert_int_eq(vmmio_discovery_ssdt(&o, out, sizeof(out), NULL), 0);
	ck_assert_int_eq(memcmp(out + 10, "OEM           \7\0\0\0", 18), 0);
}
END_TEST

/* --- Lists that are refused ------------------------------------------------------- */

/* The second of two windows, of which the first is kinds[2], a shared one. */
static const struct {
	struct vmmio_window window;
	const char *why; /* NULL: it is fine */
} seconds[] = {
	{{.base = 0x1000, .irq = 1}, NULL},
	{{.base = 0xd0001000 - 0x200, .irq = 1}, NULL}, /* right below */
	{{.base = 0xd0002000, .irq = 1}, NULL},         /* right above */
	{{.base = 0x1000, .irq = 7, .flags = VMMIO_WINDOW_SHARED}, NULL},
	{{.base = 0x1002, .irq = 1}, "base is not a multiple"},
	{{.base = 0x1000, .length = 0x201, .irq = 1}, "length is not a multiple"},
	{{.base = 0x1000, .length = 0xfc, .irq = 1}, "below 0x100"},
	{{.base = (UINT64_C(1) << 63) - 0x1fc, .irq = 1}, "beyond 2^63"},
	{{.base = UINT64_MAX - 3, .length = 0x100, .irq = 1}, "beyond 2^63"},
	{{.base = 0x1000, .length = UINT64_MAX - 3, .irq = 1}, "beyond 2^63"},
	{{.base = 4, .length = UINT64_C(1) << 63, .irq = 1}, "beyond 2^63"},
	{{.base = 0x1000}, "irq is 0"},
	{{.base = 0x1000, .irq = 1, .id = 256}, "id is above 255"},
	{{.base = 0x1000, .irq = 1, .id = UINT32_MAX}, "id is above 255"},
	{{.base = 0x1000, .irq = 1, .flags = 4}, "flags"},
	{{.base = 0x1000, .irq = 1, .flags = 3}, "EDGE and SHARED"},
	{{.base = 0x1000, .irq = 1, .id = 2}, "id is that"},
	{{.base = 0x1000, .irq = 7}, "not both SHARED"},
	{{.base = 0xd0001000, .irq = 1}, "overlaps"},
	{{.base = 0xd0001000 - 0x1fc, .irq = 1}, "overlaps"},
	{{.base = 0xd0001ffc, .irq = 1}, "overlaps"},
	{{.base = 0xd0000000, .length = 0x100000, .irq = 1}, "overlaps"},
	{{.base = 0, .length = UINT64_C(1) << 63, .irq = 1}, "overlaps"},
};

static void check_refused(const struct vmmio_window *windows, size_t n)
{
	struct vmmio_ssdt_options o = {.size = sizeof(o), .windows = windows, .n_windows = n};
	size_t length = 4711;

	memset(out, 0x5a, sizeof(out));
	ck_assert_int_eq(vmmio_discovery_cmdline(windows, n, out, sizeof(out), &length), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_aml(windows, n, out, sizeof(out), &length), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_ssdt(&o, out, sizeof(out), &length), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_ssdt(&o, NULL, 0, &length), -EINVAL);
	ck_assert_uint_eq(length, 4711);
	ck_assert(untouched(0));
}

START_TEST(second_window_is_judged)
{
	const struct vmmio_window pair[] = {kinds[2], seconds[_i].window};
	size_t at = 4711;
	const char *why = vmmio_discovery_problem(pair, 2, &at);

	if (!seconds[_i].why) {
		ck_assert_pstr_eq(why, NULL);
		ck_assert_uint_eq(at, 4711);
		ck_assert_int_eq(vmmio_discovery_aml(pair, 2, NULL, 0, &at), 0);
		return;
	}
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, seconds[_i].why), "%s: not %s", why, seconds[_i].why);
	ck_assert_uint_eq(at, 1);
	ck_assert_pstr_eq(vmmio_discovery_problem(pair, 2, NULL), why);
	check_refused(pair, 2);
}
END_TEST

START_TEST(clashes_are_found_over_a_distance)
{
	struct vmmio_window windows[VMMIO_WINDOWS_MAX];
	size_t at;

	many_windows(windows, VMMIO_WINDOWS_MAX);
	ck_assert_pstr_eq(vmmio_discovery_problem(windows, VMMIO_WINDOWS_MAX, NULL), NULL);
	windows[200].irq = windows[3].irq;
	ck_assert_ptr_nonnull(vmmio_discovery_problem(windows, VMMIO_WINDOWS_MAX, &at));
	ck_assert_uint_eq(at, 200);
}
END_TEST

START_TEST(lists_are_refused_as_a_whole)
{
	static struct vmmio_window windows[VMMIO_WINDOWS_MAX + 1];
	size_t at;

	ck_assert_ptr_nonnull(vmmio_discovery_problem(NULL, 3, &at));
	ck_assert_uint_eq(at, 3);
	check_refused(NULL, 3);
	many_windows(windows, N(windows));
	ck_assert_ptr_nonnull(
		strstr(vmmio_discovery_problem(windows, N(windows), &at), "more than 256"));
	ck_assert_uint_eq(at, N(windows));
	check_refused(windows, N(windows));
	ck_assert_ptr_nonnull(vmmio_discovery_problem(windows, SIZE_MAX, NULL));
}
END_TEST

static void check_ssdt_refused(struct vmmio_ssdt_options o)
{
	size_t length = 4711;

	ck_assert_int_eq(vmmio_discovery_ssdt(&o, NULL, 0, &length), -EINVAL);
	ck_assert_uint_eq(length, 4711);
}

START_TEST(ssdt_options_are_refused)
{
	struct vmmio_ssdt_options o = {.size = sizeof(o), .windows = kinds, .n_windows = KINDS};
	size_t length;

	ck_assert_int_eq(vmmio_discovery_ssdt(NULL, NULL, 0, &length), -EINVAL);
	o.size = 0;
	check_ssdt_refused(o);
	o.size = sizeof(o) - 1;
	check_ssdt_refused(o);
	o.size = sizeof(o) + 8;
	o.oem_id = "SEVENTH";
	check_ssdt_refused(o);
	o.oem_id = "SIXSIX";
	o.oem_table_id = "NINE NINE";
	check_ssdt_refused(o);
	o.oem_table_id = "EIGHTEEN";
	ck_assert_int_eq(vmmio_discovery_ssdt(&o, NULL, 0, &length), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("discovery");
	TCase *cmdline = fixture_tcase(s, "command line");
	TCase *buffers = fixture_tcase(s, "buffers");
	TCase *refused = fixture_tcase(s, "refused");

	tcase_add_loop_test(cmdline, linux_reads_each_window_back, 0, KINDS);
	tcase_add_test(cmdline, linux_reads_a_list_back);
	tcase_add_test(cmdline, command_line_text);
	tcase_add_loop_test(buffers, buffer_is_used_to_its_last_byte, 0, N(writers));
	tcase_add_loop_test(buffers, buffer_too_small_stays_as_it_is, 0, N(writers));
	tcase_add_loop_test(buffers, length_need_not_be_told, 0, N(writers));
	tcase_add_test(buffers, nothing_to_tell);
	tcase_add_test(buffers, ssdt_adds_up);
	tcase_add_test(buffers, ssdt_ids_are_the_embedders);
	tcase_add_loop_test(refused, second_window_is_judged, 0, N(seconds));
	tcase_add_test(refused, clashes_are_found_over_a_distance);
	tcase_add_test(refused, lists_are_refused_as_a_whole);
	tcase_add_test(refused, ssdt_options_are_refused);
	return fixture_main(s);
}
