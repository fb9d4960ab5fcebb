/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The conformance suite as a library (libvmmio-conform, which needs nothing of libvmmio):
 * it judges a virtio-mmio device, version 2 or 3, requirement by requirement.
 *
 *     struct vmmio_conform_report *report;
 *     err = vmmio_conform_run(&target, NULL, &report);
 *     err = vmmio_conform_write(report, VMMIO_CONFORM_TEXT, stdout);
 *     failed = vmmio_conform_counts(report).failed;
 *     vmmio_conform_report_free(report);
 *
 * Errors are 0 or -errno, outputs untouched. A run belongs to one thread; different runs
 * may go on at the same time. Nothing prints but vmmio_conform_write and its like.
 */
#ifndef VMMIO_CONFORM_CONFORM_H
#define VMMIO_CONFORM_CONFORM_H

#include <stdio.h>
#include <vmmio/conform/target.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VMMIO_CONFORM_API __attribute__((visibility("default")))
#else
#define VMMIO_CONFORM_API
#endif

/* --- The catalogue ------------------------------------------------------------------ */

enum vmmio_conform_side { VMMIO_CONFORM_DEVICE, VMMIO_CONFORM_DRIVER };

enum vmmio_conform_strength {
	VMMIO_CONFORM_MUST,
	VMMIO_CONFORM_MUST_NOT,
	VMMIO_CONFORM_SHOULD,
	VMMIO_CONFORM_SHOULD_NOT,
	VMMIO_CONFORM_MAY,
};

/* One normative sentence of the specification or of the version 3 patch. */
struct vmmio_conform_requirement {
	const char *id; /* "PATCH-DEV-04" */
	enum vmmio_conform_side side;
	enum vmmio_conform_strength strength;
	/* The sentence describes, without a keyword: the strength is our reading of it. */
	bool descriptive;
	const char *section;
	const char *text;
	/* Why there is no check (or rule, for a driver); NULL: there are some. */
	const char *reason;
};

/* All of them, in the catalogue's order. */
VMMIO_CONFORM_API const struct vmmio_conform_requirement *vmmio_conform_requirements(size_t *n);

/* NULL: there is none of this id. */
VMMIO_CONFORM_API const struct vmmio_conform_requirement *vmmio_conform_requirement(const char *id);

/* One behaviour that is looked at. */
struct vmmio_conform_check {
	const char *name;         /* "reset-status-last" */
	const char *topic;        /* "reset" */
	const char *title;        /* one line for people */
	const char *requirements; /* ids, separated by blanks */
};

/* Check number i, from 0; false: there are no more. */
VMMIO_CONFORM_API bool vmmio_conform_check(size_t i, struct vmmio_conform_check *check);

/* --- A run ----------------------------------------------------------------------------- */

enum vmmio_conform_verdict {
	VMMIO_CONFORM_PASS,
	VMMIO_CONFORM_FAIL,
	VMMIO_CONFORM_SKIP,
};

/* How a pass was seen. */
enum vmmio_conform_proof {
	VMMIO_CONFORM_BLACK_BOX, /* from outside */
	VMMIO_CONFORM_HOOK,      /* the check slowed the reset, held the I/O, changed the config */
};

/* What one check says of one requirement. Strings are the report's. */
struct vmmio_conform_result {
	const struct vmmio_conform_requirement *requirement;
	const char *check;
	enum vmmio_conform_verdict verdict;
	enum vmmio_conform_proof proof; /* of a pass */
	/* A recommendation (SHOULD) that is not kept, or something odd that the sentence does not
	 * forbid. It passes: nothing is broken. */
	bool flagged;
	/* fail: "expected ..., saw ..."; skip: the reason; flagged: as fail; else "". */
	const char *detail;
	/* fail and flagged: the accesses before it, oldest first, one on a line; else "". */
	const char *accesses;
};

struct vmmio_conform_options {
	size_t size; /* sizeof(struct vmmio_conform_options) */
	/* Ids of requirements or names of checks, separated by commas; NULL: all. */
	const char *only;
	/* Checks may write to storage that is not VMMIO_TARGET_DISPOSABLE. */
	bool destructive;
	/* How long a thing may take that the specification puts no bound to (a reset, a
	 * request), in ns of the device's clock; 0: 2 s. */
	uint64_t patience;
	/* Before each check, and after each of its results (check NULL); either may be NULL. */
	void (*begin)(void *ctx, const struct vmmio_conform_check *check, size_t i, size_t n);
	void (*result)(void *ctx, const struct vmmio_conform_result *result);
	void *ctx;
};

struct vmmio_conform_report;

/*
 * Runs the checks against an open target, which stays open. options NULL: defaults. 0: the
 * report has the verdicts. -EINVAL: target or options are unusable, or `only` names something
 * that is not there; -ENOMEM; -ENODEV: there is no virtio-mmio device of version 2 or 3 to
 * judge (wrong magic or version, DeviceID 0): the report is there all the same, with what the
 * first checks said.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_conform_run(const struct vmmio_target *target,
	const struct vmmio_conform_options *options, struct vmmio_conform_report **out);

/* NULL is fine. */
VMMIO_CONFORM_API void vmmio_conform_report_free(struct vmmio_conform_report *report);

/* A report of your own making, for what ran elsewhere: empty, to be added to. Strings are
 * copied. -ENOMEM. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_conform_report_create(
	const char *target, uint32_t version, struct vmmio_conform_report **out);
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_conform_report_add(
	struct vmmio_conform_report *report, const struct vmmio_conform_result *result);

VMMIO_CONFORM_API const char *vmmio_conform_report_target(
	const struct vmmio_conform_report *report);
/* What Version read; 0: it was not read. */
VMMIO_CONFORM_API uint32_t vmmio_conform_report_version(const struct vmmio_conform_report *report);
VMMIO_CONFORM_API size_t vmmio_conform_report_size(const struct vmmio_conform_report *report);
VMMIO_CONFORM_API const struct vmmio_conform_result *vmmio_conform_report_result(
	const struct vmmio_conform_report *report, size_t i);

/* What happened in a check, beside its verdicts; strings are the report's. */
struct vmmio_conform_note {
	const char *check;
	const char *text;
};
/* Strings are copied. -ENOMEM. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_conform_report_note(
	struct vmmio_conform_report *report, const struct vmmio_conform_note *note);
/* Note number i, from 0; NULL: there are no more. */
VMMIO_CONFORM_API const struct vmmio_conform_note *vmmio_conform_report_note_at(
	const struct vmmio_conform_report *report, size_t i);

/* Results by verdict. passed includes flagged. */
struct vmmio_conform_counts {
	size_t passed, failed, skipped, flagged;
	size_t requirements; /* that have at least one result */
};
VMMIO_CONFORM_API struct vmmio_conform_counts vmmio_conform_counts(
	const struct vmmio_conform_report *report);

enum vmmio_conform_format {
	VMMIO_CONFORM_TEXT,
	VMMIO_CONFORM_TAP,
	VMMIO_CONFORM_JUNIT,
	VMMIO_CONFORM_JSON,
	VMMIO_CONFORM_HTML,
};

/* Writes the report. 0, or -errno of the file. */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_conform_write(
	const struct vmmio_conform_report *report, enum vmmio_conform_format format, FILE *file);

#ifdef __cplusplus
}
#endif

#endif
