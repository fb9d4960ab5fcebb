/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-45: two threads at one ring's words. An index that goes from 0x00ff to 0x0100 and back is
 * never seen as anything else, and what was written before it is there when it is seen.
 */
#include <pthread.h>

#include "queue/shared.h"
#include "support/fixture.h"

#define LOOKS 20000000u

static struct {
	_Alignas(64) uint32_t count; /* of changes, the index is its lower half */
	_Alignas(64) uint16_t index; /* as avail idx: a free-running number of 16 bits */
	_Alignas(64) uint16_t flips; /* two values that share no byte */
	_Alignas(64) uint32_t data[64];
	_Atomic bool stop;
} shared;

static void *write_flips(void *arg)
{
	for (unsigned i = 0; !shared.stop; i++)
		shared_store16(&shared.flips, i & 1 ? 0x00ff : 0xff00);
	return arg;
}

START_TEST(never_torn)
{
	pthread_t thread;

	shared.flips = 0x00ff;
	shared.stop = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, write_flips, NULL), 0);
	for (unsigned looks = 0; looks < LOOKS; looks++) {
		const uint16_t value = shared_load16(&shared.flips);

		if (value != 0x00ff && value != 0xff00)
			ck_abort_msg("torn: 0x%04x after %u looks", value, looks);
	}
	shared.stop = true;
	pthread_join(thread, NULL);
}
END_TEST

/* A driver that fills entries and then moves its index: an entry is never older than it. */
static void *publish(void *arg)
{
	uint32_t i = 0;

	while (!shared.stop) {
		i++;
		shared_store32(&shared.count, i);
		shared_store32(&shared.data[i % 64], i);
		shared_store16_release(&shared.index, (uint16_t)i);
	}
	*(uint32_t *)arg = i;
	return NULL;
}

START_TEST(index_after_data)
{
	uint32_t written = 0;
	pthread_t thread;

	shared.index = 0;
	shared.count = 0;
	shared.stop = false;
	ck_assert_int_eq(pthread_create(&thread, NULL, publish, &written), 0);
	for (unsigned looks = 0; looks < LOOKS; looks++) {
		const uint32_t before = shared_load32(&shared.count);
		const uint16_t index = shared_load16_acquire(&shared.index);
		const uint32_t data = shared_load32(&shared.data[index % 64]);

		/* Whoever slept meanwhile cannot tell one lap of the index from another. */
		if (shared_load32(&shared.count) - before >= 0x4000)
			continue;
		/* The entry is that of the index or of a later lap, and never of one before. */
		if ((uint16_t)(data - index) >= 0x8000 || (data - index) % 64)
			ck_abort_msg("index 0x%04x with an entry of 0x%08x", index, data);
	}
	shared.stop = true;
	pthread_join(thread, NULL);
	ck_assert_uint_eq(shared_load16(&shared.index), written % 65536);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_life_litmus");
	TCase *tc = fixture_tcase(s, "hd_45");

	tcase_add_test(tc, never_torn);
	tcase_add_test(tc, index_after_data);
	return fixture_main(s);
}
