/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of vmmio-vm. */
#ifndef KVM_OPTIONS_H
#define KVM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { MAX_CPUS = 4, MAX_DEVICES = 8 };

enum device_kind { DEVICE_DISK, DEVICE_RNG, DEVICE_CONSOLE };

struct device_options {
	enum device_kind kind;
	uint32_t version; /* of the transport: 2 or 3 */
	bool packed;
	const char *image; /* disk */
	bool read_only;
	uint64_t delay;      /* disk: ns, of each request */
	const char *in, *out; /* console: files; both NULL: a pseudo terminal */
};

struct vm_options {
	const char *kernel;
	const char *initrd; /* NULL: none */
	const char *append;
	uint64_t mem; /* bytes */
	unsigned cpus;
	struct device_options devices[MAX_DEVICES];
	unsigned n_devices;
	bool no_reboot;
	const char *trace;  /* prefix of files; NULL: none */
	bool monitor;
};

/* Ends the process after --help, and with a message if something is wrong. */
void options_parse(int argc, char **argv, struct vm_options *options);

/* One line on standard error that begins with the program's name, and is an error or not.
 * Returns -1. */
int say(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define fail(...) say("error: ", __VA_ARGS__)
#define tell(...) say("", __VA_ARGS__)

#endif
