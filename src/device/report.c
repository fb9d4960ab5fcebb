/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines and counters. */
#include <stdarg.h>
#include <stdio.h>

#include "device/internal.h"
#include "executor/cancel.h"

__attribute__((format(printf, 4, 0))) static void report_v(const struct vmmio_log *log,
	const char *name, enum vmmio_log_level level,
	const char *format, va_list args)
{
	char line[512];
	int n, cancel;

	if (!log->fn)
		return;
	n = snprintf(line, sizeof(line), "%s: ", name);
	if (n < 0 || (size_t)n >= sizeof(line))
		n = 0;
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	cancel = vmmio_cancel_off();
	log->fn(log->ctx, level, line);
	vmmio_cancel_restore(cancel);
}

void vmmio_report(const struct vmmio_log *log, const char *name, enum vmmio_log_level level,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_v(log, name, level, format, args);
	va_end(args);
}

void vmmio_device_log(
	const struct vmmio_device *dev, enum vmmio_log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_v(&dev->log, dev->name, level, format, args);
	va_end(args);
}

bool vmmio_count_log(_Atomic uint64_t *counter, uint64_t n)
{
	uint64_t before = atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
	uint64_t after = before + n;

	/* A power of two lies in (before, after]. */
	return before == 0 || (63 - __builtin_clzll(before)) != (63 - __builtin_clzll(after));
}

void vmmio_device_counters(const struct vmmio_device *device, struct vmmio_device_counters *out)
{
	/* Only atomics are read: const for the caller. */
	struct vmmio_device *dev = (struct vmmio_device *)(uintptr_t)device;
	struct counters *c = &dev->counters;

	*out = (struct vmmio_device_counters){
		.resets = atomic_load_explicit(&c->resets, memory_order_relaxed),
		.queue_resets = atomic_load_explicit(&c->queue_resets, memory_order_relaxed),
		.chains = atomic_load_explicit(&c->chains, memory_order_relaxed),
		.completions = atomic_load_explicit(&c->completions, memory_order_relaxed),
		.dropped = atomic_load_explicit(&c->dropped, memory_order_relaxed),
		.wrong_tokens = atomic_load_explicit(&c->wrong_tokens, memory_order_relaxed),
		.interrupts = atomic_load_explicit(&c->interrupts, memory_order_relaxed),
		.lost_pulses = atomic_load_explicit(&c->lost_pulses, memory_order_relaxed),
		.faults = atomic_load_explicit(&c->faults, memory_order_relaxed),
		.violations = vmmio_regfile_violations(dev->rf),
		.stuck = atomic_load_explicit(&c->stuck, memory_order_relaxed),
		.resetting = vmmio_regfile_state(dev->rf) & VMMIO_STATE_RESETTING,
	};
	for (uint32_t i = 0; i < dev->n_queues; i++)
		out->leases += vmmio_gate_leases(&dev->queues[i].gate);
}
