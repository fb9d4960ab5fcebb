/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two files of device tree tests share. */
#ifndef VMMIO_TESTS_DISCOVERY_FDT_H
#define VMMIO_TESTS_DISCOVERY_FDT_H

#include <stdlib.h>
#include <vmmio/discovery_fdt.h>

#include "discovery_rig.h"

/* The tree under test. */
#define TREE_SIZE 8192
extern char tree[TREE_SIZE];

/* One that fits into 32 bits, one that does not. */
extern const struct vmmio_window low, high;

/* With an interrupt of a GIC. */
struct vmmio_fdt_window window_of(const struct vmmio_window *window);

/* An empty tree whose root has these cells; 0: no such property. */
void make_tree(size_t size, uint32_t address_cells, uint32_t size_cells);

/* A tree that is being written, at the end of its root's properties. */
void begin_tree(size_t size);

void check_cells(int node, const char *name, const uint32_t *cells, size_t n);

void add_misuse(Suite *suite);

#endif
