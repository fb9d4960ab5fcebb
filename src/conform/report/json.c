/* SPDX-License-Identifier: BSD-3-Clause */
/* The report as one JSON object. */
#include "conform/report/out.h"
#include "conform/report/report.h"

static void field(FILE *file, const char *name, const char *text)
{
	fprintf(file, ", \"%s\": ", name);
	out_json(file, text);
}

static void flag(FILE *file, const char *name, bool on)
{
	fprintf(file, ", \"%s\": %s", name, on ? "true" : "false");
}

static void write_result(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;
	const struct vmmio_conform_requirement *requirement = result->requirement;

	fputs("{\"requirement\": ", file);
	out_json(file, requirement->id);
	field(file, "check", result->check);
	if (entry->title)
		field(file, "title", entry->title);
	field(file, "topic", entry->topic);
	field(file, "verdict", verdict_name(result->verdict));
	field(file, "detail", result->detail);
	if (result->verdict == VMMIO_CONFORM_PASS)
		field(file, "proof", proof_name(result->proof));
	flag(file, "flagged", result->flagged);
	field(file, "side", side_name(requirement->side));
	field(file, "strength", strength_name(requirement->strength));
	flag(file, "descriptive", requirement->descriptive);
	field(file, "section", requirement->section);
	field(file, "text", requirement->text);
	fputs(", \"accesses\": ", file);
	out_json_lines(file, result->accesses);
	fputc('}', file);
}

/* The ids of the requirements that come to this, each once. */
static void write_ids(const struct view *view, enum outcome outcome, FILE *file)
{
	const char *separator = "";

	for (size_t i = 0; i < view->n;) {
		size_t end = view_run(view, i, same_requirement);

		if (view_outcome(view, i, end) == outcome) {
			fputs(separator, file);
			out_json(file, view->entries[i]->result.requirement->id);
			separator = ", ";
		}
		i = end;
	}
}

static void write_counts(const struct vmmio_conform_report *report, FILE *file)
{
	struct vmmio_conform_counts counts = vmmio_conform_counts(report);
	size_t by_hook = 0;

	for (size_t i = 0; i < report->n; i++)
		by_hook += report->entries[i].result.verdict == VMMIO_CONFORM_PASS &&
			   report->entries[i].result.proof == VMMIO_CONFORM_HOOK;
	fprintf(file,
		"{\"requirements\": %zu, \"results\": %zu, \"passed\": %zu, \"failed\": %zu, "
		"\"skipped\": %zu, \"flagged\": %zu, \"proven_by_hook\": %zu",
		counts.requirements, report->n, counts.passed, counts.failed, counts.skipped,
		counts.flagged, by_hook);
}

static void write_notes(const struct vmmio_conform_report *report, FILE *file)
{
	for (size_t i = 0; i < report->n_notes; i++) {
		fputs(i ? ",\n  {\"check\": " : "\n  {\"check\": ", file);
		out_json(file, report->notes[i].check);
		field(file, "text", report->notes[i].text);
		fputc('}', file);
	}
}

int write_json(const struct vmmio_conform_report *report, FILE *file)
{
	struct view view;
	int err = view_make(report, view_by_requirement, &view);

	if (err)
		return err;
	fputs("{\"target\": ", file);
	out_json(file, report->target);
	if (report->version)
		fprintf(file, ", \"version\": %u", report->version);
	else
		fputs(", \"version\": null", file);
	fputs(", \"results\": [", file);
	for (size_t i = 0; i < report->n; i++) {
		fputs(i ? ",\n  " : "\n  ", file);
		write_result(&report->entries[i], file);
	}
	fputs("\n], \"notes\": [", file);
	write_notes(report, file);
	fputs("\n], \"summary\": ", file);
	write_counts(report, file);
	fputs(", \"failed_requirements\": [", file);
	write_ids(&view, OUTCOME_FAIL, file);
	fputs("]}}\n", file);
	view_free(&view);
	return 0;
}
