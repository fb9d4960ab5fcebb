/* SPDX-License-Identifier: BSD-3-Clause */
/* All rules: a group for each file of them. */
#include "conform/monitor/state.h"

const struct rule_group *const monitor_groups[] = {
	&monitor_probe_rules,
	&monitor_access_rules,
	&monitor_reset_rules,
	&monitor_queue_rules,
	&monitor_interrupt_rules,
	&monitor_config_rules,
	&monitor_status_rules,
	&monitor_feature_rules,
	&monitor_suspend_rules,
	&monitor_memory_rules,
	&monitor_split_rules,
	&monitor_notify_rules,
	&monitor_packed_rules,
	&monitor_block_rules,
};

const size_t monitor_n_groups = sizeof(monitor_groups) / sizeof(monitor_groups[0]);

size_t monitor_n_rules(void)
{
	size_t n = 0;

	for (size_t i = 0; i < monitor_n_groups; i++)
		n += monitor_groups[i]->n;
	return n;
}

const struct rule *monitor_rule_at(size_t i)
{
	for (size_t g = 0; g < monitor_n_groups; g++) {
		if (i < monitor_groups[g]->n)
			return &monitor_groups[g]->rules[i];
		i -= monitor_groups[g]->n;
	}
	return NULL;
}

bool vmmio_monitor_rule(size_t i, struct vmmio_monitor_rule *out)
{
	const struct rule *rule = monitor_rule_at(i);

	if (!rule)
		return false;
	*out = (struct vmmio_monitor_rule){
		.requirement = rule->id,
		.implies = rule->implies ? rule->implies : "",
		.needs_memory = rule->flags & RULE_MEMORY,
		.flags = rule->flags & RULE_SHOULD,
	};
	return true;
}
