/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Targets by name: `KIND:ARGS`, as the tool's --target takes it.
 *
 *     struct vmmio_target_error error;
 *     struct vmmio_target target;
 *     err = vmmio_target_open_spec("plugin:./mine.so", NULL, &target, &error);
 *     if (err)
 *             fprintf(stderr, "%s\n", error.text);
 *     ...
 *     vmmio_target_close(&target);
 */
#ifndef VMMIO_CONFORM_TARGETS_H
#define VMMIO_CONFORM_TARGETS_H

#include <vmmio/conform/conform.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a target cannot be had: one line, without a newline, that says what to do. */
struct vmmio_target_error {
	char text[512];
};

/*
 * A kind of target. open: args is what stands behind the colon, "" if nothing; out arrives
 * zeroed, size apart. 0, or -errno with error->text filled in and nothing left behind.
 */
struct vmmio_target_kind {
	const char *name;  /* "mem" */
	const char *usage; /* "mem:ADDR[,ram=SIZE]" */
	const char *about; /* what it reaches, one line */
	int (*open)(const char *args, struct vmmio_target *out, struct vmmio_target_error *error);
};

/* The kinds that the library has, for a usage message. */
VMMIO_CONFORM_API const struct vmmio_target_kind *vmmio_target_kinds(size_t *n);

/*
 * Opens a target. more: kinds of the caller's, looked at first, the last of them with a
 * NULL name; NULL: none. What the kind has filled in is checked, so that a run can rely on
 * it: required functions are there, memory is aligned, there is a name.
 * 0: close it with vmmio_target_close. -EINVAL: no such kind, wrong arguments, or the target
 * is not what it has to be; or what the kind's open returned. error may be NULL; out is
 * untouched on error.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_target_open_spec(const char *spec,
	const struct vmmio_target_kind *more, struct vmmio_target *out,
	struct vmmio_target_error *error);

/* Closes it, and clears the struct. One that is cleared already, or NULL: nothing. */
VMMIO_CONFORM_API void vmmio_target_close(struct vmmio_target *target);

#ifdef __cplusplus
}
#endif

#endif
