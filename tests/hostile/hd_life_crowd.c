/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-47: everything that changes a device, at the same time. What counts is that it ends, and
 * that the thread sanitizer finds no lock taken in two orders.
 */
#include <errno.h>
#include <sys/mman.h>

#include "hostile/hd_life.h"
#include "hostile/hd_life_parts.h"

#define EXTRA UINT64_C(0x90000000)
#define EXTRA_SIZE 0x10000u
#define LAPS 150u

struct crowd {
	struct rig *rig;
	uint8_t *extra;
	_Atomic bool stop;
};

/* A vCPU that resets, starts and stops; which of its writes count, nobody knows. */
static void *vcpu(void *arg)
{
	struct crowd *c = arg;
	uint64_t seed = 47;

	while (!atomic_load(&c->stop)) {
		static const uint32_t status[] = {0, 1, 3, 0xb, 0xf, 0x8f};

		rig_write(c->rig, VMMIO_REG_STATUS, status[hd_random(&seed) % 6]);
		rig_write(c->rig, VMMIO_REG_QUEUE_SEL, (uint32_t)hd_random(&seed) % 3);
		rig_write(c->rig, VMMIO_REG_QUEUE_RESET, 1);
		rig_write(c->rig, VMMIO_REG_QUEUE_NOTIFY, (uint32_t)hd_random(&seed) % 3);
		rig_write(c->rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		(void)rig_read(c->rig, VMMIO_REG_STATUS);
	}
	return NULL;
}

/* The backend's own thread. */
static void *worker(void *arg)
{
	struct crowd *c = arg;

	for (uint8_t n = 0; !atomic_load(&c->stop); n++) {
		rig_complete_all(c->rig);
		vmmio_device_config_change(c->rig->dev, 4, &n, 1);
		vmmio_device_queue_event(c->rig->dev, n % HD_QUEUES);
	}
	return NULL;
}

/* Memory comes and goes. */
static void *plug(void *arg)
{
	struct crowd *c = arg;
	const struct vmmio_region region = {
		.guest = EXTRA, .size = EXTRA_SIZE, .host = c->extra};

	while (!atomic_load(&c->stop)) {
		struct rig_waiter w = RIG_WAITER;

		ck_assert_int_eq(vmmio_memory_add(c->rig->memory, &region), 0);
		if (vmmio_memory_try_remove(c->rig->memory, EXTRA) == -EBUSY)
			rig_wait(c->rig, &w,
				vmmio_memory_remove(c->rig->memory, EXTRA, &w.waiter));
	}
	return NULL;
}

/* The host: pauses, resumes and resets. */
static void control(struct crowd *c)
{
	struct vmmio_device *dev = c->rig->dev;

	for (unsigned lap = 0; lap < LAPS; lap++) {
		struct rig_waiter w[3] = {RIG_WAITER, RIG_WAITER, RIG_WAITER};

		rig_wait(c->rig, &w[0], vmmio_device_pause(dev, &w[0].waiter));
		rig_wait(c->rig, &w[1], vmmio_device_reset(dev, &w[1].waiter));
		rig_wait(c->rig, &w[2], vmmio_device_resume(dev, &w[2].waiter));
	}
}

/* Other devices of the same pool are created, and destroyed while they are reset. */
static void come_and_go(struct rig *rig, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct rig_options o = {.version = rig->o.version, .packed = rig->o.packed,
			.ex = rig->ex, .pool = true};
		struct rig *other = rig_create(&o);
		struct rig_waiter w = RIG_WAITER;
		int answer;

		rig_up(other);
		rig_add(other, 0, NULL); /* so the reset is not over, if it was started by now */
		answer = vmmio_device_reset(other->dev, &w.waiter);
		ck_assert(answer == VMMIO_PENDING || answer == 0);
		rig_destroy_device(other);
		ck_assert_int_eq(rig_wait(other, &w, answer), 0);
		rig_free(other);
	}
}

START_TEST(everything_at_once)
{
	struct rig *rig = hd_rig_with(_i, (struct rig_options){.pool = true,
						  .puppet = &(struct puppet){.cancel = true}});
	struct crowd c = {.rig = rig, .extra = mmap(NULL, EXTRA_SIZE, PROT_READ | PROT_WRITE,
						       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
	void *(*const role[])(void *) = {vcpu, vcpu, worker, plug};
	pthread_t thread[4];

	ck_assert_ptr_ne(c.extra, MAP_FAILED);
	rig_up(rig);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, role[i], &c), 0);
	control(&c);
	come_and_go(rig, 5);
	atomic_store(&c.stop, true);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	munmap(c.extra, EXTRA_SIZE);
	rig_free(rig);
}
END_TEST

void hd_life_crowd(Suite *s)
{
	tcase_add_loop_test(fixture_tcase(s, "hd_47"), everything_at_once, 0, RIG_VARIANTS);
}
