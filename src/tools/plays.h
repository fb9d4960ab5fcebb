/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scenarios played with a driver that may crash or hang: each play in a process of its own,
 * and one report of all of them.
 */
#ifndef VMMIO_TOOLS_PLAYS_H
#define VMMIO_TOOLS_PLAYS_H

#include <vmmio/conform/scenario.h>

struct plays_options {
	const char *driver;    /* as vmmio_subject_open_spec takes it */
	const char *scenarios; /* names, separated by commas; NULL: all */
	uint64_t silence;      /* ns that a driver may neither return nor touch the bus */
	/* Again and again. */
	void (*progress)(void *ctx, const char *scenario, size_t done, size_t n);
	void *ctx;
};

struct plays_result {
	struct vmmio_conform_report *report; /* the caller frees it */
	bool died;                           /* the driver, in a play: a note says in which */
	bool never_up; /* it works with no correct device: nothing was judged */
};

/* Whether such a list names this scenario. */
bool plays_names(const char *list, const char *scenario);
/* The first word of the list that is no scenario: false, and the word; true: there is none. */
bool plays_know(const char *list, char *word, size_t size);

/* The drivers that are the tool's own, as vmmio_subject_open_spec takes them. */
extern const struct vmmio_subject_kind tool_drivers[];

/* 0, or -errno: there is no report, and error says why. */
int plays_run(
	const struct plays_options *options, struct plays_result *out, char *error, size_t size);

#endif
