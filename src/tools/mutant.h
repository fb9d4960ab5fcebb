/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutants: the model device broken in one way, judged by the suite. The suite has to fail the
 * requirements that the fault breaks, and no other, those apart that break with them of
 * necessity (the model's implications).
 */
#ifndef VMMIO_TOOLS_MUTANT_H
#define VMMIO_TOOLS_MUTANT_H

#include "conform/model/model.h"
#include <vmmio/conform/conform.h>
#include <vmmio/spec.h>

/* Number i of the devices that mutants are made of; false: there are no more. */
bool mutant_device(size_t i, struct model_options *options);
/* "v3 packed block" */
void mutant_device_name(const struct model_options *options, char *name, size_t size);

/* Ids that a suite found broken, and by which check. */
struct mutant_found {
	const struct vmmio_conform_requirement *requirement;
	char check[48];
	size_t device; /* where it was found first */
	bool due;      /* the fault breaks it */
	bool implied;  /* it breaks with one that the fault breaks */
};

#define MUTANT_FOUND_MAX 64u

struct mutant {
	enum model_fault fault;
	const struct model_fault_info *info;
	unsigned devices;        /* that the fault can show on */
	bool killed;             /* on each of them all requirements due were found broken */
	char missed[32];         /* else: the first that was not, */
	size_t missed_on;        /* and on which device */
	unsigned n_innocent;     /* found broken without a reason */
	struct mutant_found found[MUTANT_FOUND_MAX];
	size_t n_found;
};

/* Judges a mutant on every device that its fault fits. MODEL_FAULT_NONE: the model as it is; it
 * is killed if anything at all is found. 0, -errno. */
VMMIO_MUST_CHECK int mutant_judge(enum model_fault fault, struct mutant *mutant);

/* Number i of the implications was needed by a mutant judged so far. */
bool mutant_implication_used(size_t i);

#endif
