/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A target without libFuzzer, for any compiler:
 *
 *     fuzz_NAME [--random N] FILE...     runs the files, then N programs changed from them
 *
 * The changes are the target's own and always the same ones. 0: no check failed and enough
 * inputs were deep (asked of --random only).
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZE = 4096, POOL = 64 };

static struct {
	uint8_t bytes[MAX_SIZE];
	size_t size;
} pool[POOL];

static unsigned pooled;
static struct fuzz_random generator = {1};

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A word, a byte, a cut or a piece once more. */
static size_t change_bytes(uint8_t *data, size_t size, size_t max)
{
	const size_t at = fuzz_below(&generator, (uint32_t)size + 1);
	const char *const *words = fuzz_target.words;
	unsigned n = 0;
	size_t len;

	while (words && words[n])
		n++;
	switch (fuzz_below(&generator, 4)) {
	case 0:
		return size > 1 ? size - fuzz_below(&generator, (uint32_t)min(size, 16)) : size;
	case 1:
		if (at < size)
			data[at] = (uint8_t)fuzz_next(&generator);
		return size;
	case 2:
		if (!n)
			return size;
		words += fuzz_below(&generator, n);
		len = min(strlen(*words), max - at);
		memcpy(data + at, *words, len);
		return at + len > size ? at + len : size;
	default:
		len = min(size - at, max - size);
		memcpy(data + size, data + at, len);
		return size + len;
	}
}

static void run_file(const char *path)
{
	size_t size;
	uint8_t *data = fuzz_load(path, &size);
	uint8_t *exact;

	if (!data) {
		perror(path);
		exit(1);
	}
	exact = malloc(size ? size : 1); /* so that reading beyond the end is seen */
	if (!exact)
		exit(1);
	memcpy(exact, data, size);
	fuzz_run(exact, size);
	free(exact);
	if (pooled < POOL) {
		pool[pooled].size = min(size, MAX_SIZE);
		memcpy(pool[pooled++].bytes, data, min(size, MAX_SIZE));
	}
	free(data);
}

/* Programs change one after the other from what is in the pool; files stay in it, and are
 * the first that text changes from. */
static void run_random(unsigned long n)
{
	const unsigned files = pooled < POOL / 2 ? pooled : POOL / 2;

	if (!pooled)
		pooled = 1;
	while (n--) {
		const bool text = files && !fuzz_target.record && fuzz_below(&generator, 4);
		const unsigned from = fuzz_below(&generator, text ? files : pooled);
		const unsigned to = pooled < POOL ? pooled++
						  : files + fuzz_below(&generator, POOL - files);
		uint8_t *exact;

		if (from != to)
			pool[to] = pool[from];
		pool[to].size = fuzz_mutate(pool[to].bytes, pool[to].size, MAX_SIZE,
			fuzz_next(&generator), change_bytes);
		exact = malloc(pool[to].size + 1);
		if (!exact)
			exit(1);
		memcpy(exact, pool[to].bytes, pool[to].size);
		fuzz_run(exact, pool[to].size);
		free(exact);
	}
}

int main(int argc, char **argv)
{
	unsigned long n = 0;
	bool enough;
	int i = 1;

	if (argc >= 3 && strcmp(argv[1], "--seeds") == 0)
		return fuzz_seeds(argv[2], argv + 3, argc - 3);
	if (argc >= 3 && strcmp(argv[1], "--random") == 0) {
		n = strtoul(argv[2], NULL, 10);
		i = 3;
	}
	for (; i < argc; i++)
		run_file(argv[i]);
	run_random(n);
	enough = fuzz_depth();
	return n && !enough;
}
