/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a hostile driver may do to rings and requests. Each row (HD number) is a test case of
 * its name: CK_RUN_CASE=hd_01 runs one, as CTest does.
 */
#include "hostile/rig_hostile.h"

static void row(Suite *s, const char *name, const TTest *test, int n)
{
	TCase *tc = fixture_tcase(s, name);

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, test, 0, n);
}

void hostile_row(Suite *s, const char *name, const TTest *test)
{
	row(s, name, test, HOSTILE_ALL);
}

void hostile_row_quiet(Suite *s, const char *name, const TTest *test)
{
	row(s, name, test, HOSTILE_QUIET);
}

void hostile_row_half(Suite *s, const char *name, const TTest *test)
{
	row(s, name, test, HOSTILE_ALL / 2);
}

unsigned hostile_half(int index, unsigned format)
{
	unsigned i = (unsigned)index;

	return (i & 1) | (i & ~1u) << 1 | format;
}

int main(void)
{
	Suite *s = suite_create("hostile");

	hostile_rings(s);
	hostile_chains(s);
	hostile_requests(s);
	hostile_life(s);
	hostile_laps(s);
	hostile_flight(s);
	hostile_errors(s);
	return fixture_main(s);
}
