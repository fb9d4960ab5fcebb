/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `inproc[:version=2|3,ring=split|packed,backend=blk|null|rng]`: libvmmio itself as a target, on
 * one thread and a virtual clock, the same each time.
 *
 *  Device    version 3, split rings and a disk if nothing else is asked for. ring=split: the
 *            device does not offer RING_PACKED; ring=packed: it does, both formats can be used.
 *  blk       Two queues; an image of 1 MiB in memory, whose 8 byte word i is the product of i
 *            and 0x9e3779b97f4a7c15, little endian.
 *  null      Device id 42, three queues, 64 bytes of config space; completes whatever it gets.
 *  rng       Entropy from the host's kernel. It cannot be delayed, but its reset can.
 *  Memory    8 MiB above 4 GiB, so that both halves of an address count.
 *  Time      Nothing happens but in wait, in a register write, and in a write that waits (a
 *            version 2 reset), which moves the clock itself.
 *  delay_io  Holds the disk's I/O in its engine. Requests that need none (GET_ID, those with
 *            an error) are answered at once all the same.
 *  delay_reset  A device that was not started has nothing to stop: such a reset is not slower.
 */
#ifndef VMMIO_TOOLS_INPROC_H
#define VMMIO_TOOLS_INPROC_H

#include <vmmio/conform/targets.h>

/* For the `more` of vmmio_target_open_spec. */
#define INPROC_KIND                                                                                \
	{                                                                                          \
		"inproc", "inproc[:version=2|3,ring=split|packed,backend=blk|null|rng]",               \
			"libvmmio's own device, in this process", inproc_open                      \
	}

int inproc_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error);

/* Guest memory of an open inproc target, as this process sees it. */
void *inproc_memory(const struct vmmio_target *target);

#endif
