/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What stands behind the conformance tool's --target: kinds, arguments, numbers. The kinds
 * are the target's own, which open nothing: the library's would run commands and map memory.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "conform/targets/args.h"

/* Fences around what is filled in. */
struct values {
	char before[8];
	char text[12];
	char after[8];
	struct arg_range range;
	uint64_t number;
	unsigned choice;
};

static void check_error(int error, const struct vmmio_target_error *said)
{
	FUZZ_CHECK(error == -EINVAL, "error %d", error);
	FUZZ_CHECK(memchr(said->text, 0, sizeof(said->text)) && said->text[0] &&
			!strchr(said->text, '\n'),
		"an error without a line that says it");
}

static int open_kind(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	struct values v = {.before = "before", .after = "after", .number = 7};
	const struct arg table[] = {{"base", ARG_NUMBER, &v.number, "ADDR", 1, UINT64_MAX - UINT32_MAX},
		{"ram", ARG_RANGE, &v.range, NULL, 1 << 20, UINT64_MAX},
		{"path", ARG_TEXT, v.text, "PATH", 0, sizeof(v.text)},
		{"listen", ARG_CHOICE, &v.choice, "no|yes|maybe", 0, 0}, {.key = NULL}};
	char first[16];
	const char *rest = args_first(args, first, sizeof(first));
	int wrong;

	(void)out;
	if (!rest)
		rest = args;
	else
		FUZZ_CHECK(strlen(first) < sizeof(first) && !strchr(first, ','), "first: %s", first);
	wrong = args_parse("fuzz", rest, table, error);
	FUZZ_CHECK(!strcmp(v.before, "before") && !strcmp(v.after, "after") &&
			memchr(v.text, 0, sizeof(v.text)),
		"written outside a text");
	FUZZ_CHECK(v.choice < 3 && v.number >= 1 && v.number <= UINT64_MAX - UINT32_MAX,
		"choice %u, number %llu", v.choice, (unsigned long long)v.number);
	FUZZ_CHECK(!v.range.size || wrong || v.range.size >= 1 << 20, "a range that is too small");
	if (wrong) {
		check_error(wrong, error);
		return wrong;
	}
	fuzz_deep();
	strcpy(error->text, "nothing is opened here");
	return -ENODEV;
}

static void run(struct fuzz_input *input)
{
	static const struct vmmio_target_kind kinds[] = {
		{"mem", "mem:ADDR", "", open_kind}, {"qtest", "qtest:SOCKET", "", open_kind},
		{"plugin", "plugin:FILE", "", open_kind}, {NULL, NULL, NULL, NULL}};
	struct vmmio_target_error error = {.text = ""};
	struct vmmio_target target;
	char spec[600];
	size_t size = input->left < sizeof(spec) - 1 ? input->left : sizeof(spec) - 1;
	uint64_t number;
	int answer;

	memcpy(spec, input->next, size);
	spec[size] = '\0';
	answer = vmmio_target_open_spec(spec, kinds, &target, &error);
	if (answer != -ENODEV)
		check_error(answer, &error);
	(void)arg_number(spec, &number);
}

static const char *const words[] = {"mem:0x1000", ",ram=2M", "qtest:sock", ",base=0xfeb02e00",
	",ram=0x80000000+4M", ",path=abc", ",listen=yes", ",", "=", "+", ":", "K", "G", "0x",
	"18446744073709551615", "plugin:", NULL};

const struct fuzz_target fuzz_target = {
	.name = "spec",
	.min_deep = 1,
	.deep = "were a good target",
	.run = run,
	.words = words,
};
