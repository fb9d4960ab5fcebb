/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling a guest where its virtio-mmio windows are: virtio-mmio has no bus to be scanned
 * (spec 4.2.1). Three of the ways are here, the device tree is in discovery_fdt.h.
 *
 *  ACPI          a whole SSDT, to be listed in the XSDT as it is; or the Device objects, for a
 *                scope of the embedder's own DSDT. Linux: a driver for LNRO0005.
 *  command line  virtio_mmio.device=512@0xd0000000:5:0. Linux: only if it was built with
 *                CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES. It then takes irq for one of its own
 *                numbers, whose trigger somebody else has to have set.
 *  device tree   a node virtio_mmio@d0000000.
 *
 * A guest told twice sees two devices: choose one way.
 *
 * All calls here are pure and freestanding: any thread, no wait, no allocation, no log; what is
 * wrong with a window is told by vmmio_discovery_problem.
 *
 * Buffers: with out NULL (size is then ignored) *length becomes what is needed. Else the bytes
 * are written and *length is their number; length may be NULL if nobody wants to know. After
 * an error out and *length are as they were. Nothing is kept.
 */
#ifndef VMMIO_DISCOVERY_H
#define VMMIO_DISCOVERY_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMMIO_WINDOW_LENGTH 0x200u /* where a window does not say */
#define VMMIO_WINDOWS_MAX 256u     /* in one list, as ids are below that */

enum vmmio_window_flags {
	/* What the ACPI forms say of the line: edge-triggered, for vmmio_irq.eventfd, which makes
	 * pulses (a level would miss one that comes before the end of the interrupt). Without it:
	 * a level, for vmmio_irq.level. */
	VMMIO_WINDOW_EDGE = 1u << 0,
	/* Other devices have the same irq: the embedder ORs their levels. Not with EDGE. */
	VMMIO_WINDOW_SHARED = 1u << 1,
};

/* The registers of one device, as the guest sees them. */
struct vmmio_window {
	uint64_t base;   /* guest physical, a multiple of 4 */
	uint64_t length; /* bytes, 0: VMMIO_WINDOW_LENGTH; 0x100 and the configuration space at
			  * least, a multiple of 4. What is mapped by the page is best 0x1000 */
	uint32_t irq;    /* the global system interrupt (GSI), active high; not 0 */
	uint32_t id;     /* below VMMIO_WINDOWS_MAX, unique: ACPI name VM<id in hex> and _UID, and
			  * Linux's virtio-mmio.<id> on the command line */
	uint32_t flags;  /* enum vmmio_window_flags */
};

/*
 * What is wrong with the list: an English sentence that lives for ever, and in *at the position of
 * the window it speaks of (of the later one, if two clash; n if it is the list as a whole).
 * NULL and *at untouched: nothing. at may be NULL. The calls below refuse what this finds fault
 * with. Two windows clash if they overlap, have one id, or have one irq and not both SHARED.
 */
VMMIO_API const char *vmmio_discovery_problem(
	const struct vmmio_window *windows, size_t n, size_t *at);

/*
 * Linux command line: one virtio_mmio.device= for each window, a blank between two, and a
 * terminating zero that *length does not count, so that a buffer needs *length + 1 bytes.
 * -EINVAL: vmmio_discovery_problem, or out and length are both NULL. -ENOSPC: size is too small.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_discovery_cmdline(
	const struct vmmio_window *windows, size_t n, char *out, size_t size, size_t *length);

/*
 * AML: one Device object for each window, VM00 to VMFF, to be put inside a scope that may hold
 * devices. _HID LNRO0005, _UID, _CCA 1 (coherent), and a _CRS with Memory32Fixed (QWordMemory
 * if the window does not end below 4 GiB) and Interrupt, a GSI.
 * -EINVAL, -ENOSPC: as above.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_discovery_aml(
	const struct vmmio_window *windows, size_t n, void *out, size_t size, size_t *length);

struct vmmio_ssdt_options {
	size_t size; /* sizeof(struct vmmio_ssdt_options) */
	const struct vmmio_window *windows;
	size_t n_windows;         /* 0: a table without a device */
	const char *oem_id;       /* at most 6 characters, NULL: "VMMIO" */
	const char *oem_table_id; /* at most 8, unlike other tables'; NULL: "VIRTMMIO" */
	uint32_t oem_revision;
};

/*
 * A complete ACPI table: an SSDT of revision 2 (64-bit integers), checksum set, with the
 * devices of vmmio_discovery_aml in \_SB. out needs no alignment; ACPI wants none either.
 * -EINVAL: no options or size, an id that is too long, or as above. -ENOSPC: as above.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_discovery_ssdt(
	const struct vmmio_ssdt_options *options, void *out, size_t size, size_t *length);

#ifdef __cplusplus
}
#endif

#endif
