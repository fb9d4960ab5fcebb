/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Config space: two buffers and a generation.
 *
 * Readers use the buffer that the generation names. A change fills the other one, then moves
 * the generation on. The change after that writes into the buffer that a slow reader may still
 * hold, so a reader looks at the generation again and repeats if it has moved: it never waits
 * for a writer, it only repeats after one has finished a change.
 *
 * Why that suffices: words are stored with release and loaded with acquire. A reader that meets
 * a word of change G + 2 in the buffer of G therefore also sees that the generation is at least
 * G + 1 when it looks again.
 */
#include "regfile/internal.h"

static bool in_config(const struct vmmio_regfile *rf, uint64_t offset, uint64_t size)
{
	return size <= rf->config_size && offset <= rf->config_size - size;
}

static bool width_valid(unsigned size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* size 1, 2 or 4 at any alignment: one or two words. */
static uint32_t peek(const _Atomic uint32_t *words, uint32_t offset, unsigned size)
{
	const _Atomic uint32_t *word = &words[offset / 4];
	unsigned skip = offset % 4;
	uint64_t value = atomic_load_explicit(word, memory_order_acquire);

	if (skip + size > 4)
		value |= (uint64_t)atomic_load_explicit(word + 1, memory_order_acquire) << 32;
	return (uint32_t)(value >> (8 * skip) & (UINT64_C(0xffffffff) >> (32 - 8 * size)));
}

static uint32_t snapshot(const struct vmmio_regfile *rf, uint32_t offset, unsigned size)
{
	uint32_t generation, value;

	do {
		generation = atomic_load_explicit(&rf->generation, memory_order_acquire);
		value = peek(rf->config[generation & 1], offset, size);
	} while (atomic_load_explicit(&rf->generation, memory_order_relaxed) != generation);
	return value;
}

uint64_t vmmio_regfile_config_read(const struct vmmio_regfile *rf, uint64_t offset, unsigned size)
{
	uint64_t low;

	if (!width_valid(size) || !in_config(rf, offset, size)) {
		violation_count(rf);
		return 0;
	}
	if (size < 8)
		return snapshot(rf, (uint32_t)offset, size);
	low = snapshot(rf, (uint32_t)offset, 4);
	return low | (uint64_t)snapshot(rf, (uint32_t)offset + 4, 4) << 32;
}

static bool in_urgent(const struct vmmio_regfile *rf, uint32_t offset, uint32_t size)
{
	return offset >= rf->urgent_offset && size <= rf->urgent_size &&
		offset - rf->urgent_offset <= rf->urgent_size - size;
}

/* Not while a reset runs (E40), and not while the device is or gets suspended. */
static bool write_allowed(const struct vmmio_regfile *rf, uint32_t offset, uint32_t size)
{
	uint64_t state = state_load(rf);

	return in_urgent(rf, offset, size) || (!(state & VMMIO_STATE_RESETTING) &&
		!(VMMIO_STATE_STATUS(state) & VMMIO_STATUS_SUSPEND));
}

void vmmio_regfile_config_write(struct vmmio_regfile *rf, uint64_t offset, unsigned size,
	uint64_t value, struct vmmio_actions *actions)
{
	uint32_t part = size == 8 ? 4 : size;
	bool dropped = false;

	if (!width_valid(size) || !in_config(rf, offset, size)) {
		violation_count(rf);
		return;
	}
	for (uint32_t done = 0; done < size; done += part) {
		uint32_t at = (uint32_t)offset + done;

		if (!write_allowed(rf, at, part)) {
			dropped = true;
			continue;
		}
		action_add(actions, (struct vmmio_action){ .kind = VMMIO_ACTION_CONFIG_WRITE,
			.offset = at, .size = part,
			.value = value >> (8 * done) & (UINT64_C(0xffffffff) >> (32 - 8 * part)) });
	}
	if (dropped)
		violation_count(rf);
}

/* Word i with those of its bytes replaced that [offset, offset + size) covers. */
static uint32_t merged(uint32_t word, uint32_t i, uint32_t offset, const uint8_t *data,
	uint32_t size)
{
	for (uint32_t b = 0; b < 4; b++) {
		uint32_t at = 4 * i + b;

		if (at >= offset && at - offset < size) {
			word &= ~(UINT32_C(0xff) << (8 * b));
			word |= (uint32_t)data[at - offset] << (8 * b);
		}
	}
	return word;
}

static bool differs(const _Atomic uint32_t *words, uint32_t offset, const uint8_t *data,
	uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (peek(words, offset + i, 1) != data[i])
			return true;
	return false;
}

bool vmmio_regfile_config_set(
	struct vmmio_regfile *rf, uint32_t offset, const void *data, uint32_t size)
{
	uint32_t generation = atomic_load_explicit(&rf->generation, memory_order_relaxed);
	const _Atomic uint32_t *now = rf->config[generation & 1];
	_Atomic uint32_t *next = rf->config[(generation + 1) & 1];

	if (!in_config(rf, offset, size) || !differs(now, offset, data, size))
		return false;
	for (uint32_t i = 0; i < (rf->config_size + 3) / 4; i++) {
		uint32_t word = atomic_load_explicit(&now[i], memory_order_relaxed);

		/* Release: see the top of this file. */
		atomic_store_explicit(
			&next[i], merged(word, i, offset, data, size), memory_order_release);
	}
	atomic_store_explicit(&rf->generation, generation + 1, memory_order_release);
	return true;
}
