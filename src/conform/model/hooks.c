/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device's own side does on request. */
#include <errno.h>
#include <string.h>
#include "conform/model/disk.h"

void model_delay_io(struct model *m, uint64_t ns)
{
	m->io_delay = ns;
	if (ns)
		return;
	for (struct job *job = m->jobs; job; job = job->next)
		if (job->due > m->now)
			job->due = m->now;
	model_step(m);
}

void model_delay_reset(struct model *m, uint64_t ns)
{
	m->reset_delay = ns;
}

void model_reverse_order(struct model *m, bool on)
{
	m->reverse = on;
	model_step(m);
}

int model_change_config(struct model *m)
{
	if (!m->type->change)
		return -ENOTSUP;
	model_config_change(m);
	return 0;
}

/* A reset that is under way cures it. */
void model_break_down(struct model *m)
{
	if (m->resetting)
		return;
	m->broken = true;
	model_needs_reset(m);
}

void model_activity(const struct model *m, struct vmmio_target_activity *out)
{
	*out = m->activity;
}

int model_storage_read(const struct model *m, uint64_t offset, void *data, size_t size)
{
	const uint64_t end = (uint64_t)DISK_SECTORS_MAX * VMMIO_BLK_SECTOR;

	if (!m->disk)
		return -ENOTSUP;
	if (offset > end || size > end - offset)
		return -EINVAL;
	memcpy(data, m->disk->media + offset, size);
	return 0;
}

void model_raise(struct model *m, uint32_t bits)
{
	m->interrupt |= bits;
}

void model_spurious_line(struct model *m)
{
	m->spurious_line = true;
}
