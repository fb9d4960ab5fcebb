/* SPDX-License-Identifier: BSD-3-Clause */
/* What checks of other topics ask of the configuration space. */
#ifndef VMMIO_CONFORM_CHECKS_CONFIG_H
#define VMMIO_CONFORM_CHECKS_CONFIG_H

#include "conform/checks/checks.h"

/* The suite knows fields of this type of device that are there. */
bool config_known(struct conform *c);
/* What those fields hold, as one number: another one if any of them changes. */
uint64_t config_digest(struct conform *c);
/* Lets the device change its configuration. Ends the check if no field shows a change. */
void config_changes(struct conform *c);

#endif
