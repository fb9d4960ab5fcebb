/* SPDX-License-Identifier: BSD-3-Clause */
/* One trace entry as a line: names come from the register table. */
#include <errno.h>
#include <inttypes.h>
#include <vmmio/regfile.h>
#include <vmmio/trace.h>

#include "observe/text.h"

struct bit {
	uint32_t mask;
	const char *name;
};

static const struct bit status_bits[] = {
	{VMMIO_STATUS_ACKNOWLEDGE, "ACKNOWLEDGE"},
	{VMMIO_STATUS_DRIVER, "DRIVER"},
	{VMMIO_STATUS_DRIVER_OK, "DRIVER_OK"},
	{VMMIO_STATUS_FEATURES_OK, "FEATURES_OK"},
	{VMMIO_STATUS_SUSPEND, "SUSPEND"},
	{VMMIO_STATUS_NEEDS_RESET, "DEVICE_NEEDS_RESET"},
	{VMMIO_STATUS_FAILED, "FAILED"},
	{0, NULL},
};

static const struct bit interrupt_bits[] = {
	{VMMIO_INT_USED_BUFFER, "USED_BUFFER"},
	{VMMIO_INT_CONFIG_CHANGE, "CONFIG_CHANGE"},
	{0, NULL},
};

static const struct bit *bits_of(uint64_t offset)
{
	switch (offset) {
	case VMMIO_REG_STATUS:
		return status_bits;
	case VMMIO_REG_INTERRUPT_STATUS:
	case VMMIO_REG_INTERRUPT_ACK:
		return interrupt_bits;
	default:
		return NULL;
	}
}

static void add_bits(struct text *text, const struct vmmio_trace_entry *entry)
{
	const struct bit *bits = entry->value ? bits_of(entry->offset) : NULL;
	uint64_t rest = entry->value;
	const char *before = " ";

	for (; bits && bits->mask; bits++) {
		if (!(entry->value & bits->mask))
			continue;
		text_add(text, "%s%s", before, bits->name);
		before = "|";
		rest &= ~(uint64_t)bits->mask;
	}
	if (bits && rest)
		text_add(text, "%s0x%" PRIx64, before, rest);
}

static void add_name(struct text *text, uint64_t offset)
{
	const struct vmmio_reg_row *row = vmmio_reg_row(offset);

	if (offset >= VMMIO_REG_CONFIG)
		text_add(text, "Config+0x%" PRIx64, offset - VMMIO_REG_CONFIG);
	else
		text_add(text, "%s", row ? row->name : "reserved");
}

static void add_text(struct text *text, const struct vmmio_trace_entry *e)
{
	text_add(text, "%6" PRIu64 " %" PRIu64 ".%09" PRIu64 " %s 0x%03" PRIx64 " ", e->number,
		e->began / 1000000000, e->began % 1000000000, e->write ? "write" : "read ", e->offset);
	add_name(text, e->offset);
	text_add(text, " %s 0x%" PRIx64, e->write ? ":=" : "=", e->value);
	add_bits(text, e);
	if (e->size != 4)
		text_add(text, ", %" PRIu32 " byte%s", e->size, e->size == 1 ? "" : "s");
	text_add(text, ", %" PRIu64 " ns", e->took);
	if (e->result)
		text_add(text, ", refused (%" PRId32 ")", e->result);
}

/* What the guest chose is given as hexadecimal strings: a JSON reader that takes numbers for
 * doubles keeps all 64 bits. Counts and times stay below 2^53 (104 days). */
static void add_json(struct text *text, const struct vmmio_trace_entry *e)
{
	text_add(text,
		"{\"number\":%" PRIu64 ",\"order\":%" PRIu64 ",\"began\":%" PRIu64 ",\"took\":%" PRIu64
		",\"access\":\"%s\",\"register\":\"",
		e->number, e->order, e->began, e->took, e->write ? "write" : "read");
	add_name(text, e->offset);
	text_add(text,
		"\",\"offset\":\"0x%" PRIx64 "\",\"size\":%" PRIu32 ",\"value\":\"0x%" PRIx64
		"\",\"result\":%" PRId32 "}",
		e->offset, e->size, e->value, e->result);
}

int vmmio_trace_format(const struct vmmio_trace_entry *entry, enum vmmio_format format,
	char *buffer, size_t size)
{
	struct text text;

	if (!entry || (size && !buffer) ||
		(format != VMMIO_FORMAT_TEXT && format != VMMIO_FORMAT_JSON))
		return -EINVAL;
	text = text_begin(buffer, size);
	if (format == VMMIO_FORMAT_TEXT)
		add_text(&text, entry);
	else
		add_json(&text, entry);
	return text_end(&text);
}
