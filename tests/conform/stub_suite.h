/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A suite of which everything is known, in place of the catalogue, the checks and the engine:
 * for tests of what is around them. Requirements STUB-DEV-00 to STUB-DEV-59; check-00 to
 * check-29, which judge two of them each: check-03 judges STUB-DEV-06 and STUB-DEV-07. What
 * they say is what the device's register STUB_REGISTER + 4 * 3 reads.
 */
#ifndef VMMIO_TESTS_STUB_SUITE_H
#define VMMIO_TESTS_STUB_SUITE_H

#include <vmmio/conform/conform.h>

enum { STUB_REQUIREMENTS = 60, STUB_CHECKS = 30 };

/* What a check's register reads, and so what the check says. */
enum stub_answer {
	STUB_PASS,
	STUB_HOOK, /* a pass, proven by a hook */
	STUB_FLAG, /* a pass that is flagged */
	STUB_SKIP, /* with one of two reasons */
	STUB_FAIL,
	STUB_CRAWL,   /* passes after reading on for a while */
	STUB_ENDLESS, /* reads on for ever */
};

/* Before the first check the suite reads MagicValue and Version. */
enum { STUB_REGISTER = 0x100 };

/* How many topics the checks are spread over; 1 to STUB_CHECKS, 4 at first. */
extern unsigned stub_topics;

/* In every failure's detail: what has to be escaped in one format or another. */
#define STUB_NASTY "<b>&amp;\"quoted\\\" \x1b[31m # ]]> \xff\xc0\xaf'"

#endif
