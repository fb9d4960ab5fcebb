/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows as device tree nodes: read back through libfdt, and held against dtc, which compiles
 * the same tree written by hand. */
#include "test_discovery_fdt.h"

char tree[TREE_SIZE];

static const uint32_t spi[] = {0, 16, 4};
const struct vmmio_window low = {.base = 0xd0000000};
const struct vmmio_window high = {.base = UINT64_C(0x10d0000000), .length = 0x1000};

struct vmmio_fdt_window window_of(const struct vmmio_window *window)
{
	return (struct vmmio_fdt_window){
		.window = window, .interrupts = spi, .n_interrupts = N(spi)};
}

/* An empty tree whose root has these cells; 0: no such property. */
void make_tree(size_t size, uint32_t address_cells, uint32_t size_cells)
{
	ck_assert_int_eq(fdt_create_empty_tree(tree, (int)size), 0);
	if (address_cells)
		ck_assert_int_eq(fdt_setprop_u32(tree, 0, "#address-cells", address_cells), 0);
	if (size_cells)
		ck_assert_int_eq(fdt_setprop_u32(tree, 0, "#size-cells", size_cells), 0);
}

/* --- Read back ------------------------------------------------------------------------- */

void check_cells(int node, const char *name, const uint32_t *cells, size_t n)
{
	int length;
	const fdt32_t *value = fdt_getprop(tree, node, name, &length);

	ck_assert_ptr_nonnull(value);
	ck_assert_int_eq(length, (int)(n * sizeof(*cells)));
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(fdt32_to_cpu(value[i]), cells[i]);
}

static void check_node(int node, const char *name, const uint32_t *reg, size_t n)
{
	int length;

	ck_assert_str_eq(fdt_get_name(tree, node, NULL), name);
	ck_assert_int_eq(fdt_node_check_compatible(tree, node, "virtio,mmio"), 0);
	ck_assert_int_eq(fdt_stringlist_count(tree, node, "compatible"), 1);
	check_cells(node, "reg", reg, n);
	check_cells(node, "interrupts", spi, N(spi));
	ck_assert_ptr_nonnull(fdt_getprop(tree, node, "dma-coherent", &length));
	ck_assert_int_eq(length, 0);
}

static const struct {
	uint32_t address_cells, size_cells; /* of the root */
	const struct vmmio_window *window;
	const char *name;
	uint32_t reg[4];
	size_t n;
} places[] = {
	{1, 1, &low, "virtio_mmio@d0000000", {0xd0000000, 0x200}, 2},
	{2, 1, &low, "virtio_mmio@d0000000", {0, 0xd0000000, 0x200}, 3},
	{1, 2, &low, "virtio_mmio@d0000000", {0xd0000000, 0, 0x200}, 3},
	{0, 0, &high, "virtio_mmio@10d0000000", {0x10, 0xd0000000, 0x1000}, 3}, /* defaults: 2, 1 */
	{2, 2, &high, "virtio_mmio@10d0000000", {0x10, 0xd0000000, 0, 0x1000}, 4},
	{2, 2, &kinds[4], "virtio_mmio@0", {0, 0, 0, 0x104}, 4},
	{2, 2, &kinds[7], "virtio_mmio@1000000000", {0x10, 0, 2, 0}, 4},
	{2, 2, &kinds[8], "virtio_mmio@7ffffffffffffe00", {0x7fffffff, 0xfffffe00, 0, 0x200}, 4},
};

START_TEST(added_with_the_parents_cells)
{
	const struct vmmio_fdt_window w = window_of(places[_i].window);
	int node = -1;

	make_tree(TREE_SIZE, places[_i].address_cells, places[_i].size_cells);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &w, &node), 0);
	check_node(node, places[_i].name, places[_i].reg, places[_i].n);
	ck_assert_int_eq(fdt_check_full(tree, TREE_SIZE), 0);
	ck_assert_ptr_null(fdt_getprop(tree, node, "interrupt-parent", NULL));
}
END_TEST

void begin_tree(size_t size)
{
	ck_assert_int_eq(fdt_create(tree, (int)size), 0);
	ck_assert_int_eq(fdt_finish_reservemap(tree), 0);
	ck_assert_int_eq(fdt_begin_node(tree, ""), 0);
}

static void finish_tree(void)
{
	ck_assert_int_eq(fdt_end_node(tree), 0);
	ck_assert_int_eq(fdt_finish(tree), 0);
	ck_assert_int_eq(fdt_check_full(tree, TREE_SIZE), 0);
}

START_TEST(written_with_the_callers_cells)
{
	struct vmmio_fdt_window w = window_of(places[_i].window);

	w.address_cells = places[_i].address_cells;
	/* What is not told is 2 here. */
	w.size_cells = places[_i].size_cells ? places[_i].size_cells : 1;
	begin_tree(TREE_SIZE);
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &w), 0);
	finish_tree();
	check_node(fdt_first_subnode(tree, 0), places[_i].name, places[_i].reg, places[_i].n);
}
END_TEST

START_TEST(written_with_two_cells_each)
{
	static const uint32_t reg[] = {0x10, 0xd0000000, 0, 0x1000};
	const struct vmmio_fdt_window w = window_of(&high);

	begin_tree(TREE_SIZE);
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &w), 0);
	finish_tree();
	check_node(fdt_first_subnode(tree, 0), "virtio_mmio@10d0000000", reg, 4);
}
END_TEST

START_TEST(added_below_a_bus)
{
	static const uint32_t reg[] = {0xd0000000, 0x200}, controller[] = {7};
	struct vmmio_fdt_window w = window_of(&low);
	int bus, node;

	w.interrupt_parent = 7;
	make_tree(TREE_SIZE, 2, 2);
	bus = fdt_add_subnode(tree, 0, "soc");
	ck_assert_int_eq(fdt_setprop_u32(tree, bus, "#address-cells", 1), 0);
	ck_assert_int_eq(fdt_setprop_u32(tree, bus, "#size-cells", 1), 0);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, bus, &w, NULL), 0);
	node = fdt_path_offset(tree, "/soc/virtio_mmio@d0000000");
	check_node(node, "virtio_mmio@d0000000", reg, 2);
	check_cells(node, "interrupt-parent", controller, 1);
}
END_TEST

/* --- Against dtc ------------------------------------------------------------------------- */

/* With an interrupt controller, so that dtc has nothing to warn of. */
static const char by_hand[] =
	"/dts-v1/;\n"
	"/ {\n"
	"	#address-cells = <2>;\n"
	"	#size-cells = <2>;\n"
	"	interrupt-parent = <1>;\n"
	"	interrupt-controller {\n"
	"		interrupt-controller;\n"
	"		#interrupt-cells = <3>;\n"
	"		#address-cells = <0>;\n"
	"		phandle = <1>;\n"
	"	};\n"
	"	virtio_mmio@d0000000 {\n"
	"		compatible = \"virtio,mmio\";\n"
	"		reg = <0x0 0xd0000000 0x0 0x200>;\n"
	"		interrupts = <0 16 4>;\n"
	"		dma-coherent;\n"
	"	};\n"
	"	virtio_mmio@10d0000000 {\n"
	"		compatible = \"virtio,mmio\";\n"
	"		reg = <0x10 0xd0000000 0x0 0x1000>;\n"
	"		interrupt-parent = <1>;\n"
	"		interrupts = <0 16 4>;\n"
	"		dma-coherent;\n"
	"	};\n"
	"};\n";

static bool lack_dtc(const char *test)
{
	if (have_program("dtc"))
		return false;
	fixture_skip_in(test, "no dtc here: it is in the package device-tree-compiler");
	return true;
}

static void check_as_by_hand(void)
{
	char *said;

	make_dir();
	save("hand.dts", by_hand, strlen(by_hand));
	save("ours.dtb", tree, fdt_totalsize(tree));
	run("dtc -I dts -O dtb -o hand.dtb hand.dts && dtc -s -I dtb -O dts -o hand.sorted hand.dtb");
	run("dtc -s -I dtb -O dts -o ours.sorted ours.dtb");
	said = load("said", NULL);
	ck_assert_str_eq(said, ""); /* no warning */
	free(said);
	run("diff hand.sorted ours.sorted");
	remove_dir();
}

static void write_controller(void)
{
	ck_assert_int_eq(fdt_property_u32(tree, "#address-cells", 2), 0);
	ck_assert_int_eq(fdt_property_u32(tree, "#size-cells", 2), 0);
	ck_assert_int_eq(fdt_property_u32(tree, "interrupt-parent", 1), 0);
	ck_assert_int_eq(fdt_begin_node(tree, "interrupt-controller"), 0);
	ck_assert_int_eq(fdt_property(tree, "interrupt-controller", NULL, 0), 0);
	ck_assert_int_eq(fdt_property_u32(tree, "#interrupt-cells", 3), 0);
	ck_assert_int_eq(fdt_property_u32(tree, "#address-cells", 0), 0);
	ck_assert_int_eq(fdt_property_u32(tree, "phandle", 1), 0);
	ck_assert_int_eq(fdt_end_node(tree), 0);
}

START_TEST(written_as_dtc_compiles_it)
{
	struct vmmio_fdt_window a = window_of(&low), b = window_of(&high);

	if (lack_dtc(__func__))
		return;
	b.interrupt_parent = 1;
	begin_tree(TREE_SIZE);
	write_controller();
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &a), 0);
	ck_assert_int_eq(vmmio_discovery_fdt_write(tree, &b), 0);
	finish_tree();
	check_as_by_hand();
}
END_TEST

START_TEST(added_as_dtc_compiles_it)
{
	struct vmmio_fdt_window a = window_of(&low), b = window_of(&high);

	if (lack_dtc(__func__))
		return;
	b.interrupt_parent = 1;
	begin_tree(TREE_SIZE);
	write_controller();
	finish_tree();
	ck_assert_int_eq(fdt_open_into(tree, tree, TREE_SIZE), 0);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &b, NULL), 0);
	ck_assert_int_eq(vmmio_discovery_fdt_add(tree, 0, &a, NULL), 0);
	ck_assert_int_eq(fdt_pack(tree), 0);
	check_as_by_hand();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("discovery_fdt");
	TCase *back = fixture_tcase(s, "read back");
	TCase *dtc = fixture_tcase(s, "dtc");

	tcase_set_timeout(dtc, 120);
	tcase_add_loop_test(back, added_with_the_parents_cells, 0, N(places));
	tcase_add_loop_test(back, written_with_the_callers_cells, 0, N(places));
	tcase_add_test(back, written_with_two_cells_each);
	tcase_add_test(back, added_below_a_bus);
	tcase_add_test(dtc, written_as_dtc_compiles_it);
	tcase_add_test(dtc, added_as_dtc_compiles_it);
	add_misuse(s);
	return fixture_main(s);
}
