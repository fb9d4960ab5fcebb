/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 4 KiB random reads of a memfd through a virtio disk, beside the same reads in the same order
 * by io_uring alone. The two take turns. The driver polls its used ring and checks
 * the first bytes of every block, and so does the raw loop.
 */
#include <errno.h>
#include <unistd.h>

#include "blk_raw.h"
#include "disk.h"

enum { N_DEPTHS = 3, SLICES = 9 };
static const unsigned depths[N_DEPTHS] = {1, 32, 128};

#define PATIENCE UINT64_C(10000000000) /* for one read */

struct figures {
	struct series raw, thread, ratio;
};

/* One read more or less; -1 until it is there. */
static int wait_done(struct disk *disk)
{
	uint64_t end = 0;
	int slot;

	while ((slot = disk_done(disk)) == -1) {
		const uint64_t now = bench_now();

		if (!end)
			end = now + PATIENCE;
		else if (now > end)
			return -ETIMEDOUT;
	}
	return slot >= 0 ? slot : -EIO;
}

static int read_all(struct disk *disk, unsigned depth, unsigned n)
{
	uint64_t block[DISK_SLOTS];
	struct dice dice = {1};
	unsigned begun, done = 0;

	for (begun = 0; begun < depth && begun < n; begun++)
		disk_read(disk, begun, block[begun] = dice_block(&dice));
	disk_kick(disk);
	while (done < n) {
		int slot = wait_done(disk);

		if (slot < 0)
			return slot;
		do {
			if (disk_first(disk, (unsigned)slot) != block[slot])
				return -EIO;
			done++;
			if (begun < n) {
				block[slot] = dice_block(&dice);
				disk_read(disk, (unsigned)slot, block[slot]);
				begun++;
			}
		} while ((slot = disk_done(disk)) >= 0);
		if (slot != -1)
			return -EIO;
		disk_kick(disk);
	}
	return 0;
}

/* Thousands of reads per second. */
static double rate(unsigned n, uint64_t ns)
{
	return n * 1e6 / (double)ns;
}

/* One slice of the raw loop and one of the disk: ns each, 0 or -errno, told. */
static int measure_slice(
	struct blk_raw *raw, struct disk *disk, unsigned depth, unsigned n, uint64_t ns[2])
{
	int error;

	ns[0] = blk_raw_read(raw, depth, n);
	if (!ns[0])
		return -EIO;
	ns[1] = bench_now();
	error = read_all(disk, depth, n);
	ns[1] = bench_now() - ns[1];
	return error ? bench_fail(error, "reading from the disk") : 0;
}

/* A run's value is the median of slices in turn, so that what else the machine does hits
 * both alike. */
static int measure(const struct bench *b, struct blk_raw *raw, struct disk *disk, unsigned depth,
	struct figures *f)
{
	const unsigned n = b->quick ? 200 : depth > 1 ? 20000 : 5000;
	struct figures slices = {0};
	uint64_t ns[2];

	for (unsigned slice = 0; slice < SLICES; slice++) {
		int error = measure_slice(raw, disk, depth, n, ns);

		if (error)
			return error;
		series_add(&slices.raw, rate(n, ns[0]));
		series_add(&slices.thread, rate(n, ns[1]));
		series_add(&slices.ratio, (double)ns[0] / (double)ns[1]);
	}
	series_add(&f->raw, series_spread(&slices.raw).median);
	series_add(&f->thread, series_spread(&slices.thread).median);
	series_add(&f->ratio, series_spread(&slices.ratio).median);
	return 0;
}

static int measure_runs(struct bench *b, struct blk_raw *raw, struct disk *disk,
	struct figures figures[N_DEPTHS])
{
	int error = disk_start(disk);

	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		for (unsigned i = 0; i < N_DEPTHS && !error; i++)
			error = measure(b, raw, disk, depths[i], &figures[i]);
	}
	return error;
}

static void report(struct bench *b, const struct figures figures[N_DEPTHS], bool pinned)
{
	for (unsigned i = 0; i < N_DEPTHS; i++) {
		const struct figures *f = &figures[i];
		struct row *row;

		bench_row(b, &f->raw, "k/s", "depth %u, raw io_uring", depths[i]);
		bench_row(b, &f->thread, "k/s", "depth %u, disk, I/O thread of its own", depths[i]);
		row = bench_row(b, &f->ratio, "x", "depth %u, disk with I/O thread to raw", depths[i]);
		if (!pinned)
			row_note(row, "guest memory could not be locked (see ulimit -l): every read goes to "
				      "a worker of the kernel's");
	}
}

int bench_blk(struct bench *b)
{
	const struct disk_options options = {.version = 3};
	struct figures figures[N_DEPTHS] = {0};
	struct blk_raw *raw = NULL;
	int image = disk_image(), error;
	struct disk disk;

	if (image < 0)
		return image;
	if (blk_raw_create(image, 0, &raw)) {
		close(image);
		return bench_skip(b, "io_uring is refused here, so there is nothing to compare with");
	}
	error = disk_create(image, &options, &disk);
	if (!error) {
		error = measure_runs(b, raw, &disk, figures);
		disk_destroy(&disk);
	}
	blk_raw_destroy(raw);
	close(image);
	if (!error)
		report(b, figures, disk.pinned);
	return error;
}
