/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings for each format. */
#include <stdbool.h>
#include <string.h>

#include "conform/report/out.h"

enum { REPLACEMENT = 0xfffd, COLUMNS = 80 };

/* --- UTF-8 ------------------------------------------------------------------------ */

/* How many bytes a sequence has that begins like this; 0: none does. */
static unsigned sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Too long a way to write it, half a surrogate pair, beyond the last one. */
static bool is_misspelt(uint32_t code, unsigned length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	return code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
}

uint32_t out_next(const char **text)
{
	unsigned char first = (unsigned char)**text;
	unsigned length = sequence_length(first);
	uint32_t code = length > 1 ? first & (0x7fu >> length) : first;

	if (!first)
		return 0;
	for (unsigned i = 1; i < length; i++) {
		unsigned char next = (unsigned char)(*text)[i];

		if ((next & 0xc0) != 0x80) {
			length = 0;
			break;
		}
		code = code << 6 | (next & 0x3f);
	}
	if (!length || is_misspelt(code, length)) {
		*text += 1;
		return REPLACEMENT;
	}
	*text += length;
	return code;
}

void out_char(FILE *file, uint32_t code)
{
	if (code < 0x80) {
		fputc((int)code, file);
	} else if (code < 0x800) {
		fputc((int)(0xc0 | code >> 6), file);
		fputc((int)(0x80 | (code & 0x3f)), file);
	} else if (code < 0x10000) {
		fputc((int)(0xe0 | code >> 12), file);
		fputc((int)(0x80 | (code >> 6 & 0x3f)), file);
		fputc((int)(0x80 | (code & 0x3f)), file);
	} else {
		fputc((int)(0xf0 | code >> 18), file);
		fputc((int)(0x80 | (code >> 12 & 0x3f)), file);
		fputc((int)(0x80 | (code >> 6 & 0x3f)), file);
		fputc((int)(0x80 | (code & 0x3f)), file);
	}
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* What XML and YAML have no room for, or take for the end of a line. */
static bool is_odd(uint32_t code)
{
	return is_control(code) || code == 0x2028 || code == 0x2029 || (code & 0xfffe) == 0xfffe;
}

/* --- JSON, XML ----------------------------------------------------------------------- */

static void json_char(FILE *file, uint32_t code)
{
	if (code == '"' || code == '\\')
		fprintf(file, "\\%c", (int)code);
	else if (code == '\n')
		fputs("\\n", file);
	else if (code == '\t')
		fputs("\\t", file);
	else if (is_odd(code) && code < 0x10000)
		fprintf(file, "\\u%04x", code);
	else
		out_char(file, code);
}

/* A JSON string of what is before the stop, which is a character or 0. Returns its place. */
static const char *json_until(FILE *file, const char *text, char stop)
{
	fputc('"', file);
	while (*text && *text != stop)
		json_char(file, out_next(&text));
	fputc('"', file);
	return text;
}

void out_json(FILE *file, const char *text)
{
	json_until(file, text, '\0');
}

void out_json_lines(FILE *file, const char *text)
{
	fputc('[', file);
	while (*text) {
		text = json_until(file, text, '\n');
		if (*text)
			text++;
		if (*text)
			fputs(", ", file);
	}
	fputc(']', file);
}

static void plain_char(FILE *file, uint32_t code)
{
	out_char(file, is_odd(code) ? REPLACEMENT : code);
}

void out_xml(FILE *file, const char *text)
{
	uint32_t code;

	while ((code = out_next(&text))) {
		if (code < 0x80 && strchr("&<>\"'\t\n\r", (int)code))
			fprintf(file, "&#%u;", code);
		else
			plain_char(file, code);
	}
}

/* --- People -------------------------------------------------------------------------- */

static unsigned width_of(const char *text)
{
	unsigned width = 0;

	while (out_next(&text))
		width++;
	return width;
}

void out_cut(FILE *file, const char *text, unsigned width)
{
	bool cut = width_of(text) > width;

	for (unsigned left = cut && width > 3 ? width - 3 : width; left && *text; left--)
		plain_char(file, out_next(&text));
	if (cut && width > 3)
		fputs("...", file);
}

/* One word, up to a blank or the end; the place behind it. width: of the word. */
static const char *word_end(const char *text, unsigned *width)
{
	*width = 0;
	while (*text && *text != ' ' && *text != '\n') {
		out_next(&text);
		++*width;
	}
	return text;
}

static unsigned new_line(FILE *file, unsigned indent)
{
	fprintf(file, "\n%*s", (int)indent, "");
	return indent;
}

/* blank: one stands before the first word, unless that begins a line. */
static unsigned fill(struct out_at at, bool blank, const char *text)
{
	while (*text) {
		unsigned width;
		const char *end;

		text += strspn(text, " \n");
		end = word_end(text, &width);
		if (at.column > at.indent && at.column + blank + width > COLUMNS) {
			at.column = new_line(at.file, at.indent);
		} else if (blank && width && at.column > at.indent) {
			fputc(' ', at.file);
			at.column++;
		}
		while (text < end)
			plain_char(at.file, out_next(&text));
		at.column += width;
		blank = true;
	}
	return at.column;
}

void out_fill(struct out_at *at, const char *text)
{
	at->column = fill(*at, false, text);
}

void out_more(struct out_at *at, const char *text)
{
	at->column = fill(*at, true, text);
}

void out_lines(FILE *file, unsigned indent, const char *text)
{
	while (*text) {
		fprintf(file, "%*s", (int)indent, "");
		while (*text && *text != '\n')
			plain_char(file, out_next(&text));
		fputc('\n', file);
		text += *text == '\n';
	}
}
