/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest memory, as checks see it: taken piece by piece, given back when the check ends. */
#include <string.h>

#include "conform/engine.h"

#define CHUNK 4096u

void put(struct conform *c, uint64_t guest, const void *data, size_t size)
{
	int error = c->ops.mem_write(c->target->ctx, guest, data, size);

	engine_answer(c, error, NEEDS_MEMORY, "write to guest memory");
}

void get(struct conform *c, uint64_t guest, void *data, size_t size)
{
	int error = c->ops.mem_read(c->target->ctx, guest, data, size);

	engine_answer(c, error, NEEDS_MEMORY, "read guest memory");
}

void fill(struct conform *c, uint64_t guest, uint8_t byte, size_t size)
{
	uint8_t bytes[CHUNK];

	memset(bytes, byte, sizeof(bytes));
	while (size) {
		size_t n = size < CHUNK ? size : CHUNK;

		put(c, guest, bytes, n);
		guest += n;
		size -= n;
	}
}

size_t differs(struct conform *c, uint64_t guest, uint8_t byte, size_t size)
{
	uint8_t bytes[CHUNK];
	size_t done = 0;

	while (done < size) {
		size_t n = size - done < CHUNK ? size - done : CHUNK;

		get(c, guest + done, bytes, n);
		for (size_t i = 0; i < n; i++) {
			if (bytes[i] != byte)
				return done + i;
		}
		done += n;
	}
	return size;
}

uint64_t memory_left(const struct conform *c)
{
	return c->target->memory_size - c->taken;
}

uint64_t take(struct conform *c, uint64_t size, uint64_t align)
{
	uint64_t base = c->target->memory_base;
	uint64_t at = (base + c->taken + align - 1) & ~(align - 1);
	uint64_t end = at - base + size;

	need(c, end <= c->target->memory_size,
		"the target's %llu bytes of guest memory are not enough",
		(unsigned long long)c->target->memory_size);
	c->taken = end;
	fill(c, at, 0, size);
	return at;
}

uint16_t get16(struct conform *c, uint64_t guest)
{
	uint16_t value;

	get(c, guest, &value, sizeof(value));
	return vmmio_le16(value);
}

uint32_t get32(struct conform *c, uint64_t guest)
{
	uint32_t value;

	get(c, guest, &value, sizeof(value));
	return vmmio_le32(value);
}

uint64_t get64(struct conform *c, uint64_t guest)
{
	uint64_t value;

	get(c, guest, &value, sizeof(value));
	return vmmio_le64(value);
}

void put16(struct conform *c, uint64_t guest, uint16_t value)
{
	uint16_t le = vmmio_le16(value);

	put(c, guest, &le, sizeof(le));
}

void put32(struct conform *c, uint64_t guest, uint32_t value)
{
	uint32_t le = vmmio_le32(value);

	put(c, guest, &le, sizeof(le));
}

void put64(struct conform *c, uint64_t guest, uint64_t value)
{
	uint64_t le = vmmio_le64(value);

	put(c, guest, &le, sizeof(le));
}
