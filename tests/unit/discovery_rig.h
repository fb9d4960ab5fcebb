/* SPDX-License-Identifier: BSD-3-Clause */
/* What the discovery tests share: windows of all kinds, and a folder where other programs
 * judge what the library wrote. */
#ifndef VMMIO_TESTS_DISCOVERY_RIG_H
#define VMMIO_TESTS_DISCOVERY_RIG_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <vmmio/discovery.h>

#include "support/fixture.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Good ones: no two of them clash. */
#define KINDS 9
extern const struct vmmio_window kinds[KINDS];

/* The length of a window that says 0 is the default. */
uint64_t length_of(const struct vmmio_window *window);

/* Fills windows with n that differ in base, irq and id. */
void many_windows(struct vmmio_window *windows, size_t n);

bool have_program(const char *name);

/* A folder of this test's own, and its end. Names of files are below it. */
void make_dir(void);
void remove_dir(void);

void save(const char *name, const void *data, size_t size);

/* A whole file with a zero behind it; free() it. size may be NULL. */
char *load(const char *name, size_t *size);

/* The command runs in the folder; it has to succeed. What it says is then in "said". */
void run(const char *command);

/* A file of that name in the folder, to be written; fclose() it. */
FILE *create(const char *name);

#endif
