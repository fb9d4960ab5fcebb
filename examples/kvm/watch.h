/* SPDX-License-Identifier: BSD-3-Clause */
/* Who watches one device's driver: the access trace to a file, and the conformance monitor. */
#ifndef KVM_WATCH_H
#define KVM_WATCH_H

#include <stdio.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/trace.h>

#include "machine.h"

struct watch {
	struct vm *vm;
	const char *name;
	struct vmmio_observer observers[2]; /* for struct vmmio_device_options */
	unsigned n;
	struct vmmio_trace *trace; /* NULL: none */
	struct vmmio_trace_cursor cursor;
	FILE *file;
	struct vmmio_monitor *monitor; /* NULL: none */
};

/* As --trace and --monitor say; name stays valid. 0, or -errno; *out is to be destroyed in either
 * case. */
int watch_create(struct vm *vm, const char *name, struct watch **out);

/* What was traced since the last call goes to the file. One thread at a time; NULL: nothing. */
void watch_write(struct watch *watch);

/* The device is gone. Prints what its driver broke, or why the file is not whole, and keeps it in
 * the vm. NULL: nothing. */
void watch_destroy(struct watch *watch);

#endif
