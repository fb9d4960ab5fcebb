/* SPDX-License-Identifier: BSD-3-Clause */
/* The core alone, as in a firmware: no libc beyond the four functions of firmware_libc.c. */
#include <vmmio/regfile.h>

static _Alignas(max_align_t) unsigned char memory[4096];

int main(void)
{
	struct vmmio_regfile_config config = {.version = 3, .features = {1ull << VMMIO_F_VERSION_1}};
	struct vmmio_regfile *rf;
	const char *why;

	return vmmio_regfile_init(memory, sizeof(memory), &config, &rf, &why) ||
		vmmio_regfile_read(rf, 0, 4) != 0x74726976 || vmmio_version() != VMMIO_VERSION;
}
