/* SPDX-License-Identifier: BSD-3-Clause */
#include "conform/targets/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_SIZE 4096u

static bool scale(char suffix, uint64_t *value)
{
	static const char suffixes[] = "KMG";
	const char *at = suffix ? strchr(suffixes, suffix) : NULL;
	unsigned shift;

	if (!at)
		return false;
	shift = 10 * (unsigned)(at - suffixes + 1);
	if (*value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

bool arg_number(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	uint64_t n;
	char *end;

	/* strtoull takes blanks and signs. */
	if (!strchr("0123456789abcdefABCDEF", digits[0]) || !digits[0])
		return false;
	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || end == digits)
		return false;
	if (*end && (!scale(*end, &n) || end[1]))
		return false;
	*value = n;
	return true;
}

const char *args_first(const char *args, char *first, size_t size)
{
	size_t len = strcspn(args, ",");

	if (len >= size)
		return NULL;
	memcpy(first, args, len);
	first[len] = '\0';
	return args[len] ? args + len + 1 : args + len;
}

/* --- Values --------------------------------------------------------------------------- */

static bool set_choice(const struct arg *arg, const char *text)
{
	const char *at = arg->choices;
	size_t len;

	for (unsigned n = 0;; n++) {
		len = strcspn(at, "|");
		if (strlen(text) == len && memcmp(text, at, len) == 0) {
			*(unsigned *)arg->value = n;
			return true;
		}
		if (!at[len])
			return false;
		at += len + 1;
	}
}

static bool set_number(const struct arg *arg, const char *text)
{
	uint64_t n;

	if (!arg_number(text, &n) || n < arg->min || n > arg->max)
		return false;
	*(uint64_t *)arg->value = n;
	return true;
}

static bool set_range(const struct arg *arg, const char *text)
{
	const char *plus = strchr(text, '+');
	struct arg_range range;
	char base[32];

	if (!plus || (size_t)(plus - text) >= sizeof(base))
		return false;
	memcpy(base, text, (size_t)(plus - text));
	base[plus - text] = '\0';
	if (!arg_number(base, &range.base) || !arg_number(plus + 1, &range.size))
		return false;
	if (range.size < arg->min || range.size > arg->max || range.base + range.size < range.base)
		return false;
	*(struct arg_range *)arg->value = range;
	return true;
}

static bool set_text(const struct arg *arg, const char *text)
{
	size_t len = strlen(text);

	if (!len || len >= arg->max)
		return false;
	memcpy(arg->value, text, len + 1);
	return true;
}

static bool set(const struct arg *arg, const char *text)
{
	switch (arg->type) {
	case ARG_CHOICE:
		return set_choice(arg, text);
	case ARG_NUMBER:
		return set_number(arg, text);
	case ARG_RANGE:
		return set_range(arg, text);
	case ARG_TEXT:
		return set_text(arg, text);
	}
	return false;
}

/* --- Messages ------------------------------------------------------------------------- */

static const char *value_name(const struct arg *arg)
{
	static const char *const names[] = {
		[ARG_NUMBER] = "NUMBER", [ARG_RANGE] = "ADDR+SIZE", [ARG_TEXT] = "TEXT"};

	return arg->choices ? arg->choices : names[arg->type];
}

static int unknown(const char *kind, const char *item, const struct arg *table,
	struct vmmio_target_error *error)
{
	char all[300] = "";
	size_t at = 0;

	for (const struct arg *arg = table; arg->key && at < sizeof(all); arg++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s=%s", at ? ", " : "",
			arg->key, value_name(arg));
	if (!table->key)
		return target_error(
			error, -EINVAL, "%s: '%.80s' is too much: it takes no options", kind, item);
	return target_error(
		error, -EINVAL, "%s: there is no option '%.80s': use %s", kind, item, all);
}

static int bad_value(
	const char *kind, const struct arg *arg, const char *text, struct vmmio_target_error *error)
{
	static const char *const what[] = {[ARG_NUMBER] = "a number such as 4096, 0x1000 or 2M",
		[ARG_RANGE] = "ADDR+SIZE such as 0x40000000+8M, the size"};

	if (arg->type == ARG_CHOICE)
		return target_error(error, -EINVAL, "%s: '%s=%.80s' is wrong: use %s=%s", kind,
			arg->key, text, arg->key, arg->choices);
	if (arg->type == ARG_TEXT)
		return target_error(error, -EINVAL,
			"%s: '%s=%.80s' is wrong: give 1 to %" PRIu64 " characters", kind, arg->key,
			text, arg->max - 1);
	return target_error(error, -EINVAL,
		"%s: '%s=%.80s' is wrong: give %s from 0x%" PRIx64 " to 0x%" PRIx64, kind, arg->key,
		text, what[arg->type], arg->min, arg->max);
}

/* --- The list --------------------------------------------------------------------------- */

/* seen: a bit for each of the table that was given. */
static int parse_item(const char *kind, char *item, const struct arg *table, uint64_t *seen,
	struct vmmio_target_error *error)
{
	char *equals = strchr(item, '=');
	const struct arg *arg = table;

	if (equals)
		*equals = '\0';
	while (arg->key && strcmp(arg->key, item) != 0)
		arg++;
	if (!arg->key)
		return unknown(kind, item, table, error);
	if (!equals)
		return target_error(error, -EINVAL, "%s: '%s' has no value: use %s=%s", kind, item,
			item, value_name(arg));
	if (*seen & UINT64_C(1) << (arg - table))
		return target_error(
			error, -EINVAL, "%s: '%s' is given twice: give it once", kind, item);
	*seen |= UINT64_C(1) << (arg - table);
	return set(arg, equals + 1) ? 0 : bad_value(kind, arg, equals + 1, error);
}

int args_parse(const char *kind, const char *args, const struct arg *table,
	struct vmmio_target_error *error)
{
	char item[ITEM_SIZE];
	uint64_t seen = 0;
	bool more = *args;
	int err = 0;

	while (more && !err) {
		const char *rest = args_first(args, item, sizeof(item));

		if (!rest)
			return target_error(error, -EINVAL,
				"%s: an option is longer than %u characters: shorten it", kind,
				ITEM_SIZE - 1);
		/* Behind a comma there has to be something. */
		more = rest != args + strlen(item);
		args = rest;
		err = parse_item(kind, item, table, &seen, error);
	}
	return err;
}
