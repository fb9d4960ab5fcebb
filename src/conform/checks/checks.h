/* SPDX-License-Identifier: BSD-3-Clause */
/* The topics, a file of checks each. */
#ifndef VMMIO_CONFORM_CHECKS_H
#define VMMIO_CONFORM_CHECKS_H

#include "conform/check.h"

extern const struct check_topic checks_identity;
extern const struct check_topic checks_identity_states;
extern const struct check_topic checks_features;
extern const struct check_topic checks_accept;
extern const struct check_topic checks_status;
extern const struct check_topic checks_queues;
extern const struct check_topic checks_config;
extern const struct check_topic checks_interrupt;
extern const struct check_topic checks_live;
extern const struct check_topic checks_reset;
extern const struct check_topic checks_reset_versions;
extern const struct check_topic checks_queue_reset;
extern const struct check_topic checks_suspend;
extern const struct check_topic checks_block_config;
extern const struct check_topic checks_block;
extern const struct check_topic checks_block_data;
extern const struct check_topic checks_entropy;
extern const struct check_topic checks_split_chains;
extern const struct check_topic checks_split_used;
extern const struct check_topic checks_split_index;
extern const struct check_topic checks_split_notify;
extern const struct check_topic checks_packed_used;
extern const struct check_topic checks_packed_chains;
extern const struct check_topic checks_packed_avail;
extern const struct check_topic checks_packed_notify;
extern const struct check_topic checks_queue_order;
extern const struct check_topic checks_queue_registers;
extern const struct check_topic checks_queue_errors;

#endif
