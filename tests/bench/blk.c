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

enum { N_DEPTHS = 3 };
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

static int measure(struct disk *disk, unsigned depth, unsigned n, struct figures *f)
{
	const uint64_t raw = blk_raw_read(disk->image, 0, depth, n);
	uint64_t begin, ns;
	int error;

	if (!raw)
		return -EIO;
	begin = bench_now();
	error = read_all(disk, depth, n);
	ns = bench_now() - begin;
	if (error)
		return bench_fail(error, "reading from the disk");
	series_add(&f->raw, rate(n, raw));
	series_add(&f->thread, rate(n, ns));
	series_add(&f->ratio, (double)raw / (double)ns);
	return 0;
}

static int measure_runs(struct bench *b, struct disk *disk, struct figures figures[N_DEPTHS])
{
	int error = disk_start(disk);

	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		for (unsigned i = 0; i < N_DEPTHS && !error; i++)
			error = measure(disk, depths[i], b->quick ? 500 : depths[i] > 1 ? 300000 : 100000,
				&figures[i]);
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
	struct disk disk;
	int image, error;

	image = disk_image();
	if (image < 0)
		return image;
	error = disk_create(image, &options, &disk);
	if (!error && vmmio_io_kind(disk.io) == VMMIO_IO_URING)
		error = measure_runs(b, &disk, figures);
	else if (!error)
		bench_skip(b, "the kernel refuses io_uring, so there is nothing to compare with");
	if (disk.device)
		disk_destroy(&disk);
	close(image);
	if (!error && figures[0].raw.n)
		report(b, figures, disk.pinned);
	return error;
}
