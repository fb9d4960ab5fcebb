/* SPDX-License-Identifier: BSD-3-Clause */
/* The qtest target: all that a machine can do wrong, and what the target then says. */
#include "test_qtest.h"

#include <errno.h>
#include <string.h>
#include <vmmio/conform/targets.h>

/* --- What goes wrong ----------------------------------------------------------------- */

/* Not worth waiting for. */
static void begin_hasty(const struct fake_step *steps)
{
	fake_begin(&fake, "qtest", steps);
	open_well("base=0x1000,ram=0x100000+1M,irq=7,timeout=500");
}

/* After this the target says the same for ever, at once. */
static void expect_broken(int err)
{
	uint64_t value, before = now_ms();
	uint8_t data[16] = {1};

	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(rd(0, 4, &value), err);
		ck_assert_int_eq(wr(0, 4, 0), err);
		ck_assert_int_eq(put(0x100000, data, 16), err);
		ck_assert_int_eq(get(0x100000, data, 4), err);
		ck_assert_int_eq(line(), err);
		ck_assert_int_eq(target.ops->wait(target.ctx, UINT64_C(10000000000)), err);
	}
	ck_assert_uint_lt(now_ms() - before, 1000);
}

static void breaks_with(const struct fake_step *steps, int err)
{
	uint64_t value, before;

	begin_hasty(steps);
	before = now_ms();
	ck_assert_int_eq(rd(0, 4, &value), err);
	ck_assert_uint_lt(now_ms() - before, 5000);
	expect_broken(err);
	end();
}

START_TEST(answers_that_are_none)
{
	static const char *const answers[] = {"NO\n", "\n", "OKAY 0x1\n", "OK\n", "OK x\n",
		"OK 0x1 2\n", "OK -1\n", "ok 0x1\n", "IRQ\n", "IRQ up 7\n", "\n\n\nOK 0x1\n",
		"OK 0x12345678123456781\n"};
	struct fake_step steps[] = {HANDSHAKE, {"readl 0x1000", answers[_i]}, {NULL, NULL}};

	breaks_with(steps, -EPROTO);
}
END_TEST

START_TEST(refused_commands)
{
	static const char *const answers[] = {"FAIL\n", "FAIL no such thing\n", "ERR too bad\n"};
	struct fake_step steps[] = {HANDSHAKE, {"readl 0x1000", answers[_i]}, {NULL, NULL}};

	breaks_with(steps, -EREMOTEIO);
}
END_TEST

START_TEST(memory_that_is_none)
{
	static const char *const answers[] = {"OK\n", "OK 0x\n", "OK 010203\n", "OK 0x0102\n",
		"OK 0x01020304\n", "OK 0x01020g\n", "OK 0X010203\n", "OK 0x0102 3\n"};
	struct fake_step steps[] = {HANDSHAKE, {"read 0x100001 0x3", answers[_i]}, {NULL, NULL}};
	uint8_t data[3];

	begin(steps);
	ck_assert_int_eq(get(0x100001, data, 3), -EPROTO);
	expect_broken(-EPROTO);
	end();
}
END_TEST

START_TEST(a_line_without_an_end)
{
	static char endless[20000];
	static const struct fake_step steps[] = {
		HANDSHAKE, {"readl 0x1000", endless}, {NULL, NULL}};

	memset(endless, 'x', sizeof(endless) - 1);
	breaks_with(steps, -EPROTO);
}
END_TEST

START_TEST(silence)
{
	static const struct fake_step steps[] = {HANDSHAKE, {"readl 0x1000", NULL}, {NULL, NULL}};

	breaks_with(steps, -ETIMEDOUT);
}
END_TEST

START_TEST(half_a_line)
{
	static const struct fake_step steps[] = {
		HANDSHAKE, {"readl 0x1000", "OK 0x0"}, {NULL, NULL}};

	breaks_with(steps, -ETIMEDOUT);
}
END_TEST

/* It talks all the time, and never answers. */
START_TEST(a_flood_of_interrupts)
{
	static const struct fake_step steps[] = {
		HANDSHAKE, {"readl 0x1000", "IRQ raise 7\nIRQ lower 7\n"}, {NULL, NULL}};

	fake.floods = true;
	breaks_with(steps, -ETIMEDOUT);
}
END_TEST

START_TEST(a_closed_connection)
{
	static const struct fake_step steps[][5] = {
		{HANDSHAKE, {"readl 0x1000", NULL}, {NULL, NULL}},
		{HANDSHAKE, {"readl 0x1000", "OK 0x"}, {NULL, NULL}},
		{HANDSHAKE, {"readl 0x1000", "IRQ raise 7\n"}, {NULL, NULL}}};

	fake.closes = true;
	breaks_with(steps[_i], -EPIPE);
}
END_TEST

/* Nothing was asked: the next question finds out. */
START_TEST(closed_while_nobody_looks)
{
	static const struct fake_step steps[] = {HANDSHAKE, {NULL, NULL}};

	fake.closes = true;
	begin(steps);
	for (unsigned i = 0; i < 1000 && line() == 0; i++)
		target.ops->wait(target.ctx, 1000000);
	expect_broken(-EPIPE);
	end();
}
END_TEST

/* It has stopped reading, and there is more to write than fits into the socket. */
START_TEST(a_machine_that_does_not_read)
{
	static const struct fake_step steps[] = {HANDSHAKE, {NULL, NULL}};
	static uint8_t data[1 << 20];

	begin_hasty(steps);
	data[0] = 1;
	ck_assert_int_eq(put(0x100000, data, sizeof(data)), -ETIMEDOUT);
	expect_broken(-ETIMEDOUT);
	vmmio_target_close(&target);
	pthread_join(fake.thread, NULL);
	close(fake.listener);
}
END_TEST

START_TEST(opening_can_fail)
{
	static const struct {
		const char *options;
		struct fake_step steps[4];
		int err;
		const char *text;
	} cases[] = {
		{"base=0x1000", {{"endianness", "OK big\n"}}, -ENOTSUP, "big endian"},
		{"base=0x1000", {{"endianness", "hello\n"}}, -EPROTO,
			"does not answer as QEMU does"},
		{"base=0x1000,timeout=50", {{"endianness", NULL}}, -ETIMEDOUT, "does not answer"},
		{"base=0x1000,irq=1,intercept=gic",
			{{"endianness", "FAIL\n"},
				{"irq_intercept_in gic", "FAIL Unknown device\n"}},
			-ENODEV, "no interrupt controller 'gic'"},
		{"base=0x1000", {{"endianness", "OK little\n"}, {"clock_step 0", "bah\n"}}, -EPROTO,
			"does not answer as QEMU does"},
	};
	char text[512];

	fake_begin(&fake, "qtest", cases[_i].steps);
	ck_assert_int_eq(open_target(cases[_i].options, text), cases[_i].err);
	ck_assert_msg(strstr(text, cases[_i].text), "%s", text);
	fake_end(&fake);
}
END_TEST

START_TEST(arguments_can_be_wrong)
{
	static const char *const cases[][2] = {
		{"", "no socket was given"},
		{",base=0", "no socket was given"},
		{"/a,ram=0+1M", "say base=ADDR"},
		{"/a,base=2", "say base=ADDR"},
		{"/a,base=0x1000,irq=no", "'irq=no' is wrong"},
		{"/a,base=0,drive=d", "drive is of no use without qmp=SOCKET"},
		{"/a,base=0,qmp=/b,drive=a\"b", "is not a node name"},
		{"/a,base=0,intercept=a b", "is not a path"},
		{"/a,base=0,exec=", "exec is wrong"},
		{"/a,base=0,listen=1", "use listen=no|yes"},
		{"/a,base=0,ram=0+1K", "'ram=0+1K' is wrong"},
		{"/a,base=0,timeout=0", "'timeout=0' is wrong"},
		{"/a,base=0,disk_size=513", "disk_size has to be a multiple of 512"},
		{"/01234567890123456789012345678901234567890123456789012345678901234567890123456789"
		 "01234"
		 "56789012345678901234567890,base=0",
			"no socket was given"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmmio_target_error error;
		char spec[256];

		snprintf(spec, sizeof(spec), "qtest:%s", cases[i][0]);
		ck_assert_int_eq(vmmio_target_open_spec(spec, NULL, &target, &error), -EINVAL);
		ck_assert_msg(strstr(error.text, cases[i][1]), "%s: %s", spec, error.text);
	}
}
END_TEST

void add_wrong_tests(Suite *s)
{
	TCase *tc = qtest_tcase(s, "what goes wrong");

	tcase_add_loop_test(tc, answers_that_are_none, 0, 12);
	tcase_add_loop_test(tc, refused_commands, 0, 3);
	tcase_add_loop_test(tc, memory_that_is_none, 0, 8);
	tcase_add_test(tc, a_line_without_an_end);
	tcase_add_test(tc, silence);
	tcase_add_test(tc, half_a_line);
	tcase_add_test(tc, a_flood_of_interrupts);
	tcase_add_loop_test(tc, a_closed_connection, 0, 3);
	tcase_add_test(tc, closed_while_nobody_looks);
	tcase_add_test(tc, a_machine_that_does_not_read);
	tcase_add_loop_test(tc, opening_can_fail, 0, 5);
	tcase_add_test(tc, arguments_can_be_wrong);
}
