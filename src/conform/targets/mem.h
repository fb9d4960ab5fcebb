/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the mem target: guest memory whose physical address is known. */
#ifndef VMMIO_CONFORM_TARGETS_MEM_H
#define VMMIO_CONFORM_TARGETS_MEM_H

#include "conform/targets/kinds.h"

#define MEM_HUGE (UINT64_C(2) << 20)
#define MEM_MAX (UINT64_C(1) << 30)

/* size bytes, physically in one piece at physical. */
struct mem_ram {
	uint8_t *host;
	uint64_t physical;
	uint64_t size;
};

/* From huge pages, locked; size is a multiple of MEM_HUGE, at most MEM_MAX. 0, or -errno and
 * error. */
int mem_ram_get(uint64_t size, struct mem_ram *out, struct vmmio_target_error *error);

void mem_ram_put(struct mem_ram *ram);

struct mem_page {
	uint64_t physical;
	uint64_t number; /* in the memory as it came */
};

/*
 * Where the n huge pages from host on lie, by a file such as /proc/self/pagemap: filled in, in
 * the order in which they lie there. They have to be one piece.
 */
int mem_ram_locate(int pagemap, const uint8_t *host, struct mem_page *pages, size_t n,
	struct vmmio_target_error *error);

#endif
