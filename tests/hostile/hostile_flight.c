/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests in flight, ended by hand and in any order: HD-06, 15, 32. */
#include <unistd.h>

#include "hostile/cases_hostile.h"

static struct hostile *by_hand(int variant)
{
	struct hostile *h = hostile_new(
		&(struct hostile_options){.variant = (unsigned)variant, .form = VMMIO_IO_MANUAL});

	hostile_up(h);
	hostile_begin(h);
	return h;
}

/* Tasks only: the clock stands. */
static void run(struct hostile *h)
{
	while (vmmio_manual_run(h->ex, 1))
		;
}

static void ends(struct hostile *h, size_t position)
{
	uint32_t id, len;

	ck_assert_int_eq(vmmio_io_step(h->io, position, 0), 0);
	run(h);
	ck_assert(hostile_used(h, &id, &len));
	ck_assert_uint_eq(id, 0);
	ck_assert_uint_eq(len, 513);
	ck_assert(!hostile_used(h, &id, &len));
}

/* One head (split) or buffer id (packed), out three times at once. Which request an entry is
 * for is remembered, not read again: so the thread that rewrites changes nothing, but on a
 * packed ring, where it may spoil the entry itself. */
static void thrice(unsigned variant)
{
	struct hostile *h = by_hand((int)variant);

	for (unsigned i = 0; i < 3; i++) {
		hostile_request(h, 0, VMMIO_BLK_T_IN, 5 + i);
		hostile_kick(h);
	}
	ck_assert_uint_eq(vmmio_io_pending(h->io), 3);
	hostile_flip(h, !h->packed);
	ends(h, 2);
	ends(h, 0);
	ends(h, 0);
	if (!h->packed)
		hostile_flip(h, false);
	hostile_expect(h, V_OK, "the same one three times");
	hostile_free(h);
}

static struct hostile *delayed(unsigned variant)
{
	struct hostile *h =
		hostile_new(&(struct hostile_options){.variant = variant, .delay = 1000000});

	hostile_up(h);
	hostile_begin(h);
	return h;
}

static uint32_t leases(struct hostile *h)
{
	struct vmmio_device_counters now;

	vmmio_device_counters(h->dev, &now);
	return now.leases;
}

/* The same on the engine of the variant: until the clock moves all are out. */
static void thrice_delayed(unsigned variant)
{
	struct hostile *h = delayed(variant);
	uint32_t id, len;

	for (unsigned i = 0; i < 3; i++) {
		hostile_request(h, 0, VMMIO_BLK_T_IN, 5 + i);
		hostile_kick(h);
	}
	run(h);
	ck_assert_uint_eq(leases(h), 3);
	ck_assert(!hostile_used(h, &id, &len));
	hostile_flip(h, !h->packed);
	hostile_settle(h);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(hostile_used(h, &id, &len));
		ck_assert_uint_eq(id, 0);
		ck_assert_uint_eq(len, 513);
	}
	ck_assert(!hostile_used(h, &id, &len));
	if (!h->packed)
		hostile_flip(h, false);
	hostile_expect(h, V_OK, "the same one three times, on an engine");
	hostile_free(h);
}

/* The stepped engine performs as the plain one does. */
static void thrice_all(unsigned variant)
{
	if (hostile_skips((int)variant))
		return;
	if (variant & HOSTILE_PLAIN)
		thrice(variant);
	thrice_delayed(variant);
}

HD(06)
{
	thrice_all(hostile_half(_i, 0));
}
END_TEST

HD(15)
{
	thrice_all(hostile_half(_i, HOSTILE_PACKED));
}
END_TEST

static void told(struct vmmio_waiter *waiter, int result)
{
	(void)result;
	waiter->priv[0] = waiter;
}

static void ends_by_hand(struct hostile *h)
{
	ck_assert_int_eq(vmmio_io_step(h->io, 0, 0), 0);
	run(h);
}

static void ends_later(struct hostile *h)
{
	hostile_settle(h);
}

/* Once Status reads 0 nobody is in the guest's memory, whatever is still on its way. */
static void nobody_is_there(struct hostile *h)
{
	for (unsigned i = 0; i < A_HUGE; i++)
		hostile_forbid(h, i, true);
	for (unsigned i = 0; i < 3; i++) {
		hostile_kick(h);
		hostile_settle(h);
	}
	for (unsigned i = 0; i < A_HUGE; i++)
		hostile_forbid(h, i, false);
}

/* Its I/O is over, and nothing cuts the delay short: only the clock ends it. */
static void wait_until_delayed(struct hostile *h)
{
	for (unsigned looks = 0; vmmio_manual_next_deadline(h->ex) == UINT64_MAX; looks++) {
		ck_assert_uint_lt(looks, 500000);
		run(h);
		usleep(20);
	}
}

static void reset_meets(struct hostile *h, void (*end)(struct hostile *h))
{
	struct vmmio_waiter waiter = {.done = told};
	uint32_t id, len;
	int answer;

	hostile_request(h, 0, VMMIO_BLK_T_IN, 5);
	hostile_kick(h);
	if (h->o.delay)
		wait_until_delayed(h);
	hostile_flip(h, true);
	answer = vmmio_device_write_pending(h->dev, VMMIO_REG_STATUS, 4, 0, &waiter);
	ck_assert_int_eq(answer, h->o.variant & HOSTILE_V3 ? 0 : VMMIO_PENDING);
	run(h);
	ck_assert_uint_ne(hostile_read(h, VMMIO_REG_STATUS), 0);
	end(h);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_STATUS), 0);
	ck_assert(answer == 0 || waiter.priv[0]);
	hostile_flip(h, false);
	ck_assert((h->packed && h->flip) || !hostile_used(h, &id, &len));
	ck_assert_uint_eq(atomic_load(&h->edges), 0);
	nobody_is_there(h);
	hostile_free(h);
}

HD(32)
{
	if (hostile_skips(_i))
		return;
	if (_i & HOSTILE_PLAIN)
		reset_meets(by_hand(_i), ends_by_hand);
	reset_meets(delayed((unsigned)_i), ends_later);
}
END_TEST

void hostile_flight(Suite *s)
{
	hostile_row_half(s, "hd_06", hd_06);
	hostile_row_half(s, "hd_15", hd_15);
	hostile_row(s, "hd_32", hd_32);
}
