/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads of registers. Any thread, no lock: constants and atomics only. A selector is loaded
 * once, so that another thread's write to it cannot move the index between check and use.
 */
#include "regfile/internal.h"

static uint32_t device_features(const struct vmmio_regfile *rf)
{
	uint32_t word = selector_load(rf, SEL_DEVICE_FEATURES);

	if (word >= 2 * VMMIO_FEATURE_WORDS)
		return 0;
	return (uint32_t)(rf->features[word / 2] >> (word % 2 * 32));
}

/* SHMLen and SHMBase of an id that is not used are all ones (E36). */
static uint32_t shm(const struct vmmio_regfile *rf, uint32_t offset)
{
	bool base = offset >= VMMIO_REG_SHM_BASE_LOW;
	bool high = offset & 4;
	uint32_t id = selector_load(rf, SEL_SHM);
	uint64_t value = UINT64_MAX;

	for (uint32_t i = 0; i < rf->n_shm; i++)
		if (rf->shm[i].id == id)
			value = base ? rf->shm[i].base : rf->shm[i].length;
	return (uint32_t)(high ? value >> 32 : value);
}

static uint32_t queue_bit(const struct vmmio_regfile *rf, unsigned flag)
{
	return (queue_flags_load(rf, selector_load(rf, SEL_QUEUE)) & flag) != 0;
}

static uint32_t control(const struct vmmio_regfile *rf, uint32_t offset)
{
	/* The two that drivers read all the time do not wait for a search. */
	if (offset == VMMIO_REG_INTERRUPT_STATUS)
		return VMMIO_STATE_INT(state_load(rf));
	if (offset == VMMIO_REG_STATUS)
		return VMMIO_STATE_STATUS(state_load(rf));
	switch (offset) {
	case VMMIO_REG_CONFIG_GENERATION:
		return atomic_load_explicit(&rf->generation, memory_order_acquire);
	case VMMIO_REG_MAGIC:
		return VMMIO_MAGIC;
	case VMMIO_REG_VERSION:
		return rf->version;
	case VMMIO_REG_DEVICE_ID:
		return rf->device_id;
	case VMMIO_REG_VENDOR_ID:
		return rf->vendor_id;
	case VMMIO_REG_DEVICE_FEATURES:
		return device_features(rf);
	case VMMIO_REG_QUEUE_SIZE_MAX:
		return queue_size_max(rf, selector_load(rf, SEL_QUEUE));
	case VMMIO_REG_QUEUE_READY:
		return queue_bit(rf, QUEUE_READY);
	case VMMIO_REG_QUEUE_RESET:
		return queue_bit(rf, QUEUE_RESET);
	case VMMIO_REG_SHM_LEN_LOW:
	case VMMIO_REG_SHM_LEN_HIGH:
	case VMMIO_REG_SHM_BASE_LOW:
	case VMMIO_REG_SHM_BASE_HIGH:
		return shm(rf, offset);
	default: /* a hole, or misaligned, or write-only */
		violation_count(rf);
		return 0;
	}
}

/* What drivers read most is apart: a whole word, in a quarter of the instructions. */
static inline uint64_t config(const struct vmmio_regfile *rf, uint64_t offset, unsigned size)
{
	const bool word = size == 4 && offset % 4 == 0 && offset / 4 < rf->config_size / 4;

	if (__builtin_expect(word, 1))
		return config_word_load(rf, (uint32_t)offset / 4);
	return vmmio_regfile_config_read(rf, offset, size);
}

uint64_t vmmio_regfile_read(const struct vmmio_regfile *rf, uint64_t offset, unsigned size)
{
	if (offset >= VMMIO_REG_CONFIG)
		return config(rf, offset - VMMIO_REG_CONFIG, size);
	if (size == 4)
		return control(rf, (uint32_t)offset);
	violation_count(rf);
	return 0;
}
