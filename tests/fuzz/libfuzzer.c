/* SPDX-License-Identifier: BSD-3-Clause */
/* A target under libFuzzer. `--seeds DIRECTORY FILE...` writes seeds as bytes and ends. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static void at_end(void)
{
	(void)fuzz_depth();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc >= 3 && strcmp((*argv)[1], "--seeds") == 0)
		exit(fuzz_seeds((*argv)[2], *argv + 3, *argc - 3));
	return atexit(at_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_run(data, size);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	return fuzz_mutate(data, size, max, seed, LLVMFuzzerMutate);
}
