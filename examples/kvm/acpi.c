/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ACPI tables: what the machine has, for a kernel that cannot look. The virtio-mmio devices are
 * an SSDT that libvmmio writes.
 */
#include <vmmio/discovery.h>

#include "machine.h"

/* Table after table, each filled from front to back. */
struct area {
	uint8_t *ram;
	uint64_t table, next;
	uint64_t tables[3]; /* for the XSDT */
	unsigned n;
};

static void put(struct area *a, uint64_t value, unsigned size)
{
	memcpy(a->ram + a->next, &value, size); /* this machine is little-endian, too */
	a->next += size;
}

static void put_text(struct area *a, const char *text)
{
	memcpy(a->ram + a->next, text, strlen(text));
	a->next += strlen(text);
}

static void skip_to(struct area *a, unsigned offset)
{
	a->next = a->table + offset;
}

static uint8_t sum(const uint8_t *bytes, uint64_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *bytes++);
	return total;
}

/* The header; end_table knows length and checksum. */
static void begin_table(struct area *a, const char *signature, unsigned revision)
{
	a->table = a->next;
	put_text(a, signature);
	skip_to(a, 8);
	put(a, revision, 1);
	skip_to(a, 10);
	put_text(a, "VMMIO VMMIOVM ");
	put(a, 1, 4);
	put_text(a, "VMMI");
	put(a, 1, 4);
}

/* Returns its address. */
static uint64_t end_table(struct area *a)
{
	uint32_t length = (uint32_t)(a->next - a->table);

	memcpy(a->ram + a->table + 4, &length, sizeof(length));
	a->ram[a->table + 9] = (uint8_t)-sum(a->ram + a->table, length);
	a->next = (a->next + 63) & ~63ull;
	return a->table;
}

/* How to power off: Name (_S5, Package () {5, 0, 0, 0}). */
static uint64_t put_dsdt(struct area *a)
{
	begin_table(a, "DSDT", 2);
	put_text(a, "\x08_S5_\x12\x07\x04\x0a");
	put(a, SLEEP_TYPE_OFF, 4);
	return end_table(a);
}

static uint64_t put_facs(struct area *a)
{
	uint64_t at = a->table = a->next;

	put_text(a, "FACS");
	put(a, 64, 4);
	skip_to(a, 64);
	return at;
}

/* A generic address: an I/O port of so many bits. Its number stands 4 bytes further on. */
#define IO_PORT(bits) (1 | (bits) << 8)

static void add_fadt(struct area *a)
{
	enum { NO_C2 = 0xffff, NO_C3 = 0xffff };
	enum { LEGACY_DEVICES = 1 << 0, NO_VGA = 1 << 2, NO_RTC = 1 << 5 };
	enum { WBINVD = 1 << 0, C1 = 1 << 2, NO_BUTTONS = 3 << 4, RESET_REGISTER = 1 << 10 };
	uint64_t dsdt = put_dsdt(a), facs = put_facs(a);
	const struct {
		unsigned offset, size;
		uint64_t value;
	} fields[] = {
		{36, 4, facs}, {40, 4, dsdt}, {46, 2, SCI_IRQ},
		{56, 4, PORT_PM_EVENT}, {64, 4, PORT_PM_CONTROL}, {88, 1, 4}, {89, 1, 2}, /* lengths */
		{96, 2, NO_C2}, {98, 2, NO_C3}, {109, 2, LEGACY_DEVICES | NO_VGA | NO_RTC},
		{112, 4, WBINVD | C1 | NO_BUTTONS | RESET_REGISTER},
		{116, 4, IO_PORT(8)}, {120, 8, PORT_RESET}, {128, 1, RESET_VALUE},
		{140, 8, dsdt}, /* the same again, in 64 bits */
		{148, 4, IO_PORT(32)}, {152, 8, PORT_PM_EVENT},
		{172, 4, IO_PORT(16)}, {176, 8, PORT_PM_CONTROL},
	};

	begin_table(a, "FACP", 6);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		skip_to(a, fields[i].offset);
		put(a, fields[i].value, fields[i].size);
	}
	skip_to(a, 276);
	a->tables[a->n++] = end_table(a);
}

static void add_madt(struct area *a, unsigned cpus)
{
	enum { LAPIC = 0, IOAPIC = 1, OVERRIDE = 2, WITH_8259 = 1, ENABLED = 1, LEVEL_HIGH = 0xd };

	begin_table(a, "APIC", 4);
	put(a, LAPIC_BASE, 4);
	put(a, WITH_8259, 4);
	for (unsigned i = 0; i < cpus; i++) {
		put(a, LAPIC | 8 << 8, 2); /* type, length */
		put(a, i | i << 8, 2);     /* processor, its APIC */
		put(a, ENABLED, 4);
	}
	put(a, IOAPIC | 12 << 8, 2);
	put(a, MAX_CPUS, 2); /* id */
	put(a, IOAPIC_BASE, 4);
	put(a, 0, 4); /* first interrupt */
	put(a, OVERRIDE | 10 << 8, 2);
	put(a, SCI_IRQ << 8, 2); /* bus 0, source */
	put(a, SCI_IRQ, 4);
	put(a, LEVEL_HIGH, 2);
	a->tables[a->n++] = end_table(a);
}

/* The devices. irqfd makes pulses, hence edges. */
static int add_ssdt(struct area *a, unsigned n)
{
	struct vmmio_window windows[MAX_DEVICES] = {0};
	struct vmmio_ssdt_options options = {
		.size = sizeof(options), .windows = windows, .n_windows = n};
	size_t length;
	int error;

	for (unsigned i = 0; i < n; i++) {
		windows[i].base = WINDOW_BASE + i * (uint64_t)WINDOW_STEP;
		windows[i].length = WINDOW_SIZE;
		windows[i].irq = WINDOW_IRQ + i;
		windows[i].id = i;
		windows[i].flags = VMMIO_WINDOW_EDGE;
	}
	error = vmmio_discovery_ssdt(&options, a->ram + a->next,
		ACPI_ADDRESS + ACPI_SIZE - a->next, &length);
	if (error)
		return fail("ACPI table of the devices: %s", strerror(-error));
	a->tables[a->n++] = a->next;
	a->next += (length + 63) & ~63ull;
	return 0;
}

int acpi_write(struct vm *vm)
{
	struct area a = {.ram = vm->ram, .next = ACPI_ADDRESS + 64};
	uint64_t xsdt;

	add_fadt(&a);
	add_madt(&a, vm->options->cpus);
	if (add_ssdt(&a, vm->options->n_devices))
		return -1;
	begin_table(&a, "XSDT", 1);
	for (unsigned i = 0; i < a.n; i++)
		put(&a, a.tables[i], 8);
	xsdt = end_table(&a);

	a.table = a.next = ACPI_ADDRESS; /* the root pointer: one checksum for each version */
	put_text(&a, "RSD PTR ");
	skip_to(&a, 9);
	put_text(&a, "VMMIO \x02");
	skip_to(&a, 20);
	put(&a, 36, 4);
	put(&a, xsdt, 8);
	vm->ram[ACPI_ADDRESS + 8] = (uint8_t)-sum(vm->ram + ACPI_ADDRESS, 20);
	vm->ram[ACPI_ADDRESS + 32] = (uint8_t)-sum(vm->ram + ACPI_ADDRESS, 36);
	return 0;
}
