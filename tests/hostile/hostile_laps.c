/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings that go round and round: HD-27, 30, 37. */
#include "hostile/cases_hostile.h"

static struct hostile *bench(int variant)
{
	return hostile_new(&(struct hostile_options){.variant = (unsigned)variant});
}

/* What came back is the driver's: nobody else is in it, from the moment that it is told. */
static void hide(struct hostile *h, bool hidden)
{
	for (unsigned area = A_OUT; area <= A_NEXT; area++)
		hostile_forbid(h, area, hidden);
}

static void show(struct hostile *h)
{
	hostile_kick(h);
	hostile_settle(h);
	ck_assert(atomic_load(&h->line));
	hostile_write(h, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	ck_assert(!atomic_load(&h->line));
}

static void laps(struct hostile *h, uint32_t type, bool hidden)
{
	uint32_t id, len;

	for (unsigned i = 0; i < 3 * HOSTILE_SIZE; i++) {
		hostile_request(h, 0, type, i % HOSTILE_SECTORS);
		hostile_kick(h);
		hostile_settle(h);
		ck_assert(hostile_used(h, &id, &len));
		ck_assert_uint_eq(id, 0);
		ck_assert(!hostile_used(h, &id, &len));
		if (hidden)
			show(h);
	}
	hostile_check_guards(h);
}

static void run_laps(int variant, bool hidden)
{
	struct hostile *h = bench(variant);

	hostile_up(h);
	hostile_begin(h);
	/* With the line up they are hidden, until the acknowledgement drops it. */
	h->o.on_line = hidden ? hide : NULL;
	laps(h, VMMIO_BLK_T_GET_ID, hidden);
	laps(h, VMMIO_BLK_T_IN, hidden);
	laps(h, VMMIO_BLK_T_OUT, hidden);
	h->o.on_line = NULL;
	hostile_expect(h, V_OK, "laps");
	hostile_free(h);
}

/* The used ring of a split queue is the device's alone: what it has there is so many entries
 * as chains ended, each of a head that there is. */
static void laps_under_fire(int variant)
{
	struct hostile *h = bench(variant);
	struct vmmio_device_counters now;
	uint64_t entries = 0;
	uint32_t id, len;

	hostile_up(h);
	hostile_begin(h);
	hostile_flip(h, true);
	for (unsigned i = 0; i < 3 * HOSTILE_SIZE; i++) {
		hostile_request(h, 0, VMMIO_BLK_T_IN, i);
		hostile_kick(h);
		hostile_settle(h);
		while (!h->packed && hostile_used(h, &id, &len)) {
			entries++;
			ck_assert_uint_lt(id, HOSTILE_SIZE);
		}
	}
	hostile_flip(h, false);
	vmmio_device_counters(h->dev, &now);
	if (!h->packed)
		ck_assert_uint_eq(entries, now.completions - h->then.completions);
	hostile_check_guards(h);
	hostile_free(h);
}

HD(27)
{
	if (hostile_skips(_i))
		return;
	if (_i & HOSTILE_FLIP)
		laps_under_fire(_i);
	else
		run_laps(_i, false);
}
END_TEST

HD(30)
{
	run_laps(_i, true);
}
END_TEST

/* A request costs no allocation. The plain engine starts another thread, which costs one, when
 * a request begins and no thread waits, as when the one that ended the last is still busy. */
HD(37)
{
	struct hostile *h = bench(_i);
	size_t before;
	unsigned threads;

	hostile_up(h);
	laps(h, VMMIO_BLK_T_IN, false);
	threads = hostile_threads();
	before = fixture_allocs();
	laps(h, VMMIO_BLK_T_IN, false);
	laps(h, VMMIO_BLK_T_OUT, false);
	laps(h, VMMIO_BLK_T_GET_ID, false);
	ck_assert_uint_eq(fixture_allocs() - before, hostile_threads() - threads);
	hostile_free(h);
}
END_TEST

void hostile_laps(Suite *s)
{
	hostile_row(s, "hd_27", hd_27);
	hostile_row_quiet(s, "hd_30", hd_30);
	hostile_row_quiet(s, "hd_37", hd_37);
}
