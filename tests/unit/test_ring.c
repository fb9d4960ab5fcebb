/* SPDX-License-Identifier: BSD-3-Clause */
/* What split and packed rings have in common; each test runs over both (_i: packed). */
#include "queue/slot.h"
#include "ring_rig.h"
#include "support/fixture.h"

#include <string.h>

static struct vmmio_chain chains[RIG_MAX_SIZE];

static struct rig_options with(int packed)
{
	return (struct rig_options){.packed = packed};
}

static void add_and_pop(struct rig *rig, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		rig_add_one(rig, (uint16_t)i);
	ck_assert_uint_eq(rig_pop(rig, chains, n), n);
}

static void expect_used(struct rig *rig, uint16_t want_id, uint32_t want_len)
{
	uint16_t id;
	uint32_t len;

	ck_assert(rig_used(rig, &id, &len, NULL));
	ck_assert_uint_eq(id, want_id);
	ck_assert_uint_eq(len, want_len);
}

static void expect_no_used(struct rig *rig)
{
	uint16_t id;
	uint32_t len;

	ck_assert(!rig_used(rig, &id, &len, NULL));
}

/* HD-27, SPLIT-DEV-25, PACKED-DEV-19 are in rig_down: guards around every area. */
START_TEST(a_chain_becomes_iovecs)
{
	struct rig rig;
	struct rig_options options = with(_i);
	const struct rig_buffer buffers[] = {
		{RIG_DATA, 16, false}, {RIG_DATA + 0x101, 33, false}, {RIG_DATA + 0x1000, 512, true}};
	uint16_t head;

	rig_up(&rig, &options);
	head = rig_add(&rig, buffers, 3, 5);
	ck_assert_uint_eq(rig_pop(&rig, chains, 4), 1);
	ck_assert_uint_eq(chains[0].head, head);
	ck_assert_uint_eq(chains[0].n_readable, 2);
	ck_assert_uint_eq(chains[0].n_writable, 1);
	ck_assert_uint_eq(chains[0].readable_len, 49);
	ck_assert_uint_eq(chains[0].writable_len, 512);
	ck_assert_ptr_eq(chains[0].readable[1].base, rig_at(&rig, RIG_DATA + 0x101));
	ck_assert_uint_eq(chains[0].readable[1].len, 33);
	ck_assert_ptr_eq(chains[0].writable[0].base, rig_at(&rig, RIG_DATA + 0x1000));
	ck_assert_uint_eq(chains[0].writable[0].len, 512);
	ck_assert(chains[0].pinned);
	ck_assert_uint_ne(chains[0].token, 0);
	ck_assert_uint_eq(rig.ring.leases, 1);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 512), 1);
	ck_assert_uint_eq(rig.ring.leases, 0);
	expect_used(&rig, head, 512);
	expect_no_used(&rig);
	rig_down(&rig);
}
END_TEST

/* HD-10: the same work in batches of any size; one lap after the other. */
START_TEST(batches_of_all_sizes)
{
	static const unsigned batch[] = {1, 3, 4, 5, 8};
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned round, i;

	rig_up(&rig, &options);
	for (round = 0; round < 100; round++) {
		const unsigned n = batch[round % 5];
		struct vmmio_completion done[8];
		struct vmmio_ring_answers answers = {0};

		add_and_pop(&rig, n);
		for (i = 0; i < n; i++)
			done[i] = (struct vmmio_completion){chains[i].token, i};
		ck_assert_uint_eq(vmmio_ring_complete(&rig.ring, done, n, VMMIO_RING_PUBLISH, &answers), n);
		ck_assert_uint_eq(answers.accepted, n);
		ck_assert_uint_eq(answers.wrong + answers.cut, 0);
		for (i = 0; i < n; i++)
			expect_used(&rig, (uint16_t)chains[i].head, i);
		expect_no_used(&rig);
	}
	rig_down(&rig);
}
END_TEST

START_TEST(pop_takes_no_more_than_asked)
{
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 8; i++)
		rig_add_one(&rig, (uint16_t)i);
	ck_assert_uint_eq(rig_pop(&rig, chains, 0), 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 3), 3);
	ck_assert_uint_eq(rig_pop(&rig, chains + 3, 100), 5);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	ck_assert_uint_eq(rig.ring.leases, 8);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_NONE);
	rig_down(&rig);
}
END_TEST

START_TEST(out_of_order_answers_are_used_in_their_order)
{
	struct rig_options options = with(_i);
	struct rig rig;
	uint32_t head;
	uint64_t generation;

	rig_up(&rig, &options);
	add_and_pop(&rig, 3);
	ck_assert(vmmio_ring_oldest(&rig.ring, &head, &generation));
	ck_assert_uint_eq(head, chains[0].head);
	ck_assert_uint_eq(rig_complete(&rig, chains[2].token, 1), 1);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 2), 1);
	ck_assert(vmmio_ring_oldest(&rig.ring, &head, &generation));
	ck_assert_uint_eq(head, chains[1].head);
	ck_assert_uint_eq(rig_complete(&rig, chains[1].token, 3), 1);
	ck_assert(!vmmio_ring_oldest(&rig.ring, &head, &generation));
	expect_used(&rig, (uint16_t)chains[2].head, 1);
	expect_used(&rig, (uint16_t)chains[0].head, 2);
	expect_used(&rig, (uint16_t)chains[1].head, 3);
	rig_down(&rig);
}
END_TEST

/* Each is refused, and changes neither the ring nor the leases. */
START_TEST(wrong_tokens_are_ignored)
{
	struct rig_options options = with(_i);
	struct vmmio_completion bad[8];
	struct vmmio_ring_answers answers = {0};
	unsigned i, n = 0;
	struct rig rig;

	rig_up(&rig, &options);
	add_and_pop(&rig, 2);
	rig_complete(&rig, chains[0].token, 0);
	expect_used(&rig, (uint16_t)chains[0].head, 0);
	bad[n++].token = 0;
	bad[n++].token = UINT64_MAX;
	bad[n++].token = chains[0].token;                    /* answered already */
	bad[n++].token = chains[1].token + (1 << 16);        /* generation to come */
	bad[n++].token = chains[1].token - (1 << 16);        /* generation gone by */
	bad[n++].token = chains[1].token ^ 1;                /* another slot */
	bad[n++].token = (chains[1].token & ~0xffffull) | 8; /* no slot */
	for (i = 0; i < n; i++)
		bad[i].len = 1;
	ck_assert_uint_eq(
		vmmio_ring_complete(&rig.ring, bad, n, VMMIO_RING_PUBLISH, &answers), 0);
	ck_assert_uint_eq(answers.accepted, 0);
	ck_assert_uint_eq(answers.wrong, n);
	ck_assert_uint_eq(rig.ring.leases, 1);
	expect_no_used(&rig);
	rig_down(&rig);
}
END_TEST

START_TEST(second_answer_in_one_batch_is_wrong)
{
	struct rig_options options = with(_i);
	struct vmmio_completion twice[2];
	struct vmmio_ring_answers answers = {0};
	struct rig rig;

	rig_up(&rig, &options);
	add_and_pop(&rig, 1);
	twice[0] = twice[1] = (struct vmmio_completion){chains[0].token, 64};
	ck_assert_uint_eq(
		vmmio_ring_complete(&rig.ring, twice, 2, VMMIO_RING_PUBLISH, &answers), 1);
	ck_assert_uint_eq(answers.accepted, 1);
	ck_assert_uint_eq(answers.wrong, 1);
	ck_assert_uint_eq(rig.ring.leases, 0);
	rig_down(&rig);
}
END_TEST

START_TEST(tokens_of_an_earlier_life_are_stale)
{
	struct rig_options options = with(_i);
	struct vmmio_completion old;
	struct vmmio_ring_answers answers = {0};
	struct rig rig;

	rig_up(&rig, &options);
	add_and_pop(&rig, 1);
	old = (struct vmmio_completion){chains[0].token, 0};
	ck_assert_int_eq(rig_restart(&rig), VMMIO_FAULT_NONE);
	add_and_pop(&rig, 1);
	ck_assert_uint_ne(old.token, chains[0].token);
	ck_assert_uint_eq(
		vmmio_ring_complete(&rig.ring, &old, 1, VMMIO_RING_PUBLISH, &answers), 0);
	ck_assert_uint_eq(answers.wrong, 1);
	ck_assert_uint_eq(rig.ring.leases, 1);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 0), 1);
	rig_down(&rig);
}
END_TEST

START_TEST(generation_zero_is_skipped)
{
	struct rig_options options = with(_i);
	struct rig rig;
	uint32_t head;
	uint64_t generation;

	options.generation = UINT64_C(0xfffffffffffe);
	rig_up(&rig, &options);
	add_and_pop(&rig, 3);
	ck_assert_uint_eq(chains[0].token >> 16, UINT64_C(0xffffffffffff));
	ck_assert_uint_eq(chains[1].token >> 16, 1);
	ck_assert_uint_eq(chains[2].token >> 16, 2);
	ck_assert(vmmio_ring_oldest(&rig.ring, &head, &generation));
	ck_assert_uint_eq(head, chains[0].head);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 0), 1);
	rig_down(&rig);
}
END_TEST

/* HD-06, HD-15: what the driver calls a buffer is no key of ours. */
START_TEST(duplicate_heads_in_flight)
{
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 2; i++) {
		rig.cursor = 3;
		rig_add_one(&rig, 3);
	}
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 2);
	ck_assert_uint_eq(chains[0].head, chains[1].head);
	ck_assert_uint_ne(chains[0].token, chains[1].token);
	ck_assert_ptr_ne(chains[0].writable, chains[1].writable);
	ck_assert_uint_eq(rig_complete(&rig, chains[1].token, 7), 1);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 9), 1);
	expect_used(&rig, 3, 7);
	expect_used(&rig, 3, 9);
	rig_down(&rig);
}
END_TEST

/* HD-28 */
START_TEST(len_is_cut_to_what_is_writable)
{
	const struct rig_buffer buffers[] = {{RIG_DATA, 1000, false}, {RIG_DATA, 64, true}};
	static const uint32_t lens[] = {64, 65, 1064, UINT32_MAX};
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 4; i++) {
		const uint16_t head = rig_add(&rig, buffers, 2, 0);
		struct vmmio_completion done = {0, lens[i]};
		struct vmmio_ring_answers answers = {0};

		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
		done.token = chains[0].token;
		vmmio_ring_complete(&rig.ring, &done, 1, VMMIO_RING_PUBLISH, &answers);
		ck_assert_uint_eq(answers.cut, lens[i] > 64);
		expect_used(&rig, head, 64);
	}
	rig_down(&rig);
}
END_TEST

/* I7: the life is over. Nothing in guest memory may change, the leases come back. */
START_TEST(unpublished_answers_write_nothing)
{
	static unsigned char before[3][RIG_MAX_SIZE * 16];
	struct rig_options options = with(_i);
	struct vmmio_completion done[3];
	struct vmmio_ring_answers answers = {0};
	unsigned i;
	struct rig rig;

	options.in_order = true;
	rig_up(&rig, &options);
	add_and_pop(&rig, 3);
	rig_complete(&rig, chains[1].token, 64); /* held */
	for (i = 0; i < 3; i++) {
		memcpy(before[i], rig.table->region[i].host, rig.table->region[i].size);
		done[i] = (struct vmmio_completion){chains[i].token, 64};
	}
	ck_assert_uint_eq(
		vmmio_ring_complete(&rig.ring, done, 3, VMMIO_RING_DROP, &answers), 0);
	ck_assert_uint_eq(answers.accepted, 2);
	ck_assert_uint_eq(answers.wrong, 1);
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	ck_assert(!vmmio_ring_notifications(&rig.ring, true));
	rig_add_one(&rig, 4);
	memcpy(before[0], rig.table->region[0].host, rig.table->region[0].size);
	memcpy(before[1], rig.table->region[1].host, rig.table->region[1].size);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	for (i = 0; i < 3; i++)
		ck_assert_mem_eq(before[i], rig.table->region[i].host, rig.table->region[i].size);
	rig_down(&rig);
}
END_TEST

/* A fault leaves what was popped before it alone, and publishes nothing after it. */
START_TEST(broken_ring_takes_answers_and_is_silent)
{
	const struct rig_buffer nowhere = {RIG_HOLE, 1, true};
	struct rig_options options = with(_i);
	unsigned char before[8 * 16];
	struct rig rig;

	rig_up(&rig, &options);
	rig_add_one(&rig, 0);
	rig_add_one(&rig, 1);
	rig_add(&rig, &nowhere, 1, 2);
	rig_add_one(&rig, 3);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 2);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_BUFFER_MEMORY);
	ck_assert_uint_eq(rig.ring.leases, 2);
	ck_assert_uint_eq(rig_pop(&rig, chains + 2, 8), 0);
	memcpy(before, rig_at(&rig, RIG_DESC), sizeof(before));
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 5), 0);
	ck_assert_uint_eq(rig_complete(&rig, chains[1].token, 5), 0);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	ck_assert(!vmmio_ring_notifications(&rig.ring, false));
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert_mem_eq(before, rig_at(&rig, RIG_DESC), sizeof(before));
	expect_no_used(&rig);
	/* HD-35: and starts again. */
	ck_assert_int_eq(rig_restart(&rig), VMMIO_FAULT_NONE);
	add_and_pop(&rig, 8);
	rig_down(&rig);
}
END_TEST

/* SPLIT-DEV-30, PACKED-DEV-20: every order of answering 4 chains. */
START_TEST(in_order_holds_answers_back)
{
	struct rig_options options = with(_i / 24);
	unsigned left[4] = {0, 1, 2, 3}, answered = 0, used = 0, code = (unsigned)_i % 24, i, k;
	struct rig rig;

	options.in_order = true;
	rig_up(&rig, &options);
	/* So that positions wrap and slots come back in another order. */
	add_and_pop(&rig, 6);
	for (i = 6; i-- > 0;)
		rig_complete(&rig, chains[i].token, 0);
	for (i = 0; i < 6; i++)
		expect_used(&rig, (uint16_t)chains[i].head, 0);
	add_and_pop(&rig, 4);
	for (i = 4; i > 0; i--) {
		const unsigned at = code % i, which = left[at];
		unsigned now_used = used;

		code /= i;
		memmove(left + at, left + at + 1, sizeof(left) - (at + 1) * sizeof(left[0]));
		answered |= 1u << which;
		while (answered >> now_used & 1)
			now_used++;
		ck_assert_uint_eq(
			rig_complete(&rig, chains[which].token, which), now_used - used);
		ck_assert_uint_eq(rig.ring.leases, i - 1);
		for (k = used; k < now_used; k++)
			expect_used(&rig, (uint16_t)chains[k].head, k);
		expect_no_used(&rig);
		used = now_used;
	}
	ck_assert_uint_eq(used, 4);
	rig_down(&rig);
}
END_TEST

/* Slots that come back between pops are taken again out of their order. */
START_TEST(in_order_while_slots_come_back)
{
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned i;

	options.in_order = true;
	rig_up(&rig, &options);
	add_and_pop(&rig, 2);
	ck_assert_uint_eq(rig_complete(&rig, chains[0].token, 0), 1);
	expect_used(&rig, (uint16_t)chains[0].head, 0);
	for (i = 2; i < 5; i++) {
		rig_add_one(&rig, (uint16_t)i);
		ck_assert_uint_eq(rig_pop(&rig, chains + i, 1), 1);
	}
	for (i = 4; i > 1; i--)
		ck_assert_uint_eq(rig_complete(&rig, chains[i].token, i), 0);
	ck_assert_uint_eq(rig_complete(&rig, chains[1].token, 1), 4);
	for (i = 1; i < 5; i++)
		expect_used(&rig, (uint16_t)chains[i].head, i);
	rig_down(&rig);
}
END_TEST

/* --- Notifications ----------------------------------------------------------- */

static struct rig *armed;
static const struct vmmio_ring_ops *real_ops;

static bool add_then_arm(struct vmmio_ring *ring)
{
	rig_add_one(armed, 0);
	return real_ops->arm(ring);
}

/* A driver that adds a buffer between our look at the ring and our asking for a
 * notification sends none: the ring has to be looked at again. */
START_TEST(buffer_that_comes_before_the_event)
{
	struct rig_options options = with(_i & 1);
	struct vmmio_ring_ops ops;
	struct rig rig;

	options.event_idx = _i & 2;
	rig_up(&rig, &options);
	armed = &rig;
	real_ops = rig.ring.ops;
	ops = *real_ops;
	ops.arm = add_then_arm;
	rig.ring.ops = &ops;
	ck_assert_uint_eq(rig_pop(&rig, chains, 4), 1);
	rig.ring.ops = real_ops;
	ck_assert_uint_eq(rig_pop(&rig, chains, 4), 0);
	rig_down(&rig);
}
END_TEST

/* SPLIT-DEV-03, -06, PACKED-DEV-04: what the device only reads may be read-only. */
START_TEST(nothing_readable_is_written)
{
	static unsigned char data[RIG_BYTES], table[RIG_MAX_SIZE * 16];
	const struct rig_buffer buffers[] = {{RIG_DATA, 100, false}, {RIG_DATA2, 10, true}};
	struct rig_options options = with(_i);
	struct rig rig;
	unsigned i;

	options.rom_rings = true;
	rig_up(&rig, &options);
	memset(rig_at(&rig, RIG_DATA), 0x3c, RIG_BYTES);
	memcpy(data, rig_at(&rig, RIG_DATA), RIG_BYTES);
	for (i = 0; i < 40; i++) {
		const uint16_t head = rig_add(&rig, buffers, 2, (uint16_t)(i % 8));

		memcpy(table, rig_at(&rig, RIG_DESC), 8 * 16);
		ck_assert_uint_eq(rig_pop(&rig, chains, 2), 1);
		rig_complete(&rig, chains[0].token, i % 11);
		if (!_i)
			ck_assert_mem_eq(table, rig_at(&rig, RIG_DESC), 8 * 16);
		expect_used(&rig, head, i % 11);
	}
	ck_assert_mem_eq(data, rig_at(&rig, RIG_DATA), RIG_BYTES);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *tc = fixture_tcase(s, "chains");

	tcase_add_loop_test(tc, a_chain_becomes_iovecs, 0, 2);
	tcase_add_loop_test(tc, batches_of_all_sizes, 0, 2);
	tcase_add_loop_test(tc, pop_takes_no_more_than_asked, 0, 2);
	tcase_add_loop_test(tc, nothing_readable_is_written, 0, 2);
	tcase_add_loop_test(tc, buffer_that_comes_before_the_event, 0, 4);
	tc = fixture_tcase(s, "tokens");
	tcase_add_loop_test(tc, out_of_order_answers_are_used_in_their_order, 0, 2);
	tcase_add_loop_test(tc, wrong_tokens_are_ignored, 0, 2);
	tcase_add_loop_test(tc, second_answer_in_one_batch_is_wrong, 0, 2);
	tcase_add_loop_test(tc, tokens_of_an_earlier_life_are_stale, 0, 2);
	tcase_add_loop_test(tc, generation_zero_is_skipped, 0, 2);
	tcase_add_loop_test(tc, duplicate_heads_in_flight, 0, 2);
	tcase_add_loop_test(tc, len_is_cut_to_what_is_writable, 0, 2);
	tcase_add_loop_test(tc, unpublished_answers_write_nothing, 0, 2);
	tcase_add_loop_test(tc, broken_ring_takes_answers_and_is_silent, 0, 2);
	tcase_add_loop_test(tc, in_order_holds_answers_back, 0, 48);
	tcase_add_loop_test(tc, in_order_while_slots_come_back, 0, 2);
	return fixture_main(s);
}
