/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A suite of a test's own, in place of the real checks and the real catalogue: what is under
 * test is the engine between them. The catalogue has the requirements T-MUST, T-MUST-2,
 * T-MUST-NOT, T-SHOULD and T-SHOULD-NOT.
 */
#ifndef VMMIO_TESTS_OWN_SUITE_H
#define VMMIO_TESTS_OWN_SUITE_H

#include "conform/engine.h"
#include "conform/fake_target.h"

/* The checks from here on are these; topic "own". */
void own_checks(const struct check *checks, size_t n);
/* Only this one, which names the requirements and needs nothing else. */
void own_check(const char *requirements, uint32_t needs, void (*run)(struct conform *c));

/* A run on this device that comes to an end; the report is kept until the next one. */
const struct vmmio_conform_report *own_run(
	struct fake *fake, const struct vmmio_conform_options *options);
/* What the last report says of a requirement; check NULL: any. NULL: nothing. */
const struct vmmio_conform_result *own_result(const char *requirement, const char *check);
/* ... which has to be this, and nothing of it flagged. */
void own_expect(const char *requirement, enum vmmio_conform_verdict verdict, const char *detail);
void own_end(void);

#endif
