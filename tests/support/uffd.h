/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory that is missing until the test says so (userfaultfd): whoever touches it,
 * the kernel included, sleeps inside that access. That somebody does is known by his fault
 * and not guessed by the clock.
 */
#ifndef VMMIO_TESTS_UFFD_H
#define VMMIO_TESTS_UFFD_H

#include <stddef.h>

struct uffd;

/* NULL: cannot be had here, *why says what for fixture_skip. */
struct uffd *uffd_open(const char **why);
/* What is still missing comes back as it was. NULL is fine. */
void uffd_close(struct uffd *uffd);

/* Keeps the pages that [at, at + size) touches for later and takes them away. Private
 * anonymous memory; a page that was taken away before stays as it is. */
void uffd_hide(struct uffd *uffd, void *at, size_t size);
/* Gives the pages of [at, at + size) back as they were, if they are still missing, and wakes
 * whoever waits for them. */
void uffd_serve(struct uffd *uffd, void *at, size_t size);
void uffd_serve_all(struct uffd *uffd);

/* Pages of [at, at + size) that were given back are ordinary memory again, as if they had
 * never been hidden; the count of uffd_wait stays. */
void uffd_forget(struct uffd *uffd, void *at, size_t size);

/* Waits until n different pages have been asked for in all. */
void uffd_wait(struct uffd *uffd, unsigned n);
/* Faults so far. One thread that waits for one page is one fault; more of them mean that
 * it does not sleep but tries again and again. */
unsigned uffd_faults(struct uffd *uffd);

#endif
