/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How another harness uses the puppet: a small machine of its own, whose device is the puppet
 * that it has by dlopen of libvmmio-conform.so, and whose firmware drives a source of
 * entropy. It is linked with nothing of libvmmio.
 *
 *     puppet_dlopen FILE.so       0: all went as it should; 1: not, and what
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/conform/puppet.h>
#include <vmmio/spec.h>

#define WINDOW UINT64_C(0x0a000000)
#define RAM UINT64_C(0x40000000)
#define RAM_SIZE (1u << 20)
#define MS UINT64_C(1000000)

/* --- The library ------------------------------------------------------------------------- */

/* The puppet's functions come in one piece, the monitor's one by one. */
static struct {
	const struct vmmio_puppet_api *puppet;
	__typeof__(vmmio_monitor_create) *monitor_create;
	__typeof__(vmmio_monitor_access) *monitor_access;
	__typeof__(vmmio_monitor_finish) *monitor_finish;
	__typeof__(vmmio_monitor_free) *monitor_free;
	__typeof__(vmmio_conform_counts) *counts;
	__typeof__(vmmio_conform_report_free) *report_free;
} library;

static bool find(void *object, const char *name, void *function)
{
	void *symbol = dlsym(object, name);

	/* C has no cast from one to the other. */
	memcpy(function, &symbol, sizeof(symbol));
	if (!symbol)
		fprintf(stderr, "no %s\n", name);
	return symbol != NULL;
}

static bool load(const char *path)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	vmmio_puppet_api_fn *get;

	if (!object) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
	if (!find(object, VMMIO_PUPPET_API_SYMBOL, &get) ||
		!find(object, "vmmio_monitor_create", &library.monitor_create) ||
		!find(object, "vmmio_monitor_access", &library.monitor_access) ||
		!find(object, "vmmio_monitor_finish", &library.monitor_finish) ||
		!find(object, "vmmio_monitor_free", &library.monitor_free) ||
		!find(object, "vmmio_conform_counts", &library.counts) ||
		!find(object, "vmmio_conform_report_free", &library.report_free))
		return false;
	library.puppet = get();
	return library.puppet->size >= sizeof(*library.puppet);
}

/* --- The machine --------------------------------------------------------------------------- */

static struct machine {
	uint8_t ram[RAM_SIZE];
	struct vmmio_puppet *puppet;
	struct vmmio_monitor *monitor;
	bool pending; /* what the interrupt controller shows */
} machine;

static void after_access(uint64_t offset, uint32_t value, bool write)
{
	const struct vmmio_monitor_access access = {.time = library.puppet->now(machine.puppet),
		.offset = offset,
		.value = value,
		.size = 4,
		.write = write};

	library.monitor_access(machine.monitor, &access);
	machine.pending = library.puppet->line(machine.puppet);
}

static uint32_t load32(uint64_t address)
{
	const uint32_t value = (uint32_t)library.puppet->read(machine.puppet, address - WINDOW, 4);

	after_access(address - WINDOW, value, false);
	return value;
}

static void store32(uint64_t address, uint32_t value)
{
	library.puppet->write(machine.puppet, address - WINDOW, 4, value);
	after_access(address - WINDOW, value, true);
}

static void wait_a_millisecond(void)
{
	library.puppet->advance(machine.puppet, MS);
	machine.pending = library.puppet->line(machine.puppet);
}

static bool power_on(const struct vmmio_puppet_options *presents)
{
	struct vmmio_puppet_options options = *presents;

	memset(&machine, 0, sizeof(machine));
	options.size = sizeof(options);
	options.device_id = VMMIO_ID_ENTROPY;
	options.memory = machine.ram;
	options.memory_base = RAM;
	options.memory_size = RAM_SIZE;
	return library.puppet->create(&options, &machine.puppet) == 0 &&
	       library.monitor_create(NULL, &machine.monitor) == 0;
}

/* Requirements that the firmware has broken. */
static size_t power_off(void)
{
	struct vmmio_conform_report *report;
	size_t failed = 99;

	if (library.monitor_finish(machine.monitor, &report) == 0) {
		failed = library.counts(report).failed;
		library.report_free(report);
	}
	library.monitor_free(machine.monitor);
	library.puppet->destroy(machine.puppet);
	return failed;
}

/* --- The firmware ---------------------------------------------------------------------------- */

/* Its queue: descriptors at RAM, the available ring behind them, then the used ring. */
enum { ENTRIES = 4, AVAIL = 0x100, USED = 0x200, BUFFER = 0x300 };

static void put16(uint32_t at, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(machine.ram + at, &value, sizeof(value));
}

static void set_up_queue(void)
{
	static const struct {
		uint32_t reg, value;
	} writes[] = {
		{VMMIO_REG_QUEUE_SEL, 0},
		{VMMIO_REG_QUEUE_SIZE, ENTRIES},
		{VMMIO_REG_QUEUE_DESC_LOW, (uint32_t)RAM},
		{VMMIO_REG_QUEUE_DESC_HIGH, 0},
		{VMMIO_REG_QUEUE_DRIVER_LOW, (uint32_t)RAM + AVAIL},
		{VMMIO_REG_QUEUE_DRIVER_HIGH, 0},
		{VMMIO_REG_QUEUE_DEVICE_LOW, (uint32_t)RAM + USED},
		{VMMIO_REG_QUEUE_DEVICE_HIGH, 0},
		{VMMIO_REG_QUEUE_READY, 1},
	};

	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		store32(WINDOW + writes[i].reg, writes[i].value);
}

static bool bring_up(void)
{
	if (load32(WINDOW + VMMIO_REG_MAGIC) != VMMIO_MAGIC ||
		load32(WINDOW + VMMIO_REG_VERSION) != 3 ||
		load32(WINDOW + VMMIO_REG_DEVICE_ID) != VMMIO_ID_ENTROPY)
		return false;
	store32(WINDOW + VMMIO_REG_STATUS, 0);
	while (load32(WINDOW + VMMIO_REG_STATUS))
		wait_a_millisecond();
	store32(WINDOW + VMMIO_REG_STATUS, 1);
	store32(WINDOW + VMMIO_REG_STATUS, 3);
	store32(WINDOW + VMMIO_REG_DEVICE_FEATURES_SEL, 1);
	if (!(load32(WINDOW + VMMIO_REG_DEVICE_FEATURES) & 1))
		return false;
	store32(WINDOW + VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	store32(WINDOW + VMMIO_REG_DRIVER_FEATURES, 1);
	store32(WINDOW + VMMIO_REG_STATUS, 0xb);
	if (!(load32(WINDOW + VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK))
		return false;
	set_up_queue();
	store32(WINDOW + VMMIO_REG_STATUS, 0xf);
	return true;
}

/* Sixteen bytes, once the interrupt says that they are there. */
static bool get_entropy(void)
{
	const struct vmmio_split_desc desc = {
		vmmio_le64(RAM + BUFFER), vmmio_le32(16), vmmio_le16(VMMIO_DESC_F_WRITE), 0};

	memcpy(machine.ram, &desc, sizeof(desc));
	put16(AVAIL + 2, 1);
	store32(WINDOW + VMMIO_REG_QUEUE_NOTIFY, 0);
	for (unsigned i = 0; !machine.pending && i < 1000; i++)
		wait_a_millisecond();
	if (load32(WINDOW + VMMIO_REG_INTERRUPT_STATUS) != VMMIO_INT_USED_BUFFER)
		return false;
	store32(WINDOW + VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	return machine.ram[USED + 2] == 1 && machine.ram[USED + 8] == 16 && !machine.pending;
}

/* --- What is tried ---------------------------------------------------------------------------- */

static bool works(const struct vmmio_puppet_options *presents, uint64_t io_ns)
{
	bool good = power_on(presents) && bring_up();

	library.puppet->delay_io(machine.puppet, io_ns);
	good = good && get_entropy();
	return power_off() == 0 && good;
}

static bool gives_up(const struct vmmio_puppet_options *presents)
{
	const bool good = power_on(presents) && !bring_up();

	return power_off() == 0 && good;
}

static bool said(bool ok, const char *what)
{
	printf("%s: %s\n", what, ok ? "good" : "WRONG");
	return ok;
}

int main(int argc, char **argv)
{
	const struct vmmio_puppet_options correct = {.version = 3};
	const struct vmmio_puppet_options slow = {
		.version = 3, .status = 0xf, .reset_ns = 30 * MS, .reset_reads = 3};
	const struct vmmio_puppet_options wrong = {
		.version = 3, .flags = VMMIO_PUPPET_MAGIC, .shown_magic = 1};
	bool good = argc == 2 && load(argv[1]);

	good = good && said(works(&correct, 0), "a correct device");
	good = good && said(works(&correct, 5 * MS), "one whose buffers take 5 ms");
	good = good && said(works(&slow, 0), "one whose reset takes its time");
	good = good && said(gives_up(&wrong), "none at all");
	return !good;
}
