/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The qtest target against the real QEMU, by hand: what the target says and does, no judgement
 * of the device. Skipped where there is no QEMU.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vmmio/conform/targets.h>
#include <vmmio/spec.h>

#include "support/fixture.h"

enum {
	RAM = 0x100000,
	DESC = RAM + 0x1000,
	DRIVER = RAM + 0x2000,
	DEVICE = RAM + 0x3000,
	HEADER = RAM + 0x4000,
	STATUS = RAM + 0x4100,
	DATA = RAM + 0x5000,
	SIZE = 8,
};

static struct vmmio_target target;
static char dir[32];

/* --- The rig ------------------------------------------------------------------------- */

static bool has_qemu(void)
{
	return system("qemu-system-x86_64 --version >/dev/null 2>&1") == 0;
}

/* more: further options, with a comma before them. */
static void open_qemu(const char *config, const char *more)
{
	struct vmmio_target_error error;
	char spec[1024];

	snprintf(spec, sizeof(spec),
		"qtest:%s/qtest,base=0xfeb00000,ram=0x100000+7M,irq=5,qmp=%s/qmp%s,"
		"exec=echo $$ >%s/pid; exec sh " QEMU_MACHINE " %s",
		dir, dir, more, dir, config);
	if (vmmio_target_open_spec(spec, NULL, &target, &error) != 0)
		ck_abort_msg("%s: %s", spec, error.text);
}

static void make_dir(void)
{
	strcpy(dir, "/tmp/vmmio-qtest-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
	char command[64];

	vmmio_target_close(&target);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static uint32_t rd(uint32_t offset)
{
	uint64_t value;

	ck_assert_int_eq(target.ops->read(target.ctx, offset, 4, &value), 0);
	return (uint32_t)value;
}

static void wr(uint32_t offset, uint32_t value)
{
	ck_assert_int_eq(target.ops->write(target.ctx, offset, 4, value), 0);
}

static void put(uint64_t guest, const void *data, size_t size)
{
	ck_assert_int_eq(target.ops->mem_write(target.ctx, guest, data, size), 0);
}

static void get(uint64_t guest, void *data, size_t size)
{
	ck_assert_int_eq(target.ops->mem_read(target.ctx, guest, data, size), 0);
}

static void put16(uint64_t guest, uint16_t value)
{
	value = vmmio_le16(value);
	put(guest, &value, sizeof(value));
}

static uint16_t get16(uint64_t guest)
{
	uint16_t value;

	get(guest, &value, sizeof(value));
	return vmmio_le16(value);
}

static int line(void)
{
	return target.ops->line(target.ctx);
}

/* --- A driver ------------------------------------------------------------------------ */

static void negotiate(uint64_t features)
{
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rd(VMMIO_REG_STATUS), 0);
	wr(VMMIO_REG_STATUS, 1);
	wr(VMMIO_REG_STATUS, 3);
	for (uint32_t i = 0; i < 2; i++) {
		wr(VMMIO_REG_DEVICE_FEATURES_SEL, i);
		ck_assert_uint_eq(rd(VMMIO_REG_DEVICE_FEATURES) & (uint32_t)(features >> 32 * i),
			(uint32_t)(features >> 32 * i));
		wr(VMMIO_REG_DRIVER_FEATURES_SEL, i);
		wr(VMMIO_REG_DRIVER_FEATURES, (uint32_t)(features >> 32 * i));
	}
	wr(VMMIO_REG_STATUS, 0xb);
	ck_assert_uint_eq(rd(VMMIO_REG_STATUS), 0xb);
}

static void set_up_queue(void)
{
	static const uint32_t areas[][2] = {{VMMIO_REG_QUEUE_DESC_LOW, DESC},
		{VMMIO_REG_QUEUE_DRIVER_LOW, DRIVER}, {VMMIO_REG_QUEUE_DEVICE_LOW, DEVICE}};
	static const uint8_t zeroes[0x5000];

	put(RAM + 0x1000, zeroes, sizeof(zeroes));
	wr(VMMIO_REG_QUEUE_SEL, 0);
	ck_assert_uint_ge(rd(VMMIO_REG_QUEUE_SIZE_MAX), SIZE);
	wr(VMMIO_REG_QUEUE_SIZE, SIZE);
	for (unsigned i = 0; i < 3; i++) {
		wr(areas[i][0], areas[i][1]);
		wr(areas[i][0] + 4, 0);
	}
	wr(VMMIO_REG_QUEUE_READY, 1);
	wr(VMMIO_REG_STATUS, 0xf);
}

/* A request for sector 0, its header, data and status, as descriptors of either format. */
static void write_chain(uint16_t data_flags, bool packed)
{
	const struct {
		uint32_t addr, len;
		uint16_t flags;
	} parts[] = {{HEADER, 16, VMMIO_DESC_F_NEXT}, {DATA, 512, VMMIO_DESC_F_NEXT | data_flags},
		{STATUS, 1, VMMIO_DESC_F_WRITE}};
	uint8_t poison[512];

	memset(poison, 0xa5, sizeof(poison));
	put(DATA, poison, sizeof(poison));
	put(STATUS, poison, 1);
	for (unsigned i = 3; i-- > 0;) {
		uint64_t at = DESC + 16 * i;
		uint64_t addr = vmmio_le64(parts[i].addr);
		uint32_t len = vmmio_le32(parts[i].len);
		uint16_t flags = parts[i].flags;

		put(at, &addr, 8);
		put(at + 8, &len, 4);
		put16(at + (packed ? 12 : 14), packed ? 7 : (uint16_t)(i + 1));
		put16(at + (packed ? 14 : 12), packed ? flags | VMMIO_DESC_F_AVAIL : flags);
	}
	if (!packed)
		put16(DRIVER + 2, 1);
}

static bool is_used(bool packed)
{
	const uint16_t both = VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED;

	return packed ? (get16(DESC + 14) & both) == both : get16(DEVICE + 2) == 1;
}

static void wait_used(bool packed)
{
	for (unsigned i = 0; i < 2000 && !is_used(packed); i++)
		ck_assert_int_eq(target.ops->wait(target.ctx, 1000000), 0);
	ck_assert(is_used(packed));
}

static void read_sector(uint64_t features, bool packed)
{
	uint8_t zeroes[513] = {0}, data[513];

	negotiate(features | VMMIO_FEATURE(VMMIO_F_VERSION_1));
	set_up_queue();
	ck_assert_int_eq(line(), 0);
	write_chain(VMMIO_DESC_F_WRITE, packed);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	wait_used(packed);
	get(DATA, data, 512);
	get(STATUS, data + 512, 1);
	ck_assert_mem_eq(data, zeroes, sizeof(zeroes));
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	ck_assert_int_eq(line(), 1);
	wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	ck_assert_int_eq(line(), 0);
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rd(VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 0);
}

/* --- Tests --------------------------------------------------------------------------- */

START_TEST(is_there)
{
	open_qemu("blk-null", "");
	ck_assert_uint_eq(rd(VMMIO_REG_MAGIC), VMMIO_MAGIC);
	ck_assert_uint_eq(rd(VMMIO_REG_VERSION), 2);
	ck_assert_uint_eq(rd(VMMIO_REG_DEVICE_ID), VMMIO_ID_BLOCK);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 2048);
	ck_assert_uint_eq(target.memory_base, RAM);
}
END_TEST

START_TEST(reads_a_sector)
{
	bool packed = _i & 1;

	open_qemu(_i == 0   ? "blk-null"
		  : _i == 1 ? "blk-null-packed"
		  : _i == 2 ? "blk-file"
			    : "blk-file-packed",
		"");
	read_sector(packed ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0, packed);
}
END_TEST

START_TEST(memory_keeps_what_is_written)
{
	static uint8_t data[3 * 4096 + 5], back[sizeof(data)];

	open_qemu("rng", "");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t n = 1; n < sizeof(data); n = n * 2 + 1) {
		put(RAM + 3, data, n);
		get(RAM + 3, back, n);
		ck_assert_mem_eq(back, data, n);
	}
	ck_assert_uint_eq(get16(RAM + 4), data[1] | data[2] << 8);
	put(RAM + 8, data + 1, 8);
	get(RAM + 8, back, 8);
	ck_assert_mem_eq(back, data + 1, 8);
	get(RAM + 9, back, 3);
	ck_assert_mem_eq(back, data + 2, 3);
	ck_assert_int_eq(target.ops->mem_read(target.ctx, RAM - 1, back, 1), -EFAULT);
	ck_assert_int_eq(target.ops->mem_write(target.ctx, RAM + (7 << 20), back, 1), -EFAULT);
}
END_TEST

START_TEST(restarts)
{
	uint8_t byte = 0x11;

	open_qemu("blk-file", "");
	wr(VMMIO_REG_STATUS, 1);
	put(RAM, &byte, 1);
	ck_assert_int_eq(target.ops->restart(target.ctx), 0);
	ck_assert_uint_eq(rd(VMMIO_REG_STATUS), 0);
	get(RAM, &byte, 1);
	ck_assert_uint_eq(byte, 0);
	read_sector(0, false);
}
END_TEST

START_TEST(is_resized)
{
	open_qemu("blk-file", ",drive=disk");
	negotiate(VMMIO_FEATURE(VMMIO_F_VERSION_1));
	set_up_queue();
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(target.ops->change_config(target.ctx), 0);
		for (unsigned n = 0; n < 2000 && rd(VMMIO_REG_INTERRUPT_STATUS) == 0; n++)
			target.ops->wait(target.ctx, 1000000);
		ck_assert_uint_ne(rd(VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE, 0);
		ck_assert_int_eq(line(), 1);
		ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), i % 2 ? 2048 : 2056);
		wr(VMMIO_REG_INTERRUPT_ACK, 3);
		ck_assert_int_eq(line(), 0);
	}
}
END_TEST

START_TEST(cannot_be_resized)
{
	open_qemu("blk-null", ",drive=disk");
	ck_assert_int_eq(target.ops->change_config(target.ctx), -ENOTSUP);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 2048);
}
END_TEST

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void open_held(bool packed)
{
	char more[64];

	snprintf(more, sizeof(more), ",disk=%s/disk", dir);
	open_qemu(packed ? "blk-held-packed" : "blk-held", more);
	negotiate(VMMIO_FEATURE(VMMIO_F_VERSION_1) |
		  (packed ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0));
	set_up_queue();
}

/* Its time, and then at once. */
START_TEST(requests_are_held)
{
	uint64_t begin;

	open_held(_i);
	ck_assert_int_eq(target.ops->delay_io(target.ctx, 100000000), 0);
	begin = now_ms();
	write_chain(VMMIO_DESC_F_WRITE, _i);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	wait_used(_i);
	ck_assert_uint_ge(now_ms() - begin, 99);

	wr(VMMIO_REG_STATUS, 0);
	negotiate(VMMIO_FEATURE(VMMIO_F_VERSION_1) | (_i ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0));
	set_up_queue();
	ck_assert_int_eq(target.ops->delay_io(target.ctx, UINT64_C(3600000000000)), 0);
	write_chain(VMMIO_DESC_F_WRITE, _i);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	for (unsigned i = 0; i < 20; i++)
		target.ops->wait(target.ctx, 1000000);
	ck_assert(!is_used(_i));
	ck_assert_int_eq(target.ops->delay_io(target.ctx, 0), 0);
	wait_used(_i);
}
END_TEST

/* This device resets inside the write, and waits there for its I/O. */
START_TEST(a_reset_takes_as_long_as_the_disk)
{
	uint64_t begin;

	open_held(false);
	ck_assert_int_eq(target.ops->delay_io(target.ctx, 100000000), 0);
	write_chain(VMMIO_DESC_F_WRITE, false);
	begin = now_ms();
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_ge(now_ms() - begin, 99);
	ck_assert_uint_eq(rd(VMMIO_REG_STATUS), 0);
}
END_TEST

START_TEST(shows_what_is_stored)
{
	uint8_t stored[512], expected[512];
	uint32_t type = vmmio_le32(VMMIO_BLK_T_OUT);

	open_held(false);
	write_chain(0, false);
	put(HEADER, &type, sizeof(type));
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	wait_used(false);
	ck_assert_int_eq(target.ops->storage_read(target.ctx, 0, stored, 512), 0);
	memset(expected, 0xa5, sizeof(expected));
	ck_assert_mem_eq(stored, expected, sizeof(expected));
	ck_assert_int_eq(
		target.ops->storage_read(target.ctx, (1 << 20) - 511, stored, 512), -EFAULT);
	ck_assert_int_eq(target.ops->restart(target.ctx), 0);
	ck_assert_int_eq(target.ops->storage_read(target.ctx, 0, stored, 512), 0);
	memset(expected, 0, sizeof(expected));
	ck_assert_mem_eq(stored, expected, sizeof(expected));
}
END_TEST

static void signal_qemu(int number)
{
	char path[64], pid[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/pid", dir);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(pid, sizeof(pid), file));
	fclose(file);
	ck_assert_int_gt(atoi(pid), 1);
	ck_assert_int_eq(kill(atoi(pid), number), 0);
}

START_TEST(dies)
{
	time_t begin = time(NULL);
	uint64_t value;
	int err;

	open_qemu("blk-null", "");
	signal_qemu(SIGKILL);
	err = target.ops->read(target.ctx, 0, 4, &value);
	ck_assert(err == -EPIPE || err == -ECONNRESET);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), err);
	ck_assert_int_eq(target.ops->write(target.ctx, 0, 4, 0), err);
	ck_assert_int_eq(line(), err);
	ck_assert_int_eq(target.ops->wait(target.ctx, 1), err);
	ck_assert_int_le(time(NULL) - begin, 5);
	ck_assert_int_eq(target.ops->restart(target.ctx), 0);
	read_sector(0, false);
}
END_TEST

/* Stopped by a signal it neither answers nor closes. */
START_TEST(falls_silent)
{
	uint64_t value;

	open_qemu("blk-null", ",timeout=1000");
	signal_qemu(SIGSTOP);
	ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), -ETIMEDOUT);
	ck_assert_int_eq(target.ops->restart(target.ctx), 0);
	read_sector(0, false);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qtest_qemu");
	TCase *tc;

	if (!has_qemu()) {
		printf("SKIP: qtest_qemu: there is no qemu-system-x86_64\n");
		return 77;
	}
	tc = fixture_tcase(s, "qemu");
	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	tcase_add_test(tc, is_there);
	tcase_add_loop_test(tc, reads_a_sector, 0, 4);
	tcase_add_test(tc, memory_keeps_what_is_written);
	tcase_add_test(tc, restarts);
	tcase_add_test(tc, is_resized);
	tcase_add_test(tc, cannot_be_resized);
	tcase_add_loop_test(tc, requests_are_held, 0, 2);
	tcase_add_test(tc, a_reset_takes_as_long_as_the_disk);
	tcase_add_test(tc, shows_what_is_stored);
	tcase_add_test(tc, dies);
	tcase_add_test(tc, falls_silent);
	return fixture_main(s);
}
