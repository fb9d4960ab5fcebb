/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists of faults and implications as data. The faults themselves are where rules are kept. */
#include "conform/model/internal.h"

enum {
	AT_ANY = 0,
	AT_V2 = MODEL_AT_V2,
	AT_V3 = MODEL_AT_V3,
	AT_SPLIT = MODEL_AT_SPLIT,
	AT_PACKED = MODEL_AT_PACKED,
	AT_BLOCK = MODEL_AT_BLOCK,
	AT_ENTROPY = MODEL_AT_ENTROPY,
	AT_READ_ONLY = MODEL_AT_READ_ONLY,
	AT_WRITABLE = MODEL_AT_WRITABLE,
	AT_NOT_PACKED = MODEL_AT_NOT_PACKED,
};

static const struct model_fault_info faults[] = {
#define FAULT(name, requirements, text, where) {#name, requirements, text, where},
#include "conform/model/faults.def"
#undef FAULT
};

static const struct model_implication implications[] = {
#define IMPLIES(from, to, reason) {from, to, reason},
#include "conform/model/implications.def"
#undef IMPLIES
};

const struct model_fault_info *model_fault_info(enum model_fault fault)
{
	if (fault <= MODEL_FAULT_NONE || fault >= MODEL_FAULTS)
		return NULL;
	return &faults[fault - 1];
}

bool model_fault_fits(enum model_fault fault, const struct model_options *o)
{
	const struct model_fault_info *info = model_fault_info(fault);
	uint32_t is = MODEL_AT_SPLIT;

	if (!info)
		return true;
	is |= o->version == 2 ? MODEL_AT_V2 : MODEL_AT_V3;
	is |= o->packed ? MODEL_AT_PACKED : MODEL_AT_NOT_PACKED;
	if (o->device_id == VMMIO_ID_BLOCK)
		is |= MODEL_AT_BLOCK;
	if (o->device_id == VMMIO_ID_ENTROPY)
		is |= MODEL_AT_ENTROPY;
	is |= o->read_only ? MODEL_AT_READ_ONLY : MODEL_AT_WRITABLE;
	return (info->where & ~is) == 0;
}

const struct model_implication *model_implications(size_t *n)
{
	*n = sizeof(implications) / sizeof(implications[0]);
	return implications;
}
