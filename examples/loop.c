/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything on one thread: an event loop, two disks, and a vCPU that has to wait.
 *
 * A version 2 device finishes a reset inside the guest's register write. A VMM with one thread
 * cannot stand still there: the requests that the reset waits for would never complete.
 * So it makes the write in its pending form, parks the vCPU, goes on with its loop, and lets
 * the vCPU run again when the library says so.
 *
 * The loop has three things to do: the I/O engine, which is one descriptor to wait on and one
 * call; the executor's tasks; the executor's clock.
 */
#include "guest.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct loop {
	struct vmmio_io *io;
	struct vmmio_executor *executor; /* a manual one: it has no threads */
	uint64_t last;
} loop;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* One turn. A VMM's loop has more descriptors, and does not wake up each millisecond. */
static void turn(void)
{
	struct pollfd fd = {.fd = check("loop", vmmio_io_fd(loop.io)), .events = POLLIN};
	uint64_t then;

	check("loop", vmmio_io_run(loop.io, 0)); /* before waiting: it submits, too */
	poll(&fd, 1, vmmio_manual_pending(loop.executor) ? 0 : 1);
	check("loop", vmmio_io_run(loop.io, 0));
	vmmio_manual_run(loop.executor, 100);
	then = now();
	vmmio_manual_advance(loop.executor, then - loop.last);
	loop.last = then;
}

static void relax(struct guest *guest)
{
	(void)guest;
	turn();
}

/* --- A vCPU that may be parked -------------------------------------------------------- */

struct vcpu {
	struct vmmio_waiter waiter;
	bool parked;
	uint64_t since, until;
};

/* On the loop's thread here, as everything is. */
static void run_again(struct vmmio_waiter *waiter, int result)
{
	struct vcpu *vcpu = (struct vcpu *)waiter; /* its first member */

	(void)result;
	vcpu->parked = false;
	vcpu->until = now();
}

/* The vCPU writes a register: on an MMIO exit. */
static void mmio_write(struct vcpu *vcpu, struct guest *guest, uint64_t offset, uint32_t value)
{
	vcpu->waiter.done = run_again;
	vcpu->parked = true; /* before: run_again may come before the call returns */
	vcpu->since = now();
	if (check("write", vmmio_device_write_pending(
			guest->device, offset, 4, value, &vcpu->waiter)) != VMMIO_PENDING)
		vcpu->parked = false;
}

/* --- Two disks ---------------------------------------------------------------------------- */

static struct vmmio_blk *make_disk(uint64_t delay)
{
	struct vmmio_blk_options o = {.size = sizeof(o), .io = loop.io, .log = guest_log,
		.delay = delay, .no_lock = true};
	struct vmmio_blk *blk;

	o.fd = memfd_create("disk", MFD_CLOEXEC);
	if (o.fd < 0 || ftruncate(o.fd, 1 << 20))
		exit(1);
	check("disk", vmmio_blk_create(&o, &blk));
	close(o.fd);
	return blk;
}

static void read_sector(struct guest *guest, uint64_t sector)
{
	struct vmmio_blk_header header = {
		.type = vmmio_le32(VMMIO_BLK_T_IN), .sector = vmmio_le64(sector)};

	memcpy(guest->out.host, &header, sizeof(header));
	guest_send(guest, sizeof(header), 512 + 1);
}

int main(void)
{
	struct vmmio_io_options io = {.size = sizeof(io), .form = VMMIO_IO_LOOP, .log = guest_log};
	struct guest slow = {.relax = relax}, quick = {.relax = relax};
	struct vmmio_blk *slow_disk, *quick_disk;
	unsigned reads = 0, looks = 0;
	struct vcpu vcpu = {0};

	check("I/O engine", vmmio_io_create(&io, &loop.io));
	check("executor", vmmio_manual_create(&loop.executor));
	loop.last = now();
	slow_disk = make_disk(50 * 1000 * 1000); /* each request takes 50 ms */
	quick_disk = make_disk(0);
	guest_create(&slow, loop.executor, &(struct vmmio_device_options){
		.name = "slow", .version = 2, .backend = vmmio_blk_backend(slow_disk)});
	guest_create(&quick, loop.executor, &(struct vmmio_device_options){
		.name = "quick", .version = 2, .backend = vmmio_blk_backend(quick_disk)});
	guest_boot(&slow);
	guest_boot(&quick);

	read_sector(&slow, 0);
	turn();
	mmio_write(&vcpu, &slow, VMMIO_REG_STATUS, 0);
	if (!vcpu.parked)
		return 1;
	while (vcpu.parked) { /* the loop goes on, for the other disk and for other vCPUs */
		read_sector(&quick, 0);
		guest_wait(&quick);
		reads++;
		looks += vcpu.parked && guest_status(&slow) != 0;
	}
	printf("the vCPU was parked for %.1f ms; meanwhile the same thread did %u reads of the other "
	       "disk,\nand another vCPU found Status not yet zero %u times\n",
		(double)(vcpu.until - vcpu.since) / 1e6, reads, looks);

	uint32_t status = guest_status(&slow);

	guest_destroy(&slow);
	guest_destroy(&quick);
	check("disk", vmmio_blk_destroy(slow_disk));
	check("disk", vmmio_blk_destroy(quick_disk));
	check("I/O engine", vmmio_io_destroy(loop.io));
	check("executor", vmmio_executor_destroy(loop.executor));
	return status == 0 && reads && looks ? 0 : 1;
}
