/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory_rig.h"

#include <sys/mman.h>

static const size_t begin[PLACES + 1] = {0, 512 << 10, 640 << 10, 768 << 10, RIG_RAM_SIZE};

uint64_t place_guest(enum place place)
{
	return RIG_RAM_BASE + begin[place];
}

size_t place_size(enum place place)
{
	return begin[place + 1] - begin[place];
}

struct vmmio_region place_region(const struct rig *rig, enum place place)
{
	return (struct vmmio_region){
		.guest = place_guest(place),
		.size = place_size(place),
		.host = rig->ram + begin[place],
	};
}

struct rig *memory_rig_with(int variant, struct rig_options o)
{
	struct report report;
	struct rig *rig;

	o.version = rig_version(variant);
	o.packed = rig_packed(variant);
	rig = rig_create(&o);
	report_init(&report);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, RIG_RAM_BASE, &report.waiter), 0);
	for (enum place p = MAIN; p < PLACES; p++) {
		struct vmmio_region region = place_region(rig, p);

		ck_assert_int_eq(vmmio_memory_add(rig->memory, &region), 0);
	}
	return rig;
}

struct rig *memory_rig(int variant, const struct puppet *puppet)
{
	return memory_rig_with(variant, (struct rig_options){.puppet = puppet});
}

/* Takes everything of MAIN that is left, so that what comes next lies in RING. */
static void fill_main(struct rig *rig)
{
	struct vmmio_driver_area area;

	for (size_t size = 65536; size >= 2; size /= 2) {
		do
			ck_assert_int_eq(vmmio_driver_alloc(rig->driver, size, size, &area), 0);
		while (area.guest < place_guest(RING));
		vmmio_driver_free(rig->driver, &area);
	}
}

int memory_try_up(struct rig *rig, uint64_t features)
{
	struct vmmio_driver_queue_config config = {.size = rig->o.queue_size};
	struct vmmio_driver_queue *queue;
	int ret;

	features |= rig_features(rig);
	if (features & VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC))
		config.indirect = 4;
	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, features, 0), 0);
	for (unsigned i = 0; i < rig->o.n_queues; i++) {
		if (i == 1)
			fill_main(rig);
		ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, i, &config, &queue), 0);
	}
	ret = vmmio_driver_ok(rig->driver);
	rig_settle(rig);
	return ret;
}

void memory_up(struct rig *rig, uint64_t features)
{
	ck_assert_int_eq(memory_try_up(rig, features), 0);
}

void use_buffers(struct rig *rig, enum place place, size_t offset)
{
	for (int i = 0; i < 2; i++) {
		rig->buffer[i].guest = place_guest(place) + offset + 64 * (size_t)i;
		rig->buffer[i].host = rig->ram + begin[place] + offset + 64 * (size_t)i;
	}
}

void forbid(const struct rig *rig, enum place place)
{
	ck_assert_int_eq(mprotect(rig->ram + begin[place], place_size(place), PROT_NONE), 0);
}

static void count(struct vmmio_waiter *waiter, int result)
{
	struct report *report = (struct report *)waiter;

	atomic_store(&report->result, result);
	atomic_fetch_add(&report->done, 1);
}

void report_init(struct report *report)
{
	*report = (struct report){.waiter = {.done = count}, .result = 1};
}

void remove_later(struct rig *rig, enum place place, struct report *report)
{
	report_init(report);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(place), &report->waiter),
		VMMIO_PENDING);
	expect_done(report, 0);
}

void remove_now(struct rig *rig, enum place place)
{
	struct report report;

	report_init(&report);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(place), &report.waiter), 0);
	expect_done(&report, 0);
	forbid(rig, place);
}

void expect_done(const struct report *report, unsigned n)
{
	ck_assert_uint_eq(atomic_load(&report->done), n);
	ck_assert_int_eq(atomic_load(&report->result), n ? 0 : 1);
}
