/* SPDX-License-Identifier: BSD-3-Clause */
/* Setting after setting, scenario after scenario. */
#include "tools/plays_merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int merge_name(struct merge *merge, const char *name)
{
	if (merge->name)
		return 0;
	merge->name = strdup(name);
	return merge->name ? 0 : -ENOMEM;
}

void merge_add(struct merge *merge, enum vmmio_setting setting, struct vmmio_conform_report *report)
{
	merge->plays[setting] = report;
}

static void free_plays(struct merge *merge)
{
	for (unsigned s = 0; s < VMMIO_SETTINGS; s++) {
		vmmio_conform_report_free(merge->plays[s]);
		merge->plays[s] = NULL;
	}
}

void merge_free(struct merge *merge)
{
	free_plays(merge);
	vmmio_conform_report_free(merge->all);
	free(merge->name);
	*merge = (struct merge){0};
}

/* --- One scenario --------------------------------------------------------------------------- */

static const struct vmmio_conform_result *find(
	const struct vmmio_conform_report *report, const struct vmmio_conform_requirement *about)
{
	for (size_t i = 0; report && i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (result->requirement == about)
			return result;
	}
	return NULL;
}

/* How much it says; the more the worse. */
static unsigned weight(const struct vmmio_conform_result *result)
{
	if (!result)
		return 0;
	if (result->verdict == VMMIO_CONFORM_FAIL)
		return 4;
	if (result->verdict == VMMIO_CONFORM_SKIP)
		return 1;
	return result->flagged ? 3 : 2;
}

/* The names of the settings that have come to this weight. */
static void list_settings(const struct merge *merge, const struct vmmio_conform_requirement *about,
	unsigned worst, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned s = 0; s < VMMIO_SETTINGS && at < size; s++)
		if (weight(find(merge->plays[s], about)) == worst)
			at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "",
				vmmio_setting_name((enum vmmio_setting)s));
}

/* Adds the worst that the settings have to say. Of skips the last one: the device of a later
 * setting can do more. */
static int add_worst(struct merge *merge, const struct vmmio_conform_requirement *about)
{
	const struct vmmio_conform_result *worst = NULL;
	struct vmmio_conform_result result;
	char settings[80], *detail;
	size_t size;
	int err;

	for (unsigned s = 0; s < VMMIO_SETTINGS; s++) {
		const struct vmmio_conform_result *other = find(merge->plays[s], about);

		if (other && (weight(other) > weight(worst) ||
				     (weight(other) == 1 && weight(worst) == 1)))
			worst = other;
	}
	if (!worst)
		return 0;
	if (weight(worst) < 3)
		return vmmio_conform_report_add(merge->all, worst);
	result = *worst;
	list_settings(merge, about, weight(worst), settings, sizeof(settings));
	size = strlen(result.detail) + sizeof(settings) + 4;
	detail = malloc(size);
	if (!detail)
		return -ENOMEM;
	snprintf(detail, size, "%s (%s)", result.detail, settings);
	result.detail = detail;
	err = vmmio_conform_report_add(merge->all, &result);
	free(detail);
	return err;
}

/* --- What happened -------------------------------------------------------------------------- */

static const char *note_of(const struct merge *merge, unsigned s, size_t i)
{
	const struct vmmio_conform_note *note =
		merge->plays[s] ? vmmio_conform_report_note_at(merge->plays[s], i) : NULL;

	return note ? note->text : NULL;
}

/* Note number i of each setting; settings in which the same happened are told of together. */
static int add_notes(struct merge *merge, const char *scenario, size_t i)
{
	bool told[VMMIO_SETTINGS] = {false};
	char text[800];
	int err = 0;

	for (unsigned s = 0; s < VMMIO_SETTINGS && !err; s++) {
		const char *first = note_of(merge, s, i);
		size_t at = 0;

		if (!first || told[s])
			continue;
		for (unsigned other = s; other < VMMIO_SETTINGS; other++) {
			const char *note = note_of(merge, other, i);

			if (!note || strcmp(note, first) || told[other])
				continue;
			told[other] = true;
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? ", " : "",
				vmmio_setting_name((enum vmmio_setting)other));
		}
		snprintf(text + at, sizeof(text) - at, ": %s", first);
		err = vmmio_conform_report_note(
			merge->all, &(struct vmmio_conform_note){scenario, text});
	}
	return err;
}

int merge_end(struct merge *merge, const char *scenario)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);
	int err = 0;

	if (!merge->all)
		err = vmmio_conform_report_create("", 0, &merge->all);
	for (size_t i = 0; i < n && !err; i++)
		err = add_worst(merge, &all[i]);
	/* The second one is about a driver that fell over when it was closed. */
	for (size_t i = 0; i < 2 && !err; i++)
		err = add_notes(merge, scenario, i);
	free_plays(merge);
	return err;
}

/* --- All scenarios -------------------------------------------------------------------------- */

static bool is_skip(const struct vmmio_conform_result *result)
{
	return result->verdict == VMMIO_CONFORM_SKIP;
}

static bool is_bad(const struct vmmio_conform_result *result)
{
	return result->verdict == VMMIO_CONFORM_FAIL || result->flagged;
}

/* What the scenario was not about. */
static bool is_by_the_way(const struct vmmio_conform_result *result)
{
	return result->proof == VMMIO_CONFORM_BLACK_BOX;
}

/*
 * Does other make it needless to tell of result? A skip says less than anything else; of several
 * the last one is told, as the scenario behind it is about the requirement. What was seen by the
 * way is told at its first occasion: a pass if there is nothing else but skips, trouble whatever
 * passed elsewhere.
 */
static bool says_more(const struct vmmio_conform_result *other,
	const struct vmmio_conform_result *result, bool behind)
{
	if (other->requirement != result->requirement)
		return false;
	if (is_skip(result))
		return !is_skip(other) || behind;
	if (is_bad(result))
		return is_bad(other) && !behind;
	return !is_skip(other) && (!is_by_the_way(other) || !behind);
}

static bool is_needless(const struct vmmio_conform_report *report, size_t i)
{
	const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

	if (!is_skip(result) && !is_by_the_way(result))
		return false;
	for (size_t k = 0; k < vmmio_conform_report_size(report); k++)
		if (k != i && says_more(vmmio_conform_report_result(report, k), result, k > i))
			return true;
	return false;
}

/* Scenarios behind number i in which the same trouble is not told of again. */
static unsigned count_untold(const struct vmmio_conform_report *report, size_t i)
{
	const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);
	unsigned n = 0;

	for (size_t k = 0; k < i; k++) {
		const struct vmmio_conform_result *other = vmmio_conform_report_result(report, k);

		if (other->requirement == result->requirement && is_bad(other))
			return 0; /* that one tells of them */
	}
	for (size_t k = i + 1; k < vmmio_conform_report_size(report); k++) {
		const struct vmmio_conform_result *other = vmmio_conform_report_result(report, k);

		n += other->requirement == result->requirement && is_bad(other) &&
		     is_by_the_way(other);
	}
	return n;
}

static int add_told(
	struct vmmio_conform_report *report, struct vmmio_conform_result result, unsigned untold)
{
	const size_t size = strlen(result.detail) + 60;
	char *detail;
	int err;

	if (!untold)
		return vmmio_conform_report_add(report, &result);
	detail = malloc(size);
	if (!detail)
		return -ENOMEM;
	snprintf(detail, size, "%s; and in %u other scenarios", result.detail, untold);
	result.detail = detail;
	err = vmmio_conform_report_add(report, &result);
	free(detail);
	return err;
}

static int add_all(const struct vmmio_conform_report *all, struct vmmio_conform_report *report)
{
	const struct vmmio_conform_note *note;
	int err = 0;

	for (size_t i = 0; !err && i < vmmio_conform_report_size(all); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(all, i);

		if (!is_needless(all, i))
			err = add_told(report, *result, is_bad(result) ? count_untold(all, i) : 0);
	}
	for (size_t i = 0; !err && (note = vmmio_conform_report_note_at(all, i)); i++)
		err = vmmio_conform_report_note(report, note);
	return err;
}

int merge_report(const struct merge *merge, const char *driver, struct vmmio_conform_report **out)
{
	struct vmmio_conform_report *report;
	int err = vmmio_conform_report_create(merge->name ? merge->name : driver, 0, &report);

	if (err)
		return err;
	err = add_all(merge->all, report);
	if (err)
		vmmio_conform_report_free(report);
	else
		*out = report;
	return err;
}
