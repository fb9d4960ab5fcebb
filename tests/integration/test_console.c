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

#define STREAM 130000u /* one of each size */

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
		uint64_t before = got + sent;

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

		term_check(buffer, len, got);
		got += len;
		while (term_sent(t, &at))
			in_flight--;
		if (got + sent == before)
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
		uint64_t before = got + written;

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
			term_check(bytes, len, got);
			got += len;
			in_flight--;
		}
		if (got + written == before)
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

/* An embedder's loop runs the I/O engine: this one. */
START_TEST(streams_on_a_loop)
{
	struct term_options o = options(_i);
	struct term *t;

	o.loop = true;
	t = term_run(&o);
	check_output(t, STREAM);
	check_input(t, STREAM);
	term_free(t);
}
END_TEST

/* --- eventfd ------------------------------------------------------------------------------- */

static bool readable(struct term *t)
{
	struct pollfd p = {.fd = vmmio_console_eventfd(t->console), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

START_TEST(eventfd_tells_of_output_and_of_room)
{
	struct term_options o = {.variant = _i, .manual = true, .form = TERM_MEMORY};
	struct term *t = term_run(&o);
	const uint32_t three[] = {3, 0}, many[] = {6000, 0};
	uint8_t bytes[5000] = {0};
	uint32_t at, len;

	term_settle(t);
	ck_assert(!readable(t));
	ck_assert(term_send(t, 0, three, 0));
	term_settle(t);
	ck_assert(readable(t));
	ck_assert_uint_eq(term_far_read(t, bytes, 2), 2);
	ck_assert(readable(t));
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), 1);
	ck_assert(!readable(t));
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), 0);
	ck_assert(term_offer(t, 0, three)); /* so that what follows is not in one piece */
	ck_assert_uint_eq(term_far_write(t, bytes, 3), 3);
	term_settle(t);
	ck_assert(term_received(t, &at, &len));
	ck_assert_uint_eq(term_far_write(t, bytes, 4096), 4096);
	ck_assert(!readable(t));
	ck_assert_uint_eq(term_far_write(t, bytes, 1), 0);
	ck_assert(!readable(t));
	ck_assert(term_offer(t, 0, many));
	term_settle(t);
	ck_assert(term_received(t, &at, &len));
	ck_assert_uint_eq(len, 4096);
	ck_assert(readable(t));
	ck_assert_uint_eq(term_far_write(t, bytes, 1), 1);
	ck_assert(!readable(t));
	term_free(t);
}
END_TEST

START_TEST(memory_calls_on_other_forms_do_nothing)
{
	struct term_options o = {.variant = _i, .manual = true, .form = TERM_PIPE};
	struct term *t = term_run(&o);
	uint8_t byte = 1;

	ck_assert_int_eq(vmmio_console_eventfd(t->console), -EINVAL);
	ck_assert_int_eq(vmmio_console_eventfd(NULL), -EINVAL);
	ck_assert_uint_eq(vmmio_console_put(t->console, &byte, 1), 0);
	ck_assert_uint_eq(vmmio_console_get(t->console, &byte, 1), 0);
	ck_assert_uint_eq(vmmio_console_put(NULL, &byte, 1), 0);
	ck_assert_uint_eq(vmmio_console_get(NULL, &byte, 1), 0);
	ck_assert_ptr_null(vmmio_console_pty(t->console));
	ck_assert_ptr_null(vmmio_console_pty(NULL));
	term_free(t);
}
END_TEST

/* What a driver should not do (CON-DRV-01, 02): a chain without a useful byte comes back. */
START_TEST(wrong_chains_come_back)
{
	struct term_options o = {.variant = _i, .manual = true, .form = TERM_MEMORY};
	struct term *t = term_run(&o);
	struct vmmio_driver_seg out = {t->out.guest, 4}, in = {t->in.guest, 4};
	struct vmmio_driver_chain only_in = {.in = &in, .n_in = 1};
	struct vmmio_driver_chain both = {.out = &out, .n_out = 1, .in = &in, .n_in = 1};
	struct vmmio_driver_queue *rx = vmmio_driver_queue(t->driver, VMMIO_CONSOLE_RECEIVEQ);
	struct vmmio_driver_queue *tx = vmmio_driver_queue(t->driver, VMMIO_CONSOLE_TRANSMITQ);
	struct vmmio_driver_chain only_out = {.out = &out, .n_out = 1};
	struct vmmio_driver_used used;
	uint8_t bytes[8] = "abcdefg";

	memset(t->in.host, 0xee, 8);
	memcpy(t->out.host, "wxyz", 4);
	ck_assert_int_ge(vmmio_driver_queue_add(tx, &only_in), 0);
	ck_assert_int_ge(vmmio_driver_queue_add(tx, &both), 0);
	vmmio_driver_queue_kick(tx);
	ck_assert_uint_eq(term_far_write(t, bytes, 8), 8);
	ck_assert_int_ge(vmmio_driver_queue_add(rx, &only_out), 0);
	ck_assert_int_ge(vmmio_driver_queue_add(rx, &both), 0);
	vmmio_driver_queue_kick(rx);
	term_settle(t);
	ck_assert_int_eq(vmmio_driver_queue_poll(tx, &used), 1);
	ck_assert_uint_eq(used.len, 0);
	ck_assert_int_eq(vmmio_driver_queue_poll(tx, &used), 1);
	ck_assert_uint_eq(used.len, 0);
	ck_assert_uint_eq(term_far_read(t, bytes, 8), 4);
	ck_assert_mem_eq(bytes, "wxyz", 4);
	ck_assert_int_eq(vmmio_driver_queue_poll(rx, &used), 1);
	ck_assert_uint_eq(used.len, 0);
	ck_assert_int_eq(vmmio_driver_queue_poll(rx, &used), 1);
	ck_assert_uint_eq(used.len, 4);
	ck_assert_mem_eq(t->in.host, "abcd", 4);
	ck_assert_uint_eq(term_count(t).buffered_in, 4);
	ck_assert_uint_eq(term_count(t).cancelled, 0);
	term_free(t);
}
END_TEST

/* One chain of 15 MiB, over and over the same memory, and nobody to write it to: the pump lets
 * others have their turn. */
START_TEST(a_huge_chain_goes_in_pieces)
{
	struct term_options o = {.variant = _i, .manual = true, .form = TERM_OWN,
		.console = {.in = -1, .out = -1}};
	struct term *t = term_run(&o);
	struct vmmio_driver_queue *tx = vmmio_driver_queue(t->driver, VMMIO_CONSOLE_TRANSMITQ);
	struct vmmio_driver_seg segs[30];
	struct vmmio_driver_chain chain = {.out = segs, .n_out = 30};
	struct vmmio_driver_used used;
	unsigned steps;

	term_settle(t);
	for (unsigned i = 0; i < 30; i++)
		segs[i] = (struct vmmio_driver_seg){UINT64_C(0x80000000), 512 * 1024};
	ck_assert_int_ge(vmmio_driver_queue_add(tx, &chain), 0);
	vmmio_driver_queue_kick(tx);
	ck_assert_uint_eq(term_count(t).from_guest, 0);
	for (steps = 0; vmmio_driver_queue_poll(tx, &used) == 0; steps++) {
		ck_assert_uint_eq(term_count(t).from_guest, steps * 64 * 4096);
		ck_assert(vmmio_manual_step(t->ex, 0));
	}
	ck_assert_uint_eq(steps, 60);
	ck_assert_uint_eq(term_count(t).dropped, 15 * 1024 * 1024);
	term_free(t);
}
END_TEST

/* In the steady state nothing is allocated. */
START_TEST(hd37_bytes_allocate_nothing)
{
	struct term_options o = {
		.variant = _i, .manual = true, .form = (enum term_form)(_i % TERM_FORMS)};
	struct term *t = term_run(&o);
	const uint32_t lens[] = {1000, 1000, 0};
	uint8_t bytes[2000] = {0};
	size_t before;
	uint32_t at, len;

	term_settle(t);
	before = fixture_allocs();
	for (unsigned i = 0; i < 50; i++) {
		ck_assert(term_send(t, 0, lens, 0));
		ck_assert_uint_eq(term_far_write(t, bytes, 2000), 2000);
		term_far_get(t, bytes, 2000);
		while (!term_sent(t, &at))
			term_relax(t);
		for (uint32_t got = 0; got < 2000; got += len) {
			ck_assert(term_offer(t, 0, lens));
			while (!term_received(t, &at, &len))
				term_relax(t);
		}
	}
	ck_assert_uint_eq(fixture_allocs(), before);
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
	tcase_add_loop_test(tc, streams_on_a_loop, 0, TERM_VARIANTS * TERM_FORMS);
	tcase_add_loop_test(tc, wrong_chains_come_back, 0, TERM_VARIANTS);
	tcase_add_loop_test(tc, a_huge_chain_goes_in_pieces, 0, TERM_VARIANTS);
	tcase_add_loop_test(tc, hd37_bytes_allocate_nothing, 0, TERM_VARIANTS);
	tc = fixture_tcase(s, "memory");
	tcase_add_loop_test(tc, eventfd_tells_of_output_and_of_room, 0, TERM_VARIANTS);
	tcase_add_loop_test(tc, memory_calls_on_other_forms_do_nothing, 0, TERM_VARIANTS);
	return fixture_main(s);
}
