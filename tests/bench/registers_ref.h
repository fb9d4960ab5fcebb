/* SPDX-License-Identifier: BSD-3-Clause */
/* What register reads stand beside: the plain switch that a device model without threads
 * would have, and the same switch under a mutex. */
#ifndef VMMIO_BENCH_REGISTERS_REF_H
#define VMMIO_BENCH_REGISTERS_REF_H

#include <pthread.h>
#include <stdint.h>

struct reference {
	uint32_t version, device_id, vendor_id;
	uint64_t features;
	uint32_t features_sel, queue_sel, queue_size_max[1], queue_ready[1];
	uint32_t status, interrupt_status, generation;
	uint8_t config[64];
	pthread_mutex_t lock;
};

void reference_init(struct reference *reference);

/* In a file of their own, so that they are called like the library's read is. */
uint64_t reference_read(const struct reference *reference, uint64_t offset, unsigned size);
uint64_t reference_read_locked(struct reference *reference, uint64_t offset, unsigned size);

#endif
