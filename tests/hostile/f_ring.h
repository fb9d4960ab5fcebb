/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An io_uring whose completions do what a test says: late, twice, never, in another order,
 * with another result. The requests and the kernel are real; what the engine's thread is
 * shown passes through here (the linker's --wrap of io_uring_peek_batch_cqe).
 */
#ifndef VMMIO_TESTS_F_RING_H
#define VMMIO_TESTS_F_RING_H

#include <stdbool.h>
#include <stdint.h>

/* What a completion is for. */
enum f_kind { F_REQUEST, F_CANCEL, F_OTHER };

struct f_cqe {
	uint64_t data;
	int32_t res;
	uint32_t flags;
};

enum f_verdict {
	F_PASS,
	F_HOLD, /* until f_ring_release */
	F_TWICE,
};

/* Called on the ring's thread for each completion of a request or a cancel; may change res.
 * NULL: all pass. */
void f_ring_script(enum f_verdict (*script)(enum f_kind kind, struct f_cqe *cqe));

/* Completions of requests, or cancels, that came from the kernel, and that are held now. */
unsigned f_ring_seen(enum f_kind kind);
unsigned f_ring_held(void);
/* The held completion at position n; to be changed with release's before. */
struct f_cqe f_ring_look(unsigned n);
/* Shows the held completion at position n, with this result, as soon as the thread looks:
 * there has to be something that wakes it. */
void f_ring_release(unsigned n, int32_t res);
/* One more that the kernel never sent. */
void f_ring_forge(struct f_cqe cqe);
/* While frozen the thread sees no completion at all, and the kernel's ring fills up. */
void f_ring_freeze(bool frozen);

#endif
