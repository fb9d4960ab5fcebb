/* SPDX-License-Identifier: BSD-3-Clause */
/* See stall.h. */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>

#include "guest/stall.h"

enum { KEY_SETTLE = 256, KEY_NAP, KEY_PATIENCE, KEY_PACKED, KEY_JSON };

static const struct argp_option option_table[] = {
	{"requests", 'n', "N", 0, "Reads of 4 KiB in flight at each reset, 1 to 256 (32)", 0},
	{"rounds", 'r', "N", 0, "Resets, 1 to 1001 (11)", 0},
	{"settle", KEY_SETTLE, "MS", 0, "From the reads to the reset (20)", 0},
	{"nap", KEY_NAP, "US", 0, "Sleep between two looks at Status (100); 0: do not sleep", 0},
	{"patience", KEY_PATIENCE, "S", 0, "How long a reset may take (30)", 0},
	{"packed", KEY_PACKED, NULL, 0, "Use a packed ring", 0},
	{"json", KEY_JSON, NULL, 0, "Print one line of JSON, times in ns", 0},
	{0},
};

static unsigned number(struct argp_state *state, const char *arg, unsigned min, unsigned max)
{
	char *end;
	const unsigned long n = strtoul(arg, &end, 10);

	if (*arg < '0' || *arg > '9' || *end || n < min || n > max)
		argp_error(state, "\"%s\" is no number from %u to %u", arg, min, max);
	return (unsigned)n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'n':
		o->requests = number(state, arg, 1, REQUESTS_MAX);
		return 0;
	case 'r':
		o->rounds = number(state, arg, 1, ROUNDS_MAX);
		return 0;
	case KEY_SETTLE:
		o->settle_ms = number(state, arg, 0, 10000);
		return 0;
	case KEY_NAP:
		o->nap_us = number(state, arg, 0, 1000000);
		return 0;
	case KEY_PATIENCE:
		o->patience_s = number(state, arg, 1, 3600);
		return 0;
	case KEY_PACKED:
		o->packed = true;
		return 0;
	case KEY_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->address)
			argp_error(state, "\"%s\" is one too many; one ADDR", arg);
		o->address = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->address)
			argp_error(state, "say where the device's registers are: ADDR");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse,
	.args_doc = "ADDR",
	.doc = "Measures, inside a guest, how long a reset of the virtio-mmio disk at physical "
	       "address ADDR keeps the processor that asks for it.\v"
	       "Needs root, /dev/mem, two free huge pages (echo 4 > /proc/sys/vm/nr_hugepages), "
	       "and a disk that no driver holds and whose reads take longer than --settle. What "
	       "is on the disk stays as it is. Exit code 0: measured; 1: not; 64: wrong options.",
};

void options_parse(struct options *o, int argc, char **argv)
{
	*o = (struct options){
		.requests = 32, .rounds = 11, .settle_ms = 20, .nap_us = 100, .patience_s = 30};
	argp_parse(&parser, argc, argv, 0, NULL, o);
}
