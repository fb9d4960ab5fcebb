/* SPDX-License-Identifier: BSD-3-Clause */
/* Who watches one device's driver: the access trace to a file, and the conformance monitor. */
#ifndef KVM_WATCH_H
#define KVM_WATCH_H

#include <vmmio/observer.h>

#include "machine.h"

struct watch;

/* As --trace and --monitor say; name stays valid. 0, or -errno; *out is to be destroyed in either
 * case. */
int watch_create(struct vm *vm, const char *name, struct watch **out);

/* For struct vmmio_device_options. */
const struct vmmio_observer *watch_observers(const struct watch *watch, unsigned *n);

/* What was traced since the last call goes to the file. One thread at a time; NULL: nothing. */
void watch_write(struct watch *watch);

/* The device is gone. Prints what its driver broke, or why the file is not whole, and keeps it in
 * the vm. NULL: nothing. */
void watch_destroy(struct watch *watch);

#endif
