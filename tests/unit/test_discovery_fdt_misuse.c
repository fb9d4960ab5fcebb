/* SPDX-License-Identifier: BSD-3-Clause */
/* What cannot become a device tree node, and trees that have no room for one. */
#include <errno.h>

#include "test_discovery_fdt.h"

/* Neither form takes it, and the tree stays as it is. */
static void check_refused(const struct vmmio_fdt_window *w)
{
	static char before[TREE_SIZE];
	int node = 4711;

	make_tree(TREE_SIZE, w->address_cells, w->size_cells);
	memcpy(before, tree, TREE_SIZE);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, w, &node), -EINVAL);
	ck_assert_int_eq(node, 4711);
	ck_assert_int_eq(memcmp(before, tree, TREE_SIZE), 0);
	begin_tree(TREE_SIZE);
	memcpy(before, tree, TREE_SIZE);
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, w), -EINVAL);
	ck_assert_int_eq(memcmp(before, tree, TREE_SIZE), 0);
}

START_TEST(windows_are_refused)
{
	static const struct vmmio_window bad[] = {{.base = 2}, {.base = 0, .length = 0xfc},
		{.base = 0, .length = 0x102}, {.base = UINT64_MAX - 3, .length = 0x100}};
	struct vmmio_fdt_window w;

	for (size_t i = 0; i < N(bad); i++) {
		w = window_of(&bad[i]);
		w.address_cells = w.size_cells = 2;
		check_refused(&w);
	}
	w = window_of(&high);
	w.address_cells = 1; /* its base has 37 bits */
	w.size_cells = 1;
	check_refused(&w);
	w.window = &kinds[7]; /* and its length 34 */
	w.address_cells = 2;
	check_refused(&w);
	w.window = &low;
	w.size_cells = 3;
	check_refused(&w);
	w.size_cells = 2;
	w.address_cells = 3;
	check_refused(&w);
}
END_TEST

START_TEST(interrupts_are_refused)
{
	static const uint32_t many[VMMIO_FDT_INTERRUPT_CELLS + 1];
	struct vmmio_fdt_window w = window_of(&low);
	int node;

	w.address_cells = w.size_cells = 2;
	w.n_interrupts = 0;
	check_refused(&w);
	w.n_interrupts = 1;
	w.interrupts = NULL;
	check_refused(&w);
	w.interrupts = many;
	w.n_interrupts = N(many);
	check_refused(&w);
	w.n_interrupts = VMMIO_FDT_INTERRUPT_CELLS;
	make_tree(TREE_SIZE, 2, 2);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, &node), 0);
	check_cells(node, "interrupts", many, VMMIO_FDT_INTERRUPT_CELLS);
}
END_TEST

START_TEST(trees_are_refused)
{
	struct vmmio_fdt_window w = window_of(&low);

	make_tree(TREE_SIZE, 2, 2);
	ck_assert_int_eq(vmmio_discovery_fdt_add(NULL, 0, &w, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, -FDT_ERR_NOTFOUND, &w, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 100000, &w, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &w), -EINVAL); /* is finished */
	ck_assert_int_eq(vmmio_discovery_fdt_write(NULL, &w), -EINVAL);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, NULL), 0);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, NULL), -EEXIST);
	begin_tree(TREE_SIZE);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, NULL), -EINVAL); /* is not yet */
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, NULL), -EINVAL);
	w.window = NULL;
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &w), -EINVAL);
	make_tree(TREE_SIZE, 2, 2);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, NULL), -EINVAL);
}
END_TEST

/* Not followed to where it points. */
START_TEST(what_is_no_tree_is_refused)
{
	const struct vmmio_fdt_window w = window_of(&low);
	struct fdt_header *garbage = calloc(1, sizeof(*garbage));

	garbage->version = cpu_to_fdt32(17);
	garbage->totalsize = cpu_to_fdt32(0x7fff8000);
	garbage->off_dt_struct = cpu_to_fdt32(0x7fff0000);
	garbage->size_dt_struct = cpu_to_fdt32(0x1000);
	ck_assert_int_eq(vmmio_discovery_fdt_add(garbage, 0, &w, NULL), -EINVAL);
	free(garbage);
}
END_TEST

/* The root has its two properties and no node. */
static void check_bare(void)
{
	int n = 0, property;

	ck_assert_int_eq(fdt_first_subnode(tree, 0), -FDT_ERR_NOTFOUND);
	fdt_for_each_property_offset(property, tree, 0)
		n++;
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(fdt_check_full(tree, TREE_SIZE), 0);
}

START_TEST(no_room_leaves_no_part_of_a_node)
{
	const struct vmmio_fdt_window w = window_of(&low);
	size_t bare, size, refused = 0;
	int error, node = 4711;

	make_tree(TREE_SIZE, 2, 2);
	ck_assert_int_eq(fdt_pack(tree), 0);
	bare = fdt_totalsize(tree);
	for (size = bare;; size += 4) {
		make_tree(TREE_SIZE, 2, 2);
		ck_assert_int_eq(fdt_pack(tree), 0);
		ck_assert_int_eq(fdt_open_into(tree, tree, (int)size), 0);
		error = vmmio_discovery_fdt_add(tree, 0, &w, &node);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOSPC);
		ck_assert_int_eq(node, 4711);
		check_bare();
		refused++;
	}
	ck_assert_uint_gt(refused, 20);
}
END_TEST

START_TEST(no_room_to_write)
{
	const struct vmmio_fdt_window w = window_of(&low);
	size_t size = 80;
	int error;

	do {
		begin_tree(size);
		error = vmmio_discovery_fdt_write(tree, &w);
		ck_assert(!error || error == -ENOSPC);
		size += 4;
	} while (error);
	ck_assert_uint_gt(size, 160);
}
END_TEST

void add_misuse(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "misuse");

	tcase_add_test(tc, windows_are_refused);
	tcase_add_test(tc, interrupts_are_refused);
	tcase_add_test(tc, trees_are_refused);
	tcase_add_test(tc, what_is_no_tree_is_refused);
	tcase_add_test(tc, no_room_leaves_no_part_of_a_node);
	tcase_add_test(tc, no_room_to_write);
}
