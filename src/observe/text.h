/* SPDX-License-Identifier: BSD-3-Clause */
/* Text built up in the caller's buffer with the bounds and the result of snprintf, and the log
 * line of a refused call. */
#ifndef VMMIO_OBSERVE_TEXT_H
#define VMMIO_OBSERVE_TEXT_H

#include <stdint.h>
#include <vmmio/base.h>

struct text {
	char *buffer;
	size_t size;
	size_t length; /* of the whole text, also of what did not fit */
};

/* size 0: nothing is written, buffer may be NULL. */
struct text text_begin(char *buffer, size_t size);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int text_end(const struct text *text);

/* Logs a line for the named object and returns error. */
int observe_refuse(const struct vmmio_log *log, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
