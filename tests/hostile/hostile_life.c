/* SPDX-License-Identifier: BSD-3-Clause */
/* What is judged, kept and left alone over a queue's life: HD-10, 12, 13, 26, 28, 31, 35. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hostile/cases_hostile.h"

static struct hostile *bench(int variant)
{
	return hostile_new(&(struct hostile_options){.variant = (unsigned)variant});
}

/* For what a thread that rewrites could only spoil. */
#define QUIET(variant)                                                                             \
	do {                                                                                       \
		if ((variant)&HOSTILE_FLIP)                                                        \
			return;                                                                    \
	} while (0)

/* --- HD-10: the bad one among so many ------------------------------------------------------ */

static void one_of(struct hostile *h, unsigned n, unsigned bad)
{
	static const struct hostile_desc broken = {H_HOLE, 16, F_NEXT, 1, 0};
	struct vmmio_device_counters now;

	hostile_up(h);
	hostile_begin(h);
	for (unsigned i = 0; i < n; i++) {
		if (h->packed && i == bad)
			hostile_put(h, 0, &broken);
		if (i != bad)
			hostile_request(h, i, VMMIO_BLK_T_GET_ID, 0);
		else if (h->packed)
			hostile_offer(h, 0, 1);
		else
			hostile_put(h, 15, &broken), hostile_offer(h, 15, 1);
	}
	hostile_kick(h);
	hostile_settle(h);
	vmmio_device_counters(h->dev, &now);
	ck_assert_uint_eq(now.chains, now.completions + now.dropped);
	if (h->flip) { /* the disk may find others wrong, too */
		hostile_reset(h);
		return;
	}
	ck_assert_uint_eq(now.chains - h->then.chains, bad);
	ck_assert_uint_eq(now.faults - h->then.faults, 1);
	ck_assert(hostile_read(h, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET);
	hostile_check_guards(h);
	hostile_reset(h);
}

HD(10)
{
	static const unsigned batches[] = {1, 3, 4, 5};
	struct hostile *h;

	if (hostile_skips(_i))
		return;
	h = bench(_i);
	hostile_flip(h, true);
	for (unsigned b = 0; b < 4; b++)
		for (unsigned bad = 0; bad < batches[b]; bad++)
			one_of(h, batches[b], bad);
	hostile_flip(h, false);
	hostile_free(h);
}
END_TEST

/* --- HD-12: judged is what was copied --------------------------------------------------------- */

/* Called in the middle of a walk, behind the copy of each descriptor. */
static void rewrite(struct hostile *h)
{
	static const struct hostile_desc worse = {
		H_HOLE, UINT32_MAX, F_NEXT | F_WRITE, 0xffff, 0xffff};
	unsigned step = atomic_load(&h->steps) - 1;

	if (step >= 3)
		return;
	memcpy((uint8_t *)hostile_at(h, H_DESC) + 16 * step, &worse.addr, 8);
	memcpy((uint8_t *)hostile_at(h, H_DESC) + 16 * step + 8, &worse.len, 4);
	memset((uint8_t *)hostile_at(h, H_DESC) + 16 * step + 12, 0xff, 4);
}

HD(12)
{
	static const struct hostile_case fetched_once[] = {
		{"a read", BOTH(V_OK), 3, .ring = {HEADER(1), DATA(2), STATUS}, .written = 513}};
	struct hostile *h;

	if (hostile_skips(_i))
		return;
	if ((_i & (HOSTILE_FLIP | HOSTILE_TRANSLATE)) != HOSTILE_TRANSLATE) {
		HOSTILE_CASES(_i, fetched_once);
		return;
	}
	h = bench(_i);
	hostile_up(h);
	hostile_begin(h);
	h->in_translate = rewrite;
	hostile_request(h, 0, VMMIO_BLK_T_IN, 7);
	hostile_kick(h);
	h->in_translate = NULL;
	hostile_settle(h);
	hostile_expect(h, V_OK, "rewritten behind the copy");
	ck_assert_uint_eq(*(uint8_t *)hostile_at(h, H_NEXT), VMMIO_BLK_S_OK);
	ck_assert_uint_eq(*(uint8_t *)hostile_at(h, H_IN + 512), 8);
	ck_assert_uint_eq(atomic_load(&h->steps), 3);
	hostile_free(h);
}
END_TEST

/* --- HD-13: numbers with bits above the sixteenth --------------------------------------------- */

/* No queue is selected, so nothing that is written reaches queue 0. */
static void poison_no_queue(struct hostile *h, uint32_t wide)
{
	hostile_write(h, VMMIO_REG_QUEUE_SEL, wide);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_SIZE_MAX), 0);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 0);
	for (uint32_t reg = VMMIO_REG_QUEUE_DESC_LOW; reg <= VMMIO_REG_QUEUE_DEVICE_LOW + 4;
		reg += 4)
		hostile_write(h, reg, 0xdead0000);
	hostile_write(h, VMMIO_REG_QUEUE_SIZE, 3);
	hostile_write(h, VMMIO_REG_QUEUE_READY, 1);
	hostile_write(h, VMMIO_REG_QUEUE_SEL, 0);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 0);
}

static void number_is_whole(struct hostile *h, uint32_t wide)
{
	uint32_t id, len;

	h->before_ready = poison_no_queue;
	h->wide = wide;
	hostile_up(h);
	h->before_ready = NULL;
	hostile_begin(h);
	hostile_request(h, 0, VMMIO_BLK_T_GET_ID, 0);
	hostile_write(h, VMMIO_REG_QUEUE_NOTIFY, wide);
	hostile_settle(h);
	hostile_expect(h, V_IGNORED, "QueueNotify");
	hostile_write(h, VMMIO_REG_QUEUE_SEL, wide);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 0);
	hostile_write(h, VMMIO_REG_QUEUE_READY, 0);
	hostile_write(h, VMMIO_REG_QUEUE_SEL, 0);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 1);
	hostile_write(h, VMMIO_REG_QUEUE_READY, 0x10000);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 1);
	hostile_kick(h);
	hostile_settle(h);
	ck_assert(hostile_used(h, &id, &len));
	hostile_reset(h);
	h->size = wide | HOSTILE_SIZE;
	hostile_begin(h);
	hostile_up(h);
	hostile_expect(h, VMMIO_FAULT_QUEUE_SIZE, "QueueSize");
	hostile_reset(h);
	h->size = HOSTILE_SIZE;
}

HD(13)
{
	static const uint32_t wide[] = {0x10000, 0xffff0000, 0x80000000, 0x100, 0xffff0010};
	struct hostile *h = bench(_i);

	for (unsigned i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		number_is_whole(h, wide[i]);
	hostile_free(h);
}
END_TEST

/* --- HD-26: rings where none can be --------------------------------------------------------------
 */

static const struct {
	const char *what;
	uint64_t rings[3];
	int split, packed;
} ring_places[] = {
	{"misaligned descriptors", {H_DESC + 8, H_DRIVER, H_DEVICE}, FAULT(AREA_ALIGNMENT)},
	{"misaligned driver area", {H_DESC, H_DRIVER + 1, H_DEVICE}, FAULT(AREA_ALIGNMENT)},
	{"misaligned device area", {H_DESC, H_DRIVER, H_DEVICE + 2}, FAULT(AREA_ALIGNMENT)},
	{"one on another", {H_IN, H_IN, H_NEXT}, FAULT(AREA_OVERLAP)},
	{"one's end in another", {H_IN, H_IN + 240, H_NEXT}, FAULT(AREA_OVERLAP)},
	{"in a hole", {H_HOLE, H_DRIVER, H_DEVICE}, FAULT(AREA_MEMORY)},
	{"half in a hole", {H_HOLE - 16, H_DRIVER, H_DEVICE}, FAULT(AREA_MEMORY)},
	{"across two regions", {H_NEXT - 16, H_DRIVER, H_DEVICE}, FAULT(AREA_MEMORY)},
	{"around 2^64", {UINT64_MAX - 15, H_DRIVER, H_DEVICE}, FAULT(AREA_MEMORY)},
	{"used ring in read-only memory", {H_DESC, H_DRIVER, H_ROM}, FAULT(AREA_MEMORY)},
	{"where the registers are", {0xa000000, 0xa001000, 0xa002000}, FAULT(AREA_MEMORY)},
	{"nowhere", {0, 0, 0}, FAULT(AREA_MEMORY)},
};

HD(26)
{
	const uint64_t good[3] = {H_DESC, H_DRIVER, H_DEVICE};
	struct hostile *h = bench(_i);

	for (unsigned i = 0; i < sizeof(ring_places) / sizeof(ring_places[0]); i++) {
		memcpy(h->rings, ring_places[i].rings, sizeof(h->rings));
		hostile_begin(h);
		hostile_up(h);
		hostile_write(h, VMMIO_REG_QUEUE_SEL, 0);
		ck_assert_uint_eq(hostile_read(h, VMMIO_REG_QUEUE_READY), 1);
		hostile_expect(h, h->packed ? ring_places[i].packed : ring_places[i].split,
			ring_places[i].what);
		hostile_reset(h);
		memcpy(h->rings, good, sizeof(good));
		hostile_good(h);
	}
	hostile_free(h);
}
END_TEST

/* --- HD-28: len is what was written
 * ---------------------------------------------------------------- */

HD(28)
{
	static const struct hostile_case lens[] = {
		{"a read", BOTH(V_OK), 3, .ring = {HEADER(1), DATA(2), STATUS}, .written = 513},
		{"a write", BOTH(V_OK), 3, .type = VMMIO_BLK_T_OUT, .written = 1,
			.ring = {HEADER(1), READS(H_OUT + 512, 512, 2), STATUS}},
		{"an id in more room", BOTH(V_OK), 3, .type = VMMIO_BLK_T_GET_ID, .written = 20,
			.ring = {HEADER(1), DATA(2), STATUS}},
	};
	uint32_t id, len;
	struct hostile *h;

	HOSTILE_CASES(_i, lens);
	QUIET(_i);
	h = bench(_i);
	hostile_up(h);
	hostile_begin(h);
	/* The image ends early: nothing was read, and nothing is said to be. */
	h->may_refuse = true;
	ck_assert_int_eq(ftruncate(h->image, 512), 0);
	hostile_request(h, 0, VMMIO_BLK_T_IN, 9);
	hostile_kick(h);
	hostile_settle(h);
	hostile_expect(h, V_OK, "behind the image's end");
	ck_assert(hostile_used(h, &id, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(*(uint8_t *)hostile_at(h, H_NEXT), VMMIO_BLK_S_IOERR);
	for (unsigned i = 0; i < 512; i++)
		ck_assert_uint_eq(((uint8_t *)hostile_at(h, H_IN + 512))[i], 0xee);
	ck_assert_int_eq(ftruncate(h->image, (off_t)HOSTILE_SECTORS * 512), 0);
	hostile_free(h);
}
END_TEST

/* --- HD-31: its own registers
 * ------------------------------------------------------------------------ */

/* All that a handler may do, from inside the call that raised the line. The acknowledgement
 * drops it, and this is called again, once. */
static void touch_registers(struct hostile *h, bool high)
{
	uint32_t bits;

	if (!high)
		return;
	hostile_write(h, VMMIO_REG_QUEUE_NOTIFY, 0);
	hostile_write(h, VMMIO_REG_QUEUE_SEL, 0xffffffff);
	hostile_write(h, VMMIO_REG_QUEUE_READY, 0);
	bits = hostile_read(h, VMMIO_REG_INTERRUPT_STATUS);
	ck_assert_uint_eq(bits, VMMIO_INT_USED_BUFFER);
	hostile_write(h, VMMIO_REG_INTERRUPT_ACK, bits);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_INTERRUPT_STATUS), 0);
}

static void write_zero(struct hostile *h, bool high)
{
	if (high)
		ck_assert_int_eq(vmmio_device_write(h->dev, VMMIO_REG_STATUS, 4, 0),
			h->o.variant & HOSTILE_V3 ? 0 : -EDEADLK);
}

/* For one request that ends inside the write to QueueNotify. */
static void handled(struct hostile *h, void (*handler)(struct hostile *h, bool high))
{
	unsigned edges = atomic_load(&h->edges);

	hostile_up(h);
	h->o.on_line = handler;
	hostile_request(h, 0, VMMIO_BLK_T_GET_ID, 0);
	hostile_kick(h);
	hostile_settle(h);
	h->o.on_line = NULL;
	ck_assert_uint_ge(atomic_load(&h->edges), edges + 1);
	ck_assert_uint_le(atomic_load(&h->edges), edges + 2);
}

HD(31)
{
	static const struct hostile_case registers[] = {
		{"data in the registers", FAULT(BUFFER_MEMORY), 3,
			.ring = {HEADER(1), WRITES(0xa000000, 512, 2), STATUS}},
		{"a status there", FAULT(BUFFER_MEMORY), 3,
			.ring = {HEADER(1), DATA(2), LAST(0xa000070, 1)}},
	};
	struct hostile *h;
	uint32_t id, len;

	HOSTILE_CASES(_i, registers);
	QUIET(_i);
	h = bench(_i);
	handled(h, touch_registers);
	ck_assert(!atomic_load(&h->line));
	ck_assert(hostile_used(h, &id, &len));
	ck_assert(!hostile_used(h, &id, &len));
	hostile_reset(h);
	handled(h, write_zero);
	hostile_free(h);
}
END_TEST

/* --- HD-35: after whatever it was --------------------------------------------------------- */

HD(35)
{
	struct vmmio_device_counters now;
	struct hostile *h;

	if (hostile_skips(_i))
		return;
	h = bench(_i);
	hostile_flip(h, true);
	for (unsigned i = 0; i < 50; i++) {
		hostile_up(h);
		hostile_begin(h);
		hostile_request(h, 0, VMMIO_BLK_T_IN, 1);
		hostile_put(h, h->packed ? 0 : 3, &(struct hostile_desc){H_HOLE, 1, 0, 0, 0});
		hostile_offer(h, 3, 1);
		hostile_kick(h);
		hostile_reset(h);
	}
	hostile_flip(h, false);
	vmmio_device_counters(h->dev, &now);
	/* What is rewritten may be fewer, or a request that the disk finds wrong before. */
	ck_assert(now.faults == 50 || h->flip);
	ck_assert_uint_eq(now.resets, 50);
	hostile_free(h);
}
END_TEST

void hostile_life(Suite *s)
{
	hostile_row(s, "hd_10", hd_10);
	hostile_row(s, "hd_12", hd_12);
	hostile_row_quiet(s, "hd_13", hd_13);
	hostile_row_quiet(s, "hd_26", hd_26);
	hostile_row(s, "hd_28", hd_28);
	hostile_row(s, "hd_31", hd_31);
	hostile_row(s, "hd_35", hd_35);
}
