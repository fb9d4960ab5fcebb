/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strings that may hold anything (a plugin's name, what a device said), written so that the
 * format they stand in stays whole: what is no UTF-8 becomes U+FFFD.
 */
#ifndef VMMIO_CONFORM_OUT_H
#define VMMIO_CONFORM_OUT_H

#include <stdint.h>
#include <stdio.h>

/* The code point at *text, which moves on; 0 at its end, where it stays. */
uint32_t out_next(const char **text);
void out_char(FILE *file, uint32_t code);

/* A JSON string with its quotes; one of YAML as well. */
void out_json(FILE *file, const char *text);
/* A JSON list of the text's lines. */
void out_json_lines(FILE *file, const char *text);
/* Inside an element or a quoted attribute, XML and HTML. */
void out_xml(FILE *file, const char *text);

/* For people: nothing in it moves a terminal's cursor. At most width code points, of which
 * the last three are dots if there are more. */
void out_cut(FILE *file, const char *text, unsigned width);

/* Where a paragraph has got to: lines of 80 columns, which begin at indent. */
struct out_at {
	FILE *file;
	unsigned indent, column;
};
/* The text's words, right behind what is there. */
void out_fill(struct out_at *at, const char *text);
/* ... or behind a blank, on the next line if there is no room. */
void out_more(struct out_at *at, const char *text);
/* Every line of the text on one of its own, behind indent blanks. */
void out_lines(FILE *file, unsigned indent, const char *text);

#endif
