/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of targets: `FIRST,key=value,key=value`. What is wrong is said with the key and
 * what it could be.
 */
#ifndef VMMIO_CONFORM_TARGETS_ARGS_H
#define VMMIO_CONFORM_TARGETS_ARGS_H

#include "conform/targets/kinds.h"

struct arg_range {
	uint64_t base, size;
};

/* What value points to; it keeps its content if the key is not given. */
enum arg_type {
	ARG_CHOICE, /* unsigned: the number of the word in choices */
	ARG_NUMBER, /* uint64_t, from min to max */
	ARG_RANGE,  /* struct arg_range; its size from min to max */
	ARG_TEXT,   /* char[max], not empty */
};

/* The last of a table has no key. */
struct arg {
	const char *key;
	enum arg_type type;
	void *value;
	/* "split|packed"; other types: what stands for the value in messages, or NULL. */
	const char *choices;
	uint64_t min, max;
};

/* kind: for messages. 0, or -EINVAL and error. */
int args_parse(const char *kind, const char *args, const struct arg *table,
	struct vmmio_target_error *error);

/* Copies what stands before the first comma; returns what stands behind it, "" if nothing.
 * NULL: it is longer than size allows. */
const char *args_first(const char *args, char *first, size_t size);

/* Decimal or 0x..., with K, M or G for binary multiples. false: it is no such number. */
bool arg_number(const char *text, uint64_t *value);

#endif
