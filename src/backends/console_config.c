/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the console offers: options, features, config space, the terminal's size.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/console.h"

void vmmio_console_log(
	const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!log->fn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	log->fn(log->ctx, level, line);
}

static int wrong(
	const struct vmmio_console_options *o, const char *name, long value, const char *remedy)
{
	vmmio_console_log(
		&o->log, VMMIO_LOG_ERROR, "console backend: %s is %ld: %s", name, value, remedy);
	return -EINVAL;
}

int vmmio_console_check_options(const struct vmmio_console_options *o)
{
	if (o->size && o->size < sizeof(*o))
		return -EINVAL; /* too small to have a log */
	if (!o->size)
		return wrong(o, "size", 0, "set it to sizeof(struct vmmio_console_options)");
	if (o->in < -1)
		return wrong(o, "in", o->in, "an open descriptor, or -1 for no input");
	if (o->out < -1)
		return wrong(o, "out", o->out, "an open descriptor, or -1 for no output");
	if (!o->io && (o->in || o->out || o->pty))
		return wrong(o, "io", 0, "create an I/O engine with vmmio_io_create");
	if (!o->cols != !o->rows)
		return wrong(o, o->cols ? "rows" : "cols", 0, "set both, or neither");
	if (o->queue_size > VMMIO_QUEUE_SIZE_LIMIT)
		return wrong(o, "queue_size", o->queue_size, "at most 32768");
	if (o->buffer_size > CONSOLE_BUFFER_MAX)
		return wrong(o, "buffer_size", o->buffer_size, "at most 1 MiB");
	return 0;
}

static uint64_t features(const struct vmmio_console_options *o)
{
	uint64_t f = VMMIO_TRANSPORT_FEATURES_0;

	f &= ~(VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM));
	if (o->cols)
		f |= VMMIO_FEATURE(VMMIO_CONSOLE_F_SIZE);
	if (o->emergency)
		f |= VMMIO_FEATURE(VMMIO_CONSOLE_F_EMERG_WRITE);
	return f & ~o->features_off[0];
}

/* As config space has them: little endian, cols first. */
static void put_size(uint8_t bytes[4], uint32_t terminal)
{
	uint16_t cols = vmmio_le16((uint16_t)terminal),
		 rows = vmmio_le16((uint16_t)(terminal >> 16));

	memcpy(bytes + VMMIO_CONSOLE_CFG_COLS, &cols, sizeof(cols));
	memcpy(bytes + VMMIO_CONSOLE_CFG_ROWS, &rows, sizeof(rows));
}

static bool offers(const struct vmmio_console *c, unsigned bit)
{
	return c->backend.features[0] & VMMIO_FEATURE(bit);
}

void vmmio_console_init_config(struct vmmio_console *c, const struct vmmio_console_options *o)
{
	uint32_t terminal = (uint32_t)o->rows << 16 | o->cols;

	c->backend.features[0] = features(o);
	atomic_init(&c->terminal, terminal);
	put_size(c->config, terminal);
	if (offers(c, VMMIO_CONSOLE_F_EMERG_WRITE)) {
		c->backend.config_urgent_offset = VMMIO_CONSOLE_CFG_EMERG_WR;
		c->backend.config_urgent_size = 4;
	}
}

/* cols and rows mean nothing to a driver that did not accept F_SIZE: they stand still for it. */
int vmmio_console_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	struct vmmio_console *c = ctx;

	atomic_store(&c->terminal_hidden, !(accepted[0] & VMMIO_FEATURE(VMMIO_CONSOLE_F_SIZE)));
	return 0;
}

/* Two threads may be here, with a size each: who was overtaken looks again. */
void vmmio_console_show_size(struct vmmio_console *c)
{
	uint32_t terminal;
	uint8_t bytes[4];

	do {
		terminal = atomic_load(&c->terminal);
		put_size(bytes, terminal);
		(void)vmmio_device_config_change(
			c->device, VMMIO_CONSOLE_CFG_COLS, bytes, sizeof(bytes));
	} while (atomic_load(&c->terminal) != terminal);
}

int vmmio_console_resize(struct vmmio_console *c, uint16_t cols, uint16_t rows)
{
	if (!c)
		return -EINVAL;
	if (!offers(c, VMMIO_CONSOLE_F_SIZE)) {
		vmmio_console_log(&c->log, VMMIO_LOG_ERROR,
			"%s: it has no size, so it cannot be resized: set cols and rows in the "
			"options",
			c->name);
		return -ENOTSUP;
	}
	if (!cols || !rows) {
		vmmio_console_log(&c->log, VMMIO_LOG_ERROR,
			"%s: a terminal of %u columns and %u rows: neither may be 0", c->name, cols,
			rows);
		return -EINVAL;
	}
	pthread_mutex_lock(&c->device_lock);
	atomic_store(&c->terminal, (uint32_t)rows << 16 | cols);
	if (c->device && !atomic_load(&c->terminal_hidden))
		vmmio_console_show_size(c);
	pthread_mutex_unlock(&c->device_lock);
	return 0;
}
