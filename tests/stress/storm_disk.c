/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks on memory files, which grow and shrink. Of each group one is in bounce mode, and one
 * on a loop. Four have version 2 and 3, split and packed, on io_uring; the next four on the
 * plain engines.
 */
#include "stress/storm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTORS 64u      /* are always there */
#define SECTORS_MORE 64u /* sometimes */
#define BEYOND 21u       /* the first buffer of the request that is for those */

void storm_disk_new(struct slot *s)
{
	const unsigned n = s->index / GROUP * DISK_SLOTS + s->index % GROUP - PLAIN_SLOTS;
	struct vmmio_blk_options o = {
		.size = sizeof(o),
		.n_queues = QUEUES,
		.queue_size = QUEUE_SIZE,
		.io = storm.io[n / 4 % 2][n % 3 == 1 ? LOOP : THREADS],
		.bounce = n % 3 == 0,
		.delay = 200000,
		.delay_cancellable = n % 3 == 2,
	};
	int error;

	s->version = n % 2 ? 2 : 3;
	s->packed = (n + 1) / 2 % 2;
	s->io = o.io;
	s->image = memfd_create("host_storm", MFD_CLOEXEC);
	if (s->image < 0 || ftruncate(s->image, SECTORS * 512))
		storm_die("image", errno);
	o.fd = s->image;
	error = vmmio_blk_create(&o, &s->blk);
	if (error)
		storm_die("blk", error);
}

void storm_disk_free(struct slot *s)
{
	struct vmmio_blk_counters c;
	int error;

	if (!s->blk)
		return;
	vmmio_blk_counters(s->blk, &c);
	if (c.errors > atomic_load(&s->beyond) || c.unsupported || c.in_flight)
		storm_wrong(s, "disk: %lu errors, %lu unsupported, %u in flight",
			(unsigned long)c.errors, (unsigned long)c.unsupported, c.in_flight);
	while ((error = vmmio_blk_destroy(s->blk)) == -EBUSY) /* given up, still in the kernel */
		sched_yield();
	if (error)
		storm_wrong(s, "blk_destroy: error %d", error);
	close(s->image);
}

void storm_disk_resize(struct slot *s)
{
	int error;

	if (ftruncate(s->image, (SECTORS + storm_random(SECTORS_MORE + 1)) * 512))
		storm_die("ftruncate", errno);
	error = vmmio_blk_resize(s->blk);
	if (error)
		storm_wrong(s, "blk_resize: error %d", error);
	atomic_fetch_add(&resizes, 1);
}

/* Whatever its size is right now. */
static void check_capacity(struct slot *s)
{
	uint64_t capacity;

	if (vmmio_driver_config_read(s->driver, VMMIO_BLK_CFG_CAPACITY, 8, &capacity))
		return; /* resizes never stop */
	if (capacity < SECTORS || capacity > SECTORS + SECTORS_MORE)
		storm_wrong(s, "the disk says that it has %lu sectors", (unsigned long)capacity);
}

void storm_disk_ended(struct slot *s, const void *cookie)
{
	const struct vmmio_driver_area *area = cookie;
	uint8_t status = *(const uint8_t *)area[2].host;

	if (status && !(status == VMMIO_BLK_S_IOERR && area == &s->buffer[BEYOND]))
		storm_wrong(s, "a disk request ended with status %u", status);
}

/* Header, data, status: three buffers each. The first of them is the cookie. What kind of
 * request it is stays the same for a life: another vCPU that selects queues meanwhile can give
 * two of them the same ring, and requests are served twice then, or while they are written. */
static void add_request(struct slot *s, unsigned i)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i % QUEUES);
	struct vmmio_driver_area *area = &s->buffer[3 * i];
	const bool in = (i & 2) == s->kind, beyond = 3 * i == BEYOND;
	uint32_t sector = beyond ? SECTORS + storm_random(SECTORS_MORE) : storm_random(SECTORS);
	uint32_t header[4] = {in ? VMMIO_BLK_T_IN : VMMIO_BLK_T_OUT, 0, sector, 0};
	struct vmmio_driver_seg segs[3] = {
		{area[0].guest, 16}, {area[1].guest, 512}, {area[2].guest, 1}};
	struct vmmio_driver_chain chain = {
		.out = segs, .n_out = in ? 1 : 2, .in = segs + (in ? 1 : 2), .n_in = in ? 2 : 1,
		.cookie = area, .indirect = i & 1};

	if (storm_random(8) == 0)
		segs[1].addr = s->guest + MAIN_SIZE + i * 512;
	memcpy(area[0].host, header, sizeof(header));
	if (beyond)
		atomic_fetch_add(&s->beyond, 1);
	if (!q || vmmio_driver_queue_add(q, &chain) < 0)
		return;
	s->out++;
	storm_begin(s, NOTIFY);
	vmmio_driver_queue_kick(q);
	storm_end(s, NOTIFY);
}

void storm_disk_requests(struct slot *s)
{
	check_capacity(s);
	for (unsigned i = 0; i < BUFFERS / 3; i++)
		add_request(s, i);
}

/* The embedder's event loop. */
void *storm_loop_thread(void *loop)
{
	struct pollfd fd = {.fd = vmmio_io_fd(loop), .events = POLLIN};

	while (!atomic_load(&storm.stop_late)) {
		int n = vmmio_io_run(loop, 0);

		if (n < 0 && n != -EBUSY) /* a disk that comes or goes may run it for a moment */
			storm_die("io_run", n);
		if (n <= 0)
			poll(&fd, 1, 10);
	}
	return NULL;
}
