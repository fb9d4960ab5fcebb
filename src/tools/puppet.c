/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform puppet: judges a driver with devices that no correct device is. */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "conform/report/out.h"
#include "tools/plays.h"
#include "tools/progress.h"
#include "tools/tool.h"

#define FORMATS "text|tap|junit|json|html" /* as in enum vmmio_conform_format */
#define SECOND UINT64_C(1000000000)

struct options {
	struct plays_options plays;
	enum vmmio_conform_format format;
	const char *output;
	bool list;
};

/* --- The command line ------------------------------------------------------------------- */

static const struct argp_option option_table[] = {
	{"driver", 'd', "DRIVER", 0, "The driver to judge, see below. Required", 0},
	{"scenario", 's', "LIST", 0, "Only these scenarios, separated by commas", 0},
	{"list", 'l', NULL, 0, "List the scenarios, and what each is about", 0},
	{"format", 'f', "FORMAT", 0, "text (the default), tap, junit, json or html", 0},
	{"output", 'O', "FILE", 0, "Write the report to FILE, and its summary to standard output",
		0},
	{"timeout", 'T', "S", 0,
		"A driver that for S seconds (10) neither returns nor touches its bus hangs", 0},
	{0},
};

static void set_timeout(struct argp_state *state, struct options *o, const char *text)
{
	o->plays.silence = tool_seconds(text);
	if (!o->plays.silence)
		argp_error(state, "--timeout is \"%s\": give seconds, such as 1.5", text);
}

static void set_format(struct argp_state *state, struct options *o, const char *text)
{
	int choice = tool_choice(FORMATS, text);

	if (choice < 0)
		argp_error(state, "--format is \"%s\": take one of " FORMATS, text);
	o->format = (enum vmmio_conform_format)choice;
}

static void set_scenarios(struct argp_state *state, struct options *o, const char *text)
{
	char word[64];

	o->plays.scenarios = text;
	if (!text[strspn(text, ", ")])
		argp_error(state, "--scenario is empty: name some, see --list");
	if (!plays_know(text, word, sizeof(word)))
		argp_error(state, "--scenario %s: there is no such scenario, see --list", word);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'd':
		if (o->plays.driver)
			argp_error(state, "one --driver at a time");
		o->plays.driver = arg;
		return 0;
	case 's':
		set_scenarios(state, o, arg);
		return 0;
	case 'l':
		o->list = true;
		return 0;
	case 'f':
		set_format(state, o, arg);
		return 0;
	case 'O':
		o->output = arg;
		return 0;
	case 'T':
		set_timeout(state, o, arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option; did you mean --driver %s?", arg, arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!o->plays.driver && !o->list)
			argp_error(state, "which driver? Give --driver; see --help for drivers");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- Help --------------------------------------------------------------------------------- */

static void write_kinds(FILE *file, const struct vmmio_subject_kind *kinds, size_t n)
{
	for (size_t i = 0; i < n && kinds[i].name; i++)
		fprintf(file, "  %s\n      %s\n", kinds[i].usage, kinds[i].about);
}

static const char post_doc[] =
	"\nA driver is brought up, does some I/O and is stopped, on a device that\n"
	"presents one thing which no correct device presents, or which is rare: a\n"
	"wrong magic, a reset that takes its time or never ends, features that do not\n"
	"exist, interrupts for nothing, a size that changes while it is read. Each\n"
	"scenario is played with devices of version 2 and 3, with split and with\n"
	"packed rings, where that makes a difference. All time is virtual.\n"
	"\nVerdicts, of each scenario about each requirement that came up in it:\n"
	"  pass  kept: \"(hook)\" where the scenario is about it; else seen by the way,\n"
	"        which is told of once\n"
	"  flag  a recommendation (SHOULD) that is not kept; nothing is broken\n"
	"  fail  broken, with what was expected, what was seen, and the last accesses\n"
	"  skip  not judged in any scenario, always with the reason\n"
	"The report ends with what happened in each scenario. What a driver does with\n"
	"a device that lies (used-id-lie, used-length-lie) breaks no requirement, but\n"
	"it must not crash.\n"
	"\nEach play has a process of its own. A driver that crashes or hangs in it has\n"
	"failed all that the scenario is about; after three hangs the rest is not\n"
	"played. One that waits for what never comes is left alone after 100000\n"
	"accesses, or 1000 seconds of the device's clock, which is fine unless the\n"
	"device is a correct one.\n"
	"\nExit codes:\n"
	"  0  no requirement is broken, and the driver did not crash or hang\n"
	"  1  one is, or it did\n"
	"  2  could not judge: wrong options, no such driver, one that works with no\n"
	"     correct device, a report that cannot be written\n"
	"\nExamples:\n"
	"  vmmio-conform puppet --driver good\n"
	"      the library's own driver, as text\n"
	"  vmmio-conform puppet --driver plugin:./mine.so --format html -O mine.html\n"
	"      a driver behind a shared object, as a page\n"
	"  vmmio-conform puppet --driver plugin:./mine.so --scenario reset-never\n"
	"      one scenario\n";

static char *help(int key, const char *text, void *input)
{
	const struct vmmio_subject_kind *kinds;
	size_t n, size;
	char *all = NULL;
	FILE *file;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	file = open_memstream(&all, &size);
	if (!file)
		return NULL;
	fputs("Drivers:\n", file);
	write_kinds(file, tool_drivers, SIZE_MAX);
	kinds = vmmio_subject_kinds(&n);
	write_kinds(file, kinds, n);
	fputs(post_doc, file);
	fclose(file);
	return all;
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.args_doc = "--driver DRIVER",
	.doc = "Judges a driver of virtio-mmio devices, version 2 or 3, with devices that no "
	       "correct device is, and writes a report.\v.",
	.help_filter = help,
};

/* --- The list ----------------------------------------------------------------------------- */

static void list_scenario(const struct vmmio_scenario *scenario, FILE *file)
{
	struct out_at at = {.file = file, .indent = 4};

	fprintf(file, "%s  (%s)\n    ", scenario->name, scenario->topic);
	at.column = at.indent;
	out_fill(&at, scenario->title);
	fputs("\n    ", file);
	at.column = at.indent;
	if (*scenario->requirements)
		out_fill(&at, scenario->requirements);
	else
		out_fill(&at, "(no requirement of its own)");
	fputs("\n\n", file);
}

static int list_scenarios(const struct options *o)
{
	struct vmmio_scenario scenario;
	struct output output;
	int error = output_open(&output, o->output);

	if (error)
		return tool_error("%s: %s", o->output, strerror(-error));
	error = output_begin(&output);
	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		if (!o->plays.scenarios || plays_names(o->plays.scenarios, scenario.name))
			list_scenario(&scenario, output.file);
	if (!error)
		error = output_close(&output, true);
	return error ? tool_error("the list could not be written: %s", strerror(-error))
		     : TOOL_GOOD;
}

/* --- The run ----------------------------------------------------------------------------- */

static int exit_code(const struct plays_result *result)
{
	if (result->died)
		tool_error("the driver crashed or hung; what happened is in the report");
	if (result->died || vmmio_conform_counts(result->report).failed)
		return TOOL_BAD;
	if (result->never_up)
		return tool_error("the driver works with none of the correct devices that it was "
				  "given; what happened is in the report");
	return TOOL_GOOD;
}

static int judge_and_write(struct options *o, struct output *output)
{
	struct plays_result result;
	struct progress progress;
	char why[640];
	int error, code;

	progress_begin(&progress);
	o->plays.progress = progress_show;
	o->plays.ctx = &progress;
	error = plays_run(&o->plays, &result, why, sizeof(why));
	progress_end(&progress);
	if (error) {
		output_close(output, false);
		return tool_error("%s", why);
	}
	code = output_report(output, result.report, o->format);
	if (code == TOOL_GOOD)
		code = exit_code(&result);
	vmmio_conform_report_free(result.report);
	return code;
}

int puppet_main(int argc, char **argv)
{
	struct options options = {.plays = {.silence = 10 * SECOND}};
	struct output output;
	int error;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	if (options.list)
		return list_scenarios(&options);
	error = output_open(&output, options.output);
	if (error)
		return tool_error("%s: %s", options.output, strerror(-error));
	return judge_and_write(&options, &output);
}
