/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in bounds. */
#include "observe/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

struct text text_begin(char *buffer, size_t size)
{
	if (size)
		buffer[0] = '\0';
	return (struct text){.buffer = buffer, .size = size};
}

void text_add(struct text *text, const char *format, ...)
{
	bool room = text->length < text->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? text->buffer + text->length : NULL,
		room ? text->size - text->length : 0, format, args);
	va_end(args);
	if (n > 0)
		text->length += (size_t)n;
}

int text_end(const struct text *text)
{
	return text->length < INT_MAX ? (int)text->length : INT_MAX;
}

int observe_refuse(const struct vmmio_log *log, int error, const char *format, ...)
{
	char line[256];
	va_list args;

	if (!log || !log->fn)
		return error;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, VMMIO_LOG_ERROR, line);
	return error;
}
