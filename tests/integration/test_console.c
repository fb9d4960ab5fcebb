/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console's bytes: what the guest sends arrives, all of it and in order, and what is sent
 * to the guest likewise, over every form, size and cut.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "integration/console_rig.h"

#define STREAM 200000u

static struct term_options options(int i)
{
	return (struct term_options){
		.variant = i % TERM_VARIANTS, .form = (enum term_form)(i / TERM_VARIANTS)};
}

/* Lengths of the pieces of the n-th chain: 1 byte to 64 KiB, one to eight descriptors. */
static uint32_t pieces(unsigned n, uint32_t lens[9])
{
	static const uint32_t sizes[] = {1, 100, 65536, 4096, 7, 4097, 20000, 2, 513, 33333};
	uint32_t left = sizes[n % 10], total = left;
	unsigned i, count = n % 8 + 1;

	for (i = 0; i + 1 < count && left > 1; i++) {
		lens[i] = left / (i + 2) ? left / (i + 2) : 1;
		left -= lens[i];
	}
	lens[i] = left;
	lens[i + 1] = 0;
	return total;
}

/* The guest sends; the other side reads now and then. */
static void check_output(struct term *t, uint64_t total)
{
	static uint8_t buffer[10000];
	uint64_t sent = 0, got = 0;
	unsigned n = 0, in_flight = 0;
	uint32_t lens[9], at;

	while (got < total || in_flight) {
		if (sent < total && in_flight < 3) {
			uint32_t len = pieces(n, lens);

			ck_assert(term_send(t, n % 3 * 65536, lens, sent));
			sent += len;
			in_flight++;
			n++;
			if (sent > total)
				total = sent;
		}
		size_t len = term_far_read(t, buffer, n % 5 ? sizeof(buffer) : 100);

		for (size_t i = 0; i < len; i++)
			ck_assert_uint_eq(buffer[i], term_byte(got + i));
		got += len;
		while (term_sent(t, &at))
			in_flight--;
		term_relax(t);
	}
	ck_assert_uint_eq(got, sent);
	ck_assert_uint_eq(term_count(t).from_guest, sent);
	ck_assert_uint_eq(term_count(t).written, sent);
}

START_TEST(output_arrives)
{
	struct term_options o = options(_i);
	struct term *t = term_run(&o);

	check_output(t, STREAM);
	term_free(t);
}
END_TEST

/* The other side writes, the guest has up to three chains out. */
static void check_input(struct term *t, uint64_t total)
{
	static uint8_t buffer[5000];
	uint64_t written = 0, got = 0;
	unsigned n = 0, in_flight = 0;
	uint32_t lens[9], at, len;

	while (got < total) {
		if (in_flight < 3) {
			pieces(n, lens);
			ck_assert(term_offer(t, n % 3 * 65536, lens));
			in_flight++;
			n++;
		}
		size_t want = total - written < sizeof(buffer) ? total - written : sizeof(buffer);

		for (size_t i = 0; i < want; i++)
			buffer[i] = term_byte(written + i);
		if (want)
			written += term_far_write(t, buffer, want);
		while (term_received(t, &at, &len)) {
			const uint8_t *bytes = (uint8_t *)t->in.host + at;

			ck_assert_uint_gt(len, 0);
			for (uint32_t i = 0; i < len; i++)
				ck_assert_uint_eq(bytes[i], term_byte(got + i));
			got += len;
			in_flight--;
		}
		term_relax(t);
	}
	ck_assert_uint_eq(got, total);
	ck_assert_uint_eq(term_count(t).to_guest, total);
}

START_TEST(input_arrives)
{
	struct term_options o = options(_i);
	struct term *t = term_run(&o);

	check_input(t, STREAM);
	term_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("console");
	TCase *tc = fixture_tcase(s, "streams");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, output_arrives, 0, TERM_VARIANTS * TERM_FORMS);
	tcase_add_loop_test(tc, input_arrives, 0, TERM_VARIANTS * TERM_FORMS);
	return fixture_main(s);
}
