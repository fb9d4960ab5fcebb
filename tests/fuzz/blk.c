/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Block requests, well formed and not, cut into pieces at will, against a naive model of the
 * disk. The I/O engine moves when the program says so: it chooses which request the kernel
 * ends next, which of them fails, and what is still out when a reset comes.
 *
 * Header: options (2). Record: what, type, cut, shape, length (4), sector (8), sectors (4),
 * flags (2), extra (2).
 */
#include "blk_rig.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum what { REQUEST, REQUEST_ALONE, IO, TASKS, TOUCH, RESET, QUEUE_RESET, RESIZE, WHATS };
enum shape { NO_STATUS = 1, SHORT_HEADER = 2, WRONG_SIDE = 4, BOTH_SIDES = 8, ALL_FLAGS = 16 };
enum { RECORD = 24 };

static struct blk_rig b;
static bool spoiled; /* a request without a status byte has been sent */

/* --- A request that has come back ------------------------------------------------------------ */

static void check_bytes(const struct blk_slot *r, uint8_t status)
{
	const struct blk_model_answer *a = &r->answer;
	const uint8_t *in = r->in.host;
	uint32_t from = 0;

	if (a->type == VMMIO_BLK_T_IN && a->status == VMMIO_BLK_S_OK)
		from = r->n_in - 1;
	if (a->type == VMMIO_BLK_T_IN && status == VMMIO_BLK_S_OK && !r->mixed)
		FUZZ_CHECK(blk_model_differs(&b.model, a->first, a->bytes, in) < 0,
			"step %u: read other bytes than sector %llu has", b.step,
			(unsigned long long)a->first);
	if (a->type == VMMIO_BLK_T_GET_ID && status == VMMIO_BLK_S_OK) {
		from = r->n_in - 1 < BLK_MODEL_ID ? r->n_in - 1 : BLK_MODEL_ID;
		FUZZ_CHECK(!memcmp(in, b.model.id, from), "step %u: another id", b.step);
	}
	for (; from < r->in.size; from++)
		FUZZ_CHECK(in[from] == 0xee || from + 1 == r->n_in, "step %u: byte %u was written",
			b.step, from);
}

static void check_request(struct blk_slot *r, uint32_t len)
{
	const struct blk_model_answer *a = &r->answer;
	uint8_t status;

	r->busy = false;
	if (a->broken)
		return;
	status = ((uint8_t *)r->in.host)[r->n_in - 1];
	FUZZ_CHECK(status == a->status || (r->hurt && status == VMMIO_BLK_S_IOERR),
		"step %u: type %u: status %u, not %u", b.step, a->type, status, a->status);
	FUZZ_CHECK(len == (status == a->status ? a->len : a->len_failed),
		"step %u: type %u, status %u: %u bytes used, not %u of %u", b.step, a->type, status, len,
		a->len, r->n_in);
	check_bytes(r, status);
	if (status == VMMIO_BLK_S_OK && a->sectors)
		fuzz_deep();
	if (status == VMMIO_BLK_S_OK && a->changes)
		blk_model_do(&b.model, a, (uint8_t *)r->out.host + sizeof(struct vmmio_blk_header));
	if (a->changes && (r->mixed || r->hurt))
		b.model.vague |= a->sectors;
}

static bool idle(void)
{
	for (unsigned i = 0; i < BLK_SLOTS; i++)
		if (b.slot[i].busy)
			return false;
	return vmmio_io_pending(b.io) == 0;
}

/* The whole disk, when nothing is under way. What was vague is known from then on. */
static void check_disk(void)
{
	const uint32_t bytes = (uint32_t)b.model.capacity * BLK_MODEL_SECTOR;
	uint8_t disk[sizeof(b.model.disk)];
	int sector;

	FUZZ_CHECK(pread(b.image, disk, bytes, 0) == (ssize_t)bytes, "the image is too short");
	sector = blk_model_differs(&b.model, 0, bytes, disk);
	FUZZ_CHECK(sector < 0, "step %u: sector %d of the disk has other bytes", b.step, sector);
	memcpy(b.model.disk, disk, bytes);
	b.model.vague = 0;
}

static void poll(void)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b.driver, 0);
	struct vmmio_driver_used used;
	int n;

	while ((n = vmmio_driver_queue_poll(queue, &used)) > 0)
		check_request(used.cookie, used.len);
	FUZZ_CHECK(n != -EPROTO, "step %u: the driver finds the ring broken", b.step);
	if (idle())
		check_disk();
}

/* --- Sending ----------------------------------------------------------------------------------- */

/* Pieces of a length that the program chooses, as many as fit. */
static unsigned cut(uint64_t at, uint32_t bytes, uint8_t how, struct vmmio_driver_seg *segs)
{
	static const uint32_t sizes[] = {UINT32_MAX, 512, 16, 8, 7, 1, 511, 4000};
	const uint32_t piece = sizes[how % 8];
	unsigned n = 0;

	while (bytes) {
		const uint32_t len = bytes < piece || n == 7 ? bytes : piece;

		segs[n++] = (struct vmmio_driver_seg){at, len};
		at += len;
		bytes -= len;
	}
	return n;
}

/* Notes who is on the same sectors. */
static void meet(struct blk_slot *r)
{
	for (struct blk_slot *s = b.slot; s < b.slot + BLK_SLOTS; s++)
		if (s != r && s->busy && (s->answer.sectors & r->answer.sectors) &&
			(s->answer.changes || r->answer.changes))
			s->mixed = r->mixed = true;
}

static void send(struct blk_slot *r, uint32_t n_out, uint8_t how)
{
	struct vmmio_driver_seg out[8], in[8];
	struct vmmio_driver_chain chain = {.out = out, .in = in, .cookie = r, .indirect = how & 0x40};

	chain.n_out = cut(r->out.guest, n_out, how, out);
	chain.n_in = cut(r->in.guest, r->n_in, how >> 3, in);
	if (chain.indirect && chain.n_out + chain.n_in > VMMIO_DRIVER_START_INDIRECT)
		chain.indirect = false;
	if ((!n_out && !r->n_in) ||
		vmmio_driver_queue_add(vmmio_driver_queue(b.driver, 0), &chain) < 0)
		return;
	r->answer = blk_model_ask(&b.model, r->out.host, n_out, r->n_in);
	r->hurt = r->mixed = false;
	meet(r);
	r->busy = true;
	spoiled |= r->answer.broken;
	vmmio_driver_queue_kick(vmmio_driver_queue(b.driver, 0));
}

/* A header, and bytes that are also segments: the same flags in all, or in the last. */
static void fill(struct blk_slot *r, const struct vmmio_blk_header *header, uint32_t data,
	struct vmmio_blk_segment segment, bool all)
{
	char *at = (char *)r->out.host + sizeof(*header);
	const uint32_t flags = segment.flags;

	memset(r->in.host, 0xee, r->in.size);
	memset(r->out.host, (int)(b.step & 0xff), r->out.size);
	memcpy(r->out.host, header, sizeof(*header));
	if (header->type != VMMIO_BLK_T_DISCARD && header->type != VMMIO_BLK_T_WRITE_ZEROES)
		return;
	for (uint32_t n = data / sizeof(segment); n; n--) {
		segment.flags = all || n == 1 ? flags : 0;
		memcpy(at, &segment, sizeof(segment));
		at += sizeof(segment);
		segment.sector += segment.num_sectors;
	}
}

static void request(struct fuzz_input *input)
{
	static const uint32_t types[] = {VMMIO_BLK_T_IN, VMMIO_BLK_T_OUT, VMMIO_BLK_T_FLUSH,
		VMMIO_BLK_T_GET_ID, VMMIO_BLK_T_DISCARD, VMMIO_BLK_T_WRITE_ZEROES, 3, UINT32_MAX};
	const uint32_t type = types[fuzz_take8(input) % 8];
	const uint8_t how = fuzz_take8(input), shape = fuzz_take8(input);
	const uint32_t data = fuzz_take32(input) % (BLK_DATA + 1);
	const struct vmmio_blk_header header = {type, b.step, fuzz_take64(input)};
	const uint32_t sectors = fuzz_take32(input), flags = fuzz_take16(input);
	const uint32_t extra = shape & BOTH_SIDES ? fuzz_take16(input) % 64 : 0;
	const bool in = type == VMMIO_BLK_T_IN || type == VMMIO_BLK_T_GET_ID;
	const bool down = in == !(shape & WRONG_SIDE);
	struct blk_slot *r = b.slot;

	while (r < b.slot + BLK_SLOTS && r->busy)
		r++;
	if (r == b.slot + BLK_SLOTS)
		return;
	fill(r, &header, data, (struct vmmio_blk_segment){header.sector, sectors, flags},
		shape & ALL_FLAGS);
	r->n_in = shape & NO_STATUS ? 0 : 1 + (down ? data : extra);
	send(r, shape & SHORT_HEADER ? data % 16 : 16 + (down ? extra : data), how);
}

/* --- What else happens ------------------------------------------------------------------------ */

static void io(uint16_t which)
{
	static const int errors[] = {0, 0, 0, -EIO, -ENOSPC, -EINTR, -ENOMEM, 0};
	const size_t pending = vmmio_io_pending(b.io);
	const int error = errors[which >> 8 & 7];

	if (!pending)
		return;
	for (unsigned i = 0; i < BLK_SLOTS && error; i++)
		b.slot[i].hurt = true;
	FUZZ_CHECK(!vmmio_io_step(b.io, (which & 0xff) % pending, error), "step %u: an I/O step", b.step);
}

/* The driver changes requests that the device has taken: it must have read them already. */
static void touch(uint64_t value)
{
	vmmio_manual_run(b.ex, 10000);
	for (struct blk_slot *r = b.slot; r < b.slot + BLK_SLOTS; r++) {
		const bool segments = r->answer.changes && r->answer.type != VMMIO_BLK_T_OUT;

		for (unsigned i = 0; r->busy && i < (segments ? 20 : 2); i++)
			memcpy((char *)r->out.host + 8 * (size_t)i, &value, sizeof(value));
	}
}

/* What was out has happened or has not. */
static void lose(void)
{
	for (struct blk_slot *r = b.slot; r < b.slot + BLK_SLOTS; r++) {
		if (r->busy && r->answer.changes)
			b.model.vague |= r->answer.sectors;
		r->busy = false;
	}
	spoiled = false;
}

static void reset(void)
{
	FUZZ_CHECK(!vmmio_driver_start(b.driver, b.wanted, 1, BLK_ENTRIES), "step %u: no new start",
		b.step);
	lose();
}

static void reset_queue(void)
{
	const struct vmmio_driver_queue_config config = {BLK_ENTRIES, VMMIO_DRIVER_START_INDIRECT};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b.driver, 0);

	vmmio_manual_run(b.ex, 10000);
	if (spoiled)
		return;
	FUZZ_CHECK(!vmmio_driver_queue_reset(queue, 1000) &&
			!vmmio_driver_queue_setup(b.driver, 0, &config, &queue),
		"step %u: the queue does not come back", b.step);
	lose();
}

static void resize(uint32_t sectors)
{
	const uint64_t old = b.model.capacity, now = sectors % (BLK_MODEL_SECTORS + 1);

	if (!idle())
		return;
	FUZZ_CHECK(!ftruncate(b.image, (off_t)now * BLK_MODEL_SECTOR) && !vmmio_blk_resize(b.blk),
		"step %u: no new size", b.step);
	b.model.capacity = now;
	if (now > old)
		memset(b.model.disk + old * BLK_MODEL_SECTOR, 0, (now - old) * BLK_MODEL_SECTOR);
}

static void step(struct fuzz_input *input)
{
	struct fuzz_input rest = *input;
	const unsigned what = fuzz_take8(&rest) % WHATS;
	const size_t size = input->left < RECORD ? input->left : RECORD;

	rest.left = size - 1;
	input->next += size;
	input->left -= size;
	switch (what) {
	case IO: io(fuzz_take16(&rest)); break;
	case TASKS: vmmio_manual_run(b.ex, fuzz_take8(&rest)); break;
	case TOUCH: touch(fuzz_take64(&rest)); break;
	case RESET: reset(); break;
	case QUEUE_RESET: reset_queue(); break;
	case RESIZE: resize(fuzz_take32(&rest)); break;
	default: request(&rest);
	}
	if (what == REQUEST_ALONE)
		blk_rig_settle(&b);
	poll();
	if (vmmio_device_read(b.dev, VMMIO_REG_STATUS, 4) & VMMIO_STATUS_NEEDS_RESET) {
		FUZZ_CHECK(spoiled, "step %u: the device needs a reset", b.step);
		reset();
	}
	FUZZ_CHECK(!spoiled || what != REQUEST_ALONE, "step %u: no status byte, no reset", b.step);
}

static void run(struct fuzz_input *input)
{
	blk_rig_up(&b, fuzz_take16(input));
	reset();
	for (b.step = 1; input->left && b.step < 300; b.step++)
		step(input);
	blk_rig_down(&b);
}

static void make_header(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t seldom[] = {READ_ONLY, NO_DISCARD, NO_ZEROES};

	fuzz_put16(out, (uint16_t)(fuzz_next(random) & ~(uint32_t)(READ_ONLY | NO_DISCARD | NO_ZEROES)));
	if (fuzz_below(random, 4) == 0)
		out[0] |= seldom[fuzz_below(random, sizeof(seldom))];
}

/* Sectors and lengths at the edges: of the disk, of a sector, of the arithmetic. */
static void make_place(struct fuzz_random *random, uint8_t *out)
{
	static const uint64_t sectors[] = {0, 62, 63, 64, 65, UINT64_C(1) << 55, UINT64_MAX >> 9,
		UINT64_MAX, UINT32_MAX};
	const uint64_t sector = sectors[fuzz_below(random, sizeof(sectors) / sizeof(sectors[0]))] -
		fuzz_below(random, 3);

	fuzz_put32(out, (uint32_t)sector);
	fuzz_put32(out + 4, (uint32_t)(sector >> 32));
}

static void make_record(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t whats[] = {REQUEST, REQUEST, REQUEST_ALONE, REQUEST_ALONE, REQUEST_ALONE,
		REQUEST_ALONE, IO, IO, IO, TASKS, TOUCH, RESET, QUEUE_RESET, RESIZE};
	static const uint8_t types[] = {0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 4, 5, 6, 7};
	const bool segments = (out[1] = types[fuzz_below(random, sizeof(types))]) / 2 == 2;

	memset(out + 2, 0, RECORD - 2);
	out[0] = whats[fuzz_below(random, sizeof(whats))];
	out[2] = (uint8_t)fuzz_next(random);
	out[3] = fuzz_below(random, 8) ? 0 : (uint8_t)fuzz_next(random);
	fuzz_put32(out + 4, (1 + fuzz_below(random, segments ? 9 : 8)) * (segments ? 16 : 512));
	fuzz_put32(out + 8, fuzz_below(random, BLK_MODEL_SECTORS - 8));
	fuzz_put32(out + 16, 1 + fuzz_below(random, segments ? 4 : BLK_MODEL_SECTORS));
	out[20] = (uint8_t)fuzz_below(random, 2);
	if (out[0] == IO)
		fuzz_put16(out + 1, (uint16_t)(fuzz_below(random, 16) | fuzz_below(random, 3) * 3 << 8));
	else if (out[0] == TASKS)
		out[1] = (uint8_t)(1 + fuzz_below(random, 8));
	else if (out[0] == RESIZE)
		fuzz_put32(out + 1, BLK_MODEL_SECTORS - fuzz_below(random, 4) * fuzz_below(random, 16));
	if (fuzz_below(random, 8) == 0)
		make_place(random, out + 8);
	if (fuzz_below(random, 16) == 0)
		fuzz_put32(out + 4, fuzz_next(random) % 700);
	if (fuzz_below(random, 16) == 0)
		fuzz_put32(out + 16, fuzz_next(random) >> fuzz_below(random, 32));
	if (fuzz_below(random, 16) == 0)
		fuzz_put32(out + 20, fuzz_next(random));
}

const struct fuzz_target fuzz_target = {
	.name = "blk",
	.header = 2,
	.record = RECORD,
	.min_deep = 30,
	.deep = "ended in a request on sectors with status OK",
	.run = run,
	.make_header = make_header,
	.make_record = make_record,
};
