/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that a device can be told of: huge pages stay where they are, and the kernel says
 * to root where that is. They go back to the kernel's pool of huge pages, so that a device
 * that writes on after the program has ended hits nothing of anybody else's.
 */
#include "conform/targets/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An entry of pagemap: one for each page of the system's size. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_FRAME ((UINT64_C(1) << 55) - 1)

#define PAGES_MAX (MEM_MAX / MEM_HUGE)

static int no_pages(int err, uint64_t pages, struct vmmio_target_error *error)
{
	if (err == -ENOMEM || err == -ENOSPC)
		return target_error(error, err,
			"mem: huge pages of 2 MiB: %" PRIu64
			" needed, fewer are free: echo %" PRIu64
			" > /proc/sys/vm/nr_hugepages, best soon after boot",
			pages, pages + 2);
	return target_error(error, err,
		"mem: no huge pages (%s): use a kernel with CONFIG_HUGETLBFS and pages of 2 MiB",
		strerror(-err));
}

/* --- Where it lies -------------------------------------------------------------------- */

static int locate_page(
	int pagemap, const uint8_t *host, uint64_t *physical, struct vmmio_target_error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;
	ssize_t n = pread(
		pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)host / page * sizeof(entry)));

	if (n != (ssize_t)sizeof(entry))
		return target_error(error, n < 0 ? -errno : -EIO,
			"mem: /proc/self/pagemap cannot be read (%s): run as root",
			n < 0 ? strerror(errno) : "it ends early");
	if (!(entry & ENTRY_PRESENT))
		return target_error(error, -EIO,
			"mem: a page of the memory is not present: use a kernel that keeps huge "
			"pages in memory");
	if (!(entry & ENTRY_FRAME))
		return target_error(error, -EPERM,
			"mem: /proc/self/pagemap hides physical addresses: run as root, with "
			"CAP_SYS_ADMIN of the initial user namespace (not in a container)");
	*physical = (entry & ENTRY_FRAME) * page;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	uint64_t one = ((const struct mem_page *)a)->physical;
	uint64_t other = ((const struct mem_page *)b)->physical;

	return one < other ? -1 : one > other;
}

int mem_ram_locate(int pagemap, const uint8_t *host, struct mem_page *pages, size_t n,
	struct vmmio_target_error *error)
{
	int err;

	for (size_t i = 0; i < n; i++) {
		pages[i].number = i;
		err = locate_page(pagemap, host + i * MEM_HUGE, &pages[i].physical, error);
		if (err)
			return err;
	}
	qsort(pages, n, sizeof(pages[0]), by_address);
	for (size_t i = 1; i < n; i++)
		if (pages[i].physical != pages[0].physical + i * MEM_HUGE)
			return target_error(error, -ENOMEM,
				"mem: the huge pages do not lie next to each other: leave ram out "
				"(one page of 2M is enough), or try again after a reboot");
	return 0;
}

static int locate(
	const struct mem_ram *ram, struct mem_page *pages, struct vmmio_target_error *error)
{
	int err, pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pagemap < 0)
		return target_error(error, -errno,
			"mem: /proc/self/pagemap: %s: mount -t proc proc /proc, and use a kernel "
			"with CONFIG_PROC_PAGE_MONITOR",
			strerror(errno));
	err = mem_ram_locate(pagemap, ram->host, pages, ram->size / MEM_HUGE, error);
	close(pagemap);
	return err;
}

/* --- Getting it --------------------------------------------------------------------------- */

static int lock(const void *host, uint64_t size, struct vmmio_target_error *error)
{
	if (mlock(host, size) == 0)
		return 0;
	return target_error(error, -errno, "mem: its memory cannot be locked (%s): run as root",
		strerror(errno));
}

/* Maps page number i of the file where it belongs; the kernel often hands them out downwards. */
static int sort(const struct mem_ram *ram, int fd, const struct mem_page *pages,
	struct vmmio_target_error *error)
{
	for (size_t i = 0; i < ram->size / MEM_HUGE; i++) {
		if (mmap(ram->host + i * MEM_HUGE, MEM_HUGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
			    (off_t)(pages[i].number * MEM_HUGE)) == MAP_FAILED)
			return target_error(error, -errno,
				"mem: its memory cannot be mapped in order (%s): leave ram out",
				strerror(errno));
	}
	return 0;
}

static int map(int fd, struct mem_ram *ram, struct vmmio_target_error *error)
{
	struct mem_page pages[PAGES_MAX];
	int err;

	ram->host = mmap(NULL, ram->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (ram->host == MAP_FAILED)
		return no_pages(-errno, ram->size / MEM_HUGE, error);
	err = lock(ram->host, ram->size, error);
	if (!err)
		err = locate(ram, pages, error);
	if (!err)
		err = sort(ram, fd, pages, error);
	if (!err)
		err = lock(ram->host, ram->size, error);
	if (err)
		mem_ram_put(ram);
	else
		ram->physical = pages[0].physical;
	return err;
}

int mem_ram_get(uint64_t size, struct mem_ram *out, struct vmmio_target_error *error)
{
	int fd = memfd_create("vmmio-conform", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	struct mem_ram ram = {.size = size};
	int err;

	if (fd < 0)
		return no_pages(-errno, size / MEM_HUGE, error);
	if (ftruncate(fd, (off_t)size) < 0)
		err = no_pages(-errno, size / MEM_HUGE, error);
	else
		err = map(fd, &ram, error);
	close(fd);
	if (!err)
		*out = ram;
	return err;
}

void mem_ram_put(struct mem_ram *ram)
{
	munmap(ram->host, ram->size);
}
