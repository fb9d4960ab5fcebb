/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform run: judges a device and writes the report. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/isolate.h"
#include "tools/plan.h"
#include "tools/progress.h"
#include "tools/tool.h"

#define FORMATS "text|tap|junit|json|html" /* as in enum vmmio_conform_format */
#define SECOND UINT64_C(1000000000)

struct options {
	struct isolate_options isolate;
	enum vmmio_conform_format format;
	const char *output;
};

/* --- The command line ------------------------------------------------------------------- */

enum { KEY_SILENCE = 256, KEY_PATIENCE, KEY_DESTRUCTIVE };

static const struct argp_option option_table[] = {
	{"target", 't', "TARGET", 0, "The device to judge, see below. Required", 0},
	{"only", 'o', "LIST", 0,
		"Only these: ids of requirements or names of checks, separated by commas", 0},
	{"format", 'f', "FORMAT", 0, "text (the default), tap, junit, json or html", 0},
	{"output", 'O', "FILE", 0, "Write the report to FILE, and its summary to standard output",
		0},
	{"timeout", 'T', "S", 0,
		"End the run after S seconds (120). What was not judged by then is skipped", 0},
	{"silence", KEY_SILENCE, "S", 0,
		"A device that answers no access for S seconds (10) has stopped answering", 0},
	{"patience", KEY_PATIENCE, "S", 0,
		"Give the device S seconds (2) of its clock for what may take any time: a reset, a "
		"request",
		0},
	{"destructive", KEY_DESTRUCTIVE, NULL, 0,
		"Allow checks that write to the device's storage, where that is not known to be "
		"disposable",
		0},
	{0},
};

static uint64_t seconds(struct argp_state *state, const char *option, const char *text)
{
	uint64_t ns = tool_seconds(text);

	if (!ns)
		argp_error(state, "--%s is \"%s\": give seconds, such as 1.5", option, text);
	return ns;
}

static void set_format(struct argp_state *state, struct options *o, const char *text)
{
	int choice = tool_choice(FORMATS, text);

	if (choice < 0)
		argp_error(state, "--format is \"%s\": take one of " FORMATS, text);
	o->format = (enum vmmio_conform_format)choice;
}

static void set_only(struct argp_state *state, struct options *o, const char *text)
{
	const struct vmmio_conform_requirement *requirement;
	char word[64];

	o->isolate.only = text;
	if (!text[strspn(text, ", ")])
		argp_error(state, "--only is empty: name requirements or checks");
	if (plan_knows(text, word, sizeof(word)))
		return;
	requirement = vmmio_conform_requirement(word);
	if (!requirement)
		argp_error(state,
			"--only %s: there is no such requirement or check; see "
			"\"vmmio-conform list\"",
			word);
	else
		argp_error(state, "--only %s: no check judges this requirement%s%s", word,
			requirement->reason ? ": " : "",
			requirement->reason ? requirement->reason : "");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 't':
		if (o->isolate.target)
			argp_error(state, "one --target at a time");
		o->isolate.target = arg;
		return 0;
	case 'o':
		set_only(state, o, arg);
		return 0;
	case 'f':
		set_format(state, o, arg);
		return 0;
	case 'O':
		o->output = arg;
		return 0;
	case 'T':
		o->isolate.timeout = seconds(state, "timeout", arg);
		return 0;
	case KEY_SILENCE:
		o->isolate.silence = seconds(state, "silence", arg);
		return 0;
	case KEY_PATIENCE:
		o->isolate.patience = seconds(state, "patience", arg);
		return 0;
	case KEY_DESTRUCTIVE:
		o->isolate.destructive = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option; did you mean --target %s?", arg, arg);
		return EINVAL;
	case ARGP_KEY_END:
		if (!o->isolate.target)
			argp_error(state, "which device? Give --target; see --help for targets");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The targets, between what is known of them and the rest of the text. */
static void write_targets(FILE *file, const struct vmmio_target_kind *kinds, size_t n)
{
	for (size_t i = 0; i < n && kinds[i].name; i++)
		fprintf(file, "  %s\n      %s\n", kinds[i].usage, kinds[i].about);
}

static const char post_doc[] =
	"\nVerdicts, of each check about each requirement it judges:\n"
	"  pass  kept: proven by a hook (the check slowed the reset, held a request,\n"
	"        changed the configuration), or black-box: seen from outside\n"
	"  flag  a recommendation (SHOULD) that is not kept; nothing is broken\n"
	"  fail  broken, with what was expected, what was seen, and the last accesses\n"
	"  skip  not judged, always with the reason\n"
	"\nA device that hangs in an access, or takes the process with it, fails the\n"
	"check that was running. The run goes on without this check, up to three times.\n"
	"\nExit codes:\n"
	"  0  something was judged, and no check failed\n"
	"  1  at least one check failed\n"
	"  2  could not run: wrong options, no such target, no device to judge there, a\n"
	"     report that cannot be written; or nothing had failed, and the time was\n"
	"     over or all was skipped\n"
	"\nExamples:\n"
	"  vmmio-conform run --target inproc:version=3\n"
	"      the library's own device, as text\n"
	"  vmmio-conform run --target plugin:./mine.so --format html --output mine.html\n"
	"      a device behind a shared object, as a page\n"
	"  vmmio-conform run --target inproc --only PATCH-DEV-04,PATCH-DEV-07\n"
	"      two requirements\n"
	"  gdb -ex 'set follow-fork-mode child' -ex run --args vmmio-conform run \\\n"
	"    -t plugin:./mine.so -o reset-happens --silence 9999 --timeout 9999\n"
	"      a device that dies or hangs, in a debugger: it has a process of its own\n";

static char *help(int key, const char *text, void *input)
{
	const struct vmmio_target_kind *kinds;
	size_t n, size;
	char *all = NULL;
	FILE *file;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	file = open_memstream(&all, &size);
	if (!file)
		return NULL;
	fputs("Targets:\n", file);
	write_targets(file, tool_kinds, SIZE_MAX);
	kinds = vmmio_target_kinds(&n);
	write_targets(file, kinds, n);
	fputs(post_doc, file);
	fclose(file);
	return all;
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.args_doc = "--target TARGET",
	.doc = "Judges a virtio-mmio device of version 2 or 3, requirement by requirement, and "
	       "writes a report.\v.",
	.help_filter = help,
};

/* --- The run ----------------------------------------------------------------------------- */

static int exit_code(const struct isolate_result *result)
{
	struct vmmio_conform_counts counts = vmmio_conform_counts(result->report);

	if (counts.failed)
		return TOOL_BAD;
	if (result->no_device)
		return tool_error("there is no virtio-mmio device of version 2 or 3 to judge");
	if (result->timed_out)
		return tool_error("the run was not over in time");
	return counts.passed ? TOOL_GOOD : tool_error("nothing was judged; the report says why");
}

static int judge_and_write(struct options *o, struct output *output)
{
	struct isolate_result result;
	struct progress progress;
	char why[640];
	int error, code;

	progress_begin(&progress);
	o->isolate.progress = progress_show;
	o->isolate.ctx = &progress;
	error = isolate_run(&o->isolate, &result, why, sizeof(why));
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

int run_main(int argc, char **argv)
{
	struct options options = {.isolate = {.timeout = 120 * SECOND, .silence = 10 * SECOND}};
	struct output output;
	int error;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	error = output_open(&output, options.output);
	if (error)
		return tool_error("%s: %s", options.output, strerror(-error));
	return judge_and_write(&options, &output);
}
