/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The catalogue of requirements: one table, its rows in a file for each family. A row:
 *
 *     {"MMIO-DRV-09", DRIVER, MAY, KEYWORD, S_LAYOUT_DRV,
 *             "What is required, in one sentence of our own.",
 *             "Why nothing judges it."},
 *
 * with JUDGED in place of the reason where checks or rules do.
 */
#include <string.h>
#include <vmmio/conform/conform.h>

#include "conform/catalogue/sections.h"

#define DEVICE VMMIO_CONFORM_DEVICE
#define DRIVER VMMIO_CONFORM_DRIVER

#define MUST VMMIO_CONFORM_MUST
#define MUST_NOT VMMIO_CONFORM_MUST_NOT
#define SHOULD VMMIO_CONFORM_SHOULD
#define SHOULD_NOT VMMIO_CONFORM_SHOULD_NOT
#define MAY VMMIO_CONFORM_MAY

/* Does the specification's sentence have a keyword, or does it only describe? */
#define KEYWORD false
#define DESCRIBED true

#define JUDGED NULL

static const struct vmmio_conform_requirement requirements[] = {
/* clang-format off */
#include "conform/catalogue/patch.h"
#include "conform/catalogue/mmio_device.h"
#include "conform/catalogue/mmio_driver.h"
#include "conform/catalogue/general_device.h"
#include "conform/catalogue/general_driver.h"
#include "conform/catalogue/split.h"
#include "conform/catalogue/packed.h"
#include "conform/catalogue/block_device.h"
#include "conform/catalogue/block_driver.h"
#include "conform/catalogue/entropy.h"
#include "conform/catalogue/console.h"
#include "conform/catalogue/network.h"
	/* clang-format on */
};

enum { N_REQUIREMENTS = sizeof(requirements) / sizeof(requirements[0]) };

const struct vmmio_conform_requirement *vmmio_conform_requirements(size_t *n)
{
	*n = N_REQUIREMENTS;
	return requirements;
}

const struct vmmio_conform_requirement *vmmio_conform_requirement(const char *id)
{
	for (size_t i = 0; id && i < N_REQUIREMENTS; i++) {
		if (!strcmp(requirements[i].id, id))
			return &requirements[i];
	}
	return NULL;
}
