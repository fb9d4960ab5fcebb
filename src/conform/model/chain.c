/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptor chains as lists of pieces: first what the device reads, then what it writes. */
#include <stdlib.h>
#include <string.h>
#include "conform/model/internal.h"

bool model_walk_add(struct walk *w, uint64_t addr, uint32_t len, bool write)
{
	struct model *m = w->q->m;
	const unsigned n = w->n_out + w->n_in;
	uint8_t *host = model_memory(m, addr, len);

	if (!host || n == m->scratch_max || (w->n_in && !write))
		return false;
	if (w->out + w->in + len > UINT32_MAX)
		return false;
	m->scratch[n] = (struct piece){host, len};
	if (write) {
		w->n_in++;
		w->in += len;
	} else {
		w->n_out++;
		w->out += len;
	}
	return true;
}

struct job *model_walk_end(const struct walk *w, uint32_t id, uint32_t slots)
{
	const unsigned n = w->n_out + w->n_in;
	struct job *job = calloc(1, sizeof(*job) + n * sizeof(struct piece));

	if (!job)
		return NULL;
	job->q = w->q;
	job->id = id;
	job->slots = slots;
	job->n_out = w->n_out;
	job->n_in = w->n_in;
	job->out = w->out;
	job->in = w->in;
	memcpy(job->pieces, w->q->m->scratch, n * sizeof(struct piece));
	return job;
}

/* Bytes of one piece from skip on, at most n; passes skip on to the next piece. */
static size_t part(const struct piece *piece, uint64_t *skip, size_t n)
{
	size_t left;

	if (*skip >= piece->len) {
		*skip -= piece->len;
		return 0;
	}
	left = piece->len - (size_t)*skip;
	return left < n ? left : n;
}

size_t model_job_read(const struct job *job, uint64_t skip, void *to, size_t n)
{
	size_t done = 0;

	for (unsigned i = 0; i < job->n_out && done < n; i++) {
		const size_t take = part(&job->pieces[i], &skip, n - done);

		if (!take)
			continue;
		memcpy((uint8_t *)to + done, job->pieces[i].host + skip, take);
		done += take;
		skip = 0;
	}
	return done;
}

size_t model_job_write(struct job *job, uint64_t skip, const void *from, size_t n)
{
	size_t done = 0;

	for (unsigned i = job->n_out; i < job->n_out + job->n_in && done < n; i++) {
		const size_t take = part(&job->pieces[i], &skip, n - done);

		if (!take)
			continue;
		if (job->late)
			model_late_write(job->q->m, job->pieces[i].host + skip,
				(const uint8_t *)from + done, take);
		else
			memmove(job->pieces[i].host + skip, (const uint8_t *)from + done, take);
		done += take;
		skip = 0;
	}
	job->touched |= done > 0;
	return done;
}

void model_job_spoil(struct job *job)
{
	if (job->n_out && job->pieces[0].len > 4)
		job->pieces[0].host[4] ^= 0xff;
}
