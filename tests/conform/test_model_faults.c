/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each fault of the model can be seen by a driver: its trace of some scenario is another one
 * than that of the correct model. That a suite finds it is the suite's matter.
 */
#include <stdlib.h>
#include <string.h>
#include "conform/model_trace.h"
#include "conform/test_model.h"
#include "support/fixture.h"

#define F(bit) VMMIO_FEATURE(bit)
#define WRITE VMMIO_DESC_F_WRITE
#define ANY_REQUEST F(VMMIO_BLK_F_FLUSH) | F(VMMIO_BLK_F_DISCARD) | F(VMMIO_BLK_F_WRITE_ZEROES)

/* --- Scenarios: ring is 0 or RING_PACKED ------------------------------------------------------ */

static void identity(struct trace *t, uint64_t ring)
{
	static const uint32_t selectors[] = {0, 1, 2, 3, 4, 255, 256, 0xffff, UINT32_MAX};

	(void)ring;
	trace_look(t);
	trace_read(t, VMMIO_REG_DEVICE_ID);
	for (unsigned i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		trace_write(t, VMMIO_REG_DEVICE_FEATURES_SEL, selectors[i]);
		trace_read(t, VMMIO_REG_DEVICE_FEATURES);
		trace_read(t, VMMIO_REG_DEVICE_FEATURES);
		trace_write(t, VMMIO_REG_QUEUE_SEL, selectors[i]);
		trace_read(t, VMMIO_REG_QUEUE_SIZE_MAX);
		trace_act(t, VMMIO_REG_QUEUE_READY, i & 1);
		trace_write(t, VMMIO_REG_SHM_SEL, selectors[i]);
		for (uint32_t at = VMMIO_REG_SHM_LEN_LOW; at <= VMMIO_REG_SHM_BASE_HIGH; at += 4)
			trace_read(t, at);
	}
	for (unsigned at = 0; at < 64; at += 2)
		trace_see(t, model_read(t->m, VMMIO_REG_CONFIG + at, 2));
}

static void features(struct trace *t, uint64_t ring)
{
	static const uint32_t words[4] = {0, 1, 0, 0};

	(void)ring;
	trace_act(t, VMMIO_REG_STATUS, 3);
	for (uint32_t i = 0; i < 4; i++) {
		trace_write(t, VMMIO_REG_DRIVER_FEATURES_SEL, i);
		trace_write(t, VMMIO_REG_DRIVER_FEATURES, words[i]);
	}
	trace_act(t, VMMIO_REG_STATUS, 0xb);
	trace_act(t, VMMIO_REG_STATUS, 0);
	trace_act(t, VMMIO_REG_STATUS, 1);
	trace_act(t, VMMIO_REG_STATUS, 0x81);
	trace_act(t, VMMIO_REG_STATUS, 0);
	trace_act(t, VMMIO_REG_STATUS, 3);
	trace_write(t, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	trace_write(t, VMMIO_REG_DRIVER_FEATURES, 1 | 1u << 20);
	trace_act(t, VMMIO_REG_STATUS, 0xb);
	trace_act(t, VMMIO_REG_STATUS, 0x13);
}

static const struct raw_desc page = {AT_DATA, 64, WRITE};

/* Buffers before DRIVER_OK, and on a queue that is not ready. */
static void early(struct trace *t, uint64_t ring)
{
	struct raw q, other;

	raw_negotiate(t, ring);
	raw_init(t, &q, 0, 8, ring);
	trace_act(t, VMMIO_REG_QUEUE_READY, 0);
	raw_init(t, &q, 0, 8, ring);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
	other = (struct raw){.index = 1, .size = 8, .packed = q.packed};
	raw_program(t, &other);
	raw_push(t, &other, &page, 1);
	trace_act(t, VMMIO_REG_STATUS, 0xf);
	trace_pass(t, TRACE_MS);
	raw_kick(t, &other);
}

static void requests(struct trace *t, uint64_t ring)
{
	static const uint32_t types[] = {0, 1, 0, 4, 8, 10, 99, 15, 24};
	struct raw q;

	raw_start(t, &q, 16, ring | ANY_REQUEST | F(15));
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const uint32_t type = types[i];
		const uint32_t len = type == 4 ? 0 : type == 8 ? 20 : type == 10 ? 6 : 512;

		memset(t->ram + AT_DATA, 0x5a, 512);
		raw_request(t, &q, type, type < 2 ? 7 : 0, len, type != 1);
		trace_pass(t, TRACE_MS);
	}
}

static void see_media(struct trace *t, uint64_t sector)
{
	uint64_t word = 0;

	trace_see(t, (uint64_t)model_storage_read(t->m, sector * 512, &word, sizeof(word)));
	trace_see(t, word);
}

static void segment(struct trace *t, struct raw *q, uint32_t type, uint32_t flags)
{
	memset(t->ram + AT_DATA, 0x77, 512);
	raw_request(t, q, VMMIO_BLK_T_OUT, 5, 512, false);
	trace_put64(t, AT_DATA, 5);
	trace_put32(t, AT_DATA + 8, 1);
	trace_put32(t, AT_DATA + 12, flags);
	raw_request(t, q, type, 0, 16, false);
	raw_request(t, q, VMMIO_BLK_T_IN, 5, 512, true);
}

static void storage(struct trace *t, uint64_t ring)
{
	static const uint64_t modes[] = {F(VMMIO_BLK_F_FLUSH), F(VMMIO_BLK_F_CONFIG_WCE), 0};
	struct raw q;

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		raw_start(t, &q, 16, ring | modes[i]);
		trace_see(t, model_read(t->m, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1));
		trace_put32(t, AT_DATA, 0x1111 * (i + 1));
		raw_request(t, &q, VMMIO_BLK_T_OUT, 8, 512, false);
		see_media(t, 8);
		raw_request(t, &q, VMMIO_BLK_T_FLUSH, 0, 0, false);
		see_media(t, 8);
	}
	raw_start(t, &q, 16, ring | ANY_REQUEST);
	for (uint32_t flags = 0; flags < 4; flags++) {
		segment(t, &q, VMMIO_BLK_T_DISCARD, flags);
		segment(t, &q, VMMIO_BLK_T_WRITE_ZEROES, flags);
	}
	for (unsigned at = 0; at < 64; at++)
		trace_see(t, model_read(t->m, VMMIO_REG_CONFIG + at, 1));
}

/* Chains as drivers seldom make them. */
static void shapes(struct trace *t, uint64_t ring)
{
	static const struct raw_desc scattered[] = {{AT_HEADER, 3, 0}, {AT_HEADER + 3, 13, 0},
		{AT_DATA, 100, WRITE}, {AT_DATA + 256, 412, WRITE}, {AT_STATUS, 1, WRITE}};
	struct raw q;

	raw_start(t, &q, 8, ring);
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	for (unsigned i = 0; i < 12; i++) {
		raw_push(t, &q, scattered, 5);
		raw_kick(t, &q);
		raw_kick(t, &q); /* for nothing */
	}
}

static void put_table(
	struct trace *t, unsigned at, const struct raw_desc *d, uint16_t low, uint16_t high)
{
	const uint32_t to = AT_TABLE + 16 * at;

	trace_put64(t, to, trace_guest(d->at));
	trace_put32(t, to + 8, d->len);
	trace_put16(t, to + 12, low);
	trace_put16(t, to + 14, high);
}

/* Split: entries 0, 2, 1; packed: garbage in what is ignored. */
static void indirect(struct trace *t, uint64_t ring)
{
	const struct raw_desc parts[] = {
		{AT_HEADER, 16, 0}, {AT_DATA, 512, WRITE}, {AT_STATUS, 1, WRITE}};
	const struct raw_desc table = {AT_TABLE, 48, VMMIO_DESC_F_INDIRECT};
	const struct raw_desc writable = {AT_TABLE, 48, VMMIO_DESC_F_INDIRECT | WRITE};
	const struct raw_desc tail[] = {
		{AT_HEADER, 16, 0}, {AT_TABLE + 64, 32, VMMIO_DESC_F_INDIRECT}};
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_INDIRECT_DESC));
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	for (unsigned i = 0; i < 3; i++) {
		if (q.packed)
			put_table(t, i, &parts[i], 0x55, parts[i].flags | 0x80);
		else
			put_table(t, i ? 3 - i : 0, &parts[i],
				parts[i].flags | (i < 2 ? VMMIO_DESC_F_NEXT : 0), i == 0 ? 2 : 1);
	}
	if (!q.packed) {
		put_table(t, 4, &parts[1], WRITE | VMMIO_DESC_F_NEXT, 1);
		put_table(t, 5, &parts[2], WRITE, 0);
	}
	raw_push(t, &q, &table, 1);
	raw_kick(t, &q);
	raw_push(t, &q, &writable, 1);
	raw_kick(t, &q);
	if (q.packed)
		return;
	raw_push(t, &q, tail, 2);
	raw_kick(t, &q);
}

/* Batches of i % 3 + 1 buffers around each event, several laps. */
static void events(struct trace *t, uint64_t ring)
{
	struct raw q;

	for (unsigned mode = 0; mode < 4; mode++) {
		const uint64_t event_idx = mode & 1 ? F(VMMIO_F_EVENT_IDX) : 0;

		raw_start(t, &q, 8, ring | event_idx);
		for (unsigned i = 0; i < 24; i++) {
			const uint16_t place = (uint16_t)(q.avail | (q.wrap ? 0x8000 : 0));

			if (mode & 2 && q.packed)
				trace_put16(t, raw_driver_area(&q) + 2, 2);
			else if (mode & 2)
				trace_put16(t, raw_driver_area(&q), 1);
			trace_put16(
				t, raw_used_event(&q), q.packed ? place : (uint16_t)(i + i / 4));
			for (unsigned n = 0; n <= i % 3; n++)
				raw_push(t, &q, &page, 1);
			raw_kick(t, &q);
			trace_act(t, VMMIO_REG_INTERRUPT_ACK, 1);
		}
	}
}

/* Past 32768 and 65536 buffers, each looked at around the wraps, asked for with EVENT_IDX. */
static void many(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_EVENT_IDX));
	for (unsigned i = 0; i < 65600; i++) {
		const unsigned wrap = i % 32768;

		raw_push(t, &q, &page, 1);
		trace_put16(t, raw_used_event(&q), (uint16_t)i);
		trace_write(t, VMMIO_REG_QUEUE_NOTIFY, 0);
		if (i < 8 || (i > 32000 && (wrap < 8 || wrap > 32760)))
			trace_act(t, VMMIO_REG_INTERRUPT_ACK, 1);
		else
			trace_write(t, VMMIO_REG_INTERRUPT_ACK, 1);
	}
}

/* A batch over the idx's wrap. */
static void batch_at_wrap(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_EVENT_IDX));
	for (unsigned i = 0; i < 65534; i++) {
		raw_push(t, &q, &page, 1);
		trace_write(t, VMMIO_REG_QUEUE_NOTIFY, 0);
		trace_write(t, VMMIO_REG_INTERRUPT_ACK, 1);
	}
	trace_put16(t, raw_used_event(&q), 65535);
	for (unsigned i = 0; i < 4; i++)
		raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
}

static void order(struct trace *t, uint64_t ring)
{
	static const uint64_t in_order[] = {0, F(VMMIO_F_IN_ORDER)};
	static const struct raw_desc two[] = {{AT_DATA, 16, WRITE}, {AT_DATA + 64, 16, WRITE}};
	struct raw q;

	for (unsigned i = 0; i < 2; i++) {
		raw_start(t, &q, 8, ring | in_order[i]);
		raw_push(t, &q, two, 2);
		raw_push(t, &q, &page, 1);
		raw_kick(t, &q);
		model_delay_io(t->m, TRACE_MS);
		model_reverse_order(t->m, true);
		raw_push(t, &q, two, 2);
		raw_push(t, &q, two, 1);
		raw_kick(t, &q);
		trace_pass(t, TRACE_MS);
		model_delay_io(t->m, 0);
		model_reverse_order(t->m, false);
	}
}

static void two_queues(struct trace *t, uint64_t ring)
{
	const uint64_t features = ring | F(VMMIO_F_RING_RESET) | F(VMMIO_F_NOTIFICATION_DATA);
	struct raw q, other;

	raw_negotiate(t, features);
	raw_init(t, &q, 0, 4, features);
	raw_init(t, &other, 1, ring ? 7 : 8, features);
	trace_act(t, VMMIO_REG_STATUS, 0xf);
	for (unsigned i = 0; i < 8; i++) {
		raw_push(t, &q, &page, 1);
		raw_push(t, &other, &page, 1);
		trace_act(t, VMMIO_REG_QUEUE_NOTIFY, 0x10001);
		trace_act(t, VMMIO_REG_QUEUE_NOTIFY, 0x20000);
	}
	trace_act(t, VMMIO_REG_QUEUE_RESET, 1);
	trace_act(t, VMMIO_REG_QUEUE_SEL, 0);
	trace_act(t, VMMIO_REG_QUEUE_READY, 0);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
}

static void bad_size(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 3, ring);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
}

static void interrupts(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
	trace_see(t, (uint64_t)model_change_config(t->m));
	trace_look(t);
	trace_act(t, VMMIO_REG_INTERRUPT_ACK, 1);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
	trace_act(t, VMMIO_REG_INTERRUPT_ACK, 3);
	trace_see(t, (uint64_t)model_change_config(t->m));
	trace_look(t);
	trace_act(t, VMMIO_REG_INTERRUPT_ACK, 2);
	model_break_down(t->m);
	trace_look(t);
}

static void suspension(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_SUSPEND));
	trace_act(t, VMMIO_REG_STATUS, 0x1f);
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
	trace_see(t, (uint64_t)model_change_config(t->m));
	trace_pass(t, 2 * TRACE_MS);
	trace_act(t, VMMIO_REG_STATUS, 0x1f);
	raw_kick(t, &q);
}

/* What comes of zero to Status while a request is out and the device's side is slow. */
static void resets(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_RING_RESET));
	raw_push(t, &q, &page, 1);
	raw_kick(t, &q);
	model_delay_io(t->m, 5 * TRACE_MS);
	model_delay_reset(t->m, 2 * TRACE_MS);
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	trace_act(t, VMMIO_REG_STATUS, 0);
	for (unsigned i = 0; i < 8; i++)
		trace_pass(t, TRACE_MS);
	trace_see(t, (uint64_t)model_change_config(t->m));
	trace_look(t);
	trace_act(t, VMMIO_REG_QUEUE_READY, 1);
	trace_act(t, VMMIO_REG_STATUS, 0);
	trace_pass(t, 5 * TRACE_MS);
}

static void queue_reset(struct trace *t, uint64_t ring)
{
	struct raw q;

	raw_start(t, &q, 8, ring | F(VMMIO_F_RING_RESET));
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	model_delay_io(t->m, 5 * TRACE_MS);
	model_delay_reset(t->m, 2 * TRACE_MS);
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	trace_act(t, VMMIO_REG_QUEUE_RESET, 1);
	for (unsigned i = 0; i < 8; i++)
		trace_pass(t, TRACE_MS);
	model_delay_io(t->m, 0);
	q.size = 4;
	raw_program(t, &q);
	trace_act(t, VMMIO_REG_QUEUE_READY, 1);
	for (unsigned i = 0; i < 6; i++)
		raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	trace_act(t, VMMIO_REG_QUEUE_RESET, 1);
	trace_pass(t, 2 * TRACE_MS);
	raw_program(t, &q);
	trace_act(t, VMMIO_REG_QUEUE_READY, 1);
	raw_request(t, &q, VMMIO_BLK_T_IN, 4, 512, true);
	trace_act(t, VMMIO_REG_QUEUE_RESET, 1);
	trace_act(t, VMMIO_REG_STATUS, 0);
	trace_pass(t, 5 * TRACE_MS);
}

/* Those that take long come last. */
static void (*const scenarios[])(struct trace *t, uint64_t ring) = {identity, features, early,
	requests, storage, shapes, indirect, events, order, two_queues, bad_size, interrupts,
	suspension, resets, queue_reset, many, batch_at_wrap};

#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* --- Comparison ------------------------------------------------------------------------------- */

static void run(struct trace *t, bool packed, unsigned scenario)
{
	for (unsigned ring = 0; ring <= packed; ring++) {
		model_restart(t->m);
		t->begin = model_now(t->m);
		memset(t->ram, 0, TRACE_RAM);
		scenarios[scenario](t, ring ? F(VMMIO_F_RING_PACKED) : 0);
	}
}

/* Does the model with the fault behave as in the correct one's traces? */
static bool shows(const struct model_options *options, const struct trace *correct)
{
	struct trace t;
	bool differs = false;

	trace_create(&t, options);
	for (unsigned i = 0; i < SCENARIOS && !differs; i++) {
		t.n = 0;
		run(&t, options->packed, i);
		differs = t.n != correct[i].n ||
			  memcmp(t.seen, correct[i].seen, t.n * sizeof(*t.seen)) != 0;
	}
	trace_destroy(&t);
	return differs;
}

static void must_show(const struct model_options *options, uint32_t only)
{
	struct model_options o = *options;
	struct trace correct[SCENARIOS];
	char hidden[4096] = "";

	for (unsigned i = 0; i < SCENARIOS; i++) {
		trace_create(&correct[i], options);
		run(&correct[i], options->packed, i);
	}
	ck_assert_msg(!shows(options, correct), "the correct model does not do the same twice");
	for (unsigned fault = 1; fault < MODEL_FAULTS; fault++) {
		const struct model_fault_info *info = model_fault_info(fault);

		o.fault = fault;
		if (!model_fault_fits(fault, options) || (only && !(info->where & only)))
			continue;
		if (!shows(&o, correct) && strlen(hidden) + strlen(info->name) + 2 < sizeof(hidden))
			strcat(strcat(hidden, " "), info->name);
	}
	for (unsigned i = 0; i < SCENARIOS; i++)
		trace_destroy(&correct[i]);
	ck_assert_msg(!*hidden, "cannot be seen:%s", hidden);
}

static struct model_options options_of(int loop)
{
	return (struct model_options){.version = loop & 2 ? 3 : 2,
		.packed = loop & 1,
		.device_id = VMMIO_ID_BLOCK,
		.queue_size = 64,
		.shm = {1, 0x1000, 0x1000}};
}

START_TEST(each_fault_shows)
{
	struct model_options options = options_of(_i);

	must_show(&options, 0);
	options.read_only = true;
	must_show(&options, MODEL_AT_READ_ONLY);
	options.device_id = VMMIO_ID_ENTROPY;
	must_show(&options, MODEL_AT_ENTROPY);
}
END_TEST

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* A register write, mostly one that means something. */
static void write_something(struct trace *t, uint32_t *seed)
{
	static const uint32_t status[] = {0, 1, 3, 0xb, 0xf, 0x1f, 0x8f};
	const uint32_t offset = next_random(seed) % 0x160 & ~3u;
	const uint32_t value = next_random(seed);

	if (offset == VMMIO_REG_STATUS)
		trace_write(t, offset, status[value % 7]);
	else if (offset == VMMIO_REG_DRIVER_FEATURES)
		trace_write(t, offset, value | 1);
	else if (value & 1)
		trace_write(t, offset, value >> 30);
	else
		trace_write(t, offset, value);
}

/* Neither crashes nor hangs, with any of the faults: sanitizers watch. */
START_TEST(random_driver)
{
	const struct model_options options = options_of(_i);
	uint32_t seed = 0x1234567 + (uint32_t)_i;

	for (unsigned fault = 0; fault < MODEL_FAULTS; fault++) {
		struct model_options o = options;
		struct raw q;
		struct trace t;

		o.fault = fault;
		trace_create(&t, &o);
		for (unsigned i = 0; i < 400; i++) {
			if (i % 100 == 0)
				raw_start(&t, &q, 8,
					(i % 200 ? F(VMMIO_F_INDIRECT_DESC) : 0) |
						(o.packed && i >= 200 ? F(VMMIO_F_RING_PACKED)
								      : 0));
			model_delay_io(t.m, next_random(&seed) % 4 ? 0 : TRACE_MS);
			t.ram[next_random(&seed) % TRACE_RAM] = (uint8_t)next_random(&seed);
			t.ram[next_random(&seed) % 0x800] = (uint8_t)next_random(&seed);
			write_something(&t, &seed);
			raw_push(&t, &q, &page, 1);
			trace_write(&t, VMMIO_REG_QUEUE_NOTIFY, 0);
			model_advance(t.m, next_random(&seed) % TRACE_MS);
		}
		trace_destroy(&t);
	}
}
END_TEST

/* Ids look like ids, nothing is there twice. */
static bool is_id(const char *id, size_t n)
{
	return n > 7 && n < 20 && strchr("PMGSBR", id[0]) && strstr(id, "-DEV-") &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") >= n;
}

START_TEST(tables_are_sound)
{
	const struct model_implication *implied;
	size_t n;

	ck_assert_ptr_null(model_fault_info(MODEL_FAULT_NONE));
	ck_assert_ptr_null(model_fault_info(MODEL_FAULTS));
	for (unsigned fault = 1; fault < MODEL_FAULTS; fault++) {
		const struct model_fault_info *info = model_fault_info(fault);

		ck_assert_msg(is_id(info->requirements, strcspn(info->requirements, " ")), "%s",
			info->name);
		ck_assert_uint_gt(strlen(info->text), 10);
		for (unsigned other = 1; other < fault; other++)
			ck_assert_str_ne(info->text, model_fault_info(other)->text);
	}
	implied = model_implications(&n);
	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(is_id(implied[i].from, strlen(implied[i].from)), "%zu", i);
		ck_assert_msg(is_id(implied[i].to, strlen(implied[i].to)), "%zu", i);
		ck_assert_str_ne(implied[i].from, implied[i].to);
		for (size_t other = 0; other < i; other++)
			ck_assert_msg(strcmp(implied[i].from, implied[other].from) != 0 ||
					      strcmp(implied[i].to, implied[other].to) != 0,
				"%s -> %s is there twice", implied[i].from, implied[i].to);
	}
}
END_TEST

void model_fault_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "faults");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, tables_are_sound);
	tcase_add_loop_test(tc, each_fault_shows, 0, 4);
	tcase_add_loop_test(tc, random_driver, 0, 4);
}
