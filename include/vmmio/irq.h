/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupt of a device: one line, high while InterruptStatus is not 0
 * (MMIO-DEV-33).
 */
#ifndef VMMIO_IRQ_H
#define VMMIO_IRQ_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where the interrupt goes. Set level, or eventfd, or neither (the driver polls).
 *
 * level:   called with the line's new level, never twice with the same one and never
 *          by two threads at once; the last call always matches InterruptStatus.
 *          Called by: the thread that raised, acknowledged or reset, or the executor.
 *          No lock is held: it may access the device's registers (I5), a version 2
 *          reset excepted (-EDEADLK). It must not block: the guest's vCPU or an I/O
 *          thread is waiting. Not called after Status has read 0, until the driver
 *          has set the device up again.
 * eventfd: for irqfd. Written with 1 on every raise, and after an InterruptACK that
 *          leaves bits set. It must be non-blocking (EFD_NONBLOCK); a full counter
 *          loses nothing, InterruptStatus keeps the event. A pulse that was written before a
 *          reset stays in it: a spurious interrupt that finds InterruptStatus 0. The
 *          library never closes it; it must stay open until the device's destroyed callback.
 */
struct vmmio_irq {
	void (*level)(void *ctx, bool high);
	void *ctx;
	bool use_eventfd;
	int eventfd;
};

#ifdef __cplusplus
}
#endif

#endif
