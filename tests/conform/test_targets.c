/* SPDX-License-Identifier: BSD-3-Clause */
/* Targets by name: kinds, arguments, messages, plugins. */
#include "test_targets.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include <vmmio/spec.h>

#include "conform/targets/args.h"

static struct vmmio_target_error error;

void expect_error(const char *spec, int err, const char *text)
{
	struct vmmio_target target;

	memset(&target, 0x5a, sizeof(target));
	ck_assert_int_eq(vmmio_target_open_spec(spec, NULL, &target, &error), err);
	ck_assert_msg(strstr(error.text, text), "'%s' is not in '%s'", text, error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
	for (size_t i = 0; i < sizeof(target); i++)
		ck_assert_uint_eq(((uint8_t *)&target)[i], 0x5a);
}

/* --- Arguments ------------------------------------------------------------------------ */

START_TEST(numbers)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"4096", true, 4096},
		{"0x1000", true, 4096},
		{"0Xff", true, 255},
		{"010", true, 10},
		{"4K", true, 4096},
		{"2M", true, 2u << 20},
		{"0x3G", true, UINT64_C(3) << 30},
		{"0xffffffffffffffff", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"0x10000000000000000", false, 0},
		{"17179869184G", false, 0},
		{"", false, 0},
		{"0x", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1KB", false, 0},
		{"1k", false, 0},
		{"ff", false, 0},
		{"0x-1", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		ck_assert_msg(
			arg_number(cases[i].text, &value) == cases[i].good, "'%s'", cases[i].text);
		ck_assert_msg(value == cases[i].value, "'%s'", cases[i].text);
	}
}
END_TEST

struct values {
	unsigned ring;
	uint64_t size;
	struct arg_range ram;
	char path[8];
};

static int parse(const char *args, struct values *v)
{
	const struct arg table[] = {
		{"ring", ARG_CHOICE, &v->ring, "split|packed", 0, 0},
		{"size", ARG_NUMBER, &v->size, NULL, 16, 64},
		{"ram", ARG_RANGE, &v->ram, NULL, 1, 1 << 20},
		{"path", ARG_TEXT, v->path, NULL, 0, sizeof(v->path)},
		{.key = NULL},
	};

	return args_parse("some", args, table, &error);
}

START_TEST(reads_each_type)
{
	struct values v = {.size = 5};

	ck_assert_int_eq(parse("", &v), 0);
	ck_assert_uint_eq(v.size, 5);
	ck_assert_int_eq(parse("ring=packed,size=0x20,ram=0x100000000+64K,path=/a=b", &v), 0);
	ck_assert_uint_eq(v.ring, 1);
	ck_assert_uint_eq(v.size, 32);
	ck_assert_uint_eq(v.ram.base, UINT64_C(1) << 32);
	ck_assert_uint_eq(v.ram.size, 65536);
	ck_assert_str_eq(v.path, "/a=b");
	ck_assert_int_eq(parse("ring=split", &v), 0);
	ck_assert_uint_eq(v.ring, 0);
}
END_TEST

START_TEST(refuses_what_is_wrong)
{
	static const char *const cases[][2] = {
		{"rings=split", "there is no option 'rings': use ring=split|packed, size=NUMBER, "
				"ram=ADDR+SIZE, path=TEXT"},
		{"ring", "'ring' has no value: use ring=split|packed"},
		{"ring=", "'ring=' is wrong: use ring=split|packed"},
		{"ring=spli", "'ring=spli' is wrong"},
		{"ring=split|packed", "is wrong"},
		{"size=15", "give a number such as 4096, 0x1000 or 2M from 0x10 to 0x40"},
		{"size=65", "'size=65' is wrong"},
		{"size=no", "'size=no' is wrong"},
		{"ram=4096", "give ADDR+SIZE"},
		{"ram=+1", "give ADDR+SIZE"},
		{"ram=0+0", "give ADDR+SIZE"},
		{"ram=0xffffffffffffffff+1", "give ADDR+SIZE"},
		{"path=", "give 1 to 7 characters"},
		{"path=12345678", "give 1 to 7 characters"},
		{"size=16,size=16", "'size' is given twice"},
		{"size=16,", "there is no option ''"},
		{",size=16", "there is no option ''"},
	};
	struct values v = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(parse(cases[i][0], &v) == -EINVAL, "'%s'", cases[i][0]);
		ck_assert_msg(!strncmp(error.text, "some: ", 6) && strstr(error.text, cases[i][1]),
			"'%s': '%s'", cases[i][0], error.text);
	}
}
END_TEST

/* --- Kinds ---------------------------------------------------------------------------- */

static char opened_with[64];

static int open_own(const char *args, struct vmmio_target *out, struct vmmio_target_error *own)
{
	static const struct vmmio_target_ops ops = {0};

	snprintf(opened_with, sizeof(opened_with), "%s", args);
	out->ops = &ops;
	if (!*args)
		return 0;
	snprintf(own->text, sizeof(own->text), "own: no");
	return -EBUSY;
}

static const struct vmmio_target_kind more[] = {
	{"own", "own[:ARGS]", "a kind of the caller's", open_own}, {.name = NULL}};

START_TEST(knows_its_kinds)
{
	const struct vmmio_target_kind *kinds;
	size_t n = 0;
	bool plugin = false, mem = false;

	kinds = vmmio_target_kinds(&n);
	for (size_t i = 0; i < n; i++) {
		plugin |= !strcmp(kinds[i].name, "plugin");
		mem |= !strcmp(kinds[i].name, "mem");
		ck_assert(!strncmp(kinds[i].usage, kinds[i].name, strlen(kinds[i].name)));
		ck_assert(kinds[i].about && *kinds[i].about && kinds[i].open);
	}
	ck_assert(plugin && mem);
}
END_TEST

START_TEST(refuses_other_kinds)
{
	struct vmmio_target target;

	expect_error("", -EINVAL, "there is no target ''");
	expect_error("plug:x", -EINVAL, "there is no target 'plug': use one of ");
	expect_error("plugins:x", -EINVAL, "plugin:FILE.so[,ARGS]");
	ck_assert_int_eq(vmmio_target_open_spec("x", more, &target, &error), -EINVAL);
	ck_assert(strstr(error.text, "use one of own[:ARGS], "));
	ck_assert_int_eq(vmmio_target_open_spec("x", NULL, &target, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_target_open_spec(NULL, NULL, &target, &error), -EINVAL);
	ck_assert_int_eq(vmmio_target_open_spec("x", NULL, NULL, &error), -EINVAL);
}
END_TEST

START_TEST(opens_kinds_of_the_caller)
{
	struct vmmio_target target;

	ck_assert_int_eq(vmmio_target_open_spec("own:a:b,c", more, &target, &error), -EBUSY);
	ck_assert_str_eq(opened_with, "a:b,c");
	ck_assert_str_eq(error.text, "own: no");
	/* They, too, are held against what a target has to be. */
	ck_assert_int_eq(vmmio_target_open_spec("own", more, &target, &error), -EINVAL);
	ck_assert_str_eq(opened_with, "");
	ck_assert(strstr(error.text, "own: ops->read or ops->write is missing"));
}
END_TEST

START_TEST(closes_what_is_not_open)
{
	struct vmmio_target target = {0};

	vmmio_target_close(&target);
	vmmio_target_close(NULL);
}
END_TEST

/* --- Plugins -------------------------------------------------------------------------- */

START_TEST(refuses_what_is_no_plugin)
{
	expect_error("plugin", -EINVAL, "use plugin:FILE.so");
	expect_error("plugin:", -EINVAL, "use plugin:FILE.so");
	expect_error("plugin:,a", -EINVAL, "use plugin:FILE.so");
	expect_error("plugin:no-such-file.so", -ENOENT, "./no-such-file.so: cannot open");
	expect_error("plugin:/proc/self/status", -ENOENT, "give the path of a shared object");
	expect_error("plugin:" NO_PLUGIN, -ENOENT, "does not export a function vmmio_target_open");
}
END_TEST

START_TEST(refuses_bad_plugins)
{
	static const struct {
		const char *args;
		int err;
		const char *text;
	} cases[] = {
		{"fails", -ENODEV, "failed: No such device"},
		{"positive", -EINVAL, "returned 3"},
		{"no ops", -EINVAL, "target->ops is NULL"},
		{"size 0", -EINVAL, "target->size is 0"},
		{"later", -EINVAL, "build against the vmmio/conform/target.h"},
		{"no mem_write", -EINVAL, "not both of mem_read and mem_write"},
		{"little memory", -EINVAL, "make it at least 1 MiB"},
		{"crooked memory", -EINVAL, "at a multiple of 4096"},
		{"no wait", -EINVAL, "VMMIO_TARGET_VIRTUAL_TIME but no wait"},
		{"endless memory", -EINVAL, "make it at least 1 MiB"},
		{"small ops", -EINVAL, "ops->read or ops->write is missing (ops->size is 16)"},
		{"no read", -EINVAL, "ops->read or ops->write is missing"},
	};
	char spec[PATH_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(spec, sizeof(spec), "plugin:%s,%s", BAD_PLUGIN, cases[i].args);
		expect_error(spec, cases[i].err, cases[i].text);
	}
}
END_TEST

/* What was refused was closed, if it could be; what was accepted is when it is closed. */
START_TEST(closes_plugins)
{
	struct vmmio_target target;
	uint64_t closes = 7;

	expect_error("plugin:" BAD_PLUGIN ",fails", -ENODEV, "");
	expect_error("plugin:" BAD_PLUGIN ",crooked memory", -EINVAL, "");
	ck_assert_int_eq(vmmio_target_open_spec("plugin:" BAD_PLUGIN, NULL, &target, &error), 0);
	ck_assert_str_eq(error.text, "");
	ck_assert_str_eq(target.name, "plugin");
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &closes), 0);
	ck_assert_uint_eq(closes, 1);
	vmmio_target_close(&target);
	ck_assert_ptr_null(target.ops);
	ck_assert_int_eq(vmmio_target_open_spec("plugin:" BAD_PLUGIN, NULL, &target, NULL), 0);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &closes), 0);
	ck_assert_uint_eq(closes, 2);
}
END_TEST

START_TEST(finds_plugins_here)
{
	char directory[PATH_MAX] = BAD_PLUGIN, spec[PATH_MAX];
	char *slash = strrchr(directory, '/');
	struct vmmio_target target;

	*slash = '\0';
	ck_assert_int_eq(chdir(directory), 0);
	snprintf(spec, sizeof(spec), "plugin:%s", slash + 1);
	ck_assert_int_eq(vmmio_target_open_spec(spec, NULL, &target, &error), 0);
	vmmio_target_close(&target);
}
END_TEST

START_TEST(loads_the_example)
{
#ifdef EXAMPLE_PLUGIN
	struct vmmio_target target;
	uint64_t value, guest = 0, back = 0;

	ck_assert_int_eq(
		vmmio_target_open_spec("plugin:" EXAMPLE_PLUGIN, NULL, &target, &error), 0);
	ck_assert_str_eq(target.name, "example plugin");
	ck_assert_int_eq(target.ops->read(target.ctx, VMMIO_REG_MAGIC, 4, &value), 0);
	ck_assert_uint_eq(value, VMMIO_MAGIC);
	ck_assert_int_eq(target.ops->read(target.ctx, VMMIO_REG_DEVICE_ID, 4, &value), 0);
	ck_assert_uint_eq(value, VMMIO_ID_ENTROPY);
	ck_assert_int_eq(target.ops->write(target.ctx, VMMIO_REG_STATUS, 4, 1), 0);
	ck_assert_int_eq(target.ops->read(target.ctx, VMMIO_REG_STATUS, 4, &value), 0);
	ck_assert_uint_eq(value, 1);
	guest = target.memory_base + target.memory_size - sizeof(value);
	value = UINT64_C(0x123456789abcdef0);
	ck_assert_int_eq(target.ops->mem_write(target.ctx, guest, &value, sizeof(value)), 0);
	ck_assert_int_eq(target.ops->mem_read(target.ctx, guest, &back, sizeof(back)), 0);
	ck_assert_uint_eq(back, value);
	ck_assert_int_eq(target.ops->line(target.ctx), 0);
	value = target.ops->now(target.ctx);
	ck_assert_int_eq(target.ops->wait(target.ctx, 1000), 0);
	ck_assert_uint_eq(target.ops->now(target.ctx), value + 1000);
	vmmio_target_close(&target);
#else
	fixture_skip("built without the examples (VMMIO_BUILD_EXAMPLES)");
#endif
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conform_targets");
	TCase *tc = fixture_tcase(suite, "arguments");

	tcase_add_test(tc, numbers);
	tcase_add_test(tc, reads_each_type);
	tcase_add_test(tc, refuses_what_is_wrong);
	tc = fixture_tcase(suite, "kinds");
	tcase_add_test(tc, knows_its_kinds);
	tcase_add_test(tc, refuses_other_kinds);
	tcase_add_test(tc, opens_kinds_of_the_caller);
	tcase_add_test(tc, closes_what_is_not_open);
	tc = fixture_tcase(suite, "plugins");
	tcase_add_test(tc, refuses_what_is_no_plugin);
	tcase_add_test(tc, refuses_bad_plugins);
	tcase_add_test(tc, closes_plugins);
	tcase_add_test(tc, finds_plugins_here);
	tcase_add_test(tc, loads_the_example);
	add_mem_tests(suite);
	return fixture_main(suite);
}
