/* SPDX-License-Identifier: BSD-3-Clause */
/* One mutant: the devices it is made of, what the suite finds, and whether that is right. */
#include "tools/mutant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define IMPLICATIONS_MAX 1024u

static bool used[IMPLICATIONS_MAX];

/* --- Devices --------------------------------------------------------------------------------- */

static const struct {
	uint32_t device_id;
	bool read_only;
} types[] = {
	{VMMIO_ID_BLOCK, false},
	{VMMIO_ID_BLOCK, true},
	{VMMIO_ID_ENTROPY, false},
};

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

bool mutant_device(size_t i, struct model_options *options)
{
	if (i >= 4 * (size_t)N_TYPES)
		return false;
	*options = (struct model_options){
		.version = i % 2 ? 3 : 2,
		.packed = i / 2 % 2,
		.device_id = types[i / 4].device_id,
		.read_only = types[i / 4].read_only,
	};
	return true;
}

void mutant_device_name(const struct model_options *options, char *name, size_t size)
{
	snprintf(name, size, "v%u %s %s", options->version, options->packed ? "packed" : "split",
		options->read_only ? "read-only" :
				     options->device_id == VMMIO_ID_BLOCK ? "block" : "entropy");
}

/* --- What breaks with what --------------------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
		if ((at == list || at[-1] == ' ') && (at[n] == 0 || at[n] == ' '))
			return true;
	}
	return false;
}

static bool is_due(const struct mutant *mutant, const char *id)
{
	return mutant->info && has_word(mutant->info->requirements, id);
}

/* Whether an implication leads from what is due to this requirement. */
static bool is_implied(const struct mutant *mutant, const char *id)
{
	size_t n;
	const struct model_implication *all = model_implications(&n);

	for (size_t i = 0; i < n && i < IMPLICATIONS_MAX; i++) {
		if (strcmp(all[i].to, id) == 0 && is_due(mutant, all[i].from)) {
			used[i] = true;
			return true;
		}
	}
	return false;
}

bool mutant_implication_used(size_t i)
{
	return i < IMPLICATIONS_MAX && used[i];
}

/* --- Judging -------------------------------------------------------------------------------------- */

static bool found_before(const struct mutant *mutant, const char *id)
{
	for (size_t i = 0; i < mutant->n_found; i++) {
		if (strcmp(mutant->found[i].requirement->id, id) == 0)
			return true;
	}
	return false;
}

static void add_found(struct mutant *mutant, const struct vmmio_conform_result *result, size_t device)
{
	const char *id = result->requirement->id;
	struct mutant_found *found;

	if (found_before(mutant, id) || mutant->n_found == MUTANT_FOUND_MAX)
		return;
	found = &mutant->found[mutant->n_found++];
	*found = (struct mutant_found){.requirement = result->requirement, .device = device};
	snprintf(found->check, sizeof(found->check), "%s", result->check);
	found->due = is_due(mutant, id);
	found->implied = !found->due && is_implied(mutant, id);
	mutant->n_innocent += !found->due && !found->implied;
}

static bool failed(const struct vmmio_conform_report *report, const char *id)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (result->verdict == VMMIO_CONFORM_FAIL && strcmp(result->requirement->id, id) == 0)
			return true;
	}
	return false;
}

static void take_report(
	struct mutant *mutant, const struct vmmio_conform_report *report, size_t device)
{
	const char *list = mutant->info ? mutant->info->requirements : "";
	char id[32];
	int used_up;

	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (result->verdict == VMMIO_CONFORM_FAIL)
			add_found(mutant, result, device);
	}
	for (; sscanf(list, "%31s%n", id, &used_up) == 1; list += used_up) {
		if (failed(report, id) || mutant->missed[0])
			continue;
		memcpy(mutant->missed, id, sizeof(id));
		mutant->missed_on = device;
	}
}

static int judge_on(struct mutant *mutant, struct model_options *options, size_t device)
{
	struct vmmio_target target = {.size = sizeof(target)};
	struct vmmio_conform_report *report = NULL;
	struct model *model;
	int error;

	options->fault = mutant->fault;
	error = model_create(options, &model);
	if (error)
		return error;
	error = model_target(model, &target);
	if (!error)
		error = vmmio_conform_run(&target, NULL, &report);
	/* No device to be seen is a finding, too. */
	if (report)
		take_report(mutant, report, device);
	vmmio_conform_report_free(report);
	model_destroy(model);
	return error == -ENODEV ? 0 : error;
}

int mutant_judge(enum model_fault fault, struct mutant *mutant)
{
	struct model_options options;
	int error = 0;

	*mutant = (struct mutant){.fault = fault, .info = model_fault_info(fault)};
	for (size_t i = 0; !error && mutant_device(i, &options); i++) {
		if (!model_fault_fits(fault, &options))
			continue;
		mutant->devices++;
		error = judge_on(mutant, &options, i);
	}
	mutant->killed = mutant->info ? mutant->devices && !mutant->missed[0] : mutant->n_found > 0;
	return error;
}
