/* SPDX-License-Identifier: BSD-3-Clause */
/* The good driver's requests, one of each kind, and the interrupts that bring them back. */
#include <errno.h>

#include "tools/good_internal.h"

enum { REQUEST_DESCS = 3 };

/* --- What comes back ------------------------------------------------------------------------ */

static void take(struct good *good, int64_t result)
{
	good->waiting -= good->waiting ? 1 : 0;
	if (result < 0 || good->got >= 0)
		good->got = result < 0 ? result : good->got + result;
}

/* A queue that is broken never gives back anything any more. */
static void drain_disk(struct good *good, uint32_t index)
{
	struct vmmio_driver_request *request;
	int n;

	while ((n = vmmio_driver_blk_poll(good->blk, index, &request)) > 0) {
		const int result = vmmio_driver_request_result(request);

		vmmio_driver_request_release(request);
		take(good, result);
	}
	if (n < 0)
		good->got = n;
}

static void drain(struct good *good)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(good->driver, 0);
	const bool entropy = vmmio_driver_device_id(good->driver) == VMMIO_ID_ENTROPY;
	struct vmmio_driver_used used;
	int n;

	while (queue && (n = vmmio_driver_queue_poll(queue, &used)) != 0) {
		if (n < 0) {
			good->got = n;
			return;
		}
		take(good, entropy ? used.len : 0);
	}
}

void good_interrupt(void *ctx)
{
	struct good *good = ctx;
	const uint32_t events = vmmio_driver_interrupt_status(good->driver);

	vmmio_driver_interrupt_ack(good->driver, events);
	good->changed |= events & VMMIO_INT_CONFIG_CHANGE;
	if (!(events & VMMIO_INT_USED_BUFFER))
		return;
	for (uint32_t i = 0; good->blk && i < good->n_queues; i++)
		drain_disk(good, i);
	if (!good->blk)
		drain(good);
}

/* --- Use ------------------------------------------------------------------------------------ */

static int look_at_change(struct good *good)
{
	if (!good->changed)
		return 0;
	good->changed = false;
	if (vmmio_driver_status(good->driver) & VMMIO_STATUS_NEEDS_RESET)
		return -EIO;
	return good->blk ? vmmio_driver_blk_refresh(good->blk) : 0;
}

static int64_t wait_for_all(struct good *good)
{
	const uint64_t until = good_now(good) + GOOD_IO_PATIENCE;
	int err = 0;

	while (!err && good->waiting && good->got >= 0) {
		if (good_now(good) > until)
			return -ETIMEDOUT;
		good_relax(good);
		err = look_at_change(good);
	}
	return err ? err : good->got;
}

/* What a request of this type needs: nothing, or a feature. */
static bool can(const struct good *good, uint32_t type)
{
	switch (type) {
	case VMMIO_BLK_T_FLUSH:
		return vmmio_driver_has(good->driver, VMMIO_BLK_F_FLUSH);
	case VMMIO_BLK_T_DISCARD:
		return vmmio_driver_has(good->driver, VMMIO_BLK_F_DISCARD);
	case VMMIO_BLK_T_WRITE_ZEROES:
		return vmmio_driver_has(good->driver, VMMIO_BLK_F_WRITE_ZEROES);
	default:
		return true;
	}
}

static bool writes(uint32_t type)
{
	return type != VMMIO_BLK_T_IN && type != VMMIO_BLK_T_GET_ID && type != VMMIO_BLK_T_FLUSH;
}

/* Bytes of data; DISCARD and WRITE_ZEROES have none of their own. */
static uint32_t data_of(uint32_t type)
{
	if (type == VMMIO_BLK_T_GET_ID)
		return VMMIO_BLK_ID_BYTES;
	return type == VMMIO_BLK_T_IN || type == VMMIO_BLK_T_OUT ? GOOD_BUFFER : 0;
}

/* Every other round with indirect descriptors; and where a request needs them. */
static bool indirectly(const struct good *good, uint32_t queue)
{
	const uint32_t size = vmmio_driver_queue_size(vmmio_driver_queue(good->driver, queue));

	return vmmio_driver_has(good->driver, VMMIO_F_INDIRECT_DESC) &&
	       (good->rounds % 2 || size < REQUEST_DESCS);
}

/* Of the last sector, if a sector is asked for. */
static int submit(struct good *good, uint32_t queue, uint32_t type)
{
	const uint64_t capacity = vmmio_driver_blk_info(good->blk).capacity;
	const uint32_t bytes = data_of(type);
	const struct vmmio_driver_seg seg = {good->buffer[queue].guest, bytes};
	const struct vmmio_driver_blk_op op = {.type = type,
		.sector = capacity && (bytes == GOOD_BUFFER || writes(type)) ? capacity - 1 : 0,
		.sectors = !bytes && writes(type),
		.data = &seg,
		.n_data = bytes != 0,
		.indirect = indirectly(good, queue)};
	struct vmmio_driver_request *request;
	int err = vmmio_driver_blk_submit(good->blk, queue, &op, &request);

	good->waiting += !err;
	return err;
}

/* The same on all queues, at once. */
static int64_t do_all(struct good *good, uint32_t type)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < good->n_queues; i++)
		err = submit(good, i, type);
	return err ? err : wait_for_all(good);
}

static int64_t use_disk(struct good *good)
{
	static const uint32_t types[] = {VMMIO_BLK_T_IN, VMMIO_BLK_T_OUT, VMMIO_BLK_T_FLUSH,
		VMMIO_BLK_T_GET_ID, VMMIO_BLK_T_DISCARD, VMMIO_BLK_T_WRITE_ZEROES};
	const bool read_only = vmmio_driver_blk_info(good->blk).read_only;
	int64_t got = 0;

	good->rounds++;
	for (unsigned i = 0; got >= 0 && i < sizeof(types) / sizeof(types[0]); i++)
		if (can(good, types[i]) && !(read_only && writes(types[i])))
			got = do_all(good, types[i]);
	return got < 0 ? got : 0;
}

static int64_t use_queue(struct good *good)
{
	const bool entropy = vmmio_driver_device_id(good->driver) == VMMIO_ID_ENTROPY;
	struct vmmio_driver_queue *queue = vmmio_driver_queue(good->driver, 0);
	const struct vmmio_driver_seg seg = {good->buffer[0].guest, 64};
	struct vmmio_driver_chain chain = {
		.out = &seg, .n_out = !entropy, .in = &seg, .n_in = entropy};
	int err;

	good->rounds++;
	chain.indirect = indirectly(good, 0);
	err = vmmio_driver_queue_add(queue, &chain);
	if (err < 0)
		return err;
	good->waiting++;
	vmmio_driver_queue_kick(queue);
	return wait_for_all(good);
}

int64_t good_use(void *ctx)
{
	struct good *good = ctx;
	int err = look_at_change(good);

	if (err)
		return err;
	/* What came too late is forgotten; what never came makes this round fail, too. */
	good->got = 0;
	return good->blk ? use_disk(good) : use_queue(good);
}
