/* SPDX-License-Identifier: BSD-3-Clause */
/* The targets that are the tool's own. */
#include "tools/inproc.h"
#include "tools/tool.h"

const struct vmmio_target_kind tool_kinds[] = {
	INPROC_KIND,
	{0},
};
