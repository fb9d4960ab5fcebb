/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the judges: the checks of the suite. */
#include <check.h>

#include "conform/judges.h"

size_t collect_judges(struct judging judges[MAX_JUDGES])
{
	struct vmmio_conform_check check;
	size_t n = 0;

	for (size_t i = 0; vmmio_conform_check(i, &check); i++) {
		ck_assert_uint_lt(n, MAX_JUDGES);
		judges[n++] = (struct judging){
			VMMIO_CONFORM_DEVICE, check.name, check.requirements};
	}
	return n;
}
