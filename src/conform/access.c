/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers, line, time and hooks, as checks see them: what does not answer ends the check. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "conform/engine.h"

static void remember(struct conform *c, struct access access)
{
	c->accesses[c->n_accesses++ % ACCESSES_KEPT] = access;
}

uint64_t rd_width(struct conform *c, uint64_t offset, unsigned width)
{
	uint64_t value = 0;
	int error = c->ops.read(c->target->ctx, offset, width, &value);

	if (error) {
		remember(c, (struct access){false, (uint8_t)width, offset, UINT64_MAX});
		engine_gone(c, error, "a register read");
	}
	remember(c, (struct access){false, (uint8_t)width, offset, value});
	return value;
}

void wr_width(struct conform *c, uint64_t offset, unsigned width, uint64_t value)
{
	int error;

	remember(c, (struct access){true, (uint8_t)width, offset, value});
	error = c->ops.write(c->target->ctx, offset, width, value);
	if (error)
		engine_gone(c, error, "a register write");
}

uint32_t rd(struct conform *c, uint32_t offset)
{
	return (uint32_t)rd_width(c, offset, 4);
}

void wr(struct conform *c, uint32_t offset, uint32_t value)
{
	wr_width(c, offset, 4, value);
}

uint64_t config_read(struct conform *c, uint32_t offset, unsigned size)
{
	uint64_t at = VMMIO_REG_CONFIG + (uint64_t)offset;
	uint64_t low;

	if (size < 8)
		return rd_width(c, at, size);
	low = (uint32_t)rd_width(c, at, 4);
	return low | rd_width(c, at + 4, 4) << 32;
}

/* --- Line, time ----------------------------------------------------------------------- */

bool has_line(const struct conform *c)
{
	return can(c, NEEDS_LINE);
}

bool line(struct conform *c)
{
	int level = has_line(c) ? c->ops.line(c->target->ctx) : 0;

	engine_answer(c, level < 0 ? level : 0, NEEDS_LINE, "show the interrupt line");
	return level > 0;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec left = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

void pass_time(struct conform *c, uint64_t ns)
{
	int error = c->ops.wait ? c->ops.wait(c->target->ctx, ns) : -ENOTSUP;

	if (error == -ENOTSUP)
		sleep_ns(ns);
	else if (error)
		engine_gone(c, error, "waiting");
}

uint64_t now(struct conform *c)
{
	struct timespec time;

	if (c->ops.now)
		return c->ops.now(c->target->ctx);
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t patience(const struct conform *c)
{
	return c->options.patience;
}

static bool virtual_time(const struct conform *c)
{
	return c->target->flags & VMMIO_TARGET_VIRTUAL_TIME;
}

void settle(struct conform *c)
{
	pass_time(c, virtual_time(c) ? 200000000 : 20000000);
}

/* Both the clock and what was waited count: a clock that stands still ends it, too. */
bool wait_until(struct conform *c, bool (*holds)(struct conform *c, void *arg), void *arg, uint64_t ns)
{
	uint64_t step = 20000, longest = virtual_time(c) ? 1000000 : 2000000;
	uint64_t begin = now(c), waited = 0;

	while (!holds(c, arg)) {
		if (now(c) - begin >= ns || waited >= ns)
			return false;
		pass_time(c, step);
		waited += step;
		step = step * 2 < longest ? step * 2 : longest;
	}
	return true;
}

static bool status_is_zero(struct conform *c, void *arg)
{
	(void)arg;
	return rd(c, VMMIO_REG_STATUS) == 0;
}

bool wait_reset(struct conform *c)
{
	return wait_until(c, status_is_zero, NULL, patience(c));
}

static bool interrupt_pending(struct conform *c, void *arg)
{
	uint32_t *seen = arg;

	*seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	return *seen != 0;
}

uint32_t wait_event(struct conform *c)
{
	uint32_t seen;

	wait_until(c, interrupt_pending, &seen, patience(c));
	return seen;
}

bool wait_until_any_interrupt(struct conform *c)
{
	return wait_event(c) != 0;
}

static bool interrupt_has(struct conform *c, void *arg)
{
	uint32_t bits = *(uint32_t *)arg;

	return (rd(c, VMMIO_REG_INTERRUPT_STATUS) & bits) == bits;
}

bool wait_interrupt(struct conform *c, uint32_t bits)
{
	return wait_until(c, interrupt_has, &bits, patience(c));
}

static bool line_is(struct conform *c, void *arg)
{
	return line(c) == *(bool *)arg;
}

bool wait_line(struct conform *c, bool high)
{
	return wait_until(c, line_is, &high, patience(c));
}

/* --- Hooks ------------------------------------------------------------------------------ */

/* What turns out not to be there is no fault of the device. */
void engine_answer(struct conform *c, int error, uint32_t which, const char *what)
{
	if (error == -ENOTSUP) {
		c->lost |= which;
		need(c, false, "the target cannot do this: %s", what);
	}
	if (error)
		engine_gone(c, error, what);
}

static void hooked(struct conform *c, int error, uint32_t which, const char *what)
{
	engine_answer(c, error, which, what);
	c->hooked |= which;
}

void delay_io(struct conform *c, uint64_t ns)
{
	hooked(c, c->ops.delay_io ? c->ops.delay_io(c->target->ctx, ns) : -ENOTSUP, NEEDS_DELAY_IO,
		"delay I/O");
}

void delay_reset(struct conform *c, uint64_t ns)
{
	hooked(c, c->ops.delay_reset ? c->ops.delay_reset(c->target->ctx, ns) : -ENOTSUP,
		NEEDS_DELAY_RESET, "delay resets");
}

void reverse_order(struct conform *c, bool on)
{
	hooked(c, c->ops.reverse_order ? c->ops.reverse_order(c->target->ctx, on) : -ENOTSUP,
		NEEDS_REVERSE, "complete requests in reverse order");
}

void change_config(struct conform *c)
{
	hooked(c, c->ops.change_config ? c->ops.change_config(c->target->ctx) : -ENOTSUP,
		NEEDS_CHANGE_CONFIG, "change the configuration space");
}

void break_down(struct conform *c)
{
	hooked(c, c->ops.break_down ? c->ops.break_down(c->target->ctx) : -ENOTSUP,
		NEEDS_BREAK_DOWN, "let the device break down");
}

struct vmmio_target_activity activity(struct conform *c)
{
	struct vmmio_target_activity seen = {0};

	hooked(c, c->ops.activity ? c->ops.activity(c->target->ctx, &seen) : -ENOTSUP,
		NEEDS_ACTIVITY, "tell what goes on inside");
	return seen;
}

void storage_read(struct conform *c, uint64_t offset, void *data, size_t size)
{
	hooked(c, c->ops.storage_read ? c->ops.storage_read(c->target->ctx, offset, data, size)
				      : -ENOTSUP,
		NEEDS_STORAGE, "show what is stored");
}
