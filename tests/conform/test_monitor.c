/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor against drivers that are broken in one way each: the rule fails, and no other
 * one but those it implies. Good drivers break nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/scenario.h>

#include "conform/monitor_samples.h"
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

static void check_broken(const struct sample *broken, uint32_t version)
{
	struct script script = broken->script;
	struct vmmio_monitor_rule rule;
	struct vmmio_conform_report *report;
	const struct vmmio_conform_result *hit;

	script.version = script.version ? script.version : version;
	ck_assert_msg(find_rule(broken->ids, &rule), "%s has no rule", broken->ids);
	report = script_run(&script);
	hit = script_result(report, broken->ids);
	ck_assert_msg(complains(hit), "%s is not found (part %s, version %u): %s", broken->ids,
		script.part, script.version, hit->detail);
	ck_assert_msg(hit->flagged == rule.flags, "%s: flagged or failed", broken->ids);
	ck_assert_msg(!strncmp(hit->detail, "expected ", 9) && strstr(hit->detail, ", saw "),
		"%s: %s", broken->ids, hit->detail);
	ck_assert_str_ne(hit->accesses, "");
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *other = vmmio_conform_report_result(report, i);

		ck_assert_msg(other == hit || !complains(other) ||
				      lists(rule.implies, other->requirement->id),
			"%s (part %s, version %u) also breaks %s: %s", broken->ids, script.part,
			script.version, other->requirement->id, other->detail);
	}
	vmmio_conform_report_free(report);
}

START_TEST(one_broken_driver)
{
	check_broken(&broken_drivers[_i / 2], _i % 2 ? 3 : 2);
}
END_TEST

/* --- Good drivers -------------------------------------------------------------------------- */

static void check_good(const struct sample *good, uint32_t version, bool no_memory)
{
	struct script script = good->script;
	struct vmmio_conform_report *report;

	script.version = script.version ? script.version : version;
	script.no_memory |= no_memory;
	report = script_run(&script);
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);
		const char *id = result->requirement->id;

		ck_assert_msg(!complains(result), "%s, part %s: %s: %s", good->ids, script.part, id,
			result->detail);
		if (result->verdict == VMMIO_CONFORM_SKIP)
			ck_assert_str_ne(result->detail, "");
		if (!no_memory && lists(good->ids, id))
			ck_assert_msg(result->verdict == VMMIO_CONFORM_PASS,
				"%s is skipped (part %s): %s", id, script.part, result->detail);
	}
	vmmio_conform_report_free(report);
}

START_TEST(one_good_driver)
{
	check_good(&good_drivers[_i / 4], _i & 1 ? 3 : 2, _i & 2);
}
END_TEST

/* --- Each rule can fire, and can be kept ------------------------------------------------------ */

static bool any_lists(const struct sample *samples, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (lists(samples[i].ids, id))
			return true;
	return false;
}

START_TEST(every_rule_has_both)
{
	struct vmmio_monitor_rule rule;
	size_t n = 0;

	for (; vmmio_monitor_rule(n, &rule); n++) {
		ck_assert_msg(any_lists(broken_drivers, n_broken_drivers, rule.requirement),
			"no driver here breaks %s", rule.requirement);
		ck_assert_msg(any_lists(good_drivers, n_good_drivers, rule.requirement),
			"no driver here keeps %s", rule.requirement);
	}
	ck_assert_uint_ge(n, 100);
}
END_TEST

/* --- The table -------------------------------------------------------------------------------- */

/* Scenarios judge what only the outcome shows, too (test_scenarios.c). */
static bool in_a_scenario(const char *id)
{
	struct vmmio_scenario scenario;

	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		if (lists(scenario.requirements, id))
			return true;
	return false;
}

/* A driver's requirement has a rule or a scenario, or a reason for none, and never both. */
START_TEST(catalogue)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);
	struct vmmio_monitor_rule rule;

	for (size_t i = 0; i < n; i++) {
		bool has = find_rule(all[i].id, &rule);

		if (all[i].side == VMMIO_CONFORM_DRIVER)
			ck_assert_msg((has || in_a_scenario(all[i].id)) == !all[i].reason, "%s: %s",
				all[i].id,
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

int main(void)
{
	Suite *s = suite_create("monitor");
	TCase *table = fixture_tcase(s, "table");
	TCase *drivers = fixture_tcase(s, "drivers");

	tcase_add_test(table, catalogue);
	tcase_add_test(table, rules);
	tcase_add_test(table, every_rule_has_both);
	tcase_add_loop_test(drivers, one_broken_driver, 0, 2 * (int)n_broken_drivers);
	tcase_add_loop_test(drivers, one_good_driver, 0, 4 * (int)n_good_drivers);
	return fixture_main(s);
}
