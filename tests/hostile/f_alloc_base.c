/* SPDX-License-Identifier: BSD-3-Clause */
/* F-31: guest memory, executors, I/O engines, observers. */
#include <fcntl.h>
#include <unistd.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "hostile/f_alloc.h"
#include "hostile/f_job.h"

#define PAGE 4096u

static uint8_t ram[2 * PAGE];

static int identity(
	void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	(void)ctx, (void)write;
	*guest = iova;
	*got = len;
	return 0;
}

static int memory_life(struct vmmio_memory *memory)
{
	const struct vmmio_region one = {.guest = PAGE, .size = PAGE, .host = ram};
	const struct vmmio_region two = {.guest = 4 * PAGE, .size = PAGE, .host = ram + PAGE};
	struct rig_waiter w = RIG_WAITER;
	int err = ALLOC(vmmio_memory_add, memory, &one);

	if (!err)
		err = ALLOC(vmmio_memory_add, memory, &two);
	if (!err)
		err = ALLOC(vmmio_memory_set_translate, memory, identity, NULL);
	if (!err)
		err = ALLOC(vmmio_memory_invalidate, memory, 0, PAGE, &w.waiter);
	if (!err)
		err = ALLOC(vmmio_memory_dirty_start, memory);
	if (!err)
		err = ALLOC(vmmio_memory_dirty_stop, memory);
	if (!err)
		err = ALLOC(vmmio_memory_remove, memory, PAGE, &w.waiter);
	if (!err)
		err = ALLOC(vmmio_memory_try_remove, memory, 4 * PAGE);
	return err;
}

static int memory_once(void)
{
	struct vmmio_memory *memory;
	int err = ALLOC(vmmio_memory_create, NULL, &memory);

	if (err)
		return err;
	err = memory_life(memory);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
	return err;
}

static void no_submit(void *ctx, struct vmmio_task *task)
{
	(void)ctx, (void)task;
}

static void no_arm(void *ctx, struct vmmio_deadline *deadline)
{
	(void)ctx, (void)deadline;
}

static bool no_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	(void)ctx, (void)deadline;
	return false;
}

static uint64_t no_time(void *ctx)
{
	(void)ctx;
	return 0;
}

static int executor_once(void)
{
	static const struct vmmio_executor_ops ops = {.size = sizeof(ops),
		.submit = no_submit,
		.arm = no_arm,
		.disarm = no_disarm,
		.now = no_time};
	struct vmmio_executor *ex;
	int err = ALLOC(vmmio_executor_create, &ops, NULL, &ex);

	return err ? err : vmmio_executor_destroy(ex);
}

static int manual_once(void)
{
	struct vmmio_executor *ex;
	int err = ALLOC(vmmio_manual_create, &ex);

	return err ? err : vmmio_executor_destroy(ex);
}

static int pool_once(void)
{
	struct vmmio_executor *pool;
	int err = ALLOC(vmmio_pool_create, NULL, &pool);

	return err ? err : vmmio_executor_destroy(pool);
}

static void ignore(struct vmmio_io_poll *poll)
{
	(void)poll;
}

/* Polls, and a request that takes another worker. */
static int io_life(struct vmmio_io *io)
{
	struct vmmio_io_poll poll = {.ready = ignore};
	char data[16] = "";
	struct f_job job;
	int fds[2], fd = f_job_file(), err;
	struct vmmio_io_request *request = &job.io;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	poll.fd = fds[0];
	err = ALLOC(vmmio_io_poll_add, io, &poll);
	if (!err)
		vmmio_io_poll_remove(io, &poll);
	f_job_init(&job, VMMIO_IO_WRITE, fd, data, sizeof(data));
	job.io.flags = VMMIO_IO_PAGE_CACHE; /* for a worker, of the ring's engine too */
	ALLOC_VOID(vmmio_io_submit, io, &request, 1);
	ck_assert_int_eq(f_job_wait(&job), sizeof(data));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	return err;
}

static int io_once(enum vmmio_io_engine engine)
{
	struct vmmio_io_options o = {.size = sizeof(o), .engine = engine};
	struct vmmio_io *io;
	int err;

	o.log = fixture_log();
	err = ALLOC(vmmio_io_create, &o, &io);
	if (err)
		return err;
	err = ALLOC(vmmio_io_use, io);
	if (!err) {
		err = io_life(io);
		vmmio_io_unuse(io);
	}
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	return err;
}

static int io_uring_once(void)
{
	return io_once(VMMIO_IO_URING);
}

static int io_plain_once(void)
{
	return io_once(VMMIO_IO_PLAIN);
}

static int trace_once(void)
{
	struct vmmio_trace *trace;
	int err = ALLOC(vmmio_trace_create, NULL, &trace);

	return err ? err : vmmio_trace_destroy(trace);
}

static int metrics_once(void)
{
	struct vmmio_metrics *metrics;
	int err = ALLOC(vmmio_metrics_create, NULL, &metrics);

	return err ? err : vmmio_metrics_destroy(metrics);
}

f_maker *const f_makers_base[] = {memory_once, executor_once, manual_once, pool_once, io_uring_once,
	io_plain_once, trace_once, metrics_once, NULL};
