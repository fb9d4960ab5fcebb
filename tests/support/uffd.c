/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Missing guest memory. One thread uses it, the test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/uffd.h"

#define PAGE ((size_t)4096)
#define MAX_PAGES 256u

struct page {
	char *at;
	char *was; /* its contents */
	bool missing, asked;
};

struct uffd {
	int fd;
	unsigned n, asked, faults;
	struct page pages[MAX_PAGES];
};

/* Not USER_MODE_ONLY: it is the kernel's accesses that are to wait. */
static int open_fd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
#ifdef USERFAULTFD_IOC_NEW
	int device;

	if (fd >= 0 || errno != EPERM)
		return fd;
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -1;
	fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
	close(device);
#endif
	return fd;
}

struct uffd *uffd_open(const char **why)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffd *u;
	int fd;

	if (sysconf(_SC_PAGESIZE) != (long)PAGE) {
		*why = "pages are not 4096 bytes here";
		return NULL;
	}
	fd = open_fd();
	if (fd < 0) {
		*why = errno == ENOSYS ? "this kernel has no userfaultfd"
				       : "userfaultfd for kernel faults needs root, "
					 "vm.unprivileged_userfaultfd=1 or /dev/userfaultfd";
		return NULL;
	}
	ck_assert_int_eq(ioctl(fd, UFFDIO_API, &api), 0);
	u = calloc(1, sizeof(*u));
	ck_assert_ptr_nonnull(u);
	u->fd = fd;
	return u;
}

static struct page *find(struct uffd *u, const void *at)
{
	char *start = (char *)((uintptr_t)at & ~(PAGE - 1));

	for (unsigned i = 0; i < u->n; i++)
		if (u->pages[i].at == start)
			return &u->pages[i];
	return NULL;
}

static void hide_page(struct uffd *u, char *at)
{
	struct uffdio_register reg = {
		.range = {(uintptr_t)at, PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct page *page = &u->pages[u->n++];

	ck_assert_uint_le(u->n, MAX_PAGES);
	page->at = at;
	page->was = malloc(PAGE);
	ck_assert_ptr_nonnull(page->was);
	memcpy(page->was, at, PAGE);
	page->missing = true;
	ck_assert_int_eq(ioctl(u->fd, UFFDIO_REGISTER, &reg), 0);
	ck_assert_int_eq(madvise(at, PAGE, MADV_DONTNEED), 0);
}

void uffd_hide(struct uffd *u, void *at, size_t size)
{
	char *page = (char *)((uintptr_t)at & ~(PAGE - 1));

	for (; page < (char *)at + size; page += PAGE)
		if (!find(u, page))
			hide_page(u, page);
}

static void serve_page(struct uffd *u, struct page *page)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page->at,
		.src = (uintptr_t)page->was,
		.len = PAGE,
	};

	if (!page->missing)
		return;
	ck_assert_int_eq(ioctl(u->fd, UFFDIO_COPY, &copy), 0);
	page->missing = false;
}

void uffd_serve(struct uffd *u, void *at, size_t size)
{
	char *start = (char *)((uintptr_t)at & ~(PAGE - 1));

	for (; start < (char *)at + size; start += PAGE) {
		struct page *page = find(u, start);

		ck_assert_ptr_nonnull(page);
		serve_page(u, page);
	}
}

void uffd_serve_all(struct uffd *u)
{
	for (unsigned i = 0; i < u->n; i++)
		serve_page(u, &u->pages[i]);
}

void uffd_forget(struct uffd *u, void *at, size_t size)
{
	struct uffdio_range range = {.len = PAGE};
	char *start = (char *)((uintptr_t)at & ~(PAGE - 1));

	for (; start < (char *)at + size; start += PAGE) {
		struct page *page = find(u, start);

		if (!page || page->missing)
			continue;
		range.start = (uintptr_t)start;
		ck_assert_int_eq(ioctl(u->fd, UFFDIO_UNREGISTER, &range), 0);
		free(page->was);
		*page = u->pages[--u->n];
	}
}

/* false: nothing there. */
static bool read_fault(struct uffd *u)
{
	struct uffd_msg msg;
	struct page *page;
	ssize_t n = read(u->fd, &msg, sizeof(msg));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	ck_assert_int_eq(n, sizeof(msg));
	ck_assert_uint_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	page = find(u, (void *)(uintptr_t)msg.arg.pagefault.address);
	ck_assert_ptr_nonnull(page);
	u->faults++;
	u->asked += !page->asked;
	page->asked = true;
	return true;
}

void uffd_wait(struct uffd *u, unsigned n)
{
	struct pollfd poller = {.fd = u->fd, .events = POLLIN};

	while (u->asked < n)
		if (!read_fault(u))
			poll(&poller, 1, -1);
}

/* Bounded: threads that do not sleep bring new faults for ever. */
unsigned uffd_faults(struct uffd *u)
{
	for (unsigned i = 0; i < MAX_PAGES && read_fault(u); i++)
		;
	return u->faults;
}

void uffd_close(struct uffd *u)
{
	if (!u)
		return;
	uffd_serve_all(u);
	close(u->fd);
	for (unsigned i = 0; i < u->n; i++)
		free(u->pages[i].was);
	free(u);
}
