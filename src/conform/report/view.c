/* SPDX-License-Identifier: BSD-3-Clause */
/* A report's results in another order, and the words for what they hold. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform/report/report.h"

static const struct entry *at(const void *place)
{
	return *(const struct entry *const *)place;
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

int view_by_requirement(const void *a, const void *b)
{
	int places = compare(at(a)->requirement_rank, at(b)->requirement_rank);

	return places ? places : compare(at(a)->order, at(b)->order);
}

int view_by_topic(const void *a, const void *b)
{
	int topics = compare(at(a)->topic_rank, at(b)->topic_rank);

	return topics ? topics : view_by_requirement(a, b);
}

int view_by_reason(const void *a, const void *b)
{
	bool a_skips = at(a)->outcome == OUTCOME_SKIP, b_skips = at(b)->outcome == OUTCOME_SKIP;
	int reasons;

	if (a_skips != b_skips)
		return a_skips ? -1 : 1;
	reasons = a_skips ? strcmp(at(a)->result.detail, at(b)->result.detail) : 0;
	return reasons ? reasons : view_by_requirement(a, b);
}

int view_make(const struct vmmio_conform_report *report, view_order *order, struct view *out)
{
	/* One more, as there may be none. */
	const struct entry **entries = malloc((report->n + 1) * sizeof(const struct entry *));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < report->n; i++)
		entries[i] = &report->entries[i];
	qsort(entries, report->n, sizeof(const struct entry *), order);
	*out = (struct view){.entries = entries, .n = report->n};
	return 0;
}

void view_free(struct view *view)
{
	free(view->entries);
}

bool same_topic(const struct entry *a, const struct entry *b)
{
	return a->topic_rank == b->topic_rank;
}

bool same_requirement(const struct entry *a, const struct entry *b)
{
	return !strcmp(a->result.requirement->id, b->result.requirement->id);
}

bool same_reason(const struct entry *a, const struct entry *b)
{
	return a->outcome == OUTCOME_SKIP && b->outcome == OUTCOME_SKIP &&
	       !strcmp(a->result.detail, b->result.detail);
}

size_t view_run(const struct view *view, size_t begin,
	bool (*same)(const struct entry *a, const struct entry *b))
{
	size_t end = begin + 1;

	while (end < view->n && same(view->entries[begin], view->entries[end]))
		end++;
	return end;
}

enum outcome view_outcome(const struct view *view, size_t begin, size_t end)
{
	enum outcome worst = OUTCOME_SKIP;

	for (size_t i = begin; i < end; i++)
		if (view->entries[i]->outcome < worst)
			worst = view->entries[i]->outcome;
	return worst;
}

const char *side_name(enum vmmio_conform_side side)
{
	return side == VMMIO_CONFORM_DRIVER ? "driver" : "device";
}

const char *strength_name(enum vmmio_conform_strength strength)
{
	static const char *const names[] = {
		[VMMIO_CONFORM_MUST] = "MUST",
		[VMMIO_CONFORM_MUST_NOT] = "MUST NOT",
		[VMMIO_CONFORM_SHOULD] = "SHOULD",
		[VMMIO_CONFORM_SHOULD_NOT] = "SHOULD NOT",
		[VMMIO_CONFORM_MAY] = "MAY",
	};

	return names[strength];
}

const char *verdict_name(enum vmmio_conform_verdict verdict)
{
	static const char *const names[] = {
		[VMMIO_CONFORM_PASS] = "pass",
		[VMMIO_CONFORM_FAIL] = "fail",
		[VMMIO_CONFORM_SKIP] = "skip",
	};

	return names[verdict];
}

const char *proof_name(enum vmmio_conform_proof proof)
{
	return proof == VMMIO_CONFORM_HOOK ? "hook" : "black-box";
}
