/* SPDX-License-Identifier: BSD-3-Clause */
/* The AML of windows, held against ACPICA's compiler: the same windows written as ASL by hand
 * have to give the same bytes, and ours, disassembled, what was meant. */
#include <stdlib.h>

#include "discovery_rig.h"

enum {
	HEADER = 36,
	CHECKSUM = 9,
	CREATOR = 28, /* names the compiler, up to the end of the header */
};

static unsigned char table[65536];
static size_t table_length;

static void make_ssdt(const struct vmmio_window *windows, size_t n)
{
	struct vmmio_ssdt_options o = {
		.size = sizeof(o), .windows = windows, .n_windows = n, .oem_revision = 0x12345678};

	ck_assert_int_eq(vmmio_discovery_ssdt(&o, table, sizeof(table), &table_length), 0);
}

/* --- The same, as ASL --------------------------------------------------------------- */

static void write_memory(FILE *asl, const struct vmmio_window *w)
{
	if (w->base + length_of(w) - 1 < 0xffffffff)
		fprintf(asl, "Memory32Fixed (ReadWrite, 0x%llX, 0x%llX)\n",
			(unsigned long long)w->base, (unsigned long long)length_of(w));
	else
		fprintf(asl,
			"QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, NonCacheable,"
			" ReadWrite, 0, 0x%llX, 0x%llX, 0, 0x%llX)\n",
			(unsigned long long)w->base,
			(unsigned long long)(w->base + length_of(w) - 1),
			(unsigned long long)length_of(w));
}

static void write_device(FILE *asl, const struct vmmio_window *w)
{
	fprintf(asl, "Device (VM%02X) {\n", w->id);
	fprintf(asl, "Name (_HID, \"LNRO0005\")\n");
	fprintf(asl, "Name (_UID, %u)\n", w->id);
	fprintf(asl, "Name (_CCA, 1)\n");
	fprintf(asl, "Name (_CRS, ResourceTemplate () {\n");
	write_memory(asl, w);
	fprintf(asl, "Interrupt (ResourceConsumer, %s, ActiveHigh, %s) { %u }\n",
		w->flags & VMMIO_WINDOW_EDGE ? "Edge" : "Level",
		w->flags & VMMIO_WINDOW_SHARED ? "Shared" : "Exclusive", w->irq);
	fprintf(asl, "}) }\n");
}

static void write_asl(const struct vmmio_window *windows, size_t n)
{
	FILE *asl = create("hand.asl");

	fprintf(asl, "DefinitionBlock (\"\", \"SSDT\", 2, \"VMMIO \", \"VIRTMMIO\",");
	fprintf(asl, " 0x12345678) {\n");
	fprintf(asl, "Scope (\\_SB) {\n");
	for (size_t i = 0; i < n; i++)
		write_device(asl, &windows[i]);
	fprintf(asl, "} }\n");
	ck_assert_int_eq(fclose(asl), 0);
}

/* --- Tests ---------------------------------------------------------------------------- */

static bool lack_iasl(const char *test)
{
	if (have_program("iasl"))
		return false;
	fixture_skip_in(test, "no iasl here: it is in the package acpica-tools");
	return true;
}

static void check_bytes(const unsigned char *compiled, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ck_assert_msg(table[i] == compiled[i], "byte %zu is %02x, iasl wrote %02x", i,
			table[i], compiled[i]);
}

static void check_as_compiled(const struct vmmio_window *windows, size_t n)
{
	unsigned char *compiled;
	size_t length, devices;

	make_ssdt(windows, n);
	write_asl(windows, n);
	run("iasl -p hand hand.asl");
	compiled = (unsigned char *)load("hand.aml", &length);
	ck_assert_uint_eq(table_length, length);
	check_bytes(compiled, 0, CHECKSUM);
	check_bytes(compiled, CHECKSUM + 1, CREATOR);
	check_bytes(compiled, HEADER, length);
	/* The devices alone are the end of it. */
	ck_assert_int_eq(vmmio_discovery_aml(windows, n, table, sizeof(table), &devices), 0);
	ck_assert_uint_lt(devices, length);
	ck_assert_int_eq(memcmp(table, compiled + length - devices, devices), 0);
	free(compiled);
}

START_TEST(each_window_as_iasl_compiles_it)
{
	if (lack_iasl(__func__))
		return;
	make_dir();
	check_as_compiled(&kinds[_i], 1);
	remove_dir();
}
END_TEST

/* Where the length of the scope needs one, two and three bytes. */
START_TEST(lists_as_iasl_compiles_them)
{
	struct vmmio_window windows[VMMIO_WINDOWS_MAX];

	if (lack_iasl(__func__))
		return;
	make_dir();
	many_windows(windows, VMMIO_WINDOWS_MAX);
	check_as_compiled(kinds, KINDS);
	check_as_compiled(NULL, 0);
	for (size_t n = 55; n < 66; n++)
		check_as_compiled(windows, n);
	check_as_compiled(windows, VMMIO_WINDOWS_MAX);
	remove_dir();
}
END_TEST

/* What is left of text without blanks and comments. */
static void squeeze(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from) {
		if (!strncmp(from, "//", 2)) {
			from += strcspn(from, "\n");
			continue;
		}
		if (!strchr(" \t\n", *from))
			*to++ = *from;
		from++;
	}
	*to = '\0';
}

static void check_follows(const char *device, const char *text)
{
	const char *next = strstr(device + 1, "Device(");
	const size_t end = next ? (size_t)(next - device) : strlen(device);

	ck_assert_msg(
		memmem(device, end, text, strlen(text)), "no %s in %.*s", text, (int)end, device);
}

static void check_disassembled(const char *asl, const struct vmmio_window *w)
{
	char text[128];
	const char *device;

	snprintf(text, sizeof(text), "Device(VM%02X){", w->id);
	device = strstr(asl, text);
	ck_assert_msg(device, "no %s", text);
	check_follows(device, "Name(_HID,\"LNRO0005\")");
	check_follows(device, "Name(_CCA,One)");
	if (w->base + length_of(w) <= UINT32_MAX)
		snprintf(text, sizeof(text), "Memory32Fixed(ReadWrite,0x%08X,0x%08X,)",
			(unsigned)w->base, (unsigned)length_of(w));
	else
		snprintf(text, sizeof(text), "0x%016llX,0x%016llX,0x0000000000000000,0x%016llX,",
			(unsigned long long)w->base,
			(unsigned long long)(w->base + length_of(w) - 1),
			(unsigned long long)length_of(w));
	check_follows(device, text);
	snprintf(text, sizeof(text), "Interrupt(ResourceConsumer,%s,ActiveHigh,%s,,,){0x%08X,}",
		w->flags & VMMIO_WINDOW_EDGE ? "Edge" : "Level",
		w->flags & VMMIO_WINDOW_SHARED ? "Shared" : "Exclusive", w->irq);
	check_follows(device, text);
}

START_TEST(iasl_reads_what_was_meant)
{
	char *asl, *said;

	if (lack_iasl(__func__))
		return;
	make_dir();
	make_ssdt(kinds, KINDS);
	save("ours.aml", table, table_length);
	run("iasl -d ours.aml");
	said = load("said", NULL);
	ck_assert_ptr_null(strstr(said, "hecksum")); /* it would say that it is wrong */
	free(said);
	asl = load("ours.dsl", NULL);
	squeeze(asl);
	ck_assert_ptr_nonnull(strstr(asl, "Scope(\\_SB){Device("));
	for (size_t i = 0; i < KINDS; i++)
		check_disassembled(asl, &kinds[i]);
	free(asl);
	remove_dir();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("discovery_acpi");
	TCase *iasl = fixture_tcase(s, "iasl");

	tcase_set_timeout(iasl, 120);
	tcase_add_loop_test(iasl, each_window_as_iasl_compiles_it, 0, KINDS);
	tcase_add_test(iasl, lists_as_iasl_compiles_them);
	tcase_add_test(iasl, iasl_reads_what_was_meant);
	return fixture_main(s);
}
