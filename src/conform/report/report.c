/* SPDX-License-Identifier: BSD-3-Clause */
/* A report: results are added, counted, and given out again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/scenario.h>

#include "conform/report/report.h"

int vmmio_conform_report_create(
	const char *target, uint32_t version, struct vmmio_conform_report **out)
{
	struct vmmio_conform_report *report;

	if (!target || !out)
		return -EINVAL;
	report = calloc(1, sizeof(*report));
	if (!report)
		return -ENOMEM;
	report->version = version;
	report->target = strdup(target);
	if (!report->target) {
		free(report);
		return -ENOMEM;
	}
	*out = report;
	return 0;
}

void vmmio_conform_report_free(struct vmmio_conform_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->n; i++)
		free(report->entries[i].strings);
	for (size_t i = 0; i < report->n_notes; i++)
		free((char *)(uintptr_t)report->notes[i].check);
	free(report->notes);
	free(report->entries);
	free(report->target);
	free(report);
}

static int make_room(struct vmmio_conform_report *report)
{
	size_t room = report->room ? 2 * report->room : 64;
	struct entry *entries;

	if (report->n < report->room)
		return 0;
	entries = realloc(report->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	report->entries = entries;
	report->room = room;
	return 0;
}

/* Moves *text behind what is at *to, which moves on. */
static void keep(const char **text, char **to)
{
	size_t size = strlen(*text) + 1;

	memcpy(*to, *text, size);
	*text = *to;
	*to += size;
}

/* A title that begins with dots goes on from the one before it, which the reader does not have. */
static size_t title_size(const struct entry *entry)
{
	return entry->lead ? strlen(entry->lead) + strlen(entry->title) + 2 : 0;
}

static void keep_title(struct entry *entry, char **to)
{
	size_t size = title_size(entry);

	if (!size)
		return;
	snprintf(*to, size, "%s %s", entry->lead, entry->title);
	entry->title = *to;
	*to += size;
}

/* The strings of the result, copied into one block. */
static int copy_strings(struct entry *entry)
{
	struct vmmio_conform_result *r = &entry->result;
	char *to;

	r->detail = r->detail ? r->detail : "";
	r->accesses = r->accesses ? r->accesses : "";
	to = malloc(strlen(r->check) + strlen(r->detail) + strlen(r->accesses) + 3 +
		    title_size(entry));
	if (!to)
		return -ENOMEM;
	entry->strings = to;
	keep_title(entry, &to);
	keep(&r->check, &to);
	keep(&r->detail, &to);
	keep(&r->accesses, &to);
	return 0;
}

/* A monitor's rule is none of the suite's checks and has no topic but its side. */
static void set_check(struct entry *entry)
{
	struct vmmio_conform_check check;
	struct vmmio_scenario scenario;
	const char *lead = NULL;

	for (size_t i = 0; vmmio_conform_check(i, &check); i++) {
		bool goes_on = !strncmp(check.title, "...", 3);

		if (!strcmp(check.name, entry->result.check)) {
			entry->topic = check.topic;
			entry->title = check.title;
			entry->lead = goes_on ? lead : NULL;
			return;
		}
		lead = goes_on ? lead : check.title;
	}
	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		if (!strcmp(scenario.name, entry->result.check)) {
			entry->topic = scenario.topic;
			return;
		}
	entry->topic = side_name(entry->result.requirement->side);
}

static enum outcome outcome_of(const struct vmmio_conform_result *result)
{
	if (result->verdict == VMMIO_CONFORM_FAIL)
		return OUTCOME_FAIL;
	if (result->verdict == VMMIO_CONFORM_SKIP)
		return OUTCOME_SKIP;
	return result->flagged ? OUTCOME_FLAG : OUTCOME_PASS;
}

/* Its place in the catalogue; n for one that is not in it. */
static size_t place_of(const struct vmmio_conform_requirement *requirement, size_t *n)
{
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(n);

	for (size_t i = 0; i < *n; i++)
		if (!strcmp(all[i].id, requirement->id))
			return i;
	return *n;
}

/* What the entry has to do with those before it. */
static void relate(const struct vmmio_conform_report *report, struct entry *entry)
{
	size_t n;

	entry->order = entry->topic_rank = report->n;
	entry->requirement_rank = place_of(entry->result.requirement, &n);
	if (entry->requirement_rank == n)
		entry->requirement_rank += report->n;
	entry->first = true;
	for (size_t i = 0; i < report->n; i++) {
		const struct entry *other = &report->entries[i];

		if (!strcmp(other->topic, entry->topic))
			entry->topic_rank = other->topic_rank;
		if (same_requirement(other, entry)) {
			entry->requirement_rank = other->requirement_rank;
			entry->first = false;
		}
	}
}

int vmmio_conform_report_add(
	struct vmmio_conform_report *report, const struct vmmio_conform_result *result)
{
	struct entry entry = {0};
	int err;

	if (!report || !result || !result->requirement || !result->check)
		return -EINVAL;
	err = make_room(report);
	if (err)
		return err;
	entry.result = *result;
	set_check(&entry);
	entry.outcome = outcome_of(result);
	err = copy_strings(&entry);
	if (err)
		return err;
	relate(report, &entry);
	report->entries[report->n++] = entry;
	return 0;
}

/* --- Notes -------------------------------------------------------------------------------- */

static int make_room_for_note(struct vmmio_conform_report *report)
{
	size_t room = report->notes_room ? 2 * report->notes_room : 16;
	struct vmmio_conform_note *notes;

	if (report->n_notes < report->notes_room)
		return 0;
	notes = realloc(report->notes, room * sizeof(*notes));
	if (!notes)
		return -ENOMEM;
	report->notes = notes;
	report->notes_room = room;
	return 0;
}

/* Both strings are one block, which begins with the check's name. */
int vmmio_conform_report_note(
	struct vmmio_conform_report *report, const struct vmmio_conform_note *note)
{
	struct vmmio_conform_note kept;
	char *to;
	int err;

	if (!report || !note || !note->check || !note->text)
		return -EINVAL;
	err = make_room_for_note(report);
	if (err)
		return err;
	to = malloc(strlen(note->check) + strlen(note->text) + 2);
	if (!to)
		return -ENOMEM;
	kept = *note;
	keep(&kept.check, &to);
	keep(&kept.text, &to);
	report->notes[report->n_notes++] = kept;
	return 0;
}

const struct vmmio_conform_note *vmmio_conform_report_note_at(
	const struct vmmio_conform_report *report, size_t i)
{
	return i < report->n_notes ? &report->notes[i] : NULL;
}

/* --- Looking at it ------------------------------------------------------------------------ */

const char *vmmio_conform_report_target(const struct vmmio_conform_report *report)
{
	return report->target;
}

uint32_t vmmio_conform_report_version(const struct vmmio_conform_report *report)
{
	return report->version;
}

size_t vmmio_conform_report_size(const struct vmmio_conform_report *report)
{
	return report->n;
}

const struct vmmio_conform_result *vmmio_conform_report_result(
	const struct vmmio_conform_report *report, size_t i)
{
	return i < report->n ? &report->entries[i].result : NULL;
}

struct vmmio_conform_counts vmmio_conform_counts(const struct vmmio_conform_report *report)
{
	struct vmmio_conform_counts counts = {0};

	for (size_t i = 0; i < report->n; i++) {
		const struct entry *entry = &report->entries[i];

		counts.passed += entry->result.verdict == VMMIO_CONFORM_PASS;
		counts.failed += entry->outcome == OUTCOME_FAIL;
		counts.skipped += entry->outcome == OUTCOME_SKIP;
		counts.flagged += entry->outcome == OUTCOME_FLAG;
		counts.requirements += entry->first;
	}
	return counts;
}

static int (*const writers[])(const struct vmmio_conform_report *report, FILE *file) = {
	[VMMIO_CONFORM_TEXT] = write_text,
	[VMMIO_CONFORM_TAP] = write_tap,
	[VMMIO_CONFORM_JUNIT] = write_junit,
	[VMMIO_CONFORM_JSON] = write_json,
	[VMMIO_CONFORM_HTML] = write_html,
};

int vmmio_conform_write(
	const struct vmmio_conform_report *report, enum vmmio_conform_format format, FILE *file)
{
	int err;

	if (!report || !file || (size_t)format >= sizeof(writers) / sizeof(writers[0]))
		return -EINVAL;
	errno = 0;
	err = writers[format](report, file);
	if (err)
		return err;
	if (fflush(file) || ferror(file))
		return errno ? -errno : -EIO;
	return 0;
}
