/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libvmmio: the device side of virtio-mmio, versions 2 and 3. Everything in one include.
 *
 * Who needs what
 * --------------
 *  embedding a device      device.h, memory.h, irq.h, executor.h, ready-made ones in backends/, io.h
 *  writing a backend       backend.h, queue.h, io.h
 *  watching a device       observer.h, trace.h, metrics.h
 *  the bare register file  regfile.h (freestanding)
 *  driving a device        driver.h
 *  telling a guest of it   discovery.h
 *
 * Conventions
 * -----------
 *  Errors    Functions return 0 or -errno and leave their outputs untouched on failure.
 *            What a guest does is never an API error: it ends in registers, a log line, a
 *            counter. What an embedder does wrong has a specific errno and a log line that
 *            names the value and the remedy, if there is a log to write it to: not for
 *            a NULL object, options or out (-EINVAL), nor for options without a size.
 *            Register accesses, queue.h, io.h and functions that cannot fail do not look
 *            for NULL unless they say so.
 *  Options   Option structs begin with their size: set it with sizeof. Zero is the default
 *            of every other field. New fields are appended; a larger struct of a later
 *            version is accepted, what this version does not know is ignored.
 *  Threads   Roles: vCPU (register accesses, any number, any time), backend (pop: one
 *            owner per queue; complete: any thread), executor, I/O, control (create,
 *            destroy, reset, pause, resume, fence, memory). A function says which roles may
 *            call it and whether it may wait.
 *            No lock of the library is ever held while it calls you, but for one look-up:
 *            vmmio_memory_set_translate.
 *  Cancel    A thread that is cancelled in a register access, or in a call of queue.h or of a
 *            running device (complete, answer, config change, reset, pause ...), comes out of it
 *            first: these are no points of cancellation, nor are callbacks made from them. No
 *            thread may be cancelled inside another function (create, memory.h, io.h, a backend's
 *            own), in a task that an executor of yours runs, nor with PTHREAD_CANCEL_ASYNCHRONOUS
 *            anywhere. The library's own threads are not yours to cancel.
 *  Waiters   What takes long is told to a waiter (waiter.h): the call answers 0, it is over,
 *            or VMMIO_PENDING, done comes. One waiter for each call that is out.
 *  Callbacks may access the device's registers, with one exception: an access that would
 *            have to wait for the callback itself gets -EDEADLK and has no effect.
 *  Lifetimes Executor, memory and backend outlive the device, an I/O engine its disks.
 *            vmmio_device_destroy is asynchronous; its callback is the one point of
 *            release.
 *  Time      Nanoseconds, CLOCK_MONOTONIC (virtual on a manual executor).
 *  Ids       PATCH-DEV-04, MMIO-DRV-22 and the like name requirements of the specification
 *            and of the version 3 patch; E12: a case that they leave open, and what is
 *            done here stands beside it; I5: a promise of this library's design.
 *  fork      The library's threads do not survive it: a child may only exec or exit.
 *
 * What a reset promises
 * ---------------------
 *  Status reads 0 only when every chain of the old life has come back and every call on
 *  its behalf has returned. From then on nothing of the old life touches guest memory,
 *  InterruptStatus, a register or the line. Version 2: before the write returns. Version 3:
 *  the write returns at once, and the driver polls. Buffers of requests that were in
 *  flight may change until Status reads 0; they are the driver's from then on.
 */
#ifndef VMMIO_VMMIO_H
#define VMMIO_VMMIO_H

#include <vmmio/backend.h>
#include <vmmio/backends/blk.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/null.h>
#include <vmmio/backends/rng.h>
#include <vmmio/base.h>
#include <vmmio/device.h>
#include <vmmio/discovery.h>
#include <vmmio/driver.h>
#include <vmmio/executor.h>
#include <vmmio/io.h>
#include <vmmio/irq.h>
#include <vmmio/memory.h>
#include <vmmio/metrics.h>
#include <vmmio/observer.h>
#include <vmmio/queue.h>
#include <vmmio/regfile.h>
#include <vmmio/spec.h>
#include <vmmio/trace.h>
#include <vmmio/waiter.h>

#endif
