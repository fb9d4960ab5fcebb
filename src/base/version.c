/* SPDX-License-Identifier: BSD-3-Clause */
/* The version of the library, for programs that were built against another one's headers. */
#include <vmmio/base.h>

unsigned vmmio_version(void)
{
	return VMMIO_VERSION;
}

const char *vmmio_version_string(void)
{
	return VMMIO_VERSION_STRING;
}
