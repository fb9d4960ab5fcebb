/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the specification says of registers and of the device types that the monitor knows:
 * names, directions, configuration fields, features. Tables only.
 */
#ifndef VMMIO_CONFORM_MONITOR_KNOWN_H
#define VMMIO_CONFORM_MONITOR_KNOWN_H

#include <vmmio/conform/monitor.h>

/* --- Registers ------------------------------------------------------------------------- */

struct reg {
	uint32_t offset;
	const char *name;
	bool read, write;
};

/* The register at this offset below 0x100; NULL: a hole. */
const struct reg *known_reg(uint64_t offset);
/* Its name, or what else is there. */
const char *known_of(uint64_t offset);

#define KNOWN_LINE 160u
/* One access as a line, last or with a newline behind it. Returns the bytes written. */
size_t known_access(
	char *buffer, size_t size, const struct vmmio_monitor_access *access, bool last);

/* --- Device types ------------------------------------------------------------------------- */

/* A field of a configuration space, or several of a kind in a row. */
struct field {
	uint16_t offset;
	uint8_t width; /* bytes; 8: two of 4 */
	uint8_t n;
	const char *name;
	/* It exists if one of these is offered; none: always. */
	int8_t features[2];
};

#define NO_FEATURE (-1)

bool known_type(uint32_t device_id);
size_t known_layout_size(uint32_t device_id);
/* The field that has this byte; NULL: none. */
const struct field *known_field(uint32_t device_id, uint32_t offset);
/* The monitor knows that the type has no shared memory. */
bool known_no_shared_memory(uint32_t device_id);

/* A bit that no driver may accept over MMIO: not described, reserved, of another transport,
 * or not of this device type. Unknown types have every bit. */
bool known_bad_feature(uint32_t device_id, unsigned bit);

/* Feature bit needs one of two others. */
struct dependency {
	uint8_t bit, needs, or_needs;
};
const struct dependency *known_dependencies(uint32_t device_id, size_t *n);

#endif
