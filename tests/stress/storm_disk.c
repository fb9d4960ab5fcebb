/* SPDX-License-Identifier: BSD-3-Clause */
/* Disks on memory files: one on an I/O thread, one on a loop, one in bounce mode. */
#include "stress/storm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTORS 64u

void storm_disk_new(struct slot *s)
{
	struct vmmio_blk_options o = {
		.size = sizeof(o),
		.n_queues = QUEUES,
		.queue_size = QUEUE_SIZE,
		.io = s->index % 2 ? storm.threads : storm.loop,
		.bounce = s->index == PLAIN_SLOTS,
		.delay = 200000,
		.delay_cancellable = s->index == SLOTS - 1,
	};
	int error;

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
	if (c.errors || c.unsupported || c.in_flight)
		storm_wrong(s, "disk: %lu errors, %lu unsupported, %u in flight",
			(unsigned long)c.errors, (unsigned long)c.unsupported, c.in_flight);
	while ((error = vmmio_blk_destroy(s->blk)) == -EBUSY) /* given up, still in the kernel */
		sched_yield();
	if (error)
		storm_wrong(s, "blk_destroy: error %d", error);
	close(s->image);
}

/* Header, data, status: three buffers each. The status byte is the cookie. */
static void add_request(struct slot *s, unsigned i)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i % QUEUES);
	const struct vmmio_driver_area *area = &s->buffer[3 * i];
	const bool in = storm_random(2);
	uint32_t header[4] = {in ? VMMIO_BLK_T_IN : VMMIO_BLK_T_OUT, 0, storm_random(SECTORS), 0};
	struct vmmio_driver_seg segs[3] = {
		{area[0].guest, 16}, {area[1].guest, 512}, {area[2].guest, 1}};
	struct vmmio_driver_chain chain = {
		.out = segs, .n_out = in ? 1 : 2, .in = segs + (in ? 1 : 2), .n_in = in ? 2 : 1,
		.cookie = area[2].host, .indirect = i & 1};

	if (storm_random(8) == 0)
		segs[1].addr = s->guest + MAIN_SIZE + i * 512;
	memcpy(area[0].host, header, sizeof(header));
	if (!q || vmmio_driver_queue_add(q, &chain) < 0)
		return;
	storm_begin(s, NOTIFY);
	vmmio_driver_queue_kick(q);
	storm_end(s, NOTIFY);
}

void storm_disk_requests(struct slot *s)
{
	for (unsigned i = 0; i < BUFFERS / 3; i++)
		add_request(s, i);
}

/* The embedder's event loop. */
void *storm_loop_thread(void *number)
{
	struct pollfd fd = {.fd = vmmio_io_fd(storm.loop), .events = POLLIN};

	(void)number;
	while (!atomic_load(&storm.stop_late)) {
		int n = vmmio_io_run(storm.loop, 0);

		if (n < 0 && n != -EBUSY) /* a disk that comes or goes may run it for a moment */
			storm_die("io_run", n);
		if (n <= 0)
			poll(&fd, 1, 10);
	}
	return NULL;
}
