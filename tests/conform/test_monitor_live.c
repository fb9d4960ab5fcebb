/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The monitor behind a device of the library: of the good driver it says that it keeps
 * everything, over both versions, both ring formats and what else there is to choose, and it
 * has seen occasions for nearly all of its rules.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "conform/monitor_rig.h"
#include "support/rig.h"

#define FEATURE(name) VMMIO_FEATURE(VMMIO_F_##name)
#define BASIC (FEATURE(VERSION_1) | FEATURE(RING_RESET) | FEATURE(INDIRECT_DESC))

/* --- What the monitor says ----------------------------------------------------------------- */

static void check_report(const struct vmmio_conform_report *report)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		ck_assert_msg(result->verdict != VMMIO_CONFORM_FAIL && !result->flagged,
			"%s: %s\n%s", result->requirement->id, result->detail, result->accesses);
	}
}

static bool passed(const struct vmmio_conform_report *report, const char *id, size_t length)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (strlen(result->requirement->id) == length &&
			!memcmp(result->requirement->id, id, length))
			return result->verdict == VMMIO_CONFORM_PASS;
	}
	return false;
}

/* All of these, ids separated by blanks, had their occasions. */
static void check_exercised(const struct vmmio_conform_report *report, const char *ids)
{
	while (*ids) {
		size_t n = strcspn(ids, " ");

		ck_assert_msg(passed(report, ids, n), "%.*s was not exercised", (int)n, ids);
		ids += n + (ids[n] == ' ');
	}
}

/* No ring was lost sight of. */
static void check_followed(const struct vmmio_conform_report *report)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		ck_assert_msg(!strstr(result->detail, "too seldom"), "%s: %s",
			result->requirement->id, result->detail);
	}
}

/* --- A driver's life ------------------------------------------------------------------------ */

static void send_and_reap(struct watched *w, unsigned n_out, unsigned n_in, bool indirect)
{
	for (unsigned q = 0; q < RIG_QUEUES; q++) {
		watched_send(w, q, n_out, n_in, indirect);
		watched_settle(w);
		ck_assert_uint_eq(watched_reap(w, q), 1);
	}
}

static void traffic(struct watched *w)
{
	bool tables = vmmio_driver_has(w->driver, VMMIO_F_INDIRECT_DESC);

	for (unsigned i = 0; i < 12; i++) {
		send_and_reap(w, 1, 1, false);
		send_and_reap(w, 2, 0, false);
		send_and_reap(w, 1, 3, tables);
	}
}

/* Buffers that nobody is told of at once, and then all of them. */
static void batch(struct watched *w)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(w->driver, 0);
	struct vmmio_driver_seg seg = {w->buffers.guest, 64};
	struct vmmio_driver_chain chain = {.in = &seg, .n_in = 1};

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
		vmmio_driver_queue_publish(q);
	}
	vmmio_driver_queue_kick(q);
	watched_settle(w);
	vmmio_driver_queue_interrupts(q, false);
	ck_assert_uint_eq(watched_reap(w, 0), 5);
	vmmio_driver_queue_interrupts(q, true);
}

static void again(struct watched *w, unsigned index, uint32_t size)
{
	struct vmmio_driver_queue_config config = {.size = size};
	struct vmmio_driver_queue *q;

	config.indirect = vmmio_driver_has(w->driver, VMMIO_F_INDIRECT_DESC) ? 8 : 0;
	ck_assert_int_eq(vmmio_driver_queue_setup(w->driver, index, &config, &q), 0);
}

static void restart_queues(struct watched *w)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(w->driver, 0);

	if (vmmio_driver_has(w->driver, VMMIO_F_RING_RESET)) {
		ck_assert_int_eq(vmmio_driver_queue_reset(q, VMMIO_DRIVER_FOREVER), 0);
		again(w, 0, 8);
	}
	ck_assert_int_eq(vmmio_driver_queue_disable(q, VMMIO_DRIVER_FOREVER), 0);
	again(w, 0, 16);
}

static void probe_again(struct watched *w)
{
	ck_assert_int_eq(vmmio_driver_probe(w->driver), 0);
	watched_start(w);
}

static struct watched *null_life(uint32_t version, uint64_t features)
{
	struct watched *w = watched_new(
		&(struct watched_options){.version = version, .features = BASIC | features});
	uint64_t value;

	watched_start(w);
	traffic(w);
	batch(w);
	ck_assert_int_eq(vmmio_driver_config_write(w->driver, 0, 4, 7), 0);
	ck_assert_int_eq(vmmio_driver_config_read(w->driver, 0, 8, &value), 0);
	restart_queues(w);
	traffic(w);
	probe_again(w);
	traffic(w);
	ck_assert_int_eq(vmmio_driver_reset(w->driver, VMMIO_DRIVER_FOREVER), 0);
	return w;
}

/* --- Variants --------------------------------------------------------------------------------- */

static const uint64_t variants[] = {
	0,
	FEATURE(EVENT_IDX),
	FEATURE(IN_ORDER),
	FEATURE(NOTIFICATION_DATA),
	FEATURE(EVENT_IDX) | FEATURE(IN_ORDER) | FEATURE(NOTIFICATION_DATA) |
		FEATURE(ACCESS_PLATFORM) | FEATURE(ORDER_PLATFORM),
};

enum { N_VARIANTS = 4 * sizeof(variants) / sizeof(variants[0]) };

static uint64_t variant_features(int i)
{
	return variants[i / 4] | (i & 2 ? FEATURE(RING_PACKED) : 0);
}

#define ALWAYS                                                                                     \
	"MMIO-DRV-25 MMIO-DRV-26 MMIO-DRV-01 MMIO-DRV-02 MMIO-DRV-03 MMIO-DRV-04 MMIO-DRV-13 "     \
	"MMIO-DRV-14 MMIO-DRV-15 MMIO-DRV-16 MMIO-DRV-17 MMIO-DRV-18 MMIO-DRV-20 MMIO-DRV-21 "     \
	"MMIO-DRV-22 MMIO-DRV-30 MMIO-DRV-31 MMIO-DRV-33 MMIO-DRV-34 MMIO-DRV-35 GEN-DRV-01 "      \
	"GEN-DRV-02 GEN-DRV-05 GEN-DRV-13 GEN-DRV-19 GEN-DRV-21 GEN-DRV-22 GEN-DRV-24 "            \
	"GEN-DRV-25 GEN-DRV-28 GEN-DRV-37"
#define OF_V3 "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04"
#define OF_SPLIT                                                                                   \
	"SPLIT-DRV-01 SPLIT-DRV-02 SPLIT-DRV-04 SPLIT-DRV-06 SPLIT-DRV-07 SPLIT-DRV-08 "           \
	"SPLIT-DRV-09 SPLIT-DRV-11 SPLIT-DRV-19"
#define OF_PACKED                                                                                  \
	"PACKED-DRV-01 PACKED-DRV-07 PACKED-DRV-08 PACKED-DRV-09 PACKED-DRV-10 PACKED-DRV-11 "     \
	"PACKED-DRV-12 PACKED-DRV-13 PACKED-DRV-15 GEN-DRV-42"

static void check_variant(const struct vmmio_conform_report *report, int i)
{
	uint64_t features = variant_features(i);
	bool split = !(features & FEATURE(RING_PACKED));

	check_exercised(report, ALWAYS);
	check_exercised(report, split ? OF_SPLIT : OF_PACKED);
	if (i & 1)
		check_exercised(report, OF_V3);
	if (split)
		check_exercised(report, features & FEATURE(EVENT_IDX)
						? "SPLIT-DRV-14 SPLIT-DRV-24"
						: "SPLIT-DRV-12 SPLIT-DRV-22");
	if (split && features & FEATURE(IN_ORDER))
		check_exercised(report, "SPLIT-DRV-05 SPLIT-DRV-10");
	if (features & FEATURE(NOTIFICATION_DATA))
		check_exercised(report, split ? "GEN-DRV-47" : "GEN-DRV-47 PACKED-DRV-04");
	check_exercised(report,
		features & FEATURE(ACCESS_PLATFORM) ? "GEN-DRV-39 GEN-DRV-43" : "GEN-DRV-41");
}

START_TEST(nothing_to_say)
{
	struct watched *w = null_life(_i & 1 ? 3 : 2, variant_features(_i));
	struct vmmio_conform_report *report = watched_finish(w);

	check_report(report);
	check_variant(report, _i);
	check_followed(report);
	ck_assert_uint_eq(vmmio_conform_report_version(report), _i & 1 ? 3 : 2);
	vmmio_conform_report_free(report);
	watched_free(w);
}
END_TEST

/* --- Block
 * ---------------------------------------------------------------------------------------- */

static void requests(struct watched *w, unsigned queue)
{
	static char data[4096];
	char id[VMMIO_BLK_ID_BYTES];

	ck_assert_int_eq(
		vmmio_driver_blk_write(w->disk, queue, 8, data, sizeof(data), VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_int_eq(
		vmmio_driver_blk_read(w->disk, queue, 8, data, sizeof(data), VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_int_eq(vmmio_driver_blk_flush(w->disk, queue, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_int_eq(vmmio_driver_blk_discard(w->disk, queue, 8, 8, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_int_eq(
		vmmio_driver_blk_write_zeroes(w->disk, queue, 8, 8, true, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_int_eq(vmmio_driver_blk_get_id(w->disk, queue, id, VMMIO_DRIVER_FOREVER), 0);
}

static void in_flight(struct watched *w)
{
	for (unsigned i = 0; i < 4; i++) {
		struct vmmio_driver_seg seg = {w->buffers.guest + i * 4096, 4096};
		struct vmmio_driver_blk_op op = {
			.type = VMMIO_BLK_T_IN,
			.data = &seg,
			.n_data = 1,
			.indirect = i & 1 && vmmio_driver_has(w->driver, VMMIO_F_INDIRECT_DESC),
		};
		struct vmmio_driver_request *request;

		ck_assert_int_eq(vmmio_driver_blk_submit(w->disk, 0, &op, &request), 0);
		vmmio_driver_request_release(request);
	}
}

static void grow(struct watched *w)
{
	uint32_t events;

	ck_assert_int_eq(ftruncate(w->image, 2 * RIG_SECTORS * VMMIO_BLK_SECTOR), 0);
	ck_assert_int_eq(vmmio_blk_resize(w->blk), 0);
	events = vmmio_driver_interrupt_status(w->driver);
	ck_assert(events & VMMIO_INT_CONFIG_CHANGE);
	vmmio_driver_interrupt_ack(w->driver, events);
	ck_assert_int_eq(vmmio_driver_blk_refresh(w->disk), 0);
}

static void block_life(struct watched *w)
{
	watched_start(w);
	requests(w, 0);
	requests(w, 1);
	grow(w);
	in_flight(w);
	restart_queues(w);
	vmmio_driver_blk_cancel(w->disk);
	requests(w, 0);
	in_flight(w);
	ck_assert_int_eq(vmmio_driver_reset(w->driver, VMMIO_DRIVER_FOREVER), 0);
	vmmio_driver_blk_cancel(w->disk);
	watched_start(w);
	requests(w, 0);
}

#define OF_BLOCK                                                                                   \
	"MMIO-DRV-06 MMIO-DRV-07 MMIO-DRV-29 GEN-DRV-15 GEN-DRV-16 GEN-DRV-29 GEN-DRV-30 "         \
	"BLK-DRV-12 BLK-DRV-13 BLK-DRV-15 BLK-DRV-16 BLK-DRV-17 BLK-DRV-18 BLK-DRV-19 "            \
	"BLK-DRV-20 BLK-DRV-22 BLK-DRV-25"

START_TEST(nothing_to_say_of_a_disk)
{
	struct watched_options options = {
		.version = _i & 1 ? 3 : 2,
		.block = true,
		.features = BASIC | variant_features(_i),
	};
	struct watched *w = watched_new(&options);
	struct vmmio_conform_report *report;

	block_life(w);
	report = watched_finish(w);
	check_report(report);
	check_exercised(report, ALWAYS);
	check_exercised(report, OF_BLOCK);
	check_followed(report);
	if (_i & 2)
		check_exercised(report, "PACKED-DRV-02 PACKED-DRV-03 PACKED-DRV-06 PACKED-DRV-14");
	vmmio_conform_report_free(report);
	watched_free(w);
}
END_TEST

START_TEST(nothing_to_say_of_a_read_only_disk)
{
	struct watched_options options = {
		.version = 3, .block = true, .read_only = true, .features = BASIC};
	struct watched *w = watched_new(&options);
	struct vmmio_conform_report *report;

	watched_start(w);
	report = watched_finish(w);
	check_report(report);
	check_exercised(report, "BLK-DRV-14");
	vmmio_conform_report_free(report);
	watched_free(w);
}
END_TEST

/* --- Resets that take their time, with a backend that holds what it is given
 * ----------------------- */

struct held {
	struct rig *rig;
	struct vmmio_monitor *monitor;
	uint8_t *ram;
};

static int held_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct held *h = ctx;

	if (guest < RIG_RAM_BASE || guest - RIG_RAM_BASE > RIG_RAM_SIZE - size)
		return -EFAULT;
	memcpy(data, h->rig->ram + (guest - RIG_RAM_BASE), size);
	return 0;
}

static void held_up(struct held *h, int i)
{
	static const struct puppet puppet = {
		.quiesce_answer = VMMIO_PENDING, .stop_answer = VMMIO_PENDING};
	struct vmmio_monitor_options monitor = {
		.size = sizeof(monitor), .mem_read = held_read, .ctx = h};
	struct rig_options rig = {
		.version = rig_version(i),
		.packed = rig_packed(i),
		.puppet = &puppet,
		.n_observers = 1,
		.features_off = VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) |
				VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM) |
				(rig_packed(i) ? 0 : VMMIO_FEATURE(VMMIO_F_RING_PACKED)),
	};

	ck_assert_int_eq(vmmio_monitor_create(&monitor, &h->monitor), 0);
	rig.observers = vmmio_monitor_observer(h->monitor);
	h->rig = rig_create(&rig);
	rig_up(h->rig);
}

static void held_down(struct held *h, struct vmmio_conform_report **report)
{
	h->rig->puppet->quiesce_answer = 0;
	rig_free(h->rig);
	ck_assert_int_eq(vmmio_monitor_finish(h->monitor, report), 0);
	vmmio_monitor_free(h->monitor);
}

static void answer_quiesce(struct held *h)
{
	rig_settle(h->rig);
	rig_complete_all(h->rig);
	vmmio_device_answer(h->rig->dev, atomic_load(&h->rig->puppet->quiesce_token), 0);
	rig_settle(h->rig);
}

/* Version 3: Status is read as other than zero for a while. */
START_TEST(slow_reset)
{
	struct held h = {0};
	struct vmmio_conform_report *report;

	held_up(&h, 1 + 2 * _i);
	for (int i = 0; i < 3; i++)
		rig_add(h.rig, 0, NULL);
	rig_settle(h.rig);
	ck_assert_int_eq(vmmio_driver_reset_begin(h.rig->driver), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(vmmio_driver_reset_poll(h.rig->driver), -EAGAIN);
	answer_quiesce(&h);
	ck_assert_int_eq(vmmio_driver_reset_poll(h.rig->driver), 0);
	rig_up(h.rig);
	held_down(&h, &report);
	check_report(report);
	check_exercised(report, "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04 GEN-DRV-29 GEN-DRV-30");
	vmmio_conform_report_free(report);
}
END_TEST

/* The same, but the driver takes its memory back before the end. */
START_TEST(reuse_before_the_end)
{
	struct held h = {0};
	struct vmmio_conform_report *report;
	struct vmmio_driver_areas areas;

	held_up(&h, 1 + 2 * _i);
	rig_add(h.rig, 0, NULL);
	rig_settle(h.rig);
	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(h.rig->driver, 0), &areas), 0);
	ck_assert_int_eq(vmmio_driver_reset_begin(h.rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(h.rig->driver), -EAGAIN);
	memset(areas.desc.host, 0x5a, 16);
	ck_assert_int_eq(vmmio_driver_reset_poll(h.rig->driver), -EAGAIN);
	answer_quiesce(&h);
	ck_assert_int_eq(vmmio_driver_reset_poll(h.rig->driver), 0);
	held_down(&h, &report);
	ck_assert(!passed(report, "PATCH-DRV-02", 12));
	ck_assert(!passed(report, "GEN-DRV-29", 10));
	ck_assert(passed(report, "GEN-DRV-13", 10));
	vmmio_conform_report_free(report);
}
END_TEST

/* Buffers come back in another order than they went out, for many laps of the ring. */
START_TEST(out_of_order)
{
	struct held h = {0};
	struct vmmio_conform_report *report;

	held_up(&h, _i);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 3; i++)
			rig_add(h.rig, 0, NULL);
		rig_settle(h.rig);
		ck_assert(rig_complete(h.rig, 2, 64));
		ck_assert(rig_complete(h.rig, round % 2, 64));
		rig_add(h.rig, 0, NULL);
		rig_settle(h.rig);
		rig_complete_all(h.rig);
		ck_assert_int_eq(rig_reap(h.rig, 0), 4);
	}
	held_down(&h, &report);
	check_report(report);
	check_exercised(report, "GEN-DRV-29 GEN-DRV-30 GEN-DRV-41");
	if (rig_packed(_i))
		check_exercised(report, "PACKED-DRV-02 PACKED-DRV-03 PACKED-DRV-09 PACKED-DRV-11");
	check_followed(report);
	vmmio_conform_report_free(report);
}
END_TEST

/* The host resets the device: what the driver does next is a new life. */
START_TEST(host_reset)
{
	struct held h = {0};
	struct vmmio_conform_report *report;
	struct rig_waiter waiter = RIG_WAITER;
	int answer;

	held_up(&h, _i);
	rig_add(h.rig, 0, NULL);
	rig_settle(h.rig);
	h.rig->puppet->quiesce_answer = 0;
	h.rig->puppet->cancel = true;
	answer = vmmio_device_reset(h.rig->dev, &waiter.waiter);
	ck_assert_int_eq(rig_wait(h.rig, &waiter, answer), 0);
	rig_up(h.rig);
	held_down(&h, &report);
	check_report(report);
	vmmio_conform_report_free(report);
}
END_TEST

/* --- Several vCPUs
 * ---------------------------------------------------------------------------------- */

struct vcpu {
	struct watched *w;
	unsigned queue;
};

static void *drive(void *arg)
{
	struct vcpu *vcpu = arg;

	for (unsigned i = 0; i < 200; i++) {
		struct vmmio_driver_queue *q = vmmio_driver_queue(vcpu->w->driver, vcpu->queue);
		struct vmmio_driver_used used;

		watched_send(vcpu->w, vcpu->queue, 1, 1, i & 1);
		if (vmmio_driver_queue_wait(q, &used, VMMIO_DRIVER_FOREVER))
			return arg;
	}
	return NULL;
}

START_TEST(several_vcpus)
{
	struct watched_options options = {
		.version = _i & 1 ? 3 : 2,
		.threads = true,
		.features = BASIC | FEATURE(EVENT_IDX) | (_i & 2 ? FEATURE(RING_PACKED) : 0),
	};
	struct watched *w = watched_new(&options);
	struct vcpu vcpus[RIG_QUEUES];
	struct vmmio_conform_report *report;
	pthread_t threads[RIG_QUEUES];

	watched_start(w);
	for (unsigned i = 0; i < RIG_QUEUES; i++) {
		vcpus[i] = (struct vcpu){w, i};
		ck_assert_int_eq(pthread_create(&threads[i], NULL, drive, &vcpus[i]), 0);
	}
	for (unsigned i = 0; i < RIG_QUEUES; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(vmmio_driver_reset(w->driver, VMMIO_DRIVER_FOREVER), 0);
	report = watched_finish(w);
	check_report(report);
	vmmio_conform_report_free(report);
	watched_free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor_live");
	TCase *good = fixture_tcase(s, "good");
	TCase *resets = fixture_tcase(s, "resets");
	TCase *threads = fixture_tcase(s, "threads");

	tcase_set_timeout(good, 120);
	tcase_set_timeout(threads, 120);
	tcase_add_loop_test(good, nothing_to_say, 0, N_VARIANTS);
	tcase_add_loop_test(good, nothing_to_say_of_a_disk, 0, N_VARIANTS);
	tcase_add_test(good, nothing_to_say_of_a_read_only_disk);
	tcase_add_loop_test(resets, slow_reset, 0, 2);
	tcase_add_loop_test(resets, reuse_before_the_end, 0, 2);
	tcase_add_loop_test(resets, host_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(good, out_of_order, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, several_vcpus, 0, 4);
	return fixture_main(s);
}
