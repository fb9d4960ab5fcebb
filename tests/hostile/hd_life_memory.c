/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-44 and 46: guest memory that is taken away under a device, and the functions that find
 * guest memory against a model.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hostile/hd_life.h"
#include "hostile/hd_life_parts.h"
#include "memory/table.h"

/* --- HD-44: memory that goes while a chain is in it ----------------------------------------------------- */

#define EXTRA UINT64_C(0x90000000)
#define EXTRA_SIZE 0x10000u

static uint8_t *map(size_t size)
{
	uint8_t *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	return at;
}

static void add_extra(struct rig *rig, uint8_t *host, size_t size)
{
	struct vmmio_region region = {.guest = EXTRA, .size = size, .host = host};

	ck_assert_int_eq(vmmio_memory_add(rig->memory, &region), 0);
}

static void aim(struct rig *rig, uint64_t guest, uint8_t *host)
{
	for (unsigned i = 0; i < 2; i++) {
		rig->buffer[i].guest = guest + 64 * i;
		rig->buffer[i].host = host + 64 * i;
	}
}

/* How a chain that is out comes back: by its completion, by a reset of its queue or device. */
enum { BY_COMPLETION, BY_QUEUE_RESET, BY_RESET, WAYS };

static void bring_back(struct rig *rig, unsigned way)
{
	switch (way) {
	case BY_COMPLETION:
		ck_assert(rig_complete(rig, 0, 64));
		break;
	case BY_QUEUE_RESET:
		rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
		rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
		rig_settle(rig);
		break;
	default:
		rig_reset(rig);
	}
}

static void remove_under_a_chain(struct rig *rig, unsigned way)
{
	struct rig_waiter w = RIG_WAITER;
	const struct vmmio_driver_area old[2] = {rig->buffer[0], rig->buffer[1]};
	uint8_t *host = map(EXTRA_SIZE), *larger;

	add_extra(rig, host, EXTRA_SIZE);
	aim(rig, EXTRA, host);
	rig_add(rig, 0, NULL); /* held: its memory is pinned */
	ck_assert_uint_eq(rig_held(rig), 1);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, EXTRA), -EBUSY);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, EXTRA, &w.waiter), VMMIO_PENDING);
	ck_assert_ptr_null(vmmio_memory_at(rig->memory, EXTRA, 1, false));
	/* Resized: the same addresses are other memory by now, and the old one is still out. */
	larger = map(2 * EXTRA_SIZE);
	add_extra(rig, larger, 2 * EXTRA_SIZE);
	ck_assert_uint_eq(atomic_load(&w.told), 0);
	bring_back(rig, way); /* writes to the old memory (puppet.dma) */
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&w.told), 1);
	ck_assert_int_eq(atomic_load(&w.result), 0);
	if (way == BY_COMPLETION)
		ck_assert_uint_eq(host[64], 0xd5);
	munmap(host, EXTRA_SIZE); /* whoever touches it from here on crashes */
	if (way != BY_COMPLETION)
		rig_up(rig);
	else
		ck_assert_int_eq(rig_reap(rig, 0), 1);
	aim(rig, EXTRA + EXTRA_SIZE, larger + EXTRA_SIZE);
	rig_check_io(rig);
	memcpy(rig->buffer, old, sizeof(old));
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, EXTRA), 0);
	munmap(larger, 2 * EXTRA_SIZE);
	ck_assert_uint_eq(atomic_load(&w.told), 1);
}

START_TEST(memory_removed_under_a_chain)
{
	for (unsigned way = 0; way < WAYS; way++) {
		struct rig *rig = hd_rig(_i, &(struct puppet){.cancel = true, .dma = true});

		rig_up(rig);
		remove_under_a_chain(rig, way);
		hd_end(rig);
	}
}
END_TEST

/* A descriptor into what is gone is a fault, as one into a hole. */
START_TEST(chain_into_removed_memory)
{
	struct rig *rig = hd_rig(_i, NULL);
	const struct vmmio_driver_area old[2] = {rig->buffer[0], rig->buffer[1]};
	uint8_t *host = map(EXTRA_SIZE);

	rig_up(rig);
	add_extra(rig, host, EXTRA_SIZE);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, EXTRA), 0);
	munmap(host, EXTRA_SIZE);
	aim(rig, EXTRA, host);
	rig_add(rig, 0, NULL);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET, 0);
	memcpy(rig->buffer, old, sizeof(old));
	hd_end(rig);
}
END_TEST

/* --- HD-46: finding guest memory, against a model ----------------------------------------------------------- */

#define REGIONS 8u
#define CALLS 4000u
#define TABLES 200u

/* Region by region and in 128 bits: nothing to be clever about. */
struct model {
	unsigned n;
	struct vmmio_region region[REGIONS];
};

__extension__ typedef unsigned __int128 wide;

static bool overlap(const struct vmmio_region *a, const struct vmmio_region *b)
{
	return (wide)a->guest < (wide)b->guest + b->size && (wide)b->guest < (wide)a->guest + a->size;
}

static int model_add(struct model *m, const struct vmmio_region *r)
{
	const wide end = (wide)1 << 64;

	if (r->size == 0 || !r->host || r->flags & ~3u || (wide)r->guest + r->size > end ||
		(wide)(uintptr_t)r->host + r->size > end)
		return -EINVAL;
	for (unsigned i = 0; i < m->n; i++)
		if (overlap(&m->region[i], r))
			return -EEXIST;
	m->region[m->n++] = *r;
	return 0;
}

static void *model_at(const struct model *m, uint64_t guest, uint64_t size, bool write)
{
	for (unsigned i = 0; size && i < m->n; i++) {
		const struct vmmio_region *r = &m->region[i];

		if (guest >= r->guest && (wide)guest + size <= (wide)r->guest + r->size)
			return write && r->flags & VMMIO_REGION_READ_ONLY ? NULL :
				(void *)((uintptr_t)r->host + (uintptr_t)(guest - r->guest));
	}
	return NULL;
}

/* Near each other, so that they meet: low, around 2^32, and up to the last byte there is. */
static uint64_t any_guest(uint64_t *seed)
{
	static const uint64_t base[] = {0, 0xfffffff0, UINT64_MAX - 63, 0x7ffffffffffffff0};
	const uint64_t r = hd_random(seed);

	return base[r % 4] + (r >> 8) % 64;
}

static uint64_t any_size(uint64_t *seed)
{
	static const uint64_t odd[] = {0, 1, 2, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX - 1,
		UINT64_MAX, UINT64_C(1) << 63};
	const uint64_t r = hd_random(seed);

	return r % 3 ? (r >> 8) % 24 : odd[(r >> 8) % 8];
}

static struct vmmio_region any_region(uint64_t *seed)
{
	const uint64_t r = hd_random(seed);

	/* Never touched: any host address does. */
	return (struct vmmio_region){
		.guest = any_guest(seed),
		.size = any_size(seed),
		.host = r % 16 ? (void *)(uintptr_t)(hd_random(seed) >> r % 3) : NULL,
		.flags = (uint32_t)(r >> 8) % 32 ? (uint32_t)(r >> 16) % 4 : 4,
	};
}

static void ask(struct vmmio_memory *memory, const struct model *m, uint64_t *seed)
{
	const struct vmmio_memory_table *table = vmmio_memory_table(memory);
	uint32_t hint = (uint32_t)hd_random(seed) % (2 * REGIONS);

	for (unsigned i = 0; i < CALLS; i++) {
		const uint64_t guest = any_guest(seed), size = any_size(seed);
		const bool write = hd_random(seed) % 2;
		void *expected = model_at(m, guest, size, write);

		hd_check(vmmio_memory_at(memory, guest, size, write) == expected);
		hd_check(vmmio_table_at(table, guest, size, write, &hint) == expected);
		hd_check(!!vmmio_table_find(table, guest, &hint) == !!model_at(m, guest, 1, false));
		if (hd_random(seed) % 8 == 0)
			hint = (uint32_t)hd_random(seed); /* of another table, of none */
	}
}

START_TEST(addresses_against_a_model)
{
	uint64_t seed = UINT64_C(0x46) + (uint64_t)_i;
	unsigned added = 0;

	fixture_expect_log("");
	for (unsigned n = 0; n < TABLES / 4; n++) {
		struct model m = {0};
		struct vmmio_memory *memory;
		const struct vmmio_log log = fixture_log();

		ck_assert_int_eq(vmmio_memory_create(&log, &memory), 0);
		for (unsigned i = 0; i < 24 && m.n < REGIONS; i++) {
			const struct vmmio_region region = any_region(&seed);

			ck_assert_int_eq(vmmio_memory_add(memory, &region), model_add(&m, &region));
		}
		ask(memory, &m, &seed);
		added += m.n;
		while (m.n) { /* and one after the other away again */
			const unsigned i = (unsigned)(hd_random(&seed) % m.n);

			ck_assert_int_eq(vmmio_memory_try_remove(memory, m.region[i].guest), 0);
			m.region[i] = m.region[--m.n];
			if (m.n == REGIONS / 2)
				ask(memory, &m, &seed);
		}
		ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
	}
	ck_assert_uint_gt(added, TABLES / 4 * 3);
}
END_TEST

/* What a translate hook says is bounded too, whatever it says. */
struct answer {
	int result;
	uint64_t guest, got;
};

static int hook(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	const struct answer *h = ctx;

	(void)iova, (void)len, (void)write;
	*guest = h->guest;
	*got = h->got;
	return h->result;
}

START_TEST(translations_against_a_model)
{
	uint64_t seed = UINT64_C(0x4646) + (uint64_t)_i;
	struct answer h;
	struct vmmio_memory_table table = {.translate = hook, .translate_ctx = &h};

	for (unsigned i = 0; i < 100000; i++) {
		const uint64_t len = any_size(&seed);
		uint64_t guest = 0xa5, got = 0xa5;
		int result;

		h = (struct answer){hd_random(&seed) % 4 ? 0 : -EFAULT, any_guest(&seed),
			any_size(&seed)};
		result = vmmio_table_translate(
			&table, any_guest(&seed), len, i % 2, &guest, &got);
		if (h.result || h.got == 0) {
			hd_check(result == -EFAULT && guest == 0xa5 && got == 0xa5);
			continue;
		}
		hd_check(result == 0 && guest == h.guest);
		hd_check(got == (h.got < len ? h.got : len));
	}
}
END_TEST

void hd_life_memory(Suite *s)
{
	TCase *tc = fixture_tcase(s, "hd_44");

	tcase_add_loop_test(tc, memory_removed_under_a_chain, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, chain_into_removed_memory, 0, RIG_VARIANTS);
	tc = fixture_tcase(s, "hd_46");
	tcase_add_loop_test(tc, addresses_against_a_model, 0, 4);
	tcase_add_loop_test(tc, translations_against_a_model, 0, 4);
}
