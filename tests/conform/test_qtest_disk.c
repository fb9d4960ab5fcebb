/* SPDX-License-Identifier: BSD-3-Clause */
/* The qtest target's disk, with an NBD client that says byte by byte what a client may. */
#include "test_qtest.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "conform/targets/qtest.h"

#define SIZE 65536u
#define MS UINT64_C(1000000)

enum { READ, WRITE, DISCONNECT, FLUSH, TRIM, CACHE, WRITE_ZEROES };

static struct qtest_disk disk;
static int client;

/* --- A client ---------------------------------------------------------------------------- */

static void tell(const void *data, size_t size)
{
	ck_assert_int_eq(send(client, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void tell16(uint16_t value)
{
	value = htobe16(value);
	tell(&value, sizeof(value));
}

static void tell32(uint32_t value)
{
	value = htobe32(value);
	tell(&value, sizeof(value));
}

static void tell64(uint64_t value)
{
	value = htobe64(value);
	tell(&value, sizeof(value));
}

static void hear(void *data, size_t size)
{
	ck_assert_int_eq(recv(client, data, size, MSG_WAITALL), (ssize_t)size);
}

static void expect(uint64_t value, unsigned bytes)
{
	uint64_t heard = 0;

	hear((uint8_t *)&heard + 8 - bytes, bytes);
	ck_assert_uint_eq(be64toh(heard), value);
}

static void expect_end(void)
{
	char c;

	ck_assert_int_le(recv(client, &c, 1, 0), 0);
}

static bool is_silent(int ms)
{
	struct pollfd fds[] = {{.fd = client, .events = POLLIN}};

	return poll(fds, 1, ms) == 0;
}

static void call(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/disk", fake_dir());
	client = qtest_call(path, 0);
	ck_assert_int_ge(client, 0);
	expect(0x4e42444d41474943, 8);
	expect(0x49484156454f5054, 8);
	expect(3, 2);
	tell32(3);
}

static void tell_option(uint32_t option, uint32_t length)
{
	tell64(0x49484156454f5054);
	tell32(option);
	tell32(length);
}

static void expect_reply(uint32_t option, uint32_t type, uint32_t length)
{
	expect(0x3e889045565a9, 8);
	expect(option, 4);
	expect(type, 4);
	expect(length, 4);
}

static void go(void)
{
	tell_option(7, 6);
	tell32(0);
	tell16(0);
	expect_reply(7, 3, 12);
	expect(0, 2);
	expect(SIZE, 8);
	expect(0x6d, 2);
	expect_reply(7, 1, 0);
}

static void ask(uint16_t type, uint64_t handle, uint64_t offset, uint32_t length)
{
	tell32(0x25609513);
	tell16(0);
	tell16(type);
	tell64(handle);
	tell64(offset);
	tell32(length);
}

static void expect_answer(uint64_t handle, uint32_t error)
{
	expect(0x67446698, 4);
	expect(error, 4);
	expect(handle, 8);
}

static void set_up(void)
{
	char path[64];
	int listener;

	fake_make_dir();
	snprintf(path, sizeof(path), "%s/disk", fake_dir());
	listener = qtest_listen(path);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(qtest_disk_open(&disk, listener, SIZE), 0);
	call();
}

static void tear_down(void)
{
	qtest_disk_close(&disk);
	close(client);
	fake_remove_dir();
}

/* --- Tests ---------------------------------------------------------------------------------- */

START_TEST(stores_what_is_written)
{
	uint8_t data[1024], back[1024], zeroes[1024] = {0};

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 5 + 1);
	go();
	ask(WRITE, 1, 512, sizeof(data));
	tell(data, sizeof(data));
	expect_answer(1, 0);
	ask(READ, UINT64_MAX, 512, sizeof(back));
	expect_answer(UINT64_MAX, 0);
	hear(back, sizeof(back));
	ck_assert_mem_eq(back, data, sizeof(data));
	ck_assert_int_eq(qtest_disk_read(&disk, 512, back, sizeof(back)), 0);
	ck_assert_mem_eq(back, data, sizeof(data));
	ask(FLUSH, 2, 0, 0);
	expect_answer(2, 0);
	ask(TRIM, 3, 512, 512);
	expect_answer(3, 0);
	ask(WRITE_ZEROES, 4, 1024, 512);
	expect_answer(4, 0);
	ask(READ, 5, 0, sizeof(back));
	expect_answer(5, 0);
	hear(back, sizeof(back));
	ck_assert_mem_eq(back, zeroes, sizeof(back));
	ask(DISCONNECT, 6, 0, 0);
	expect_end();
}
END_TEST

START_TEST(other_options_are_refused)
{
	tell_option(8, 0);
	expect_reply(8, 0x80000001, 0);
	tell_option(3, 5);
	tell("abcde", 5);
	expect_reply(3, 0x80000001, 0);
	go();
}
END_TEST

START_TEST(a_client_may_go)
{
	tell_option(2, 0);
	expect_end();
	close(client);
	call();
	close(client);
	call();
	go();
	ask(READ, 1, 0, 1);
	expect_answer(1, 0);
}
END_TEST

START_TEST(a_new_client_has_a_new_disk)
{
	uint8_t byte;

	go();
	ask(WRITE, 1, 0, 1);
	tell("x", 1);
	expect_answer(1, 0);
	/* This one is never answered. */
	qtest_disk_delay(&disk, 3600000 * MS);
	ask(READ, 2, 0, 1);
	close(client);
	call();
	ck_assert_int_eq(qtest_disk_read(&disk, 0, &byte, 1), 0);
	ck_assert_uint_eq(byte, 0);
	qtest_disk_delay(&disk, 0);
	go();
	ask(READ, 3, 0, 1);
	expect_answer(3, 0);
}
END_TEST

START_TEST(wrong_requests_are_answered)
{
	static const struct {
		uint16_t type;
		uint64_t offset;
		uint32_t length;
	} cases[] = {{READ, SIZE, 1}, {READ, 0, SIZE + 1}, {READ, UINT64_MAX, 2},
		{READ, 0, UINT32_MAX}, {TRIM, SIZE - 1, 2}, {WRITE_ZEROES, 1, SIZE}, {CACHE, 0, 1},
		{7, 0, 1}, {UINT16_MAX, 0, 1}};
	uint8_t byte;

	go();
	for (uint64_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(cases[i].type, i, cases[i].offset, cases[i].length);
		expect_answer(i, 22);
	}
	ask(WRITE, 99, SIZE, 1);
	tell("x", 1);
	expect_answer(99, 22);
	ask(FLUSH, 100, UINT64_MAX, UINT32_MAX);
	expect_answer(100, 0);
	ask(READ, 101, SIZE - 1, 1);
	expect_answer(101, 0);
	hear(&byte, 1);
	ask(READ, 102, SIZE, 0);
	expect_answer(102, 0);
}
END_TEST

START_TEST(what_is_no_protocol_ends_it)
{
	if (_i == 0) {
		tell64(1);
		tell64(1);
	} else if (_i == 1) {
		tell_option(8, 1000000);
	} else if (_i == 2) {
		go();
		for (unsigned i = 0; i < 7; i++)
			tell32(0);
	} else {
		go();
		ask(WRITE, 1, 0, SIZE + 1);
	}
	expect_end();
	close(client);
	call();
	go();
}
END_TEST

START_TEST(takes_its_time)
{
	uint64_t begin;
	uint8_t byte;

	go();
	qtest_disk_delay(&disk, 60 * MS);
	begin = now_ms();
	ask(READ, 1, 0, 1);
	ask(READ, 2, 0, 1);
	for (uint64_t i = 1; i <= 2; i++) {
		expect_answer(i, 0);
		hear(&byte, 1);
		ck_assert_uint_ge(now_ms() - begin, 59);
	}
	/* More than an int has milliseconds; then those that wait are let go. */
	qtest_disk_delay(&disk, UINT64_MAX);
	ask(READ, 3, 0, 1);
	ck_assert(is_silent(30));
	qtest_disk_delay(&disk, 0);
	expect_answer(3, 0);
	hear(&byte, 1);
}
END_TEST

START_TEST(answers_in_reverse)
{
	uint64_t begin;
	uint8_t byte;

	go();
	qtest_disk_reverse(&disk, true);
	qtest_disk_delay(&disk, 60 * MS);
	ask(READ, 1, 0, 1);
	ck_assert(is_silent(30));
	begin = now_ms();
	ask(READ, 2, 0, 1);
	ask(READ, 3, 0, 1);
	for (uint64_t i = 3; i >= 1; i--) {
		expect_answer(i, 0);
		hear(&byte, 1);
		ck_assert_uint_ge(now_ms() - begin, 59);
	}
}
END_TEST

/* It is closed while a client does not read, is in the middle of a word, or has said nothing. */
START_TEST(can_be_closed_at_any_time)
{
	if (_i > 0)
		go();
	if (_i == 1)
		tell32(0x25609513);
	for (unsigned i = 0; i < 20 && _i == 2; i++)
		ask(READ, i, 0, SIZE);
	if (_i == 3) {
		qtest_disk_delay(&disk, 3600000 * MS);
		ask(READ, 1, 0, 1);
	}
	ck_assert(is_silent(20) || _i == 2);
}
END_TEST

void add_disk_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "disk");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, stores_what_is_written);
	tcase_add_test(tc, other_options_are_refused);
	tcase_add_test(tc, a_client_may_go);
	tcase_add_test(tc, a_new_client_has_a_new_disk);
	tcase_add_test(tc, wrong_requests_are_answered);
	tcase_add_loop_test(tc, what_is_no_protocol_ends_it, 0, 4);
	tcase_add_test(tc, takes_its_time);
	tcase_add_test(tc, answers_in_reverse);
	tcase_add_loop_test(tc, can_be_closed_at_any_time, 0, 4);
}
