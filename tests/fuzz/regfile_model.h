/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second register file, as naive as can be: written from the specification's register
 * table and the library's decisions on what it leaves open (the E numbers), with nothing of
 * the first but its public types. One thread, plain fields, no table.
 */
#ifndef VMMIO_TESTS_FUZZ_REGFILE_MODEL_H
#define VMMIO_TESTS_FUZZ_REGFILE_MODEL_H

#include <vmmio/regfile.h>

enum { MODEL_QUEUES = 8, MODEL_SHM = 4, MODEL_CONFIG = 0xf00 };

struct model_queue {
	uint32_t max, size;
	uint32_t desc_low, desc_high, driver_low, driver_high, device_low, device_high;
	bool ready, reset, stopping;
};

struct model {
	uint32_t version, device_id, vendor_id;
	uint32_t offered[4], chosen[4]; /* feature words */
	uint32_t n_queues;
	struct model_queue queue[MODEL_QUEUES];
	uint32_t n_shm;
	struct vmmio_shm_region shm[MODEL_SHM];
	uint32_t config_size, generation, urgent_offset, urgent_size;
	uint8_t config[MODEL_CONFIG];

	uint32_t status, interrupts, epoch;
	bool resetting;
	uint32_t device_features_sel, driver_features_sel, queue_sel, shm_sel;
	bool asked, asked_driver_ok; /* the backend, for the features */
	bool sick;                   /* needs a reset, not shown yet (E11) */
	bool suspending, suspended, resuming;
	uint32_t suspended_generation;
};

void model_init(struct model *m, const struct vmmio_regfile_config *config);
uint64_t model_read(const struct model *m, uint64_t offset, unsigned size);
void model_write(struct model *m, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_actions *out);
void model_event(struct model *m, enum vmmio_event event, uint32_t arg, struct vmmio_actions *out);
bool model_raise(struct model *m, uint32_t epoch, uint32_t bits);
bool model_config_set(struct model *m, uint32_t offset, const void *data, uint32_t size);

#endif
