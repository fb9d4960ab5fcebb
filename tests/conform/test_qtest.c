/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The qtest target against a machine that is a script: commands and answers, and what arrives
 * in between. test_qtest_wrong.c: what a machine can do wrong; test_qtest_machine.c:
 * processes and QMP.
 */
#include "test_qtest.h"

#include <errno.h>
#include <string.h>
#include <vmmio/conform/targets.h>

struct vmmio_target target;
struct fake fake;

/* --- The rig ------------------------------------------------------------------------- */

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int open_target(const char *options, char error_text[512])
{
	struct vmmio_target_error error;
	char spec[1024];
	int err;

	snprintf(spec, sizeof(spec), "qtest:%s/qtest,%s", fake_dir(), options);
	err = vmmio_target_open_spec(spec, NULL, &target, &error);
	memcpy(error_text, error.text, 512);
	return err;
}

void open_well(const char *options)
{
	char text[512];

	if (open_target(options, text) != 0)
		ck_abort_msg("%s: %s", options, text);
}

void begin(const struct fake_step *steps)
{
	fake_begin(&fake, "qtest", steps);
	open_well("base=0x1000,ram=0x100000+1M,irq=7,timeout=20000");
}

void end(void)
{
	vmmio_target_close(&target);
	fake_end(&fake);
}

int rd(uint64_t offset, unsigned width, uint64_t *value)
{
	return target.ops->read(target.ctx, offset, width, value);
}

int wr(uint64_t offset, unsigned width, uint64_t value)
{
	return target.ops->write(target.ctx, offset, width, value);
}

int put(uint64_t guest, const void *data, size_t size)
{
	return target.ops->mem_write(target.ctx, guest, data, size);
}

int get(uint64_t guest, void *data, size_t size)
{
	return target.ops->mem_read(target.ctx, guest, data, size);
}

int line(void)
{
	return target.ops->line(target.ctx);
}

/* --- Commands ------------------------------------------------------------------------ */

START_TEST(registers_in_each_width)
{
	static const struct fake_step steps[] = {HANDSHAKE,
		{"readb 0x1100", "OK 0x0000000000000012\n"},
		{"readw 0x1102", "OK 0x0000000000001234\n"},
		{"readl 0x1000", "OK 0x0000000074726976\n"},
		{"readq 0x1100", "OK 0xfedcba9876543210\r\n"}, {"readl 0x1001", "OK 0\n"},
		{"writeb 0x1100 0x12", "OK\n"}, {"writew 0x1102 0x1234", "OK\n"},
		{"writel 0x1070 0xf", "OK\n"}, {"writeq 0x1100 0xfedcba9876543210", "OK\n"},
		{NULL, NULL}};
	static const struct {
		unsigned width;
		uint64_t offset, value;
	} cases[] = {{1, 0x100, 0x12}, {2, 0x102, 0x1234}, {4, 0, 0x74726976},
		{8, 0x100, 0xfedcba9876543210}, {4, 1, 0}};

	fake.dribbles = true;
	begin(steps);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 99;

		ck_assert_int_eq(rd(cases[i].offset, cases[i].width, &value), 0);
		ck_assert_uint_eq(value, cases[i].value);
	}
	ck_assert_int_eq(wr(0x100, 1, 0x12), 0);
	ck_assert_int_eq(wr(0x102, 2, 0x1234), 0);
	ck_assert_int_eq(wr(0x70, 4, 0xf), 0);
	ck_assert_int_eq(wr(0x100, 8, 0xfedcba9876543210), 0);
	end();
}
END_TEST

START_TEST(small_memory_is_one_access)
{
	static const struct fake_step steps[] = {HANDSHAKE, {"writeb 0x100001 0xab", "OK\n"},
		{"writew 0x100002 0x201", "OK\n"}, {"writel 0x100004 0x4030201", "OK\n"},
		{"writeq 0x100008 0x807060504030201", "OK\n"}, {"readb 0x100001", "OK 0xab\n"},
		{"readw 0x100002", "OK 0x201\n"}, {"readl 0x100004", "OK 0x4030201\n"},
		{"readq 0x100008", "OK 0x807060504030201\n"}, {NULL, NULL}};
	static const uint8_t count[] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t back[8] = {0};

	begin(steps);
	ck_assert_int_eq(put(0x100001, "\xab", 1), 0);
	for (size_t n = 2; n <= 8; n *= 2)
		ck_assert_int_eq(put(0x100000 + n, count, n), 0);
	ck_assert_int_eq(get(0x100001, back, 1), 0);
	ck_assert_uint_eq(back[0], 0xab);
	for (size_t n = 2; n <= 8; n *= 2) {
		ck_assert_int_eq(get(0x100000 + n, back, n), 0);
		ck_assert_mem_eq(back, count, n);
	}
	end();
}
END_TEST

START_TEST(other_memory_is_hexadecimal)
{
	static const struct fake_step steps[] = {HANDSHAKE,
		{"write 0x100001 0x4 0x01fe0aff", "OK\n"}, {"read 0x100001 0x4", "OK 0x01fe0aff\n"},
		{"write 0x100000 0x3 0x01fe0a", "OK\n"}, {"memset 0x100003 0x4 0xa5", "OK\n"},
		{"memset 0x100000 0x100000 0x0", "OK\n"}, {NULL, NULL}};
	static const uint8_t data[] = {1, 0xfe, 10, 0xff};
	static uint8_t zeroes[1 << 20];
	uint8_t back[4];

	begin(steps);
	ck_assert_int_eq(put(0x100001, data, 4), 0);
	ck_assert_int_eq(get(0x100001, back, 4), 0);
	ck_assert_mem_eq(back, data, 4);
	ck_assert_int_eq(put(0x100000, data, 3), 0);
	ck_assert_int_eq(put(0x100003, "\xa5\xa5\xa5\xa5", 4), 0);
	ck_assert_int_eq(put(0x100000, zeroes, sizeof(zeroes)), 0);
	ck_assert_int_eq(put(0x100000, zeroes, 0), 0);
	ck_assert_int_eq(get(0x100000, zeroes, 0), 0);
	end();
}
END_TEST

/* 4096 bytes, and what is left. */
START_TEST(much_memory_goes_in_pieces)
{
	static char write_1[9000], write_2[64], read_1[9000];
	static const struct fake_step steps[] = {HANDSHAKE, {write_1, "OK\n"}, {write_2, "OK\n"},
		{"read 0x100010 0x1000", read_1}, {"read 0x101010 0x2", "OK 0x4142\n"},
		{NULL, NULL}};
	static uint8_t data[4098], back[4098];
	char *at = write_1 + sprintf(write_1, "write 0x100010 0x1000 0x");
	char *answer = read_1 + sprintf(read_1, "OK 0x");

	for (size_t i = 0; i < 4096; i++) {
		data[i] = (uint8_t)(i * 31);
		at += sprintf(at, "%02x", data[i]);
		answer += sprintf(answer, "%02x", data[i]);
	}
	strcpy(answer, "\n");
	memcpy(data + 4096, "AB", 2);
	strcpy(write_2, "write 0x101010 0x2 0x4142");
	begin(steps);
	ck_assert_int_eq(put(0x100010, data, sizeof(data)), 0);
	ck_assert_int_eq(get(0x100010, back, sizeof(back)), 0);
	ck_assert_mem_eq(back, data, sizeof(data));
	end();
}
END_TEST

START_TEST(memory_ends_where_it_was_said_to)
{
	static const struct fake_step steps[] = {
		HANDSHAKE, {"readl 0x1000", "OK 1\n"}, {NULL, NULL}};
	uint8_t data[8] = {0};
	uint64_t value;

	begin(steps);
	ck_assert_int_eq(get(0xfffff, data, 1), -EFAULT);
	ck_assert_int_eq(put(0xfffff, data, 2), -EFAULT);
	ck_assert_int_eq(put(0x1fffff, data, 2), -EFAULT);
	ck_assert_int_eq(get(0x200000, data, 8), -EFAULT);
	ck_assert_int_eq(get(UINT64_MAX, data, 8), -EFAULT);
	/* It was not the machine's fault. */
	ck_assert_int_eq(rd(0, 4, &value), 0);
	end();
}
END_TEST

/* --- The line ------------------------------------------------------------------------ */

START_TEST(the_line_is_told_in_between)
{
	static const struct fake_step steps[] = {HANDSHAKE,
		{"writel 0x1050 0x0", "IRQ raise 7\nOK\n"},
		{"writel 0x1064 0x1", "IRQ lower 7\nIRQ raise 7\nIRQ lower 7\nOK\n"},
		{"readl 0x1060", "IRQ raise 8\nIRQ lower 77\nOK 0x0\n"},
		{"readl 0x1060", "OK 0x1\nIRQ raise 7\nIRQ lo"}, {NULL, "wer 7\n"}, {NULL, NULL}};
	uint64_t value;

	begin(steps);
	ck_assert_int_eq(line(), 0);
	ck_assert_int_eq(wr(0x50, 4, 0), 0);
	ck_assert_int_eq(line(), 1);
	ck_assert_int_eq(line(), 1);
	ck_assert_int_eq(wr(0x64, 4, 1), 0);
	ck_assert_int_eq(line(), 0);
	ck_assert_int_eq(rd(0x60, 4, &value), 0);
	ck_assert_int_eq(line(), 0);
	/* Unasked, in two pieces. */
	ck_assert_int_eq(rd(0x60, 4, &value), 0);
	for (unsigned i = 0; i < 1000 && line() == 0; i++)
		target.ops->wait(target.ctx, 1000000);
	for (unsigned i = 0; i < 1000 && line() == 1; i++)
		target.ops->wait(target.ctx, 1000000);
	ck_assert_int_eq(line(), 0);
	end();
}
END_TEST

START_TEST(without_irq_there_is_no_line)
{
	static const struct fake_step steps[] = {{"endianness", "OK little\n"},
		{"clock_step 0", "FAIL\n"}, {"readl 0x1000", "IRQ raise 7\nOK 1\n"}, {NULL, NULL}};
	uint64_t value;

	fake_begin(&fake, "qtest", steps);
	open_well("base=0x1000");
	ck_assert_int_eq(rd(0, 4, &value), 0);
	ck_assert_ptr_null(target.ops->line);
	ck_assert_uint_eq(target.memory_size, 0);
	end();
}
END_TEST

/* --- Time ---------------------------------------------------------------------------- */

START_TEST(steps_a_clock_that_it_owns)
{
	static const struct fake_step steps[] = {{"endianness", "OK little\n"},
		{"clock_step 0", "OK 5\n"}, {"clock_step 20000000", "OK 20000005\n"}, {NULL, NULL}};
	uint64_t before;

	fake_begin(&fake, "qtest", steps);
	open_well("base=0x1000");
	before = now_ms();
	ck_assert_int_eq(target.ops->wait(target.ctx, 20000000), 0);
	ck_assert_uint_ge(now_ms() - before, 19);
	end();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("qtest");
	TCase *tc;

	if (argc > 1 && strcmp(argv[1], "--serve") == 0)
		return fake_serve();
	tc = qtest_tcase(s, "commands");
	tcase_add_test(tc, registers_in_each_width);
	tcase_add_test(tc, small_memory_is_one_access);
	tcase_add_test(tc, other_memory_is_hexadecimal);
	tcase_add_test(tc, much_memory_goes_in_pieces);
	tcase_add_test(tc, memory_ends_where_it_was_said_to);
	tcase_add_test(tc, the_line_is_told_in_between);
	tcase_add_test(tc, without_irq_there_is_no_line);
	tcase_add_test(tc, steps_a_clock_that_it_owns);
	add_wrong_tests(s);
	add_machine_tests(s);
	add_disk_tests(s);
	return fixture_main(s);
}
