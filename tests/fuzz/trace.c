/* SPDX-License-Identifier: BSD-3-Clause */
/* Access traces as JSON lines: what is taken has to come out the same when it is written and
 * taken again. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <vmmio/trace.h>

enum { ENTRIES = 64 };

/* Writes entries as lines; the length. */
static size_t format(const struct vmmio_trace_entry *entries, size_t n, char *text, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		int len = vmmio_trace_format(&entries[i], VMMIO_FORMAT_JSON, text + at, size - at);
		char line[VMMIO_TRACE_LINE];

		FUZZ_CHECK(len > 0 && (size_t)len < VMMIO_TRACE_LINE, "a line of %d characters", len);
		at += (size_t)len;
		text[at++] = '\n';
		len = vmmio_trace_format(&entries[i], VMMIO_FORMAT_TEXT, line, sizeof(line));
		FUZZ_CHECK(len > 0 && (size_t)len < sizeof(line), "a text line of %d characters", len);
	}
	return at;
}

static bool same(const struct vmmio_trace_entry *a, const struct vmmio_trace_entry *b)
{
	return a->number == b->number && a->order == b->order && a->began == b->began &&
		a->took == b->took && a->offset == b->offset && a->value == b->value &&
		a->size == b->size && a->result == b->result && a->write == b->write;
}

static void run(struct fuzz_input *input)
{
	static struct vmmio_trace_entry first[ENTRIES], second[ENTRIES];
	static char text[ENTRIES * VMMIO_TRACE_LINE];
	const char *given = (const char *)input->next;
	size_t n = 12345, again, line = 0;
	int error;

	error = vmmio_trace_parse(given, input->left, first, ENTRIES, &n, &line);
	if (error) {
		FUZZ_CHECK(n == 12345 && line >= 1 && line <= input->left + 1, "error %d in line %zu",
			error, line);
		return;
	}
	FUZZ_CHECK(n <= ENTRIES, "%zu entries", n);
	if (n)
		fuzz_deep();
	error = vmmio_trace_parse(text, format(first, n, text, sizeof(text)), second, ENTRIES, &again,
		&line);
	FUZZ_CHECK(!error && again == n, "own line %zu is not taken: %d", line, error);
	for (size_t i = 0; i < n; i++)
		FUZZ_CHECK(same(&first[i], &second[i]), "entry %zu has changed", i);
	vmmio_trace_sort(first, n);
}

static const char *const words[] = {"{\"access\":\"read\",\"offset\":\"0x70\",\"size\":4,\"value\":\"0x3\"}\n",
	"\"access\":\"write\"", "\"offset\":", "\"value\":\"0x", "\"size\":8", "\"result\":-22", "\"number\":",
	"\"order\":18446744073709551615", ",", "{", "}", "\\\"", "null", "true", "\n", "\"", NULL};

const struct fuzz_target fuzz_target = {
	.name = "trace",
	.min_deep = 0,
	.deep = "gave an entry",
	.run = run,
	.words = words,
};
