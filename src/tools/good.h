/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `good`: the library's own driver as a driver under test. It drives disks (two queues, waits for
 * interrupts), sources of entropy, and anything else by giving its first queue a buffer and
 * taking it back.
 */
#ifndef VMMIO_TOOLS_GOOD_H
#define VMMIO_TOOLS_GOOD_H

#include <vmmio/conform/subject.h>

/* For the `more` of vmmio_subject_open_spec. */
#define GOOD_KIND                                                                                  \
	{                                                                                          \
		"good", "good[:disk|entropy|other]", "libvmmio's own driver, in this process",     \
			good_open                                                                  \
	}

int good_open(const char *args, struct vmmio_subject *out, struct vmmio_target_error *error);

#endif
