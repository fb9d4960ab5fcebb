/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform: the command line's first word, and help. */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "tools/tool.h"

struct choice {
	const struct command *command;
	int at; /* its place in argv */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct choice *choice = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (const struct command *c = tool_commands; c->name; c++)
			if (!strcmp(c->name, arg))
				choice->command = c;
		if (!choice->command)
			argp_error(state, "there is no command \"%s\"", arg);
		choice->at = state->next - 1;
		/* The rest is the command's. */
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char examples[] =
	"\n\"vmmio-conform COMMAND --help\" says what a command takes.\n"
	"\n"
	"Exit codes, of all commands:\n"
	"  0  done, and nothing is broken\n"
	"  1  done, and something is broken\n"
	"  2  could not do it; why is on standard error\n"
	"\n"
	"Examples:\n"
	"  vmmio-conform list\n"
	"  vmmio-conform run --target inproc:version=3\n"
	"  vmmio-conform run --target plugin:./mine.so --format html --output mine.html\n";

static char *help(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t size;
	FILE *file;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	file = open_memstream(&all, &size);
	if (!file)
		return NULL;
	fputs("Commands:\n", file);
	for (const struct command *c = tool_commands; c->name; c++)
		fprintf(file, "  %-10s %s\n", c->name, c->about);
	fputs(examples, file);
	fclose(file);
	return all;
}

static const struct argp parser = {
	.parser = parse,
	.args_doc = "COMMAND [OPTION...]",
	.doc = "Judges virtio-mmio devices and drivers, version 2 and 3, against the "
	       "specification: for each requirement it says whether it is kept, with what was "
	       "expected and what was seen.\v.",
	.help_filter = help,
};

int main(int argc, char **argv)
{
	struct choice choice = {NULL, 0};
	char name[64];

	argp_err_exit_status = TOOL_UNABLE;
	argp_program_version = "vmmio-conform " VMMIO_VERSION_STRING;
	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &choice);
	if (!choice.command)
		return TOOL_UNABLE;
	snprintf(name, sizeof(name), "vmmio-conform %s", choice.command->name);
	argv[choice.at] = name;
	return choice.command->run(argc - choice.at, argv + choice.at);
}
