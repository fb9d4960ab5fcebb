/* SPDX-License-Identifier: BSD-3-Clause */
/* The bench of the hostile driver: memory with guards, the device, its life. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile/rig_hostile.h"

#define PAGE 4096u
#define CANARY 0xc7
#define PATIENCE 500000u /* looks at something that has to happen */

static const struct {
	uint64_t guest, size;
	uint32_t flags;
} layout[HOSTILE_AREAS] = {
	[A_DESC] = {H_DESC, HOSTILE_SIZE * 16, VMMIO_REGION_PINNED},
	[A_DRIVER] = {H_DRIVER, 4 + HOSTILE_SIZE * 2 + 2, VMMIO_REGION_PINNED},
	[A_DEVICE] = {H_DEVICE, 4 + HOSTILE_SIZE * 8 + 2, VMMIO_REGION_PINNED},
	[A_TABLE] = {H_TABLE, HOSTILE_DESCS * 16, VMMIO_REGION_PINNED},
	[A_OUT] = {H_OUT, H_BYTES, VMMIO_REGION_PINNED},
	[A_IN] = {H_IN, H_BYTES, VMMIO_REGION_PINNED},
	[A_NEXT] = {H_NEXT, H_BYTES, 0},
	[A_ROM] = {H_ROM, H_BYTES, VMMIO_REGION_PINNED | VMMIO_REGION_READ_ONLY},
	[A_TOP] = {H_TOP, H_BYTES, VMMIO_REGION_PINNED},
	[A_HUGE] = {H_HUGE, UINT64_C(1) << 32, VMMIO_REGION_PINNED},
};

/* --- Memory ------------------------------------------------------------------------------ */

/* The area ends where its pages do, as far as its alignment allows. */
static void make_area(struct hostile *h, enum hostile_area area)
{
	struct hostile_map *m = &h->areas[area];
	struct vmmio_region region = {
		layout[area].guest, layout[area].size, NULL, layout[area].flags};
	bool backed = area != A_HUGE;
	int usable = PROT_READ | PROT_WRITE;

	m->size = layout[area].size;
	m->mapped = (m->size + PAGE - 1) / PAGE * PAGE;
	/* Only by accident, as with a thread that rewrites, is anything but a length asked of HUGE.
	 */
	m->base = mmap(NULL, m->mapped + 2 * PAGE, !backed && h->flip ? usable : PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(m->base, MAP_FAILED);
	m->host = m->base + PAGE + m->mapped - (m->size + 7) / 8 * 8;
	if (backed) {
		ck_assert_int_eq(mprotect(m->base + PAGE, m->mapped, usable), 0);
		memset(m->base + PAGE, CANARY, m->mapped);
		memset(m->host, 0, m->size);
	}
	region.host = m->host;
	ck_assert_int_eq(vmmio_memory_add(h->memory, &region), 0);
}

void hostile_forbid(struct hostile *h, enum hostile_area area, bool forbid)
{
	struct hostile_map *m = &h->areas[area];

	ck_assert_int_eq(
		mprotect(m->base + PAGE, m->mapped, forbid ? PROT_NONE : PROT_READ | PROT_WRITE),
		0);
}

void hostile_check_guards(struct hostile *h)
{
	for (unsigned i = 0; i < A_HUGE; i++) {
		const struct hostile_map *m = &h->areas[i];

		for (const uint8_t *at = m->base + PAGE; at < m->base + PAGE + m->mapped; at++)
			if (at < m->host || at >= m->host + m->size)
				ck_assert_msg(*at == CANARY,
					"area %u: written %td bytes from its start", i,
					at - m->host);
	}
}

void *hostile_at(struct hostile *h, uint64_t guest)
{
	for (unsigned i = 0; i < A_HUGE; i++)
		if (guest - layout[i].guest < layout[i].size)
			return h->areas[i].host + (guest - layout[i].guest);
	return NULL;
}

static int translate(
	void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	struct hostile *h = ctx;

	(void)write;
	atomic_fetch_add(&h->steps, 1);
	if (h->in_translate)
		h->in_translate(h);
	*guest = iova;
	*got = len;
	return 0;
}

static void make_memory(struct hostile *h)
{
	ck_assert_int_eq(vmmio_memory_create(NULL, &h->memory), 0);
	for (unsigned i = 0; i < HOSTILE_AREAS; i++)
		make_area(h, i);
	if (h->o.variant & HOSTILE_TRANSLATE)
		ck_assert_int_eq(vmmio_memory_set_translate(h->memory, translate, h), 0);
}

/* --- The device ---------------------------------------------------------------------------- */

static void count_line(void *ctx, enum vmmio_log_level level, const char *line)
{
	struct hostile *h = ctx;

	(void)level;
	atomic_fetch_add(&h->logged, 1);
	if (strstr(line, "check the store"))
		atomic_fetch_add(&h->refusals, 1);
}

static void level(void *ctx, bool high)
{
	struct hostile *h = ctx;

	atomic_store(&h->line, high);
	atomic_fetch_add(&h->edges, 1);
	if (h->o.on_line)
		h->o.on_line(h, high);
}

static void make_disk(struct hostile *h)
{
	struct vmmio_io_options io = {
		.size = sizeof(io),
		.engine = h->o.variant & HOSTILE_PLAIN ? VMMIO_IO_PLAIN : VMMIO_IO_URING,
		.form = h->o.form,
	};
	struct vmmio_blk_options blk = {
		.size = sizeof(blk), .queue_size = HOSTILE_SIZE, .delay = h->o.delay};
	uint8_t sector[512];

	h->image = memfd_create("hostile", MFD_CLOEXEC);
	ck_assert_int_ge(h->image, 0);
	for (int i = 0; i < HOSTILE_SECTORS; i++) {
		memset(sector, i + 1, sizeof(sector));
		ck_assert_int_eq(write(h->image, sector, sizeof(sector)), sizeof(sector));
	}
	if (io.form == VMMIO_IO_MANUAL)
		io.engine = VMMIO_IO_PLAIN;
	ck_assert_int_eq(vmmio_io_create(&io, &h->io), 0);
	blk.fd = h->image;
	blk.io = h->io;
	ck_assert_int_eq(vmmio_blk_create(&blk, &h->blk), 0);
}

static void make_device(struct hostile *h, struct vmmio_backend backend)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.version = h->o.variant & HOSTILE_V3 ? 3 : 2,
		.backend = &backend,
		.memory = h->memory,
		.executor = h->ex,
		.irq = {.level = level, .ctx = h},
		.log = {count_line, h},
		.reset_deadline = UINT64_MAX,
		.n_observers = 1,
	};

	if (h->o.variant & HOSTILE_TRANSLATE)
		backend.features[0] |= VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &h->metrics), 0);
	options.observers = vmmio_metrics_observer(h->metrics);
	ck_assert_int_eq(vmmio_device_create(&options, &h->dev), 0);
}

struct hostile *hostile_new(const struct hostile_options *options)
{
	struct hostile *h = calloc(1, sizeof(*h));

	ck_assert_ptr_nonnull(h);
	h->o = *options;
	h->packed = options->variant & HOSTILE_PACKED;
	h->flip = options->variant & HOSTILE_FLIP;
	h->seed = 0x9e3779b97f4a7c15u * (options->variant + 1u);
	h->rings[0] = H_DESC;
	h->rings[1] = H_DRIVER;
	h->rings[2] = H_DEVICE;
	h->size = HOSTILE_SIZE;
	make_memory(h);
	ck_assert_int_eq(vmmio_manual_create(&h->ex), 0);
	make_disk(h);
	make_device(h, *vmmio_blk_backend(h->blk));
	return h;
}

static void relax(struct hostile *h)
{
	if (h->o.form == VMMIO_IO_MANUAL)
		(void)!vmmio_io_run(h->io, 0);
	if (h->o.delay)
		vmmio_manual_advance(h->ex, h->o.delay);
	if (!vmmio_executor_help(h->ex))
		usleep(20);
}

static void destroyed(void *ctx)
{
	struct hostile *h = ctx;

	atomic_store(&h->destroyed, 1);
}

static void destroy(struct hostile *h)
{
	ck_assert_int_eq(vmmio_device_destroy(h->dev, destroyed, h), 0);
	for (unsigned looks = 0; !atomic_load(&h->destroyed); looks++) {
		ck_assert_uint_lt(looks, PATIENCE);
		relax(h);
	}
	ck_assert_int_eq(vmmio_metrics_destroy(h->metrics), 0);
}

void hostile_other(struct hostile *out, struct hostile *h, const struct vmmio_backend *backend)
{
	*out = *h;
	out->off = VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |
		   VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES);
	make_device(out, *backend);
}

void hostile_other_free(struct hostile *other)
{
	hostile_reset(other);
	destroy(other);
}

void hostile_free(struct hostile *h)
{
	hostile_reset(h);
	hostile_good(h);
	destroy(h);
	ck_assert_msg(!atomic_load(&h->refusals) || h->may_refuse,
		"%u requests that the host had to refuse", atomic_load(&h->refusals));
	ck_assert_int_eq(vmmio_blk_destroy(h->blk), 0);
	ck_assert_int_eq(vmmio_io_destroy(h->io), 0);
	ck_assert_int_eq(vmmio_executor_destroy(h->ex), 0);
	ck_assert_int_eq(vmmio_memory_destroy(h->memory), 0);
	hostile_check_guards(h);
	for (unsigned i = 0; i < HOSTILE_AREAS; i++)
		munmap(h->areas[i].base, h->areas[i].mapped + 2 * PAGE);
	close(h->image);
	free(h);
}

/* --- Its life --------------------------------------------------------------------------- */

uint32_t hostile_read(struct hostile *h, uint32_t reg)
{
	return (uint32_t)vmmio_device_read(h->dev, reg, 4);
}

void hostile_write(struct hostile *h, uint32_t reg, uint32_t value)
{
	ck_assert_int_eq(vmmio_device_write(h->dev, reg, 4, value), 0);
}

static void write_features(struct hostile *h)
{
	uint64_t wanted = VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) |
			  VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) |
			  VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES);

	if (h->packed)
		wanted |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	if (h->o.variant & HOSTILE_TRANSLATE)
		wanted |= VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM);
	wanted &= ~h->off;
	for (uint32_t sel = 0; sel < 2; sel++) {
		hostile_write(h, VMMIO_REG_DRIVER_FEATURES_SEL, sel);
		hostile_write(h, VMMIO_REG_DRIVER_FEATURES, (uint32_t)(wanted >> 32 * sel));
	}
}

static void write_queue(struct hostile *h)
{
	static const uint32_t low[3] = {
		VMMIO_REG_QUEUE_DESC_LOW, VMMIO_REG_QUEUE_DRIVER_LOW, VMMIO_REG_QUEUE_DEVICE_LOW};

	hostile_write(h, VMMIO_REG_QUEUE_SEL, h->queue);
	hostile_write(h, VMMIO_REG_QUEUE_SIZE, h->size);
	for (unsigned i = 0; i < 3; i++) {
		hostile_write(h, low[i], (uint32_t)h->rings[i]);
		hostile_write(h, low[i] + 4, (uint32_t)(h->rings[i] >> 32));
	}
	if (h->before_ready)
		h->before_ready(h, h->wide);
	hostile_write(h, VMMIO_REG_QUEUE_READY, 1);
}

void hostile_up(struct hostile *h)
{
	for (unsigned i = 0; i <= A_TABLE; i++)
		memset(h->areas[i].host, 0, h->areas[i].size);
	memset(h->areas[A_IN].host, 0xee, H_BYTES);
	memset(h->areas[A_NEXT].host, 0xee, H_BYTES);
	h->avail = h->used = 0;
	h->avail_wrap = h->used_wrap = true;
	hostile_write(h, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE);
	hostile_write(h, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER);
	write_features(h);
	hostile_write(h, VMMIO_REG_STATUS, 0xb);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_STATUS), 0xb);
	write_queue(h);
	hostile_write(h, VMMIO_REG_STATUS, 0xf);
	hostile_settle(h);
}

void hostile_reset(struct hostile *h)
{
	struct vmmio_device_counters c;
	unsigned looks = 0;

	hostile_write(h, VMMIO_REG_STATUS, 0);
	for (; hostile_read(h, VMMIO_REG_STATUS); looks++) {
		ck_assert_uint_lt(looks, PATIENCE);
		relax(h);
	}
	vmmio_device_counters(h->dev, &c);
	ck_assert_uint_eq(c.leases, 0);
	ck_assert_uint_eq(c.wrong_tokens, 0);
	ck_assert_uint_eq(c.chains, c.completions + c.dropped);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&h->line));
}

void hostile_settle(struct hostile *h)
{
	struct vmmio_device_counters c;
	unsigned looks = 0;

	for (;;) {
		while (vmmio_executor_help(h->ex))
			ck_assert_uint_lt(looks++, PATIENCE);
		vmmio_device_counters(h->dev, &c);
		if (!c.leases && !vmmio_manual_pending(h->ex))
			return;
		ck_assert_uint_lt(looks++, PATIENCE);
		relax(h);
	}
}

void hostile_kick(struct hostile *h)
{
	hostile_write(h, VMMIO_REG_QUEUE_NOTIFY, h->queue);
}

bool hostile_skips(int variant)
{
#if defined(__SANITIZE_THREAD__)
	bool tsan = true;
#else
	bool tsan = false;
#endif
	if (tsan && (variant & HOSTILE_FLIP))
		fixture_skip("what a guest's own threads race for is no race of the library's");
	return tsan && (variant & HOSTILE_FLIP);
}
