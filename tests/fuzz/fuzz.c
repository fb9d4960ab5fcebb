/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading inputs, changing them, counting how deep they go. */
#include "fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	uint64_t inputs, deep;
	bool now;
} depth;

uint8_t fuzz_take8(struct fuzz_input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->next++;
}

uint16_t fuzz_take16(struct fuzz_input *input)
{
	const uint16_t low = fuzz_take8(input);

	return (uint16_t)(low | fuzz_take8(input) << 8);
}

uint32_t fuzz_take32(struct fuzz_input *input)
{
	const uint32_t low = fuzz_take16(input);

	return low | (uint32_t)fuzz_take16(input) << 16;
}

uint64_t fuzz_take64(struct fuzz_input *input)
{
	const uint64_t low = fuzz_take32(input);

	return low | (uint64_t)fuzz_take32(input) << 32;
}

/* splitmix64 */
uint32_t fuzz_next(struct fuzz_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) >> 16);
}

uint32_t fuzz_below(struct fuzz_random *random, uint32_t n)
{
	return fuzz_next(random) % n;
}

void fuzz_put16(uint8_t *out, uint16_t value)
{
	out[0] = (uint8_t)value;
	out[1] = (uint8_t)(value >> 8);
}

void fuzz_put32(uint8_t *out, uint32_t value)
{
	fuzz_put16(out, (uint16_t)value);
	fuzz_put16(out + 2, (uint16_t)(value >> 16));
}

void fuzz_deep(void)
{
	depth.now = true;
}

void fuzz_run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	depth.now = false;
	fuzz_target.run(&input);
	depth.inputs++;
	depth.deep += depth.now;
}

bool fuzz_depth(void)
{
	const uint64_t percent = depth.inputs ? depth.deep * 100 / depth.inputs : 0;
	const bool enough = percent >= fuzz_target.min_deep;

	printf("DEPTH %s: %" PRIu64 " inputs, %" PRIu64 " (%" PRIu64 " %%) %s; at least %u %%: %s\n",
		fuzz_target.name, depth.inputs, depth.deep, percent, fuzz_target.deep,
		fuzz_target.min_deep, enough ? "enough" : "TOO FEW");
	fflush(stdout);
	return enough;
}

/* --- Mutations of programs ------------------------------------------------------------ */

struct program {
	uint8_t *data;
	size_t size, max;
	struct fuzz_random *random;
};

static size_t n_records(const struct program *p)
{
	return p->size < fuzz_target.header ? 0 : (p->size - fuzz_target.header) / fuzz_target.record;
}

static uint8_t *record_at(const struct program *p, size_t i)
{
	return p->data + fuzz_target.header + i * fuzz_target.record;
}

/* Makes room for n records at place i. False: there is none. */
static bool open_gap(struct program *p, size_t i, size_t n)
{
	const size_t gap = n * fuzz_target.record;
	const size_t from = (size_t)(record_at(p, i) - p->data);

	if (p->size + gap > p->max)
		return false;
	memmove(p->data + from + gap, p->data + from, p->size - from);
	p->size += gap;
	return true;
}

static void insert(struct program *p)
{
	const size_t n = 1 + fuzz_below(p->random, 4);
	const size_t i = fuzz_below(p->random, (uint32_t)n_records(p) + 1);

	if (!open_gap(p, i, n))
		return;
	for (size_t k = 0; k < n; k++)
		fuzz_target.make_record(p->random, record_at(p, i + k));
}

static void repeat(struct program *p)
{
	const size_t records = n_records(p);
	size_t from, n, to;

	if (!records)
		return;
	from = fuzz_below(p->random, (uint32_t)records);
	n = 1 + fuzz_below(p->random, 8);
	if (n > records - from)
		n = records - from;
	to = from + n; /* behind itself: the source does not move */
	if (open_gap(p, to, n))
		memcpy(record_at(p, to), record_at(p, from), n * fuzz_target.record);
}

static void remove_one(struct program *p)
{
	const size_t records = n_records(p);
	uint8_t *at;

	if (records < 2)
		return;
	at = record_at(p, fuzz_below(p->random, (uint32_t)records));
	memmove(at, at + fuzz_target.record,
		p->size - (size_t)(at - p->data) - fuzz_target.record);
	p->size -= fuzz_target.record;
}

static void exchange(struct program *p)
{
	const size_t records = n_records(p);
	uint8_t *a, *b;

	if (records < 2)
		return;
	a = record_at(p, fuzz_below(p->random, (uint32_t)records));
	b = record_at(p, fuzz_below(p->random, (uint32_t)records));
	for (size_t k = 0; k < fuzz_target.record; k++) {
		const uint8_t keep = a[k];

		a[k] = b[k];
		b[k] = keep;
	}
}

static void renew(struct program *p)
{
	const size_t records = n_records(p);

	if (records)
		fuzz_target.make_record(
			p->random, record_at(p, fuzz_below(p->random, (uint32_t)records)));
}

static void poke(struct program *p)
{
	if (p->size)
		p->data[fuzz_below(p->random, (uint32_t)p->size)] = (uint8_t)fuzz_next(p->random);
}

static void start_anew(struct program *p)
{
	size_t n = 8 + fuzz_below(p->random, 32);

	if (p->max < fuzz_target.header)
		return;
	if (n > (p->max - fuzz_target.header) / fuzz_target.record)
		n = (p->max - fuzz_target.header) / fuzz_target.record;
	p->size = fuzz_target.header + n * fuzz_target.record;
	fuzz_target.make_header(p->random, p->data);
	for (size_t i = 0; i < n; i++)
		fuzz_target.make_record(p->random, record_at(p, i));
}

static void change_once(struct program *p)
{
	switch (fuzz_below(p->random, 10)) {
	case 0:
	case 1:
	case 2:
		insert(p);
		break;
	case 3:
		repeat(p);
		break;
	case 4:
		remove_one(p);
		break;
	case 5:
		exchange(p);
		break;
	case 6:
	case 7:
		renew(p);
		break;
	case 8:
		poke(p);
		break;
	default:
		fuzz_target.make_header(p->random, p->data);
	}
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed,
	size_t (*raw)(uint8_t *data, size_t size, size_t max))
{
	struct fuzz_random random = {seed};
	struct program p = {data, size, max, &random};
	unsigned n = 1 + fuzz_below(&random, 5);

	if (!fuzz_target.record)
		return raw(data, size, max);
	if (size < fuzz_target.header + fuzz_target.record || fuzz_below(&random, 16) == 0) {
		start_anew(&p);
		return p.size;
	}
	if (fuzz_below(&random, 4) == 0)
		return raw(data, size, max);
	while (n--)
		change_once(&p);
	return p.size;
}

/* --- Seeds --------------------------------------------------------------------------- */

static size_t unhex(uint8_t *data, size_t size)
{
	size_t n = 0;
	unsigned digits = 0, value = 0;

	for (size_t i = 0; i < size; i++) {
		const char *all = "0123456789abcdef";
		const char *digit;

		while (i < size && data[i] == '#')
			while (i < size && data[i] != '\n')
				i++;
		digit = i < size && data[i] ? strchr(all, data[i]) : NULL;
		if (!digit)
			continue;
		value = value << 4 | (unsigned)(digit - all);
		if (++digits % 2 == 0)
			data[n++] = (uint8_t)value;
	}
	return n;
}

uint8_t *fuzz_load(const char *path, size_t *size)
{
	const char *dot = strrchr(path, '.');
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t n = 0, got;

	if (!file)
		return NULL;
	do {
		uint8_t *more = realloc(data, n + 4096);

		if (!more)
			abort();
		data = more;
		got = fread(data + n, 1, 4096, file);
		n += got;
	} while (got);
	fclose(file);
	*size = dot && strcmp(dot, ".hex") == 0 ? unhex(data, n) : n;
	return data;
}

int fuzz_seeds(const char *directory, char **paths, int n)
{
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(paths[i], '/');
		char name[4096];
		size_t size;
		uint8_t *data = fuzz_load(paths[i], &size);
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s", directory, slash ? slash + 1 : paths[i]);
		file = data ? fopen(name, "wb") : NULL;
		if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
			fprintf(stderr, "%s: %s\n", data ? name : paths[i], strerror(errno));
			return 1;
		}
		free(data);
	}
	return 0;
}

void fuzz_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
