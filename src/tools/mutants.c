/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform mutants: shows that each check can fail, and fails for the right reason. */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "conform/report/out.h"
#include "tools/mutant.h"
#include "tools/tool.h"

struct mutants {
	bool json;
	const char *only;
	unsigned judged, killed, accused;
	unsigned without; /* requirements that have no mutant */
	unsigned idle;    /* implications that no mutant needs */
	bool covered[1024];
};

/* --- The command line ------------------------------------------------------------------------ */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mutants *m = state->input;
	int choice;

	switch (key) {
	case 'f':
		choice = tool_choice("text|json", arg);
		if (choice < 0)
			argp_error(state, "--format is \"%s\": take text or json", arg);
		m->json = choice == 1;
		return 0;
	case 'o':
		m->only = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option; did you mean --only %s?", arg, arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{"format", 'f', "FORMAT", 0, "text (the default) or json", 0},
	{"only", 'o', "NAME", 0, "Only mutants with NAME in their name or among their requirements", 0},
	{0},
};

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.doc = "Shows that the suite can fail. A mutant is a device that is right in every respect but "
	       "one. The suite judges it, over both versions, both ring formats and several types of "
	       "device, and has to fail the requirements that it breaks, and no innocent one.\v"
	       "Where breaking one requirement necessarily breaks another one, both may be found; "
	       "these pairs have their reasons in the suite's list of implications. An "
	       "implication that no mutant needs is counted, and so is a MUST or MUST NOT with checks "
	       "that no mutant breaks.\n"
	       "\n"
	       "Exit codes:\n"
	       "  0  every mutant was found, nothing innocent was, and nothing is left without\n"
	       "     mutant\n"
	       "  1  not so\n"
	       "  2  wrong options, or it could not be tried\n"
	       "\n"
	       "JSON:\n"
	       "  {\"mutants\": [{\"name\": \"...\", \"requirements\": \"...\", \"fault\": \"...\",\n"
	       "    \"killed\": true, \"devices\": 4, \"missed\": null,\n"
	       "    \"found\": [{\"requirement\": \"...\", \"check\": \"...\",\n"
	       "    \"device\": \"v3 split block\", \"why\": \"due|implied|innocent\"}, ...]}, ...],\n"
	       "   \"without_mutant\": [...], \"unused_implications\": [...],\n"
	       "   \"summary\": {\"mutants\": 1, \"killed\": 1, \"accused_innocent\": 0}}\n",
};

/* --- One mutant ---------------------------------------------------------------------------------- */

static const char *why(const struct mutant_found *found)
{
	return found->due ? "due" : found->implied ? "implied" : "innocent";
}

static void device_name(size_t device, char *name, size_t size)
{
	struct model_options options;

	if (mutant_device(device, &options))
		mutant_device_name(&options, name, size);
}

static void print_text(const struct mutant *mutant)
{
	char device[32];

	printf("%-8s  %s  %s\n          %s\n", mutant->killed ? "killed" : "SURVIVED", mutant->info->name,
		mutant->info->requirements, mutant->info->text);
	if (mutant->missed[0]) {
		device_name(mutant->missed_on, device, sizeof(device));
		printf("          %s is not found broken on %s\n", mutant->missed, device);
	}
	for (size_t i = 0; i < mutant->n_found; i++) {
		const struct mutant_found *found = &mutant->found[i];

		device_name(found->device, device, sizeof(device));
		printf("          %-9s %-14s %s (%s)\n", why(found), found->requirement->id, found->check,
			device);
	}
}

static void print_json(const struct mutant *mutant, bool first)
{
	char device[32];

	printf("%s\n{\"name\": \"%s\", \"requirements\": \"%s\", \"fault\": ", first ? "" : ",",
		mutant->info->name, mutant->info->requirements);
	out_json(stdout, mutant->info->text);
	printf(", \"killed\": %s, \"devices\": %u, \"missed\": ", mutant->killed ? "true" : "false",
		mutant->devices);
	out_json(stdout, mutant->missed);
	printf(", \"found\": [");
	for (size_t i = 0; i < mutant->n_found; i++) {
		const struct mutant_found *found = &mutant->found[i];

		device_name(found->device, device, sizeof(device));
		printf("%s{\"requirement\": \"%s\", \"check\": \"%s\", \"device\": \"%s\", \"why\": \"%s\"}",
			i ? ", " : "", found->requirement->id, found->check, device, why(found));
	}
	printf("]}");
}

/* --- All of them ----------------------------------------------------------------------------------- */

static bool wanted(const struct mutants *m, const struct model_fault_info *info)
{
	return !m->only || strstr(info->name, m->only) || strstr(info->requirements, m->only);
}

static void cover(struct mutants *m, const struct model_fault_info *info)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);

	for (size_t i = 0; i < n && i < sizeof(m->covered); i++)
		m->covered[i] |= strstr(info->requirements, all[i].id) != NULL;
}

static int judge_all(struct mutants *m)
{
	struct mutant mutant;

	for (int fault = MODEL_FAULT_NONE + 1; fault < MODEL_FAULTS; fault++) {
		const struct model_fault_info *info = model_fault_info((enum model_fault)fault);
		int error;

		cover(m, info);
		if (!wanted(m, info))
			continue;
		error = mutant_judge((enum model_fault)fault, &mutant);
		if (error)
			return tool_error("mutant %s cannot be judged: %s", info->name, strerror(-error));
		if (m->json)
			print_json(&mutant, m->judged == 0);
		else
			print_text(&mutant);
		m->judged++;
		m->killed += mutant.killed;
		m->accused += mutant.n_innocent > 0;
	}
	return 0;
}

static bool has_check(const char *id)
{
	struct vmmio_conform_check check;

	for (size_t i = 0; vmmio_conform_check(i, &check); i++) {
		if (strstr(check.requirements, id))
			return true;
	}
	return false;
}

static void list_item(const struct mutants *m, unsigned n, const char *text)
{
	if (m->json)
		printf("%s\"%s\"", n ? ", " : "", text);
	else
		printf("%s%s", n ? " " : "", text);
}

static void print_without(struct mutants *m)
{
	size_t n;
	const struct vmmio_conform_requirement *all = vmmio_conform_requirements(&n);

	printf(m->json ? "\n], \"without_mutant\": [" : "\nwithout a mutant: ");
	for (size_t i = 0; i < n && i < sizeof(m->covered); i++) {
		bool must = all[i].strength == VMMIO_CONFORM_MUST ||
			    all[i].strength == VMMIO_CONFORM_MUST_NOT;

		if (must && all[i].side == VMMIO_CONFORM_DEVICE && !m->covered[i] && has_check(all[i].id))
			list_item(m, m->without++, all[i].id);
	}
	printf(m->json ? "]" : "%s\n", m->without ? "" : "none");
}

static void print_idle(struct mutants *m)
{
	size_t n;
	const struct model_implication *all = model_implications(&n);
	char text[64];

	printf(m->json ? ", \"unused_implications\": [" : "implications that no mutant needs: ");
	for (size_t i = 0; i < n; i++) {
		if (mutant_implication_used(i))
			continue;
		snprintf(text, sizeof(text), "%s>%s", all[i].from, all[i].to);
		list_item(m, m->idle++, text);
	}
	printf(m->json ? "]" : "%s\n", m->idle ? "" : "none");
}

static int judge_sound(void)
{
	struct mutant mutant;
	int error = mutant_judge(MODEL_FAULT_NONE, &mutant);
	char device[32];

	if (error)
		return tool_error("the model cannot be judged: %s", strerror(-error));
	if (!mutant.killed)
		return 0;
	device_name(mutant.found[0].device, device, sizeof(device));
	return tool_error("the model without a fault fails %s in %s (%s): mutants would say nothing",
		mutant.found[0].requirement->id, mutant.found[0].check, device);
}

int mutants_main(int argc, char **argv)
{
	struct mutants m = {0};
	int error;

	argp_parse(&parser, argc, argv, 0, NULL, &m);
	error = judge_sound();
	if (m.json)
		printf("{\"mutants\": [");
	if (!error)
		error = judge_all(&m);
	if (error)
		return TOOL_UNABLE;
	if (!m.judged)
		return tool_error("no mutant has \"%s\" in its name or requirements", m.only);
	if (!m.only) {
		print_without(&m);
		print_idle(&m);
	} else if (m.json) {
		printf("\n]");
	}
	if (m.json)
		printf(", \"summary\": {\"mutants\": %u, \"killed\": %u, \"accused_innocent\": %u}}\n",
			m.judged, m.killed, m.accused);
	else
		printf("%u mutants, %u killed, %u of them with innocent requirements accused\n", m.judged,
			m.killed, m.accused);
	return m.killed == m.judged && !m.accused && !m.without && !m.idle ? TOOL_GOOD : TOOL_BAD;
}
