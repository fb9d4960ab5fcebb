/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds what is wrong with a catalogue of requirements. */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "conform/catalogue_faults.h"

enum {
	ID_SIZE = 32,
	LONGEST_TEXT = 400,
};

static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

static void fault(struct faults *faults, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fault(struct faults *faults, const char *format, ...)
{
	size_t room = sizeof(faults->text) - faults->used;
	va_list args;
	int n;

	faults->n++;
	va_start(args, format);
	n = vsnprintf(faults->text + faults->used, room, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n + 1 < room) {
		faults->used += (size_t)n + 1;
		strcpy(faults->text + faults->used - 1, "\n");
	}
}

static const struct vmmio_conform_requirement *find(
	const struct catalogue *catalogue, const char *id)
{
	for (size_t i = 0; i < catalogue->n; i++) {
		if (strcmp(catalogue->rows[i].id, id) == 0)
			return &catalogue->rows[i];
	}
	return NULL;
}

/* --- Form --------------------------------------------------------------------------- */

static const char *side_name(enum vmmio_conform_side side)
{
	return side == VMMIO_CONFORM_DEVICE ? "DEV" : "DRV";
}

/* The letters before the number, "GEN-DEV-", as a length. */
static size_t family_length(const char *id)
{
	return strlen(id) > 2 ? strlen(id) - 2 : 0;
}

/* How many rows before this one are of its family. */
static size_t rows_before(const struct catalogue *catalogue, size_t row)
{
	const char *id = catalogue->rows[row].id;
	size_t n = 0;

	for (size_t i = 0; i < row; i++) {
		if (family_length(catalogue->rows[i].id) == family_length(id) &&
			strncmp(catalogue->rows[i].id, id, family_length(id)) == 0)
			n++;
	}
	return n;
}

/* FAMILY-DEV-NN, the number the next one of the family. */
static void check_id(const struct catalogue *catalogue, size_t row, struct faults *faults)
{
	const struct vmmio_conform_requirement *r = &catalogue->rows[row];
	size_t letters = strspn(r->id, upper);
	char expected[ID_SIZE];

	snprintf(expected, sizeof(expected), "%.*s-%s-%02zu", (int)letters, r->id,
		side_name(r->side), rows_before(catalogue, row) + 1);
	if (letters < 3 || letters > 6 || strcmp(r->id, expected) != 0)
		fault(faults, "%s: expected the id %s here", r->id, expected);
}

/* "2.7.5.3 Indirect Descriptors" */
static void check_section(const struct vmmio_conform_requirement *r, struct faults *faults)
{
	size_t number = strspn(r->section, "0123456789.");

	if (!isdigit((unsigned char)r->section[0]) || !number || r->section[number - 1] == '.' ||
		r->section[number] != ' ' || !strchr(upper, r->section[number + 1]) ||
		!r->section[number + 1])
		fault(faults, "%s: no number and title in its section: %s", r->id, r->section);
}

static void check_sentence(const char *id, const char *what, const char *text,
	struct faults *faults)
{
	size_t n = strlen(text);

	if (n < 10 || text[n - 1] != '.' || text[n - 2] == '.' || !isupper((unsigned char)text[0]))
		fault(faults, "%s: its %s is no sentence: %s", id, what, text);
	if (n > LONGEST_TEXT)
		fault(faults, "%s: its %s has %zu characters, more than %d", id, what, n,
			LONGEST_TEXT);
	if (strstr(text, "  "))
		fault(faults, "%s: its %s has two blanks in a row", id, what);
}

static const char *const keywords[] = {
	[VMMIO_CONFORM_MUST] = "must",
	[VMMIO_CONFORM_MUST_NOT] = "must not",
	[VMMIO_CONFORM_SHOULD] = "should",
	[VMMIO_CONFORM_SHOULD_NOT] = "should not",
	[VMMIO_CONFORM_MAY] = "may",
};

enum { N_KEYWORDS = sizeof(keywords) / sizeof(keywords[0]) };

/* Does text begin with this word? */
static bool begins(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 && !isalnum((unsigned char)text[n]) && text[n] != '_';
}

/* Whole words; and "must not" is no "must". */
static bool says(const char *text, const char *keyword)
{
	for (const char *at = strstr(text, keyword); at; at = strstr(at + 1, keyword)) {
		bool inside = at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');

		if (!inside && begins(at, keyword) && !begins(at + strlen(keyword), " not"))
			return true;
	}
	return false;
}

/* A requirement uses the word of its strength and none of the others; a description none. */
static void check_wording(const struct vmmio_conform_requirement *r, struct faults *faults)
{
	for (size_t i = 0; i < N_KEYWORDS; i++) {
		bool own = !r->descriptive && i == (size_t)r->strength;

		if (says(r->text, keywords[i]) != own)
			fault(faults, "%s: its text %s \"%s\"", r->id,
				own ? "does not say" : "says", keywords[i]);
	}
}

/* Ids that stand in a text are there. */
static void check_references(const struct catalogue *catalogue,
	const struct vmmio_conform_requirement *r, const char *text, struct faults *faults)
{
	while (*text) {
		size_t letters = strspn(text, upper);
		char id[ID_SIZE];

		if (letters && (!strncmp(text + letters, "-DEV-", 5) ||
				       !strncmp(text + letters, "-DRV-", 5))) {
			size_t n = letters + 5 + strspn(text + letters + 5, digits);

			snprintf(id, sizeof(id), "%.*s", (int)n, text);
			if (!find(catalogue, id) || strcmp(id, r->id) == 0)
				fault(faults, "%s: refers to %s", r->id, id);
		}
		text += letters ? letters : 1;
	}
}

void find_malformed(const struct catalogue *catalogue, struct faults *faults)
{
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct vmmio_conform_requirement *r = &catalogue->rows[i];

		check_id(catalogue, i, faults);
		check_section(r, faults);
		check_sentence(r->id, "text", r->text, faults);
		check_wording(r, faults);
		check_references(catalogue, r, r->text, faults);
		if (!r->reason)
			continue;
		check_sentence(r->id, "reason", r->reason, faults);
		check_references(catalogue, r, r->reason, faults);
	}
}

/* --- Who judges what ------------------------------------------------------------------ */

/* The next id of a list, which moves past it. */
static bool next_id(const char **list, char *id, size_t size)
{
	size_t n;

	*list += strspn(*list, " ");
	n = strcspn(*list, " ");
	snprintf(id, size, "%.*s", (int)n, *list);
	*list += n;
	return n > 0;
}

static size_t times_named(const struct judging *judge, const char *id)
{
	const char *list = judge->requirements;
	char next[ID_SIZE];
	size_t n = 0;

	while (next_id(&list, next, sizeof(next)))
		n += strcmp(next, id) == 0;
	return n;
}

static const struct judging *judge_of(const char *id, const struct judging *judges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (times_named(&judges[i], id))
			return &judges[i];
	}
	return NULL;
}

static void check_judge(const struct catalogue *catalogue, const struct judging *judge,
	struct faults *faults)
{
	const char *list = judge->requirements;
	char id[ID_SIZE];
	size_t n = 0;

	for (; next_id(&list, id, sizeof(id)); n++) {
		const struct vmmio_conform_requirement *r = find(catalogue, id);

		if (!r)
			fault(faults, "%s judges %s, which is not in the catalogue", judge->name,
				id);
		else if (r->side != judge->side)
			fault(faults, "%s judges %s, which is for the other side", judge->name, id);
		if (times_named(judge, id) > 1)
			fault(faults, "%s names %s more than once", judge->name, id);
	}
	if (n == 0)
		fault(faults, "%s judges no requirement", judge->name);
}

void find_misjudged(const struct catalogue *catalogue, const struct judging *judges,
	size_t n_judges, struct faults *faults)
{
	for (size_t i = 0; i < n_judges; i++)
		check_judge(catalogue, &judges[i], faults);
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct vmmio_conform_requirement *r = &catalogue->rows[i];
		const struct judging *judge = judge_of(r->id, judges, n_judges);

		if (judge && r->reason)
			fault(faults, "%s: %s judges it, and it has a reason why nothing does",
				r->id, judge->name);
	}
}

void find_orphans(const struct catalogue *catalogue, const struct judging *judges,
	size_t n_judges, struct faults *faults)
{
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct vmmio_conform_requirement *r = &catalogue->rows[i];

		if (!r->reason && !judge_of(r->id, judges, n_judges))
			fault(faults, "%s: no %s, and no reason why there is none", r->id,
				r->side == VMMIO_CONFORM_DEVICE ? "check" : "rule");
	}
}
