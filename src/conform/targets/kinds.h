/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's kinds of targets, and how they say what is wrong. */
#ifndef VMMIO_CONFORM_TARGETS_KINDS_H
#define VMMIO_CONFORM_TARGETS_KINDS_H

#include <vmmio/conform/targets.h>

/* Open functions, see struct vmmio_target_kind. */
int target_plugin_open(
	const char *args, struct vmmio_target *out, struct vmmio_target_error *error);
int target_mem_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error);
int target_qtest_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error);

/* Writes the line; returns err. */
int target_error(struct vmmio_target_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies guest memory: 1, 2, 4 and 8 aligned bytes in one access. */
void target_copy(void *to, const void *from, size_t size);

#endif
