/* SPDX-License-Identifier: BSD-3-Clause */
/* Unit tests of the register file: helpers and main. */
#include "test_regfile.h"

#include <string.h>

#define MEMORY_SIZE 16384

static _Alignas(max_align_t) unsigned char memory[MEMORY_SIZE];
static unsigned char saved[MEMORY_SIZE];
static uint64_t saved_violations;

struct vmmio_regfile *rf;
struct vmmio_actions actions;
size_t rf_size;

struct vmmio_regfile_config test_config(unsigned version)
{
	static const uint16_t sizes[TEST_QUEUES] = { 8, 0, 256 };
	static const struct vmmio_shm_region shm[] = {
		{ .id = 1, .base = UINT64_C(0x1122334455667788), .length = UINT64_C(0x100002000) },
		{ .id = 0xffffffff, .base = 0x5000, .length = 0x6000 },
	};
	static const uint8_t bytes[TEST_CONFIG_SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14 };

	return (struct vmmio_regfile_config){
		.version = version,
		.device_id = 42,
		.vendor_id = 0x1af4,
		.features = { ALL_FEATURES, UINT64_C(0x8000000000000001) },
		.n_queues = TEST_QUEUES,
		.queue_size_max = sizes,
		.n_shm = 2,
		.shm = shm,
		.config_size = TEST_CONFIG_SIZE,
		.config = bytes,
		.config_urgent_offset = TEST_URGENT,
		.config_urgent_size = 4,
	};
}

/* The memory is dirty before init, so that nothing can rely on zeroed memory. */
void make_from(const struct vmmio_regfile_config *config)
{
	const char *why = "";

	memset(memory, 0xa5, sizeof(memory));
	rf_size = vmmio_regfile_size(config);
	ck_assert_uint_gt(rf_size, 0);
	ck_assert_uint_le(rf_size, sizeof(memory));
	ck_assert_int_eq(vmmio_regfile_init(memory, rf_size, config, &rf, &why), 0);
	ck_assert_str_eq(why, "");
	ck_assert_uint_eq(memory[rf_size], 0xa5);
}

void make(unsigned version)
{
	struct vmmio_regfile_config config = test_config(version);

	make_from(&config);
}

uint32_t rd(uint64_t offset)
{
	uint64_t value = vmmio_regfile_read(rf, offset, 4);

	ck_assert_uint_le(value, UINT32_MAX);
	return (uint32_t)value;
}

void wr(uint64_t offset, uint32_t value)
{
	memset(&actions, 0xa5, sizeof(actions));
	vmmio_regfile_write(rf, offset, 4, value, &actions);
	ck_assert_uint_le(actions.n, VMMIO_ACTIONS_MAX);
}

void event(enum vmmio_event what, uint32_t arg)
{
	memset(&actions, 0xa5, sizeof(actions));
	vmmio_regfile_event(rf, what, arg, &actions);
	ck_assert_uint_le(actions.n, VMMIO_ACTIONS_MAX);
}

uint32_t status(void)
{
	return rd(VMMIO_REG_STATUS);
}

uint32_t epoch(void)
{
	return VMMIO_STATE_EPOCH(vmmio_regfile_state(rf));
}

void select_queue(uint32_t queue)
{
	wr(VMMIO_REG_QUEUE_SEL, queue);
	expect_no_action();
}

void expect_actions_at(int line, const int *kinds)
{
	unsigned n = 0;

	while (kinds[n])
		n++;
	ck_assert_msg(actions.n == n, "line %d: %u actions, expected %u", line, actions.n, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg((int)actions.list[i].kind == kinds[i],
			"line %d: action %u is %d, expected %d", line, i,
			(int)actions.list[i].kind, kinds[i]);
}

void negotiate(uint64_t features)
{
	wr(VMMIO_REG_DRIVER_FEATURES_SEL, 0);
	wr(VMMIO_REG_DRIVER_FEATURES, (uint32_t)features);
	wr(VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	wr(VMMIO_REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
	wr(VMMIO_REG_STATUS, 0xb);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_no_action();
	ck_assert_uint_eq(status(), 0xb);
}

void walk(enum mode mode, uint64_t features)
{
	if (mode >= SETUP) {
		wr(VMMIO_REG_STATUS, 1);
		wr(VMMIO_REG_STATUS, 3);
		expect_no_action();
	}
	if (mode >= NEGOTIATED)
		negotiate(features);
	if (mode >= LIVE) {
		select_queue(0);
		wr(VMMIO_REG_QUEUE_READY, 1);
		expect_actions(VMMIO_ACTION_QUEUE_READY);
		wr(VMMIO_REG_STATUS, 0xf);
		expect_actions(VMMIO_ACTION_DRIVER_OK);
	}
	if (mode >= RESETTING) {
		wr(VMMIO_REG_STATUS, 0);
		expect_actions(VMMIO_ACTION_RESET);
	}
	select_queue(0);
}

void state_save(void)
{
	memcpy(saved, memory, rf_size);
	saved_violations = vmmio_regfile_violations(rf);
}

uint64_t violations_since(void)
{
	return vmmio_regfile_violations(rf) - saved_violations;
}

bool state_same(void)
{
	uint64_t now = atomic_load(&rf->violation_count);
	bool same;

	atomic_store(&rf->violation_count, saved_violations);
	same = !memcmp(saved, memory, rf_size);
	atomic_store(&rf->violation_count, now);
	return same;
}

int main(void)
{
	Suite *suite = suite_create("regfile");

	add_init_tests(suite);
	add_access_tests(suite);
	add_status_tests(suite);
	add_suspend_tests(suite);
	add_reset_tests(suite);
	add_queue_tests(suite);
	add_config_tests(suite);
	return fixture_main(suite);
}
