/* SPDX-License-Identifier: BSD-3-Clause */
/* A C program that uses the library as it is packaged: the hosted half, and what it is built on. */
#include <stdio.h>
#include <vmmio/vmmio.h>

int main(void)
{
	struct vmmio_io *io;

	if (vmmio_io_create(NULL, &io) || vmmio_io_destroy(io))
		return 1;
	printf("%s %u\n", vmmio_version_string(), vmmio_version());
	return !VMMIO_VERSION_AT_LEAST(0, 1, 0) || vmmio_version() != VMMIO_VERSION;
}
