/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy device's buffers, on every variant of the bench and from every kind of source.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "integration/rng_rig.h"

/* How many of len bytes are not the poison: of random ones nearly all. */
static uint32_t changed(struct rng_rig *r, uint32_t at, uint32_t len)
{
	const uint8_t *bytes = (const uint8_t *)r->in.host + at;
	uint32_t n = 0;

	for (uint32_t i = 0; i < len; i++)
		n += bytes[i] != RNG_POISON;
	return n;
}

START_TEST(rng_dev_01_random_bytes)
{
	struct rng_rig *r = rng_rig_run(&(struct rng_rig_options){.variant = _i});
	static const uint32_t lens[] = {1, 2, 63, 64, 4095, 4096};

	for (unsigned i = 0; i < 6; i++) {
		rng_add(r, i * 8192, lens[i]);
		ck_assert_uint_eq(rng_wait(r, i * 8192), lens[i]);
		ck_assert_uint_eq(changed(r, i * 8192 + lens[i], 8192 - lens[i]), 0);
	}
	ck_assert_uint_ge(changed(r, 5 * 8192, 4096), 4000);
	ck_assert_mem_ne((char *)r->in.host + 4 * 8192, (char *)r->in.host + 5 * 8192, 64);
	ck_assert_uint_eq(rng_counters(r).chains, 6);
	ck_assert_uint_eq(rng_counters(r).bytes, 1 + 2 + 63 + 64 + 4095 + 4096);
	ck_assert(atomic_load(&r->line));
	rng_rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng");
	TCase *tc = fixture_tcase(s, "buffers");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, rng_dev_01_random_bytes, 0, RNG_VARIANTS);
	return fixture_main(s);
}
