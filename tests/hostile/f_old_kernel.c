/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A kernel that lacks an operation or a flag: F-13. The ring is real; what such a kernel would
 * refuse is refused on the way into it.
 */
#include <liburing.h>
#include <unistd.h>

#include "hostile/f_job.h"

/* What it lacks; nothing to begin with. */
static struct {
	unsigned op;    /* IORING_OP_* */
	unsigned setup; /* IORING_SETUP_* */
	unsigned features;
	bool multishot;
} lacks;

/* SQEs that it would refuse. */
static _Atomic unsigned refused;

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

/* Without these there is no ring. */
START_TEST(f13_the_ring_needs_it)
{
	static const unsigned ops[] = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV,
		IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_ASYNC_CANCEL,
		IORING_OP_POLL_ADD};

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
	ck_assert_uint_eq(atomic_load(&refused), 2); /* this one and the timers', not again */
	vmmio_io_poll_remove(io, &w.poll);
	f_io_end(io);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_13", f13_the_ring_needs_it, 8},
		{"f_13", f13_a_feature_is_missing, 2},
		{"f_13", f13_a_needed_setup_flag_is_missing, 2},
		{"f_13", f13_a_setup_flag_is_missing, 4},
		{"f_13", f13_multishot_polls_are_missing, 1},
		{NULL, NULL, 0},
	};

	return f_main("f_old_kernel", rows);
}
