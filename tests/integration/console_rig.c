/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console bench.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/console_rig.h"

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (1u << 20)

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	struct term *t = ctx;

	return vmmio_device_read(t->dev, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct term *t = ctx;

	ck_assert_int_eq(vmmio_device_write(t->dev, offset, size, value), 0);
}

void term_relax(struct term *t)
{
	if (vmmio_executor_help(t->ex))
		return;
	/* The device's end takes the loop down, and does not want it to be run meanwhile. */
	if (t->o.manual || (t->o.loop && !t->ending))
		ck_assert_int_ge(vmmio_io_run(t->io, 0), 0);
	if (!t->o.manual)
		usleep(20);
}

void term_settle(struct term *t)
{
	for (unsigned quiet = 0; t->o.manual && quiet < 2;)
		quiet = vmmio_manual_run(t->ex, 1000) || vmmio_io_run(t->io, 0) > 0 ? 0 : quiet + 1;
}

static void relax(void *ctx)
{
	term_relax(ctx);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
	.relax = relax,
};

static void level(void *ctx, bool high)
{
	struct term *t = ctx;

	atomic_store(&t->line, high);
}

static void set_nonblock(int fd)
{
	ck_assert_int_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* The console's ends stay blocking: it has to manage. */
static void make_ends(struct term *t)
{
	int pair[2];

	t->far_in = t->far_out = t->near_in = t->near_out = -1;
	if (t->o.form == TERM_PIPE) {
		ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
		t->near_in = pair[0];
		t->far_out = pair[1];
		ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
		t->far_in = pair[0];
		t->near_out = pair[1];
	} else if (t->o.form == TERM_SOCKET) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		/* The least there is: a few KiB. */
		ck_assert_int_eq(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){1}, sizeof(int)), 0);
		t->near_in = t->near_out = pair[0];
		t->far_in = t->far_out = pair[1];
	}
	if (t->far_in >= 0) {
		set_nonblock(t->far_in);
		set_nonblock(t->far_out);
	}
}

static void make_console(struct term *t)
{
	struct vmmio_console_options o = t->o.console;

	make_ends(t);
	o.size = sizeof(o);
	o.pty = t->o.form == TERM_PTY;
	if (t->o.form == TERM_PIPE || t->o.form == TERM_SOCKET) {
		o.in = t->near_in;
		o.out = t->near_out;
	}
	o.io = t->o.form == TERM_MEMORY ? NULL : t->io;
	o.log = fixture_log();
	ck_assert_int_eq(vmmio_console_create(&o, &t->console), 0);
	if (t->o.form != TERM_PTY)
		return;
	t->far_in = open(vmmio_console_pty(t->console), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	t->far_out = t->far_in;
	ck_assert_int_ge(t->far_in, 0);
}

static void make_machine(struct term *t)
{
	struct vmmio_region region = {
		.guest = RAM_BASE,
		.size = RAM_SIZE,
		.flags = t->o.variant & 8 ? 0 : VMMIO_REGION_PINNED,
	};
	struct vmmio_io_options io = {
		.size = sizeof(io),
		.engine = t->o.variant & 4 ? VMMIO_IO_PLAIN : VMMIO_IO_URING,
		.form = t->o.manual ? VMMIO_IO_MANUAL : t->o.loop ? VMMIO_IO_LOOP : VMMIO_IO_THREADS,
		.log = fixture_log(),
	};

	t->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(t->ram, MAP_FAILED);
	region.host = t->ram;
	ck_assert_int_eq(vmmio_memory_create(NULL, &t->memory), 0);
	ck_assert_int_eq(vmmio_memory_add(t->memory, &region), 0);
	ck_assert_int_eq(vmmio_io_create(&io, &t->io), 0);
	ck_assert_int_eq(t->o.manual ? vmmio_manual_create(&t->ex) : vmmio_pool_create(NULL, &t->ex), 0);
}

void term_make_device(struct term *t)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = "console",
		.version = t->o.variant & 1 ? 3 : 2,
		.backend = vmmio_console_backend(t->console),
		.memory = t->memory,
		.irq = {.level = level, .ctx = t},
		.log = fixture_log(),
		.executor = t->ex,
		.reset_deadline = UINT64_MAX,
	};
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = t,
		.memory = {t->ram, RAM_BASE, RAM_SIZE},
		.patience = VMMIO_DRIVER_FOREVER,
	};

	t->dying = t->ending = false;
	atomic_store(&t->destroyed, 0);
	ck_assert_int_eq(vmmio_device_create(&options, &t->dev), 0);
	ck_assert_int_eq(vmmio_driver_create(&config, &t->driver), 0);
	ck_assert_int_eq(vmmio_driver_alloc(t->driver, TERM_BUFFER, 4096, &t->out), 0);
	ck_assert_int_eq(vmmio_driver_alloc(t->driver, TERM_BUFFER, 4096, &t->in), 0);
}

struct term *term_new(const struct term_options *options)
{
	struct term *t = calloc(1, sizeof(*t));

	ck_assert_ptr_nonnull(t);
	t->o = *options;
	make_machine(t);
	make_console(t);
	term_make_device(t);
	return t;
}

void term_start(struct term *t)
{
	uint64_t wanted = ~t->o.refuse;

	wanted &= ~(VMMIO_FEATURE(VMMIO_F_RING_PACKED) | VMMIO_FEATURE(VMMIO_F_IN_ORDER));
	if (t->o.variant & 2)
		wanted |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_int_eq(vmmio_driver_start(t->driver, wanted, 2, TERM_CHAINS), 0);
}

struct term *term_run(const struct term_options *options)
{
	struct term *t = term_new(options);

	term_start(t);
	return t;
}

static void destroyed(void *ctx)
{
	struct term *t = ctx;

	atomic_store(&t->destroyed, 1);
}

void term_destroy_device(struct term *t)
{
	ck_assert_int_eq(vmmio_console_destroy(t->console), -EBUSY);
	t->ending = true;
	ck_assert_int_eq(vmmio_device_destroy(t->dev, destroyed, t), 0);
	while (!atomic_load(&t->destroyed))
		term_relax(t);
	vmmio_driver_destroy(t->driver);
	t->dying = true;
}

static void close_ends(struct term *t)
{
	if (t->far_out >= 0 && t->far_out != t->far_in)
		close(t->far_out);
	if (t->far_in >= 0)
		close(t->far_in);
	if (t->near_out >= 0 && t->near_out != t->near_in)
		close(t->near_out);
	if (t->near_in >= 0)
		close(t->near_in);
}

void term_free(struct term *t)
{
	int err;

	if (!t->dying)
		term_destroy_device(t);
	while ((err = vmmio_console_destroy(t->console)) == -EBUSY)
		term_relax(t);
	ck_assert_int_eq(err, 0);
	close_ends(t);
	while (vmmio_executor_destroy(t->ex) == -EBUSY)
		term_relax(t);
	ck_assert_int_eq(vmmio_io_destroy(t->io), 0);
	ck_assert_int_eq(vmmio_memory_destroy(t->memory), 0);
	munmap(t->ram, RAM_SIZE);
	free(t);
}

/* --- The other side ------------------------------------------------------------------------- */

size_t term_far_write(struct term *t, const void *data, size_t len)
{
	ssize_t n;

	if (t->o.form == TERM_MEMORY)
		return vmmio_console_put(t->console, data, len);
	n = write(t->far_out, data, len);
	ck_assert(n >= 0 || errno == EAGAIN);
	return n < 0 ? 0 : (size_t)n;
}

size_t term_far_read(struct term *t, void *data, size_t len)
{
	ssize_t n;

	if (t->o.form == TERM_MEMORY)
		return vmmio_console_get(t->console, data, len);
	n = read(t->far_in, data, len);
	ck_assert(n >= 0 || errno == EAGAIN);
	return n < 0 ? 0 : (size_t)n;
}

void term_far_get(struct term *t, void *data, size_t len)
{
	for (size_t got = 0, n; got < len; got += n) {
		n = term_far_read(t, (uint8_t *)data + got, len - got);
		if (!n)
			term_relax(t);
	}
}

uint8_t term_byte(uint64_t n)
{
	return (uint8_t)(n ^ n >> 8 ^ n >> 15);
}

void term_check(const void *data, size_t len, uint64_t n)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len && bytes[i] == term_byte(n + i); i++)
		;
	if (i < len)
		ck_abort_msg("byte %llu of the stream is 0x%02x", (unsigned long long)(n + i), bytes[i]);
}

/* --- The guest's side ----------------------------------------------------------------------- */

static bool add(struct term *t, unsigned index, struct vmmio_driver_chain *chain)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(t->driver, index);
	int id = vmmio_driver_queue_add(queue, chain);

	if (id == -ENOSPC)
		return false;
	ck_assert_int_ge(id, 0);
	vmmio_driver_queue_kick(queue);
	return true;
}

static unsigned cut(const struct vmmio_driver_area *area, uint32_t at, const uint32_t *lens,
	struct vmmio_driver_seg *segs)
{
	unsigned n;

	for (n = 0; lens[n]; n++) {
		ck_assert_uint_lt(n, TERM_CHAINS);
		segs[n] = (struct vmmio_driver_seg){area->guest + at, lens[n]};
		at += lens[n];
	}
	ck_assert_uint_le(at, area->size);
	return n;
}

/* Which is the cookie of a chain at an offset; not NULL. */
static void *at_cookie(uint32_t at)
{
	return (void *)(uintptr_t)(at + 1);
}

bool term_send(struct term *t, uint32_t at, const uint32_t *lens, uint64_t n)
{
	struct vmmio_driver_seg segs[TERM_CHAINS];
	struct vmmio_driver_chain chain = {.out = segs, .cookie = at_cookie(at)};
	uint8_t *bytes = (uint8_t *)t->out.host + at;

	chain.n_out = cut(&t->out, at, lens, segs);
	if (vmmio_driver_queue_free_descs(vmmio_driver_queue(t->driver,
		    VMMIO_CONSOLE_TRANSMITQ)) < chain.n_out)
		return false; /* some chain may still be there */
	for (unsigned i = 0; i < chain.n_out; i++)
		for (uint32_t j = 0; j < lens[i]; j++)
			*bytes++ = term_byte(n++);
	return add(t, VMMIO_CONSOLE_TRANSMITQ, &chain);
}

bool term_offer(struct term *t, uint32_t at, const uint32_t *lens)
{
	struct vmmio_driver_seg segs[TERM_CHAINS];
	struct vmmio_driver_chain chain = {.in = segs, .cookie = at_cookie(at)};

	chain.n_in = cut(&t->in, at, lens, segs);
	return add(t, VMMIO_CONSOLE_RECEIVEQ, &chain);
}

static bool used(struct term *t, unsigned index, uint32_t *at, uint32_t *len)
{
	struct vmmio_driver_used u;
	int got = vmmio_driver_queue_poll(vmmio_driver_queue(t->driver, index), &u);

	ck_assert_int_ge(got, 0);
	if (!got)
		return false;
	*at = (uint32_t)(uintptr_t)u.cookie - 1;
	*len = u.len;
	return true;
}

bool term_sent(struct term *t, uint32_t *at)
{
	uint32_t len = 0;

	if (!used(t, VMMIO_CONSOLE_TRANSMITQ, at, &len))
		return false;
	ck_assert_uint_eq(len, 0);
	return true;
}

bool term_received(struct term *t, uint32_t *at, uint32_t *len)
{
	return used(t, VMMIO_CONSOLE_RECEIVEQ, at, len);
}

struct vmmio_console_counters term_count(struct term *t)
{
	struct vmmio_console_counters count;

	vmmio_console_counters(t->console, &count);
	/* No byte is anywhere else. */
	ck_assert_uint_eq(count.from_guest, count.written + count.dropped + count.buffered_out);
	return count;
}
