/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of the text report: all that matters on a screen of 80 columns and 24 lines. */
#include <string.h>

#include "conform/report/out.h"
#include "conform/report/report.h"

enum {
	LINES = 23,     /* and one for the prompt */
	MAX_ROWS = 9,   /* of the table; from two rows on it may have two columns */
	ONE_COLUMN = 6, /* topics that fit one column */
	WIDTH = 80,
	NAME = 17, /* of a topic */
};

struct topic {
	const char *name;
	size_t n[N_OUTCOMES];
};

/* What there is to say. */
struct summary {
	struct topic topics[2 * MAX_ROWS];
	unsigned n_topics; /* those that there is no room for are added to the last one */
	struct topic all;
	size_t requirements[N_OUTCOMES];
	size_t by_hook, from_outside;
	struct view view; /* by requirement */
};

/* --- Counting ----------------------------------------------------------------------- */

static void add_topic(struct summary *s, const struct view *view, size_t begin, size_t end)
{
	struct topic *topic;

	if (s->n_topics < 2 * MAX_ROWS) {
		topic = &s->topics[s->n_topics++];
		topic->name = view->entries[begin]->topic;
	} else {
		topic = &s->topics[s->n_topics - 1];
		topic->name = "(other topics)";
	}
	for (size_t i = begin; i < end; i++) {
		const struct entry *entry = view->entries[i];

		topic->n[entry->outcome]++;
		s->all.n[entry->outcome]++;
		if (entry->result.verdict == VMMIO_CONFORM_PASS &&
			entry->result.proof == VMMIO_CONFORM_HOOK)
			s->by_hook++;
		else if (entry->result.verdict == VMMIO_CONFORM_PASS)
			s->from_outside++;
	}
}

/* The view stays in the summary. */
static int count(const struct vmmio_conform_report *report, struct summary *s)
{
	struct view topics;
	int err = view_make(report, view_by_topic, &topics);

	if (err)
		return err;
	s->all.name = "all";
	for (size_t i = 0; i < topics.n; i = view_run(&topics, i, same_topic))
		add_topic(s, &topics, i, view_run(&topics, i, same_topic));
	view_free(&topics);
	err = view_make(report, view_by_requirement, &s->view);
	if (err)
		return err;
	for (size_t i = 0; i < s->view.n;) {
		size_t end = view_run(&s->view, i, same_requirement);

		s->requirements[view_outcome(&s->view, i, end)]++;
		i = end;
	}
	return 0;
}

/* --- The table ---------------------------------------------------------------------- */

static void write_cells(const struct topic *topic, FILE *file)
{
	unsigned width = 0;

	for (const char *name = topic->name; out_next(&name);)
		width++;
	out_cut(file, topic->name, NAME);
	fprintf(file, "%*s", width < NAME ? (int)(NAME - width) : 0, "");
	fprintf(file, " %4zu %4zu %4zu %4zu", topic->n[OUTCOME_FAIL], topic->n[OUTCOME_FLAG],
		topic->n[OUTCOME_PASS], topic->n[OUTCOME_SKIP]);
}

/* Returns the number of lines. */
static unsigned write_table(const struct summary *s, FILE *file)
{
	unsigned columns = s->n_topics > ONE_COLUMN ? 2 : 1;
	unsigned rows = (s->n_topics + columns - 1) / columns;

	for (unsigned column = 0; column < columns; column++)
		fprintf(file, "%s%-*s fail flag pass skip", column ? "    " : "", NAME, "topic");
	fputc('\n', file);
	for (unsigned row = 0; row < rows; row++) {
		write_cells(&s->topics[row], file);
		if (row + rows < s->n_topics) {
			fputs("    ", file);
			write_cells(&s->topics[row + rows], file);
		}
		fputc('\n', file);
	}
	write_cells(&s->all, file);
	fputc('\n', file);
	return rows + 2;
}

/* --- What is broken, and what it comes to ------------------------------------------------ */

static void write_broken(const struct entry *entry, FILE *file)
{
	int column = fprintf(file, "  %s%s  ", entry->result.requirement->id,
		entry->result.requirement->descriptive ? " [desc]" : "");

	out_cut(file, entry->result.detail, column < WIDTH - 3 ? (unsigned)(WIDTH - column) : 3);
	fputc('\n', file);
}

/* One line for each, with the first thing that went wrong, in so many lines at most. */
static void write_failed(const struct summary *s, unsigned lines, FILE *file)
{
	size_t n = s->requirements[OUTCOME_FAIL], room = n <= lines ? n : lines - 1, shown = 0;
	const struct entry *last = NULL;

	if (!n)
		return;
	fputs("broken:\n", file);
	for (size_t i = 0; i < s->view.n && shown < room; i++) {
		const struct entry *entry = s->view.entries[i];

		if (entry->outcome != OUTCOME_FAIL || (last && same_requirement(last, entry)))
			continue;
		write_broken(entry, file);
		last = entry;
		shown++;
	}
	if (shown < n)
		fprintf(file, "  and %zu more\n", n - shown);
}

static void write_verdict(const struct summary *s, FILE *file)
{
	const size_t *n = s->requirements;

	if (n[OUTCOME_FAIL])
		fprintf(file, "FAILED: %zu of %zu requirements broken", n[OUTCOME_FAIL],
			n[OUTCOME_FAIL] + n[OUTCOME_FLAG] + n[OUTCOME_PASS] + n[OUTCOME_SKIP]);
	else if (n[OUTCOME_FLAG] + n[OUTCOME_PASS])
		fprintf(file, "PASSED: %zu requirements kept, none broken",
			n[OUTCOME_PASS] + n[OUTCOME_FLAG]);
	else
		fputs("NOTHING JUDGED", file);
	if (n[OUTCOME_FLAG])
		fprintf(file, ", %zu flagged", n[OUTCOME_FLAG]);
	fprintf(file, ", %zu skipped\n", n[OUTCOME_SKIP]);
}

int write_summary(const struct vmmio_conform_report *report, FILE *file)
{
	struct summary s = {0};
	unsigned lines;
	int err = count(report, &s);

	if (err)
		return err;
	fputs("== summary of ", file);
	out_cut(file, report->target, WIDTH - 30);
	if (report->version)
		fprintf(file, ", version %u", report->version);
	fputc('\n', file);
	lines = 1 + write_table(&s, file);
	fprintf(file, "passes proven by a hook: %zu, seen from outside: %zu\n", s.by_hook,
		s.from_outside);
	write_failed(&s, LINES - lines - 3, file);
	write_verdict(&s, file);
	view_free(&s.view);
	return 0;
}
