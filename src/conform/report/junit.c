/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The report as JUnit's XML: a suite for each topic, a case for each result. No times: none
 * were measured. Only elements and attributes that every reader knows, so what is said about a
 * case stands in its output.
 */
#include <string.h>

#include "conform/report/out.h"
#include "conform/report/report.h"

static void attribute(FILE *file, const char *name, const char *text)
{
	fprintf(file, " %s=\"", name);
	out_xml(file, text);
	fputc('"', file);
}

/* What stands between the tags of a failure, or of what a flagged case has put out. */
static void write_trouble(const struct vmmio_conform_result *result, FILE *file)
{
	out_xml(file, result->detail);
	if (!*result->accesses)
		return;
	fputs("\nlast accesses:\n", file);
	out_xml(file, result->accesses);
}

/* About the requirement, and how it was kept or why it is flagged. */
static void write_output(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;
	const struct vmmio_conform_requirement *requirement = result->requirement;

	fputs("      <system-out>", file);
	if (entry->title) {
		fputs("checked: ", file);
		out_xml(file, entry->title);
		fputc('\n', file);
	}
	out_xml(file, requirement->text);
	fputs("\nsection: ", file);
	out_xml(file, requirement->section);
	fprintf(file, "\nside: %s\nstrength: %s\ndescriptive: %s\n", side_name(requirement->side),
		strength_name(requirement->strength), requirement->descriptive ? "true" : "false");
	if (result->verdict == VMMIO_CONFORM_PASS)
		fprintf(file, "proof: %s\n", proof_name(result->proof));
	if (result->flagged) {
		fputs("flagged: ", file);
		write_trouble(result, file);
		fputc('\n', file);
	}
	fputs("</system-out>\n", file);
}

static void write_case(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;

	fputs("    <testcase name=\"", file);
	out_xml(file, result->requirement->id);
	fputc(' ', file);
	out_xml(file, result->check);
	fputs("\" classname=\"vmmio-conform.", file);
	out_xml(file, entry->topic);
	fputs("\">\n", file);
	if (entry->outcome == OUTCOME_FAIL) {
		fputs("      <failure", file);
		attribute(file, "type", strength_name(result->requirement->strength));
		attribute(file, "message", result->detail);
		fputc('>', file);
		write_trouble(result, file);
		fputs("</failure>\n", file);
	} else if (entry->outcome == OUTCOME_SKIP) {
		fputs("      <skipped", file);
		attribute(file, "message", result->detail);
		fputs("/>\n", file);
	}
	write_output(entry, file);
	fputs("    </testcase>\n", file);
}

static void write_suite_head(const struct view *view, size_t begin, size_t end, FILE *file)
{
	size_t n[N_OUTCOMES] = {0};

	for (size_t i = begin; i < end; i++)
		n[view->entries[i]->outcome]++;
	fputs("  <testsuite", file);
	attribute(file, "name", view->entries[begin]->topic);
	fprintf(file, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		end - begin, n[OUTCOME_FAIL], n[OUTCOME_SKIP]);
}

/* Those of the suite's checks. */
static void write_notes(const struct vmmio_conform_report *report, const struct view *view,
	size_t begin, size_t end, FILE *file)
{
	bool any = false;

	for (size_t n = 0; n < report->n_notes; n++) {
		size_t i = begin;

		while (i < end && strcmp(view->entries[i]->result.check, report->notes[n].check))
			i++;
		if (i == end)
			continue;
		fputs(any ? "" : "    <system-out>", file);
		out_xml(file, report->notes[n].check);
		fputs(": ", file);
		out_xml(file, report->notes[n].text);
		fputc('\n', file);
		any = true;
	}
	fputs(any ? "</system-out>\n" : "", file);
}

static void write_suite(const struct vmmio_conform_report *report, const struct view *view,
	size_t begin, FILE *file)
{
	size_t end = view_run(view, begin, same_topic);

	write_suite_head(view, begin, end, file);
	fputs("    <properties>\n      <property name=\"target\"", file);
	attribute(file, "value", report->target);
	fprintf(file, "/>\n      <property name=\"version\" value=\"%u\"/>\n    </properties>\n",
		report->version);
	for (size_t i = begin; i < end; i++)
		write_case(view->entries[i], file);
	write_notes(report, view, begin, end, file);
	fputs("  </testsuite>\n", file);
}

int write_junit(const struct vmmio_conform_report *report, FILE *file)
{
	struct vmmio_conform_counts counts = vmmio_conform_counts(report);
	struct view view;
	int err = view_make(report, view_by_topic, &view);

	if (err)
		return err;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", file);
	attribute(file, "name", "vmmio-conform");
	fprintf(file, " tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", report->n, counts.failed);
	for (size_t i = 0; i < view.n; i = view_run(&view, i, same_topic))
		write_suite(report, &view, i, file);
	fputs("</testsuites>\n", file);
	view_free(&view);
	return 0;
}
