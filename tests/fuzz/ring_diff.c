/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same chains through a split ring and a packed one: the device has to see the same
 * bytes to read and to write, find the same fault, notify at the same moments; the driver has
 * to get the same answers and find the same bytes written.
 *
 * Header: size, options, segments, spare.
 * Record: what, n buffers or which chain, spare, length (4), buffers (10 times 4 buffers: kind,
 * write, offset (4), length (4)).
 */
#include "fuzz.h"
#include "ring_rig.h"

#include <string.h>

enum what { ADD, ADD_INDIRECT, POP, COMPLETE, COMPLETE_ALL, WANT, QUIET, RESTART, WHATS };
enum { SPLIT, PACKED };

/* A chain that is out, seen from both sides. */
struct out {
	vmmio_token token[2];
	int head[2];
	uint32_t writable;
};

static struct {
	struct rig rig[2];
	/* The chains that were added, in order, by their heads; of the first n_out are popped. */
	int added[2][RIG_SIZE_MAX];
	unsigned n_added;
	struct out out[RIG_SIZE_MAX];
	unsigned n_out;
	bool in_order, wanted;
	unsigned step;
} d;

static uint64_t guest_address(uint8_t kind, uint32_t offset)
{
	switch (kind % 8) {
	case 0: return RIG_TOP + offset % RIG_DATA_SIZE;
	case 1: return offset; /* areas, and mostly nothing */
	case 2: return RIG_DATA + 2 * RIG_DATA_SIZE + offset % RIG_DATA_SIZE;
	case 3: return RIG_DATA + RIG_DATA_SIZE - offset % 64; /* across regions */
	default: return RIG_DATA + RIG_DATA_SIZE + offset % (RIG_DATA_SIZE - 256);
	}
}

static unsigned take_buffers(struct fuzz_input *input, unsigned n, struct rig_buffer *buffers)
{
	n = 1 + n % 4;
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t kind = fuzz_take8(input);

		buffers[i].write = fuzz_take8(input) & 1;
		buffers[i].addr = guest_address(kind, fuzz_take32(input));
		buffers[i].len = fuzz_take32(input);
		/* An area of one ring is none of the other's, and not as large. */
		if (kind % 8 == 1 && buffers[i].addr >= RIG_DESC - 0x100 && buffers[i].addr < RIG_DATA)
			buffers[i].addr = 0;
		if (kind % 8 == 1 && buffers[i].len > 0x100)
			buffers[i].len = 0x100;
	}
	return n;
}

static void add(struct fuzz_input *input, unsigned n, bool indirect)
{
	struct rig_buffer buffers[4];
	int head[2];

	n = take_buffers(input, n, buffers);
	for (unsigned k = 0; k < 2; k++)
		head[k] = rig_add(&d.rig[k], buffers, n, indirect);
	FUZZ_CHECK((head[SPLIT] < 0) == (head[PACKED] < 0), "step %u: the drivers differ", d.step);
	if (head[SPLIT] < 0)
		return;
	for (unsigned k = 0; k < 2; k++)
		d.added[k][d.n_added] = head[k];
	d.n_added++;
}

static size_t gather(const struct vmmio_iovec *iov, uint32_t n, uint8_t *bytes, size_t max)
{
	size_t total = 0;

	for (uint32_t i = 0; i < n; i++) {
		FUZZ_CHECK(iov[i].len && total + iov[i].len <= max, "step %u: piece %u has %zu bytes",
			d.step, i, (size_t)iov[i].len);
		memcpy(bytes + total, iov[i].base, iov[i].len);
		total += iov[i].len;
	}
	return total;
}

static void compare_chains(const struct vmmio_chain *s, const struct vmmio_chain *p)
{
	static uint8_t bytes[2][4 * 2 * RIG_DATA_SIZE];

	FUZZ_CHECK(s->n_readable == p->n_readable && s->n_writable == p->n_writable &&
			s->readable_len == p->readable_len && s->writable_len == p->writable_len &&
			s->pinned == p->pinned,
		"step %u: split %u+%u pieces, %u+%u bytes; packed %u+%u, %u+%u", d.step,
		s->n_readable, s->n_writable, s->readable_len, s->writable_len, p->n_readable,
		p->n_writable, p->readable_len, p->writable_len);
	FUZZ_CHECK(gather(s->readable, s->n_readable, bytes[0], sizeof(bytes[0])) ==
				gather(p->readable, p->n_readable, bytes[1], sizeof(bytes[1])) &&
			!memcmp(bytes[0], bytes[1], s->readable_len),
		"step %u: other bytes to read", d.step);
}

/* What the device writes: depends on the chain and the place alone. */
static void scribble(const struct vmmio_chain *chain)
{
	uint8_t value = (uint8_t)d.step;

	for (uint32_t i = 0; i < chain->n_writable; i++)
		for (size_t b = 0; b < chain->writable[i].len; b++)
			((uint8_t *)chain->writable[i].base)[b] = value++;
}

static void pop(unsigned max)
{
	struct vmmio_chain chains[2][RIG_SIZE_MAX];
	unsigned n[2];

	max = 1 + max % RIG_SIZE_MAX;
	for (unsigned k = 0; k < 2; k++)
		n[k] = vmmio_ring_pop(&d.rig[k].ring, d.rig[k].table, chains[k], max);
	FUZZ_CHECK(n[SPLIT] == n[PACKED] && d.rig[SPLIT].ring.fault == d.rig[PACKED].ring.fault,
		"step %u: split gives %u, fault %d; packed %u, fault %d", d.step, n[SPLIT],
		d.rig[SPLIT].ring.fault, n[PACKED], d.rig[PACKED].ring.fault);
	for (unsigned i = 0; i < n[SPLIT]; i++) {
		struct out *out = &d.out[d.n_out++];

		FUZZ_CHECK(d.n_out <= d.n_added, "step %u: more chains than were added", d.step);
		compare_chains(&chains[SPLIT][i], &chains[PACKED][i]);
		out->writable = chains[SPLIT][i].writable_len;
		for (unsigned k = 0; k < 2; k++) {
			out->token[k] = chains[k][i].token;
			out->head[k] = (int)chains[k][i].head;
			FUZZ_CHECK(out->head[k] == d.added[k][d.n_out - 1], "step %u: ring %u: head %d, not %d",
				d.step, k, out->head[k], d.added[k][d.n_out - 1]);
			scribble(&chains[k][i]);
		}
	}
}

/* Removes chain i from those that are out and added. */
static void forget(unsigned i)
{
	memmove(&d.out[i], &d.out[i + 1], (d.n_out - i - 1) * sizeof(d.out[0]));
	for (unsigned k = 0; k < 2; k++)
		memmove(&d.added[k][i], &d.added[k][i + 1],
			(d.n_added - i - 1) * sizeof(d.added[0][0]));
	d.n_out--;
	d.n_added--;
}

/* In order only the oldest is answered: held answers have a unit test. */
static void complete(unsigned which, uint32_t len)
{
	const bool running = d.rig[SPLIT].ring.running;
	unsigned i, written[2];
	struct out out;

	if (!d.n_out)
		return;
	i = d.in_order ? 0 : which % d.n_out;
	out = d.out[i];
	for (unsigned k = 0; k < 2; k++) {
		const struct vmmio_completion answer = {out.token[k], len};
		struct vmmio_ring_answers answers = {0};

		written[k] = vmmio_ring_complete(
			&d.rig[k].ring, &answer, 1, VMMIO_RING_PUBLISH, &answers);
		FUZZ_CHECK(answers.accepted == 1 && !answers.wrong && written[k] == running,
			"step %u: ring %u: accepted %u, %u written", d.step, k, answers.accepted,
			written[k]);
	}
	for (unsigned k = 0; k < 2 && running; k++) {
		uint32_t got = 0;
		const int head = rig_used(&d.rig[k], &got);

		fuzz_deep();
		FUZZ_CHECK(head == out.head[k] && got == (len < out.writable ? len : out.writable),
			"step %u: ring %u: head %d, %u bytes; not %d, %u of %u", d.step, k, head, got,
			out.head[k], len, out.writable);
	}
	forget(i);
}

static void compare_notify(void)
{
	const bool split = vmmio_ring_should_notify(&d.rig[SPLIT].ring);
	const bool packed = vmmio_ring_should_notify(&d.rig[PACKED].ring);

	FUZZ_CHECK(split == packed, "step %u: notify: split %d, packed %d", d.step, split, packed);
}

/* Said anew after each step, like a driver: on a packed ring an old event comes round again. */
static void want(bool wanted)
{
	d.wanted = wanted;
	for (unsigned k = 0; k < 2; k++)
		rig_want(&d.rig[k], wanted);
}

static void compare_memory(void)
{
	for (unsigned i = RIG_FIRST_DATA; i < RIG_REGIONS; i++)
		FUZZ_CHECK(!memcmp(d.rig[0].table->region[i].host, d.rig[1].table->region[i].host,
				   RIG_DATA_SIZE),
			"step %u: other bytes were written into region %u", d.step, i);
}

static void step(struct fuzz_input *input)
{
	const unsigned what = fuzz_take8(input) % WHATS, which = fuzz_take8(input);
	const uint32_t len = (fuzz_take16(input), fuzz_take32(input));
	struct fuzz_input rest = *input;
	const size_t size = input->left < 40 ? input->left : 40;

	input->next += size;
	input->left -= size;
	rest.left = size;
	if (what == ADD || what == ADD_INDIRECT)
		add(&rest, which, what == ADD_INDIRECT);
	else if (what == POP)
		pop(which);
	else if (what == COMPLETE)
		complete(which, len);
	else if (what == WANT || what == QUIET)
		want(what == WANT);
	if (what == COMPLETE_ALL)
		while (d.n_out)
			complete(which, len);
	if (what == RESTART && which % 8 == 0) {
		d.n_out = d.n_added = 0;
		for (unsigned k = 0; k < 2; k++)
			rig_restart(&d.rig[k]);
		want(true);
	}
	compare_notify();
	want(d.wanted);
}

static void run(struct fuzz_input *input)
{
	const uint32_t size = UINT32_C(1) << fuzz_take8(input) % 7;
	const uint8_t bits = fuzz_take8(input);
	struct rig_options options = {.event_idx = bits & 1, .indirect = bits & 2, .in_order = bits & 4,
		.dirty = bits & 8, .translate = bits & 16, .crumbs = bits & 32, .size = size, .max_segments = 1 + fuzz_take8(input) % 16};

	fuzz_take8(input);
	d.n_added = d.n_out = 0;
	d.in_order = options.in_order;
	for (unsigned k = 0; k < 2; k++) {
		options.packed = k == PACKED;
		rig_up(&d.rig[k], &options);
		for (unsigned i = RIG_FIRST_DATA; i < RIG_REGIONS; i++)
			for (unsigned b = 0; b < RIG_DATA_SIZE; b++)
				((uint8_t *)d.rig[k].table->region[i].host)[b] = (uint8_t)(b * 13 + i);
	}
	want(true); /* zeroes mean different things with EVENT_IDX */
	for (d.step = 1; input->left && d.step < 1000; d.step++)
		step(input);
	compare_memory();
	for (unsigned k = 0; k < 2; k++)
		rig_down(&d.rig[k]);
}

static void make_header(struct fuzz_random *random, uint8_t *out)
{
	out[0] = (uint8_t)fuzz_below(random, 7);
	out[1] = (uint8_t)(fuzz_next(random) | 2);
	out[2] = (uint8_t)(3 + fuzz_below(random, 13));
	out[3] = 0;
}

static void make_buffers(struct fuzz_random *random, uint8_t *out)
{
	const unsigned readable = fuzz_below(random, 5);

	for (unsigned i = 0; i < 4; i++, out += 10) {
		out[0] = fuzz_below(random, 40) ? 4 : (uint8_t)fuzz_below(random, 8);
		out[1] = fuzz_below(random, 60) ? i >= readable : (uint8_t)fuzz_next(random);
		fuzz_put32(out + 2, fuzz_next(random));
		fuzz_put32(out + 6, fuzz_below(random, 60) ? 1 + fuzz_below(random, 200)
							   : fuzz_next(random) >> fuzz_below(random, 32));
	}
}

static void make_record(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t whats[] = {ADD, ADD, ADD, ADD_INDIRECT, ADD_INDIRECT, POP, POP, POP,
		COMPLETE, COMPLETE, COMPLETE, COMPLETE_ALL, WANT, QUIET, RESTART};

	memset(out, 0, 48);
	out[0] = whats[fuzz_below(random, sizeof(whats))];
	out[1] = (uint8_t)fuzz_next(random);
	fuzz_put32(out + 4, fuzz_below(random, 300));
	make_buffers(random, out + 8);
}

const struct fuzz_target fuzz_target = {
	.name = "ring_diff",
	.header = 4,
	.record = 48,
	.min_deep = 30,
	.deep = "ended in a used-ring write",
	.run = run,
	.make_header = make_header,
	.make_record = make_record,
};
