/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the mem target: guest memory whose physical address is known. */
#ifndef VMMIO_CONFORM_TARGETS_MEM_H
#define VMMIO_CONFORM_TARGETS_MEM_H

#include "conform/targets/kinds.h"

#define MEM_HUGE (UINT64_C(2) << 20)

/* size bytes, physically in one piece at physical. */
struct mem_ram {
	uint8_t *host;
	uint64_t physical;
	uint64_t size;
};

/* From huge pages, locked; size is a multiple of MEM_HUGE. 0, or -errno and error. */
int mem_ram_get(uint64_t size, struct mem_ram *out, struct vmmio_target_error *error);

void mem_ram_put(struct mem_ram *ram);

/* Where ram->host lies, by a file such as /proc/self/pagemap; fills in ram->physical. */
int mem_ram_locate(int pagemap, struct mem_ram *ram, struct vmmio_target_error *error);

#endif
