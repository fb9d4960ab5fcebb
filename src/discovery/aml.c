/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows as ACPI Device objects. ACPI 6.5: encoding of AML 20.2, of resources 6.4. */
#include "discovery/sink.h"

enum {
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_STRING = 0x0d,
	AML_BUFFER = 0x11,
	AML_EXTENDED = 0x5b,
	AML_DEVICE = 0x82, /* behind AML_EXTENDED */

	RES_END = 0x79,
	RES_MEMORY32_FIXED = 0x86,
	RES_INTERRUPT = 0x89,
	RES_QWORD = 0x8a,

	RES_CONSUMER = 0x01, /* of an interrupt, and of an address space */
	RES_MIN_FIXED = 0x04,
	RES_MAX_FIXED = 0x08,
	RES_WRITABLE = 0x01, /* and not cacheable */
	RES_IRQ_EDGE = 0x02, /* bit 2 clear: active high */
	RES_IRQ_SHARED = 0x08,
};

/* One byte up to 63; else the low 4 bits beside the number of bytes that follow. The length
 * counts its own bytes. */
void vmmio_discovery_put_package(struct sink *sink, size_t content)
{
	unsigned more = 0;
	size_t length;

	if (content + 1 < 0x40) {
		put_byte(sink, (unsigned)content + 1);
		return;
	}
	do {
		more++;
		length = content + 1 + more;
	} while (length >> (4 + 8 * more));
	put_byte(sink, more << 6 | (unsigned)(length & 0xf));
	put_little(sink, length >> 4, more);
}

static void put_integer(struct sink *sink, unsigned value)
{
	if (value > AML_ONE)
		put_byte(sink, AML_BYTE);
	put_byte(sink, value);
}

static void put_name(struct sink *sink, const char *name)
{
	put_byte(sink, AML_NAME);
	put_text(sink, name);
}

static void put_memory32(struct sink *sink, const struct vmmio_window *w)
{
	put_byte(sink, RES_MEMORY32_FIXED);
	put_little(sink, 9, 2);
	put_byte(sink, RES_WRITABLE);
	put_little(sink, w->base, 4);
	put_little(sink, window_length(w), 4);
}

static void put_qword_memory(struct sink *sink, const struct vmmio_window *w)
{
	put_byte(sink, RES_QWORD);
	put_little(sink, 43, 2);
	put_byte(sink, 0); /* memory */
	put_byte(sink, RES_CONSUMER | RES_MIN_FIXED | RES_MAX_FIXED);
	put_byte(sink, RES_WRITABLE);
	put_little(sink, 0, 8); /* granularity */
	put_little(sink, w->base, 8);
	put_little(sink, w->base + window_length(w) - 1, 8);
	put_little(sink, 0, 8); /* translation */
	put_little(sink, window_length(w), 8);
}

static void put_interrupt(struct sink *sink, const struct vmmio_window *w)
{
	put_byte(sink, RES_INTERRUPT);
	put_little(sink, 6, 2);
	put_byte(sink, RES_CONSUMER | (w->flags & VMMIO_WINDOW_EDGE ? RES_IRQ_EDGE : 0) |
			(w->flags & VMMIO_WINDOW_SHARED ? RES_IRQ_SHARED : 0));
	put_byte(sink, 1); /* how many */
	put_little(sink, w->irq, 4);
}

static void put_resources(struct sink *sink, const struct vmmio_window *w)
{
	if (w->base + window_length(w) <= UINT32_MAX)
		put_memory32(sink, w);
	else
		put_qword_memory(sink, w);
	put_interrupt(sink, w);
	put_byte(sink, RES_END);
	put_byte(sink, 0); /* a checksum of 0 is taken for right */
}

static void put_crs(struct sink *sink, const struct vmmio_window *w)
{
	struct sink count = {0};

	put_resources(&count, w);
	put_name(sink, "_CRS");
	put_byte(sink, AML_BUFFER);
	vmmio_discovery_put_package(sink, 2 + count.used); /* its size, as an integer, is inside */
	put_integer(sink, (unsigned)count.used);
	put_resources(sink, w);
}

static void put_content(struct sink *sink, const struct vmmio_window *w)
{
	static const char digits[] = "0123456789ABCDEF";

	put_text(sink, "VM");
	put_byte(sink, (unsigned char)digits[w->id / 16]);
	put_byte(sink, (unsigned char)digits[w->id % 16]);
	put_name(sink, "_HID");
	put_byte(sink, AML_STRING);
	put_text(sink, "LNRO0005");
	put_byte(sink, 0);
	put_name(sink, "_UID");
	put_integer(sink, w->id);
	put_name(sink, "_CCA");
	put_integer(sink, 1);
	put_crs(sink, w);
}

static void put_device(struct sink *sink, const struct vmmio_window *w)
{
	struct sink count = {0};

	put_content(&count, w);
	put_byte(sink, AML_EXTENDED);
	put_byte(sink, AML_DEVICE);
	vmmio_discovery_put_package(sink, count.used);
	put_content(sink, w);
}

void vmmio_discovery_put_devices(struct sink *sink, const struct request *request)
{
	for (size_t i = 0; i < request->n; i++)
		put_device(sink, &request->windows[i]);
}

int vmmio_discovery_aml(
	const struct vmmio_window *windows, size_t n, void *out, size_t size, size_t *length)
{
	const struct request request = {.windows = windows, .n = n};

	return vmmio_discovery_deliver(
		&request, &(struct room){out, size, length}, vmmio_discovery_put_devices);
}
