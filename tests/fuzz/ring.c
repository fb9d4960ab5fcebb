/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring and a driver that may do anything: good chains, raw descriptors, indices that jump,
 * bytes changed anywhere while chains are out and between two loads of the device's, answers
 * twice, late and with wrong lengths. With address translation and without.
 * Built twice: FUZZ_PACKED 0 and 1.
 *
 * Header: size, options, segments, spare.
 * Record: what, a, b (2), c (4), address (8).
 */
#include "fuzz.h"
#include "ring_flip.h"
#include "ring_honest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum what { ADD, ADD_INDIRECT, POP, COMPLETE, COMPLETE_ALL, RAW, AVAIL, POKE, HOLD, FLUSH, TOKEN,
	NOTIFICATIONS, EVENT, DIRTY, RESTART, STOP, DEFECT, SETUP, REWRITE, FLIP, GONE, WHATS };

struct out {
	vmmio_token token;
	uint32_t writable_len, head;
};

static struct {
	struct rig rig;
	struct honest honest;
	struct out out[RIG_SIZE_MAX];
	unsigned n_out;
	int added; /* the last chain's head; -1: there was no room */
	vmmio_token stale;
	uint16_t used, taken; /* entries: written, and taken by the driver */
	unsigned step;
} r;

static void pop(unsigned max)
{
	struct vmmio_chain chains[RIG_SIZE_MAX];
	unsigned n;

	max = 1 + max % RIG_SIZE_MAX;
	n = vmmio_ring_pop(&r.rig.ring, r.rig.table, chains, max);
	flip_back();
	honest_check(&r.honest, &r.rig, chains, n, max, r.step);
	for (unsigned i = 0; i < n; i++) {
		const struct vmmio_chain *c = &chains[i];
		uint32_t flags;

		FUZZ_CHECK(r.n_out < r.rig.config.size, "step %u: more chains than the ring holds",
			r.step);
		FUZZ_CHECK(c->n_readable + c->n_writable <= r.rig.config.max_segments &&
				c->n_readable + c->n_writable && c->head < r.rig.config.size,
			"step %u: %u+%u pieces, head %u", r.step, c->n_readable, c->n_writable, c->head);
		flags = ring_check_pieces(&r.rig, c->readable, c->n_readable, c->readable_len, false);
		flags &= ring_check_pieces(&r.rig, c->writable, c->n_writable, c->writable_len, true);
		FUZZ_CHECK(c->pinned == !!(flags & VMMIO_REGION_PINNED), "step %u: pinned %d", r.step,
			c->pinned);
		for (unsigned k = 0; k < r.n_out; k++)
			FUZZ_CHECK(r.out[k].token != c->token, "step %u: a token twice", r.step);
		r.out[r.n_out++] = (struct out){c->token, c->writable_len, c->head};
	}
}

/* The entry that has just been written, where nobody has overwritten it yet. */
static void check_used(const struct out *out, uint32_t len, uint16_t position)
{
	const uint32_t size = r.rig.config.size;
	uint16_t idx, id;
	uint32_t entry[2];

	if (len > out->writable_len)
		len = out->writable_len;
	if (r.rig.config.packed) {
		memcpy(&entry[1], rig_at(&r.rig, RIG_DESC + 16u * position + 8, 4), 4);
		memcpy(&id, rig_at(&r.rig, RIG_DESC + 16u * position + 12, 2), 2);
		entry[0] = id;
	} else {
		memcpy(&idx, rig_at(&r.rig, RIG_DEVICE + 2, 2), 2);
		memcpy(entry, rig_at(&r.rig, RIG_DEVICE + 4 + 8u * ((idx - 1u) % size), 8), 8);
		FUZZ_CHECK(idx == r.used, "step %u: used idx %u, not %u", r.step, idx, r.used);
	}
	FUZZ_CHECK(entry[0] == out->head && entry[1] == len, "step %u: used %u, %u; not %u, %u", r.step,
		entry[0], entry[1], out->head, len);
}

/* What has been loaded once is something else from then on. A ring in which nothing waits is
 * looked at twice with good reason. */
static void rewrite(unsigned max, uint8_t how)
{
	if (r.honest.n || r.honest.spoiled)
		flip_all(how);
	pop(max);
}

static void complete(unsigned which, uint32_t len, enum vmmio_ring_mode mode)
{
	const bool running = r.rig.ring.running, publish = mode == VMMIO_RING_PUBLISH;
	const uint16_t position = r.rig.ring.used;
	struct vmmio_ring_answers answers = {0};
	struct vmmio_completion answer;
	struct out out;
	unsigned n;

	if (!r.n_out)
		return;
	out = r.out[which %= r.n_out];
	answer = (struct vmmio_completion){out.token, len};
	r.out[which] = r.out[--r.n_out];
	r.stale = out.token;
	n = vmmio_ring_complete(&r.rig.ring, &answer, 1, mode, &answers);
	FUZZ_CHECK(answers.accepted == 1 && !answers.wrong && answers.cut == (len > out.writable_len),
		"step %u: accepted %u, wrong %u, cut %u", r.step, answers.accepted, answers.wrong,
		answers.cut);
	FUZZ_CHECK(n <= (running && publish ? r.rig.config.size : 0), "step %u: %u written", r.step, n);
	FUZZ_CHECK(n == 1 || r.rig.config.in_order || !running || !publish,
		"step %u: %u written for one answer", r.step, n);
	r.used = (uint16_t)(r.used + n);
	if (n)
		fuzz_deep();
	if (n == 1 && !r.rig.config.in_order)
		check_used(&out, len, position);
}

static void wrong_token(uint64_t token)
{
	struct vmmio_completion answer = {token ? token : r.stale, 1};
	struct vmmio_ring_answers answers = {0};

	for (unsigned i = 0; i < r.n_out; i++)
		if (r.out[i].token == answer.token)
			return;
	FUZZ_CHECK(!vmmio_ring_complete(&r.rig.ring, &answer, 1, VMMIO_RING_PUBLISH, &answers) &&
			!answers.accepted && answers.wrong == 1,
		"step %u: token 0x%" PRIx64 " was accepted", r.step, answer.token);
}

static uint64_t somewhere(uint8_t kind, uint64_t address)
{
	static const uint64_t bases[] = {RIG_DESC, RIG_DRIVER, RIG_DEVICE, RIG_TABLES, RIG_DATA,
		RIG_DATA + RIG_DATA_SIZE, RIG_DATA + 2 * RIG_DATA_SIZE, RIG_TOP};

	if (kind % 9 == 8)
		return address;
	return bases[kind % 9] + address % (kind % 9 < 3 ? 64 : RIG_DATA_SIZE);
}

static void put(uint64_t guest, uint32_t value, unsigned size)
{
	void *to = rig_at(&r.rig, guest, size);

	if (to)
		memcpy(to, &value, size);
}

/* Chains of one to four buffers, readable before writable. */
static void add(uint8_t a, uint16_t b, uint32_t c, uint64_t address, bool indirect)
{
	struct rig_buffer buffers[4];
	const unsigned n = 1 + a % 4;

	for (unsigned i = 0; i < n; i++)
		buffers[i] = (struct rig_buffer){somewhere((uint8_t)(a >> 4), address + 256 * i), c,
			i >= b % 5u};
	r.added = rig_add(&r.rig, buffers, n, indirect);
	if (r.added >= 0)
		honest_add(&r.honest, buffers, n, indirect);
}

/* A good chain with one thing wrong in its first descriptor, or in its table's. */
static void defect(uint8_t a, uint16_t b, uint32_t c, uint64_t address)
{
	const uint32_t position = r.rig.avail;
	uint64_t at, end = RIG_TABLES + RIG_DATA_SIZE;

	add((uint8_t)(a >> 4 | 0x50), b & 3, 16, address, a & 1);
	if (r.added < 0)
		return;
	at = RIG_DESC + 16u * (FUZZ_PACKED ? position : (uint32_t)r.added);
	if ((a & 1) && (b & 8))
		at = r.rig.table_last;
	switch (a >> 1 & 7) {
	case 0: put(at + 8, c, 4); break;
	case 1: put(at + 4, (uint32_t)(somewhere((uint8_t)b, address) >> 32), 4); /* fall through */
	case 2: put(at, (uint32_t)somewhere((uint8_t)b, address), 4); break;
	case 3: put(at + (FUZZ_PACKED ? 12 : 14), c, 2); break;
	case 4: put(at + (FUZZ_PACKED ? 14 : 12), c & 7 ? c & 7 : 4, 1); break;
	case 5: put(at + 4, UINT32_MAX, 4); break;
	default: /* a table or buffer at the end of a region */
		end = b & 16 ? end : RIG_DATA + 3 * RIG_DATA_SIZE;
		put(at, (uint32_t)end - 16 * (c % 4), 4);
		put(at + 8, 64, 4);
	}
}

/* Another ring in the same memory, with one thing wrong in what the driver set up. */
static void setup(uint8_t a, uint32_t c, uint64_t address)
{
	struct vmmio_ring_config config = r.rig.config;
	struct vmmio_completion answer = {0, 0};
	struct vmmio_ring_answers answers = {0};
	struct vmmio_chain chain;
	struct vmmio_ring ring;
	void *storage;

	switch (a % 4) {
	case 0: config.desc = address + r.rig.shift; break;
	case 1: config.driver = address + r.rig.shift; break;
	case 2: config.device = address + r.rig.shift; break;
	default: config.size = c;
	}
	config.size_max = RIG_SIZE_MAX;
	storage = malloc(vmmio_ring_storage(RIG_SIZE_MAX, config.max_segments, config.translate));
	FUZZ_CHECK(storage, "no memory for the test");
	if (!vmmio_ring_init(&ring, &config, r.rig.table, storage, 0)) {
		FUZZ_CHECK(config.size && config.size <= RIG_SIZE_MAX, "step %u: size %u", r.step,
			config.size);
		answer.token = vmmio_ring_pop(&ring, r.rig.table, &chain, 1) ? chain.token : 0;
		(void)vmmio_ring_complete(&ring, &answer, 1, VMMIO_RING_DROP, &answers);
	}
	free(storage);
}

static void raw(uint8_t a, uint16_t b, uint32_t c, uint64_t address)
{
	const uint64_t at = a & 0x80 ? RIG_TABLES + 16u * (b >> 8) : RIG_DESC + 16u * (b >> 8);
	const struct rig_buffer buffer = {somewhere(a & 15, address), c, false};
	const uint16_t flags = (uint16_t)((b & 7) | (b & 8 ? 0x80 : 0) | (b & 16 ? 0x8000 : 0));

	rig_put(&r.rig, at, &buffer, r.rig.config.packed ? (uint16_t)address : flags,
		r.rig.config.packed ? flags : (uint16_t)address);
}

/* A driver that loses count. */
static void jump(uint8_t a, uint32_t c)
{
	if (r.rig.config.packed) {
		put(RIG_DESC + 16u * (a % r.rig.config.size) + 14, c, 2);
		return;
	}
	put(RIG_DRIVER + 4 + 2u * (r.rig.avail % r.rig.config.size), c, 2);
	r.rig.avail = (uint16_t)(r.rig.avail + (a < 200 ? 1 : a));
	put(RIG_DRIVER + 2, r.rig.avail, 2);
}

static void check_ring(void)
{
	const struct vmmio_ring *ring = &r.rig.ring;
	uint32_t head;
	uint64_t generation;

	FUZZ_CHECK(ring->leases == r.n_out, "step %u: %u leases, not %u", r.step, ring->leases, r.n_out);
	FUZZ_CHECK(ring->in_flight <= ring->size || !ring->size, "step %u: %u in flight", r.step,
		ring->in_flight);
	FUZZ_CHECK(vmmio_ring_oldest(ring, &head, &generation) == (r.n_out != 0),
		"step %u: oldest, and %u are out", r.step, r.n_out);
	FUZZ_CHECK(!ring->fault || !ring->running, "step %u: fault %d and running", r.step, ring->fault);
}

/* The driver takes what it was given. It has no room any more once it is confused. */
static void consume(void)
{
	uint16_t head;

	for (; r.taken != r.used; r.taken++) {
		const uint64_t at = FUZZ_PACKED ? RIG_DESC + 16u * r.rig.used + 12
						: RIG_DEVICE + 4 + 8u * (r.taken % r.rig.config.size);

		memcpy(&head, rig_at(&r.rig, at, 2), 2);
		if (!rig_release(&r.rig, head))
			r.rig.free = 0;
	}
}

static void restart(void)
{
	/* A life ends when its leases are back. */
	while (r.n_out)
		complete(0, 0, VMMIO_RING_DROP);
	r.used = r.taken = 0;
	rig_restart(&r.rig);
	honest_start(&r.honest);
}

static void flush(void)
{
	const unsigned n = vmmio_ring_flush(&r.rig.ring);

	FUZZ_CHECK(n <= r.rig.config.size, "step %u: %u flushed", r.step, n);
	r.used = (uint16_t)(r.used + n);
	if (n)
		fuzz_deep();
}

static void step_device(unsigned what, uint8_t a, uint32_t c, uint64_t address)
{
	switch (what) {
	case POP: pop(a); break;
	case REWRITE: rewrite(a, (uint8_t)c); break;
	case COMPLETE: complete(a, c, VMMIO_RING_PUBLISH); break;
	case COMPLETE_ALL:
		while (r.n_out)
			complete(a++, c, VMMIO_RING_PUBLISH);
		break;
	case HOLD: complete(a, c, VMMIO_RING_HOLD); break;
	case FLUSH: flush(); break;
	case TOKEN: wrong_token(address); break;
	case NOTIFICATIONS: (void)vmmio_ring_notifications(&r.rig.ring, a & 1); break;
	case DIRTY:
		if (r.n_out)
			(void)vmmio_ring_dirty(
				&r.rig.ring, r.out[a % r.n_out].token, c, (uint32_t)address);
		break;
	case STOP:
		if (a % 8 == 0)
			complete(a, c, VMMIO_RING_DROP);
		break;
	default:
		if (a % 4 == 0)
			restart();
	}
}

static void step(struct fuzz_input *input)
{
	const unsigned what = fuzz_take8(input) % WHATS;
	const uint8_t a = fuzz_take8(input);
	const uint16_t b = fuzz_take16(input);
	const uint32_t c = fuzz_take32(input);
	const uint64_t address = fuzz_take64(input);

	/* A driver that breaks a rule. */
	if (what == DEFECT || what == SETUP || what == RAW || what == AVAIL || what == POKE ||
		what == STOP || what == GONE)
		r.honest.spoiled = true;
	switch (what) {
	case ADD:
	case ADD_INDIRECT: add(a, b, c, address, what == ADD_INDIRECT); break;
	case DEFECT: defect(a, b, c, address); break;
	case SETUP: setup(a, c, address); break;
	case RAW: raw(a, b, c, address); break;
	case AVAIL: jump(a, c); break;
	case POKE: put(somewhere(a, address), c, 1u << b % 3); break;
	case FLIP: flip_later(1 + b % 64u, somewhere(a, address), c, b & 0x300 ? 1u << (b >> 8) % 3 : 0);
		break;
	case GONE: r.rig.gone ^= UINT32_C(1) << a % 32; break;
	case EVENT: put(RIG_DRIVER + (b & 1 && !FUZZ_PACKED ? 4 + 2 * r.rig.config.size : 0), c,
			FUZZ_PACKED ? 4 : 2); break;
	default: step_device(what, a, c, address);
	}
	/* In the driver's own time, not after each step: rings have to get full. */
	if (b & 0x40)
		consume();
	(void)vmmio_ring_should_notify(&r.rig.ring);
	check_ring();
}

static void run(struct fuzz_input *input)
{
	const uint32_t size = fuzz_take8(input);
	const uint8_t bits = fuzz_take8(input);
	const struct rig_options options = {.packed = FUZZ_PACKED, .event_idx = bits & 1,
		.indirect = bits & 2, .in_order = bits & 4, .dirty = bits & 8,
		.translate = bits & 16, .crumbs = bits & 32,
		.size = FUZZ_PACKED ? 1 + size % RIG_SIZE_MAX : UINT32_C(1) << size % 7,
		.max_segments = 1 + fuzz_take8(input) % 16};

	fuzz_take8(input);
	r.n_out = 0;
	r.used = r.taken = 0;
	r.stale = 0;
	rig_up(&r.rig, &options);
	honest_start(&r.honest);
	flip_up(&r.rig, &r.honest.spoiled);
	for (r.step = 1; input->left && r.step < 1000; r.step++)
		step(input);
	rig_down(&r.rig);
}

static void make_header(struct fuzz_random *random, uint8_t *out)
{
	out[0] = (uint8_t)(3 + fuzz_below(random, 4));
	out[1] = (uint8_t)(fuzz_next(random) | 2);
	out[2] = (uint8_t)(3 + fuzz_below(random, 13));
	out[3] = 0;
}

static void make_record(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t whats[] = {ADD, ADD, ADD, ADD, ADD_INDIRECT, ADD_INDIRECT, POP, POP,
		REWRITE, REWRITE, COMPLETE, COMPLETE, COMPLETE, COMPLETE_ALL, DEFECT, FLIP, RESTART};

	memset(out, 0, 16);
	out[0] = whats[fuzz_below(random, sizeof(whats))];
	out[1] = (uint8_t)(fuzz_below(random, 4) | (fuzz_below(random, 4) ? 0x50 : 0x40));
	fuzz_put16(out + 2, (uint16_t)(0x40 | fuzz_below(random, 5)));
	fuzz_put32(out + 4, 1 + fuzz_below(random, 256));
	fuzz_put32(out + 8, fuzz_next(random));
	if (out[0] == DEFECT || out[0] == RESTART)
		out[1] = out[0] == DEFECT ? (uint8_t)fuzz_next(random) : 0;
	if (out[0] == FLIP) {
		out[1] = (uint8_t)fuzz_below(random, 4);
		fuzz_put16(out + 2, (uint16_t)(0x40 | fuzz_next(random)));
	}
	if (fuzz_below(random, 8))
		return;
	out[0] = (uint8_t)fuzz_below(random, WHATS);
	out[1] = (uint8_t)fuzz_next(random);
	fuzz_put16(out + 2, (uint16_t)fuzz_next(random));
	if (fuzz_below(random, 4) == 0)
		fuzz_put32(out + 4, UINT32_MAX >> fuzz_below(random, 32));
	fuzz_put32(out + 8, fuzz_next(random) >> fuzz_below(random, 32));
	if (out[0] == SETUP) {
		fuzz_put32(out + 4, fuzz_below(random, 80));
		fuzz_put32(out + 8, fuzz_below(random, 0x5000) * 16);
	}
}

const struct fuzz_target fuzz_target = {
	.name = FUZZ_PACKED ? "ring_packed" : "ring_split",
	.header = 4,
	.record = 16,
	.min_deep = 30,
	.deep = "ended in a used-ring write",
	.run = run,
	.make_header = make_header,
	.make_record = make_record,
};
