/* SPDX-License-Identifier: BSD-3-Clause */
/* The static build's plugin.c, linked before the library as that build does it. */
#include <errno.h>
#include <string.h>
#include <vmmio/conform/subject.h>

#include "support/fixture.h"

START_TEST(says_that_there_are_no_plugins)
{
	struct vmmio_target_error error;
	struct vmmio_subject subject;
	struct vmmio_target target;

	ck_assert_int_eq(vmmio_target_open_spec("plugin:any.so", NULL, &target, &error), -ENOTSUP);
	ck_assert(strstr(error.text, "use the ordinary vmmio-conform"));
	ck_assert_int_eq(
		vmmio_subject_open_spec("plugin:any.so", NULL, &subject, &error), -ENOTSUP);
	ck_assert(strstr(error.text, "use the ordinary vmmio-conform"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conform_no_plugins");
	TCase *tc = fixture_tcase(suite, "plugins");

	tcase_add_test(tc, says_that_there_are_no_plugins);
	return fixture_main(suite);
}
