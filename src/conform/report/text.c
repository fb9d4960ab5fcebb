/* SPDX-License-Identifier: BSD-3-Clause */
/* The report for a terminal: topic by topic, what was skipped, the summary. */
#include <string.h>

#include "conform/report/out.h"
#include "conform/report/report.h"

enum { INDENT = 6 };

static const char *const outcome_words[N_OUTCOMES] = {
	[OUTCOME_FAIL] = "FAIL",
	[OUTCOME_FLAG] = "flag",
	[OUTCOME_PASS] = "pass",
	[OUTCOME_SKIP] = "skip",
};

/* --- A failure, a flag -------------------------------------------------------------- */

static void indented(FILE *file, const char *what, const char *text)
{
	struct out_at at = {.file = file, .indent = INDENT, .column = INDENT};

	fprintf(file, "%*s", INDENT, "");
	out_fill(&at, what);
	out_more(&at, text);
	fputc('\n', file);
}

/* All that is known of what went wrong. */
static void write_trouble(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;
	const struct vmmio_conform_requirement *requirement = result->requirement;

	fprintf(file, "%s  %s  %s%s  check ", outcome_words[entry->outcome], requirement->id,
		strength_name(requirement->strength), requirement->descriptive ? " [desc]" : "");
	out_cut(file, result->check, 40);
	fputc('\n', file);
	indented(file, "", *result->detail ? result->detail : "(no detail)");
	if (entry->title)
		indented(file, "checked:", entry->title);
	indented(file, "requirement:", requirement->text);
	indented(file, "section:", requirement->section);
	if (*result->accesses) {
		indented(file, "last accesses:", "");
		out_lines(file, INDENT + 2, result->accesses);
	}
}

/* --- Topics -------------------------------------------------------------------------- */

/* The checks that a requirement passed, on one line. */
static void write_passes(const struct view *view, size_t begin, size_t end, FILE *file)
{
	const struct vmmio_conform_requirement *requirement =
		view->entries[begin]->result.requirement;
	struct out_at at = {.file = file, .indent = INDENT};

	for (size_t i = begin; i < end; i++) {
		const struct entry *entry = view->entries[i];

		if (entry->outcome != OUTCOME_PASS)
			continue;
		if (!at.column)
			at.column =
				(unsigned)fprintf(file, "%s  %s%s ", outcome_words[OUTCOME_PASS],
					requirement->id, requirement->descriptive ? " [desc]" : "");
		out_more(&at, entry->result.check);
		if (entry->result.proof == VMMIO_CONFORM_HOOK)
			out_more(&at, "(hook)");
	}
	if (at.column)
		fputc('\n', file);
}

static void write_topic_head(const struct view *view, size_t begin, size_t end, FILE *file)
{
	size_t n[N_OUTCOMES] = {0};
	const char *separator = ": ";

	for (size_t i = begin; i < end; i++)
		n[view->entries[i]->outcome]++;
	fputs("\n== ", file);
	out_cut(file, view->entries[begin]->topic, 40);
	for (unsigned outcome = 0; outcome < N_OUTCOMES; outcome++) {
		if (!n[outcome])
			continue;
		fprintf(file, "%s%zu %s", separator, n[outcome], outcome_words[outcome]);
		separator = ", ";
	}
	fputs("\n\n", file);
}

/* What went wrong first. */
static void write_topic(const struct view *view, size_t begin, size_t end, FILE *file)
{
	write_topic_head(view, begin, end, file);
	for (enum outcome outcome = OUTCOME_FAIL; outcome <= OUTCOME_FLAG; outcome++)
		for (size_t i = begin; i < end; i++)
			if (view->entries[i]->outcome == outcome) {
				write_trouble(view->entries[i], file);
				fputc('\n', file);
			}
	for (size_t i = begin; i < end;) {
		size_t next = view_run(view, i, same_requirement);

		write_passes(view, i, next < end ? next : end, file);
		i = next;
	}
}

static int write_topics(const struct vmmio_conform_report *report, FILE *file)
{
	struct view view;
	int err = view_make(report, view_by_topic, &view);

	if (err)
		return err;
	for (size_t i = 0; i < view.n;) {
		size_t end = view_run(&view, i, same_topic);

		write_topic(&view, i, end, file);
		i = end;
	}
	view_free(&view);
	return 0;
}

/* --- What was skipped ------------------------------------------------------------------ */

static void write_reason(const struct view *view, size_t begin, size_t end, FILE *file)
{
	const char *reason = view->entries[begin]->result.detail;
	struct out_at at = {.file = file, .indent = INDENT};

	at.column = (unsigned)fprintf(file, "%4zu  ", end - begin);
	out_fill(&at, *reason ? reason : "(no reason)");
	out_fill(&at, ":");
	for (size_t i = begin; i < end; i = view_run(view, i, same_requirement))
		out_more(&at, view->entries[i]->result.requirement->id);
	fputc('\n', file);
}

static int write_skips(const struct vmmio_conform_report *report, FILE *file)
{
	struct view view;
	int err = view_make(report, view_by_reason, &view);

	if (err)
		return err;
	for (size_t i = 0; i < view.n && view.entries[i]->outcome == OUTCOME_SKIP;) {
		size_t end = view_run(&view, i, same_reason);

		if (i == 0)
			fputs("\n== skipped, by reason\n\n", file);
		write_reason(&view, i, end, file);
		i = end;
	}
	view_free(&view);
	return 0;
}

/* --- What happened --------------------------------------------------------------------- */

static void write_notes(const struct vmmio_conform_report *report, FILE *file)
{
	if (report->n_notes)
		fputs("\n== what happened\n\n", file);
	for (size_t i = 0; i < report->n_notes; i++) {
		const struct vmmio_conform_note *note = &report->notes[i];
		struct out_at at = {.file = file, .indent = INDENT};

		out_cut(file, note->check, 40);
		at.column = (unsigned)strlen(note->check) + (unsigned)fprintf(file, ": ");
		out_fill(&at, note->text);
		fputc('\n', file);
	}
}

/* A driver is judged with devices of both versions. */
static void write_version(const struct vmmio_conform_report *report, FILE *file)
{
	if (report->version)
		fprintf(file, ": virtio-mmio version %u\n", report->version);
	else if (report->n &&
		 report->entries[0].result.requirement->side == VMMIO_CONFORM_DRIVER)
		fputs(": a driver\n", file);
	else
		fputs(": its version was not read\n", file);
}

int write_text(const struct vmmio_conform_report *report, FILE *file)
{
	int err;

	out_cut(file, report->target, 300);
	write_version(report, file);
	err = write_topics(report, file);
	if (!err)
		err = write_skips(report, file);
	if (err)
		return err;
	write_notes(report, file);
	fputc('\n', file);
	return write_summary(report, file);
}
