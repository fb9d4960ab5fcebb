/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports: what is put in comes out, in every format, whatever strings hold. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/stub_suite.h"
#include "support/fixture.h"

static struct vmmio_conform_report *make(const char *target)
{
	struct vmmio_conform_report *report;

	ck_assert_int_eq(vmmio_conform_report_create(target, 3, &report), 0);
	return report;
}

static const struct vmmio_conform_requirement *requirement(unsigned i)
{
	char id[16];

	snprintf(id, sizeof(id), "STUB-DEV-%02u", i);
	return vmmio_conform_requirement(id);
}

/* What check i says of requirement j. */
static void add(struct vmmio_conform_report *report, unsigned i, unsigned j,
	enum stub_answer answer, const char *detail)
{
	char check[16], accesses[] = "Status := 0x0\nStatus = 0x4";
	bool trouble = answer == STUB_FAIL || answer == STUB_FLAG;
	struct vmmio_conform_result result = {
		.requirement = requirement(j),
		.check = check,
		.proof = answer == STUB_HOOK ? VMMIO_CONFORM_HOOK : VMMIO_CONFORM_BLACK_BOX,
		.flagged = answer == STUB_FLAG,
		.detail = detail,
		.accesses = trouble ? accesses : NULL,
	};

	if (answer == STUB_FAIL)
		result.verdict = VMMIO_CONFORM_FAIL;
	else if (answer == STUB_SKIP)
		result.verdict = VMMIO_CONFORM_SKIP;
	snprintf(check, sizeof(check), "check-%02u", i);
	ck_assert_int_eq(vmmio_conform_report_add(report, &result), 0);
}

/* The report in this format. The caller frees it. */
static char *written(const struct vmmio_conform_report *report, enum vmmio_conform_format format)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	ck_assert_int_eq(vmmio_conform_write(report, format, file), 0);
	fclose(file);
	ck_assert_uint_eq(strlen(text), size);
	vmmio_conform_report_free((struct vmmio_conform_report *)(uintptr_t)report);
	return text;
}

static unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* Both are there, one before the other. */
static void in_order(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);

	ck_assert_msg(a && b && a < b, "not '%s' before '%s' in:\n%s", first, second, text);
}

/* Of everything something, over two topics. */
static struct vmmio_conform_report *sample(void)
{
	struct vmmio_conform_report *report = make("stub:target");

	add(report, 0, 1, STUB_PASS, "");
	add(report, 0, 0, STUB_HOOK, "");
	add(report, 1, 0, STUB_PASS, "");
	add(report, 2, 1, STUB_FAIL, "expected 1, saw 2");
	add(report, 2, 4, STUB_SKIP, "no line");
	add(report, 9, 5, STUB_FLAG, "expected 3, saw 4");
	add(report, 9, 4, STUB_SKIP, "no line");
	add(report, 9, 3, STUB_SKIP, "no hook");
	return report;
}

/* --- The report itself -------------------------------------------------------------- */

START_TEST(keeps_what_is_added)
{
	struct vmmio_conform_report *report = sample();
	struct vmmio_conform_counts counts = vmmio_conform_counts(report);
	const struct vmmio_conform_result *result = vmmio_conform_report_result(report, 3);

	ck_assert_str_eq(vmmio_conform_report_target(report), "stub:target");
	ck_assert_uint_eq(vmmio_conform_report_version(report), 3);
	ck_assert_uint_eq(vmmio_conform_report_size(report), 8);
	ck_assert_ptr_null(vmmio_conform_report_result(report, 8));
	ck_assert_ptr_eq(result->requirement, requirement(1));
	ck_assert_str_eq(result->check, "check-02");
	ck_assert_str_eq(result->detail, "expected 1, saw 2");
	ck_assert_str_eq(result->accesses, "Status := 0x0\nStatus = 0x4");
	ck_assert_str_eq(vmmio_conform_report_result(report, 0)->accesses, "");
	ck_assert_uint_eq(counts.passed, 4);
	ck_assert_uint_eq(counts.failed, 1);
	ck_assert_uint_eq(counts.skipped, 3);
	ck_assert_uint_eq(counts.flagged, 1);
	ck_assert_uint_eq(counts.requirements, 5);
	vmmio_conform_report_free(report);
	vmmio_conform_report_free(NULL);
}
END_TEST

START_TEST(refuses)
{
	struct vmmio_conform_report *report = make(""), *none = NULL;
	struct vmmio_conform_result result = {.requirement = requirement(0)};

	ck_assert_int_eq(vmmio_conform_report_create(NULL, 3, &none), -EINVAL);
	ck_assert_int_eq(vmmio_conform_report_create("", 3, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_conform_report_add(report, &result), -EINVAL);
	result = (struct vmmio_conform_result){.check = "check-00"};
	ck_assert_int_eq(vmmio_conform_report_add(report, &result), -EINVAL);
	ck_assert_int_eq(vmmio_conform_report_add(report, NULL), -EINVAL);
	ck_assert_int_eq(
		vmmio_conform_write(report, (enum vmmio_conform_format)5, stdout), -EINVAL);
	ck_assert_int_eq(vmmio_conform_write(report, VMMIO_CONFORM_TEXT, NULL), -EINVAL);
	ck_assert_uint_eq(vmmio_conform_report_size(report), 0);
	vmmio_conform_report_free(report);
}
END_TEST

START_TEST(survives_lack_of_memory)
{
	struct vmmio_conform_report *report = NULL;
	struct vmmio_conform_result result = {.requirement = requirement(0), .check = "check-00"};
	FILE *null = fopen("/dev/null", "w");
	unsigned failed;

	for (failed = 1; !report; failed++) {
		fixture_fail_alloc(failed, false);
		if (!vmmio_conform_report_create("target", 2, &report))
			break;
	}
	ck_assert_uint_eq(failed, 3);
	for (failed = 1; failed < 3; failed++) {
		fixture_fail_alloc(failed, false);
		ck_assert_int_eq(vmmio_conform_report_add(report, &result), -ENOMEM);
	}
	fixture_fail_alloc(0, false);
	ck_assert_uint_eq(vmmio_conform_report_size(report), 0);
	ck_assert_int_eq(vmmio_conform_report_add(report, &result), 0);
	for (unsigned format = 0; format <= VMMIO_CONFORM_HTML; format++) {
		if (format == VMMIO_CONFORM_TAP)
			continue; /* needs none */
		fixture_fail_alloc(1, true);
		ck_assert_int_eq(
			vmmio_conform_write(report, (enum vmmio_conform_format)format, null),
			-ENOMEM);
	}
	fixture_fail_alloc(0, false);
	fclose(null);
	vmmio_conform_report_free(report);
}
END_TEST

START_TEST(says_that_the_file_is_full)
{
	struct vmmio_conform_report *report = sample();
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert_int_eq(vmmio_conform_write(report, (enum vmmio_conform_format)_i, full), -ENOSPC);
	fclose(full);
	vmmio_conform_report_free(report);
}
END_TEST

/* --- Text -------------------------------------------------------------------------------- */

START_TEST(text_has_topics_failures_skips)
{
	char *text = written(sample(), VMMIO_CONFORM_TEXT);

	in_order(text, "stub:target: virtio-mmio version 3", "== topic-00: 1 FAIL, 3 pass, 1 skip");
	in_order(text, "== topic-00", "== topic-01: 1 flag, 2 skip");
	in_order(text, "FAIL  STUB-DEV-01  MUST NOT  check check-02\n      expected 1, saw 2\n",
		"pass  STUB-DEV-00  check-00 (hook) check-01\n");
	in_order(text, "pass  STUB-DEV-00", "pass  STUB-DEV-01  check-00\n");
	in_order(text, "      section: stub.tex:12-13;",
		"        Status := 0x0\n        Status = 0x4\n");
	in_order(text, "== topic-01", "flag  STUB-DEV-05  MUST  check check-09\n");
	in_order(text, "   1  no hook: STUB-DEV-03\n", "   2  no line: STUB-DEV-04\n");
	in_order(text, "no line:", "== summary of stub:target, version 3\n");
	ck_assert_uint_eq(occurrences(text, "no line"), 1);
	free(text);
}
END_TEST

START_TEST(text_marks_descriptions)
{
	struct vmmio_conform_report *report = make("");
	char *text;

	add(report, 1, 3, STUB_PASS, "");
	add(report, 2, 3, STUB_FAIL, "expected 1, saw 2");
	text = written(report, VMMIO_CONFORM_TEXT);
	ck_assert_ptr_nonnull(strstr(text, "pass  STUB-DEV-03 [desc]  check-01\n"));
	ck_assert_ptr_nonnull(strstr(text, "FAIL  STUB-DEV-03  SHOULD NOT [desc]  check"));
	ck_assert_ptr_nonnull(strstr(text, "  STUB-DEV-03 [desc]  expected 1, saw 2\n"));
	free(text);
}
END_TEST

static unsigned columns(const char *line, const char *end)
{
	unsigned n = 0;

	for (; line < end; line++)
		n += (*line & 0xc0) != 0x80;
	return n;
}

/* How many lines there are; none is longer than 80. */
static unsigned lines_of_80(const char *text)
{
	unsigned n = 0;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		ck_assert_msg(columns(text, end) <= 80, "%.*s", (int)(end - text), text);
		n++;
	}
	ck_assert_str_eq(text, "");
	return n;
}

static const struct {
	unsigned topics, broken;
} crowds[] = {{1, 0}, {1, 1}, {1, 60}, {6, 12}, {6, 14}, {7, 60}, {18, 60}, {19, 60}, {30, 60}};

START_TEST(summary_fits_a_screen)
{
	struct vmmio_conform_report *report = make(
		"plugin:/a/path/that/is/quite/long/and/goes/on/and/on/to/the/device/under/test.so");
	unsigned broken = crowds[_i].broken, shown;
	char *text, *summary, more[32];

	stub_topics = crowds[_i].topics;
	for (unsigned i = 0; i < STUB_REQUIREMENTS; i++) {
		enum stub_answer answer = i < broken ? STUB_FAIL : STUB_PASS;

		add(report, i / 2, i, answer,
			"expected something that takes many words to say and to read, saw nothing");
	}
	text = written(report, VMMIO_CONFORM_TEXT);
	/* A target's name is as long as it is. */
	lines_of_80(strchr(text, '\n') + 1);
	summary = strstr(text, "== summary");
	ck_assert_uint_le(lines_of_80(summary), 23);
	snprintf(more, sizeof(more), " %4u    0 %4u    0\n", broken, STUB_REQUIREMENTS - broken);
	in_order(strstr(summary, "\nall  "), "all", more);
	shown = occurrences(summary, "expected something");
	ck_assert_uint_ge(shown, broken < 7 ? broken : 7);
	snprintf(more, sizeof(more), "  and %u more\n", broken - shown);
	ck_assert_uint_eq(occurrences(summary, more), shown < broken);
	snprintf(more, sizeof(more), broken ? "FAILED: %u of 60 " : "PASSED: ", broken);
	ck_assert_ptr_nonnull(strstr(summary, more));
	free(text);
}
END_TEST

START_TEST(empty_report_is_no_success)
{
	char *text = written(make("nobody"), VMMIO_CONFORM_TEXT);

	ck_assert_ptr_nonnull(strstr(text, "NOTHING JUDGED"));
	ck_assert_ptr_null(strstr(text, "PASSED"));
	free(text);
}
END_TEST

/* --- Strings that may hold anything ------------------------------------------------------- */

/* Text, two controls, the four ways to be no UTF-8 (stray, cut short, too long, a surrogate),
 * what is UTF-8, and what formats take for their own. */
#define NASTY                                                                                      \
	"a\x01\x1b[2J\x7f|\x80|\xe2\x82|\xc0\xaf|\xed\xa0\x80|"                                    \
	"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\"\\<&>'#"
#define FFFD "\xef\xbf\xbd"

static struct vmmio_conform_report *nasty(void)
{
	struct vmmio_conform_report *report = make("target " NASTY);

	add(report, 0, 0, STUB_FAIL, NASTY);
	add(report, 1, 0, STUB_SKIP, NASTY "\nsecond");
	return report;
}

static const struct {
	enum vmmio_conform_format format;
	const char *expected;
} escaped[] = {
	{VMMIO_CONFORM_TEXT,
		"      a" FFFD FFFD "[2J" FFFD "|" FFFD "|" FFFD FFFD "|" FFFD FFFD
		"|" FFFD FFFD FFFD "|\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\"\\<&>'#\n"},
	{VMMIO_CONFORM_JSON,
		"\"detail\": \"a\\u0001\\u001b[2J\\u007f|" FFFD "|" FFFD FFFD "|" FFFD FFFD
		"|" FFFD FFFD FFFD "|\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\\\"\\\\<&>'#\""},
	{VMMIO_CONFORM_TAP,
		"  message: \"a\\u0001\\u001b[2J\\u007f|" FFFD "|" FFFD FFFD "|" FFFD FFFD
		"|" FFFD FFFD FFFD "|\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\\\"\\\\<&>'#\""},
	{VMMIO_CONFORM_JUNIT,
		"message=\"a" FFFD FFFD "[2J" FFFD "|" FFFD "|" FFFD FFFD "|" FFFD FFFD
		"|" FFFD FFFD FFFD "|\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|"
		"&#34;\\&#60;&#38;&#62;&#39;#\""},
	{VMMIO_CONFORM_HTML, "\">a" FFFD FFFD "[2J" FFFD "|" FFFD "|" FFFD FFFD "|" FFFD FFFD
			     "|" FFFD FFFD FFFD "|\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|"
			     "&#34;\\&#60;&#38;&#62;&#39;#</p>"},
};

enum { N_ESCAPED = sizeof(escaped) / sizeof(escaped[0]) };

START_TEST(strings_are_escaped)
{
	char *text = written(nasty(), escaped[_i].format);

	ck_assert_msg(strstr(text, escaped[_i].expected) != NULL, "no '%s' in:\n%s",
		escaped[_i].expected, text);
	for (const char *at = text; *at; at++)
		ck_assert_msg(
			(unsigned char)*at >= ' ' || *at == '\n' || *at == '\t', "control %d", *at);
	free(text);
}
END_TEST

/* --- TAP, JUnit, HTML
 * ----------------------------------------------------------------------------- */

START_TEST(tap_has_a_point_for_each_result)
{
	char *text = written(sample(), VMMIO_CONFORM_TAP);

	ck_assert_int_eq(strncmp(text, "TAP version 13\n1..8\n", 20), 0);
	in_order(text, "\nok 1 - STUB-DEV-01 check-00 (black-box)\n",
		"\nok 2 - STUB-DEV-00 check-00 (hook)\n");
	in_order(text,
		"\nnot ok 4 - STUB-DEV-01 check-02\n  ---\n  message: \"expected 1, saw 2\"\n",
		"\n  accesses: [\"Status := 0x0\", \"Status = 0x4\"]\n  ...\n");
	in_order(text, "\nok 5 - STUB-DEV-04 check-02 # SKIP no line\n",
		"\nok 6 - STUB-DEV-05 check-09 (black-box, flagged)\n  ---\n");
	in_order(text, "ok 7", "\nok 8 - STUB-DEV-03 [desc] check-09 # SKIP no hook\n");
	free(text);
}
END_TEST

START_TEST(tap_skips_stay_on_one_line)
{
	char *text = written(nasty(), VMMIO_CONFORM_TAP);
	const char *skip = strstr(text, " # SKIP a");

	ck_assert_ptr_nonnull(skip);
	ck_assert_ptr_nonnull(strstr(skip, "|\"\\\\<&>'\\# second\n"));
	free(text);
}
END_TEST

START_TEST(junit_has_suites_of_cases)
{
	char *text = written(sample(), VMMIO_CONFORM_JUNIT);

	in_order(text,
		"<testsuites name=\"vmmio-conform\" tests=\"8\" failures=\"1\" errors=\"0\">",
		"<testsuite name=\"topic-00\" tests=\"5\" failures=\"1\" errors=\"0\" "
		"skipped=\"1\">");
	in_order(text,
		"<testsuite name=\"topic-01\" tests=\"3\" failures=\"0\" errors=\"0\" "
		"skipped=\"2\">",
		"\nstrength: MUST\ndescriptive: false\nproof: black-box\n"
		"flagged: expected 3, saw 4\n");
	ck_assert_uint_eq(occurrences(text, "<testcase "), 8);
	ck_assert_uint_eq(
		occurrences(text, "<failure type=\"MUST NOT\" message=\"expected 1, saw 2\">"), 1);
	ck_assert_uint_eq(occurrences(text, "<skipped message=\"no line\"/>"), 2);
	ck_assert_uint_eq(occurrences(text, " time="), 0);
	free(text);
}
END_TEST

START_TEST(html_has_a_row_for_each_requirement)
{
	char *text = written(sample(), VMMIO_CONFORM_HTML);

	ck_assert_uint_eq(occurrences(text, "<tr id=\""), 5);
	in_order(text, "data-verdict=\"fail\"", "<tr id=\"STUB-DEV-01\">");
	in_order(text, "data-verdict=\"flag\"", "<tr id=\"STUB-DEV-05\">");
	in_order(text, "data-verdict=\"pass\"", "<tr id=\"STUB-DEV-00\">");
	in_order(text, "data-verdict=\"skip\"", "<tr id=\"STUB-DEV-03\">");
	ck_assert_uint_eq(occurrences(text, "proven by a hook</span>"), 1);
	ck_assert_uint_eq(occurrences(text, "http:") + occurrences(text, "https:"), 0);
	ck_assert_uint_eq(occurrences(text, "src="), 0);
	free(text);
}
END_TEST

/* --- Notes -------------------------------------------------------------------------------- */

static void add_note(struct vmmio_conform_report *report, const char *check, const char *text)
{
	const struct vmmio_conform_note note = {check, text};

	ck_assert_int_eq(vmmio_conform_report_note(report, &note), 0);
}

static const char *const notes[VMMIO_CONFORM_HTML + 1] = {
	[VMMIO_CONFORM_TEXT] = "== what happened\n\ncheck-09: it <fell> over\ncheck-02: nothing\n",
	[VMMIO_CONFORM_TAP] = "\n# check-09: it <fell> over\n# check-02: nothing\n",
	[VMMIO_CONFORM_JUNIT] = "<system-out>check-02: nothing\n</system-out>\n  </testsuite>",
	[VMMIO_CONFORM_JSON] = ("\"notes\": [\n"
			       "  {\"check\": \"check-09\", \"text\": \"it <fell> over\"},\n"
			       "  {\"check\": \"check-02\", \"text\": \"nothing\"}\n]"),
	[VMMIO_CONFORM_HTML] = ("<dt>check-09</dt><dd>it &#60;fell&#62; over</dd>\n"
			       "<dt>check-02</dt><dd>nothing</dd>\n"),
};

START_TEST(notes_are_told_in_every_format)
{
	struct vmmio_conform_report *report = sample();
	char *text, first[] = "check-09";

	add_note(report, first, "it <fell> over");
	memset(first, 'x', sizeof(first) - 1);
	add_note(report, "check-02", "nothing");
	ck_assert_str_eq(vmmio_conform_report_note_at(report, 0)->check, "check-09");
	ck_assert_str_eq(vmmio_conform_report_note_at(report, 1)->text, "nothing");
	ck_assert_ptr_null(vmmio_conform_report_note_at(report, 2));
	text = written(report, (enum vmmio_conform_format)_i);
	ck_assert_msg(strstr(text, notes[_i]), "no '%s'", notes[_i]);
	free(text);
}
END_TEST

START_TEST(reports_without_notes_say_nothing_of_them)
{
	char *text = written(sample(), (enum vmmio_conform_format)_i);

	ck_assert_uint_eq(occurrences(text, "happened"), 0);
	ck_assert_uint_eq(occurrences(text, "\"notes\": [\n]"), _i == VMMIO_CONFORM_JSON);
	free(text);
}
END_TEST

START_TEST(notes_are_refused_or_survive)
{
	const struct vmmio_conform_note note = {"check-00", "something"}, none = {"check-00", NULL};
	struct vmmio_conform_report *report = make("");

	ck_assert_int_eq(vmmio_conform_report_note(report, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_conform_report_note(report, &none), -EINVAL);
	ck_assert_int_eq(vmmio_conform_report_note(NULL, &note), -EINVAL);
	for (unsigned i = 1; i < 3; i++) {
		fixture_fail_alloc(i, false);
		ck_assert_int_eq(vmmio_conform_report_note(report, &note), -ENOMEM);
	}
	fixture_fail_alloc(0, false);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(vmmio_conform_report_note(report, &note), 0);
	ck_assert_ptr_nonnull(vmmio_conform_report_note_at(report, 99));
	vmmio_conform_report_free(report);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conform report");
	TCase *tc = fixture_tcase(s, "report");

	tcase_add_test(tc, keeps_what_is_added);
	tcase_add_test(tc, refuses);
	tcase_add_test(tc, survives_lack_of_memory);
	tcase_add_loop_test(tc, says_that_the_file_is_full, 0, VMMIO_CONFORM_HTML + 1);
	tc = fixture_tcase(s, "text");
	tcase_add_test(tc, text_has_topics_failures_skips);
	tcase_add_test(tc, text_marks_descriptions);
	tcase_add_loop_test(
		tc, summary_fits_a_screen, 0, (int)(sizeof(crowds) / sizeof(crowds[0])));
	tcase_add_test(tc, empty_report_is_no_success);
	tc = fixture_tcase(s, "strings");
	tcase_add_loop_test(tc, strings_are_escaped, 0, N_ESCAPED);
	tc = fixture_tcase(s, "formats");
	tcase_add_test(tc, tap_has_a_point_for_each_result);
	tcase_add_test(tc, tap_skips_stay_on_one_line);
	tcase_add_test(tc, junit_has_suites_of_cases);
	tcase_add_test(tc, html_has_a_row_for_each_requirement);
	tc = fixture_tcase(s, "notes");
	tcase_add_loop_test(tc, notes_are_told_in_every_format, 0, VMMIO_CONFORM_HTML + 1);
	tcase_add_loop_test(
		tc, reports_without_notes_say_nothing_of_them, 0, VMMIO_CONFORM_HTML + 1);
	tcase_add_test(tc, notes_are_refused_or_survive);
	return fixture_main(s);
}
