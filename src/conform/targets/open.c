/* SPDX-License-Identifier: BSD-3-Clause */
/* Targets by name: finding the kind, and holding what it has opened against target.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conform/targets/kinds.h"

#define MEMORY_MIN (UINT64_C(1) << 20)
#define MEMORY_ALIGN 4096u

/* Up to the first version's last field, or function that has to be there. */
#define UP_TO(type, field) (offsetof(struct type, field) + sizeof(((struct type *)NULL)->field))
#define TARGET_FIRST_SIZE UP_TO(vmmio_target, memory_size)

static const struct vmmio_target_kind kinds[] = {
	{"plugin", "plugin:FILE.so[,ARGS]",
		"a device behind a shared object, see vmmio/conform/target.h", target_plugin_open},
	{"mem", "mem:ADDR[,ram=SIZE,size=SIZE]",
		"a device of this machine, registers at physical address ADDR (as root)",
		target_mem_open},
	{"qtest", "qtest:SOCKET,base=ADDR[,ram=ADDR+SIZE,irq=N,...][,exec=COMMAND]",
		"a device in QEMU, or whatever speaks its qtest protocol", target_qtest_open},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct vmmio_target_kind *vmmio_target_kinds(size_t *n)
{
	*n = N_KINDS;
	return kinds;
}

int target_error(struct vmmio_target_error *error, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	/* One line, whatever was quoted in it. */
	for (char *at = error->text; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
	return err;
}

/* size is a constant in each, so each is one access. */
void target_copy(void *to, const void *from, size_t size)
{
	uintptr_t bits = (uintptr_t)to | (uintptr_t)from;

	if (size == 1)
		*(volatile uint8_t *)to = *(const volatile uint8_t *)from;
	else if (size == 2 && !(bits & 1))
		*(volatile uint16_t *)to = *(const volatile uint16_t *)from;
	else if (size == 4 && !(bits & 3))
		*(volatile uint32_t *)to = *(const volatile uint32_t *)from;
	else if (size == 8 && !(bits & 7))
		*(volatile uint64_t *)to = *(const volatile uint64_t *)from;
	else
		memcpy(to, from, size);
}

/* --- The kind ------------------------------------------------------------------------- */

static bool is_kind(const struct vmmio_target_kind *kind, const char *spec, size_t len)
{
	return strlen(kind->name) == len && memcmp(kind->name, spec, len) == 0;
}

static const struct vmmio_target_kind *find_kind(
	const char *spec, size_t len, const struct vmmio_target_kind *more)
{
	for (; more && more->name; more++)
		if (is_kind(more, spec, len))
			return more;
	for (size_t i = 0; i < N_KINDS; i++)
		if (is_kind(&kinds[i], spec, len))
			return &kinds[i];
	return NULL;
}

static size_t add_usage(char *all, size_t size, size_t at, const char *usage)
{
	int n = at < size ? snprintf(all + at, size - at, "%s%s", at ? ", " : "", usage) : 0;

	return at + (size_t)n;
}

static int unknown_kind(const char *spec, size_t len, const struct vmmio_target_kind *more,
	struct vmmio_target_error *error)
{
	char all[400];
	size_t at = 0;

	for (; more && more->name; more++)
		at = add_usage(all, sizeof(all), at, more->usage);
	for (size_t i = 0; i < N_KINDS; i++)
		at = add_usage(all, sizeof(all), at, kinds[i].usage);
	return target_error(error, -EINVAL, "there is no target '%.*s': use one of %s",
		(int)(len > 80 ? 80 : len), spec, all);
}

/* --- What was opened -------------------------------------------------------------------- */

static bool has_required(const struct vmmio_target_ops *ops)
{
	return ops->size >= UP_TO(vmmio_target_ops, write) && ops->read && ops->write;
}

static bool has_memory_ops(const struct vmmio_target_ops *ops)
{
	return ops->size >= UP_TO(vmmio_target_ops, mem_write) && ops->mem_read && ops->mem_write;
}

static bool has_wait(const struct vmmio_target_ops *ops)
{
	return ops->size >= UP_TO(vmmio_target_ops, wait) && ops->wait;
}

static int check_memory(const struct vmmio_target *target, struct vmmio_target_error *error)
{
	uint64_t base = target->memory_base, size = target->memory_size;

	if (!has_memory_ops(target->ops))
		return target_error(error, -EINVAL,
			"%s: it has memory_size but not both of mem_read and mem_write: fill them in, "
			"or set memory_size to 0",
			target->name);
	if (size < MEMORY_MIN || base % MEMORY_ALIGN || base + size < base)
		return target_error(error, -EINVAL,
			"%s: its memory is 0x%" PRIx64 "+0x%" PRIx64
			": make it at least 1 MiB, at a multiple of 4096, below 2^64",
			target->name, base, size);
	return 0;
}

static int check_target(struct vmmio_target *target, const char *kind,
	struct vmmio_target_error *error)
{
	if (target->size < TARGET_FIRST_SIZE || target->size > sizeof(*target))
		return target_error(error, -EINVAL,
			"%s: target->size is %zu, expected %zu: leave it as it arrives, and build "
			"against the vmmio/conform/target.h of this version",
			kind, target->size, sizeof(*target));
	target->size = sizeof(*target);
	if (!target->ops)
		return target_error(
			error, -EINVAL, "%s: target->ops is NULL: point it to the functions", kind);
	if (!has_required(target->ops))
		return target_error(error, -EINVAL,
			"%s: ops->read or ops->write is missing (ops->size is %zu): fill them in, and "
			"set ops->size to sizeof(struct vmmio_target_ops)",
			kind, target->ops->size);
	if (!target->name)
		target->name = kind;
	if ((target->flags & VMMIO_TARGET_VIRTUAL_TIME) && !has_wait(target->ops))
		return target_error(error, -EINVAL,
			"%s: it has VMMIO_TARGET_VIRTUAL_TIME but no wait: fill it in, or clear the flag",
			target->name);
	return target->memory_size ? check_memory(target, error) : 0;
}

/* --- Open and close ---------------------------------------------------------------------- */

/* With room behind it: a plugin that was built against a later target.h may write further. */
union roomy_target {
	struct vmmio_target target;
	char room[1024];
};

int vmmio_target_open_spec(const char *spec, const struct vmmio_target_kind *more,
	struct vmmio_target *out, struct vmmio_target_error *error)
{
	union roomy_target opened = {.room = {0}};
	const struct vmmio_target_kind *kind;
	struct vmmio_target_error dropped;
	size_t len;
	int err;

	if (!error)
		error = &dropped;
	if (!spec || !out)
		return target_error(error, -EINVAL, "no target was given: use KIND:ARGS");
	len = strcspn(spec, ":");
	kind = find_kind(spec, len, more);
	if (!kind)
		return unknown_kind(spec, len, more, error);
	opened.target.size = sizeof(opened.target);
	target_error(error, 0, "%s: it cannot be opened", kind->name);
	err = kind->open(spec[len] ? spec + len + 1 : "", &opened.target, error);
	if (err)
		return err;
	err = check_target(&opened.target, kind->name, error);
	if (err) {
		vmmio_target_close(&opened.target);
		return err;
	}
	*out = opened.target;
	error->text[0] = '\0';
	return 0;
}

void vmmio_target_close(struct vmmio_target *target)
{
	const struct vmmio_target_ops *ops = target ? target->ops : NULL;

	if (ops && ops->size >= UP_TO(vmmio_target_ops, close) && ops->close)
		ops->close(target->ctx);
	if (target)
		memset(target, 0, sizeof(*target));
}
