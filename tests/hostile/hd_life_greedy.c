/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-38: another vCPU adds requests as fast as they are answered. A look at the queue takes a
 * bounded number of them; the rest is the executor's, where others have their turn.
 */
#include "integration/blk_rig.h"

#define LOOKS 2u     /* in one notification, before the executor goes on */
#define MOST 100000u /* when the other vCPU gives up */

static struct disk *greedy; /* whose queue is filled up again */
static unsigned popped;

unsigned __real_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);

/* One whose answer needs no I/O. Not notified of. */
static bool add_one(struct disk *d)
{
	struct vmmio_driver_seg out = {.addr = d->out.guest, .len = 16};
	struct vmmio_driver_seg in = {.addr = d->in.guest, .len = 21};
	struct vmmio_driver_chain chain = {.out = &out, .in = &in, .n_out = 1, .n_in = 1};

	return vmmio_driver_queue_add(vmmio_driver_queue(d->driver, 0), &chain) >= 0;
}

/* The other vCPU. It gives up some time: a device without a bound fails, and does not hang. */
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max)
{
	unsigned n = __real_vmmio_queue_pop(queue, chains, max);
	struct disk *d = greedy;
	struct vmmio_driver_used used;

	if (!d || vmmio_queue_device(queue) != d->dev || popped > MOST)
		return n;
	popped += n;
	while (vmmio_driver_queue_poll(vmmio_driver_queue(d->driver, 0), &used) > 0)
		;
	for (unsigned i = 0; i < n && add_one(d); i++)
		;
	vmmio_driver_queue_publish(vmmio_driver_queue(d->driver, 0));
	return n;
}

START_TEST(greedy_queue)
{
	struct disk_options o = {.variant = _i, .manual = true, .n_disks = 2};
	struct disk *d = disk_run(&o), *other;
	unsigned before, bound;

	o.first = d;
	other = disk_run(&o);
	vmmio_manual_run(d->ex, 100); /* both have started */
	bound = 2 * LOOKS * vmmio_queue_size(vmmio_device_queue(d->dev, 0));
	disk_header(d, VMMIO_BLK_T_GET_ID, 0);
	for (unsigned i = 0; i < 16; i++)
		ck_assert(add_one(d));
	greedy = d;
	vmmio_driver_queue_kick(vmmio_driver_queue(d->driver, 0));
	ck_assert_uint_ge(popped, bound / 4);
	ck_assert_uint_le(popped, bound);
	for (unsigned turn = 0; turn < 4; turn++) {
		before = popped;
		ck_assert_uint_ge(vmmio_manual_pending(d->ex), 1);
		ck_assert(vmmio_manual_step(d->ex, 0));
		ck_assert_uint_gt(popped, before);
		ck_assert_uint_le(popped - before, bound);
		ck_assert_int_eq(disk_do(other, VMMIO_BLK_T_GET_ID, 0, 20), VMMIO_BLK_S_OK);
	}
	greedy = NULL;
	disk_start(d); /* a reset ends it */
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	disk_free(other);
	disk_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_life_greedy");

	tcase_add_loop_test(fixture_tcase(s, "hd_38"), greedy_queue, 0, DISK_VARIANTS);
	return fixture_main(s);
}
