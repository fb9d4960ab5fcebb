/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One report out of those of many plays. A scenario that was played in several settings has one
 * result for each requirement, the worst. What no play has judged is skipped once, and what
 * was seen in scenarios that are not about it is told of once.
 */
#ifndef VMMIO_TOOLS_PLAYS_MERGE_H
#define VMMIO_TOOLS_PLAYS_MERGE_H

#include <vmmio/conform/scenario.h>

struct merge {
	char *name; /* of the driver */
	/* Of the scenario that is played. */
	struct vmmio_conform_report *plays[VMMIO_SETTINGS]; /* NULL: not played */
	/* Of the scenarios before, skips included. */
	struct vmmio_conform_report *all;
};

/* They return 0, or -errno. A struct merge is all zero at first. */
int merge_name(struct merge *merge, const char *name);
/* Takes the report. */
void merge_add(
	struct merge *merge, enum vmmio_setting setting, struct vmmio_conform_report *report);
/* The scenario was played in all settings. */
int merge_end(struct merge *merge, const char *scenario);
/* The report; driver is its name if the driver has not told one. */
int merge_report(const struct merge *merge, const char *driver, struct vmmio_conform_report **out);
void merge_free(struct merge *merge);

#endif
