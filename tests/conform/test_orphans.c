/* SPDX-License-Identifier: BSD-3-Clause */
/* Each requirement of the catalogue has a check or a rule, or a reason why there is none. */
#include <stdio.h>

#include "conform/judges.h"
#include "support/fixture.h"

START_TEST(there_are_no_orphans)
{
	static struct judging judges[MAX_JUDGES];
	static struct faults faults;
	struct catalogue catalogue;

	catalogue.rows = vmmio_conform_requirements(&catalogue.n);
	find_orphans(&catalogue, judges, collect_judges(judges), &faults);
	fputs(faults.text, stderr);
	ck_assert_msg(faults.n == 0, "%zu requirements have no judge and no reason, see above",
		faults.n);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("orphans");

	tcase_add_test(fixture_tcase(s, "orphans"), there_are_no_orphans);
	return fixture_main(s);
}
