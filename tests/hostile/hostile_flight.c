/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests in flight, ended by hand and in any order: HD-06, 15, 32. */
#include "hostile/cases_hostile.h"

static struct hostile *by_hand(int variant)
{
	struct hostile *h = hostile_new(
		&(struct hostile_options){.variant = (unsigned)variant, .form = VMMIO_IO_MANUAL});

	hostile_up(h);
	hostile_begin(h);
	return h;
}

static void run(struct hostile *h)
{
	while (vmmio_executor_help(h->ex))
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

/* One head (split) or buffer id (packed), out three times at once. */
static void thrice(int variant)
{
	struct hostile *h = by_hand(variant);

	for (unsigned i = 0; i < 3; i++) {
		hostile_request(h, 0, VMMIO_BLK_T_IN, 5 + i);
		hostile_kick(h);
	}
	ck_assert_uint_eq(vmmio_io_pending(h->io), 3);
	ends(h, 2);
	ends(h, 0);
	ends(h, 0);
	hostile_expect(h, V_OK, "the same one three times");
	hostile_free(h);
}

HD(06)
{
	if (!(_i & (HOSTILE_FLIP | HOSTILE_PACKED)))
		thrice(_i);
}
END_TEST

HD(15)
{
	if ((_i & (HOSTILE_FLIP | HOSTILE_PACKED)) == HOSTILE_PACKED)
		thrice(_i);
}
END_TEST

static void told(struct vmmio_waiter *waiter, int result)
{
	(void)result;
	waiter->priv[0] = waiter;
}

HD(32)
{
	struct vmmio_waiter waiter = {.done = told};
	struct hostile *h;
	uint32_t id, len;
	int answer;

	if (_i & HOSTILE_FLIP)
		return;
	h = by_hand(_i);
	hostile_request(h, 0, VMMIO_BLK_T_IN, 5);
	hostile_kick(h);
	answer = vmmio_device_write_pending(h->dev, VMMIO_REG_STATUS, 4, 0, &waiter);
	ck_assert_int_eq(answer, _i & HOSTILE_V3 ? 0 : VMMIO_PENDING);
	run(h);
	ck_assert_uint_ne(hostile_read(h, VMMIO_REG_STATUS), 0);
	ck_assert_int_eq(vmmio_io_step(h->io, 0, 0), 0);
	run(h);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_STATUS), 0);
	ck_assert(answer == 0 || waiter.priv[0]);
	ck_assert(!hostile_used(h, &id, &len));
	ck_assert_uint_eq(atomic_load(&h->edges), 0);
	hostile_free(h);
}
END_TEST

void hostile_flight(Suite *s)
{
	hostile_row(s, "hd_06", hd_06);
	hostile_row(s, "hd_15", hd_15);
	hostile_row(s, "hd_32", hd_32);
}
