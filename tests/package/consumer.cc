// SPDX-License-Identifier: BSD-3-Clause
// The same in C++.
#include <cstdio>
#include <vmmio/vmmio.h>

int main()
{
	vmmio_io *io;

	if (vmmio_io_create(nullptr, &io) || vmmio_io_destroy(io))
		return 1;
	std::printf("%s %u\n", vmmio_version_string(), vmmio_version());
	return !VMMIO_VERSION_AT_LEAST(0, 1, 0) || vmmio_version() != VMMIO_VERSION;
}
