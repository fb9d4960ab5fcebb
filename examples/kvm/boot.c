/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What firmware and boot loader leave in memory: kernel and initramfs, the command line, boot
 * parameters, page tables; by Linux's 64-bit boot protocol.
 */
#include <asm/bootparam.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "machine.h"

#define LOW_RAM_END 0x9fc00u
#define HIGH_RAM 0x100000u
#define PAGE 4096u
#define HEADER 0x1f1u           /* of the boot protocol, in the file; ends where the jump */
#define HEADER_JUMP 0x202u      /* before this goes to */
#define MAGIC_HDRS 0x53726448u  /* "HdrS" */
#define OLDEST_PROTOCOL 0x20cu  /* has xloadflags */
#define ENTRY_64 0x200u         /* of the 64-bit code, after the 32-bit one's */
#define LOADER_UNKNOWN 0xffu

struct file {
	const uint8_t *data;
	size_t size;
};

static int file_open(struct file *file, const char *path)
{
	struct stat status = {0};
	void *data = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO is not waited for */

	if (fd < 0 || fstat(fd, &status) < 0)
		fail("%s: %s", path, strerror(errno));
	else if (!S_ISREG(status.st_mode) || !status.st_size)
		fail("%s is empty, or no regular file", path);
	else if ((data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
		MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (data != MAP_FAILED)
		*file = (struct file){.data = data, .size = (size_t)status.st_size};
	return data == MAP_FAILED ? -1 : 0;
}

static void file_close(struct file *file)
{
	if (file->data)
		munmap((void *)(uintptr_t)file->data, file->size);
}

/* --- The kernel -------------------------------------------------------------------------- */

struct layout {
	uint64_t kernel;     /* where it is loaded */
	uint64_t kernel_end; /* with the room that it unpacks itself into */
	uint64_t initrd;
};

static size_t code_offset(const struct setup_header *header)
{
	return ((header->setup_sects ? header->setup_sects : 4u) + 1) * 512u;
}

static int check_kernel(const char *path, const struct file *file, struct setup_header *header)
{
	size_t code, length;

	if (file->size < HEADER + sizeof(*header))
		return fail("%s is too short to be a Linux kernel", path);
	*header = (struct setup_header){0};
	length = HEADER_JUMP + file->data[HEADER_JUMP - 1] - HEADER;
	memcpy(header, file->data + HEADER, length < sizeof(*header) ? length : sizeof(*header));
	if (header->boot_flag != 0xaa55 || header->header != MAGIC_HDRS)
		return fail("%s is not a bzImage: give the file that a boot loader loads "
			    "(/boot/vmlinuz-...), not an ELF vmlinux",
			path);
	if (header->version < OLDEST_PROTOCOL || !(header->xloadflags & XLF_KERNEL_64))
		return fail("%s has no 64-bit entry (boot protocol %u.%02u): give a 64-bit kernel of "
			    "version 3.8 or later",
			path, header->version >> 8, header->version & 0xff);
	code = code_offset(header);
	if (file->size <= code)
		return fail("%s ends before its code begins: the file was cut off", path);
	return 0;
}

static int place(struct vm *vm, const struct setup_header *header, size_t code, size_t initrd,
	struct layout *l)
{
	uint64_t end = vm->options->mem;
	uint64_t room = header->init_size > code ? header->init_size : code;

	l->kernel = header->pref_address < HIGH_RAM ? HIGH_RAM : header->pref_address;
	if (l->kernel >= end || room > end - l->kernel)
		return fail("the kernel needs %llu MiB of memory from %llu MiB on: raise --mem",
			(unsigned long long)(room >> 20) + 1, (unsigned long long)(l->kernel >> 20));
	l->kernel_end = l->kernel + room;
	if (end > (uint64_t)header->initrd_addr_max + 1)
		end = (uint64_t)header->initrd_addr_max + 1;
	if (initrd && (end <= l->kernel_end || initrd > end - l->kernel_end))
		return fail("the initrd of %zu MiB does not fit: there are %llu MiB above the kernel; "
			    "raise --mem",
			(initrd >> 20) + 1,
			(unsigned long long)(end > l->kernel_end ? (end - l->kernel_end) >> 20 : 0));
	l->initrd = (end - initrd) & ~(uint64_t)(PAGE - 1);
	if (l->initrd < l->kernel_end)
		l->initrd = l->kernel_end;
	return 0;
}

/* --- Around it ----------------------------------------------------------------------------- */

/* The first 4 GiB where they are, in pages of 2 MiB; flat segments. */
static void write_tables(uint8_t *ram)
{
	static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff};
	enum { PRESENT_WRITABLE = 3, LARGE = 0x80 };
	uint64_t *tables = (uint64_t *)(ram + PAGE_TABLES_ADDRESS);
	uint64_t *directories = tables + 2 * 512;

	memcpy(ram + GDT_ADDRESS, gdt, sizeof(gdt));
	memset(tables, 0, 2 * PAGE);
	tables[0] = (PAGE_TABLES_ADDRESS + PAGE) | PRESENT_WRITABLE;
	for (uint64_t i = 0; i < 4; i++)
		tables[512 + i] = (PAGE_TABLES_ADDRESS + (2 + i) * PAGE) | PRESENT_WRITABLE;
	for (uint64_t i = 0; i < 4 * 512; i++)
		directories[i] = i << 21 | PRESENT_WRITABLE | LARGE;
}

static void add_range(struct boot_params *params, uint64_t begin, uint64_t end, uint32_t type)
{
	params->e820_table[params->e820_entries++] =
		(struct boot_e820_entry){.addr = begin, .size = end - begin, .type = type};
}

static void write_params(struct vm *vm, const struct setup_header *header,
	const struct layout *l, size_t initrd)
{
	enum { RAM = 1, RESERVED = 2 };
	struct boot_params params = {.hdr = *header};

	params.hdr.type_of_loader = LOADER_UNKNOWN;
	params.hdr.cmd_line_ptr = COMMAND_LINE_ADDRESS;
	params.hdr.ramdisk_image = initrd ? (uint32_t)l->initrd : 0;
	params.hdr.ramdisk_size = (uint32_t)initrd;
	params.acpi_rsdp_addr = ACPI_ADDRESS;
	add_range(&params, 0, LOW_RAM_END, RAM);
	add_range(&params, LOW_RAM_END, HIGH_RAM, RESERVED);
	add_range(&params, HIGH_RAM, vm->options->mem, RAM);
	memcpy(vm->ram + BOOT_PARAMS_ADDRESS, &params, sizeof(params));
}

static int load(struct vm *vm, const struct file *kernel, const struct file *initrd)
{
	struct setup_header header;
	struct layout l;
	size_t code, length = strlen(vm->options->append);

	if (check_kernel(vm->options->kernel, kernel, &header))
		return -1;
	code = code_offset(&header);
	if (place(vm, &header, kernel->size - code, initrd->size, &l))
		return -1;
	if (length > header.cmdline_size)
		return fail("the command line has %zu characters, this kernel takes %u", length,
			header.cmdline_size);
	memcpy(vm->ram + l.kernel, kernel->data + code, kernel->size - code);
	if (initrd->size)
		memcpy(vm->ram + l.initrd, initrd->data, initrd->size);
	memcpy(vm->ram + COMMAND_LINE_ADDRESS, vm->options->append, length + 1);
	if (acpi_write(vm))
		return -1;
	write_tables(vm->ram);
	write_params(vm, &header, &l, initrd->size);
	vm->entry = l.kernel + ENTRY_64;
	return 0;
}

int boot_load(struct vm *vm)
{
	struct file kernel = {0}, initrd = {0};
	int error = file_open(&kernel, vm->options->kernel);

	if (!error && vm->options->initrd)
		error = file_open(&initrd, vm->options->initrd);
	if (!error)
		error = load(vm, &kernel, &initrd);
	file_close(&kernel);
	file_close(&initrd);
	return error;
}
