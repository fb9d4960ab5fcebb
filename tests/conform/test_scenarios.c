/* SPDX-License-Identifier: BSD-3-Clause */
/* Scenarios: the good driver passes them, and a driver that is broken in the way that a
 * scenario is about does not. */
#include <stdio.h>
#include <string.h>

#include "conform/broken_subject.h"
#include "conform/puppet/scenario.h"
#include "conform/scenario_rig.h"
#include "support/fixture.h"

enum { MAX_SCENARIOS = 100 };

/* The good driver of a network device, for which it does as little as for any other. */
static struct vmmio_subject open_net(void)
{
	struct vmmio_subject subject = open_good("good:other");

	subject.device_id = VMMIO_ID_NET;
	return subject;
}

static struct vmmio_subject open_for(const struct vmmio_scenario *scenario)
{
	if (scenario->device_id == VMMIO_ID_ENTROPY)
		return open_good("good:entropy");
	return scenario->device_id == VMMIO_ID_NET ? open_net() : open_good("good:disk");
}

/* The next word of a list separated by blanks. */
static bool next_word(const char **list, char word[32])
{
	int n = 0;

	if (!*list || sscanf(*list, "%31s%n", word, &n) != 1)
		return false;
	*list += n;
	return true;
}

static bool lists(const char *list, const char *id)
{
	char word[32];

	while (next_word(&list, word))
		if (!strcmp(word, id))
			return true;
	return false;
}

static unsigned first_setting(uint32_t settings)
{
	unsigned s = 0;

	while (!(settings & 1u << s))
		s++;
	return s;
}

/* --- The table -------------------------------------------------------------------------- */

static bool has_rule(const char *id)
{
	struct vmmio_monitor_rule rule;

	for (size_t i = 0; vmmio_monitor_rule(i, &rule); i++)
		if (!strcmp(rule.requirement, id))
			return true;
	return false;
}

static bool has_step(const struct scenario *scenario, const char *id)
{
	for (const struct step *step = scenario->steps; step->deed; step++)
		if (lists(step->judges, id))
			return true;
	return false;
}

static void check_ids(const struct scenario *scenario)
{
	const char *list = scenario->about.requirements;
	char id[32];

	while (next_word(&list, id)) {
		const struct vmmio_conform_requirement *r = vmmio_conform_requirement(id);

		ck_assert_msg(r && r->side == VMMIO_CONFORM_DRIVER && !r->reason, "%s is about %s",
			scenario->about.name, id);
		ck_assert_msg(has_rule(id) || has_step(scenario, id), "%s: nothing judges %s",
			scenario->about.name, id);
	}
}

static void check_steps(const struct scenario *scenario)
{
	unsigned n = 0;
	char id[32];

	for (const struct step *step = scenario->steps; step->deed; step++, n++) {
		const char *list = step->judges;

		ck_assert(step->deed <= FAILED_SET || !list);
		ck_assert((step->expectation == ANYTHING && !step->judges) || step->expected);
		while (next_word(&list, id))
			ck_assert_msg(lists(scenario->about.requirements, id), "%s is not about %s",
				scenario->about.name, id);
	}
	ck_assert_uint_lt(n, STEPS);
}

START_TEST(table_is_sound)
{
	struct vmmio_conform_check check;
	struct vmmio_scenario about, other;

	for (size_t i = 0; vmmio_scenario(i, &about); i++) {
		const struct scenario *scenario = scenario_find(about.name);

		ck_assert_str_eq(scenario->about.title, about.title);
		ck_assert_uint_lt(i, MAX_SCENARIOS);
		ck_assert_msg(
			strlen(about.title) <= 76 && strlen(about.name) < 32, "%s", about.name);
		ck_assert(*about.topic && about.settings && about.settings <= SETTINGS_ALL);
		for (size_t k = 0; k < i && vmmio_scenario(k, &other); k++)
			ck_assert_str_ne(other.name, about.name);
		/* Results are told apart by their check's name. */
		for (size_t k = 0; vmmio_conform_check(k, &check); k++)
			ck_assert_str_ne(check.name, about.name);
		check_ids(scenario);
		check_steps(scenario);
	}
	ck_assert_ptr_null(scenario_find("no-such-scenario"));
	ck_assert_ptr_null(scenario_find(NULL));
	ck_assert_str_eq(vmmio_setting_name(VMMIO_V3_PACKED), "v3 packed");
	ck_assert_str_eq(vmmio_setting_name(VMMIO_SETTINGS), "?");
}
END_TEST

/* --- The good driver ---------------------------------------------------------------------- */

static size_t n_scenarios(void)
{
	struct vmmio_scenario scenario;
	size_t n = 0;

	while (vmmio_scenario(n, &scenario))
		n++;
	return n;
}

static bool passed[1024];

static size_t index_of(const struct vmmio_conform_requirement *requirement)
{
	size_t n;

	return (size_t)(requirement - vmmio_conform_requirements(&n));
}

static void check_good(const struct vmmio_scenario *scenario, unsigned setting,
	const struct vmmio_subject *subject, bool seen[1024])
{
	struct vmmio_conform_report *report;
	int end = play(scenario->name, setting, subject, &report);

	ck_assert_msg(end == 0, "%s, %s, %s: %d: %s", subject->name, scenario->name,
		vmmio_setting_name((enum vmmio_setting)setting), end, end < 0 ? "" : note(report));
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		ck_assert_msg(!is_bad(result), "%s, %s, %s: %s: %s\n%s", subject->name,
			scenario->name, vmmio_setting_name((enum vmmio_setting)setting),
			result->requirement->id, result->detail, result->accesses);
		ck_assert_str_eq(result->check, scenario->name);
		seen[index_of(result->requirement)] |= result->verdict == VMMIO_CONFORM_PASS;
	}
	vmmio_conform_report_free(report);
}

static void check_all(
	const struct vmmio_scenario *scenario, struct vmmio_subject subject, bool seen[1024])
{
	for (unsigned s = 0; s < VMMIO_SETTINGS; s++)
		if (scenario->settings & 1u << s)
			check_good(scenario, s, &subject, seen);
	vmmio_subject_close(&subject);
}

/* ... passes, and what the scenario says that it is about comes up in it. */
START_TEST(the_good_driver_passes)
{
	bool seen[1024] = {false};
	struct vmmio_scenario scenario;
	const char *list;
	char id[32];

	ck_assert(vmmio_scenario((size_t)_i, &scenario));
	check_all(&scenario, open_for(&scenario), seen);
	for (list = scenario.requirements; next_word(&list, id);)
		ck_assert_msg(seen[index_of(vmmio_conform_requirement(id))],
			"%s did not come up in %s", id, scenario.name);
	if (scenario.device_id)
		return;
	check_all(&scenario, open_good("good:entropy"), seen);
	check_all(&scenario, open_good("good:other"), seen);
}
END_TEST

/* Driver side rules of these families that no good driver here has an occasion for. */
static const char *const not_provoked[] = {
	"MMIO-DRV-05", /* it reads no field of 8 bits */
};

static bool is_provoked(const char *id)
{
	for (size_t i = 0; i < sizeof(not_provoked) / sizeof(not_provoked[0]); i++)
		if (!strcmp(not_provoked[i], id))
			return false;
	return !strncmp(id, "PATCH-DRV", 9) || !strncmp(id, "MMIO-DRV", 8) ||
	       !strncmp(id, "GEN-DRV", 7);
}

START_TEST(every_rule_comes_up_somewhere)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);
	struct vmmio_scenario scenario;

	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		check_all(&scenario, open_for(&scenario), passed);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(passed[i] || all[i].reason || !is_provoked(all[i].id),
			"%s comes up in no scenario", all[i].id);
}
END_TEST

/* --- What only the outcome shows ---------------------------------------------------------- */

/* The driver that does not do what the step expects. */
static uint32_t opposite(const struct step *step)
{
	if (step->deed == CAPACITY)
		return SAYS_TORN;
	if (step->deed == FAILED_SET)
		return NO_FAILED;
	switch (step->expectation) {
	case GIVES_UP:
		return CLAIMS;
	case ENDS:
		return WAITS_IN_USE;
	case NO_MORE_THAN_GIVEN:
		return TAKES_64;
	default:
		return step->deed == BEGIN ? REFUSES_BEGIN : REFUSES_USE;
	}
}

/* It is found by the step's own verdict, not by the monitor's. */
static void check_step(
	const struct scenario *scenario, const struct step *step, struct wrong_from from)
{
	const struct vmmio_scenario *about = &scenario->about;
	const unsigned setting = first_setting(about->settings);
	const struct vmmio_subject good = open_for(about);
	struct vmmio_subject subject = broken_subject(&good, opposite(step), from);
	const char *list = step->judges;
	struct vmmio_conform_report *report;
	char id[32];
	int end = play(about->name, setting, &subject, &report);

	ck_assert_int_eq(end, step->expectation == ENDS ? VMMIO_PLAY_WAITS : 0);
	while (next_word(&list, id)) {
		const struct vmmio_conform_result *result = result_of(report, id);
		const bool should = result->requirement->strength == VMMIO_CONFORM_SHOULD ||
				    result->requirement->strength == VMMIO_CONFORM_SHOULD_NOT;

		ck_assert_msg(is_bad(result) && result->flagged == should,
			"%s: %s is not found: %s", about->name, id, note(report));
		ck_assert_msg(!strncmp(result->detail, "expected the driver ", 20) &&
				      strstr(result->detail, ", saw ") && *result->accesses,
			"%s: %s: %s", about->name, id, result->detail);
	}
	vmmio_conform_report_free(report);
	/* This one can be closed, though it was left waiting. */
	vmmio_subject_close(&subject);
}

START_TEST(every_expectation_can_fail)
{
	struct vmmio_scenario about;
	const struct scenario *scenario;
	struct wrong_from from = {1, 1}; /* as often as in the rehearsal */

	ck_assert(vmmio_scenario((size_t)_i, &about));
	scenario = scenario_find(about.name);
	for (const struct step *step = scenario->steps; step->deed; step++) {
		from.begin += step->deed == BEGIN;
		from.use += step->deed == USE;
		if (step->judges)
			check_step(scenario, step,
				step->deed == USE ? from : (struct wrong_from){from.begin, 0});
	}
}
END_TEST

/* --- What the monitor sees, because the scenario provokes it -------------------------------- */

static const struct {
	const char *scenario, *ids;
	uint32_t wrong;
} caught[] = {
	{"magic-0", "MMIO-DRV-08", ANY_MAGIC},
	{"magic-ones", "MMIO-DRV-08", ANY_MAGIC},
	{"magic-swapped", "MMIO-DRV-08", ANY_MAGIC},
	{"version-0", "PATCH-DRV-01", ANY_VERSION},
	{"version-1", "PATCH-DRV-01", ANY_VERSION},
	{"version-4", "PATCH-DRV-01", ANY_VERSION},
	{"version-ones", "PATCH-DRV-01", ANY_VERSION},
	{"device-id-0", "MMIO-DRV-11 MMIO-DRV-27 MMIO-DRV-28", ANY_DEVICE_ID},
	{"reset-reads", "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04", NO_RESET_WAIT},
	{"reset-slow", "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04", NO_RESET_WAIT},
	{"reset-never", "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04", NO_RESET_WAIT},
	{"reset-never-in-use", "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04", NO_RESET_WAIT},
	{"reset-not-done", "GEN-DRV-13", NO_RESET_WAIT},
	{"features-reserved", "GEN-DRV-08 GEN-DRV-09 GEN-DRV-45", ACCEPTS_ALL},
	{"features-of-no-disk", "GEN-DRV-08 GEN-DRV-09", ACCEPTS_ALL},
	{"features-platform", "GEN-DRV-39 GEN-DRV-43", ACCEPTS_LITTLE},
	{"features-none", "GEN-DRV-05", ALL_OFFERED},
	{"features-broken", "GEN-DRV-06 GEN-DRV-07", ACCEPTS_ALL},
	{"read-only", "BLK-DRV-14", ACCEPTS_LITTLE},
	{"version-1-missing", "GEN-DRV-11", NO_FAILED},
	{"features-refused", "GEN-DRV-26", NO_FAILED},
	{"features-refused", "GEN-DRV-26 GEN-DRV-27", NO_REFUSAL},
	{"features-refused-once", "GEN-DRV-26", NO_FAILED},
	{"needs-reset-early", "GEN-DRV-26", NO_FAILED},
	{"needs-reset-early", "GEN-DRV-26 GEN-DRV-27", NO_REFUSAL},
	{"config-moves", "GEN-DRV-15", NO_GENERATION},
	{"config-never-still", "GEN-DRV-15", NO_GENERATION},
	{"config-torn", "GEN-DRV-14 GEN-DRV-15", NO_GENERATION},
	{"config-changes", "BLK-DRV-12", NO_CHANGES},
	{"config-shrinks", "BLK-DRV-13", OLD_CAPACITY},
	{"config-changes", "MMIO-DRV-20 MMIO-DRV-33", ACKS_NOTHING},
	{"interrupt-extra", "MMIO-DRV-19 MMIO-DRV-21", ACKS_ALL},
	{"interrupt-undefined", "MMIO-DRV-19 MMIO-DRV-21", ACKS_ALL},
	{"quiet", "SPLIT-DRV-21", ALWAYS_NOTIFIES},
	{"quiet-event", "SPLIT-DRV-25", ALWAYS_NOTIFIES},
	{"stray-event", "SPLIT-DRV-20 SPLIT-DRV-22", HEEDS_EVENT},
	{"stray-flags", "SPLIT-DRV-23 SPLIT-DRV-24", HEEDS_FLAGS},
	{"queue-size-1", "MMIO-DRV-15", ANY_QUEUE_SIZE},
	{"queue-size-2", "MMIO-DRV-15", ANY_QUEUE_SIZE},
	{"queue-size-odd", "MMIO-DRV-15", ANY_QUEUE_SIZE},
	{"queue-reset-slow", "MMIO-DRV-22 GEN-DRV-19", NO_QUEUE_RESET_WAIT | NO_READY_READ},
	{"queue-reset-slow", "GEN-DRV-21", NO_QUEUE_SETUP},
	{"queue-disable", "MMIO-DRV-18", NO_READY_READ},
	{"queue-disable", "MMIO-DRV-17", NO_READY_WRITE},
	{"suspended", "GEN-DRV-32 GEN-DRV-36", NO_SUSPEND_WAIT},
};

enum { N_CAUGHT = sizeof(caught) / sizeof(caught[0]) };

/* In one of the settings at least, each of them. */
START_TEST(broken_drivers_are_caught)
{
	const struct vmmio_scenario *about = &scenario_find(caught[_i].scenario)->about;
	bool found[1024] = {false};
	char id[32];

	for (unsigned s = 0; s < VMMIO_SETTINGS; s++) {
		const struct vmmio_subject good = open_for(about);
		struct vmmio_subject subject =
			broken_subject(&good, caught[_i].wrong, (struct wrong_from){2, 1});
		struct vmmio_conform_report *report = NULL;

		if (about->settings & 1u << s)
			ck_assert_int_ge(play(about->name, s, &subject, &report), 0);
		for (const char *list = caught[_i].ids; report && next_word(&list, id);)
			found[index_of(vmmio_conform_requirement(id))] |=
				is_bad(result_of(report, id));
		vmmio_conform_report_free(report);
		vmmio_subject_close(&subject);
	}
	for (const char *list = caught[_i].ids; next_word(&list, id);)
		ck_assert_msg(found[index_of(vmmio_conform_requirement(id))],
			"%s is not found in %s", id, about->name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenarios");
	const int n = (int)n_scenarios();
	TCase *tc = fixture_tcase(s, "table");

	tcase_add_test(tc, table_is_sound);
	tc = fixture_tcase(s, "good driver");
	tcase_add_loop_test(tc, the_good_driver_passes, 0, n);
	tcase_add_test(tc, every_rule_comes_up_somewhere);
	tc = fixture_tcase(s, "broken drivers");
	tcase_add_loop_test(tc, every_expectation_can_fail, 0, n);
	tcase_add_loop_test(tc, broken_drivers_are_caught, 0, N_CAUGHT);
	return fixture_main(s);
}
