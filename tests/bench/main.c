/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-bench: options, and the groups of figures one after the other. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static const struct group {
	const char *name;
	int (*measure)(struct bench *b);
	const char *what;
} groups[] = {
	{"registers", bench_registers,
		"register reads, 1 and 2 threads, beside a bare switch and a mutex around it (ns)"},
	{"stall", bench_stall,
		"how long the write of 0 to Status takes on version 3, 1 to 10 000 devices (ns)"},
	{"reset", bench_reset, "time from that write until Status reads 0 (us)"},
	{"rings", bench_rings, "pop and complete, split and packed (ns per chain)"},
	{"blk", bench_blk, "4 KiB random reads beside a raw io_uring loop (1000 reads per s)"},
	{"idle", bench_idle, "bytes, threads and descriptors of an idle device; creating 10 000"},
};

enum { N_GROUPS = sizeof(groups) / sizeof(groups[0]) };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

struct options {
	struct bench *bench;
	enum format format;
	const char *filter;
	bool list;
};

enum { KEY_QUICK = 256, KEY_JSON, KEY_MARKDOWN, KEY_PLOT, KEY_LIST };

static const struct argp_option option_table[] = {
	{"runs", 'n', "N", 0, "Runs of each figure, 1 to 101 (7)", 0},
	{"filter", 'f', "NAME", 0, "Only groups with NAME in their name", 0},
	{"list", KEY_LIST, NULL, 0, "Name the groups and end", 0},
	{"json", KEY_JSON, NULL, 0, "Print JSON", 0},
	{"markdown", KEY_MARKDOWN, NULL, 0, "Print the table of README.md", 0},
	{"plot", KEY_PLOT, "DIR", 0,
		"Draw the reset timeline and the stall distribution into DIR with gnuplot; needs the "
		"groups reset and stall", 0},
	{"quick", KEY_QUICK, NULL, 0, "A fraction of the work: shows that it runs, not how fast", 0},
	{0},
};

static error_t set_runs(struct argp_state *state, struct bench *b, const char *arg)
{
	char *end;
	unsigned long n = strtoul(arg, &end, 10);

	if (*end || n < 1 || n > BENCH_RUNS_MAX)
		argp_error(state, "--runs is \"%s\"; take 1 to %d", arg, BENCH_RUNS_MAX);
	b->runs = (unsigned)n;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		return set_runs(state, o->bench, arg);
	case 'f':
		o->filter = arg;
		return 0;
	case KEY_QUICK:
		o->bench->quick = true;
		return 0;
	case KEY_JSON:
		o->format = FORMAT_JSON;
		return 0;
	case KEY_MARKDOWN:
		o->format = FORMAT_MARKDOWN;
		return 0;
	case KEY_PLOT:
		o->bench->plot = arg;
		return 0;
	case KEY_LIST:
		o->list = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option; did you mean --filter %s?", arg, arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.doc = "Measures libvmmio beside what bounds it, in the same run on the same machine.\v"
	       "Each figure is the median over the runs, with the fastest and the slowest run; "
	       "things that are compared take turns within each run. An aim is printed beside its "
	       "figure, with the amount it is missed by. A quiet machine with two cores or more is "
	       "what the aims are meant for. Progress goes to standard error.",
};

static bool chosen(const struct options *o, const struct group *group)
{
	return !o->filter || strstr(group->name, o->filter);
}

static int list(void)
{
	for (unsigned i = 0; i < N_GROUPS; i++)
		printf("%-10s %s\n", groups[i].name, groups[i].what);
	return 0;
}

static int measure(const struct options *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_GROUPS; i++) {
		if (!chosen(o, &groups[i]))
			continue;
		n++;
		o->bench->group = groups[i].name;
		bench_progress(o->bench, "%s", groups[i].what);
		if (groups[i].measure(o->bench))
			return 1;
	}
	if (n)
		return 0;
	fprintf(stderr, "vmmio-bench: no group has \"%s\" in its name; see --list\n", o->filter);
	return 2;
}

static void print(const struct options *o)
{
	if (o->format == FORMAT_JSON)
		report_json(o->bench, stdout);
	else if (o->format == FORMAT_MARKDOWN)
		report_markdown(o->bench, stdout);
	else
		report_text(o->bench, stdout);
}

int main(int argc, char **argv)
{
	static struct bench bench = {.runs = 7};
	struct options options = {.bench = &bench};
	int status;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	bench.progress = stderr;
	if (options.list)
		return list();
	if (bench.plot && plot_check(bench.plot))
		return 1;
	status = measure(&options);
	if (status)
		return status;
	if (bench.plot && plot_finish(&bench))
		return 1;
	print(&options);
	return 0;
}
