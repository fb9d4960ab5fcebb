/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounce mode when nothing goes wrong: every kind of request moves the right bytes, and the
 * dirty log has those that reached the guest.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "integration/bounce_rig.h"

#define SECTOR 512u
#define OPS 150u
#define BIG (320u << 10) /* more than one bounce buffer holds */
#define PAGE 4096u

static uint8_t model[DISK_SECTORS * SECTOR];

static bool opened(struct bounce *b, int number)
{
	const char *why = bounce_open(b, number, NULL);

	if (why)
		fixture_skip(why);
	return !why;
}

/* len bytes in up to three pieces, none of them aligned to anything. */
static void cut(uint32_t *lens, uint32_t len, unsigned *seed)
{
	uint32_t first = 1 + (uint32_t)rand_r(seed) % (len - 2);

	lens[0] = first;
	lens[1] = 1 + (uint32_t)rand_r(seed) % (len - first - 1 ? len - first - 1 : 1);
	lens[2] = len - first - lens[1];
}

static void check_read(struct bounce *b, uint32_t sector, uint32_t len, unsigned *seed)
{
	struct disk_cut request = {.out = {16}};
	unsigned n = 0;

	cut(request.in, len, seed);
	while (request.in[n])
		n++;
	request.in[n] = 1;
	disk_header(b->disk, VMMIO_BLK_T_IN, sector);
	ck_assert_int_eq(disk_send(b->disk, &request, NULL), VMMIO_BLK_S_OK);
	ck_assert_mem_eq(b->disk->in.host, model + sector * SECTOR, len);
}

static void do_write(struct bounce *b, uint32_t sector, uint32_t len, unsigned *seed)
{
	struct disk_cut request = {.in = {1}};
	uint8_t *out = (uint8_t *)b->disk->out.host + 16;

	for (uint32_t i = 0; i < len; i++)
		model[sector * SECTOR + i] = out[i] = (uint8_t)rand_r(seed);
	cut(request.out + 1, len, seed);
	request.out[0] = 16;
	disk_header(b->disk, VMMIO_BLK_T_OUT, sector);
	ck_assert_int_eq(disk_send(b->disk, &request, NULL), VMMIO_BLK_S_OK);
}

static void do_zeroes(struct bounce *b, uint32_t sector, uint32_t len, unsigned *seed)
{
	struct vmmio_blk_segment segment =
		disk_segment(sector, len / SECTOR, (uint32_t)rand_r(seed) % 2);

	memset(model + sector * SECTOR, 0, len);
	memcpy((uint8_t *)b->disk->out.host + 16, &segment, sizeof(segment));
	ck_assert_int_eq(
		disk_do(b->disk, VMMIO_BLK_T_WRITE_ZEROES, 0, sizeof(segment)), VMMIO_BLK_S_OK);
}

/* Whole pages, which a hole makes zero on these stores. */
static void do_discard(struct bounce *b, uint32_t sector)
{
	struct vmmio_blk_segment segment = disk_segment(sector & ~7u, 8, 0);

	memset(model + (sector & ~7u) * SECTOR, 0, PAGE);
	memcpy((uint8_t *)b->disk->out.host + 16, &segment, sizeof(segment));
	ck_assert_int_eq(
		disk_do(b->disk, VMMIO_BLK_T_DISCARD, 0, sizeof(segment)), VMMIO_BLK_S_OK);
}

START_TEST(right_bytes)
{
	struct bounce b;
	unsigned seed = (unsigned)_i + 1;

	if (!opened(&b, _i))
		return;
	memset(model, 0xa5, sizeof(model));
	for (unsigned i = 0; i < OPS; i++) {
		uint32_t sector = (uint32_t)rand_r(&seed) % DISK_SECTORS;
		uint32_t n = 1 + (uint32_t)rand_r(&seed) % 100;
		uint32_t len = (sector + n > DISK_SECTORS ? DISK_SECTORS - sector : n) * SECTOR;

		switch (rand_r(&seed) % 6) {
		case 0:
			do_zeroes(&b, sector, len, &seed);
			break;
		case 1:
			do_discard(&b, sector);
			break;
		case 2:
		case 3:
			do_write(&b, sector, len, &seed);
			break;
		default:
			check_read(&b, sector, len, &seed);
		}
	}
	ck_assert_int_eq(disk_do(b.disk, VMMIO_BLK_T_FLUSH, 0, 0), VMMIO_BLK_S_OK);
	check_read(&b, 0, DISK_SECTORS * SECTOR / 2, &seed);
	check_read(&b, DISK_SECTORS / 2, DISK_SECTORS * SECTOR / 2, &seed);
	bounce_close(&b);
}
END_TEST

/* --- In several pieces ---------------------------------------------------------------------- */

static void send_big(struct bounce *b, uint32_t type, const struct vmmio_driver_area *area)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b->disk->driver, 0);
	/* The second bounce buffer has bytes of both data segments. */
	struct vmmio_driver_seg segs[] = {{b->disk->out.guest, 16}, {area->guest, BIG - 10000},
		{area->guest + BIG - 10000, 10000}, {area->guest + BIG, 1}};
	struct vmmio_driver_chain chain = {.out = segs};

	chain.n_out = type == VMMIO_BLK_T_OUT ? 3 : 1;
	chain.in = segs + chain.n_out;
	chain.n_in = 4 - chain.n_out;
	disk_header(b->disk, type, 1);
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
}

static void do_big(struct bounce *b, uint32_t type, const struct vmmio_driver_area *area)
{
	struct vmmio_driver_used used;

	send_big(b, type, area);
	ck_assert_int_eq(vmmio_driver_queue_wait(vmmio_driver_queue(b->disk->driver, 0), &used,
				 VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_uint_eq(used.len, type == VMMIO_BLK_T_OUT ? 1 : BIG + 1);
	ck_assert_uint_eq(((uint8_t *)area->host)[BIG], VMMIO_BLK_S_OK);
}

static struct vmmio_driver_area grow(struct bounce *b)
{
	struct vmmio_driver_area area;

	ck_assert_int_eq(ftruncate(b->disk->image, 2 * BIG), 0);
	ck_assert_int_eq(vmmio_blk_resize(b->disk->blk), 0);
	ck_assert_int_eq(vmmio_driver_alloc(b->disk->driver, BIG + PAGE, PAGE, &area), 0);
	return area;
}

/* Takes what the log has. */
static bool is_dirty(struct bounce *b, const void *host)
{
	uint64_t words[4], page = (uint64_t)((const uint8_t *)host - b->disk->ram) / PAGE;

	ck_assert_int_eq(vmmio_memory_dirty_get(b->disk->memory, b->disk->guest, words, 4), 0);
	return words[page / 64] >> page % 64 & 1;
}

START_TEST(large_requests)
{
	static uint8_t expected[BIG];
	struct vmmio_driver_area area;
	struct bounce b;

	if (!opened(&b, _i))
		return;
	area = grow(&b);
	for (uint32_t i = 0; i < BIG; i++)
		expected[i] = (uint8_t)(i * 31 + (i >> 12));
	memcpy(area.host, expected, BIG);
	do_big(&b, VMMIO_BLK_T_OUT, &area);
	memset(area.host, 0, BIG);
	do_big(&b, VMMIO_BLK_T_IN, &area);
	ck_assert_mem_eq(area.host, expected, BIG);
	bounce_close(&b);
}
END_TEST

/* The first piece has reached the guest, which the log has to say, when the second is stuck. */
START_TEST(the_first_piece_is_logged)
{
	struct vmmio_driver_area area;
	struct bounce b;

	if (!opened(&b, _i))
		return;
	area = grow(&b);
	memset(area.host, 0, area.size);
	ck_assert_int_eq(vmmio_memory_dirty_start(b.disk->memory), 0);
	bounce_arm(1, 1);
	send_big(&b, VMMIO_BLK_T_IN, &area);
	uffd_wait(b.uffd, 1);
	bounce_reset(&b);
	ck_assert_uint_eq(bounce_orphans(&b), 1);
	ck_assert_uint_eq(((uint8_t *)area.host)[0], 0xa5);
	ck_assert(is_dirty(&b, area.host));
	ck_assert_int_eq(vmmio_memory_dirty_stop(b.disk->memory), 0);
	bounce_look(&b);
	bounce_serve(&b, 0);
	bounce_wait_orphans(&b, 0);
	bounce_check_memory(&b);
	bounce_close(&b);
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("blk_bounce_data");
	TCase *tc = fixture_tcase(s, "data");

	tcase_add_loop_test(tc, right_bytes, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, large_requests, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, the_first_piece_is_logged, 0, BOUNCE_CASES);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
