/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy device bench.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "integration/rng_rig.h"

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (RNG_ROOM + (1u << 20))

struct rng_host rng_host;

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
	void (*inside)(struct rng_rig *r) = rng_host.inside;

	atomic_fetch_add(&rng_host.calls, 1);
	if (n > atomic_load(&rng_host.largest))
		atomic_store(&rng_host.largest, n);
	rng_host.inside = NULL;
	if (inside)
		inside(rng_host.rig);
	if (atomic_load(&rng_host.failing)) {
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_getrandom, bytes, n, flags);
}

uint8_t rng_byte(uint64_t n)
{
	return (uint8_t)((n * 7 + n / 256) % 0xed);
}

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	struct rng_rig *r = ctx;

	return vmmio_device_read(r->dev, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct rng_rig *r = ctx;

	ck_assert_int_eq(vmmio_device_write(r->dev, offset, size, value), 0);
}

void rng_settle(struct rng_rig *r)
{
	if (!r->o.manual) {
		usleep(20);
		return;
	}
	while (vmmio_manual_run(r->ex, 1000) || vmmio_io_run(r->io, 0) > 0)
		;
}

static void relax(void *ctx)
{
	struct rng_rig *r = ctx;

	if (!vmmio_executor_help(r->ex))
		usleep(20);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
	.relax = relax,
};

static void level(void *ctx, bool high)
{
	struct rng_rig *r = ctx;

	atomic_store(&r->line, high);
}

static void make_source(struct rng_rig *r)
{
	int fds[2] = {-1, -1};

	switch (r->o.source) {
	case RNG_SOURCE_PIPE:
		ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
		break;
	case RNG_SOURCE_SOCKET:
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		break;
	case RNG_SOURCE_FILE:
		fds[0] = memfd_create("vmmio-rng", MFD_CLOEXEC);
		ck_assert_int_ge(fds[0], 0);
		fds[1] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
		break;
	default:
		break;
	}
	r->source = fds[0];
	r->feed = fds[1];
}

static void make_machine(struct rng_rig *r)
{
	struct vmmio_io_options io = {
		.size = sizeof(io),
		.engine = r->o.variant & 4 ? VMMIO_IO_PLAIN : VMMIO_IO_URING,
		.form = r->o.manual ? VMMIO_IO_MANUAL : VMMIO_IO_THREADS,
		.log = fixture_log(),
	};
	struct vmmio_region region = {
		.guest = RAM_BASE,
		.size = RAM_SIZE,
		.flags = r->o.variant & 8 ? 0 : VMMIO_REGION_PINNED,
	};

	r->ram = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(r->ram, MAP_FAILED);
	region.host = r->ram;
	ck_assert_int_eq(vmmio_memory_create(NULL, &r->memory), 0);
	ck_assert_int_eq(vmmio_memory_add(r->memory, &region), 0);
	if (r->o.manual)
		ck_assert_int_eq(vmmio_manual_create(&r->ex), 0);
	else
		ck_assert_int_eq(vmmio_pool_create(NULL, &r->ex), 0);
	ck_assert_int_eq(vmmio_io_create(&io, &r->io), 0);
}

static void make_backend(struct rng_rig *r)
{
	struct vmmio_rng_options rng = r->o.rng;

	rng.size = sizeof(rng);
	if (!rng.path && !rng.fd && r->source >= 0)
		rng.fd = r->source;
	if (!rng.io && (rng.path || rng.fd))
		rng.io = r->io;
	rng.log = fixture_log();
	ck_assert_int_eq(vmmio_rng_create(&rng, &r->rng), 0);
}

static void make_device(struct rng_rig *r)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = "entropy",
		.version = r->o.variant & 1 ? 3 : 2,
		.backend = vmmio_rng_backend(r->rng),
		.memory = r->memory,
		.irq = {.level = level, .ctx = r},
		.log = fixture_log(),
		.executor = r->ex,
	};
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = r,
		.memory = {r->ram, RAM_BASE, RAM_SIZE},
		.patience = VMMIO_DRIVER_FOREVER,
	};

	ck_assert_int_eq(vmmio_device_create(&options, &r->dev), 0);
	ck_assert_int_eq(vmmio_driver_create(&config, &r->driver), 0);
	ck_assert_int_eq(vmmio_driver_alloc(r->driver, RNG_ROOM, 4096, &r->in), 0);
}

struct rng_rig *rng_rig_new(const struct rng_rig_options *options)
{
	struct rng_rig *r = calloc(1, sizeof(*r));

	ck_assert_ptr_nonnull(r);
	r->o = *options;
	make_source(r);
	make_machine(r);
	if (r->o.source == RNG_SOURCE_FILE)
		rng_feed(r, r->o.file_size);
	if (r->source >= 0 && r->o.source == RNG_SOURCE_FILE)
		ck_assert_int_eq(lseek(r->source, 0, SEEK_SET), 0);
	make_backend(r);
	make_device(r);
	return r;
}

void rng_rig_start(struct rng_rig *r)
{
	uint64_t wanted = ~VMMIO_FEATURE(VMMIO_F_RING_PACKED);

	if (r->o.no_in_order)
		wanted &= ~VMMIO_FEATURE(VMMIO_F_IN_ORDER);
	if (r->o.variant & 2)
		wanted |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_int_eq(vmmio_driver_start(r->driver, wanted, 1, 0), 0);
	ck_assert_uint_eq(vmmio_driver_device_id(r->driver), VMMIO_ID_ENTROPY);
	memset(r->in.host, RNG_POISON, r->in.size);
	rng_settle(r);
}

struct rng_rig *rng_rig_run(const struct rng_rig_options *options)
{
	struct rng_rig *r = rng_rig_new(options);

	rng_rig_start(r);
	return r;
}

struct rng_rig *rng_rig_manual(int variant, enum rng_source source)
{
	struct rng_rig_options o = {
		.variant = variant, .manual = true, .source = source, .file_size = 4096};

	return rng_rig_run(&o);
}

static void destroyed(void *ctx)
{
	struct rng_rig *r = ctx;

	atomic_store(&r->destroyed, 1);
}

void rng_rig_destroy(struct rng_rig *r)
{
	r->dying = true;
	ck_assert_int_eq(vmmio_device_destroy(r->dev, destroyed, r), 0);
}

void rng_rig_free(struct rng_rig *r)
{
	if (!r->dying) {
		ck_assert_int_eq(vmmio_rng_destroy(r->rng), -EBUSY);
		rng_rig_destroy(r);
	}
	while (!atomic_load(&r->destroyed))
		relax(r);
	vmmio_driver_destroy(r->driver);
	ck_assert_int_eq(vmmio_rng_destroy(r->rng), 0);
	while (vmmio_executor_destroy(r->ex) == -EBUSY)
		relax(r);
	/* A read that was cancelled ends when it is stepped, or on its thread. */
	while (vmmio_io_destroy(r->io) == -EBUSY)
		ck_assert_int_ge(r->o.manual ? vmmio_io_run(r->io, 0) : usleep(20), 0);
	ck_assert_int_eq(vmmio_memory_destroy(r->memory), 0);
	munmap(r->ram, RAM_SIZE);
	if (r->source >= 0)
		close(r->source);
	if (r->feed >= 0)
		close(r->feed);
	free(r);
}

void rng_feed(struct rng_rig *r, uint32_t n)
{
	uint8_t bytes[512];

	while (n) {
		uint32_t now = n < sizeof(bytes) ? n : (uint32_t)sizeof(bytes);

		for (uint32_t i = 0; i < now; i++)
			bytes[i] = rng_byte(r->fed++);
		ck_assert_int_eq(write(r->feed, bytes, now), now);
		n -= now;
	}
}

void rng_add_cut(struct rng_rig *r, uint32_t at, const uint32_t *pieces)
{
	struct vmmio_driver_seg segs[32];
	struct vmmio_driver_chain chain = {.in = segs, .cookie = (uint8_t *)r->in.host + at};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(r->driver, 0);

	for (; chain.n_in < 32 && pieces[chain.n_in]; chain.n_in++) {
		segs[chain.n_in] = (struct vmmio_driver_seg){r->in.guest + at, pieces[chain.n_in]};
		at += pieces[chain.n_in];
	}
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
}

void rng_add(struct rng_rig *r, uint32_t at, uint32_t len)
{
	rng_add_cut(r, at, (uint32_t[]){len, 0});
}

bool rng_poll(struct rng_rig *r, uint32_t *at, uint32_t *len)
{
	struct vmmio_driver_used used;
	int n = vmmio_driver_queue_poll(vmmio_driver_queue(r->driver, 0), &used);

	ck_assert_int_ge(n, 0);
	if (!n)
		return false;
	*at = (uint32_t)((uint8_t *)used.cookie - (uint8_t *)r->in.host);
	*len = used.len;
	return true;
}

uint32_t rng_wait(struct rng_rig *r, uint32_t at)
{
	uint32_t which, len;

	while (!rng_poll(r, &which, &len))
		relax(r);
	ck_assert_uint_eq(which, at);
	return len;
}

bool rng_known(struct rng_rig *r, uint32_t at, uint64_t n, uint32_t len)
{
	const uint8_t *bytes = (const uint8_t *)r->in.host + at;

	for (uint32_t i = 0; i < len; i++)
		if (bytes[i] != rng_byte(n + i))
			return false;
	return bytes[len] == RNG_POISON;
}

bool rng_comes(struct rng_rig *r, uint32_t at, uint32_t len)
{
	uint32_t which, got;

	rng_settle(r);
	return rng_poll(r, &which, &got) && which == at && got == len;
}

bool rng_nothing_comes(struct rng_rig *r)
{
	uint32_t which, len;

	rng_settle(r);
	return !rng_poll(r, &which, &len);
}

uint32_t rng_changed(struct rng_rig *r, uint32_t at, uint32_t len)
{
	const uint8_t *bytes = (const uint8_t *)r->in.host + at;
	uint32_t n = 0;

	for (uint32_t i = 0; i < len; i++)
		n += bytes[i] != RNG_POISON;
	return n;
}

bool rng_untouched(struct rng_rig *r)
{
	const uint8_t *in = r->in.host;

	return in[0] == RNG_POISON && !memcmp(in, in + 1, r->in.size - 1);
}

void rng_run_tasks(struct rng_rig *r)
{
	vmmio_manual_run(r->ex, 1000);
}

uint32_t rng_leases(struct rng_rig *r)
{
	struct vmmio_device_counters counters;

	vmmio_device_counters(r->dev, &counters);
	return counters.leases;
}

/* Version 2 runs the executor inside the write. */
void rng_reset(struct rng_rig *r)
{
	ck_assert_int_eq(vmmio_device_write(r->dev, VMMIO_REG_STATUS, 4, 0), 0);
	rng_run_tasks(r);
	ck_assert_uint_eq(vmmio_device_read(r->dev, VMMIO_REG_STATUS, 4), 0);
	ck_assert_uint_eq(rng_leases(r), 0);
	ck_assert_uint_eq(rng_counters(r).held, 0);
	ck_assert_int_eq(vmmio_driver_reset(r->driver, VMMIO_DRIVER_FOREVER), 0);
}

struct vmmio_rng_counters rng_counters(struct rng_rig *r)
{
	struct vmmio_rng_counters counters;

	vmmio_rng_counters(r->rng, &counters);
	return counters;
}
