/* SPDX-License-Identifier: BSD-3-Clause */
/* Selection as the suite does it, kept here so that a run can go on where another ended. */
#include "tools/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/conform.h>

bool plan_word(const char **list, const char *between, char *word, size_t size)
{
	size_t n;

	*list += strspn(*list, between);
	n = strcspn(*list, between);
	if (n == 0)
		return false;
	if (n >= size)
		n = size - 1;
	memcpy(word, *list, n);
	word[n] = '\0';
	*list += strcspn(*list, between);
	return true;
}

static bool has_word(const char *list, const char *between, const char *word)
{
	char next[64];

	while (plan_word(&list, between, next, sizeof(next)))
		if (!strcmp(next, word))
			return true;
	return false;
}

static bool matches(const struct vmmio_conform_check *check, const char *word)
{
	return !strcmp(check->name, word) || has_word(check->requirements, " ", word);
}

static bool is_selected(const struct vmmio_conform_check *check, const char *only)
{
	char word[64];

	if (!only)
		return true;
	while (plan_word(&only, ", ", word, sizeof(word)))
		if (matches(check, word))
			return true;
	return false;
}

bool plan_wants(const struct plan *plan, const char *requirement, const char *check)
{
	return !plan->only || has_word(plan->only, ", ", requirement) ||
	       has_word(plan->only, ", ", check);
}

bool plan_knows(const char *only, char *word, size_t size)
{
	struct vmmio_conform_check check;

	while (only && plan_word(&only, ", ", word, size)) {
		bool found = false;

		for (size_t i = 0; !found && vmmio_conform_check(i, &check); i++)
			found = matches(&check, word);
		if (!found)
			return false;
	}
	return true;
}

/* --- What is left ------------------------------------------------------------------------- */

int plan_make(struct plan *plan, const char *only)
{
	struct vmmio_conform_check check;

	*plan = (struct plan){.only = only};
	while (vmmio_conform_check(plan->room, &check))
		plan->room++;
	plan->left = calloc(plan->room + 1, sizeof(*plan->left));
	if (!plan->left)
		return -ENOMEM;
	for (size_t i = 0; vmmio_conform_check(i, &check); i++)
		if (is_selected(&check, only))
			plan->left[plan->n++] = check.name;
	plan->room = plan->n;
	return 0;
}

void plan_free(struct plan *plan)
{
	free(plan->left);
}

static size_t find(const struct plan *plan, const char *name)
{
	size_t i = 0;

	while (i < plan->room && (!name || !plan->left[i] || strcmp(plan->left[i], name)))
		i++;
	return i;
}

const char *plan_take(struct plan *plan, const char *name)
{
	size_t i = find(plan, name);
	const char *taken;

	if (i == plan->room)
		return NULL;
	taken = plan->left[i];
	plan->left[i] = NULL;
	plan->taken++;
	return taken;
}

void plan_put_back(struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->room; i++) {
		if (plan->left[i])
			continue;
		plan->left[i] = name;
		plan->taken--;
		return;
	}
}

bool plan_is_left(const struct plan *plan, const char *name)
{
	return find(plan, name) < plan->room;
}

const char *plan_first(const struct plan *plan)
{
	for (size_t i = 0; i < plan->room; i++)
		if (plan->left[i])
			return plan->left[i];
	return NULL;
}

char *plan_left(const struct plan *plan)
{
	size_t size = 1;
	char *names, *to;

	for (size_t i = 0; i < plan->room; i++)
		size += plan->left[i] ? strlen(plan->left[i]) + 1 : 0;
	names = to = malloc(size);
	if (!names)
		return NULL;
	for (size_t i = 0; i < plan->room; i++) {
		if (!plan->left[i])
			continue;
		to = stpcpy(to, plan->left[i]);
		*to++ = ',';
	}
	*to = '\0';
	return names;
}
