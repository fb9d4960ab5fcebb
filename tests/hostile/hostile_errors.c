/* SPDX-License-Identifier: BSD-3-Clause */
/* Every way in which a chain can be refused: nothing of it is used, nothing of it is left. HD-11,
 * HD-29. */
#include <string.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/rng.h>

#include "hostile/cases_hostile.h"
#include "support/alloc.h"

static void lay_jump(struct hostile *h)
{
	if (!h->packed)
		hostile_avail_idx(h, (uint16_t)(h->avail + HOSTILE_SIZE + 1));
}

#define GOOD .table = {HEADER(1), DATA(2), STATUS}

/* Each fault that fetching a chain has. */
static const struct hostile_case refused[] = {
	{"index", VMMIO_FAULT_AVAIL_INDEX, V_NONE, .lay = lay_jump},
	{"head", FAULT(HEAD), 1, .ring = {{H_OUT, 16, 0, 0, 0xffff}}, .head = HOSTILE_SIZE},
	{"next", VMMIO_FAULT_NEXT, V_NONE, 1, .ring = {HEADER(HOSTILE_SIZE)}},
	{"loop", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 2, .ring = {HEADER(1), HEADER(0)}},
	{"bytes", FAULT(CHAIN_BYTES), 2,
		.ring = {{H_HUGE, 1u << 31, F_NEXT, 1, 0}, {H_HUGE, 1u << 31, 0, 0, 0}}},
	{"order", FAULT(ORDER), 2, .ring = {DATA(1), {H_OUT, 16, 0, 0, 0}}},
	{"no memory", FAULT(BUFFER_MEMORY), 2, .ring = {HEADER(1), LAST(H_HOLE, 1)}},
	{"half of it none", FAULT(BUFFER_MEMORY), 2, .ring = {HEADER(1), LAST(H_HOLE - 8, 16)}},
	{"read-only", FAULT(BUFFER_READ_ONLY), 2, .ring = {HEADER(1), LAST(H_ROM, 1)}},
	{"no indirect", FAULT(INDIRECT_DISABLED), 1, .ring = {TABLE(3)}, GOOD,
		.off = VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC)},
	{"table and next", FAULT(INDIRECT_FLAGS), 2,
		.ring = {{H_TABLE, 48, F_INDIRECT | F_NEXT, 1, 0}, STATUS}, GOOD},
	{"table of 47", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, 47, F_INDIRECT, 0, 0}}, GOOD},
	{"no table", FAULT(INDIRECT_MEMORY), 1, .ring = {{H_HOLE, 48, F_INDIRECT, 0, 0}}},
	{"in a table", FAULT(BUFFER_MEMORY), 1, .ring = {TABLE(2)},
		.table = {HEADER(1), LAST(H_HOLE, 1)}},
	{"empty", FAULT(EMPTY_BUFFER), 2, .ring = {HEADER(1), LAST(H_STATUS, 0)}},
	{"no end", V_NONE, VMMIO_FAULT_UNTERMINATED, 1, .ring = {HEADER(1)}},
};

#define N_REFUSED (sizeof(refused) / sizeof(refused[0]))

/* --- HD-11 --------------------------------------------------------------------------------- */

/* Who pops chains, and what a good one looks like there. */
struct site {
	const char *what;
	uint32_t queue;
	struct hostile_desc good;
	void (*input)(void *ctx);
	void *ctx;
};

/* Each kind of fault behind so many good chains, in one batch where the backend takes batches.
 * What was not popped is poison (hostile_wraps.c), and its token is one of nobody. */
static void refuse(
	struct hostile *h, const struct site *site, const struct hostile_case *c, unsigned good)
{
	int fault = h->packed ? c->packed : c->split;
	unsigned popped = hostile_popped(), n = fault == VMMIO_FAULT_AVAIL_INDEX ? 0 : good;
	struct vmmio_device_counters now;

	hostile_up(h);
	hostile_begin(h);
	if (site->input)
		site->input(site->ctx);
	for (unsigned i = 0; i < good; i++) {
		struct hostile_desc d = site->good;

		d.id = (uint16_t)(HOSTILE_SIZE - 1 - i);
		hostile_put(h, h->packed ? 0 : d.id, &d);
		hostile_offer(h, d.id, 1);
	}
	hostile_lay(h, c);
	hostile_kick(h);
	hostile_settle(h);
	vmmio_device_counters(h->dev, &now);
	ck_assert_msg(hostile_popped() - popped == n && now.chains - h->then.chains == n,
		"%s: %s behind %u: %u chains", site->what, c->what, good,
		hostile_popped() - popped);
	ck_assert_uint_eq(now.chains, now.completions + now.dropped);
	ck_assert_uint_eq(now.wrong_tokens, 0);
	ck_assert_uint_eq(now.faults - h->then.faults, 1);
	hostile_check_guards(h);
	hostile_reset(h);
}

static void refuse_all(struct hostile *h, const struct site *site)
{
	uint64_t off = h->off;

	h->queue = site->queue;
	for (unsigned i = 0; i < N_REFUSED; i++) {
		if ((h->packed ? refused[i].packed : refused[i].split) == V_NONE)
			continue;
		h->off = off | refused[i].off;
		for (unsigned good = 0; good < 3; good++)
			refuse(h, site, &refused[i], good);
	}
	h->off = off;
	h->queue = 0;
}

static void refuse_on(struct hostile *h, const struct vmmio_backend *backend,
	const struct site *sites, unsigned n)
{
	struct hostile other;

	hostile_other(&other, h, backend);
	for (unsigned i = 0; i < n; i++)
		refuse_all(&other, &sites[i]);
	hostile_other_free(&other);
}

static void type_on(void *ctx)
{
	static const char keys[64] = "keys";

	while (vmmio_console_put(ctx, keys, sizeof(keys)) > 0)
		;
}

static void other_backends(struct hostile *h)
{
	struct vmmio_console_options options = {.size = sizeof(options)};
	struct vmmio_console *console;
	struct vmmio_rng *rng;
	const struct site draws = {"entropy", 0, {H_IN, 64, F_WRITE, 0, 0}, NULL, NULL};
	struct site lines[] = {
		{"console output", 1, {H_OUT, 16, 0, 0, 0}, NULL, NULL},
		{"console input", 0, {H_IN, 16, F_WRITE, 0, 0}, type_on, NULL},
	};

	ck_assert_int_eq(vmmio_rng_create(NULL, &rng), 0);
	refuse_on(h, vmmio_rng_backend(rng), &draws, 1);
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	ck_assert_int_eq(vmmio_console_create(&options, &console), 0);
	lines[1].ctx = console;
	refuse_on(h, vmmio_console_backend(console), lines, 2);
	ck_assert_int_eq(vmmio_console_destroy(console), 0);
}

HD(11)
{
	/* No header, but an answer. */
	const struct site disk = {"disk", 0, {H_STATUS, 1, F_WRITE, 0, 0}, NULL, NULL};
	struct hostile *h;

	if (_i & HOSTILE_FLIP) {
		HOSTILE_CASES(_i, refused);
		return;
	}
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	refuse_all(h, &disk);
	other_backends(h);
	hostile_free(h);
}
END_TEST

/* --- HD-29 --------------------------------------------------------------------------------- */

/* Requests that were popped and then refused. */
static const struct hostile_case answered[] = {
	{"no status", BOTH(V_REFUSED), 2, .ring = {HEADER(1), {H_OUT, 1, 0, 0, 0}}},
	{"no header", BOTH(V_IOERR), 2, .ring = {WRITES(H_IN, 16, 1), STATUS}},
	{"half a sector", BOTH(V_IOERR), 3, .ring = {HEADER(1), WRITES(H_IN, 256, 2), STATUS}},
	{"no such sector", BOTH(V_IOERR), 3, .ring = {HEADER(1), DATA(2), STATUS}, .sector = 1000},
	{"no such request", BOTH(V_UNSUPP), 3, .type = 77, .ring = {HEADER(1), DATA(2), STATUS}},
	{"no segment", BOTH(V_IOERR), 2, .type = VMMIO_BLK_T_DISCARD, .ring = {HEADER(1), STATUS}},
	{"in a table, no such sector", BOTH(V_IOERR), 1, .ring = {TABLE(3)}, GOOD, .sector = 1000},
};

/* No chain that is gone keeps memory from being taken away, in the same life. */
static void nothing_holds_memory(struct hostile *h, const char *what)
{
	static const struct {
		enum hostile_area area;
		uint64_t guest;
		uint32_t flags;
	} regions[] = {{A_TABLE, H_TABLE, VMMIO_REGION_PINNED}, {A_OUT, H_OUT, VMMIO_REGION_PINNED},
		{A_IN, H_IN, VMMIO_REGION_PINNED}, {A_NEXT, H_NEXT, 0}};

	for (unsigned i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		const struct hostile_map *m = &h->areas[regions[i].area];
		struct vmmio_region region = {regions[i].guest, m->size, m->host, regions[i].flags};

		ck_assert_msg(!vmmio_memory_try_remove(h->memory, regions[i].guest),
			"%s: area %u is held", what, regions[i].area);
		ck_assert_int_eq(vmmio_memory_add(h->memory, &region), 0);
	}
}

static void is_back(struct hostile *h, const char *what)
{
	struct vmmio_device_counters now;
	struct vmmio_blk_counters blk;

	vmmio_device_counters(h->dev, &now);
	vmmio_blk_counters(h->blk, &blk);
	ck_assert_msg(!now.leases && !blk.in_flight && !blk.orphans,
		"%s: %u leases, %u requests, %u orphans", what, now.leases, blk.in_flight,
		blk.orphans);
	ck_assert_msg(now.chains == now.completions + now.dropped, "%s: a chain is missing", what);
	nothing_holds_memory(h, what);
}

/* More often than there are slots, requests or descriptors to lose. */
static void err(struct hostile *h, const struct hostile_case *c, unsigned times)
{
	hostile_flip(h, true);
	hostile_up(h);
	for (unsigned i = 0; i < times; i++) {
		hostile_lay(h, c);
		hostile_kick(h);
		hostile_settle(h);
	}
	hostile_flip(h, false);
	is_back(h, c->what);
	hostile_reset(h);
}

/* Blocks in use, but for those of threads that an engine has started. */
static long blocks(void)
{
	return (long)alloc_leaks(NULL, 0) - (long)hostile_threads();
}

static void err_all(struct hostile *h, const struct hostile_case *cases, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		long before;

		if ((h->packed ? cases[i].packed : cases[i].split) == V_NONE)
			continue;
		h->off = cases[i].off;
		err(h, &cases[i], 1);
		before = blocks();
		err(h, &cases[i], 2 * HOSTILE_SIZE + 1);
		ck_assert_msg(blocks() <= before, "%s: %ld blocks more", cases[i].what,
			blocks() - before);
	}
	h->off = 0;
}

HD(29)
{
	struct hostile *h;

	if (hostile_skips(_i))
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	hostile_good(h);
	err_all(h, answered, sizeof(answered) / sizeof(answered[0]));
	err_all(h, refused, N_REFUSED);
	hostile_free(h);
}
END_TEST

void hostile_errors(Suite *s)
{
	hostile_row(s, "hd_11", hd_11);
	hostile_row(s, "hd_29", hd_29);
}
