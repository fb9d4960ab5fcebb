/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The qtest protocol: a command on a line, an answer "OK ..." or "FAIL ..." on a line, and before
 * any answer lines "IRQ raise N" and "IRQ lower N".
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vmmio/spec.h>

#define COMMAND_SIZE (2 * QTEST_CHUNK + 64)

static int fail(struct qtest *q, int err)
{
	if (err && !q->broken)
		q->broken = err;
	return err;
}

/* Takes an IRQ line; false: it is something else. */
static bool take_irq(struct qtest *q, const char *line)
{
	bool raise = strncmp(line, "IRQ raise ", 10) == 0;
	uint64_t n;

	if (!raise && strncmp(line, "IRQ lower ", 10) != 0)
		return false;
	if (arg_number(line + 10, &n) && n == q->options.irq)
		q->level = raise;
	return true;
}

static int take_answer(struct qtest *q, const char **answer)
{
	uint64_t deadline = qtest_now() + q->lines.timeout;
	const char *line;

	do {
		int err = qtest_lines_next(&q->lines, false, &line);

		if (err)
			return fail(q, err);
		if (qtest_now() >= deadline)
			return fail(q, -ETIMEDOUT);
	} while (take_irq(q, line));
	if (strncmp(line, "FAIL", 4) == 0 || strncmp(line, "ERR", 3) == 0)
		return -EREMOTEIO;
	if (strncmp(line, "OK", 2) != 0 || (line[2] && line[2] != ' '))
		return fail(q, -EPROTO);
	if (answer)
		*answer = line + 2 + strspn(line + 2, " ");
	return 0;
}

/* The command as text. */
static int exchange(struct qtest *q, const char **answer, const char *command, size_t size)
{
	int err;

	if (q->broken)
		return q->broken;
	err = qtest_lines_send(&q->lines, command, size);
	return err ? fail(q, err) : take_answer(q, answer);
}

int qtest_do(struct qtest *q, const char **answer, const char *format, ...)
{
	char command[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command) - 1, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(command) - 1)
		return -EINVAL;
	command[n++] = '\n';
	return exchange(q, answer, command, (size_t)n);
}

/* --- One access ---------------------------------------------------------------------- */

static char width_letter(unsigned width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : width == 4 ? 'l' : 'q';
}

static bool is_access(uint64_t address, uint64_t width)
{
	return (width == 1 || width == 2 || width == 4 || width == 8) && address % width == 0;
}

static int load(struct qtest *q, uint64_t address, unsigned width, uint64_t *value)
{
	const char *answer;
	int err = qtest_do(q, &answer, "read%c 0x%" PRIx64, width_letter(width), address);

	if (err)
		return fail(q, err);
	return arg_number(answer, value) ? 0 : fail(q, -EPROTO);
}

static int store(struct qtest *q, uint64_t address, unsigned width, uint64_t value)
{
	return fail(q, qtest_do(q, NULL, "write%c 0x%" PRIx64 " 0x%" PRIx64, width_letter(width),
		address, value));
}

int qtest_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	struct qtest *q = ctx;

	return load(q, q->options.base + offset, width, value);
}

int qtest_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct qtest *q = ctx;

	return store(q, q->options.base + offset, width, value);
}

/* --- Guest memory -------------------------------------------------------------------- */

static bool is_inside(const struct qtest *q, uint64_t guest, size_t size)
{
	uint64_t offset = guest - q->options.ram.base;

	return offset <= q->options.ram.size && size <= q->options.ram.size - offset;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int from_hex(const char *text, uint8_t *data, size_t size)
{
	if (strncmp(text, "0x", 2) != 0 || strlen(text) != 2 + 2 * size)
		return -EPROTO;
	text += 2;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EPROTO;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/* Much of what is written is zeroes, or poison: one command, whatever its size. */
static bool is_uniform(const uint8_t *data, size_t size)
{
	return size > 0 && memcmp(data, data + 1, size - 1) == 0;
}

static int write_uniform(struct qtest *q, uint64_t guest, uint8_t byte, size_t size)
{
	return fail(q, qtest_do(q, NULL, "memset 0x%" PRIx64 " 0x%zx 0x%x", guest, size, byte));
}

static int read_chunk(struct qtest *q, uint64_t guest, uint8_t *data, size_t size)
{
	const char *answer;
	int err = qtest_do(q, &answer, "read 0x%" PRIx64 " 0x%zx", guest, size);

	return fail(q, err ? err : from_hex(answer, data, size));
}

static int write_chunk(struct qtest *q, uint64_t guest, const uint8_t *data, size_t size)
{
	char command[COMMAND_SIZE];
	int n = snprintf(command, sizeof(command), "write 0x%" PRIx64 " 0x%zx 0x", guest, size);

	for (size_t i = 0; i < size; i++) {
		command[n++] = "0123456789abcdef"[data[i] >> 4];
		command[n++] = "0123456789abcdef"[data[i] & 15];
	}
	command[n++] = '\n';
	return fail(q, exchange(q, NULL, command, (size_t)n));
}

int qtest_mem_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct qtest *q = ctx;
	uint8_t *at = data;

	if (!is_inside(q, guest, size))
		return -EFAULT;
	if (is_access(guest, size)) {
		uint64_t value = 0;
		int err = load(q, guest, (unsigned)size, &value);

		value = vmmio_le64(value);
		memcpy(data, &value, size);
		return err;
	}
	while (size > 0) {
		size_t n = size < QTEST_CHUNK ? size : QTEST_CHUNK;
		int err = read_chunk(q, guest, at, n);

		if (err)
			return err;
		guest += n, at += n, size -= n;
	}
	return 0;
}

int qtest_mem_write(void *ctx, uint64_t guest, const void *data, size_t size)
{
	struct qtest *q = ctx;
	const uint8_t *at = data;

	if (!is_inside(q, guest, size))
		return -EFAULT;
	if (is_access(guest, size)) {
		uint64_t value = 0;

		memcpy(&value, data, size);
		return store(q, guest, (unsigned)size, vmmio_le64(value));
	}
	if (is_uniform(at, size))
		return write_uniform(q, guest, *at, size);
	while (size > 0) {
		size_t n = size < QTEST_CHUNK ? size : QTEST_CHUNK;
		int err = write_chunk(q, guest, at, n);

		if (err)
			return err;
		guest += n, at += n, size -= n;
	}
	return 0;
}

/* --- Line and time ------------------------------------------------------------------- */

/* The machine says that the line has changed before it answers what made it change, so all
 * that there is to know has arrived. */
int qtest_line(void *ctx)
{
	struct qtest *q = ctx;
	const char *line;
	int err = q->broken;

	if (q->options.irq == UINT64_MAX)
		return -ENOTSUP;
	while (!err) {
		err = qtest_lines_next(&q->lines, true, &line);
		if (!err && !take_irq(q, line))
			err = -EPROTO;
	}
	return err == -EAGAIN ? q->level : fail(q, err);
}

/* Real time has to pass in any case: there are threads that do I/O. */
int qtest_wait(void *ctx, uint64_t ns)
{
	struct qtest *q = ctx;
	struct timespec left = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	if (q->broken)
		return q->broken;
	if (q->has_clock) {
		int err = fail(q, qtest_do(q, NULL, "clock_step %" PRIu64, ns));

		if (err)
			return err;
	}
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	return 0;
}
