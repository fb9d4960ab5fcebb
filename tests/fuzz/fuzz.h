/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fuzz targets share. A target is one file that defines fuzz_target; it is linked
 * with libFuzzer, or with plain.c where there is none.
 *
 * Inputs are programs: a header and then records, both of a fixed size. Reading past the end
 * of an input gives zeroes, so every string of bytes is a program.
 */
#ifndef VMMIO_TESTS_FUZZ_H
#define VMMIO_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz_input {
	const uint8_t *next;
	size_t left;
};

/* A small generator of random numbers; any seed. */
struct fuzz_random {
	uint64_t state;
};

struct fuzz_target {
	const char *name;
	size_t header, record; /* bytes; record 0: the input is text */
	unsigned min_deep;     /* per cent of inputs that have to call fuzz_deep */
	const char *deep;      /* what being deep means */
	void (*run)(struct fuzz_input *input);
	/* Fills one header or record with something plausible. */
	void (*make_header)(struct fuzz_random *random, uint8_t *out);
	void (*make_record)(struct fuzz_random *random, uint8_t *out);
	/* NULL-terminated; text targets: pieces for plain.c's own mutations. */
	const char *const *words;
};

extern const struct fuzz_target fuzz_target;

uint8_t fuzz_take8(struct fuzz_input *input);
uint16_t fuzz_take16(struct fuzz_input *input);
uint32_t fuzz_take32(struct fuzz_input *input);
uint64_t fuzz_take64(struct fuzz_input *input);

uint32_t fuzz_next(struct fuzz_random *random);
/* Below n (not 0). */
uint32_t fuzz_below(struct fuzz_random *random, uint32_t n);
void fuzz_put16(uint8_t *out, uint16_t value);
void fuzz_put32(uint8_t *out, uint32_t value);

/* The present input went deep. Counts once per input. */
void fuzz_deep(void);
/* Runs one input and counts it. */
void fuzz_run(const uint8_t *data, size_t size);
/* Prints how many inputs were deep; false: too few. */
bool fuzz_depth(void);

/* Changes a program of size bytes in place; the new size, at most max. raw: whatever else
 * changes bytes (libFuzzer's own mutations). */
size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, uint32_t seed,
	size_t (*raw)(uint8_t *data, size_t size, size_t max));

/* Reads a seed: hexadecimal digits, # begins a comment (targets of records), or the bytes as
 * they are (text targets, and files not called *.hex). The caller frees; NULL: cannot. */
uint8_t *fuzz_load(const char *path, size_t *size);
/* Writes seeds as bytes into a directory. 0, or 1 and a message. */
int fuzz_seeds(const char *directory, char **paths, int n);

/* A difference or a broken promise: says so and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define FUZZ_CHECK(condition, ...)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__);                                \
	} while (0)

#endif
