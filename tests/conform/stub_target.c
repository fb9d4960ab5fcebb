/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The target of the stub suite, `stub:WORD=VALUE,...`. It answers check N's register as the words
 * say: pass=N (what all do that no word is about), hook=N, flag=N, skip=N, fail=N, crawl=N,
 * endless=N. Or it does not: crash=N, exit=N (the process ends, code 5), hang=N; N 99: at the
 * first access of all. And:
 *
 *     version=V      what Version reads, 3 at first
 *     open=HOW       refuse, crash or hang: instead of opening
 *     once=FILE      it can be opened once, as long as there is no FILE
 *     close=HOW      crash or hang: instead of closing
 *     child=FILE     starts a process that stays, and writes its number to FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmmio/spec.h>

#include "conform/stub_suite.h"
#include "tools/tool.h"

enum { FIRST_ACCESS = 99, CRASH = 100, EXIT, HANG };

static const struct {
	const char *word;
	unsigned answer;
} answers[] = {
	{"pass", STUB_PASS},
	{"hook", STUB_HOOK},
	{"flag", STUB_FLAG},
	{"skip", STUB_SKIP},
	{"fail", STUB_FAIL},
	{"crawl", STUB_CRAWL},
	{"endless", STUB_ENDLESS},
	{"crash", CRASH},
	{"exit", EXIT},
	{"hang", HANG},
};

static struct {
	unsigned answer[FIRST_ACCESS + 1];
	uint64_t version;
	unsigned on_close;
} stub;

/* Whatever sanitizer looks on: this signal goes past it. */
static void do_it(unsigned what)
{
	if (what == CRASH)
		kill(getpid(), SIGKILL);
	if (what == EXIT)
		_exit(5);
	while (what == HANG)
		pause();
}

static int stub_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	uint64_t check = (offset - STUB_REGISTER) / 4;

	(void)ctx;
	(void)width;
	*value = 0;
	do_it(stub.answer[FIRST_ACCESS]);
	if (offset == VMMIO_REG_VERSION)
		*value = stub.version;
	if (offset < STUB_REGISTER || check >= STUB_CHECKS)
		return 0;
	do_it(stub.answer[check]);
	*value = stub.answer[check];
	return 0;
}

static int stub_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	(void)ctx, (void)offset, (void)width, (void)value;
	return 0;
}

static void stub_close(void *ctx)
{
	(void)ctx;
	/* What plugins print must not get into a report. */
	puts("closed");
	do_it(stub.on_close);
}

static const struct vmmio_target_ops ops = {
	.size = sizeof(ops), .read = stub_read, .write = stub_write, .close = stub_close};

/* --- Words ------------------------------------------------------------------------------ */

static void start_child(const char *path)
{
	pid_t child = fork();
	FILE *file;

	while (child == 0)
		pause();
	file = fopen(path, "w");
	if (!file || child < 0)
		abort();
	fprintf(file, "%d\n", (int)child);
	fclose(file);
}

static unsigned answer_of(const char *word)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (!strcmp(answers[i].word, word))
			return answers[i].answer;
	fprintf(stderr, "stub: no word %s\n", word);
	abort();
}

static int take_word(const char *word, const char *value)
{
	if (!strcmp(word, "version"))
		stub.version = strtoul(value, NULL, 0);
	else if (!strcmp(word, "close"))
		stub.on_close = answer_of(value);
	else if (!strcmp(word, "open") && !strcmp(value, "refuse"))
		return -ENXIO;
	else if (!strcmp(word, "open"))
		do_it(answer_of(value));
	else if (!strcmp(word, "once"))
		return open(value, O_CREAT | O_EXCL, 0600) < 0 ? -EBUSY : 0;
	else if (!strcmp(word, "child"))
		start_child(value);
	else
		stub.answer[strtoul(value, NULL, 10) % (FIRST_ACCESS + 1)] = answer_of(word);
	return 0;
}

static int stub_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	char words[256];
	int err = 0;

	stub.version = 3;
	snprintf(words, sizeof(words), "%s", args);
	for (char *word = strtok(words, ","); word && !err; word = strtok(NULL, ",")) {
		char *value = strchr(word, '=');

		if (!value)
			abort();
		*value = '\0';
		err = take_word(word, value + 1);
	}
	snprintf(error->text, sizeof(error->text), "stub: refused");
	out->ops = &ops;
	out->name = "stub";
	return err;
}

const struct vmmio_target_kind tool_kinds[] = {
	{"stub", "stub:WORD=VALUE,...", "a device that does as told", stub_open},
	{0},
};

const struct command tool_commands[] = {
	{"list", "the requirements", list_main},
	{"run", "judge a device", run_main},
	{0},
};
