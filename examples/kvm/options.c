/* SPDX-License-Identifier: BSD-3-Clause */
#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

int say(const char *kind, const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "vmmio-vm: %s%s\n", kind, line);
	return -1;
}

/* --- Values ------------------------------------------------------------------------------ */

struct unit {
	const char *name;
	uint64_t factor;
};
static const struct unit sizes[] = {{"M", 1 << 20}, {"G", 1 << 30}, {0}};
static const struct unit times[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {0}};

/* "512M": a number and one of the units. 0: it is no such thing, or too much. */
static uint64_t scaled(const char *text, const struct unit *units)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end - text > 9 || *text < '0' || *text > '9')
		return 0;
	for (; units->name; units++) {
		if (strcmp(end, units->name) == 0)
			return value * units->factor;
	}
	return 0;
}

static bool set_word(struct device_options *d, const char *word, const char *value)
{
	bool disk = d->kind == DEVICE_DISK, console = d->kind == DEVICE_CONSOLE;

	if (strcmp(word, "packed") == 0 && !value)
		d->packed = true;
	else if (strcmp(word, "version") == 0 && value && strcmp(value, "2") == 0)
		d->version = 2;
	else if (strcmp(word, "version") == 0 && value && strcmp(value, "3") == 0)
		d->version = 3;
	else if (disk && strcmp(word, "ro") == 0 && !value)
		d->read_only = true;
	else if (disk && strcmp(word, "delay") == 0 && value)
		return (d->delay = scaled(value, times)) != 0;
	else if (console && strcmp(word, "in") == 0 && value)
		d->in = value;
	else if (console && strcmp(word, "out") == 0 && value)
		d->out = value;
	else
		return false;
	return true;
}

/* text: "version=3,packed", or NULL. */
static void set_words(struct argp_state *state, struct device_options *d, char *text)
{
	static const char *const takes[] = {
		[DEVICE_DISK] = "--disk takes IMG[,ro][,version=2|3][,packed][,delay=500us|10ms|2s]",
		[DEVICE_RNG] = "--rng takes version=2|3 and packed",
		[DEVICE_CONSOLE] = "--console takes version=2|3, packed, in=FILE and out=FILE",
	};
	char *word;

	while ((word = strsep(&text, ","))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = 0;
		if (!set_word(d, word, value))
			argp_error(state, "%s; not %s%s%s", takes[d->kind], word, value ? "=" : "",
				value ? value : "");
	}
}

static void add_device(
	struct argp_state *state, struct vm_options *o, enum device_kind kind, char *text)
{
	struct device_options *d = &o->devices[o->n_devices];

	if (o->n_devices++ == MAX_DEVICES)
		argp_error(state, "more than %d devices: there are no windows for them", MAX_DEVICES);
	*d = (struct device_options){.kind = kind, .version = 2};
	if (kind == DEVICE_DISK)
		d->image = strsep(&text, ",");
	set_words(state, d, text);
	if (!d->in != !d->out)
		argp_error(state, "--console needs in=FILE and out=FILE, or neither: a pseudo terminal");
}

/* --- The command line -------------------------------------------------------------------- */

enum { KEY_DEVICE = 256, KEY_NO_REBOOT = KEY_DEVICE + 3, KEY_TRACE, KEY_MONITOR };

static const struct argp_option table[] = {
	{"kernel", 'k', "FILE", 0, "Linux as bzImage, with 64-bit entry (every distribution's)", 1},
	{"initrd", 'i', "FILE", 0, "Initramfs", 1},
	{"append", 'a', "TEXT", 0, "Kernel command line (default: console=ttyS0)", 1},
	{"mem", 'm', "SIZE", 0, "Guest memory, 64M to 3G (default: 512M)", 2},
	{"cpus", 'c', "N", 0, "Virtual CPUs, 1 to 4 (default: 1)", 2},
	{"disk", KEY_DEVICE + DEVICE_DISK, "IMG[,ro][,version=3][,packed][,delay=TIME]", 0,
		"Raw image or block device; delay holds each request back", 3},
	{"rng", KEY_DEVICE + DEVICE_RNG, "[version=3][,packed]", OPTION_ARG_OPTIONAL, "Entropy device", 3},
	{"console", KEY_DEVICE + DEVICE_CONSOLE, "[version=3][,packed][,in=FILE,out=FILE]", OPTION_ARG_OPTIONAL,
		"hvc0, on files or pipes, else on a pseudo terminal whose name is printed", 3},
	{"no-reboot", KEY_NO_REBOOT, NULL, 0, "End when the guest reboots", 4},
	{"trace", KEY_TRACE, "FILE", 0,
		"Each device's register accesses to FILE.NAME, for vmmio-conform monitor", 5},
	{"monitor", KEY_MONITOR, NULL, 0, "Judge the guest's drivers by the rules of vmmio-conform", 5},
	{0},
};

static void check(struct argp_state *state, const struct vm_options *o)
{
	if (!o->kernel)
		argp_error(state, "--kernel is missing");
	if (o->mem < 64ull << 20 || o->mem > 3ull << 30)
		argp_error(state, "--mem takes 64M to 3G");
	if (o->cpus < 1 || o->cpus > MAX_CPUS)
		argp_error(state, "--cpus takes 1 to %d", MAX_CPUS);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct vm_options *o = state->input;

	if (key == 'k')
		o->kernel = arg;
	else if (key == 'i')
		o->initrd = arg;
	else if (key == 'a')
		o->append = arg;
	else if (key == 'm')
		o->mem = scaled(arg, sizes);
	else if (key == 'c')
		o->cpus = strlen(arg) == 1 ? (unsigned)(*arg - '0') : 0;
	else if (key >= KEY_DEVICE && key < KEY_NO_REBOOT)
		add_device(state, o, (enum device_kind)(key - KEY_DEVICE), arg);
	else if (key == KEY_NO_REBOOT)
		o->no_reboot = true;
	else if (key == KEY_TRACE)
		o->trace = arg;
	else if (key == KEY_MONITOR)
		o->monitor = true;
	else if (key == ARGP_KEY_ARG)
		argp_error(state, "\"%s\" belongs to no option", arg);
	else if (key == ARGP_KEY_END)
		check(state, o);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

void options_parse(int argc, char **argv, struct vm_options *options)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Boots a Linux kernel under KVM, with virtio-mmio devices of libvmmio. "
		       "ttyS0 is standard input and output; on a terminal Ctrl-A x ends the machine, as "
		       "SIGINT and SIGTERM do. It waits until no request of the guest's is under way; "
		       "asked again, it does not.\v"
		       "Exit code 0: the guest powered off, or rebooted with --no-reboot, or the machine "
		       "was ended from outside. 1: an error, or an end without waiting. "
		       "2: a wrong option. 3: the guest's processor shut down (triple fault), which is "
		       "a crash or reboot=t. 4: a driver broke a rule of the monitor's.",
	};

	argp_err_exit_status = 2;
	*options = (struct vm_options){.mem = 512ull << 20, .cpus = 1, .append = "console=ttyS0"};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
