/* SPDX-License-Identifier: BSD-3-Clause */
/* What a play comes to: verdicts of its own, beside those of the monitor, and what happened. */
#ifndef VMMIO_CONFORM_PUPPET_FINDINGS_H
#define VMMIO_CONFORM_PUPPET_FINDINGS_H

#include "conform/puppet/scenario.h"

enum { FINDINGS = 12, FINDING_TEXT = 300, NOTE_TEXT = 500, ACCESSES_TEXT = 2000 };

struct finding {
	const struct vmmio_conform_requirement *requirement;
	enum vmmio_conform_verdict verdict;
	char detail[FINDING_TEXT];
	char accesses[ACCESSES_TEXT]; /* of a fail */
};

struct findings {
	const struct scenario *scenario;
	struct finding list[FINDINGS];
	unsigned n;
	char accesses[ACCESSES_TEXT]; /* those before what is judged next */
	char skipped[FINDING_TEXT];   /* nothing was judged, for this reason; "": it was */
	char note[NOTE_TEXT];
};

/* Of each of these ids; the worst counts, a skip the least. */
void findings_judge(struct findings *f, const char *ids, enum vmmio_conform_verdict verdict,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* One thing more that happened. */
void findings_note(struct findings *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* All of it, with the verdicts of the monitor (NULL: there was none). 0, or -ENOMEM. */
int findings_report(const struct findings *f, const struct vmmio_conform_report *monitor,
	struct vmmio_conform_report *report);

#endif
