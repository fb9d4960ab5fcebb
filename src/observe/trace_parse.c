/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON lines back to trace entries. Only what a trace line may be is taken: one flat object of
 * strings, integers, true, false and null. The text is hostile: every step looks whether
 * there is a character left, none goes back.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <vmmio/trace.h>

struct scan {
	const char *at;
	const char *end;
};

/* One value: a string's characters between its quotes, anything else as it stands. */
struct value {
	const char *at;
	size_t length;
	bool string;
};

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

static bool take(struct scan *scan, char c)
{
	skip_space(scan);
	if (scan->at >= scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

/* An escape is skipped, not decoded: no key or value of ours has one. */
static bool take_string(struct scan *scan, struct value *value)
{
	if (!take(scan, '"'))
		return false;
	*value = (struct value){.at = scan->at, .string = true};
	while (scan->at < scan->end && *scan->at != '"') {
		if ((unsigned char)*scan->at < 0x20)
			return false;
		scan->at += *scan->at == '\\' && scan->end - scan->at > 1 ? 2 : 1;
	}
	if (scan->at >= scan->end)
		return false;
	value->length = (size_t)(scan->at++ - value->at);
	return true;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
		c == '+' || c == '.';
}

static bool take_value(struct scan *scan, struct value *value)
{
	skip_space(scan);
	if (scan->at < scan->end && *scan->at == '"')
		return take_string(scan, value);
	*value = (struct value){.at = scan->at};
	while (scan->at < scan->end && is_word(*scan->at))
		scan->at++;
	value->length = (size_t)(scan->at - value->at);
	return value->length > 0;
}

static bool is(const struct value *value, const char *text)
{
	return value->length == strlen(text) && !memcmp(value->at, text, value->length);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : INT_MAX;
}

/* Decimal as a number, hexadecimal with 0x as a string. */
static bool to_number(const struct value *value, uint64_t *out)
{
	const unsigned base = value->string ? 16 : 10;
	size_t i = value->string ? 2 : 0;
	uint64_t number = 0;

	if (value->string && (value->length < 2 || memcmp(value->at, "0x", 2)))
		return false;
	if (i == value->length)
		return false;
	for (; i < value->length; i++) {
		int d = digit(value->at[i]);

		if (d >= (int)base || number > (UINT64_MAX - (unsigned)d) / base)
			return false;
		number = number * base + (unsigned)d;
	}
	*out = number;
	return true;
}

static bool to_small(const struct value *value, uint32_t *out)
{
	uint64_t number;

	if (!to_number(value, &number) || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* 0 or a negative errno. */
static bool to_result(struct value value, int32_t *out)
{
	bool minus = value.length && value.at[0] == '-';
	uint64_t number;

	value.at += minus;
	value.length -= minus;
	if (value.string || !to_number(&value, &number) || number > INT32_MAX || (number && !minus))
		return false;
	*out = -(int32_t)number;
	return true;
}

static bool to_access(const struct value *value, bool *write)
{
	*write = is(value, "write");
	return value->string && (*write || is(value, "read"));
}

enum key { KEY_NUMBER, KEY_ORDER, KEY_BEGAN, KEY_TOOK, KEY_ACCESS, KEY_OFFSET, KEY_SIZE, KEY_VALUE,
	KEY_RESULT, KEY_OTHER };

static const char *const keys[] = {
	[KEY_NUMBER] = "number", [KEY_ORDER] = "order", [KEY_BEGAN] = "began", [KEY_TOOK] = "took",
	[KEY_ACCESS] = "access", [KEY_OFFSET] = "offset", [KEY_SIZE] = "size", [KEY_VALUE] = "value",
	[KEY_RESULT] = "result",
};

#define REQUIRED (1u << KEY_ACCESS | 1u << KEY_OFFSET | 1u << KEY_SIZE | 1u << KEY_VALUE)

static enum key key_of(const struct value *name)
{
	unsigned key = 0;

	while (key < KEY_OTHER && !is(name, keys[key]))
		key++;
	return (enum key)key;
}

static bool assign(struct vmmio_trace_entry *entry, enum key key, const struct value *value)
{
	switch (key) {
	case KEY_NUMBER:
		return to_number(value, &entry->number);
	case KEY_ORDER:
		return to_number(value, &entry->order);
	case KEY_BEGAN:
		return to_number(value, &entry->began);
	case KEY_TOOK:
		return to_number(value, &entry->took);
	case KEY_ACCESS:
		return to_access(value, &entry->write);
	case KEY_OFFSET:
		return to_number(value, &entry->offset);
	case KEY_SIZE:
		return to_small(value, &entry->size);
	case KEY_VALUE:
		return to_number(value, &entry->value);
	case KEY_RESULT:
		return to_result(*value, &entry->result);
	case KEY_OTHER:
		break;
	}
	return true;
}

/* "name": value, at most once each. */
static bool take_member(struct scan *scan, struct vmmio_trace_entry *entry, unsigned *seen)
{
	struct value name, value;
	enum key key;

	if (!take_string(scan, &name) || !take(scan, ':') || !take_value(scan, &value))
		return false;
	key = key_of(&name);
	if (key != KEY_OTHER && (*seen & 1u << key))
		return false;
	*seen |= 1u << key;
	return assign(entry, key, &value);
}

static bool parse_line(struct scan scan, struct vmmio_trace_entry *entry)
{
	unsigned seen = 0;

	*entry = (struct vmmio_trace_entry){0};
	if (scan.end - scan.at >= (ptrdiff_t)VMMIO_TRACE_LINE || !take(&scan, '{'))
		return false;
	do {
		if (!take_member(&scan, entry, &seen))
			return false;
	} while (take(&scan, ','));
	if (!take(&scan, '}'))
		return false;
	skip_space(&scan);
	return scan.at == scan.end && (seen & REQUIRED) == REQUIRED;
}

int vmmio_trace_parse(const char *text, size_t length, struct vmmio_trace_entry *entries,
	size_t max, size_t *n, size_t *line)
{
	size_t found = 0, number = 0, at = 0;

	if (!n || (length && !text) || (max && !entries))
		return -EINVAL;
	while (at < length) {
		const char *newline = memchr(text + at, '\n', length - at);
		struct scan scan = {text + at, newline ? newline : text + length};
		int error = 0;

		at = (size_t)(scan.end - text) + 1;
		number++;
		skip_space(&scan);
		if (scan.at == scan.end)
			continue;
		if (found == max)
			error = -ENOSPC;
		else if (!parse_line(scan, &entries[found++]))
			error = -EINVAL;
		if (error) {
			if (line)
				*line = number;
			return error;
		}
	}
	*n = found;
	return 0;
}
