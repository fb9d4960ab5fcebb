/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel that lacks an operation or a flag: F-13. The ring is real; what such a kernel would
 * refuse is refused on the way into it.
 */
#include <liburing.h>
#include <unistd.h>

#include "hostile/f_job.h"
#include "integration/blk_rig.h"
#include "io/uring.h"

#define PAGE 4096u
#define KIND(op) (1u << VMMIO_IO_##op)

/* What it lacks; nothing to begin with. */
static struct {
	unsigned op;    /* IORING_OP_* */
	unsigned setup; /* IORING_SETUP_* */
	unsigned features;
	bool multishot;
} lacks;

/* SQEs that it would refuse, and those that are requests of a user's. */
static _Atomic unsigned refused, requests;

struct io_uring_probe *__real_io_uring_get_probe_ring(struct io_uring *ring);
struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring);
int __real_io_uring_queue_init_params(
	unsigned entries, struct io_uring *ring, struct io_uring_params *params);
int __wrap_io_uring_queue_init_params(
	unsigned entries, struct io_uring *ring, struct io_uring_params *params);
int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
int __real_io_uring_submit_and_get_events(struct io_uring *ring);
int __wrap_io_uring_submit_and_get_events(struct io_uring *ring);

struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring)
{
	struct io_uring_probe *probe = __real_io_uring_get_probe_ring(ring);

	if (probe && lacks.op)
		probe->ops[lacks.op].flags &= (uint16_t)~IO_URING_OP_SUPPORTED;
	return probe;
}

int __wrap_io_uring_queue_init_params(
	unsigned entries, struct io_uring *ring, struct io_uring_params *params)
{
	int err;

	if (params->flags & lacks.setup)
		return -EINVAL;
	err = __real_io_uring_queue_init_params(entries, ring, params);
	params->features &= ~lacks.features;
	return err;
}

static bool would_refuse(const struct io_uring_sqe *sqe)
{
	if (sqe->opcode == IORING_OP_POLL_ADD && (sqe->len & IORING_POLL_ADD_MULTI))
		return lacks.multishot;
	return lacks.op && sqe->opcode == lacks.op;
}

/* The kernel has not seen these yet. */
static void look_at_new(struct io_uring *ring)
{
	for (unsigned i = ring->sq.sqe_head; i != ring->sq.sqe_tail; i++) {
		struct io_uring_sqe *sqe = &ring->sq.sqes[i & *ring->sq.kring_mask];

		if ((sqe->user_data & TAG_MASK) == TAG_REQUEST)
			atomic_fetch_add(&requests, 1);
		if (!would_refuse(sqe))
			continue;
		atomic_fetch_add(&refused, 1);
		sqe->opcode = UINT8_MAX; /* so it says -EINVAL */
	}
}

int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait)
{
	look_at_new(ring);
	return __real_io_uring_submit_and_wait(ring, wait);
}

int __wrap_io_uring_submit_and_get_events(struct io_uring *ring)
{
	look_at_new(ring);
	return __real_io_uring_submit_and_get_events(ring);
}

/* --- Operations ----------------------------------------------------------------------------- */

/* Who makes which requests by blocking calls. The last one lacks nothing. */
static const struct {
	unsigned op, kinds;
} old_kernels[] = {
	{IORING_OP_READV, KIND(READ)},
	{IORING_OP_WRITE, KIND(WRITE) | KIND(ZERO) | KIND(ZERO_UNMAP)},
	{IORING_OP_WRITEV, KIND(WRITE) | KIND(ZERO) | KIND(ZERO_UNMAP)},
	{IORING_OP_FSYNC, KIND(DATASYNC)},
	{IORING_OP_FALLOCATE, KIND(DISCARD) | KIND(ZERO) | KIND(ZERO_UNMAP)},
	{0, 0},
};
#define OLD_KERNELS (int)(sizeof(old_kernels) / sizeof(old_kernels[0]))

static char block[2][PAGE];

/* Two pieces, over two pages of the file. Returns how many SQEs it was. */
static unsigned run(struct vmmio_io *io, enum vmmio_io_op op, int fd)
{
	const struct vmmio_iovec two[] = {{block[0], PAGE}, {block[1], PAGE}};
	bool moves = op == VMMIO_IO_READ || op == VMMIO_IO_WRITE;
	unsigned before = atomic_load(&requests);
	struct f_job job;

	f_job_init(&job, op, fd, NULL, op == VMMIO_IO_DATASYNC ? 0 : sizeof(block));
	job.io.iov = moves ? two : NULL;
	job.io.n_iov = moves ? 2 : 0;
	ck_assert_int_eq(f_job_run(io, &job), moves ? (int64_t)sizeof(block) : 0);
	return atomic_load(&requests) - before;
}

static void file_is(int fd, char byte)
{
	char now[sizeof(block)];

	ck_assert_int_eq(pread(fd, now, sizeof(now), 0), sizeof(now));
	for (size_t i = 0; i < sizeof(now); i++)
		ck_assert_msg(now[i] == byte, "byte %zu is 0x%x", i, (unsigned char)now[i]);
}

/* The rest goes to the ring as before. */
START_TEST(f13_an_operation_is_missing)
{
	static const enum vmmio_io_op zeroes[] = {
		VMMIO_IO_DISCARD, VMMIO_IO_ZERO, VMMIO_IO_ZERO_UNMAP};
	const unsigned kinds = old_kernels[_i].kinds;
	struct vmmio_io *io = NULL;
	int fd = f_job_file();

	lacks.op = old_kernels[_i].op;
	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	for (unsigned i = 0; i < 3; i++) {
		memset(block, 'a' + (int)i, sizeof(block));
		ck_assert_uint_eq(run(io, VMMIO_IO_WRITE, fd), !(kinds & KIND(WRITE)));
		file_is(fd, 'a' + (char)i);
		memset(block, 0, sizeof(block));
		ck_assert_uint_eq(run(io, VMMIO_IO_READ, fd), !(kinds & KIND(READ)));
		ck_assert_int_eq(block[1][PAGE - 1], 'a' + (int)i);
		ck_assert_uint_eq(run(io, VMMIO_IO_DATASYNC, fd), !(kinds & KIND(DATASYNC)));
		if (kinds & 1u << zeroes[i])
			ck_assert_uint_eq(run(io, zeroes[i], fd), 0);
		else
			ck_assert_uint_ge(run(io, zeroes[i], fd), 1);
		file_is(fd, 0);
	}
	ck_assert_uint_eq(atomic_load(&refused), 0);
	f_io_end(io);
	close(fd);
}
END_TEST

/* Without these there is no ring. */
START_TEST(f13_the_ring_needs_it)
{
	static const unsigned ops[] = {
		IORING_OP_READ, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD};

	lacks.op = ops[_i];
	f_io_falls_back(-EOPNOTSUPP);
}
END_TEST

/* --- Flags ------------------------------------------------------------------------------------ */

START_TEST(f13_a_feature_is_missing)
{
	static const unsigned features[] = {IORING_FEAT_NODROP, IORING_FEAT_SUBMIT_STABLE};

	lacks.features = features[_i];
	f_io_falls_back(-EOPNOTSUPP);
}
END_TEST

START_TEST(f13_a_needed_setup_flag_is_missing)
{
	static const unsigned flags[] = {IORING_SETUP_CQSIZE, IORING_SETUP_CLAMP};

	lacks.setup = flags[_i];
	f_io_falls_back(-EINVAL);
}
END_TEST

/* Those that only make a loop cheaper. */
START_TEST(f13_a_setup_flag_is_missing)
{
	static const unsigned flags[] = {IORING_SETUP_R_DISABLED, IORING_SETUP_SINGLE_ISSUER,
		IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_TASKRUN_FLAG};
	struct vmmio_io_options o = {.size = sizeof(o), .form = VMMIO_IO_LOOP};
	char out[16] = "what was written";
	struct vmmio_io *io;
	struct f_job job;
	int fd = f_job_file();

	o.log = fixture_log();
	lacks.setup = flags[_i];
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	f_job_init(&job, VMMIO_IO_WRITE, fd, out, 16);
	f_job_submit(io, &job);
	while (!atomic_load(&job.done))
		ck_assert_int_ge(vmmio_io_run(io, 0), 0);
	ck_assert_int_eq(job.io.result, 16);
	f_io_end(io);
	close(fd);
}
END_TEST

struct watched {
	struct vmmio_io_poll poll;
	_Atomic unsigned seen;
};

static void take(struct vmmio_io_poll *poll)
{
	uint64_t count;

	if (read(poll->fd, &count, sizeof(count)) == sizeof(count))
		atomic_fetch_add(&((struct watched *)poll)->seen, 1);
}

START_TEST(f13_multishot_polls_are_missing)
{
	struct vmmio_io *io = NULL;
	int fds[2];
	struct watched w = {.poll.ready = take};

	lacks.multishot = true;
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(f_io(VMMIO_IO_URING, 0, &io), 0);
	w.poll.fd = fds[0];
	ck_assert_int_eq(vmmio_io_poll_add(io, &w.poll), 0);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_int_eq(write(fds[1], "8 bytes.", 8), 8);
		WAIT_UNTIL(atomic_load(&w.seen) == i);
	}
	/* The first, and the other one (the timers') if it was armed before: not again. */
	ck_assert_uint_ge(atomic_load(&refused), 1);
	ck_assert_uint_le(atomic_load(&refused), 2);
	vmmio_io_poll_remove(io, &w.poll);
	f_io_end(io);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* --- The guest -------------------------------------------------------------------------------- */

static void offer(struct disk *d, uint32_t word[2])
{
	for (uint32_t sel = 0; sel < 2; sel++) {
		vmmio_device_write(d->dev, VMMIO_REG_DEVICE_FEATURES_SEL, 4, sel);
		word[sel] = (uint32_t)vmmio_device_read(d->dev, VMMIO_REG_DEVICE_FEATURES, 4);
	}
}

static int segment(struct disk *d, uint32_t type, uint64_t sector)
{
	struct disk_cut cut = {.out = {16, 16}, .in = {1}};
	struct vmmio_blk_segment s = disk_segment(sector, 8, 0);

	disk_header(d, type, 0);
	memcpy((char *)d->out.host + 16, &s, sizeof(s));
	return disk_send(d, &cut, NULL);
}

/* Sees the same disk whatever the kernel lacks and whatever engine does the work. */
START_TEST(f13_same_disk)
{
	struct disk_options ring = {.variant = 1}, plain = {.variant = 5};
	uint32_t word[2][2];
	struct disk *d = disk_new(&plain);

	offer(d, word[0]);
	disk_free(d);
	lacks.op = old_kernels[_i].op;
	d = disk_new(&ring);
	offer(d, word[1]);
	ck_assert_mem_eq(word[0], word[1], sizeof(word[0]));
	disk_start(d);
	memset((char *)d->out.host + 16, 0x3c, PAGE);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 8, PAGE), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 8, PAGE), VMMIO_BLK_S_OK);
	ck_assert_int_eq(((uint8_t *)d->in.host)[PAGE - 1], 0x3c);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), VMMIO_BLK_S_OK);
	ck_assert_int_eq(segment(d, VMMIO_BLK_T_DISCARD, 16), VMMIO_BLK_S_OK);
	ck_assert_int_eq(segment(d, VMMIO_BLK_T_WRITE_ZEROES, 8), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 8, PAGE), VMMIO_BLK_S_OK);
	ck_assert_int_eq(((uint8_t *)d->in.host)[PAGE - 1], 0);
	ck_assert_uint_eq(atomic_load(&refused), 0);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_free(d);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_13", f13_an_operation_is_missing, OLD_KERNELS},
		{"f_13", f13_the_ring_needs_it, 3},
		{"f_13", f13_a_feature_is_missing, 2},
		{"f_13", f13_a_needed_setup_flag_is_missing, 2},
		{"f_13", f13_a_setup_flag_is_missing, 4},
		{"f_13", f13_multishot_polls_are_missing, 1},
		{"f_13", f13_same_disk, OLD_KERNELS},
		{NULL, NULL, 0},
	};

	return f_main("f_old_kernel", rows);
}
