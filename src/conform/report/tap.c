/* SPDX-License-Identifier: BSD-3-Clause */
/* The report in the Test Anything Protocol, in words that versions 13 and 14 share. */
#include "conform/report/out.h"
#include "conform/report/report.h"

/* A name or a reason: one line, in which a # begins nothing. */
static void tap_line(FILE *file, const char *text)
{
	uint32_t code;

	while ((code = out_next(&text))) {
		if (code == '#' || code == '\\')
			fputc('\\', file);
		out_char(file, code < 0x20 || code == 0x7f ? ' ' : code);
	}
}

static void write_block(const struct entry *entry, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;
	const struct vmmio_conform_requirement *requirement = result->requirement;

	fputs("  ---\n  message: ", file);
	out_json(file, result->detail);
	if (entry->title) {
		fputs("\n  checked: ", file);
		out_json(file, entry->title);
	}
	fprintf(file, "\n  severity: %s\n  strength: %s\n  section: ",
		result->verdict == VMMIO_CONFORM_FAIL ? "fail" : "flagged",
		strength_name(requirement->strength));
	out_json(file, requirement->section);
	fputs("\n  requirement: ", file);
	out_json(file, requirement->text);
	fputs("\n  accesses: ", file);
	out_json_lines(file, result->accesses);
	fputs("\n  ...\n", file);
}

static void write_point(const struct entry *entry, size_t number, FILE *file)
{
	const struct vmmio_conform_result *result = &entry->result;

	fprintf(file, "%s %zu - %s%s ", entry->outcome == OUTCOME_FAIL ? "not ok" : "ok", number,
		result->requirement->id, result->requirement->descriptive ? " [desc]" : "");
	tap_line(file, result->check);
	if (result->verdict == VMMIO_CONFORM_PASS)
		fprintf(file, " (%s%s)", proof_name(result->proof),
			result->flagged ? ", flagged" : "");
	if (result->verdict == VMMIO_CONFORM_SKIP) {
		fputs(" # SKIP ", file);
		tap_line(file, result->detail);
	}
	fputc('\n', file);
	if (entry->outcome == OUTCOME_FAIL || entry->outcome == OUTCOME_FLAG)
		write_block(entry, file);
}

int write_tap(const struct vmmio_conform_report *report, FILE *file)
{
	fprintf(file, "TAP version 13\n1..%zu", report->n);
	if (!report->n)
		fputs(" # SKIP there are no results", file);
	fputs("\n# target: ", file);
	tap_line(file, report->target);
	if (report->version)
		fprintf(file, "\n# virtio-mmio version %u", report->version);
	fputc('\n', file);
	for (size_t i = 0; i < report->n; i++)
		write_point(&report->entries[i], i + 1, file);
	for (size_t i = 0; i < report->n_notes; i++) {
		fputs("# ", file);
		tap_line(file, report->notes[i].check);
		fputs(": ", file);
		tap_line(file, report->notes[i].text);
		fputc('\n', file);
	}
	return 0;
}
