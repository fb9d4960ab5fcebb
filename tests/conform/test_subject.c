/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers under test by name: kinds, messages, plugins. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmmio/conform/subject.h>

#include "support/fixture.h"
#include "tools/good.h"

static const struct vmmio_subject_kind mine[] = {GOOD_KIND, {0}};

static void expect_error(const char *spec, int expected, const char *text)
{
	struct vmmio_subject subject = {.size = 77};
	struct vmmio_target_error error = {""};
	int err = vmmio_subject_open_spec(spec, mine, &subject, &error);

	ck_assert_msg(err == expected, "%s: %d, expected %d: %s", spec ? spec : "(none)", err,
		expected, error.text);
	ck_assert_msg(strstr(error.text, text), "no '%s' in: %s", text, error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
	ck_assert_uint_eq(subject.size, 77);
}

START_TEST(says_what_there_is)
{
	struct vmmio_subject subject;

	expect_error("nothing", -EINVAL,
		"there is no driver 'nothing': use one of good[:disk|entropy|other], plugin:");
	expect_error("goods", -EINVAL, "there is no driver");
	expect_error("", -EINVAL, "plugin:FILE.so[,ARGS]");
	expect_error(NULL, -EINVAL, "use KIND or KIND:ARGS");
	expect_error("good:bad", -EINVAL, "use good:disk, good:entropy or good:other");
	ck_assert_int_eq(vmmio_subject_open_spec("good", NULL, &subject, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_subject_open_spec("good", mine, NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(opens_the_good_one)
{
	static const struct {
		const char *spec, *name;
		uint32_t device_id;
	} cases[] = {
		{"good", "good:disk", 2},
		{"good:", "good:disk", 2},
		{"good:entropy", "good:entropy", 4},
		{"good:other", "good:other", 42},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmmio_subject subject;

		ck_assert_int_eq(vmmio_subject_open_spec(cases[i].spec, mine, &subject, NULL), 0);
		ck_assert_str_eq(subject.name, cases[i].name);
		ck_assert_uint_eq(subject.device_id, cases[i].device_id);
		vmmio_subject_close(&subject);
		ck_assert_ptr_null(subject.ops);
		vmmio_subject_close(&subject);
	}
	vmmio_subject_close(NULL);
	fixture_fail_alloc(1, false);
	expect_error("good", -ENOMEM, "cannot be opened");
}
END_TEST

START_TEST(refuses_what_is_no_plugin)
{
	expect_error("plugin", -EINVAL, "use plugin:FILE.so");
	expect_error("plugin:,a", -EINVAL, "use plugin:FILE.so");
	expect_error("plugin:no-such-file.so", -ENOENT, "./no-such-file.so: cannot open");
	expect_error("plugin:/proc/self/status", -ENOENT, "give the path of a shared object");
	expect_error("plugin:" BAD_PLUGIN, -ENOENT,
		"does not export a function vmmio_subject_open: see vmmio/conform/subject.h");
}
END_TEST

START_TEST(refuses_bad_plugins)
{
	static const struct {
		const char *args;
		int expected;
		const char *text;
	} cases[] = {
		{"fails", -ENODEV, "vmmio_subject_open of"},
		{"fails", -ENODEV, "No such device"},
		{"positive", -EINVAL, "returned 3: let it return 0 or a negative errno"},
		{"no ops", -EINVAL, "subject->ops is NULL"},
		{"no use", -EINVAL, "one of begin, use and stop is missing"},
		{"small ops", -EINVAL, "set ops->size to sizeof(struct vmmio_subject_ops)"},
		{"size 0", -EINVAL, "subject->size is 0"},
		{"later", -EINVAL, "build against the vmmio/conform/subject.h of this version"},
	};
	char spec[512];

	snprintf(spec, sizeof(spec), "plugin:%s,%s", BAD_DRIVER, cases[_i].args);
	expect_error(spec, cases[_i].expected, cases[_i].text);
}
END_TEST

START_TEST(opens_plugins)
{
	struct vmmio_subject subject;
	struct vmmio_target_error error;

	ck_assert_int_eq(vmmio_subject_open_spec("plugin:" BAD_DRIVER, NULL, &subject, &error), 0);
	ck_assert_str_eq(error.text, "");
	ck_assert_str_eq(subject.name, "plugin"); /* it has none of its own */
	vmmio_subject_close(&subject);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conform_subject");
	TCase *tc = fixture_tcase(suite, "names");

	tcase_add_test(tc, says_what_there_is);
	tcase_add_test(tc, opens_the_good_one);
	tc = fixture_tcase(suite, "plugins");
	tcase_add_test(tc, refuses_what_is_no_plugin);
	tcase_add_loop_test(tc, refuses_bad_plugins, 0, 8);
	tcase_add_test(tc, opens_plugins);
	return fixture_main(suite);
}
