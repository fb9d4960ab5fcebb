/* SPDX-License-Identifier: BSD-3-Clause */
/* Making a register file, and looking at it from outside. */
#include "regfile/internal.h"

/* Where the arrays lie in the caller's memory, by falling alignment. */
struct layout {
	size_t shm, queue, config, queue_size_max, queue_flags, total;
};

static size_t config_words(const struct vmmio_regfile_config *config)
{
	return (config->config_size + 3) / 4;
}

static struct layout layout_of(const struct vmmio_regfile_config *config)
{
	struct layout at;
	size_t n = config->n_queues;

	at.shm = (sizeof(struct vmmio_regfile) + 7) & ~(size_t)7;
	at.queue = at.shm + config->n_shm * sizeof(struct vmmio_shm_region);
	at.config = at.queue + n * sizeof(struct regfile_queue);
	at.queue_size_max = at.config + 2 * config_words(config) * sizeof(_Atomic uint32_t);
	at.queue_flags = at.queue_size_max + n * sizeof(uint16_t);
	at.total = at.queue_flags + n * sizeof(_Atomic uint8_t);
	return at;
}

static const char *queues_check(const struct vmmio_regfile_config *config)
{
	bool packed = feature_in(config->features, VMMIO_F_RING_PACKED);

	if (config->n_queues > QUEUES_MAX)
		return "n_queues: at most 65536";
	if (config->n_queues && !config->queue_size_max)
		return "queue_size_max: is NULL";
	for (uint32_t i = 0; i < config->n_queues; i++) {
		uint32_t size = config->queue_size_max[i];

		if (size > VMMIO_QUEUE_SIZE_LIMIT)
			return "queue_size_max: at most 32768";
		if (!packed && (size & (size - 1)))
			return "queue_size_max: a power of two, unless RING_PACKED is offered";
	}
	return NULL;
}

static const char *shm_check(const struct vmmio_regfile_config *config)
{
	if (config->n_shm > SHM_MAX)
		return "n_shm: at most 256";
	if (config->n_shm && !config->shm)
		return "shm: is NULL";
	for (uint32_t i = 0; i < config->n_shm; i++)
		for (uint32_t j = 0; j < i; j++)
			if (config->shm[i].id == config->shm[j].id)
				return "shm: two regions have the same id";
	return NULL;
}

static const char *config_check(const struct vmmio_regfile_config *config)
{
	const char *wrong;

	if (config->version != 2 && config->version != 3)
		return "version: 2 or 3";
	if (config->config_size > CONFIG_MAX)
		return "config_size: at most 0xf00";
	if (config->config_urgent_size > config->config_size ||
		config->config_urgent_offset > config->config_size - config->config_urgent_size)
		return "config_urgent: reaches beyond config space";
	wrong = vmmio_regfile_offer_check(config);
	if (!wrong)
		wrong = queues_check(config);
	return wrong ? wrong : shm_check(config);
}

size_t vmmio_regfile_size(const struct vmmio_regfile_config *config)
{
	return config_check(config) ? 0 : layout_of(config).total;
}

static void set_constants(struct vmmio_regfile *rf, const struct vmmio_regfile_config *config)
{
	rf->version = config->version;
	rf->device_id = config->device_id;
	rf->vendor_id = config->vendor_id;
	rf->n_queues = config->n_queues;
	rf->n_shm = config->n_shm;
	rf->config_size = config->config_size;
	rf->urgent_offset = config->config_urgent_offset;
	rf->urgent_size = config->config_urgent_size;
	rf->violations = &rf->violation_count;
	for (unsigned i = 0; i < VMMIO_FEATURE_WORDS; i++)
		rf->features[i] = config->features[i];
}

static void set_arrays(struct vmmio_regfile *rf, const struct vmmio_regfile_config *config)
{
	struct layout at = layout_of(config);
	char *base = (char *)rf;
	struct vmmio_shm_region *shm = (void *)(base + at.shm);
	uint16_t *size_max = (void *)(base + at.queue_size_max);

	for (uint32_t i = 0; i < config->n_shm; i++)
		shm[i] = config->shm[i];
	for (uint32_t i = 0; i < config->n_queues; i++)
		size_max[i] = config->queue_size_max[i];
	rf->shm = shm;
	rf->queue_size_max = size_max;
	rf->queue = (void *)(base + at.queue);
	rf->queue_flags = (void *)(base + at.queue_flags);
	rf->config[0] = (void *)(base + at.config);
	rf->config[1] = rf->config[0] + config_words(config);
	for (uint32_t i = 0; i < config->n_queues; i++)
		vmmio_regfile_queue_default(rf, i);
}

static void set_config(struct vmmio_regfile *rf, const struct vmmio_regfile_config *config)
{
	const uint8_t *bytes = config->config;

	if (!bytes)
		return;
	for (uint32_t i = 0; i < config->config_size; i++)
		rf->config[0][i / 4] |= (uint32_t)bytes[i] << (i % 4 * 8);
}

int vmmio_regfile_init(void *memory, size_t size, const struct vmmio_regfile_config *config,
	struct vmmio_regfile **out, const char **why)
{
	const char *wrong = config_check(config);
	struct vmmio_regfile *rf = memory;
	size_t total;

	if (!wrong && (!memory || (uintptr_t)memory % _Alignof(max_align_t)))
		wrong = "memory: NULL, or not aligned for max_align_t";
	if (wrong) {
		if (why)
			*why = wrong;
		return -VMMIO_EINVAL;
	}
	total = layout_of(config).total;
	if (size < total)
		return -VMMIO_ENOSPC;
	__builtin_memset(memory, 0, total);
	set_constants(rf, config);
	set_arrays(rf, config);
	set_config(rf, config);
	*out = rf;
	return 0;
}

void vmmio_regfile_driver_features(
	const struct vmmio_regfile *rf, uint64_t out[VMMIO_FEATURE_WORDS])
{
	for (unsigned i = 0; i < VMMIO_FEATURE_WORDS; i++)
		out[i] = rf->writer.driver_features[i];
}

uint64_t vmmio_regfile_violations(const struct vmmio_regfile *rf)
{
	return atomic_load_explicit(rf->violations, memory_order_relaxed);
}
