/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio-mmio window as a device tree node, through libfdt:
 *
 *     virtio_mmio@d0000000 {
 *             compatible = "virtio,mmio";
 *             reg = <0x0 0xd0000000 0x0 0x200>;
 *             interrupts = <0 16 4>;
 *             dma-coherent;
 *     };
 *
 * The library does not need libfdt: who includes this header does, and links it (-lfdt). That is
 * why vmmio.h leaves it out.
 *
 * Two forms, for the two halves of libfdt: vmmio_discovery_fdt_write while a tree is written
 * from top to bottom (fdt_create ... fdt_finish), vmmio_discovery_fdt_add into one that is there
 * (fdt_open_into, fdt_create_empty_tree). Any thread, one at a time for each tree; no wait, no
 * allocation, nothing is kept.
 *
 * Errors: -EINVAL: NULL, a window that vmmio_discovery_problem finds fault with by its place,
 * no interrupt or more cells than VMMIO_FDT_INTERRUPT_CELLS, cells that are neither 1 nor 2, a
 * place that does not fit into one cell, and what libfdt says of a broken tree or of the
 * wrong half of its calls. -EEXIST: a node of that name. -ENOSPC: the tree's buffer is too small.
 * -EIO: libfdt found itself at fault.
 */
#ifndef VMMIO_DISCOVERY_FDT_H
#define VMMIO_DISCOVERY_FDT_H

#include <libfdt.h>
#include <vmmio/discovery.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMMIO_FDT_INTERRUPT_CELLS 8

struct vmmio_fdt_window {
	/* Its base is an address of the parent's bus; irq, id and flags are not looked at. */
	const struct vmmio_window *window;
	/* As the interrupt controller wants it, in host byte order: 3 cells for a GIC (0, SPI
	 * number, 4 for a level or 1 for an edge), 1 for a PLIC, 2 for an APLIC. */
	const uint32_t *interrupts;
	size_t n_interrupts;       /* cells */
	uint32_t interrupt_parent; /* phandle; 0: what the nodes above say */
	/* vmmio_discovery_fdt_write: #address-cells and #size-cells of the parent, as they cannot
	 * be read back there; 0: 2. vmmio_discovery_fdt_add finds them itself. */
	uint32_t address_cells;
	uint32_t size_cells;
};

/* Private: what both forms put into the tree. */
struct vmmio_fdt_node_ {
	char name[sizeof("virtio_mmio@0123456789abcdef")];
	fdt32_t reg[4], interrupts[VMMIO_FDT_INTERRUPT_CELLS];
	int reg_size, interrupts_size; /* bytes */
};

static inline int vmmio_fdt_error_(int error)
{
	switch (error) {
	case -FDT_ERR_NOSPACE:
		return -VMMIO_ENOSPC;
	case -FDT_ERR_EXISTS:
		return -VMMIO_EEXIST;
	case -FDT_ERR_INTERNAL:
		return -VMMIO_EIO;
	default:
		return error < 0 ? -VMMIO_EINVAL : 0;
	}
}

/* Appends value to reg. */
static inline int vmmio_fdt_reg_(struct vmmio_fdt_node_ *node, uint64_t value, uint32_t cells)
{
	fdt32_t *reg = node->reg + node->reg_size / (int)sizeof(*reg);

	if (cells == 2)
		*reg++ = cpu_to_fdt32((uint32_t)(value >> 32));
	else if (cells != 1 || value > UINT32_MAX)
		return -VMMIO_EINVAL;
	*reg = cpu_to_fdt32((uint32_t)value);
	node->reg_size += (int)(cells * sizeof(*reg));
	return 0;
}

static inline void vmmio_fdt_name_(struct vmmio_fdt_node_ *node, uint64_t base)
{
	static const char prefix[] = "virtio_mmio@";
	char *to = node->name;
	int shift = 60;

	for (const char *from = prefix; *from; from++)
		*to++ = *from;
	while (shift && !(base >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[(base >> shift) & 0xf];
	*to = 0;
}

static inline int vmmio_fdt_node_(struct vmmio_fdt_node_ *node, const struct vmmio_fdt_window *w,
	uint32_t address_cells, uint32_t size_cells)
{
	struct vmmio_window place = *w->window;
	int error;

	place.irq = 1;
	place.id = place.flags = 0;
	if (!place.length)
		place.length = VMMIO_WINDOW_LENGTH;
	if (vmmio_discovery_problem(&place, 1, NULL) || !w->interrupts || !w->n_interrupts ||
		w->n_interrupts > VMMIO_FDT_INTERRUPT_CELLS)
		return -VMMIO_EINVAL;
	vmmio_fdt_name_(node, place.base);
	node->reg_size = 0;
	error = vmmio_fdt_reg_(node, place.base, address_cells);
	if (!error)
		error = vmmio_fdt_reg_(node, place.length, size_cells);
	for (size_t i = 0; i < w->n_interrupts; i++)
		node->interrupts[i] = cpu_to_fdt32(w->interrupts[i]);
	node->interrupts_size = (int)(w->n_interrupts * sizeof(node->interrupts[0]));
	return error;
}

/*
 * Writes the node, begin and end, where fdt_begin_node would now. After -ENOSPC a part of
 * it may be there: as after any call of that half, fdt_resize and begin the tree anew. After
 * -EINVAL for an argument nothing is.
 */
static inline VMMIO_MUST_CHECK int vmmio_discovery_fdt_write(
	void *fdt, const struct vmmio_fdt_window *window)
{
	struct vmmio_fdt_node_ node;
	int error;

	if (!fdt || !window || !window->window)
		return -VMMIO_EINVAL;
	error = vmmio_fdt_node_(&node, window, window->address_cells ? window->address_cells : 2,
		window->size_cells ? window->size_cells : 2);
	if (error)
		return error;
	error = fdt_begin_node(fdt, node.name);
	if (!error)
		error = fdt_property_string(fdt, "compatible", "virtio,mmio");
	if (!error)
		error = fdt_property(fdt, "reg", node.reg, node.reg_size);
	if (!error && window->interrupt_parent)
		error = fdt_property_u32(fdt, "interrupt-parent", window->interrupt_parent);
	if (!error)
		error = fdt_property(fdt, "interrupts", node.interrupts, node.interrupts_size);
	if (!error)
		error = fdt_property(fdt, "dma-coherent", NULL, 0);
	if (!error)
		error = fdt_end_node(fdt);
	return vmmio_fdt_error_(error);
}

/* Private: the properties of a new node. The last one set comes first. */
static inline int vmmio_fdt_fill_(
	void *fdt, int at, const struct vmmio_fdt_node_ *node, uint32_t interrupt_parent)
{
	int error = fdt_setprop_empty(fdt, at, "dma-coherent");

	if (!error)
		error = fdt_setprop(fdt, at, "interrupts", node->interrupts, node->interrupts_size);
	if (!error && interrupt_parent)
		error = fdt_setprop_u32(fdt, at, "interrupt-parent", interrupt_parent);
	if (!error)
		error = fdt_setprop(fdt, at, "reg", node->reg, node->reg_size);
	if (!error)
		error = fdt_setprop_string(fdt, at, "compatible", "virtio,mmio");
	return error;
}

/*
 * Adds the node below the one at offset parent (0: the root; -EINVAL if that is an error of
 * libfdt's), and tells its offset if at is not NULL, for more properties. Like all changes it
 * moves what comes later: node offsets behind parent are void. After an error the tree has the
 * nodes and properties that it had.
 */
static inline VMMIO_MUST_CHECK int vmmio_discovery_fdt_add(
	void *fdt, int parent, const struct vmmio_fdt_window *window, int *at)
{
	struct vmmio_fdt_node_ node;
	int added, error;

	if (!fdt || !window || !window->window || fdt_check_header(fdt))
		return -VMMIO_EINVAL;
	/* An error of these is neither 1 nor 2 cells. */
	error = vmmio_fdt_node_(&node, window, (uint32_t)fdt_address_cells(fdt, parent),
		(uint32_t)fdt_size_cells(fdt, parent));
	if (error)
		return error;
	added = fdt_add_subnode(fdt, parent, node.name);
	if (added < 0)
		return vmmio_fdt_error_(added);
	error = vmmio_fdt_fill_(fdt, added, &node, window->interrupt_parent);
	if (error)
		(void)fdt_del_node(fdt, added);
	else if (at)
		*at = added;
	return vmmio_fdt_error_(error);
}

#ifdef __cplusplus
}
#endif

#endif
