/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 4 KiB random reads of a memfd through a virtio disk, beside the same reads in the same order
 * by io_uring alone. The two take turns. The driver polls its used ring and checks
 * the first bytes of every block, and so does the raw loop.
 */
#include <errno.h>
#include <liburing.h>
#include <unistd.h>

#include "blk_raw.h"
#include "disk.h"

enum { N_DEPTHS = 3, SLICES = 9 };
static const unsigned depths[N_DEPTHS] = {1, 32, 128};

#define PATIENCE UINT64_C(10000000000) /* for one read */

/* What a raw ring has to have in common with the library's in each form. */
enum form { FORM_LOOP, FORM_THREAD, N_FORMS };

static const struct {
	const char *name;
	unsigned flags;
	double aim; /* of the ratio, 0: none */
} forms[N_FORMS] = {
	{"engine on the submitting thread",
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG, 0.93},
	{"I/O thread of its own", 0, 0},
};

struct figures {
	struct series raw, disk, ratio;
};

/* A disk in one form, what it stands beside, and what came of it. */
struct pair {
	struct blk_raw *raw;
	struct disk disk;
	struct figures figures[N_DEPTHS];
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
		series_add(&slices.disk, rate(n, ns[1]));
		series_add(&slices.ratio, (double)ns[0] / (double)ns[1]);
	}
	series_add(&f->raw, series_spread(&slices.raw).median);
	series_add(&f->disk, series_spread(&slices.disk).median);
	series_add(&f->ratio, series_spread(&slices.ratio).median);
	return 0;
}

static int measure_runs(struct bench *b, struct pair pairs[N_FORMS])
{
	int error = 0;

	for (unsigned form = 0; form < N_FORMS && !error; form++)
		error = disk_start(&pairs[form].disk);
	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		for (unsigned i = 0; i < N_FORMS * N_DEPTHS && !error; i++) {
			struct pair *pair = &pairs[i % N_FORMS];
			const unsigned which = i / N_FORMS;

			error = measure(b, pair->raw, &pair->disk, depths[which], &pair->figures[which]);
		}
	}
	return error;
}

static void report(struct bench *b, enum form form, const struct pair *pair)
{
	const char *name = forms[form].name;

	for (unsigned i = 0; i < N_DEPTHS; i++) {
		const struct figures *f = &pair->figures[i];
		struct row *row;

		bench_row(b, &f->raw, "k/s", "depth %u, raw io_uring, %s", depths[i],
			form == FORM_LOOP ? "flags of a loop" : "flags of a thread");
		bench_row(b, &f->disk, "k/s", "depth %u, disk, %s", depths[i], name);
		row = bench_row(b, &f->ratio, "x", "depth %u, disk to raw, %s", depths[i], name);
		if (forms[form].aim > 0)
			row_aim(row, AIM_AT_LEAST, forms[form].aim);
		if (!pair->disk.pinned)
			row_note(row, "guest memory could not be locked (see ulimit -l): every read goes to "
				      "a worker of the kernel's");
	}
}

static int measure_disks(struct bench *b, int image, struct pair pairs[N_FORMS])
{
	unsigned made;
	int error = 0;

	for (made = 0; made < N_FORMS && !error; made += !error)
		error = disk_create(image,
			&(struct disk_options){.version = 3, .loop = made == FORM_LOOP}, &pairs[made].disk);
	if (!error)
		error = measure_runs(b, pairs);
	for (unsigned form = 0; form < N_FORMS && !error; form++)
		report(b, form, &pairs[form]);
	while (made)
		disk_destroy(&pairs[--made].disk);
	return error;
}

int bench_blk(struct bench *b)
{
	struct pair pairs[N_FORMS] = {0};
	int image = disk_image(), refused = 0, error = 0;

	if (image < 0)
		return image;
	for (unsigned form = 0; form < N_FORMS && !refused; form++)
		refused = blk_raw_create(image, forms[form].flags, &pairs[form].raw);
	if (!refused)
		error = measure_disks(b, image, pairs);
	for (unsigned form = 0; form < N_FORMS; form++)
		blk_raw_destroy(pairs[form].raw);
	close(image);
	if (refused)
		return bench_skip(b, "io_uring is refused here, so there is nothing to compare with");
	return error;
}
