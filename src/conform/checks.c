/* SPDX-License-Identifier: BSD-3-Clause */
/* All checks, topic by topic, in the order in which they run. */
#include "conform/checks/checks.h"
#include "conform/engine.h"

/* Resets early: a target that cannot restart its device has nothing else to begin anew with. */
static const struct check_topic *const topics[] = {
	&checks_identity,
	&checks_reset,
	&checks_reset_versions,
	&checks_identity_states,
	&checks_features,
	&checks_accept,
	&checks_status,
	&checks_queues,
	&checks_config,
	&checks_interrupt,
	&checks_live,
	&checks_queue_reset,
	&checks_suspend,
	&checks_block_config,
	&checks_block,
	&checks_block_data,
	&checks_entropy,
	&checks_split_chains,
	&checks_split_used,
	&checks_split_index,
	&checks_split_notify,
	&checks_packed_used,
	&checks_packed_chains,
	&checks_packed_avail,
	&checks_packed_notify,
	&checks_queue_order,
	&checks_queue_registers,
	&checks_queue_errors,
};

const struct check *engine_check(size_t i, const char **topic)
{
	for (size_t t = 0; t < sizeof(topics) / sizeof(topics[0]); t++) {
		if (i < topics[t]->n) {
			if (topic)
				*topic = topics[t]->name;
			return &topics[t]->checks[i];
		}
		i -= topics[t]->n;
	}
	return NULL;
}

bool vmmio_conform_check(size_t i, struct vmmio_conform_check *check)
{
	const char *topic = "";
	const struct check *found = engine_check(i, &topic);

	if (!found)
		return false;
	*check = (struct vmmio_conform_check){found->name, topic, found->title, found->requirements};
	return true;
}
