/* SPDX-License-Identifier: BSD-3-Clause */
/* What makes a list of windows a good one, and how its description gets into a buffer. */
#include <vmmio/spec.h>

#include "discovery/sink.h"

/* Linux reads a base as a signed number; no machine has addresses that high. */
#define END_MAX (UINT64_C(1) << 63)

static const char *problem_of_place(const struct vmmio_window *w)
{
	const uint64_t length = window_length(w);

	if (w->base % 4)
		return "base is not a multiple of 4";
	if (length % 4)
		return "length is not a multiple of 4";
	if (length < VMMIO_REG_CONFIG)
		return "length is below 0x100: the registers do not fit";
	if (length > END_MAX || w->base > END_MAX - length)
		return "base + length is beyond 2^63: no guest has such an address";
	return NULL;
}

static const char *problem_of_one(const struct vmmio_window *w)
{
	const char *why = problem_of_place(w);

	if (why)
		return why;
	if (!w->irq)
		return "irq is 0: a window needs a GSI, and no guest takes 0 for one";
	if (w->id >= VMMIO_WINDOWS_MAX)
		return "id is above 255: it has to fit into a name, VM00 to VMFF";
	if (w->flags & ~(uint32_t)(VMMIO_WINDOW_EDGE | VMMIO_WINDOW_SHARED))
		return "flags has a bit that is none of enum vmmio_window_flags";
	if ((w->flags & VMMIO_WINDOW_EDGE) && (w->flags & VMMIO_WINDOW_SHARED))
		return "EDGE and SHARED: of two edges one may be lost, share a level";
	return NULL;
}

static const char *problem_of_two(const struct vmmio_window *a, const struct vmmio_window *b)
{
	if (a->id == b->id)
		return "id is that of an earlier window";
	if (a->irq == b->irq && !(a->flags & b->flags & VMMIO_WINDOW_SHARED))
		return "irq is that of an earlier window, and they are not both SHARED";
	if (a->base < b->base + window_length(b) && b->base < a->base + window_length(a))
		return "overlaps an earlier window";
	return NULL;
}

/* Of the window at i, alone and with those before it, which are good. */
static const char *problem_at(const struct vmmio_window *windows, size_t i)
{
	const char *why = problem_of_one(&windows[i]);

	for (size_t k = 0; k < i && !why; k++)
		why = problem_of_two(&windows[k], &windows[i]);
	return why;
}

const char *vmmio_discovery_problem(const struct vmmio_window *windows, size_t n, size_t *at)
{
	const char *why = NULL;
	size_t i = n;

	if (n > VMMIO_WINDOWS_MAX)
		why = "more than 256 windows: ids are below that, and unique";
	else if (n && !windows)
		why = "windows is NULL";
	for (size_t k = 0; k < n && !why; k++) {
		why = problem_at(windows, k);
		i = k;
	}
	if (why && at)
		*at = i;
	return why;
}

int vmmio_discovery_deliver(const struct request *request, const struct room *room,
	void (*write)(struct sink *sink, const struct request *request))
{
	struct sink sink = {0};

	if ((!room->out && !room->length) ||
		vmmio_discovery_problem(request->windows, request->n, NULL))
		return -VMMIO_EINVAL;
	write(&sink, request);
	if (room->out) {
		if (sink.used > room->size)
			return -VMMIO_ENOSPC;
		sink = (struct sink){.out = room->out};
		write(&sink, request);
	}
	if (room->length)
		*room->length = sink.used;
	return 0;
}
