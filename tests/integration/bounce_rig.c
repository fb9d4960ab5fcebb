/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounce mode with stuck requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "integration/bounce_rig.h"
#include "support/alloc.h"

#define PAGE 4096u
#define SECTORS_PER_PAGE 8u
#define ARENA ((size_t)256 << 20) /* addresses, hardly memory */
#define RAM_SIZE (1u << 20)
#define TRAPPED 4096u

/* The trap between backend and engine. */
static struct {
	pthread_mutex_t lock; /* all below, and the uffd, for a thread may submit at any time */
	struct uffd *uffd;
	unsigned skip, armed;
	void *pages[TRAPPED];
	unsigned n, served;
} trap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *arena;

void __real_vmmio_io_submit(
	struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n);
void __wrap_vmmio_io_submit(
	struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n);

static void catch(struct vmmio_io_request *request)
{
	if ((request->op != VMMIO_IO_READ && request->op != VMMIO_IO_WRITE) ||
		!alloc_is_lent(request->iov[0].base))
		return;
	if (trap.skip) {
		trap.skip--;
		return;
	}
	if (!trap.armed)
		return;
	trap.armed--;
	ck_assert_uint_lt(trap.n, TRAPPED);
	trap.pages[trap.n++] = request->iov[0].base;
	uffd_hide(trap.uffd, request->iov[0].base, PAGE);
	/* A stuck store keeps nobody but the request waiting. Nor may a missing page. */
	request->flags |= VMMIO_IO_MAY_FAULT;
}

/* Here a write's data is in its bounce buffer already. */
void __wrap_vmmio_io_submit(
	struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n)
{
	pthread_mutex_lock(&trap.lock);
	for (unsigned i = 0; i < n; i++)
		catch(requests[i]);
	pthread_mutex_unlock(&trap.lock);
	__real_vmmio_io_submit(io, requests, n);
}

void bounce_arm(unsigned skip, unsigned n)
{
	pthread_mutex_lock(&trap.lock);
	trap.skip = skip;
	trap.armed = n;
	pthread_mutex_unlock(&trap.lock);
}

void bounce_serve(struct bounce *b, unsigned n)
{
	pthread_mutex_lock(&trap.lock);
	ck_assert_uint_lt(n, trap.n);
	uffd_serve(b->uffd, trap.pages[n], 1);
	pthread_mutex_unlock(&trap.lock);
}

bool bounce_serve_oldest(struct bounce *b)
{
	bool any;

	pthread_mutex_lock(&trap.lock);
	any = trap.served < trap.n;
	if (any) {
		void *page = trap.pages[trap.served++];

		uffd_serve(b->uffd, page, 1);
		uffd_forget(b->uffd, page, 1);
	}
	if (trap.served == trap.n)
		trap.served = trap.n = 0;
	pthread_mutex_unlock(&trap.lock);
	return any;
}

static void lend(void)
{
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(arena, MAP_FAILED);
	alloc_lend(arena, ARENA);
}

const char *bounce_open(struct bounce *b, int number, const struct vmmio_blk_options *blk)
{
	struct disk_options o;
	const char *why = stuck_options(number, &o);
	bool direct = o.blk.direct;

	*b = (struct bounce){.number = number};
	if (!why)
		b->uffd = uffd_open(&why);
	if (!b->uffd)
		return why;
	o.variant = number & 15;
	o.max_threads = 0; /* each stuck write of a page cache has one */
	if (blk)
		o.blk = *blk;
	o.blk.direct = direct;
	o.blk.bounce = true;
	fixture_expect_log("is not over");
	lend();
	trap.uffd = b->uffd;
	trap.n = trap.served = 0;
	bounce_arm(0, 0);
	b->disk = disk_new(&o);
	b->before = malloc(RAM_SIZE);
	ck_assert_ptr_nonnull(b->before);
	bounce_start(b);
	return NULL;
}

void bounce_close(struct bounce *b)
{
	pthread_mutex_lock(&trap.lock);
	uffd_serve_all(b->uffd);
	pthread_mutex_unlock(&trap.lock);
	if (!b->disk->dying)
		disk_destroy(b->disk);
	while (!atomic_load(&b->disk->destroyed))
		disk_relax(b->disk);
	bounce_wait_orphans(b, 0);
	disk_free(b->disk);
	uffd_close(b->uffd);
	alloc_lend(NULL, 0);
	munmap(arena, ARENA);
	free(b->before);
}

/* --- Requests ----------------------------------------------------------------------------- */

uint8_t *bounce_data(struct bounce *b, unsigned slot)
{
	return (uint8_t *)b->disk->in.host + slot * 2 * PAGE;
}

static uint8_t *status_byte(struct bounce *b, unsigned slot)
{
	return bounce_data(b, slot) + PAGE;
}

/* The out area: a page of headers, then a page of data for each slot. */
static uint32_t fill_out(struct bounce *b, const struct bounce_request *r)
{
	uint8_t *out = b->disk->out.host, *data = out + (r->slot + 1) * PAGE;
	bool range = r->type == VMMIO_BLK_T_DISCARD || r->type == VMMIO_BLK_T_WRITE_ZEROES;
	uint64_t sector = r->page * SECTORS_PER_PAGE;
	struct vmmio_blk_header header = {vmmio_le32(r->type), 0, vmmio_le64(range ? 0 : sector)};
	struct vmmio_blk_segment segment = disk_segment(sector, SECTORS_PER_PAGE, 0);

	memcpy(out + r->slot * sizeof(header), &header, sizeof(header));
	memset(data, r->fill, PAGE);
	if (range)
		memcpy(data, &segment, sizeof(segment));
	return range ? sizeof(segment) : r->type == VMMIO_BLK_T_OUT ? PAGE : 0;
}

void bounce_send(struct bounce *b, const struct bounce_request *r)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b->disk->driver, r->queue);
	uint32_t out_len = fill_out(b, r), in_len = r->type == VMMIO_BLK_T_IN ? PAGE : 0;
	uint64_t out = b->disk->out.guest, in = b->disk->in.guest + r->slot * 2 * PAGE;
	struct vmmio_driver_seg segs[3] = {{out + r->slot * 16, 16}};
	struct vmmio_driver_chain chain = {.out = segs, .n_out = 1, .n_in = 1,
		.cookie = (void *)(uintptr_t)(r->slot + 1), .indirect = r->indirect};

	if (out_len)
		segs[chain.n_out++] =
			(struct vmmio_driver_seg){out + (r->slot + 1) * PAGE, out_len};
	chain.in = segs + chain.n_out;
	if (in_len) {
		segs[1] = (struct vmmio_driver_seg){in, PAGE};
		chain.n_in = 2;
	}
	segs[chain.n_out + chain.n_in - 1] = (struct vmmio_driver_seg){in + PAGE, 1};
	*status_byte(b, r->slot) = 0xee;
	b->back &= ~(1u << r->slot);
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
}

void bounce_stick(struct bounce *b, const struct bounce_request *r)
{
	bounce_arm(0, 1);
	bounce_send(b, r);
	uffd_wait(b->uffd, ++b->stuck);
}

bool bounce_is_back(struct bounce *b, const struct bounce_request *r)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b->disk->driver, r->queue);
	struct vmmio_driver_used used;
	int n;

	while ((n = vmmio_driver_queue_poll(queue, &used)) == 1)
		b->back |= 1u << ((uintptr_t)used.cookie - 1);
	ck_assert_int_eq(n, 0);
	return b->back >> r->slot & 1;
}

void bounce_wait(struct bounce *b, const struct bounce_request *r)
{
	while (!bounce_is_back(b, r))
		disk_relax(b->disk);
	ck_assert_uint_eq(*status_byte(b, r->slot), VMMIO_BLK_S_OK);
}

void bounce_do(struct bounce *b, const struct bounce_request *r)
{
	bounce_send(b, r);
	bounce_wait(b, r);
}

/* --- Lives ---------------------------------------------------------------------------------- */

void bounce_reset(struct bounce *b)
{
	ck_assert_int_eq(vmmio_driver_reset(b->disk->driver, VMMIO_DRIVER_FOREVER), 0);
	b->back = 0;
}

void bounce_start(struct bounce *b)
{
	struct bounce_request flush = {.type = VMMIO_BLK_T_FLUSH};

	disk_start(b->disk);
	bounce_do(b, &flush); /* DRIVER_OK only asks for a start */
}

uint32_t bounce_orphans(struct bounce *b)
{
	struct vmmio_blk_counters count;

	vmmio_blk_counters(b->disk->blk, &count);
	return count.orphans;
}

void bounce_wait_orphans(struct bounce *b, uint32_t n)
{
	uint32_t now;

	while ((now = bounce_orphans(b)) != n) {
		ck_assert_uint_gt(now, n);
		usleep(20);
	}
}

/* --- What must not change --------------------------------------------------------------------- */

void bounce_look(struct bounce *b)
{
	memcpy(b->before, b->disk->ram, RAM_SIZE);
}

void bounce_check_memory(struct bounce *b)
{
	ck_assert_mem_eq(b->before, b->disk->ram, RAM_SIZE);
}

void bounce_check_image(struct bounce *b, uint64_t page, uint8_t fill)
{
	uint8_t now[PAGE], expected[PAGE];

	ck_assert_int_eq(pread(b->disk->image, now, PAGE, (off_t)(page * PAGE)), PAGE);
	memset(expected, fill, PAGE);
	ck_assert_mem_eq(now, expected, PAGE);
}
