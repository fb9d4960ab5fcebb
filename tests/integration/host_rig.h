/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of host reset, pause, fence and pending writes share. */
#ifndef VMMIO_TESTS_HOST_RIG_H
#define VMMIO_TESTS_HOST_RIG_H

#include <errno.h>
#include <unistd.h>

#include "device/internal.h"
#include "support/rig.h"

#define ACK VMMIO_STATUS_ACKNOWLEDGE
#define DRIVER VMMIO_STATUS_DRIVER
#define LIVE (ACK | DRIVER | VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_DRIVER_OK)

/* With a patience that no correct device needs. */
#define WAIT_UNTIL(condition)                                                                      \
	for (unsigned tries_ = 0; !(condition); tries_++) {                                        \
		ck_assert_uint_lt(tries_, RIG_PATIENCE);                                           \
		usleep(20);                                                                        \
	}

/* A device at Status 0, variant i of RIG_VARIANTS. */
static inline struct rig *bench(int i, const struct puppet *puppet)
{
	struct rig_options o = {
		.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet};

	return rig_create(&o);
}

/* The same, with the driver up. */
static inline struct rig *live(int i, const struct puppet *puppet)
{
	struct rig *rig = bench(i, puppet);

	rig_up(rig);
	return rig;
}

static inline int pend(struct rig *rig, struct rig_waiter *w, uint32_t offset, uint32_t value)
{
	return vmmio_device_write_pending(rig->dev, offset, 4, value, &w->waiter);
}

static inline int pend_zero(struct rig *rig, struct rig_waiter *w)
{
	return pend(rig, w, VMMIO_REG_STATUS, 0);
}

static inline int pend_disable(struct rig *rig, struct rig_waiter *w, unsigned queue)
{
	rig_write(rig, VMMIO_REG_QUEUE_SEL, queue);
	return pend(rig, w, VMMIO_REG_QUEUE_READY, 0);
}

static inline int host_reset(struct rig *rig, struct rig_waiter *w)
{
	return vmmio_device_reset(rig->dev, &w->waiter);
}

static inline int pause_dev(struct rig *rig, struct rig_waiter *w)
{
	return vmmio_device_pause(rig->dev, &w->waiter);
}

static inline int resume_dev(struct rig *rig, struct rig_waiter *w)
{
	return vmmio_device_resume(rig->dev, &w->waiter);
}

/* Pauses and waits for it; no chain may be out that nobody brings back. */
static inline void pause_now(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(rig_wait(rig, &w, pause_dev(rig, &w)), 0);
}

static inline void resume_now(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(rig_wait(rig, &w, resume_dev(rig, &w)), 0);
	rig_settle(rig);
}

/* The backend changes its config space. */
static inline void change_config(struct rig *rig, uint8_t byte)
{
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, &byte, 1), 0);
}

static inline void check_told(const struct rig_waiter *w, unsigned times, int result)
{
	ck_assert_uint_eq(atomic_load(&w->told), times);
	if (times)
		ck_assert_int_eq(atomic_load(&w->result), result);
}

/* It is the caller's again: as it was before. */
static inline void check_back(const struct rig_waiter *w)
{
	for (unsigned i = 0; i < 4; i++)
		ck_assert_ptr_null(w->waiter.priv[i]);
}

/* What the driver sees after a reset. */
static inline void check_zero(struct rig *rig)
{
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&rig->line));
	for (unsigned q = 0; q < rig->o.n_queues; q++) {
		ck_assert_uint_eq(rig_queue_read(rig, q, VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
	}
	ck_assert_uint_eq(rig_counters(rig).leases, 0);
}

/* The next life works, and then everything is freed. */
static inline void next_life(struct rig *rig)
{
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}

/* This life works, and the next. */
static inline void goes_on(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	rig_check_io(rig);
	rig_reset(rig);
	next_life(rig);
}

/* What the device does by itself: memory, the line, hooks. */
struct stillness {
	uint64_t sum, completions;
	unsigned edges, notifies, hooks;
};

static inline struct stillness look(struct rig *rig)
{
	struct puppet *p = rig->puppet;

	return (struct stillness){
		.sum = rig_ram_sum(rig),
		.completions = rig_counters(rig).completions,
		.edges = atomic_load(&rig->edges),
		.notifies = p->notifies,
		.hooks = p->starts + p->stops + p->quiesces + p->finishes + p->pauses + p->resumes,
	};
}

/* Nothing has happened since, and nothing is on its way. */
static inline void check_still(struct rig *rig, const struct stillness *before)
{
	struct stillness now;

	rig_settle(rig);
	now = look(rig);
	ck_assert_uint_eq(now.sum, before->sum);
	ck_assert_uint_eq(now.completions, before->completions);
	ck_assert_uint_eq(now.edges, before->edges);
	ck_assert_uint_eq(now.notifies, before->notifies);
	ck_assert_uint_eq(now.hooks, before->hooks);
}

#endif
