/* SPDX-License-Identifier: BSD-3-Clause */
/* What the qtest target can do besides: another size by QMP, I/O that is held by our own disk. */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <vmmio/spec.h>

#define SECTOR 512u

static int disk_size(struct qtest *q, uint64_t *bytes)
{
	uint64_t id, low, high;
	int err = qtest_read(q, VMMIO_REG_DEVICE_ID, 4, &id);

	if (!err && id != VMMIO_ID_BLOCK)
		return -ENOTSUP;
	if (!err)
		err = qtest_read(q, VMMIO_REG_CONFIG, 4, &low);
	if (!err)
		err = qtest_read(q, VMMIO_REG_CONFIG + 4, 4, &high);
	if (!err)
		*bytes = (high << 32 | low) * SECTOR;
	return err;
}

/* To another size, and back the next time. */
int qtest_change_config(void *ctx)
{
	struct qtest *q = ctx;
	uint64_t bytes;
	int err;

	err = disk_size(q, &bytes);
	if (err)
		return err;
	err = qmp_block_resize(
		&q->qmp, q->options.drive, q->resized ? q->resized : bytes + 8 * SECTOR);
	if (!err)
		q->resized = q->resized ? 0 : bytes;
	return err;
}

int qtest_delay_io(void *ctx, uint64_t ns)
{
	struct qtest *q = ctx;

	qtest_disk_delay(&q->disk, ns);
	return 0;
}

int qtest_reverse_order(void *ctx, bool on)
{
	struct qtest *q = ctx;

	qtest_disk_reverse(&q->disk, on);
	return 0;
}

int qtest_storage_read(void *ctx, uint64_t offset, void *data, size_t size)
{
	struct qtest *q = ctx;

	return qtest_disk_read(&q->disk, offset, data, size);
}

void qtest_undo_hooks(struct qtest *q)
{
	if (q->resized && q->qmp.fd >= 0)
		(void)qmp_block_resize(&q->qmp, q->options.drive, q->resized);
	q->resized = 0;
	if (q->has_disk) {
		qtest_disk_reverse(&q->disk, false);
		qtest_disk_delay(&q->disk, 0);
	}
}
