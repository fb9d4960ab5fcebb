/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform list: the requirements, and what judges them. */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include <vmmio/conform/scenario.h>

#include "conform/report/out.h"
#include "conform/report/report.h"
#include "tools/plan.h"
#include "tools/tool.h"

/* --- The command line ------------------------------------------------------------------- */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;
	int choice;

	switch (key) {
	case 'f':
		choice = tool_choice("text|json", arg);
		if (choice < 0)
			argp_error(state, "--format is \"%s\": take text or json", arg);
		*json = choice == 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{"format", 'f', "FORMAT", 0, "text (the default) or json", 0},
	{0},
};

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.doc = "Lists the requirements of virtio-mmio devices and drivers that the suite knows, "
	       "each with the checks that judge it, or with the reason why there are none.\v"
	       "Ids and the names of checks are what \"vmmio-conform run --only\" takes. [desc] "
	       "marks a sentence that describes, without a keyword: its strength is a reading of "
	       "it. Requirements of drivers are judged by \"vmmio-conform monitor\", and by the "
	       "scenarios of \"vmmio-conform puppet\".\n"
	       "\n"
	       "Exit codes:\n"
	       "  0  listed\n"
	       "  2  wrong options, or the list could not be written\n"
	       "\n"
	       "JSON:\n"
	       "  {\"requirements\": [{\"requirement\": \"PATCH-DEV-04\", \"side\": \"device\",\n"
	       "    \"strength\": \"MUST\", \"descriptive\": false, \"section\": \"...\",\n"
	       "    \"text\": \"...\", \"checks\": [\"...\"], \"reason\": null}, ...]}\n"
	       "  checks: for a driver's requirement \"monitor\", and names of scenarios\n"
	       "  reason: why nothing judges it; null if something does\n"
	       "\n"
	       "Examples:\n"
	       "  vmmio-conform list | less\n"
	       "  vmmio-conform list --format json\n",
};

/* --- The list ---------------------------------------------------------------------------- */

static bool names(const char *list, const char *id)
{
	char word[64];

	while (plan_word(&list, " ", word, sizeof(word)))
		if (!strcmp(word, id))
			return true;
	return false;
}

/* The next check of a device's requirement from number *i on, which moves on; NULL: no more. */
static const char *next_check(const char *id, size_t *i)
{
	struct vmmio_conform_check check;

	while (vmmio_conform_check((*i)++, &check))
		if (names(check.requirements, id))
			return check.name;
	return NULL;
}

/* ... scenario, of a driver's. */
static const char *next_scenario(const char *id, size_t *i)
{
	struct vmmio_scenario scenario;

	while (vmmio_scenario((*i)++, &scenario))
		if (names(scenario.requirements, id))
			return scenario.name;
	return NULL;
}

static bool has_rule(const char *id)
{
	struct vmmio_monitor_rule rule;

	for (size_t i = 0; vmmio_monitor_rule(i, &rule); i++)
		if (!strcmp(rule.requirement, id))
			return true;
	return false;
}

static void list_checks(const char *id, struct out_at *at)
{
	size_t i = 0, n = 0;

	out_fill(at, "checks:");
	for (const char *name; (name = next_check(id, &i)); n++)
		out_more(at, name);
	if (!n)
		out_more(at, "(none)");
}

static void list_driver(const char *id, struct out_at *at)
{
	size_t i = 0, n = 0;

	out_fill(at, "judged by:");
	if (has_rule(id))
		out_more(at, "monitor");
	for (const char *name; (name = next_scenario(id, &i)); n++) {
		if (!n)
			out_more(at, has_rule(id) ? "and puppet:" : "puppet:");
		out_more(at, name);
	}
}

static void list_text(const struct vmmio_conform_requirement *requirement, FILE *file)
{
	struct out_at at = {.file = file, .indent = 4};

	fprintf(file, "%s  %s %s%s\n    ", requirement->id, side_name(requirement->side),
		strength_name(requirement->strength), requirement->descriptive ? " [desc]" : "");
	at.column = at.indent;
	out_fill(&at, requirement->text);
	fputs("\n    ", file);
	at.column = at.indent;
	out_fill(&at, requirement->section);
	fputs("\n    ", file);
	at.column = at.indent;
	if (requirement->reason) {
		out_fill(&at, "not judged:");
		out_more(&at, requirement->reason);
	} else if (requirement->side == VMMIO_CONFORM_DRIVER) {
		list_driver(requirement->id, &at);
	} else {
		list_checks(requirement->id, &at);
	}
	fputs("\n\n", file);
}

static void list_json(const struct vmmio_conform_requirement *requirement, FILE *file)
{
	const char *(*next)(const char *id, size_t *i) =
		requirement->side == VMMIO_CONFORM_DRIVER ? next_scenario : next_check;
	const bool rule = requirement->side == VMMIO_CONFORM_DRIVER && has_rule(requirement->id);
	size_t i = 0, n = rule;

	fputs("{\"requirement\": ", file);
	out_json(file, requirement->id);
	fprintf(file,
		", \"side\": \"%s\", \"strength\": \"%s\", \"descriptive\": %s, \"section\": ",
		side_name(requirement->side), strength_name(requirement->strength),
		requirement->descriptive ? "true" : "false");
	out_json(file, requirement->section);
	fputs(", \"text\": ", file);
	out_json(file, requirement->text);
	fputs(rule ? ", \"checks\": [\"monitor\"" : ", \"checks\": [", file);
	for (const char *name; (name = next(requirement->id, &i)); n++) {
		fputs(n ? ", " : "", file);
		out_json(file, name);
	}
	fputs("], \"reason\": ", file);
	if (requirement->reason)
		out_json(file, requirement->reason);
	else
		fputs("null", file);
	fputc('}', file);
}

static void list_totals(const struct vmmio_conform_requirement *all, size_t n, FILE *file)
{
	size_t judged = 0, checks = 0;
	struct vmmio_conform_check check;

	for (size_t i = 0; i < n; i++)
		judged += !all[i].reason;
	while (vmmio_conform_check(checks, &check))
		checks++;
	fprintf(file, "%zu requirements, %zu of them judged (devices: by %zu checks), %zu not\n", n,
		judged, checks, n - judged);
}

int list_main(int argc, char **argv)
{
	const struct vmmio_conform_requirement *all;
	struct output output;
	bool json = false;
	size_t n;
	int error;

	argp_parse(&parser, argc, argv, 0, NULL, &json);
	all = vmmio_conform_requirements(&n);
	error = output_open(&output, NULL);
	if (json)
		fputs("{\"requirements\": [", output.file);
	for (size_t i = 0; i < n; i++) {
		if (json)
			fputs(i ? ",\n  " : "\n  ", output.file);
		(json ? list_json : list_text)(&all[i], output.file);
	}
	if (json)
		fputs("\n]}\n", output.file);
	else
		list_totals(all, n, output.file);
	if (!error)
		error = output_close(&output, true);
	return error ? tool_error("the list could not be written: %s", strerror(-error))
		     : TOOL_GOOD;
}
