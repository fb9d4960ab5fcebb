/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-20 to 22: accesses that no driver should make. Every offset with every width, inside
 * config space and below it: what is not there reads 0, all of it, and changes nothing.
 */
#include <string.h>

#include <vmmio/regfile.h>

#include "hostile/hd_life.h"
#include "hostile/hd_registers.h"

static const unsigned widths[] = {1, 2, 4, 8};
/* Beyond the window, and where offset + size wraps. */
static const uint64_t far_away[] = {0x1000, 0x1001, 0x10000, 0x100000100, UINT64_MAX - 7,
	UINT64_MAX - 3, UINT64_MAX - 1, UINT64_MAX};

/* --- HD-20 ------------------------------------------------------------------------------------ */

/* A model as plain as can be: bytes. */
static uint64_t bytes_at(const uint8_t *config, uint32_t n, uint64_t at, unsigned size)
{
	uint64_t value = 0;

	if (at >= n || size > n - at)
		return 0;
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)config[at + i] << (8 * i);
	return value;
}

static void expect_config(struct vmmio_device *dev, const uint8_t *config, uint32_t n)
{
	for (uint64_t at = 0; at <= 0xf00; at++)
		for (unsigned w = 0; w < 4; w++)
			hd_check(vmmio_device_read(dev, VMMIO_REG_CONFIG + at, widths[w]) ==
				bytes_at(config, n, at, widths[w]));
}

/* Writes everywhere, each byte another one, and keeps the model up with what has to take. */
static void write_everywhere(struct vmmio_device *dev, uint8_t *config, uint32_t n, bool takes)
{
	uint64_t seed = 20;

	for (uint64_t at = 0; at < 0xf00; at++) {
		for (unsigned w = 0; w < 4; w++) {
			const uint64_t value = hd_random(&seed);

			hd_check(vmmio_device_write(
					 dev, VMMIO_REG_CONFIG + at, widths[w], value) == 0);
			if (takes && at < n && widths[w] <= n - at)
				for (unsigned i = 0; i < widths[w]; i++)
					config[at + i] = (uint8_t)(value >> (8 * i));
		}
	}
	for (unsigned i = 0; i < sizeof(far_away) / sizeof(far_away[0]); i++)
		for (unsigned w = 0; w < 4; w++) {
			vmmio_device_write(dev, far_away[i], widths[w], UINT64_MAX);
			ck_assert_uint_eq(vmmio_device_read(dev, far_away[i], widths[w]), 0);
		}
}

/* Across the border into config space: refused whole (E35). */
static void cross_the_border(struct vmmio_device *dev)
{
	for (uint64_t at = 0xf9; at < 0x100; at++)
		for (unsigned w = 0; w < 4; w++)
			if (at + widths[w] > 0x100) {
				vmmio_device_write(dev, at, widths[w], UINT64_MAX);
				ck_assert_uint_eq(vmmio_device_read(dev, at, widths[w]), 0);
			}
}

START_TEST(config_space)
{
	struct rig *rig = hd_rig(_i, NULL);
	uint8_t config[HD_CONFIG] = {0};

	for (unsigned lap = 0; lap < 2; lap++) {
		expect_config(rig->dev, config, sizeof(config));
		write_everywhere(rig->dev, config, sizeof(config), true);
		cross_the_border(rig->dev);
		expect_config(rig->dev, config, sizeof(config));
		if (lap == 0)
			rig_up(rig); /* resets it first */
		memset(config, 0, sizeof(config));
	}
	hd_end(rig);
}
END_TEST

static void nothing(void *ctx, struct vmmio_queue *queue)
{
	(void)ctx, (void)queue;
}

static void note(void *ctx)
{
	*(bool *)ctx = true;
}

/* A device whose config space the driver cannot change, of n bytes. */
static void read_only_config(struct rig *rig, uint32_t n)
{
	static const struct vmmio_backend_ops ops = {.size = sizeof(ops), .notify = nothing};
	static const uint16_t sizes[] = {16};
	uint8_t config[16];
	struct vmmio_backend backend = {.size = sizeof(backend), .ops = &ops, .device_id = 42,
		.features = {VMMIO_FEATURE(VMMIO_F_VERSION_1)}, .n_queues = 1,
		.queue_sizes = sizes, .config_size = n, .config = n ? config : NULL};
	struct vmmio_device_options options = {.size = sizeof(options), .backend = &backend,
		.version = rig->o.version, .memory = rig->memory, .executor = rig->ex,
		.log = fixture_log()};
	struct vmmio_device *dev;
	bool gone = false;

	for (unsigned i = 0; i < sizeof(config); i++)
		config[i] = (uint8_t)(0x11 * i + 1);
	ck_assert_int_eq(vmmio_device_create(&options, &dev), 0);
	write_everywhere(dev, config, n, false);
	expect_config(dev, config, n);
	ck_assert_int_eq(vmmio_device_destroy(dev, note, &gone), 0);
	rig_settle(rig);
	ck_assert(gone);
}

START_TEST(config_space_that_is_not_to_be_written)
{
	struct rig *rig = hd_rig(_i, NULL);

	read_only_config(rig, 16);
	read_only_config(rig, 13);
	read_only_config(rig, 1);
	read_only_config(rig, 0);
	hd_end(rig);
}
END_TEST

/* --- HD-21 ------------------------------------------------------------------------------------ */

/* Whatever the access, nothing is read and nothing happens. */
static void wrong_access(struct rig *rig, uint64_t offset, unsigned size)
{
	static const uint64_t values[] = {0, 1, 0xf, 0x80, UINT64_MAX};

	hd_check(vmmio_device_read(rig->dev, offset, size) == 0);
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		hd_check(vmmio_device_write(rig->dev, offset, size, values[i]) == 0);
}

static void all_wrong_accesses(struct rig *rig)
{
	static const unsigned sizes[] = {0, 1, 2, 3, 4, 5, 8, 16, UINT32_MAX};
	const uint64_t before = rig_counters(rig).violations;
	uint64_t n = 0;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (uint64_t offset = 0; offset < 0x100; offset++)
			if (sizes[i] != 4 || offset % 4) {
				wrong_access(rig, offset, sizes[i]);
				n += 6;
			}
	ck_assert_uint_eq(rig_counters(rig).violations - before, n);
}

START_TEST(width_and_alignment)
{
	struct rig *rig = hd_rig(_i, NULL);
	struct hd_state before, after;

	for (unsigned lap = 0; lap < 2; lap++) {
		hd_zero_selectors(rig);
		hd_look(rig, &before);
		all_wrong_accesses(rig);
		rig_settle(rig);
		hd_look(rig, &after);
		hd_same(&before, &after, lap ? "running" : "fresh");
		if (lap == 0)
			rig_up(rig);
	}
	ck_assert_uint_eq(atomic_load(&rig->puppet->notifies), HD_QUEUES); /* of the start */
	rig_check_io(rig);
	hd_end(rig);
}
END_TEST

/* --- HD-22 ------------------------------------------------------------------------------------ */

/* Leaves a pattern where the next call's frame will be. */
static __attribute__((noinline)) void soil(void)
{
	volatile unsigned char stack[2048];

	for (unsigned i = 0; i < sizeof(stack); i++)
		stack[i] = 0xa5;
}

/* As a VMM has it: a buffer with something old in it, all of which the answer replaces. */
static uint64_t read_into(struct rig *rig, uint64_t offset, unsigned size)
{
	uint64_t buffer = UINT64_C(0xa5a5a5a5a5a5a5a5);

	soil();
	buffer = vmmio_device_read(rig->dev, offset, size);
	return buffer;
}

static bool is_readable(uint64_t offset, unsigned size)
{
	const struct vmmio_reg_row *row = vmmio_reg_row(offset);

	return size == 4 && row && (row->dir & VMMIO_REG_R);
}

static void read_all(struct rig *rig)
{
	for (unsigned size = 0; size <= 17; size++)
		for (uint64_t offset = 0; offset < 0x1010; offset++) {
			const bool config = offset >= 0x100 && offset < 0x100 + HD_CONFIG &&
				size <= 0x100 + HD_CONFIG - offset &&
				(size == 1 || size == 2 || size == 4 || size == 8);
			const uint64_t value = read_into(rig, offset, size);

			if (!config && !is_readable(offset, size))
				hd_check(value == 0);
			else if (size < 8)
				hd_check(value >> (8 * size) == 0);
		}
}

START_TEST(nothing_stale_is_read)
{
	struct rig *rig = hd_rig(_i, &(struct puppet){.cancel = true});

	read_all(rig);
	rig_up(rig);
	read_all(rig);
	rig_add(rig, 0, NULL);
	if (rig->o.version == 3) { /* in the middle of a reset */
		rig_write(rig, VMMIO_REG_STATUS, 0);
		ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
		read_all(rig);
	}
	hd_end(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_registers");
	TCase *tc = fixture_tcase(s, "hd_20");

	tcase_add_loop_test(tc, config_space, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, config_space_that_is_not_to_be_written, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_21"), width_and_alignment, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_22"), nothing_stale_is_read, 0, RIG_VARIANTS);
	hd_registers_queue(s);
	return fixture_main(s);
}
