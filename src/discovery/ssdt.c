/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows as an ACPI table of their own. ACPI 6.5: header 5.2.6, SSDT 5.2.11.2. */
#include "discovery/sink.h"

enum {
	HEADER_SIZE = 36,
	HEADER_CHECKSUM = 9, /* offset */
	REVISION = 2,
	OEM_ID = 6,
	OEM_TABLE_ID = 8,
	AML_SCOPE = 0x10,
};

static const char *or_default(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static bool fits(const char *text, size_t max)
{
	for (size_t i = 0; i <= max; i++)
		if (!text[i])
			return true;
	return false;
}

/* Filled up with blanks, as these ids are. */
static void put_id(struct sink *sink, const char *text, size_t width)
{
	for (size_t i = 0; i < width; i++)
		put_byte(sink, *text ? (unsigned char)*text++ : ' ');
}

static void put_header(struct sink *sink, const struct vmmio_ssdt_options *o, size_t content)
{
	put_text(sink, "SSDT");
	put_little(sink, HEADER_SIZE + content, 4);
	put_byte(sink, REVISION);
	put_byte(sink, 0); /* the checksum comes when all is there */
	put_id(sink, or_default(o->oem_id, "VMMIO"), OEM_ID);
	put_id(sink, or_default(o->oem_table_id, "VIRTMMIO"), OEM_TABLE_ID);
	put_little(sink, o->oem_revision, 4);
	put_text(sink, "VMIO"); /* who made it, and which one */
	put_little(sink, VMMIO_VERSION, 4);
}

static void put_scope_content(struct sink *sink, const struct request *request)
{
	put_text(sink, "\\_SB_");
	vmmio_discovery_put_devices(sink, request);
}

static void put_scope(struct sink *sink, const struct request *request)
{
	struct sink count = {0};

	put_scope_content(&count, request);
	put_byte(sink, AML_SCOPE);
	vmmio_discovery_put_package(sink, count.used);
	put_scope_content(sink, request);
}

static void put_table(struct sink *sink, const struct request *request)
{
	struct sink count = {0};
	unsigned sum = 0;

	put_scope(&count, request);
	put_header(sink, request->options, count.used);
	put_scope(sink, request);
	if (!sink->out)
		return;
	for (size_t i = 0; i < sink->used; i++)
		sum += sink->out[i];
	sink->out[HEADER_CHECKSUM] = (uint8_t)-sum;
}

int vmmio_discovery_ssdt(
	const struct vmmio_ssdt_options *options, void *out, size_t size, size_t *length)
{
	struct request request = {.options = options};

	if (!options || options->size < sizeof(*options) ||
		!fits(or_default(options->oem_id, ""), OEM_ID) ||
		!fits(or_default(options->oem_table_id, ""), OEM_TABLE_ID))
		return -VMMIO_EINVAL;
	request.windows = options->windows;
	request.n = options->n_windows;
	return vmmio_discovery_deliver(&request, &(struct room){out, size, length}, put_table);
}
