/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of traces. Each line is of the model's (turns.pml), but shorter:
 *
 *     run SEED [destroy] mode MODE
 *     THREAD OPERATION ARGUMENT
 *     THREAD POINT [STATUS READY RESET ISTAT LINE LEASES PASSES TASKS USED]
 *
 * A point without numbers: nothing has changed since the one before.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const operation_names[OPERATIONS] = {"O_KICK", "O_ZERO", "O_POLL",
	"O_ACKNOWLEDGE", "O_QRESET", "O_ACK", "O_DESTROY", "O_TASK", "O_COMPLETE"};

static const char *const point_names[POINTS] = {
#define X(name) #name,
	VMMIO_SYNC_POINT_LIST(X)
#undef X
		"SINK",
	"DESTROYED", "RETURNED"};

const char *point_name(unsigned point)
{
	return point < POINTS ? point_names[point] : "nowhere";
}

/* Where word is in names, or n. */
static unsigned find(const char *const *names, unsigned n, const char *word)
{
	unsigned i = 0;

	while (i < n && strcmp(names[i], word))
		i++;
	return i;
}

static bool parse_seen(const char *text, struct seen *seen)
{
	unsigned ready, reset;
	int n = sscanf(text, "%u %2u %2u %u %u %u %u %u %u", &seen->status, &ready, &reset,
		&seen->interrupt, &seen->line, &seen->leases, &seen->passes, &seen->tasks,
		&seen->used);

	if (n != 9)
		return n <= 0;
	seen->ready[0] = ready / 10;
	seen->ready[1] = ready % 10;
	seen->reset[0] = reset / 10;
	seen->reset[1] = reset % 10;
	return true;
}

/* before: the line that this one follows. */
static bool parse_line(const char *text, const struct line *before, struct line *line)
{
	char word[32];
	int at = 0;

	line->seen = before->seen;
	if (sscanf(text, "%u %31s%n", &line->actor, word, &at) != 2 || line->actor >= ACTORS)
		return false;
	line->operation = find(operation_names, OPERATIONS, word);
	line->begins = line->operation < OPERATIONS;
	if (line->begins)
		return sscanf(text + at, "%u", &line->argument) == 1 && line->argument < 2;
	line->point = find(point_names, POINTS, word);
	return line->point < POINTS && parse_seen(text + at, &line->seen);
}

/* NULL: text is no beginning of a run. */
static struct trace *begin_trace(const char *text)
{
	const char *mode = strstr(text, "mode ");
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace && mode && mode[5] >= '0' && mode[5] <= '2') {
		trace->mode = (enum mode)(mode[5] - '0');
		return trace;
	}
	free(trace);
	return NULL;
}

static bool add_line(struct trace *trace, const char *text, unsigned number)
{
	static const struct line none;
	struct line *line;

	if (!trace || trace->n == sizeof(trace->lines) / sizeof(trace->lines[0]))
		return false;
	line = &trace->lines[trace->n];
	line->number = number;
	return parse_line(text, trace->n++ ? line - 1 : &none, line);
}

static bool take_text(
	const char *text, unsigned number, struct trace *traces[TRACES_MAX], unsigned *n)
{
	if (text[0] == '#')
		return true;
	if (strncmp(text, "run ", 4))
		return add_line(*n ? traces[*n - 1] : NULL, text, number);
	if (*n == TRACES_MAX)
		return false;
	traces[*n] = begin_trace(text);
	return traces[(*n)++];
}

unsigned traces_read(const char *path, struct trace *traces[TRACES_MAX])
{
	FILE *file = fopen(path, "re");
	unsigned n = 0, number = 0;
	char text[160];
	bool good = file;

	while (good && fgets(text, sizeof(text), file))
		good = take_text(text, ++number, traces, &n);
	if (!good)
		fprintf(stderr, "%s: line %u is not understood\n", path, number);
	if (file)
		fclose(file);
	return good ? n : 0;
}

void traces_free(struct trace *traces[TRACES_MAX])
{
	for (unsigned i = 0; i < TRACES_MAX; i++)
		free(traces[i]);
}
