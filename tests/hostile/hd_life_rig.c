/* SPDX-License-Identifier: BSD-3-Clause */
#include "hostile/hd_life.h"

#include <string.h>

#include "device/internal.h"

struct rig *hd_rig_with(int variant, struct rig_options options)
{
	fixture_expect_log(""); /* what a driver did is told, and never an error of the test */
	options.version = rig_version(variant);
	options.packed = rig_packed(variant);
	options.n_queues = HD_QUEUES;
	options.queue_size = HD_SIZE;
	return rig_create(&options);
}

struct rig *hd_rig(int variant, const struct puppet *puppet)
{
	return hd_rig_with(variant, (struct rig_options){.puppet = puppet});
}

void hd_end(struct rig *rig)
{
	if (rig->o.version == 2)
		rig_complete_all(rig); /* the write waits for them */
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_complete_all(rig);
	rig_wait_zero(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}

static void look_hidden(struct rig *rig, struct hd_state *s)
{
	vmmio_regfile_driver_features(rig->dev->rf, s->driver_features);
	for (unsigned q = 0; q < HD_QUEUES; q++) {
		struct vmmio_queue_setup setup;

		vmmio_regfile_queue(rig->dev->rf, q, &setup);
		s->setup[q][0] = setup.ready;
		s->setup[q][1] = setup.size;
		s->setup[q][2] = setup.desc;
		s->setup[q][3] = setup.driver;
		s->setup[q][4] = setup.device;
	}
}

void hd_zero_selectors(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_DEVICE_FEATURES_SEL, 0);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_SHM_SEL, 0);
}

void hd_look(struct rig *rig, struct hd_state *s)
{
	static const uint32_t queue_reg[] = {
		VMMIO_REG_QUEUE_SIZE_MAX, VMMIO_REG_QUEUE_READY, VMMIO_REG_QUEUE_RESET};

	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < 64; i++)
		if (4 * i != VMMIO_REG_CONFIG_GENERATION)
			s->fixed[i] = rig_read(rig, 4 * i);
	for (unsigned i = 0; i < 4; i++) {
		rig_write(rig, VMMIO_REG_DEVICE_FEATURES_SEL, i);
		s->features[i] = rig_read(rig, VMMIO_REG_DEVICE_FEATURES);
	}
	for (unsigned q = 0; q <= HD_QUEUES; q++)
		for (unsigned i = 0; i < 3; i++)
			s->queue[q][i] = rig_queue_read(rig, q, queue_reg[i]);
	for (unsigned i = 0; i < 2; i++) {
		rig_write(rig, VMMIO_REG_SHM_SEL, i);
		for (unsigned j = 0; j < 4; j++)
			s->shm[i][j] = rig_read(rig, VMMIO_REG_SHM_LEN_LOW + 4 * j);
	}
	for (unsigned i = 0; i < HD_CONFIG / 4; i++)
		s->config[i] = rig_read(rig, VMMIO_REG_CONFIG + 4 * i);
	look_hidden(rig, s);
	hd_zero_selectors(rig);
}

void hd_same(const struct hd_state *a, const struct hd_state *b, const char *when)
{
	const uint32_t *x = (const uint32_t *)a, *y = (const uint32_t *)b;

	for (size_t i = 0; i < sizeof(*a) / 4; i++)
		ck_assert_msg(x[i] == y[i], "%s: word %zu of the state was 0x%x and is 0x%x", when,
			i, x[i], y[i]);
}

void hd_negotiate(struct rig *rig, uint64_t features)
{
	rig_write(rig, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE);
	rig_write(rig, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER);
	for (unsigned i = 0; i < 2; i++) {
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, i);
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	rig_write(rig, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER |
		VMMIO_STATUS_FEATURES_OK);
}

void hd_queue(struct rig *rig, unsigned queue, const struct hd_ring *ring)
{
	const uint64_t area[] = {ring->desc, ring->driver, ring->device};

	rig_write(rig, VMMIO_REG_QUEUE_SEL, queue);
	rig_write(rig, VMMIO_REG_QUEUE_SIZE, ring->size);
	for (uint32_t i = 0; i < 3; i++) {
		rig_write(rig, VMMIO_REG_QUEUE_DESC_LOW + 0x10 * i, (uint32_t)area[i]);
		rig_write(rig, VMMIO_REG_QUEUE_DESC_HIGH + 0x10 * i, (uint32_t)(area[i] >> 32));
	}
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
}

struct hd_ring hd_good_ring(unsigned queue, uint32_t size)
{
	const uint64_t at = HD_RINGS + queue * 0x3000;

	return (struct hd_ring){size, at, at + 0x1000, at + 0x2000};
}

uint64_t hd_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}
