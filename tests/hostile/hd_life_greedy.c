/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-38: another vCPU adds requests as fast as they are answered. A look at the queue takes a
 * bounded number of them; the rest is the executor's, where others have their turn.
 */
#include "integration/blk_rig.h"
#include "support/rig.h"

#define LOOKS 2u     /* in one notification, before the executor goes on */
#define MOST 100000u /* when the other vCPU gives up */

/* Whose queue is filled up again. */
static struct greedy {
	struct vmmio_device *dev; /* NULL: nobody's */
	struct vmmio_driver_queue *queue;
	struct vmmio_driver_seg out, in;
} greedy;
static unsigned popped;

unsigned __real_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);

/* One whose answer needs no I/O. Not notified of. */
static bool add_one(void)
{
	struct vmmio_driver_chain chain = {
		.out = &greedy.out, .in = &greedy.in, .n_out = 1, .n_in = 1};

	return vmmio_driver_queue_add(greedy.queue, &chain) >= 0;
}

/* The other vCPU. It gives up some time: a device without a bound fails, and does not hang. */
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max)
{
	unsigned n = __real_vmmio_queue_pop(queue, chains, max);
	struct vmmio_driver_used used;

	if (!greedy.dev || vmmio_queue_device(queue) != greedy.dev || popped > MOST)
		return n;
	popped += n;
	while (vmmio_driver_queue_poll(greedy.queue, &used) > 0)
		;
	for (unsigned i = 0; i < n && add_one(); i++)
		;
	vmmio_driver_queue_publish(greedy.queue);
	return n;
}

static void fill(struct vmmio_device *dev, struct vmmio_driver *driver, uint64_t out, uint64_t in)
{
	popped = 0;
	greedy = (struct greedy){.dev = dev, .queue = vmmio_driver_queue(driver, 0),
		.out = {.addr = out, .len = 16}, .in = {.addr = in, .len = 21}};
	for (unsigned i = 0; i < 8; i++)
		ck_assert(add_one());
}

START_TEST(greedy_disk)
{
	struct disk_options o = {.variant = _i, .manual = true, .n_disks = 2};
	struct disk *d = disk_run(&o), *other;
	unsigned before, bound;

	o.first = d;
	other = disk_run(&o);
	vmmio_manual_run(d->ex, 100); /* both have started */
	bound = 2 * LOOKS * vmmio_queue_size(vmmio_device_queue(d->dev, 0));
	disk_header(d, VMMIO_BLK_T_GET_ID, 0);
	fill(d->dev, d->driver, d->out.guest, d->in.guest);
	vmmio_driver_queue_kick(greedy.queue);
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
	greedy.dev = NULL;
	disk_start(d); /* a reset ends it */
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	disk_free(other);
	disk_free(d);
}
END_TEST

/* A backend that knows nothing of it: notify pops until 0. */
START_TEST(greedy_queue)
{
	const struct puppet puppet = {.serve = true};
	struct rig *rig = rig_create(&(struct rig_options){
		.version = rig_version(_i), .packed = rig_packed(_i), .puppet = &puppet});

	rig_up(rig);
	fill(rig->dev, rig->driver, rig->buffer[0].guest, rig->buffer[1].guest);
	vmmio_driver_queue_kick(greedy.queue);
	ck_assert_uint_ge(popped, 16);
	ck_assert_uint_le(popped, LOOKS * 16);
	for (unsigned turn = 0, before; turn < 4; turn++) {
		before = popped;
		ck_assert(vmmio_manual_step(rig->ex, 0));
		ck_assert_uint_gt(popped, before);
		ck_assert_uint_le(popped - before, LOOKS * 16);
	}
	greedy.dev = NULL;
	rig_settle(rig);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* A thread of the backend's own, which notify is to wake: it gets a 0, and a notify. */
START_TEST(greedy_thread)
{
	struct rig *rig = rig_create(
		&(struct rig_options){.version = rig_version(_i), .packed = rig_packed(_i)});
	struct vmmio_queue *queue;
	struct vmmio_chain chain;

	rig_up(rig);
	queue = vmmio_device_queue(rig->dev, 0);
	fill(rig->dev, rig->driver, rig->buffer[0].guest, rig->buffer[1].guest);
	vmmio_driver_queue_publish(greedy.queue);
	while (popped <= MOST && vmmio_queue_pop(queue, &chain, 1))
		vmmio_queue_complete_one(queue, chain.token, 0);
	ck_assert_uint_eq(popped, 16);
	ck_assert_uint_eq(rig_held(rig), 0); /* not from inside the pop */
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	ck_assert_uint_eq(vmmio_queue_pop(queue, &chain, 1), 0);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	greedy.dev = NULL;
	ck_assert(vmmio_manual_step(rig->ex, 0));
	ck_assert_uint_ge(rig_held(rig), 7); /* the puppet's notify, with the driver's last */
	rig_complete_all(rig);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* The reset comes while the notify that such a pop has asked for is queued: it waits for the task,
 * which calls nobody, and the next life takes a ring's size anew. */
START_TEST(greedy_reset)
{
	struct rig *rig = rig_create(
		&(struct rig_options){.version = 3, .packed = _i});
	struct vmmio_queue *queue;
	struct vmmio_chain chain;
	unsigned notifies;

	rig_up(rig);
	queue = vmmio_device_queue(rig->dev, 0);
	fill(rig->dev, rig->driver, rig->buffer[0].guest, rig->buffer[1].guest);
	vmmio_driver_queue_publish(greedy.queue);
	while (popped <= MOST && vmmio_queue_pop(queue, &chain, 1))
		vmmio_queue_complete_one(queue, chain.token, 0);
	greedy.dev = NULL;
	notifies = rig->puppet->notifies;
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 0), 0);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(vmmio_queue_pop(queue, &chain, 1), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_life_greedy");

	tcase_add_loop_test(fixture_tcase(s, "hd_38"), greedy_disk, 0, DISK_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_38"), greedy_queue, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_38"), greedy_thread, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_38"), greedy_reset, 0, 2);
	return fixture_main(s);
}
