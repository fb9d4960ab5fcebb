/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a hostile driver may do to rings and requests. Each row (HD number) is a test case of
 * its name: CK_RUN_CASE=hd_01 runs one, as CTest does.
 */
#include "hostile/rig_hostile.h"

void hostile_row(Suite *s, const char *name, const TTest *test)
{
	TCase *tc = fixture_tcase(s, name);

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, test, 0, HOSTILE_ALL);
}

int main(void)
{
	Suite *s = suite_create("hostile");

	hostile_rings(s);
	hostile_chains(s);
	hostile_requests(s);
	hostile_life(s);
	hostile_flight(s);
	return fixture_main(s);
}
