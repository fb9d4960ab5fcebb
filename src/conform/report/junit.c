/* SPDX-License-Identifier: BSD-3-Clause */
/* The report as JUnit's XML: a suite for each topic, a case for each result. No times: none
 * were measured. */
#include "conform/report/out.h"
#include "conform/report/report.h"

static void attribute(FILE *file, const char *name, const char *text)
{
	fprintf(file, " %s=\"", name);
	out_xml(file, text);
	fputc('"', file);
}

static void property(FILE *file, const char *name, const char *value)
{
	fputs("        <property", file);
	attribute(file, "name", name);
	attribute(file, "value", value);
	fputs("/>\n", file);
}

static void write_properties(const struct vmmio_conform_result *result, FILE *file)
{
	const struct vmmio_conform_requirement *requirement = result->requirement;

	fputs("      <properties>\n", file);
	property(file, "requirement", requirement->id);
	property(file, "text", requirement->text);
	property(file, "section", requirement->section);
	property(file, "side", side_name(requirement->side));
	property(file, "strength", strength_name(requirement->strength));
	property(file, "descriptive", requirement->descriptive ? "true" : "false");
	if (result->verdict == VMMIO_CONFORM_PASS)
		property(file, "proof", proof_name(result->proof));
	if (result->flagged)
		property(file, "flagged", "true");
	fputs("      </properties>\n", file);
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
	write_properties(result, file);
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
	} else if (entry->outcome == OUTCOME_FLAG) {
		fputs("      <system-out>flagged: ", file);
		write_trouble(result, file);
		fputs("</system-out>\n", file);
	}
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

static void write_suite(const struct vmmio_conform_report *report, const struct view *view,
	size_t begin, FILE *file)
{
	size_t end = view_run(view, begin, same_topic);

	write_suite_head(view, begin, end, file);
	fputs("    <properties>\n", file);
	property(file, "target", report->target);
	fprintf(file, "        <property name=\"version\" value=\"%u\"/>\n", report->version);
	fputs("    </properties>\n", file);
	for (size_t i = begin; i < end; i++)
		write_case(view->entries[i], file);
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
	fprintf(file, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n", report->n,
		counts.failed, counts.skipped);
	for (size_t i = 0; i < view.n; i = view_run(&view, i, same_topic))
		write_suite(report, &view, i, file);
	fputs("</testsuites>\n", file);
	view_free(&view);
	return 0;
}
