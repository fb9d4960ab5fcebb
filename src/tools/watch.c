/* SPDX-License-Identifier: BSD-3-Clause */
/* A target whose accesses are written down before they are made. */
#include "tools/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <vmmio/spec.h>

#include "conform/engine.h"

/* The target's own functions; they get the target's own ctx. */
static struct {
	struct watch *watch;
	struct vmmio_target_ops inner, outer;
} watched;

struct watch *watch_create(void)
{
	void *memory = mmap(NULL, sizeof(struct watch), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void watch_free(struct watch *watch)
{
	if (watch)
		munmap(watch, sizeof(*watch));
}

void watch_clear(struct watch *watch)
{
	watch->inside = false;
	watch->n = 0;
}

/* --- The watched functions -------------------------------------------------------------- */

static void beat(void)
{
	atomic_fetch_add(&watched.watch->beats, 1);
}

static struct watch_access *keep(struct watch *watch, const struct watch_access *access)
{
	struct watch_access *kept = &watch->ring[watch->n++ % WATCH_KEPT];

	*kept = *access;
	watch->inside = true;
	atomic_fetch_add(&watch->beats, 1);
	return kept;
}

void watch_access(struct watch *watch, const struct watch_access *access)
{
	keep(watch, access);
	watch->inside = false;
}

static struct watch_access *enter(bool write, uint64_t offset, unsigned width, uint64_t value)
{
	return keep(watched.watch, &(struct watch_access){write, (uint8_t)width, offset, value});
}

static void leave(void)
{
	watched.watch->inside = false;
	beat();
}

static int watched_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	struct watch_access *access = enter(false, offset, width, 0);
	int error = watched.inner.read(ctx, offset, width, value);

	access->value = error ? UINT64_MAX : *value;
	leave();
	if (!error && offset == VMMIO_REG_VERSION && width == 4 && !watched.watch->version)
		watched.watch->version = (uint32_t)*value;
	return error;
}

static int watched_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	int error;

	enter(true, offset, width, value);
	error = watched.inner.write(ctx, offset, width, value);
	leave();
	return error;
}

static int watched_wait(void *ctx, uint64_t ns)
{
	int error;

	beat();
	error = watched.inner.wait(ctx, ns);
	beat();
	return error;
}

static int watched_restart(void *ctx)
{
	int error;

	beat();
	error = watched.inner.restart(ctx);
	beat();
	return error;
}

struct vmmio_target watch_target(struct watch *watch, const struct vmmio_target *target)
{
	size_t size = target->ops->size;
	struct vmmio_target outer = *target;

	if (size > sizeof(watched.inner))
		size = sizeof(watched.inner);
	watched.watch = watch;
	memset(&watched.inner, 0, sizeof(watched.inner));
	memcpy(&watched.inner, target->ops, size);
	watched.outer = watched.inner;
	watched.outer.size = sizeof(watched.outer);
	watched.outer.read = watched_read;
	watched.outer.write = watched_write;
	if (watched.inner.wait)
		watched.outer.wait = watched_wait;
	if (watched.inner.restart)
		watched.outer.restart = watched_restart;
	outer.ops = &watched.outer;
	return outer;
}

/* --- What it was doing ------------------------------------------------------------------- */

static size_t write_line(
	const struct watch_access *access, bool unanswered, char *text, size_t size)
{
	char name[32], value[24], width[24] = "";

	engine_register_name(access->offset, name, sizeof(name));
	snprintf(value, sizeof(value), "0x%" PRIx64, access->value);
	if (access->width != 4)
		snprintf(width, sizeof(width), " (%u bytes)", access->width);
	return (size_t)snprintf(text, size, "%s %s %s%s%s", name, access->write ? ":=" : "=",
		unanswered && !access->write ? "?" : value, width,
		unanswered ? " (no answer)" : "");
}

void watch_accesses(const struct watch *watch, char *text, size_t size)
{
	uint64_t first = watch->n > WATCH_KEPT ? watch->n - WATCH_KEPT : 0;
	size_t used = 0;

	text[0] = '\0';
	for (uint64_t i = first; i < watch->n && used + 1 < size; i++) {
		if (used)
			text[used++] = '\n';
		used += write_line(&watch->ring[i % WATCH_KEPT], watch->inside && i + 1 == watch->n,
			text + used, size - used);
	}
}
