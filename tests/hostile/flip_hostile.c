/* SPDX-License-Identifier: BSD-3-Clause */
/* The thread that rewrites rings and tables. */
#include "hostile/put_hostile.h"

#define MAX_FLIPS 50000u

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* No buffer in the rings: what the device then reads of its own writes is another matter. */
static void flip_desc(uint64_t *state, uint8_t *desc)
{
	static const uint64_t addrs[] = {H_OUT, H_OUT + 16, H_IN, H_NEXT, H_STATUS, H_HOLE - 1,
		H_HOLE, H_TABLE, H_TABLE + 8, H_ROM, H_TOP + 1, UINT64_MAX, 0};
	static const uint32_t lens[] = {
		0, 1, 15, 16, 17, 32, 256, 511, 512, 513, 4096, 0xfffffff0, UINT32_MAX};
	static const uint16_t halves[] = {0, 1, 2, 3, 4, 5, 7, 15, 16, 0x80, 0x81, 0x83, 0x84,
		0x8000, 0x8001, 0x8003, 0x8080, 0xffff};

	switch (draw(state) % 4) {
	case 0:
		put64(desc, addrs[draw(state) % (sizeof(addrs) / sizeof(addrs[0]))]);
		break;
	case 1:
		put32(desc + 8, lens[draw(state) % (sizeof(lens) / sizeof(lens[0]))]);
		break;
	case 2:
		put16(desc + 12, halves[draw(state) % (sizeof(halves) / sizeof(halves[0]))]);
		break;
	default:
		put16(desc + 14, halves[draw(state) % (sizeof(halves) / sizeof(halves[0]))]);
	}
}

static void *rewrite(void *arg)
{
	struct hostile *h = arg;
	uint64_t state = h->seed;
	uint8_t *driver = h->areas[A_DRIVER].host;

	while (!atomic_load(&h->stop) && atomic_load(&h->flips) < MAX_FLIPS) {
		unsigned which = draw(&state) % 8;

		if (which < 4)
			flip_desc(
				&state, h->areas[A_DESC].host + 16 * (draw(&state) % HOSTILE_SIZE));
		else if (which < 7)
			flip_desc(&state,
				h->areas[A_TABLE].host + 16 * (draw(&state) % HOSTILE_DESCS));
		else
			put16(driver + 2 * (draw(&state) % (2 + HOSTILE_SIZE)),
				(uint16_t)(draw(&state) % (HOSTILE_SIZE + 2)));
		atomic_fetch_add(&h->flips, 1);
	}
	return NULL;
}

void hostile_flip(struct hostile *h, bool on)
{
	if (!h->flip)
		return;
	atomic_store(&h->stop, !on);
	if (on) {
		atomic_store(&h->flips, 0);
		ck_assert_int_eq(pthread_create(&h->flipper, NULL, rewrite, h), 0);
	} else {
		pthread_join(h->flipper, NULL);
		h->seed = h->seed * 5 + 1;
	}
}
