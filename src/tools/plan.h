/* SPDX-License-Identifier: BSD-3-Clause */
/* Which checks are to run, and which of them are left. */
#ifndef VMMIO_TOOLS_PLAN_H
#define VMMIO_TOOLS_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct plan {
	const char *only;
	const char **left; /* names of checks; NULL: taken, or not selected */
	size_t room, n, taken;
};

/* only: as in vmmio_conform_options. 0 or -ENOMEM. */
int plan_make(struct plan *plan, const char *only);
void plan_free(struct plan *plan);

/* Takes a check that begins. Its name, which lasts; NULL: there is none of this name left. */
const char *plan_take(struct plan *plan, const char *name);
/* Another time. */
void plan_put_back(struct plan *plan, const char *name);
bool plan_is_left(const struct plan *plan, const char *name);
/* The first one left; NULL: none. */
const char *plan_first(const struct plan *plan);
/* The names of those left, for `only`. The caller frees it; NULL: no memory. */
char *plan_left(const struct plan *plan);

/* Whether anybody asked what this check says of this requirement. */
bool plan_wants(const struct plan *plan, const char *requirement, const char *check);
/* The first word of `only` that is neither a check nor a requirement that has some: false, and
 * the word; true: there is none. */
bool plan_knows(const char *only, char *word, size_t size);
/* The next word of a list separated by any of `between`; false: no more. */
bool plan_word(const char **list, const char *between, char *word, size_t size);

#endif
