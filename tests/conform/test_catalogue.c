/* SPDX-License-Identifier: BSD-3-Clause */
/* The catalogue of requirements, and what finds faults in it: each kind of fault is planted. */
#include <string.h>

#include "conform/judges.h"
#include "support/fixture.h"

#define DEVICE VMMIO_CONFORM_DEVICE
#define DRIVER VMMIO_CONFORM_DRIVER
#define MUST VMMIO_CONFORM_MUST
#define MUST_NOT VMMIO_CONFORM_MUST_NOT
#define MAY VMMIO_CONFORM_MAY

static struct faults faults;

static struct catalogue whole(void)
{
	struct catalogue catalogue;

	catalogue.rows = vmmio_conform_requirements(&catalogue.n);
	return catalogue;
}

static void expect_none(void)
{
	ck_assert_msg(faults.n == 0, "%zu faults:\n%s", faults.n, faults.text);
}

/* One fault, whose line has this text. */
static void expect(const char *text)
{
	ck_assert_msg(faults.n == 1 && strstr(faults.text, text), "expected \"%s\", saw %zu:\n%s",
		text, faults.n, faults.text);
}

/* --- The catalogue ------------------------------------------------------------------ */

START_TEST(every_row_is_well_formed)
{
	struct catalogue catalogue = whole();

	find_malformed(&catalogue, &faults);
	expect_none();
}
END_TEST

START_TEST(judges_and_reasons_agree)
{
	static struct judging judges[MAX_JUDGES];
	struct catalogue catalogue = whole();
	size_t n = collect_judges(judges);

	ck_assert_uint_gt(n, 0);
	find_misjudged(&catalogue, judges, n, &faults);
	expect_none();
}
END_TEST

/* So that no row gets lost unnoticed. */
static const struct {
	const char *prefix;
	size_t rows;
} families[] = {
	{"PATCH-DEV-", 9},
	{"PATCH-DRV-", 4},
	{"MMIO-DEV-", 34},
	{"MMIO-DRV-", 35},
	{"GEN-DEV-", 45},
	{"GEN-DRV-", 47},
	{"SPLIT-DEV-", 30},
	{"SPLIT-DRV-", 31},
	{"PACKED-DEV-", 20},
	{"PACKED-DRV-", 19},
	{"BLK-DEV-", 60},
	{"BLK-DRV-", 37},
	{"RNG-DEV-", 2},
	{"RNG-DRV-", 2},
	{"CON-DEV-", 8},
	{"CON-DRV-", 6},
	{"NET-DEV-", 30},
	{"NET-DRV-", 10},
};

enum { N_FAMILIES = sizeof(families) / sizeof(families[0]) };

START_TEST(every_family_is_complete)
{
	struct catalogue catalogue = whole();
	size_t total = 0;

	for (size_t f = 0; f < N_FAMILIES; f++) {
		size_t n = 0;

		for (size_t i = 0; i < catalogue.n; i++)
			n += !strncmp(catalogue.rows[i].id, families[f].prefix,
				strlen(families[f].prefix));
		ck_assert_msg(n == families[f].rows, "%s: expected %zu rows, saw %zu",
			families[f].prefix, families[f].rows, n);
		total += n;
	}
	ck_assert_uint_eq(catalogue.n, total);
}
END_TEST

START_TEST(rows_are_found_by_id)
{
	struct catalogue catalogue = whole();
	const struct vmmio_conform_requirement *r = vmmio_conform_requirement("GEN-DEV-33");

	for (size_t i = 0; i < catalogue.n; i++)
		ck_assert_ptr_eq(
			vmmio_conform_requirement(catalogue.rows[i].id), &catalogue.rows[i]);
	ck_assert_int_eq(r->side, DEVICE);
	ck_assert_int_eq(r->strength, MUST);
	ck_assert_str_eq(r->section, "6.2 Device Requirements: Reserved Feature Bits");
	ck_assert_ptr_null(vmmio_conform_requirement("GEN-DEV-99"));
	ck_assert_ptr_null(vmmio_conform_requirement("GEN-DEV-3"));
	ck_assert_ptr_null(vmmio_conform_requirement(""));
	ck_assert_ptr_null(vmmio_conform_requirement(NULL));
}
END_TEST

/* --- Faults of form ------------------------------------------------------------------- */

#define SECTION "2.1 Status"
#define TEXT "The device must be good."

static const char long_text[] =
	"The device must be good, and good, and good, and good, and good, and good, and good, "
	"and good, and good, and good, and good, and good, and good, and good, and good, and "
	"good, and good, and good, and good, and good, and good, and good, and good, and good, "
	"and good, and good, and good, and good, and good, and good, and good, and good, and "
	"good, and good, and good, and good, and good, and good, and good, and good, and good.";

static const struct {
	const char *found;
	struct vmmio_conform_requirement row;
} malformed[] = {
	{"expected the id", {"GEN-DEV-02", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id", {"GEN-DEV-1", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id", {"GEN-DEV-001", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id", {"GEN_DEV_01", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id", {"Gen-DEV-01", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id", {"", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id GEN-DRV-01", {"GEN-DEV-01", DRIVER, MUST, false, SECTION, TEXT, NULL}},
	{"expected the id GEN-DEV-01", {"GEN-DRV-01", DEVICE, MUST, false, SECTION, TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "Status", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "2.1", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "2.1. Status", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "2.1 ", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, "2.1:Status", TEXT, NULL}},
	{"section", {"GEN-DEV-01", DEVICE, MUST, false, ".1 Status", TEXT, NULL}},
	{"text is no sentence", {"GEN-DEV-01", DEVICE, MUST, true, SECTION, "", NULL}},
	{"text is no sentence", {"GEN-DEV-01", DEVICE, MUST, true, SECTION, "Is good.", NULL}},
	{"text is no sentence",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "The device must be good", NULL}},
	{"text is no sentence",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "The device must be good..", NULL}},
	{"text is no sentence",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "the device must be good.", NULL}},
	{"two blanks",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "The device must  be good.", NULL}},
	{"more than 400", {"GEN-DEV-01", DEVICE, MUST, false, SECTION, long_text, NULL}},
	{"does not say \"must\"",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "The device is good, mustard.", NULL}},
	{"says \"must\"", {"GEN-DEV-01", DEVICE, MUST, true, SECTION, TEXT, NULL}},
	{"says \"may\"",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "It must, and may, be good.", NULL}},
	{"says \"must not\"",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "It must be, and must not.", NULL}},
	{"says \"must not\"",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "It must, and must not note.", NULL}},
	{"does not say \"must\"",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "The field is_must, must_be.", NULL}},
	{"reason is no sentence", {"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, ""}},
	{"reason is no sentence", {"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, "Because so"}},
	{"more than 400", {"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, long_text}},
	{"refers to GEN-DEV-02",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, "It must be as GEN-DEV-02.", NULL}},
	{"refers to GEN-DEV-02",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, "It is as GEN-DEV-02 says."}},
	{"refers to GEN-DEV-01",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, "It is as GEN-DEV-01 says."}},
	{"refers to GEN-DRV-1",
		{"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, "Look for (GEN-DRV-1)."}},
};

enum { N_MALFORMED = sizeof(malformed) / sizeof(malformed[0]) };

START_TEST(malformed_rows_are_found)
{
	struct catalogue catalogue = {&malformed[_i].row, 1};

	find_malformed(&catalogue, &faults);
	expect(malformed[_i].found);
}
END_TEST

/* Each is one fault and no more, because all else of it is right, as in these. */
static const struct vmmio_conform_requirement right[] = {
	{"GEN-DEV-01", DEVICE, MUST, false, SECTION, TEXT, NULL},
	{"GEN-DEV-02", DEVICE, MUST_NOT, false, SECTION, "The device must not be bad.", NULL},
	{"GEN-DRV-01", DRIVER, MAY, false, SECTION, "The driver may be good.",
		"A permission, see GEN-DRV-02 and GEN-DEV-01."},
	{"GEN-DRV-02", DRIVER, MUST, true, SECTION, "The driver is good.", NULL},
};

enum { N_RIGHT = sizeof(right) / sizeof(right[0]) };

START_TEST(well_formed_rows_are_not)
{
	struct catalogue catalogue = {right, N_RIGHT};

	find_malformed(&catalogue, &faults);
	expect_none();
}
END_TEST

START_TEST(twins_and_gaps_are_found)
{
	struct vmmio_conform_requirement rows[N_RIGHT];
	struct catalogue catalogue = {rows, N_RIGHT};

	memcpy(rows, right, sizeof(rows));
	rows[1].id = "GEN-DEV-01";
	find_malformed(&catalogue, &faults);
	expect("GEN-DEV-01: expected the id GEN-DEV-02");
	memset(&faults, 0, sizeof(faults));
	rows[1].id = "GEN-DEV-03";
	find_malformed(&catalogue, &faults);
	expect("GEN-DEV-03: expected the id GEN-DEV-02");
}
END_TEST

/* --- Faults of judges ------------------------------------------------------------------- */

static const struct catalogue rights = {right, N_RIGHT};

#define CHECK_OF(ids) {DEVICE, "a-check", ids}
#define RULE_OF(ids) {DRIVER, "a-rule", ids}

static const struct {
	const char *found;
	struct judging judge;
} misjudged[] = {
	{"a-check judges GEN-DEV-03, which is not in the catalogue", CHECK_OF("GEN-DEV-03")},
	{"a-check judges GEN-DEV-0, which", CHECK_OF("GEN-DEV-01 GEN-DEV-0")},
	{"a-check judges GEN-DRV-02, which is for the other side", CHECK_OF("GEN-DRV-02")},
	{"a-rule judges GEN-DEV-01, which is for the other side", RULE_OF("GEN-DEV-01")},
	{"a-check judges no requirement", CHECK_OF("")},
	{"a-check judges no requirement", CHECK_OF("  ")},
	{"GEN-DRV-01: a-rule judges it, and it has a reason", RULE_OF(" GEN-DRV-02  GEN-DRV-01")},
};

enum { N_MISJUDGED = sizeof(misjudged) / sizeof(misjudged[0]) };

START_TEST(misjudged_rows_are_found)
{
	find_misjudged(&rights, &misjudged[_i].judge, 1, &faults);
	expect(misjudged[_i].found);
}
END_TEST

START_TEST(names_given_twice_are_found)
{
	static const struct judging judges[] = {
		CHECK_OF("GEN-DEV-01"),
		CHECK_OF("GEN-DEV-01 GEN-DEV-02 GEN-DEV-01"),
	};

	find_misjudged(&rights, judges, 2, &faults);
	ck_assert_uint_eq(faults.n, 2); /* at either place */
	ck_assert_ptr_nonnull(strstr(faults.text, "a-check names GEN-DEV-01 more than once"));
}
END_TEST

START_TEST(orphans_are_found)
{
	static const struct judging judges[] = {
		CHECK_OF("GEN-DEV-01 GEN-DEV-02"),
		RULE_OF("GEN-DRV-02"),
	};

	find_misjudged(&rights, judges, 2, &faults);
	find_orphans(&rights, judges, 2, &faults);
	expect_none();
	find_orphans(&rights, judges, 1, &faults);
	expect("GEN-DRV-02: no rule");
	memset(&faults, 0, sizeof(faults));
	find_orphans(&rights, judges + 1, 1, &faults);
	ck_assert_uint_eq(faults.n, 2);
	ck_assert_ptr_nonnull(strstr(faults.text, "GEN-DEV-01: no check"));
	ck_assert_ptr_nonnull(strstr(faults.text, "GEN-DEV-02: no check"));
}
END_TEST

/* A permission without a judge is an orphan too, unless it has its reason. */
START_TEST(orphaned_permissions_are_found)
{
	static const struct vmmio_conform_requirement may = {
		"GEN-DEV-01", DEVICE, MAY, false, SECTION, "The device may be good.", NULL};
	struct catalogue catalogue = {&may, 1};

	find_orphans(&catalogue, NULL, 0, &faults);
	expect("GEN-DEV-01: no check");
}
END_TEST

/* More faults than there is room for are still counted. */
START_TEST(many_faults_are_counted)
{
	static struct judging judges[MAX_JUDGES];

	for (size_t i = 0; i < MAX_JUDGES; i++)
		judges[i] = (struct judging)CHECK_OF("GEN-DEV-77 GEN-DEV-78 GEN-DEV-79");
	find_misjudged(&rights, judges, MAX_JUDGES, &faults);
	ck_assert_uint_eq(faults.n, 3 * MAX_JUDGES);
	ck_assert_uint_lt(strlen(faults.text), sizeof(faults.text));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("catalogue");
	TCase *real = fixture_tcase(s, "the catalogue");
	TCase *form = fixture_tcase(s, "form");
	TCase *judges = fixture_tcase(s, "judges");

	tcase_add_test(real, every_row_is_well_formed);
	tcase_add_test(real, judges_and_reasons_agree);
	tcase_add_test(real, every_family_is_complete);
	tcase_add_test(real, rows_are_found_by_id);
	tcase_add_loop_test(form, malformed_rows_are_found, 0, N_MALFORMED);
	tcase_add_test(form, well_formed_rows_are_not);
	tcase_add_test(form, twins_and_gaps_are_found);
	tcase_add_loop_test(judges, misjudged_rows_are_found, 0, N_MISJUDGED);
	tcase_add_test(judges, names_given_twice_are_found);
	tcase_add_test(judges, orphans_are_found);
	tcase_add_test(judges, orphaned_permissions_are_found);
	tcase_add_test(judges, many_faults_are_counted);
	return fixture_main(s);
}
