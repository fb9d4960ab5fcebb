/* SPDX-License-Identifier: BSD-3-Clause */
/* Putting together what the monitor says of a requirement and what the play does. */
#include "conform/puppet/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- Ids ------------------------------------------------------------------------------------- */

/* The next word of a list separated by blanks; false: no more. */
static bool next_id(const char **list, char *id, size_t size)
{
	size_t n;

	*list += strspn(*list, " ");
	n = strcspn(*list, " ");
	if (!n || n >= size)
		return false;
	memcpy(id, *list, n);
	id[n] = '\0';
	*list += n;
	return true;
}

static bool is_about(const struct scenario *scenario, const char *id)
{
	const char *list = scenario->about.requirements;
	char word[32];

	while (next_id(&list, word, sizeof(word)))
		if (!strcmp(word, id))
			return true;
	return false;
}

/* --- Collecting ------------------------------------------------------------------------------ */

static const struct finding *find(const struct findings *f, const char *id)
{
	for (unsigned i = 0; i < f->n; i++)
		if (!strcmp(f->list[i].requirement->id, id))
			return &f->list[i];
	return NULL;
}

/* The finding of this id, to be changed; NULL: no such requirement, or no room. */
static struct finding *finding_of(struct findings *f, const char *id)
{
	const struct vmmio_conform_requirement *requirement = vmmio_conform_requirement(id);

	for (unsigned i = 0; i < f->n; i++)
		if (f->list[i].requirement == requirement)
			return &f->list[i];
	if (!requirement || f->n == FINDINGS)
		return NULL;
	f->list[f->n] = (struct finding){.requirement = requirement, .verdict = VMMIO_CONFORM_SKIP};
	return &f->list[f->n++];
}

static unsigned weight(enum vmmio_conform_verdict verdict)
{
	return verdict == VMMIO_CONFORM_FAIL ? 2 : verdict == VMMIO_CONFORM_PASS;
}

void findings_judge(struct findings *f, const char *ids, enum vmmio_conform_verdict verdict,
	const char *format, ...)
{
	char detail[FINDING_TEXT], id[32];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	while (ids && next_id(&ids, id, sizeof(id))) {
		struct finding *finding = finding_of(f, id);

		if (!finding || (finding->detail[0] && weight(verdict) <= weight(finding->verdict)))
			continue;
		finding->verdict = verdict;
		memcpy(finding->detail, detail, sizeof(detail));
		memcpy(finding->accesses, f->accesses, sizeof(f->accesses));
	}
}

void findings_note(struct findings *f, const char *format, ...)
{
	size_t at = strlen(f->note);
	va_list args;

	if (at && at + 2 < sizeof(f->note))
		at += (size_t)snprintf(f->note + at, sizeof(f->note) - at, ", ");
	va_start(args, format);
	vsnprintf(f->note + at, sizeof(f->note) - at, format, args);
	va_end(args);
}

/* --- Reporting ------------------------------------------------------------------------------- */

static bool is_recommendation(const struct vmmio_conform_requirement *requirement)
{
	return requirement->strength == VMMIO_CONFORM_SHOULD ||
	       requirement->strength == VMMIO_CONFORM_SHOULD_NOT;
}

static bool is_bad(const struct vmmio_conform_result *result)
{
	return result->verdict == VMMIO_CONFORM_FAIL || result->flagged;
}

/* What the play itself says, if that is worse, or something at all. */
static void add_finding(struct vmmio_conform_result *result, const struct finding *finding)
{
	if (!finding || is_bad(result))
		return;
	if (finding->verdict == VMMIO_CONFORM_FAIL) {
		result->flagged = is_recommendation(result->requirement);
		result->verdict = result->flagged ? VMMIO_CONFORM_PASS : VMMIO_CONFORM_FAIL;
		result->detail = finding->detail;
		result->accesses = finding->accesses;
	} else if (result->verdict == VMMIO_CONFORM_SKIP) {
		result->verdict = finding->verdict;
		result->detail = finding->verdict == VMMIO_CONFORM_SKIP ? finding->detail : "";
	}
}

/* A skip is of interest where the scenario is about the requirement, or is about all. */
static int add_result(const struct findings *f, struct vmmio_conform_result result,
	struct vmmio_conform_report *report)
{
	const bool about = is_about(f->scenario, result.requirement->id);

	result.check = f->scenario->about.name;
	if (result.verdict == VMMIO_CONFORM_SKIP && f->skipped[0])
		result.detail = f->skipped;
	if (result.verdict == VMMIO_CONFORM_SKIP && !about &&
		!(f->scenario->flags & SCENARIO_ORDINARY))
		return 0;
	if (about && !(f->scenario->flags & SCENARIO_ORDINARY))
		result.proof = VMMIO_CONFORM_HOOK;
	return vmmio_conform_report_add(report, &result);
}

static bool has_result(const struct vmmio_conform_report *report, const char *id)
{
	for (size_t i = 0; report && i < vmmio_conform_report_size(report); i++)
		if (!strcmp(vmmio_conform_report_result(report, i)->requirement->id, id))
			return true;
	return false;
}

static int add_monitored(const struct findings *f, const struct vmmio_conform_report *monitor,
	struct vmmio_conform_report *report)
{
	int err = 0;

	for (size_t i = 0; monitor && !err && i < vmmio_conform_report_size(monitor); i++) {
		struct vmmio_conform_result result = *vmmio_conform_report_result(monitor, i);

		add_finding(&result, find(f, result.requirement->id));
		err = add_result(f, result, report);
	}
	return err;
}

/* What the scenario is about, and no rule of the monitor's judges. */
static int add_others(const struct findings *f, const struct vmmio_conform_report *monitor,
	struct vmmio_conform_report *report)
{
	const char *list = f->scenario->about.requirements;
	char id[32];
	int err = 0;

	while (!err && next_id(&list, id, sizeof(id))) {
		struct vmmio_conform_result result = {.requirement = vmmio_conform_requirement(id),
			.verdict = VMMIO_CONFORM_SKIP,
			.detail = "the play did not come to it",
			.accesses = ""};

		if (!result.requirement || has_result(monitor, id))
			continue;
		add_finding(&result, find(f, id));
		err = add_result(f, result, report);
	}
	return err;
}

int findings_report(const struct findings *f, const struct vmmio_conform_report *monitor,
	struct vmmio_conform_report *report)
{
	const struct vmmio_conform_note note = {f->scenario->about.name, f->note};
	int err = add_monitored(f, monitor, report);

	if (!err)
		err = add_others(f, monitor, report);
	return err ? err : vmmio_conform_report_note(report, &note);
}
