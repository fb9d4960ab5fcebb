/* SPDX-License-Identifier: BSD-3-Clause */
/* The last accesses before a failure, for people. */
#include <stdio.h>

#include "conform/engine.h"
#include "conform/monitor/known.h"

void engine_register_name(uint64_t offset, char *name, size_t size)
{
	const struct reg *reg = offset % 4 ? NULL : known_reg(offset);

	if (offset >= VMMIO_REG_CONFIG)
		snprintf(name, size, "Config+0x%llx",
			(unsigned long long)(offset - VMMIO_REG_CONFIG));
	else if (reg)
		snprintf(name, size, "%s", reg->name);
	else
		snprintf(name, size, "0x%03llx", (unsigned long long)offset);
}

void engine_accesses(const struct conform *c, char *text, size_t size)
{
	uint64_t first = c->n_accesses > ACCESSES_KEPT ? c->n_accesses - ACCESSES_KEPT : 0;
	size_t used = 0;

	text[0] = 0;
	for (uint64_t i = first; i < c->n_accesses && used < size; i++) {
		const struct access *a = &c->accesses[i % ACCESSES_KEPT];
		char name[32], width[24] = "";

		engine_register_name(a->offset, name, sizeof(name));
		if (a->width != 4)
			snprintf(width, sizeof(width), " (%u bytes)", a->width);
		used += (size_t)snprintf(text + used, size - used, "%s%s %s 0x%llx%s",
			used ? "\n" : "", name, a->write ? ":=" : "=",
			(unsigned long long)a->value, width);
	}
}
