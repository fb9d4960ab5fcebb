/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows, and the three ways to print them: text, JSON, a Markdown table. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct row *bench_row(struct bench *b, const struct series *series, const char *unit,
	const char *name, ...)
{
	struct row *row = &b->rows[b->n_rows < BENCH_ROWS_MAX ? b->n_rows++ : BENCH_ROWS_MAX - 1];
	va_list args;

	*row = (struct row){.group = b->group,
		.unit = unit,
		.spread = series_spread(series),
		.runs = series->n};
	va_start(args, name);
	vsnprintf(row->name, sizeof(row->name), name, args);
	va_end(args);
	return row;
}

void row_aim(struct row *row, enum aim_kind kind, double aim)
{
	row->kind = kind;
	row->aim = aim;
}

void row_note(struct row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row->note, sizeof(row->note), format, args);
	va_end(args);
}

void bench_progress(const struct bench *b, const char *format, ...)
{
	va_list args;

	fprintf(b->progress, "%s: ", b->group ? b->group : "vmmio-bench");
	va_start(args, format);
	vfprintf(b->progress, format, args);
	va_end(args);
	fputc('\n', b->progress);
}

int bench_skip(struct bench *b, const char *reason)
{
	const unsigned room = sizeof(b->skipped) / sizeof(b->skipped[0]);

	bench_progress(b, "skipped: %s", reason);
	if (b->n_skipped < room)
		snprintf(b->skipped[b->n_skipped++], sizeof(b->skipped[0]), "%s: %s", b->group, reason);
	return 0;
}

int bench_fail(int error, const char *what)
{
	fprintf(stderr, "vmmio-bench: %s: %s\n", what, strerror(-error));
	return error;
}

static bool reached(const struct row *row)
{
	if (row->kind == AIM_AT_MOST)
		return row->spread.median <= row->aim;
	return row->spread.median >= row->aim;
}

/* How far the median is from the aim, on its wrong side: 0.25 is a quarter too much. */
static double miss(const struct row *row)
{
	if (row->aim == 0)
		return row->spread.median == 0 ? 0 : INFINITY;
	return fabs(row->spread.median - row->aim) / row->aim;
}

/* Three digits that count. */
static const char *number(double value, char text[24])
{
	const double size = fabs(value);

	snprintf(text, 24, "%.*f", size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : 2, value);
	return text;
}

static const char *verdict(const struct row *row, char text[64])
{
	char aim[24];

	if (row->kind == AIM_NONE)
		return "";
	number(row->aim, aim);
	if (reached(row))
		snprintf(text, 64, "%s %s: reached", row->kind == AIM_AT_MOST ? "<=" : ">=", aim);
	else if (isinf(miss(row)))
		snprintf(text, 64, "%s: missed", aim);
	else
		snprintf(text, 64, "%s %s: missed by %.0f %%",
			row->kind == AIM_AT_MOST ? "<=" : ">=", aim, miss(row) * 100);
	return text;
}

void report_text(const struct bench *b, FILE *out)
{
	const char *group = "";

	for (unsigned i = 0; i < b->n_rows; i++) {
		const struct row *row = &b->rows[i];
		char median[24], min[24], max[24], aim[64];

		if (strcmp(group, row->group))
			fprintf(out, "\n%-66s %9s %-8s %-19s %s\n", row->group, "median", "", "min - max",
				"aim");
		group = row->group;
		fprintf(out, "  %-64s %9s %-8s %8s - %-8s %s\n", row->name,
			number(row->spread.median, median), row->unit, number(row->spread.min, min),
			number(row->spread.max, max), verdict(row, aim));
		if (*row->note)
			fprintf(out, "      %s\n", row->note);
	}
	for (unsigned i = 0; i < b->n_skipped; i++)
		fprintf(out, "\nskipped: %s\n", b->skipped[i]);
}

/* Names and notes are this program's own and need no more than this. */
static void json_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void json_row(const struct row *row, FILE *out)
{
	fputs("{\"group\": ", out);
	json_text(out, row->group);
	fputs(", \"name\": ", out);
	json_text(out, row->name);
	fputs(", \"unit\": ", out);
	json_text(out, row->unit);
	fprintf(out, ", \"runs\": %u, \"median\": %.6g, \"min\": %.6g, \"max\": %.6g", row->runs,
		row->spread.median, row->spread.min, row->spread.max);
	if (row->kind != AIM_NONE)
		fprintf(out, ", \"aim\": {\"%s\": %.6g, \"reached\": %s}",
			row->kind == AIM_AT_MOST ? "at_most" : "at_least", row->aim,
			reached(row) ? "true" : "false");
	if (*row->note) {
		fputs(", \"note\": ", out);
		json_text(out, row->note);
	}
	fputc('}', out);
}

void report_json(const struct bench *b, FILE *out)
{
	fprintf(out, "{\"runs\": %u, \"quick\": %s, \"results\": [", b->runs,
		b->quick ? "true" : "false");
	for (unsigned i = 0; i < b->n_rows; i++) {
		fputs(i ? ",\n  " : "\n  ", out);
		json_row(&b->rows[i], out);
	}
	fputs("\n], \"skipped\": [", out);
	for (unsigned i = 0; i < b->n_skipped; i++) {
		fputs(i ? ", " : "", out);
		json_text(out, b->skipped[i]);
	}
	fputs("]}\n", out);
}

void report_markdown(const struct bench *b, FILE *out)
{
	const char *group = "";

	for (unsigned i = 0; i < b->n_rows; i++) {
		const struct row *row = &b->rows[i];
		char median[24], min[24], max[24], aim[64];

		if (strcmp(group, row->group))
			fprintf(out, "%s| %s | median | fastest - slowest run | aim |\n|---|---|---|---|\n",
				*group ? "\n" : "", row->group);
		group = row->group;
		fprintf(out, "| %s%s%s%s | %s %s | %s - %s | %s |\n", row->name, *row->note ? " (" : "",
			row->note, *row->note ? ")" : "", number(row->spread.median, median), row->unit,
			number(row->spread.min, min), number(row->spread.max, max), verdict(row, aim));
	}
	for (unsigned i = 0; i < b->n_skipped; i++)
		fprintf(out, "\nSkipped: %s\n", b->skipped[i]);
}
