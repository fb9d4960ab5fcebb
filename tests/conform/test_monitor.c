/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor against drivers that are broken in one way each: the rule fails, and no other
 * one but those it implies. Good drivers break nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor_bases.h"
#include "conform/monitor_broken.h"
#include "support/fixture.h"

static bool find_rule(const char *id, struct vmmio_monitor_rule *rule)
{
	for (size_t i = 0; vmmio_monitor_rule(i, rule); i++)
		if (!strcmp(rule->requirement, id))
			return true;
	return false;
}

static bool lists(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if (at[length] == ' ' || at[length] == '\0')
			return true;
	return false;
}

static bool complains(const struct vmmio_conform_result *result)
{
	return result->verdict == VMMIO_CONFORM_FAIL || result->flagged;
}

static void check_broken(const struct broken *broken, uint32_t version)
{
	struct script script = broken->script;
	struct vmmio_monitor_rule rule;
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *hit;

	script.version = script.version ? script.version : version;
	ck_assert_msg(find_rule(broken->id, &rule), "%s has no rule", broken->id);
	report = script_run(&script);
	hit = script_result(report, broken->id);
	ck_assert_msg(complains(hit), "%s is not found (part %s, version %u): %s", broken->id,
		script.part, script.version, hit->detail);
	ck_assert_msg(hit->flagged == rule.flags, "%s: flagged or failed", broken->id);
	ck_assert_msg(!strncmp(hit->detail, "expected ", 9) && strstr(hit->detail, ", saw "),
		"%s: %s", broken->id, hit->detail);
	ck_assert_str_ne(hit->accesses, "");
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *other = vmmio_conform_report_result(report, i);

		ck_assert_msg(other == hit || !complains(other) ||
				      lists(rule.implies, other->requirement->id),
			"%s (part %s, version %u) also breaks %s: %s", broken->id, script.part,
			script.version, other->requirement->id, other->detail);
	}
	vmmio_conform_report_free(report);
}

START_TEST(one_broken_driver)
{
	check_broken(&broken_drivers[_i / 2], _i % 2 ? 3 : 2);
}
END_TEST

/* Each rule has a driver that breaks it. */
START_TEST(every_rule_fires)
{
	struct vmmio_monitor_rule rule;
	size_t n = 0;

	for (; vmmio_monitor_rule(n, &rule); n++) {
		bool found = false;

		for (size_t i = 0; i < n_broken_drivers && !found; i++)
			found = !strcmp(broken_drivers[i].id, rule.requirement);
		ck_assert_msg(found, "no driver here breaks %s", rule.requirement);
	}
	ck_assert_uint_ge(n, 100);
}
END_TEST

/* --- The table -------------------------------------------------------------------------------- */

/* A driver's requirement has a rule, or a reason for none, and never both. */
START_TEST(catalogue)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);
	struct vmmio_monitor_rule rule;

	for (size_t i = 0; i < n; i++) {
		bool has = find_rule(all[i].id, &rule);

		if (all[i].side == VMMIO_CONFORM_DRIVER)
			ck_assert_msg(has == !all[i].reason, "%s: %s", all[i].id,
				has ? "a rule and a reason for none" : "neither rule nor reason");
		else
			ck_assert_msg(!has, "%s is not the driver's", all[i].id);
	}
}
END_TEST

START_TEST(rules)
{
	struct vmmio_monitor_rule rule, other;

	for (size_t i = 0; vmmio_monitor_rule(i, &rule); i++) {
		const struct vmmio_conform_requirement *row =
			vmmio_conform_requirement(rule.requirement);
		bool should = row && (row->strength == VMMIO_CONFORM_SHOULD ||
					     row->strength == VMMIO_CONFORM_SHOULD_NOT);

		ck_assert_msg(row, "%s is not in the catalogue", rule.requirement);
		ck_assert_msg(row->strength != VMMIO_CONFORM_MAY, "%s", rule.requirement);
		ck_assert_msg(rule.flags == should, "%s: strength", rule.requirement);
		for (size_t j = 0; j < i; j++) {
			vmmio_monitor_rule(j, &other);
			ck_assert_str_ne(other.requirement, rule.requirement);
		}
	}
}
END_TEST

/* --- Good drivers -------------------- */

struct good {
	const char *text;
	uint32_t device;
	uint64_t features;
};

#define EVENT_ BIT(F_EVENT_IDX)
#define DATA_ BIT(F_NOTIFICATION_DATA)
#define NET_FEATURE(n) (UINT64_C(1) << (n))

static const struct good good[] = {
	{PROBE, VMMIO_ID_BLOCK, 0},
	{BARE, VMMIO_ID_BLOCK, VERSION_1},
	{BARE, VMMIO_ID_NET, VERSION_1 | NET_FEATURE(1) | NET_FEATURE(7)},
	{BARE, 77, VERSION_1 | NET_FEATURE(3)},
	{ENTROPY, VMMIO_ID_ENTROPY, VERSION_1},
	{BLOCK_SPLIT, VMMIO_ID_BLOCK, BLOCK_FEATURES},
	{BLOCK_SPLIT, VMMIO_ID_BLOCK, BLOCK_FEATURES | EVENT_},
	{BLOCK_SPLIT, VMMIO_ID_BLOCK, BLOCK_FEATURES | BIT(F_IN_ORDER)},
	{BLOCK_SPLIT, VMMIO_ID_BLOCK, BLOCK_FEATURES | DATA_ | BIT(F_RING_RESET) | BIT(F_SUSPEND)},
	{BLOCK_PACKED, VMMIO_ID_BLOCK, BLOCK_FEATURES | BIT(F_RING_PACKED)},
	{BLOCK_PACKED, VMMIO_ID_BLOCK,
		BLOCK_FEATURES | BIT(F_RING_PACKED) | DATA_ | BIT(F_IN_ORDER)},
};

enum { N_GOOD = sizeof(good) / sizeof(good[0]) };

START_TEST(good_drivers)
{
	const struct good *g = &good[_i / 4];
	struct script script = {.text = g->text,
		.version = _i & 1 ? 3 : 2,
		.device = g->device,
		.accepted = g->features,
		.no_memory = _i & 2};
	struct vmmio_conform_report *report = script_run(&script);

	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		ck_assert_msg(
			!complains(result), "%s: %s", result->requirement->id, result->detail);
		if (result->verdict == VMMIO_CONFORM_SKIP)
			ck_assert_str_ne(result->detail, "");
	}
	vmmio_conform_report_free(report);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor");
	TCase *table = fixture_tcase(s, "table");
	TCase *drivers = fixture_tcase(s, "drivers");

	tcase_add_test(table, catalogue);
	tcase_add_test(table, rules);
	tcase_add_test(table, every_rule_fires);
	tcase_add_loop_test(drivers, one_broken_driver, 0, 2 * (int)n_broken_drivers);
	tcase_add_loop_test(drivers, good_drivers, 0, 4 * N_GOOD);
	return fixture_main(s);
}
