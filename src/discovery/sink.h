/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the writers of this part put their bytes: twice the same, first only to be counted. */
#ifndef VMMIO_DISCOVERY_SINK_H
#define VMMIO_DISCOVERY_SINK_H

#include <vmmio/discovery.h>

struct sink {
	uint8_t *out; /* NULL: counts */
	size_t used;
};

static inline void put_byte(struct sink *sink, unsigned byte)
{
	if (sink->out)
		sink->out[sink->used] = (uint8_t)byte;
	sink->used++;
}

/* n bytes of value, the lowest first. */
static inline void put_little(struct sink *sink, uint64_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put_byte(sink, (unsigned)(value >> (8 * i)) & 0xff);
}

/* Without its terminating zero. */
static inline void put_text(struct sink *sink, const char *text)
{
	while (*text)
		put_byte(sink, (unsigned char)*text++);
}

/* In decimal or lower case hexadecimal. */
static inline void put_number(struct sink *sink, uint64_t value, unsigned base)
{
	char text[20]; /* of 2^64 - 1 in decimal */
	unsigned n = 0;

	do {
		text[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n)
		put_byte(sink, (unsigned char)text[--n]);
}

static inline uint64_t window_length(const struct vmmio_window *window)
{
	return window->length ? window->length : VMMIO_WINDOW_LENGTH;
}

/* What a call was asked for. */
struct request {
	const struct vmmio_window *windows;
	size_t n;
	const struct vmmio_ssdt_options *options; /* of an SSDT */
};

struct room {
	void *out;
	size_t size;
	size_t *length;
};

/* Checks the windows and the room, lets write run, and tells the length. */
int vmmio_discovery_deliver(const struct request *request, const struct room *room,
	void (*write)(struct sink *sink, const struct request *request));

/* The Device objects. */
void vmmio_discovery_put_devices(struct sink *sink, const struct request *request);

/* PkgLength of an object whose content has so many bytes. */
void vmmio_discovery_put_package(struct sink *sink, size_t content);

#endif
