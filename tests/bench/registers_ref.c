/* SPDX-License-Identifier: BSD-3-Clause */
/* See registers_ref.h. */
#include "registers_ref.h"

#include <string.h>
#include <vmmio/spec.h>

void reference_init(struct reference *reference)
{
	*reference = (struct reference){
		.version = 3, .device_id = 42, .features = UINT64_C(1) << 32,
		.queue_size_max = {256}, .status = 15};
	pthread_mutex_init(&reference->lock, NULL);
}

static uint64_t read_config(const struct reference *r, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	if (size > 8 || offset > sizeof(r->config) - size)
		return 0;
	switch (size) {
	case 1:
		return r->config[offset];
	case 2:
		memcpy(&value, &r->config[offset], 2);
		return value;
	case 4:
		memcpy(&value, &r->config[offset], 4);
		return value;
	case 8:
		memcpy(&value, &r->config[offset], 8);
		return value;
	default:
		return 0;
	}
}

uint64_t reference_read(const struct reference *r, uint64_t offset, unsigned size)
{
	if (offset >= VMMIO_REG_CONFIG)
		return read_config(r, offset - VMMIO_REG_CONFIG, size);
	if (size != 4)
		return 0;
	switch (offset) {
	case VMMIO_REG_MAGIC:
		return VMMIO_MAGIC;
	case VMMIO_REG_VERSION:
		return r->version;
	case VMMIO_REG_DEVICE_ID:
		return r->device_id;
	case VMMIO_REG_VENDOR_ID:
		return r->vendor_id;
	case VMMIO_REG_DEVICE_FEATURES:
		return r->features_sel > 1 ? 0 : (uint32_t)(r->features >> (32 * r->features_sel));
	case VMMIO_REG_QUEUE_SIZE_MAX:
		return r->queue_sel ? 0 : r->queue_size_max[0];
	case VMMIO_REG_QUEUE_READY:
		return r->queue_sel ? 0 : r->queue_ready[0];
	case VMMIO_REG_INTERRUPT_STATUS:
		return r->interrupt_status;
	case VMMIO_REG_STATUS:
		return r->status;
	case VMMIO_REG_CONFIG_GENERATION:
		return r->generation;
	default:
		return 0;
	}
}

uint64_t reference_read_locked(struct reference *r, uint64_t offset, unsigned size)
{
	uint64_t value;

	pthread_mutex_lock(&r->lock);
	value = reference_read(r, offset, size);
	pthread_mutex_unlock(&r->lock);
	return value;
}
