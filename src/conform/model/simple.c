/* SPDX-License-Identifier: BSD-3-Clause */
/* Device types without a configuration space: entropy, and the one that does nothing. */
#include <string.h>
#include "conform/model/internal.h"

/* Bytes of one buffer that are filled at most: a chain may name the same memory for ever. */
#define ENTROPY_MAX 65536u

/* --- Entropy: the same sequence each time, which tests like ------------------------------- */

static void entropy_restart(struct model *m)
{
	m->random = 0x9e3779b9;
}

static uint8_t next_byte(struct model *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	return (uint8_t)(m->random >> 11);
}

static void entropy_run(struct model *m, struct job *job)
{
	const uint32_t most = m->options.show.entropy_most;
	const uint64_t limit = most && most < ENTROPY_MAX ? most : ENTROPY_MAX;
	const uint64_t n = job->in < limit ? job->in : limit;
	uint8_t bytes[256];
	uint64_t done = 0;

	if (faulty(m, FAULT_NO_ENTROPY) && job->in < 8)
		return;
	while (done < n) {
		const size_t part = n - done < sizeof(bytes) ? (size_t)(n - done) : sizeof(bytes);

		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = next_byte(m);
		done += model_job_write(job, done, bytes, part);
	}
	job->written = (uint32_t)done;
}

const struct type_ops model_entropy = {
	.id = VMMIO_ID_ENTROPY,
	.n_queues = 1,
	.restart = entropy_restart,
	.run = entropy_run,
};

/* --- Anything: each chain comes back as it is ---------------------------------------------- */

static void anything_run(struct model *m, struct job *job)
{
	(void)m;
	job->written = 0;
}

const struct type_ops model_anything = {
	.id = MODEL_ID_ANYTHING,
	.n_queues = 1,
	.run = anything_run,
};
