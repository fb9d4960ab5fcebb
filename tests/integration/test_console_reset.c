/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A console whose other side is slow, and what resets, queue resets, pauses and the end of the
 * device make of it: no byte is lost that was taken, none taken twice, nothing waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "integration/console_rig.h"

#define BUFFER 4096u
#define PIPE 4096u
#define LONG 65536u
#define TAKEN (BUFFER + PIPE) /* of a long chain, when nobody reads */

static struct term_options options(int i)
{
	return (struct term_options){.variant = i % TERM_VARIANTS, .manual = true, .form = TERM_PIPE};
}

/* A long chain waits for a pipe that nobody reads. The vCPU's write has returned. */
static struct term *stuck(int i)
{
	static const uint32_t lens[] = {1, LONG - 3, 2, 0};
	struct term_options o = options(i);
	struct term *t = term_run(&o);
	uint32_t at;

	term_settle(t);
	ck_assert_int_eq(fcntl(t->far_in, F_SETPIPE_SZ, PIPE), PIPE);
	ck_assert(term_send(t, 0, lens, 0));
	ck_assert_uint_eq(term_count(t).from_guest, 0); /* nor done any of it */
	term_settle(t);
	ck_assert(!term_sent(t, &at));
	ck_assert(term_count(t).waiting);
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN);
	ck_assert_uint_eq(term_count(t).buffered_out, BUFFER);
	return t;
}

/* What the other side finds, without anything more from the guest. */
static void drain(struct term *t, size_t len, uint64_t n)
{
	static uint8_t bytes[2 * LONG];
	size_t got = 0, more;

	do {
		more = term_far_read(t, bytes + got, sizeof(bytes) - got);
		got += more;
		term_settle(t);
	} while (more);
	ck_assert_uint_eq(got, len);
	term_check(bytes, got, n);
}

static uint32_t leases(struct term *t)
{
	struct vmmio_device_counters count;

	vmmio_device_counters(t->dev, &count);
	return count.leases;
}

START_TEST(a_full_pipe_holds_chains_back)
{
	struct term *t = stuck(_i);
	const uint32_t lens[] = {100, 0};
	uint32_t at;

	for (unsigned i = 0; i < 5; i++)
		ck_assert(term_send(t, LONG + i * 100, lens, LONG + i * 100));
	term_settle(t);
	ck_assert_uint_eq(leases(t), 1); /* the others have not been touched */
	drain(t, LONG + 500, 0);
	for (unsigned i = 0; i < 6; i++) {
		ck_assert(term_sent(t, &at));
		ck_assert_uint_eq(at, i ? LONG + (i - 1) * 100 : 0);
	}
	ck_assert(!term_count(t).waiting);
	term_free(t);
}
END_TEST

/* The next driver's bytes follow those that were taken; its memory is its own. */
START_TEST(a_reset_ends_the_wait)
{
	struct term *t = stuck(_i);
	const uint32_t lens[] = {1000, 0};
	uint32_t at;

	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(leases(t), 0);
	ck_assert_uint_eq(term_count(t).cancelled, 1);
	ck_assert(!term_count(t).waiting);
	memset(t->out.host, 0xff, t->out.size);
	term_start(t);
	ck_assert(term_send(t, 0, lens, TAKEN));
	term_settle(t);
	drain(t, TAKEN + 1000, 0);
	ck_assert(term_sent(t, &at));
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN + 1000);
	term_free(t);
}
END_TEST

START_TEST(what_was_taken_is_written_during_and_after_a_reset)
{
	struct term *t = stuck(_i);

	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	drain(t, TAKEN, 0); /* at Status 0 */
	ck_assert_uint_eq(term_count(t).written, TAKEN);
	term_free(t);
}
END_TEST

/* Version 3: with a pump that is queued, and not run, Status does not read 0. */
START_TEST(a_reset_waits_for_a_queued_pump)
{
	struct term *t = stuck(_i | 1);
	uint8_t bytes[PIPE];

	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), PIPE);
	ck_assert_int_eq(vmmio_io_run(t->io, 0), 1); /* room: it is queued */
	ck_assert_uint_eq(vmmio_manual_pending(t->ex), 1);
	ck_assert_int_eq(vmmio_driver_reset_begin(t->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), -EAGAIN);
	term_settle(t);
	ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), 0);
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN);
	drain(t, BUFFER, PIPE);
	term_free(t);
}
END_TEST

/* The pump never gets its turn: the host gives it up. */
START_TEST(a_fence_ends_the_wait_for_the_pump)
{
	struct term *t = stuck(_i | 1);
	uint8_t bytes[PIPE];

	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), PIPE);
	ck_assert_int_eq(vmmio_io_run(t->io, 0), 1);
	ck_assert_int_eq(vmmio_driver_reset_begin(t->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), -EAGAIN);
	fixture_expect_log("fence");
	ck_assert_int_eq(vmmio_device_fence(t->dev), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), 0);
	term_settle(t);
	drain(t, BUFFER, PIPE);
	term_free(t);
}
END_TEST

/* An idle console: inside the write, version 3 too. */
START_TEST(an_idle_console_resets_at_once)
{
	struct term_options o = options(_i | 1);
	const uint32_t lens[] = {100, 0};
	struct term *t = term_run(&o);

	ck_assert(term_offer(t, 0, lens));
	term_settle(t);
	ck_assert_int_eq(vmmio_driver_reset_begin(t->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(t->driver), 0);
	ck_assert_uint_eq(vmmio_manual_pending(t->ex), 0);
	term_free(t);
}
END_TEST

/* --- One queue ----------------------------------------------------------------------------- */

static void put_input(struct term *t, size_t len, uint64_t n)
{
	uint8_t bytes[BUFFER];

	for (size_t i = 0; i < len; i++)
		bytes[i] = term_byte(n + i);
	ck_assert_uint_eq(term_far_write(t, bytes, len), len);
	term_settle(t);
}

static void expect_input(struct term *t, size_t len, uint64_t n)
{
	uint32_t at, got;

	term_settle(t);
	ck_assert(term_received(t, &at, &got));
	ck_assert_uint_eq(got, len);
	term_check((uint8_t *)t->in.host + at, len, n);
}

static void reset_queue(struct term *t, unsigned index, bool disable)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(t->driver, index);

	if (disable)
		ck_assert_int_eq(vmmio_driver_queue_disable(queue, VMMIO_DRIVER_FOREVER), 0);
	else
		ck_assert_int_eq(vmmio_driver_queue_reset(queue, VMMIO_DRIVER_FOREVER), 0);
}

static void set_up_queue(struct term *t, unsigned index)
{
	struct vmmio_driver_queue_config config = {.size = 16};
	struct vmmio_driver_queue *queue;

	ck_assert_int_eq(vmmio_driver_queue_setup(t->driver, index, &config, &queue), 0);
}

START_TEST(a_reset_of_the_transmitq_ends_the_wait)
{
	struct term *t = stuck(_i);
	const uint32_t lens[] = {1000, 0};

	reset_queue(t, VMMIO_CONSOLE_TRANSMITQ, _i / TERM_VARIANTS);
	ck_assert_uint_eq(leases(t), 0);
	ck_assert_uint_eq(term_count(t).cancelled, 1);
	ck_assert(term_offer(t, 0, lens)); /* the other one goes on */
	put_input(t, 100, 0);
	expect_input(t, 100, 0);
	set_up_queue(t, VMMIO_CONSOLE_TRANSMITQ);
	ck_assert(term_send(t, 0, lens, TAKEN));
	drain(t, TAKEN + 1000, 0);
	term_free(t);
}
END_TEST

START_TEST(a_reset_of_the_receiveq_loses_nothing)
{
	struct term_options o = options(_i);
	const uint32_t lens[] = {60, 40, 0};
	struct term *t = term_run(&o);
	uint32_t at;

	ck_assert(term_offer(t, 0, lens));
	term_settle(t);
	reset_queue(t, VMMIO_CONSOLE_RECEIVEQ, _i / TERM_VARIANTS);
	memset(t->in.host, 0xee, 4096);
	put_input(t, 150, 0);
	ck_assert(term_send(t, 0, lens, 0));
	term_settle(t);
	ck_assert(term_sent(t, &at));
	ck_assert_uint_eq(((uint8_t *)t->in.host)[0], 0xee);
	set_up_queue(t, VMMIO_CONSOLE_RECEIVEQ);
	ck_assert(term_offer(t, 0, lens));
	ck_assert(term_offer(t, 4096, lens));
	expect_input(t, 100, 0);
	expect_input(t, 50, 100);
	term_free(t);
}
END_TEST

/* --- Input --------------------------------------------------------------------------------- */

/* What was read ahead, and what was not yet, is for the next driver, or the next device. */
START_TEST(input_is_for_the_next_driver)
{
	struct term_options o = options(_i);
	const uint32_t lens[] = {BUFFER, 0};
	struct term *t = term_new(&o);

	put_input(t, 10, 0); /* nobody there */
	ck_assert_uint_eq(term_count(t).buffered_in, 0);
	term_start(t);
	put_input(t, BUFFER, 10);
	put_input(t, 100, BUFFER + 10);
	ck_assert_uint_eq(term_count(t).buffered_in, BUFFER);
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	term_start(t);
	ck_assert(term_offer(t, 0, lens));
	expect_input(t, BUFFER, 0);
	ck_assert_uint_eq(term_count(t).buffered_in, 110);
	term_destroy_device(t);
	term_make_device(t);
	term_start(t);
	ck_assert(term_offer(t, 0, lens));
	expect_input(t, 110, BUFFER);
	term_free(t);
}
END_TEST

/* R2: with input that keeps coming. */
START_TEST(buffers_stand_still_after_a_reset)
{
	struct term_options o = options(_i);
	const uint32_t lens[] = {10, 10, 0};
	struct term *t = term_run(&o);

	for (unsigned i = 0; i < 10; i++)
		ck_assert(term_offer(t, i * 20, lens));
	put_input(t, 50, 0);
	put_input(t, 60, 50);
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	memset(t->in.host, 0x11, t->in.size);
	put_input(t, 60, 110);
	ck_assert(((uint8_t *)t->in.host)[0] == 0x11 &&
		  !memcmp(t->in.host, (uint8_t *)t->in.host + 1, t->in.size - 1));
	ck_assert_uint_eq(term_count(t).to_guest, 110);
	term_free(t);
}
END_TEST

/* --- The device's end ----------------------------------------------------------------------- */

START_TEST(destroyed_while_a_chain_waits)
{
	struct term *t = stuck(_i);

	fixture_expect_log("the last 4096 bytes of output are lost");
	term_free(t);
	ck_assert_uint_eq(fixture_logged("the last 4096 bytes of output are lost"), 1);
}
END_TEST

START_TEST(the_next_device_writes_what_the_last_has_left)
{
	struct term *t = stuck(_i);
	uint8_t bytes[PIPE];

	term_destroy_device(t);
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), PIPE);
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), 0);
	term_make_device(t);
	drain(t, BUFFER, PIPE);
	term_free(t);
}
END_TEST

START_TEST(destroy_tries_a_last_time)
{
	struct term *t = stuck(_i);
	static uint8_t bytes[TAKEN];

	term_destroy_device(t);
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), PIPE);
	ck_assert_int_eq(vmmio_console_destroy(t->console), 0);
	t->console = NULL;
	ck_assert_uint_eq(term_far_read(t, bytes, sizeof(bytes)), BUFFER);
	term_check(bytes, BUFFER, PIPE);
	term_free(t);
}
END_TEST

/* --- Pause ----------------------------------------------------------------------------------- */

struct told {
	struct vmmio_waiter waiter;
	int times, result;
};

static void told(struct vmmio_waiter *waiter, int result)
{
	struct told *w = (struct told *)waiter;

	w->times++;
	w->result = result;
}

START_TEST(a_pause_keeps_chains)
{
	struct term *t = stuck(_i);
	struct told w = {.waiter = {.done = told}};
	const uint32_t lens[] = {100, 0};
	static uint8_t bytes[TAKEN];
	uint32_t at, len;

	ck_assert(term_offer(t, 0, lens));
	term_settle(t);
	ck_assert_int_eq(vmmio_device_pause(t->dev, &w.waiter), 0);
	ck_assert_uint_eq(leases(t), 1);
	/* The other side goes on; the guest's does not. */
	put_input(t, 50, 0);
	term_far_get(t, bytes, TAKEN);
	term_settle(t);
	ck_assert(!term_sent(t, &at));
	ck_assert(!term_received(t, &at, &len));
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN);
	ck_assert_uint_eq(term_count(t).to_guest, 0);
	ck_assert_int_eq(vmmio_device_resume(t->dev, &w.waiter), 0);
	expect_input(t, 50, 0);
	drain(t, LONG - TAKEN, TAKEN);
	ck_assert(term_sent(t, &at));
	ck_assert_int_eq(w.times, 0);
	term_free(t);
}
END_TEST

START_TEST(a_pause_waits_for_the_pump)
{
	struct term *t = stuck(_i);
	struct told p = {.waiter = {.done = told}}, r = p;
	static uint8_t bytes[TAKEN];

	term_far_get(t, bytes, PIPE);
	ck_assert_int_eq(vmmio_io_run(t->io, 0), 1);
	ck_assert_int_eq(vmmio_device_pause(t->dev, &p.waiter), VMMIO_PENDING);
	ck_assert_int_eq(p.times, 0);
	term_settle(t);
	ck_assert_int_eq(p.times, 1);
	ck_assert_int_eq(p.result, 0);
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN);
	ck_assert_int_eq(vmmio_device_resume(t->dev, &r.waiter), 0);
	/* And given up: the chain goes on all the same. */
	term_far_get(t, bytes, PIPE);
	while (vmmio_manual_pending(t->ex) == 0)
		ck_assert_int_ge(vmmio_io_run(t->io, 0), 0);
	ck_assert_int_eq(vmmio_device_pause(t->dev, &p.waiter), VMMIO_PENDING);
	ck_assert_int_eq(vmmio_device_resume(t->dev, &r.waiter), 0);
	ck_assert_int_eq(p.times, 2);
	ck_assert_int_eq(p.result, -ECANCELED);
	term_settle(t);
	drain(t, LONG - 2 * PIPE, 2 * PIPE);
	term_free(t);
}
END_TEST

START_TEST(a_reset_while_paused)
{
	struct term *t = stuck(_i);
	struct told w = {.waiter = {.done = told}};
	const uint32_t lens[] = {100, 0};
	uint32_t at;

	ck_assert_int_eq(vmmio_device_pause(t->dev, &w.waiter), 0);
	ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(leases(t), 0);
	term_start(t);
	ck_assert(term_send(t, 0, lens, TAKEN));
	term_settle(t);
	ck_assert_uint_eq(term_count(t).from_guest, TAKEN);
	ck_assert_int_le(vmmio_device_resume(t->dev, &w.waiter), VMMIO_PENDING);
	drain(t, TAKEN + 100, 0);
	ck_assert(term_sent(t, &at));
	term_free(t);
}
END_TEST

/* --- Threads ---------------------------------------------------------------------------------- */

struct load {
	struct term *t;
	uint64_t sent, got;     /* bytes from the guest */
	uint64_t put, received; /* bytes to the guest */
	unsigned n_sent, n_offered;
};

static void load_output(struct load *l)
{
	static const uint32_t lens[] = {700, 3000, 1, 0};
	static uint8_t bytes[10000];
	size_t len;
	uint32_t at;

	if (term_send(l->t, l->n_sent % 16 * 4096, lens, l->sent)) {
		l->sent += 3701;
		l->n_sent++;
	}
	while (term_sent(l->t, &at))
		;
	len = term_far_read(l->t, bytes, sizeof(bytes));
	term_check(bytes, len, l->got);
	l->got += len;
}

static void load_input(struct load *l)
{
	static const uint32_t lens[] = {100, 200, 0};
	uint8_t bytes[1000];
	uint32_t at, len;

	if (term_offer(l->t, l->n_offered % 16 * 4096, lens))
		l->n_offered++;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = term_byte(l->put + i);
	l->put += term_far_write(l->t, bytes, sizeof(bytes));
	while (term_received(l->t, &at, &len)) {
		term_check((uint8_t *)l->t->in.host + at, len, l->received);
		l->received += len;
	}
}

/* Resets at any moment. All that the console took comes out, in order, and nothing else; what a
 * driver gets goes on where the one before it had come to, whether that one saw it or not. */
START_TEST(resets_under_load)
{
	struct term_options o = {.variant = _i, .form = TERM_MEMORY};
	struct term *t = term_new(&o);
	struct load l = {.t = t};

	for (unsigned life = 0; life < 40; life++) {
		l.sent = term_count(t).from_guest;
		l.received = term_count(t).to_guest;
		term_start(t);
		for (unsigned i = 0; i < 20 + life; i++) {
			load_output(&l);
			load_input(&l);
			if (i % 4 == 3)
				term_relax(t);
		}
		ck_assert_int_eq(vmmio_driver_reset(t->driver, VMMIO_DRIVER_FOREVER), 0);
		ck_assert_uint_eq(leases(t), 0);
		memset(t->out.host, 0xff, t->out.size);
	}
	ck_assert_uint_eq(l.put, term_count(t).to_guest + term_count(t).buffered_in);
	ck_assert_uint_eq(l.got, term_count(t).written);
	ck_assert_uint_gt(l.got, 0);
	ck_assert_uint_gt(l.received, 0);
	term_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("console_reset");
	TCase *tc = fixture_tcase(s, "reset");
	const int n = TERM_VARIANTS;

	tcase_add_loop_test(tc, a_full_pipe_holds_chains_back, 0, n);
	tcase_add_loop_test(tc, a_reset_ends_the_wait, 0, n);
	tcase_add_loop_test(tc, what_was_taken_is_written_during_and_after_a_reset, 0, n);
	tcase_add_loop_test(tc, a_reset_waits_for_a_queued_pump, 0, n);
	tcase_add_loop_test(tc, a_fence_ends_the_wait_for_the_pump, 0, n);
	tcase_add_loop_test(tc, an_idle_console_resets_at_once, 0, n);
	tcase_add_loop_test(tc, a_reset_of_the_transmitq_ends_the_wait, 0, 2 * n);
	tcase_add_loop_test(tc, a_reset_of_the_receiveq_loses_nothing, 0, 2 * n);
	tcase_add_loop_test(tc, input_is_for_the_next_driver, 0, n);
	tcase_add_loop_test(tc, buffers_stand_still_after_a_reset, 0, n);
	tc = fixture_tcase(s, "end");
	tcase_add_loop_test(tc, destroyed_while_a_chain_waits, 0, n);
	tcase_add_loop_test(tc, the_next_device_writes_what_the_last_has_left, 0, n);
	tcase_add_loop_test(tc, destroy_tries_a_last_time, 0, n);
	tc = fixture_tcase(s, "pause");
	tcase_add_loop_test(tc, a_pause_keeps_chains, 0, n);
	tcase_add_loop_test(tc, a_pause_waits_for_the_pump, 0, n);
	tcase_add_loop_test(tc, a_reset_while_paused, 0, n);
	tc = fixture_tcase(s, "load");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, resets_under_load, 0, n);
	return fixture_main(s);
}
