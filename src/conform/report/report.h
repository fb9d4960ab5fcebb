/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A report from inside: results in the order in which they came, and views of them in
 * other orders for those who write them.
 */
#ifndef VMMIO_CONFORM_REPORT_H
#define VMMIO_CONFORM_REPORT_H

#include <vmmio/conform/conform.h>

/* What a result, or all results of a requirement, come to; worst first. */
enum outcome { OUTCOME_FAIL, OUTCOME_FLAG, OUTCOME_PASS, OUTCOME_SKIP, N_OUTCOMES };

struct entry {
	struct vmmio_conform_result result;
	char *strings; /* that result points into */
	const char *topic;
	const char *title; /* of the check; NULL: it is none of the suite's */
	const char *lead;  /* the title that it goes on from, part of it once it is kept */
	size_t topic_rank;       /* topics are in the order in which they came */
	size_t requirement_rank; /* requirements in the catalogue's order */
	size_t order;
	enum outcome outcome;
	bool first; /* of its requirement */
};

struct vmmio_conform_report {
	char *target;
	uint32_t version;
	struct entry *entries;
	size_t n, room;
	struct vmmio_conform_note *notes;
	size_t n_notes, notes_room;
};

/* --- Views --------------------------------------------------------------------- */

/* The entries in another order. */
struct view {
	const struct entry **entries;
	size_t n;
};

/* Two entries of one view, as qsort wants it. */
typedef int view_order(const void *a, const void *b);
view_order view_by_topic;       /* topic, requirement, as they came */
view_order view_by_requirement; /* requirement, as they came */
view_order view_by_reason;      /* skipped ones first, by reason, then requirement */

/* 0 or -ENOMEM. */
int view_make(const struct vmmio_conform_report *report, view_order *order, struct view *out);
void view_free(struct view *view);

bool same_topic(const struct entry *a, const struct entry *b);
bool same_requirement(const struct entry *a, const struct entry *b);
bool same_reason(const struct entry *a, const struct entry *b);
/* Where the run of entries that are the same as entry begin, by the given rule, ends. */
size_t view_run(const struct view *view, size_t begin,
	bool (*same)(const struct entry *a, const struct entry *b));
/* What the entries from begin to end come to: the worst; skipped only if all of them are. */
enum outcome view_outcome(const struct view *view, size_t begin, size_t end);

/* --- Words ----------------------------------------------------------------------- */

const char *side_name(enum vmmio_conform_side side);             /* "device" */
const char *strength_name(enum vmmio_conform_strength strength); /* "MUST NOT" */
const char *verdict_name(enum vmmio_conform_verdict verdict);    /* "pass" */
const char *proof_name(enum vmmio_conform_proof proof);          /* "black-box" */

/* --- Writers ------------------------------------------------------------------------ */

/* Each writes its format. 0 or -ENOMEM; what the file says is looked at by the caller. */
int write_text(const struct vmmio_conform_report *report, FILE *file);
int write_tap(const struct vmmio_conform_report *report, FILE *file);
int write_junit(const struct vmmio_conform_report *report, FILE *file);
int write_json(const struct vmmio_conform_report *report, FILE *file);
int write_html(const struct vmmio_conform_report *report, FILE *file);
/* The end of the text, which fits a screen of 80x24. */
int write_summary(const struct vmmio_conform_report *report, FILE *file);

/* page.css and page.js, which the build makes strings of. */
extern const char page_style[], page_script[];

#endif
