/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `mem:ADDR[,ram=SIZE,size=SIZE]`: a device of the machine that the program runs on, a guest
 * or real hardware. Registers by way of /dev/mem, guest memory from huge pages; no
 * interrupt line, no hooks, time passes by sleeping.
 *
 * For tests, with file=PATH: a file in place of /dev/mem, and any memory, said to be at base.
 */
#include "conform/targets/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <vmmio/spec.h>

#include "conform/targets/args.h"

/* The smallest window in use; the registers of the next device may follow. */
#define WINDOW_DEFAULT 0x200u
#define WINDOW_MAX 0x10000u
#define CLOSE_PATIENCE_MS 1000

struct mem_options {
	char file[4096]; /* "": /dev/mem */
	uint64_t address;
	uint64_t window;
	uint64_t ram;
	uint64_t base; /* with file */
};

struct mem {
	volatile uint8_t *registers;
	uint64_t window;
	void *map; /* of the pages that the registers lie in */
	size_t map_size;
	struct mem_ram ram;
	char name[64];
};

/* --- Accesses ------------------------------------------------------------------------- */

/* Memory that is shared with the device and its registers, in program order. */
static void barrier(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dsb sy" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/* What is not in the window is somebody else's, or nothing: ignored. */
static bool is_outside(const struct mem *mem, uint64_t offset, unsigned width)
{
	return offset > mem->window || width > mem->window - offset;
}

/* false: no single access can do that. */
static bool is_possible(uint64_t offset, unsigned width)
{
	return width <= sizeof(void *) && offset % width == 0;
}

static int mem_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	const struct mem *mem = ctx;
	volatile void *at = mem->registers + offset;

	*value = 0;
	if (is_outside(mem, offset, width))
		return 0;
	if (!is_possible(offset, width))
		return -ENOTSUP;
	if (width == 1)
		*value = *(volatile uint8_t *)at;
	else if (width == 2)
		*value = vmmio_le16(*(volatile uint16_t *)at);
	else if (width == 4)
		*value = vmmio_le32(*(volatile uint32_t *)at);
	else
		*value = vmmio_le64(*(volatile uint64_t *)at);
	barrier();
	return 0;
}

static int mem_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct mem *mem = ctx;
	volatile void *at = mem->registers + offset;

	if (is_outside(mem, offset, width))
		return 0;
	if (!is_possible(offset, width))
		return -ENOTSUP;
	barrier();
	if (width == 1)
		*(volatile uint8_t *)at = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)at = vmmio_le16((uint16_t)value);
	else if (width == 4)
		*(volatile uint32_t *)at = vmmio_le32((uint32_t)value);
	else
		*(volatile uint64_t *)at = vmmio_le64(value);
	return 0;
}

static uint8_t *guest_at(struct mem *mem, uint64_t guest, size_t size)
{
	uint64_t offset = guest - mem->ram.physical;

	if (offset > mem->ram.size || size > mem->ram.size - offset)
		return NULL;
	return mem->ram.host + offset;
}

static int ram_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	const uint8_t *at = guest_at(ctx, guest, size);

	if (!at)
		return -EFAULT;
	target_copy(data, at, size);
	return 0;
}

static int ram_write(void *ctx, uint64_t guest, const void *data, size_t size)
{
	uint8_t *at = guest_at(ctx, guest, size);

	if (!at)
		return -EFAULT;
	target_copy(at, data, size);
	return 0;
}

/* --- Close --------------------------------------------------------------------------------- */

/* The device may use the memory until it is reset. false: it may for ever. */
static bool stop_device(struct mem *mem)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	uint64_t status = 1;

	(void)mem_write(mem, VMMIO_REG_STATUS, 4, 0);
	for (int i = 0; i < CLOSE_PATIENCE_MS; i++) {
		(void)mem_read(mem, VMMIO_REG_STATUS, 4, &status);
		if (!status)
			return true;
		nanosleep(&ms, NULL);
	}
	return false;
}

static void mem_close(void *ctx)
{
	struct mem *mem = ctx;

	if (stop_device(mem))
		mem_ram_put(&mem->ram);
	munmap(mem->map, mem->map_size);
	free(mem);
}

/* --- Open ---------------------------------------------------------------------------------- */

static int refuse_open(const struct mem_options *o, int err, struct vmmio_target_error *error)
{
	if (*o->file)
		return target_error(error, err, "mem: %s: %s", o->file, strerror(-err));
	if (err == -ENOENT || err == -ENXIO)
		return target_error(error, err,
			"mem: there is no /dev/mem (%s): use a kernel with CONFIG_DEVMEM, and mknod "
			"/dev/mem c 1 1",
			strerror(-err));
	return target_error(error, err,
		"mem: /dev/mem cannot be opened (%s): run as root; a kernel in lockdown (secure boot) "
		"refuses root too",
		strerror(-err));
}

static int refuse_map(const struct mem_options *o, int err, struct vmmio_target_error *error)
{
	if (*o->file || err != -EPERM)
		return target_error(error, err, "mem: address 0x%" PRIx64 " cannot be mapped: %s",
			o->address, strerror(-err));
	return target_error(error, err,
		"mem: the kernel keeps /dev/mem from 0x%" PRIx64
		" (strict devmem): if a device is there, unbind its driver under "
		"/sys/bus/platform/drivers/virtio-mmio, or boot with iomem=relaxed",
		o->address);
}

/* Beyond the end of a file there is memory that kills who touches it. */
static int check_file(int fd, const struct mem_options *o, struct vmmio_target_error *error)
{
	struct stat st;

	if (!*o->file || (fstat(fd, &st) == 0 && (uint64_t)st.st_size >= o->address + o->window))
		return 0;
	return target_error(error, -EINVAL,
		"mem: %.80s ends before 0x%" PRIx64 ": make it larger", o->file,
		o->address + o->window);
}

static int map_fd(
	struct mem *mem, int fd, const struct mem_options *o, struct vmmio_target_error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t begin = o->address / page * page;

	mem->window = o->window;
	mem->map_size = (size_t)(o->address - begin + o->window);
	mem->map = mmap(NULL, mem->map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)begin);
	if (mem->map == MAP_FAILED)
		return refuse_map(o, -errno, error);
	mem->registers = (volatile uint8_t *)mem->map + (o->address - begin);
	return 0;
}

static int map_registers(
	struct mem *mem, const struct mem_options *o, struct vmmio_target_error *error)
{
	int fd = open(*o->file ? o->file : "/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	int err;

	if (fd < 0)
		return refuse_open(o, -errno, error);
	err = check_file(fd, o, error);
	if (!err)
		err = map_fd(mem, fd, o, error);
	close(fd);
	return err;
}

/* Nothing was written yet: at a wrong address that could do any harm. */
static int check_magic(
	struct mem *mem, const struct mem_options *o, struct vmmio_target_error *error)
{
	uint64_t magic = 0;

	(void)mem_read(mem, VMMIO_REG_MAGIC, 4, &magic);
	if (magic == VMMIO_MAGIC)
		return 0;
	return target_error(error, -ENODEV,
		"mem: there is no virtio-mmio device at 0x%" PRIx64 ": MagicValue reads 0x%" PRIx64
		", not 0x%x: look for its address in /proc/iomem or the device tree",
		o->address, magic, VMMIO_MAGIC);
}

static int get_ram(struct mem *mem, const struct mem_options *o, struct vmmio_target_error *error)
{
	if (!*o->file)
		return mem_ram_get(o->ram, &mem->ram, error);
	mem->ram = (struct mem_ram){.physical = o->base, .size = o->ram};
	mem->ram.host = mmap(
		NULL, o->ram, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem->ram.host == MAP_FAILED)
		return target_error(error, -errno, "mem: no memory: use a smaller ram");
	return 0;
}

static int parse(const char *args, struct mem_options *o, struct vmmio_target_error *error)
{
	const struct arg table[] = {
		{"ram", ARG_NUMBER, &o->ram, "SIZE", MEM_HUGE, MEM_MAX},
		{"size", ARG_NUMBER, &o->window, "SIZE", VMMIO_REG_CONFIG, WINDOW_MAX},
		{"file", ARG_TEXT, o->file, "PATH", 0, sizeof(o->file)},
		{"base", ARG_NUMBER, &o->base, "ADDR", 0, UINT64_MAX - MEM_MAX},
		{.key = NULL}};
	char address[32];
	const char *rest = args_first(args, address, sizeof(address));
	int err;

	*o = (struct mem_options){.window = WINDOW_DEFAULT, .ram = MEM_HUGE,
		.base = UINT64_C(0x80000000)};
	if (!rest || !arg_number(address, &o->address) || o->address % 4 ||
		o->address > INT64_MAX - WINDOW_MAX)
		return target_error(error, -EINVAL,
			"mem: '%.40s' is no address: give the physical address of the registers, a "
			"multiple of 4, such as mem:0xfeb00000",
			args);
	err = args_parse("mem", rest, table, error);
	if (!err && o->ram % MEM_HUGE)
		return target_error(error, -EINVAL, "mem: ram has to be a multiple of 2M");
	return err;
}

static int bring_up(struct mem *mem, const struct mem_options *o, struct vmmio_target_error *error)
{
	int err = map_registers(mem, o, error);

	if (err)
		return err;
	err = check_magic(mem, o, error);
	if (!err)
		err = get_ram(mem, o, error);
	if (err)
		munmap(mem->map, mem->map_size);
	return err;
}

int target_mem_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	static const struct vmmio_target_ops ops = {
		.size = sizeof(ops),
		.read = mem_read,
		.write = mem_write,
		.mem_read = ram_read,
		.mem_write = ram_write,
		.close = mem_close,
	};
	struct mem_options o;
	struct mem *mem;
	int err = parse(args, &o, error);

	if (err)
		return err;
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return target_error(error, -ENOMEM, "mem: no memory");
	err = bring_up(mem, &o, error);
	if (err) {
		free(mem);
		return err;
	}
	snprintf(mem->name, sizeof(mem->name), "mem:0x%" PRIx64, o.address);
	out->ops = &ops;
	out->ctx = mem;
	out->name = mem->name;
	out->memory_base = mem->ram.physical;
	out->memory_size = mem->ram.size;
	return 0;
}
