/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be wrong with a catalogue of requirements, and with those who judge by it (checks
 * of devices, rules for drivers). Over any arrays, so that tests can plant faults.
 */
#ifndef VMMIO_TESTS_CATALOGUE_FAULTS_H
#define VMMIO_TESTS_CATALOGUE_FAULTS_H

#include <stdio.h>
#include <vmmio/conform/conform.h>

struct faults {
	size_t n;
	size_t used;
	char text[64 * 1024]; /* one on a line */
};

struct catalogue {
	const struct vmmio_conform_requirement *rows;
	size_t n;
};

/* A check, of devices, or a rule, for drivers. */
struct judging {
	enum vmmio_conform_side side;
	const char *name;
	const char *requirements; /* ids, separated by blanks */
};

/* Each row by itself: id, side, section, text, reason. Numbers count from 01 in each family. */
void find_malformed(const struct catalogue *catalogue, struct faults *faults);

/* What is judged by name: requirements that are not there, of the wrong side, named twice;
 * judges that name none; reasons why nothing judges what something does. */
void find_misjudged(const struct catalogue *catalogue, const struct judging *judges,
	size_t n_judges, struct faults *faults);

/* Requirements that nothing judges and that have no reason for it. */
void find_orphans(const struct catalogue *catalogue, const struct judging *judges,
	size_t n_judges, struct faults *faults);

#endif
