/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers that are held back by a pause, chains that are given up by a fence, chains that
 * are being touched. Each test runs over split and packed (_i & 1), in any order and
 * IN_ORDER (_i & 2).
 */
#include "queue/slot.h"
#include "ring_rig.h"
#include "support/fixture.h"

#define VARIANTS 4

static struct vmmio_chain chains[RIG_MAX_SIZE];

static void up(struct rig *rig, int i)
{
	struct rig_options options = {.packed = i & 1, .in_order = i & 2};

	rig_up(rig, &options);
}

static void add_and_pop(struct rig *rig, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rig_add_one(rig, (uint16_t)i);
	ck_assert_uint_eq(rig_pop(rig, chains, n), n);
}

static unsigned answer(struct rig *rig, unsigned chain, uint32_t len, enum vmmio_ring_mode mode,
	struct vmmio_ring_answers *answers)
{
	const struct vmmio_completion one = {chains[chain].token, len};

	*answers = (struct vmmio_ring_answers){0};
	return vmmio_ring_complete(&rig->ring, &one, 1, mode, answers);
}

static void hold(struct rig *rig, unsigned chain, uint32_t len)
{
	struct vmmio_ring_answers answers;

	ck_assert_uint_eq(answer(rig, chain, len, VMMIO_RING_HOLD, &answers), 0);
	ck_assert_uint_eq(answers.accepted, 1);
	ck_assert_uint_eq(answers.wrong + answers.fenced, 0);
}

static void expect_wrong(struct rig *rig, unsigned chain, enum vmmio_ring_mode mode)
{
	struct vmmio_ring_answers answers;

	ck_assert_uint_eq(answer(rig, chain, 0, mode, &answers), 0);
	ck_assert_uint_eq(answers.wrong, 1);
	ck_assert_uint_eq(answers.accepted + answers.fenced, 0);
}

static void expect_no_used(struct rig *rig)
{
	uint16_t id;
	uint32_t len;

	ck_assert(!rig_used(rig, &id, &len, NULL));
}

/* n used entries, in whatever order; lens[id] each. */
static void expect_used(struct rig *rig, unsigned n, const uint32_t *lens)
{
	unsigned seen = 0;
	uint16_t id;
	uint32_t len;

	for (unsigned i = 0; i < n; i++) {
		unsigned chain = 0;

		ck_assert(rig_used(rig, &id, &len, NULL));
		while (chains[chain].head != id)
			ck_assert_uint_lt(++chain, 8);
		ck_assert(!(seen & 1u << chain));
		seen |= 1u << chain;
		ck_assert_uint_eq(len, lens[chain]);
		if (rig->config.in_order)
			ck_assert_uint_eq(chain, i);
	}
	expect_no_used(rig);
}

/* All of them, last answered first: a lease each, nothing in the ring before the flush. */
START_TEST(held_answers_appear_with_the_flush)
{
	static const uint32_t lens[] = {1, 2, 3, 4};
	struct rig rig;

	up(&rig, _i);
	add_and_pop(&rig, 4);
	for (unsigned i = 4; i-- > 0;) {
		hold(&rig, i, lens[i]);
		ck_assert_uint_eq(rig.ring.leases, i);
		expect_no_used(&rig);
	}
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 4);
	ck_assert(vmmio_ring_should_notify(&rig.ring));
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert_uint_eq(rig.ring.in_flight, 0);
	expect_used(&rig, 4, lens);
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 0);
	expect_no_used(&rig);
	rig_move_on(&rig, 20);
	rig_down(&rig);
}
END_TEST

/* Some before the pause, some during it, some after. */
START_TEST(held_answers_among_others)
{
	static const uint32_t lens[] = {11, 12, 13, 14, 15};
	struct vmmio_ring_answers answers;
	struct rig rig;
	unsigned before;

	up(&rig, _i);
	add_and_pop(&rig, 5);
	before = rig_complete(&rig, chains[1].token, lens[1]);
	ck_assert_uint_eq(before, !(_i & 2)); /* IN_ORDER: chain 0 first */
	hold(&rig, 3, lens[3]);
	hold(&rig, 0, lens[0]);
	before += vmmio_ring_flush(&rig.ring);
	ck_assert_uint_eq(before, _i & 2 ? 2 : 3);
	before += answer(&rig, 4, lens[4], VMMIO_RING_PUBLISH, &answers);
	before += answer(&rig, 2, lens[2], VMMIO_RING_PUBLISH, &answers);
	ck_assert_uint_eq(before, 5);
	expect_used(&rig, 5, lens);
	rig_move_on(&rig, 20);
	rig_down(&rig);
}
END_TEST

/* A held answer is an answer: a second one is wrong. It is cut, and not the oldest. */
START_TEST(held_answers_are_answers)
{
	static const uint32_t lens[] = {64};
	struct vmmio_ring_answers answers;
	struct rig rig;
	uint64_t generation;
	uint32_t head;

	up(&rig, _i);
	add_and_pop(&rig, 1);
	answer(&rig, 0, 1000, VMMIO_RING_HOLD, &answers);
	ck_assert_uint_eq(answers.cut, 1);
	ck_assert(!vmmio_ring_oldest(&rig.ring, &head, &generation));
	expect_wrong(&rig, 0, VMMIO_RING_HOLD);
	expect_wrong(&rig, 0, VMMIO_RING_PUBLISH);
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 1);
	expect_used(&rig, 1, lens);
	expect_wrong(&rig, 0, VMMIO_RING_PUBLISH);
	rig_down(&rig);
}
END_TEST

/* Pops go on around held answers; no slot is given out twice. */
START_TEST(held_slots_are_not_free)
{
	struct rig rig;

	up(&rig, _i);
	add_and_pop(&rig, 8);
	for (unsigned i = 0; i < 8; i++)
		hold(&rig, i, i);
	ck_assert_uint_eq(rig.ring.in_flight, 8);
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 8);
	expect_used(&rig, 8, (const uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7});
	rig_move_on(&rig, 20);
	rig_down(&rig);
}
END_TEST

/* The life is over: what is held is never published. */
START_TEST(a_drop_forgets_what_is_held)
{
	struct vmmio_ring_answers answers;
	struct rig rig;

	up(&rig, _i);
	add_and_pop(&rig, 3);
	hold(&rig, 0, 5);
	ck_assert_uint_eq(answer(&rig, 1, 5, VMMIO_RING_DROP, &answers), 0);
	ck_assert_uint_eq(answers.accepted, 1);
	ck_assert_uint_eq(rig.ring.leases, 1);
	expect_wrong(&rig, 0, VMMIO_RING_DROP);
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 0);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	/* Stopped: whatever the caller thinks of the life now. */
	ck_assert_uint_eq(answer(&rig, 2, 5, VMMIO_RING_PUBLISH, &answers), 0);
	ck_assert_uint_eq(answers.accepted, 1);
	ck_assert_uint_eq(rig.ring.leases, 0);
	expect_no_used(&rig);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_down(&rig);
}
END_TEST

START_TEST(a_fence_gives_up_what_is_out)
{
	struct vmmio_ring_answers answers;
	struct rig rig;
	uint64_t generation;
	uint32_t head;

	up(&rig, _i);
	add_and_pop(&rig, 5);
	rig_complete(&rig, chains[0].token, 5); /* answered */
	hold(&rig, 1, 5);                       /* held back */
	ck_assert_uint_eq(rig.ring.leases, 3);
	ck_assert_uint_eq(vmmio_ring_fence(&rig.ring), 3);
	ck_assert_uint_eq(vmmio_ring_fence(&rig.ring), 0);
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert(!vmmio_ring_oldest(&rig.ring, &head, &generation));
	/* Late, once each; then wrong. */
	for (unsigned i = 2; i < 5; i++) {
		ck_assert_uint_eq(answer(&rig, i, 64, VMMIO_RING_DROP, &answers), 0);
		ck_assert_uint_eq(answers.fenced, 1);
		ck_assert_uint_eq(answers.accepted + answers.wrong, 0);
		expect_wrong(&rig, i, VMMIO_RING_DROP);
	}
	expect_wrong(&rig, 0, VMMIO_RING_DROP);
	expect_wrong(&rig, 1, VMMIO_RING_DROP);
	ck_assert_uint_eq(rig.ring.leases, 0);
	ck_assert_uint_eq(vmmio_ring_flush(&rig.ring), 0);
	rig_down(&rig);
}
END_TEST

/* A fenced ring has stopped: nothing is written whatever mode an answer comes with. */
START_TEST(a_fenced_ring_writes_nothing)
{
	struct vmmio_ring_answers answers;
	struct rig rig;

	up(&rig, _i);
	add_and_pop(&rig, 2);
	rig_add_one(&rig, 7);
	ck_assert_uint_eq(vmmio_ring_fence(&rig.ring), 2);
	ck_assert_uint_eq(rig_pop(&rig, chains + 2, 1), 0);
	ck_assert_uint_eq(answer(&rig, 0, 64, VMMIO_RING_PUBLISH, &answers), 0);
	ck_assert_uint_eq(answers.fenced, 1);
	ck_assert_uint_eq(answer(&rig, 1, 64, VMMIO_RING_HOLD, &answers), 0);
	ck_assert_uint_eq(answers.fenced, 1);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	expect_no_used(&rig);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring_hold");
	TCase *hold_back = fixture_tcase(suite, "hold and flush");
	TCase *give_up = fixture_tcase(suite, "fence");

	tcase_add_loop_test(hold_back, held_answers_appear_with_the_flush, 0, VARIANTS);
	tcase_add_loop_test(hold_back, held_answers_among_others, 0, VARIANTS);
	tcase_add_loop_test(hold_back, held_answers_are_answers, 0, VARIANTS);
	tcase_add_loop_test(hold_back, held_slots_are_not_free, 0, VARIANTS);
	tcase_add_loop_test(hold_back, a_drop_forgets_what_is_held, 0, VARIANTS);
	tcase_add_loop_test(give_up, a_fence_gives_up_what_is_out, 0, VARIANTS);
	tcase_add_loop_test(give_up, a_fenced_ring_writes_nothing, 0, VARIANTS);
	return fixture_main(suite);
}
