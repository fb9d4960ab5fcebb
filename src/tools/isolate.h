/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run of the suite that outlives its target: checks run in a process of their own. When
 * that dies, or the device does not answer for too long, the running check has failed, and
 * another process goes on with the checks that are left.
 */
#ifndef VMMIO_TOOLS_ISOLATE_H
#define VMMIO_TOOLS_ISOLATE_H

#include <vmmio/conform/conform.h>

struct isolate_options {
	const char *target;
	const char *only; /* as in vmmio_conform_options */
	bool destructive;
	uint64_t patience; /* ns; 0: the suite's own */
	uint64_t timeout;  /* ns, of the whole run */
	uint64_t silence;  /* ns without any access that is answered */
	/* Again and again; check NULL: none has begun. */
	void (*progress)(void *ctx, const char *check, size_t done, size_t n);
	void *ctx;
};

struct isolate_result {
	struct vmmio_conform_report *report; /* the caller frees it */
	bool no_device;                      /* there is nothing to judge at this target */
	bool timed_out;                      /* what was left is skipped in the report */
};

/* 0, or -errno: there is no report, and error says why. */
int isolate_run(const struct isolate_options *options, struct isolate_result *out, char *error,
	size_t size);

#endif
