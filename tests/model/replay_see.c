/* SPDX-License-Identifier: BSD-3-Clause */
/* Apart, because the device's and the register file's internals share names. */
#include "replay.h"

#include "regfile/internal.h"

void see_queue(const struct vmmio_regfile *rf, unsigned queue, struct seen *seen)
{
	unsigned flags = queue_flags_load(rf, queue);

	seen->ready[queue] = (flags & QUEUE_READY) != 0;
	seen->reset[queue] = (flags & QUEUE_RESET) != 0;
}
