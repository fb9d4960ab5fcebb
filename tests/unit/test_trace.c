/* SPDX-License-Identifier: BSD-3-Clause */
/* The access trace alone: its ring, its lines, its parser. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/trace.h>

#include "observe/trace_slot.h"
#include "support/fixture.h"

static struct vmmio_trace *make(uint32_t entries)
{
	struct vmmio_trace_options o = {
		.size = sizeof(o), .entries = entries, .log = fixture_log()};
	struct vmmio_trace *trace;

	ck_assert_int_eq(vmmio_trace_create(&o, &trace), 0);
	return trace;
}

/* Access number n, with every field made from n. */
static struct vmmio_observed_access access_of(uint64_t n)
{
	return (struct vmmio_observed_access){
		.order = n, .began = n * 3, .took = n * 5, .offset = n * 7, .value = n * 11, .size = 4};
}

static void put(struct vmmio_trace *trace, uint64_t n)
{
	const struct vmmio_observer *observer = vmmio_trace_observer(trace);
	struct vmmio_observed_access access = access_of(n);

	if (n % 2)
		observer->ops->write(observer->ctx, &access);
	else
		observer->ops->read(observer->ctx, &access);
}

static bool is_whole(const struct vmmio_trace_entry *e)
{
	uint64_t n = e->order;

	return e->began == n * 3 && e->took == n * 5 && e->offset == n * 7 && e->value == n * 11 &&
		e->size == 4 && e->write == n % 2 && e->result == 0;
}

/* --- The ring ------------------------------------------------------------------- */

START_TEST(entries_come_back_in_order)
{
	struct vmmio_trace *trace = make(8);
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entries[8];

	ck_assert_uint_eq(vmmio_trace_read(trace, &cursor, entries, 8), 0);
	for (uint64_t n = 0; n < 5; n++)
		put(trace, n);
	ck_assert_uint_eq(vmmio_trace_read(trace, &cursor, entries, 2), 2);
	ck_assert_uint_eq(vmmio_trace_read(trace, &cursor, entries + 2, 6), 3);
	ck_assert_uint_eq(vmmio_trace_read(trace, &cursor, entries, 8), 0);
	for (uint64_t n = 0; n < 5; n++) {
		ck_assert_uint_eq(entries[n].number, n);
		ck_assert_uint_eq(entries[n].order, n);
		ck_assert(is_whole(&entries[n]));
	}
	ck_assert_uint_eq(cursor.lost, 0);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
}
END_TEST

START_TEST(what_is_overwritten_is_counted)
{
	struct vmmio_trace *trace = make(5); /* 8 */
	struct vmmio_trace_cursor early = {0}, late = {0};
	struct vmmio_trace_entry entries[16];

	put(trace, 0);
	ck_assert_uint_eq(vmmio_trace_read(trace, &early, entries, 16), 1);
	for (uint64_t n = 1; n < 20; n++)
		put(trace, n);
	ck_assert_uint_eq(vmmio_trace_read(trace, &early, entries, 16), 8);
	ck_assert_uint_eq(entries[0].number, 12);
	ck_assert_uint_eq(early.lost, 11);
	ck_assert_uint_eq(vmmio_trace_read(trace, &late, entries, 16), 8);
	ck_assert_uint_eq(entries[7].number, 19);
	ck_assert_uint_eq(late.lost, 12);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
}
END_TEST

/* Writers and readers stopped between two steps, on a slot that sees 0, 8, 16, ... */
START_TEST(a_slow_writer_keeps_its_slot)
{
	struct slot slot = {0};

	ck_assert(slot_claim(&slot, 0));
	ck_assert_int_eq(slot_look(&slot, 0), FOUND_NOTHING);
	ck_assert_int_eq(slot_look(&slot, 8), FOUND_NOTHING);
	ck_assert(!slot_claim(&slot, 16));
	ck_assert(!slot_claim(&slot, 8));
	ck_assert_int_eq(slot_look(&slot, 8), FOUND_LOST); /* or its readers would wait for ever */
	ck_assert_int_eq(slot_look(&slot, 16), FOUND_LOST);
	slot_publish(&slot, 0);
	ck_assert_int_eq(slot_look(&slot, 0), FOUND);
	ck_assert_int_eq(slot_look(&slot, 16), FOUND_LOST);
	ck_assert_int_eq(slot_look(&slot, 24), FOUND_NOTHING);
	ck_assert(slot_claim(&slot, 24));
	slot_publish(&slot, 24);
	ck_assert_int_eq(slot_look(&slot, 24), FOUND);
}
END_TEST

START_TEST(a_late_writer_gives_up)
{
	struct slot slot = {0};

	ck_assert(slot_claim(&slot, 8));
	slot_publish(&slot, 8);
	ck_assert(!slot_claim(&slot, 0));
	ck_assert_int_eq(slot_look(&slot, 0), FOUND_LOST);
	ck_assert_int_eq(slot_look(&slot, 8), FOUND);
}
END_TEST

START_TEST(a_reader_notices_the_next_lap)
{
	uint64_t words[WORDS] = {0};
	struct slot slot = {0};

	ck_assert(slot_claim(&slot, 0));
	slot_put(&slot, words);
	slot_publish(&slot, 0);
	ck_assert_int_eq(slot_look(&slot, 0), FOUND);
	slot_get(&slot, words);
	ck_assert(slot_still(&slot, 0));
	ck_assert(slot_claim(&slot, 8));
	ck_assert(!slot_still(&slot, 0));
	slot_publish(&slot, 8);
	ck_assert(!slot_still(&slot, 0));
}
END_TEST

#define WRITERS 3
#define READERS 2
#define WRITES 20000u

struct crowd {
	struct vmmio_trace *trace;
	_Atomic uint64_t next;
	_Atomic unsigned writing;
};

static void *write_many(void *arg)
{
	struct crowd *c = arg;

	for (unsigned i = 0; i < WRITES; i++)
		put(c->trace, atomic_fetch_add(&c->next, 1));
	atomic_fetch_sub(&c->writing, 1);
	return NULL;
}

/* Every number is either read, whole, or counted as lost. */
static void *read_many(void *arg)
{
	struct crowd *c = arg;
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entries[16];
	uint64_t seen = 0, before = 0;
	bool last;

	do {
		size_t n;

		last = !atomic_load(&c->writing);
		while ((n = vmmio_trace_read(c->trace, &cursor, entries, 16)))
			for (size_t i = 0; i < n; i++, seen++) {
				ck_assert(is_whole(&entries[i]));
				ck_assert(!seen || entries[i].number > before);
				before = entries[i].number;
			}
	} while (!last);
	ck_assert_uint_eq(cursor.next, WRITERS * WRITES);
	ck_assert_uint_eq(seen + cursor.lost, WRITERS * WRITES);
	return NULL;
}

/* A ring of 1, 2 and 64: with few slots the writers get in each other's way all the time. */
START_TEST(readers_under_writers)
{
	static const uint32_t sizes[] = {1, 2, 64};
	struct crowd c = {.trace = make(sizes[_i]), .writing = WRITERS};
	pthread_t threads[WRITERS + READERS];

	for (unsigned i = 0; i < WRITERS + READERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
					 i < WRITERS ? write_many : read_many, &c), 0);
	for (unsigned i = 0; i < WRITERS + READERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(vmmio_trace_destroy(c.trace), 0);
}
END_TEST

/* --- Lines ---------------------------------------------------------------------- */

static const struct {
	struct vmmio_trace_entry entry;
	const char *text;
} lines[] = {
	{{.number = 12, .began = 1500000001, .took = 520, .offset = 0x70, .size = 4, .value = 15,
		 .write = true},
		"    12 1.500000001 write 0x070 Status := 0xf "
		"ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK, 520 ns"},
	{{.offset = 0x70, .size = 4}, "     0 0.000000000 read  0x070 Status = 0x0, 0 ns"},
	{{.offset = 0x70, .size = 4, .value = 0xe0},
		"     0 0.000000000 read  0x070 Status = 0xe0 DEVICE_NEEDS_RESET|FAILED|0x20, 0 ns"},
	{{.offset = 0x60, .size = 4, .value = 3},
		"     0 0.000000000 read  0x060 InterruptStatus = 0x3 USED_BUFFER|CONFIG_CHANGE, 0 ns"},
	{{.offset = 0x104, .size = 1, .value = 0xab, .write = true},
		"     0 0.000000000 write 0x104 Config+0x4 := 0xab, 1 byte, 0 ns"},
	{{.offset = 0xf8, .size = 2}, "     0 0.000000000 read  0x0f8 reserved = 0x0, 2 bytes, 0 ns"},
	{{.offset = 0x44, .size = 4, .write = true, .result = -35},
		"     0 0.000000000 write 0x044 QueueReady := 0x0, 0 ns, refused (-35)"},
};
#define N_LINES ((int)(sizeof(lines) / sizeof(lines[0])))

START_TEST(formats_text)
{
	char line[VMMIO_TRACE_LINE], cut[10];
	int length = (int)strlen(lines[_i].text);

	ck_assert_int_eq(vmmio_trace_format(
				 &lines[_i].entry, VMMIO_FORMAT_TEXT, line, sizeof(line)), length);
	ck_assert_str_eq(line, lines[_i].text);
	ck_assert_int_eq(vmmio_trace_format(&lines[_i].entry, VMMIO_FORMAT_TEXT, NULL, 0), length);
	ck_assert_int_eq(vmmio_trace_format(
				 &lines[_i].entry, VMMIO_FORMAT_TEXT, cut, sizeof(cut)), length);
	ck_assert_uint_eq(strlen(cut), sizeof(cut) - 1);
	ck_assert_int_eq(strncmp(cut, line, sizeof(cut) - 1), 0);
}
END_TEST

static void same(const struct vmmio_trace_entry *a, const struct vmmio_trace_entry *b)
{
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->order, b->order);
	ck_assert_uint_eq(a->began, b->began);
	ck_assert_uint_eq(a->took, b->took);
	ck_assert_uint_eq(a->offset, b->offset);
	ck_assert_uint_eq(a->value, b->value);
	ck_assert_uint_eq(a->size, b->size);
	ck_assert_int_eq(a->result, b->result);
	ck_assert_uint_eq(a->write, b->write);
}

/* The longest line there can be still fits, and comes back. */
START_TEST(json_comes_back)
{
	const struct vmmio_trace_entry longest = {.number = UINT64_MAX, .order = UINT64_MAX,
		.began = UINT64_MAX, .took = UINT64_MAX, .offset = UINT64_MAX, .value = UINT64_MAX,
		.size = UINT32_MAX, .result = -INT32_MAX, .write = true};
	const struct vmmio_trace_entry *entry = _i < N_LINES ? &lines[_i].entry : &longest;
	struct vmmio_trace_entry back;
	char line[VMMIO_TRACE_LINE];
	size_t n = 0;
	int length = vmmio_trace_format(entry, VMMIO_FORMAT_JSON, line, sizeof(line));

	ck_assert_int_gt(length, 0);
	ck_assert_int_lt(length, (int)sizeof(line));
	ck_assert_int_eq(vmmio_trace_format(entry, VMMIO_FORMAT_TEXT, NULL, 0) <
			(int)VMMIO_TRACE_LINE, 1);
	ck_assert_int_eq(vmmio_trace_parse(line, (size_t)length, &back, 1, &n, NULL), 0);
	ck_assert_uint_eq(n, 1);
	same(&back, entry);
}
END_TEST

#define GOOD "{\"access\":\"read\",\"offset\":\"0x70\",\"size\":4,\"value\":\"0x1\"}"

START_TEST(parses_lines)
{
	static const char text[] = "\n" GOOD "\r\n   \n"
		" { \"value\" : 18446744073709551615 , \"note\":\"a \\\"b\\\" c\", \"x\": null, "
		"\"result\":-35,\"size\":\"0x2\",\"access\":\"write\",\"offset\":256 } \n" GOOD;
	struct vmmio_trace_entry entries[3];
	size_t n = 0, line = 77;

	ck_assert_int_eq(vmmio_trace_parse(text, sizeof(text) - 1, entries, 3, &n, &line), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(line, 77);
	ck_assert_uint_eq(entries[0].offset, 0x70);
	ck_assert_uint_eq(entries[1].value, UINT64_MAX);
	ck_assert_uint_eq(entries[1].size, 2);
	ck_assert_int_eq(entries[1].result, -35);
	ck_assert(entries[1].write && !entries[2].write);
	n = 77;
	ck_assert_int_eq(vmmio_trace_parse(text, sizeof(text) - 1, entries, 2, &n, &line), -ENOSPC);
	ck_assert_uint_eq(n, 77);
	ck_assert_uint_eq(line, 5);
	ck_assert_int_eq(vmmio_trace_parse(NULL, 0, NULL, 0, &n, NULL), 0);
	ck_assert_uint_eq(n, 0);
}
END_TEST

#define REST "\"access\":\"read\",\"offset\":\"0x70\",\"size\":4"

static const char *const malformed[] = {
	"x", "{", "{}", "{\"", "{\"a", "{\"a\\", "{\"a\\\"", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
	"{" REST "}",                                      /* no value */
	"{" REST ",\"value\":1",                           /* not closed */
	"{" REST ",\"value\":1}}",                         /* closed twice */
	"{" REST ",\"value\":1} x",
	"{" REST ",\"value\":1,}",
	"{" REST ",\"value\":}",
	"{" REST ",\"value\":-1}",
	"{" REST ",\"value\":1.5}",
	"{" REST ",\"value\":true}",
	"{" REST ",\"value\":\"1\"}",                      /* hexadecimal has its 0x */
	"{" REST ",\"value\":\"0x\"}",
	"{" REST ",\"value\":\"0xg\"}",
	"{" REST ",\"value\":\"0x10000000000000000\"}",    /* 2^64 */
	"{" REST ",\"value\":18446744073709551616}",       /* 2^64 */
	"{" REST ",\"value\":{}}",                         /* not flat */
	"{" REST ",\"value\":[1]}",
	"{" REST ",\"value\":1,\"value\":1}",              /* twice */
	"{" REST ",\"value\":1,\"result\":1}",             /* no errno */
	"{" REST ",\"value\":1,\"result\":-2147483648}",
	"{" REST ",\"value\":1,\"result\":\"0x1\"}",
	"{" REST ",\"value\":1 \"note\":1}",
	"{" REST ",\"value\":1,\"note\":\"\t\"}",          /* a raw control character */
	"{\"access\":\"rea\",\"offset\":1,\"size\":4,\"value\":1}",
	"{\"access\":read,\"offset\":1,\"size\":4,\"value\":1}",
	"{\"access\":\"read\",\"offset\":1,\"size\":4294967296,\"value\":1}",
};
#define N_MALFORMED ((int)(sizeof(malformed) / sizeof(malformed[0])))

START_TEST(refuses_malformed_lines)
{
	struct vmmio_trace_entry entries[4];
	size_t n = 77, line = 0;
	char text[512];
	int length = snprintf(text, sizeof(text), GOOD "\n\n%s\n" GOOD "\n", malformed[_i]);

	ck_assert_int_eq(vmmio_trace_parse(text, (size_t)length, entries, 4, &n, &line), -EINVAL);
	ck_assert_uint_eq(n, 77);
	ck_assert_uint_eq(line, 3);
}
END_TEST

/* No prefix of a good line is read beyond its end (the sanitizers look), and none is good. */
START_TEST(refuses_every_prefix)
{
	static const char good[] = "{" REST ",\"note\":\"a\\\"\",\"value\":\"0x1\"}";
	struct vmmio_trace_entry entry;
	size_t n, line;

	for (size_t length = 1; length < sizeof(good) - 1; length++) {
		char *copy = malloc(length);

		memcpy(copy, good, length);
		ck_assert_int_eq(vmmio_trace_parse(copy, length, &entry, 1, &n, &line), -EINVAL);
		free(copy);
	}
	ck_assert_int_eq(vmmio_trace_parse(good, sizeof(good) - 1, &entry, 1, &n, &line), 0);
}
END_TEST

START_TEST(refuses_a_long_line)
{
	char text[VMMIO_TRACE_LINE + 64];
	struct vmmio_trace_entry entry;
	size_t n, line = 0, good = strlen(GOOD);

	memset(text, ' ', sizeof(text));
	memcpy(text, GOOD, good);
	ck_assert_int_eq(vmmio_trace_parse(text, VMMIO_TRACE_LINE - 1, &entry, 1, &n, &line), 0);
	ck_assert_int_eq(vmmio_trace_parse(text, VMMIO_TRACE_LINE, &entry, 1, &n, &line), -EINVAL);
	ck_assert_uint_eq(line, 1);
}
END_TEST

START_TEST(sorts_by_order)
{
	struct vmmio_trace_entry entries[] = {{.order = 3}, {.order = 1}, {.order = 2}};

	vmmio_trace_sort(entries, 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(entries[i].order, i + 1);
	vmmio_trace_sort(NULL, 0);
}
END_TEST

/* --- Misuse --------------------------------------------------------------------- */

START_TEST(create_refuses)
{
	struct vmmio_trace *trace = (struct vmmio_trace *)(uintptr_t)1;
	struct vmmio_trace_options o = {.log = fixture_log()};

	fixture_expect_log("trace: options.size is 0");
	ck_assert_int_eq(vmmio_trace_create(&o, &trace), -EINVAL);
	ck_assert_uint_eq(fixture_logged("trace: options.size is 0"), 1);
	o.size = 8;
	ck_assert_int_eq(vmmio_trace_create(&o, &trace), -EINVAL);
	o.size = sizeof(o);
	o.entries = (1u << 24) + 1;
	fixture_expect_log("entries is 16777217; at most 16777216");
	ck_assert_int_eq(vmmio_trace_create(&o, &trace), -EINVAL);
	ck_assert_uint_eq(fixture_logged("entries is 16777217"), 1);
	ck_assert_int_eq(vmmio_trace_create(NULL, NULL), -EINVAL);
	fixture_fail_alloc(1, true);
	ck_assert_int_eq(vmmio_trace_create(NULL, &trace), -ENOMEM);
	fixture_fail_alloc(0, false);
	ck_assert_ptr_eq(trace, (struct vmmio_trace *)(uintptr_t)1);
	ck_assert_int_eq(vmmio_trace_create(NULL, &trace), 0);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
	ck_assert_int_eq(vmmio_trace_destroy(NULL), 0);
}
END_TEST

START_TEST(calls_refuse)
{
	struct vmmio_trace *trace = make(8);
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entry = {0};
	char line[8];
	size_t n;

	put(trace, 0);
	ck_assert_ptr_null(vmmio_trace_observer(NULL));
	ck_assert_uint_eq(vmmio_trace_read(NULL, &cursor, &entry, 1), 0);
	ck_assert_uint_eq(vmmio_trace_read(trace, NULL, &entry, 1), 0);
	ck_assert_uint_eq(vmmio_trace_read(trace, &cursor, NULL, 1), 0);
	ck_assert_int_eq(vmmio_trace_format(NULL, VMMIO_FORMAT_TEXT, line, 8), -EINVAL);
	ck_assert_int_eq(vmmio_trace_format(&entry, VMMIO_FORMAT_TEXT, NULL, 8), -EINVAL);
	ck_assert_int_eq(vmmio_trace_format(&entry, (enum vmmio_format)2, line, 8), -EINVAL);
	ck_assert_int_eq(vmmio_trace_parse(NULL, 1, &entry, 1, &n, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_trace_parse("x", 1, NULL, 1, &n, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_trace_parse("x", 1, &entry, 1, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace");
	TCase *ring = fixture_tcase(s, "ring");
	TCase *text = fixture_tcase(s, "lines");
	TCase *misuse = fixture_tcase(s, "misuse");

	tcase_set_timeout(ring, 120);
	tcase_add_test(ring, entries_come_back_in_order);
	tcase_add_test(ring, what_is_overwritten_is_counted);
	tcase_add_test(ring, a_slow_writer_keeps_its_slot);
	tcase_add_test(ring, a_late_writer_gives_up);
	tcase_add_test(ring, a_reader_notices_the_next_lap);
	tcase_add_loop_test(ring, readers_under_writers, 0, 3);
	tcase_add_loop_test(text, formats_text, 0, N_LINES);
	tcase_add_loop_test(text, json_comes_back, 0, N_LINES + 1);
	tcase_add_test(text, parses_lines);
	tcase_add_loop_test(text, refuses_malformed_lines, 0, N_MALFORMED);
	tcase_add_test(text, refuses_every_prefix);
	tcase_add_test(text, refuses_a_long_line);
	tcase_add_test(text, sorts_by_order);
	tcase_add_test(misuse, create_refuses);
	tcase_add_test(misuse, calls_refuse);
	return fixture_main(s);
}
