/* SPDX-License-Identifier: BSD-3-Clause */
/* The block device: requests. Its configuration is block_config.c, its store disk.c. */
#include <string.h>
#include "conform/model/block.h"
#include "conform/model/disk.h"

#define SEGMENTS_MAX BLOCK_SEGMENTS_MAX

/* A request while it is served. */
struct request {
	struct model *m;
	struct job *job;
	uint32_t type;
	uint64_t sector;
	uint64_t out;    /* bytes of data that the device reads, behind the header */
	uint64_t in;     /* ... that it writes, before the status byte */
	uint64_t filled; /* of in, from its begin */
};

/* Are n sectors there? No sum: it could overflow. */
static bool on_disk(const struct model *m, uint64_t sector, uint64_t n)
{
	const uint64_t capacity = model_block_capacity(m);

	return sector <= capacity && n <= capacity - sector;
}

static bool whole_sectors(const struct request *r, uint64_t bytes)
{
	return bytes % VMMIO_BLK_SECTOR == 0 && on_disk(r->m, r->sector, bytes / VMMIO_BLK_SECTOR);
}

/* What has to be on the media before the write is reported as done. */
static void settle_write(struct model *m, uint64_t sector, uint64_t n)
{
	if (model_block_writes_through(m) && !faulty(m, FAULT_WRITE_THROUGH_LIES))
		model_disk_commit(m->disk, sector, n);
}

static uint8_t serve_in(struct request *r)
{
	if (r->out || !whole_sectors(r, r->in))
		return VMMIO_BLK_S_IOERR;
	if (!r->in)
		return VMMIO_BLK_S_OK;
	if (faulty(r->m, FAULT_SECTOR_ROUNDED))
		r->sector &= ~UINT64_C(1);
	r->job->late = faulty(r->m, FAULT_DATA_LATE) && !r->job->q->packed && !r->job->orphan &&
		       !r->m->disk->touched[r->sector];
	r->filled = model_job_write(r->job, 0, model_disk_at(r->m->disk, r->sector), (size_t)r->in);
	r->job->late = false;
	return VMMIO_BLK_S_OK;
}

static uint8_t serve_out(struct request *r)
{
	const uint64_t n = r->out / VMMIO_BLK_SECTOR;

	if (model_offers(r->m, VMMIO_BLK_F_RO) && faulty(r->m, FAULT_READ_ONLY_OK))
		return VMMIO_BLK_S_OK;
	if (model_offers(r->m, VMMIO_BLK_F_RO) && !faulty(r->m, FAULT_READ_ONLY_WRITES))
		return VMMIO_BLK_S_IOERR;
	if (r->in || !whole_sectors(r, r->out))
		return VMMIO_BLK_S_IOERR;
	model_job_read(r->job, sizeof(struct vmmio_blk_header),
		model_disk_change(r->m->disk, r->sector, n), (size_t)r->out);
	settle_write(r->m, r->sector, n);
	return model_offers(r->m, VMMIO_BLK_F_RO) ? VMMIO_BLK_S_IOERR : VMMIO_BLK_S_OK;
}

static uint8_t serve_flush(struct request *r)
{
	if (!faulty(r->m, FAULT_FLUSH_LIES))
		model_disk_commit(r->m->disk, 0, DISK_SECTORS_MAX);
	return VMMIO_BLK_S_OK;
}

static uint8_t serve_id(struct request *r)
{
	char id[VMMIO_BLK_ID_BYTES] = "vmmio-model";
	const size_t n = r->in < sizeof(id) ? (size_t)r->in : sizeof(id);

	if (faulty(r->m, FAULT_ID_PADDING))
		memset(id + 12, 0xff, sizeof(id) - 12);

	r->filled = model_job_write(r->job, 0, id, n);
	return VMMIO_BLK_S_OK;
}

/* A store that is hardly worn. */
static uint8_t serve_lifetime(struct request *r)
{
	uint8_t metrics[6] = {1, 0, 2, 0, 0, 0};

	if (faulty(r->m, FAULT_LIFETIME_BLUFF))
		return VMMIO_BLK_S_UNSUPP;
	if (faulty(r->m, FAULT_LIFETIME_RESERVED))
		metrics[0] = metrics[2] = 99;
	if (r->in != sizeof(metrics))
		return VMMIO_BLK_S_IOERR;
	r->filled = model_job_write(r->job, 0, metrics, sizeof(metrics));
	return VMMIO_BLK_S_OK;
}

static uint8_t judge_segment(const struct request *r, const struct vmmio_blk_segment *segment)
{
	uint32_t flags = vmmio_le32(segment->flags);
	const uint32_t sectors = vmmio_le32(segment->num_sectors);

	if (faulty(r->m, FAULT_UNKNOWN_FLAG))
		flags &= VMMIO_BLK_WZ_UNMAP;
	if (faulty(r->m, FAULT_DISCARD_UNMAP))
		flags &= ~VMMIO_BLK_WZ_UNMAP;
	if (flags & ~VMMIO_BLK_WZ_UNMAP)
		return VMMIO_BLK_S_UNSUPP;
	if (flags & VMMIO_BLK_WZ_UNMAP && r->type == VMMIO_BLK_T_DISCARD)
		return VMMIO_BLK_S_UNSUPP;
	if (model_offers(r->m, VMMIO_BLK_F_RO))
		return VMMIO_BLK_S_IOERR;
	if (!sectors || sectors > BLOCK_SECTORS_MAX ||
		!on_disk(r->m, vmmio_le64(segment->sector), sectors))
		return VMMIO_BLK_S_IOERR;
	return VMMIO_BLK_S_OK;
}

static void clear_segment(struct request *r, const struct vmmio_blk_segment *segment)
{
	const uint64_t sector = vmmio_le64(segment->sector);
	const uint32_t sectors = vmmio_le32(segment->num_sectors);
	const bool unmap = vmmio_le32(segment->flags) & VMMIO_BLK_WZ_UNMAP;

	if (unmap && faulty(r->m, FAULT_UNMAP_KEEPS))
		return;
	memset(model_disk_change(r->m->disk, sector, sectors), 0,
		(size_t)sectors * VMMIO_BLK_SECTOR);
	settle_write(r->m, sector, sectors);
}

/* DISCARD and WRITE_ZEROES. All segments are judged before the first is acted on. */
static uint8_t serve_segments(struct request *r)
{
	struct vmmio_blk_segment segments[SEGMENTS_MAX];
	const size_t n = (size_t)r->out / sizeof(segments[0]);

	if (r->in || !n || n > SEGMENTS_MAX || r->out % sizeof(segments[0]))
		return VMMIO_BLK_S_IOERR;
	model_job_read(r->job, sizeof(struct vmmio_blk_header), segments, (size_t)r->out);
	for (size_t i = 0; i < n; i++) {
		const uint8_t status = judge_segment(r, &segments[i]);

		if (status != VMMIO_BLK_S_OK)
			return status;
	}
	for (size_t i = 0; i < n; i++)
		clear_segment(r, &segments[i]);
	return VMMIO_BLK_S_OK;
}

static const struct {
	uint32_t type;
	int feature; /* that has to be negotiated; -1: none */
	uint8_t (*serve)(struct request *r);
} types[] = {
	{VMMIO_BLK_T_IN, -1, serve_in},
	{VMMIO_BLK_T_OUT, -1, serve_out},
	{VMMIO_BLK_T_FLUSH, -1, serve_flush},
	{VMMIO_BLK_T_GET_ID, -1, serve_id},
	{BLOCK_T_GET_LIFETIME, BLOCK_F_LIFETIME, serve_lifetime},
	{VMMIO_BLK_T_DISCARD, VMMIO_BLK_F_DISCARD, serve_segments},
	{VMMIO_BLK_T_WRITE_ZEROES, VMMIO_BLK_F_WRITE_ZEROES, serve_segments},
};

static bool is_zone_type(uint32_t type)
{
	return type == 15 || (type >= 16 && type <= 26 && type % 2 == 0);
}

static uint8_t refuse(const struct request *r)
{
	if (faulty(r->m, is_zone_type(r->type) ? FAULT_ZONE_TYPES : FAULT_UNKNOWN_TYPE))
		return VMMIO_BLK_S_IOERR;
	return VMMIO_BLK_S_UNSUPP;
}

static uint8_t serve(struct request *r)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type != r->type)
			continue;
		if (types[i].feature >= 0 && !model_has(r->m, (unsigned)types[i].feature))
			return VMMIO_BLK_S_UNSUPP;
		return types[i].serve(r);
	}
	return refuse(r);
}

/* A fault: the header as most drivers cut it. */
static bool framed(const struct job *job)
{
	return job->q->packed ||
	       (job->n_out && job->pieces[0].len == sizeof(struct vmmio_blk_header));
}

static uint8_t serve_header(struct request *r)
{
	struct vmmio_blk_header header;

	if (faulty(r->m, FAULT_FRAMING) && !framed(r->job))
		return VMMIO_BLK_S_IOERR;
	if (model_job_read(r->job, 0, &header, sizeof(header)) < sizeof(header))
		return VMMIO_BLK_S_IOERR;
	r->type = vmmio_le32(header.type);
	r->sector = vmmio_le64(header.sector);
	r->out = r->job->out - sizeof(header);
	return serve(r);
}

/*
 * The status byte is the last writable one. A used length promises that all bytes before it
 * were written, so it counts only what was filled from the begin on.
 */
void model_block_run(struct model *m, struct job *job)
{
	struct request r = {.m = m, .job = job};
	uint8_t status;

	if (!job->in) {
		model_queue_break(job->q);
		return;
	}
	r.in = job->in - 1;
	status = serve_header(&r);
	model_job_write(job, job->in - 1, &status, 1);
	job->written = (uint32_t)(r.filled == r.in ? job->in : r.filled);
}
