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
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An entry of pagemap: one for each page of the system's size. */
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_FRAME ((UINT64_C(1) << 55) - 1)

static int no_pages(int err, uint64_t pages, struct vmmio_target_error *error)
{
	if (err == -ENOMEM)
		return target_error(error, err,
			"mem: there are not %" PRIu64 " free huge pages of 2 MiB: echo %" PRIu64
			" > /proc/sys/vm/nr_hugepages, best soon after boot",
			pages, pages + 2);
	return target_error(error, err,
		"mem: no huge pages (%s): use a kernel with CONFIG_HUGETLBFS and pages of 2 MiB",
		strerror(-err));
}

int mem_ram_get(uint64_t size, struct mem_ram *out, struct vmmio_target_error *error)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_HUGETLB | MAP_HUGE_2MB;
	struct mem_ram ram = {.size = size};
	int err, pagemap;

	ram.host = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (ram.host == MAP_FAILED)
		return no_pages(-errno, size / MEM_HUGE, error);
	if (mlock(ram.host, size) < 0) {
		err = target_error(error, -errno,
			"mem: its memory cannot be locked (%s): run as root", strerror(errno));
		goto put;
	}
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0) {
		err = target_error(error, -errno,
			"mem: /proc/self/pagemap: %s: mount -t proc proc /proc, and use a kernel with "
			"CONFIG_PROC_PAGE_MONITOR",
			strerror(errno));
		goto put;
	}
	err = mem_ram_locate(pagemap, &ram, error);
	close(pagemap);
	if (err)
		goto put;
	*out = ram;
	return 0;
put:
	mem_ram_put(&ram);
	return err;
}

void mem_ram_put(struct mem_ram *ram)
{
	munmap(ram->host, ram->size);
}

static int locate_page(int pagemap, const uint8_t *host, uint64_t *physical,
	struct vmmio_target_error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;
	ssize_t n = pread(pagemap, &entry, sizeof(entry),
		(off_t)((uintptr_t)host / page * sizeof(entry)));

	if (n != (ssize_t)sizeof(entry))
		return target_error(error, n < 0 ? -errno : -EIO,
			"mem: /proc/self/pagemap cannot be read (%s): run as root",
			n < 0 ? strerror(errno) : "it ends early");
	if (!(entry & ENTRY_PRESENT))
		return target_error(error, -EIO,
			"mem: a page of the memory is not present: use a kernel that keeps huge pages "
			"in memory");
	if (!(entry & ENTRY_FRAME))
		return target_error(error, -EPERM,
			"mem: /proc/self/pagemap hides physical addresses: run as root, with "
			"CAP_SYS_ADMIN of the initial user namespace (not in a container)");
	*physical = (entry & ENTRY_FRAME) * page;
	return 0;
}

int mem_ram_locate(int pagemap, struct mem_ram *ram, struct vmmio_target_error *error)
{
	uint64_t first = 0, physical = 0;

	for (uint64_t at = 0; at < ram->size; at += MEM_HUGE) {
		int err = locate_page(pagemap, ram->host + at, &physical, error);

		if (err)
			return err;
		if (!at)
			first = physical;
		else if (physical != first + at)
			return target_error(error, -ENOMEM,
				"mem: the huge pages do not lie next to each other: leave ram out (one "
				"page of 2M is enough), or try again after a reboot");
	}
	ram->physical = first;
	return 0;
}
