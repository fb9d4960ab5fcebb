/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-40, the part of it that is arithmetic: no event is lost where an index wraps, be it the
 * driver's kick or the device's interrupt.
 */
#include <string.h>

#include "device/internal.h"
#include "hostile/hd_life.h"
#include "hostile/hd_life_parts.h"

/* Once round every index: each buffer is seen though only events ask for a kick, and each used
 * one is told. */
START_TEST(events_across_the_wrap)
{
	struct rig *rig = hd_rig(_i, &(struct puppet){.serve = true});
	/* A packed ring's places begin anew with each lap. */
	const unsigned all = rig->o.packed ? 4096 : 65536 + 300;
	unsigned n = 0, lap = 0;

	rig_up(rig);
	ck_assert(vmmio_driver_has(rig->driver, VMMIO_F_EVENT_IDX));
	while (n < all) {
		const unsigned batch = 1 + lap++ % 5;

		for (unsigned i = 0; i < batch; i++)
			rig_add(rig, 0, NULL);
		hd_check(rig_reap(rig, 0) == (int)batch);
		hd_check(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) == VMMIO_INT_USED_BUFFER);
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
		n += batch;
	}
	hd_end(rig);
}
END_TEST

/* --- Used events, raw ------------------------------------------------------------------------------- */

#define DESCS 2u /* of a chain of rig_add */

/* Where the device's next used entry goes: split rings count entries, packed ones descriptors. */
struct place {
	struct rig *rig;
	uint64_t event; /* where the driver says what it waits for */
	uint32_t used;
};

static void put16(struct rig *rig, uint64_t guest, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(rig->ram + (guest - RIG_RAM_BASE), &value, sizeof(value));
}

/* The name of a place as the driver writes it. */
static uint16_t name_of(const struct place *p, uint32_t at)
{
	if (!p->rig->o.packed)
		return (uint16_t)at;
	return (uint16_t)(at % HD_SIZE | (at / HD_SIZE % 2 ? 0 : 1u << 15));
}

static void wait_for(const struct place *p, uint16_t name)
{
	put16(p->rig, p->event, name);
	if (p->rig->o.packed)
		put16(p->rig, p->event + 2, VMMIO_EVENT_F_DESC);
}

/* As plainly as can be: is the place among those that n chains go by? */
static bool goes_by(const struct place *p, unsigned n, uint16_t name)
{
	const uint32_t step = p->rig->o.packed ? DESCS : 1;

	for (uint32_t at = p->used; at < p->used + n * step; at++)
		if (name_of(p, at) == name)
			return true;
	return false;
}

static void complete_batch(struct place *p, unsigned n)
{
	struct vmmio_completion done[8];
	struct puppet *puppet = p->rig->puppet;

	hd_check(puppet->n_held == n);
	for (unsigned i = 0; i < n; i++)
		done[i] = (struct vmmio_completion){puppet->held[i].chain.token, 64};
	puppet->n_held = 0;
	vmmio_queue_complete(vmmio_device_queue(p->rig->dev, 0), done, n);
	p->used += n * (p->rig->o.packed ? DESCS : 1);
}

/* n chains at once while the driver waits for the place that is ahead (or behind) so far. */
static bool batch(struct place *p, unsigned n, int ahead)
{
	const uint16_t name = name_of(p, p->used + (uint32_t)ahead);
	bool expected, raised;

	for (unsigned i = 0; i < n; i++)
		rig_add(p->rig, 0, NULL);
	wait_for(p, name);
	expected = goes_by(p, n, name);
	complete_batch(p, n);
	raised = rig_read(p->rig, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_USED_BUFFER;
	if (raised != expected)
		ck_abort_msg("%u chains to place %u, waited for 0x%04x: %s", n, p->used, name,
			raised ? "interrupt" : "no interrupt");
	rig_write(p->rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	hd_check(rig_reap(p->rig, 0) == (int)n);
	return raised;
}

START_TEST(used_events_at_every_place)
{
	struct rig *rig = hd_rig(_i, NULL);
	struct place p = {.rig = rig};
	struct vmmio_queue_setup setup;
	uint64_t seed = 40;
	unsigned raised = 0, silent = 0;

	rig_up(rig);
	vmmio_regfile_queue(rig->dev->rf, 0, &setup);
	p.event = setup.driver + (rig->o.packed ? 0 : 4 + 2 * HD_SIZE);
	while (!rig->o.packed && p.used < 65536 - 300)
		batch(&p, 7, 0);
	for (unsigned i = 0; i < 8000; i++) {
		const unsigned n = 1 + (unsigned)(hd_random(&seed) % 7);

		if (batch(&p, n, (int)(hd_random(&seed) % 24) - 8))
			raised++;
		else
			silent++;
	}
	ck_assert_uint_gt(raised, 1000);
	ck_assert_uint_gt(silent, 1000);
	hd_end(rig);
}
END_TEST

void hd_life_events(TCase *tc)
{
	tcase_add_loop_test(tc, events_across_the_wrap, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, used_events_at_every_place, 0, RIG_VARIANTS);
}
