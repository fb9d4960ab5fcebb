/* SPDX-License-Identifier: BSD-3-Clause */
/* `FILE.so[,ARGS]`: a function that a shared object exports under a name of ours. */
#ifndef VMMIO_CONFORM_TARGETS_PLUGIN_H
#define VMMIO_CONFORM_TARGETS_PLUGIN_H

#include "conform/targets/kinds.h"

/* What is looked for. */
struct plugin_kind {
	const char *symbol;
	const char *see; /* where its author reads on */
};

struct plugin {
	const struct plugin_kind *kind;
	char path[4096];
	const char *file; /* in path */
	const char *args; /* behind the comma */
	void *symbol;     /* the function; to be copied, as C has no cast for it */
};

/* Loads it, for good. 0, or -errno and error. */
int plugin_load(struct plugin *plugin, const struct plugin_kind *kind, const char *args,
	struct vmmio_target_error *error);
/* What the function has returned: 0, or -errno and error. */
int plugin_result(const struct plugin *plugin, int err, struct vmmio_target_error *error);

#endif
