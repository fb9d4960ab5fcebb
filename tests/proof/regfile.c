/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eva: one access or event, with any arguments, on a register file in any state.
 *
 * Every array is an object of its own and exactly as large as vmmio_regfile_init makes it;
 * what can change is any value. So one call stands for each call of each sequence.
 *
 * N_QUEUES, N_SHM, CONFIG_SIZE, URGENT_OFFSET and URGENT_SIZE are given by run.
 */
#include "regfile/internal.h"

#define N_REGISTERS (VMMIO_REG_CONFIG / 4)
#define CONFIG_WORDS ((CONFIG_SIZE + 3) / 4)

bool proof_lockless;

static struct vmmio_regfile rf;
static struct vmmio_actions actions;

#if N_QUEUES
static struct regfile_queue queues[N_QUEUES];
static uint16_t size_max[N_QUEUES];
static uint8_t flags[N_QUEUES];
#endif
#if N_SHM
static struct vmmio_shm_region shm[N_SHM];
#endif
#if CONFIG_SIZE
static uint32_t config_words[2][CONFIG_WORDS];
#endif

/* What vmmio_regfile_init establishes (set_constants, set_arrays), and nothing else. */
static void any_regfile(void)
{
	any_object(rf);
	any_object(actions);
	rf.n_queues = N_QUEUES;
	rf.n_shm = N_SHM;
	rf.config_size = CONFIG_SIZE;
	rf.urgent_offset = URGENT_OFFSET;
	rf.urgent_size = URGENT_SIZE;
	rf.violations = &rf.violation_count;
	rf.shm = NULL;
	rf.queue_size_max = NULL;
	rf.queue = NULL;
	rf.queue_flags = NULL;
	rf.config[0] = rf.config[1] = NULL;
#if N_QUEUES
	any_object(queues);
	any_object(size_max);
	any_object(flags);
	rf.queue_size_max = size_max;
	rf.queue = queues;
	rf.queue_flags = flags;
#endif
#if N_SHM
	any_object(shm);
	rf.shm = shm;
#endif
#if CONFIG_SIZE
	any_object(config_words);
	rf.config[0] = config_words[0];
	rf.config[1] = config_words[1];
#endif
}

/* The selector of queues is below their number, or it is not: all there is to tell apart. */
static void any_regfile_selecting(bool present)
{
	any_regfile();
	if (present && N_QUEUES)
		rf.selector[SEL_QUEUE] = any_up_to(N_QUEUES - 1);
	else
		rf.selector[SEL_QUEUE] = Frama_C_unsigned_int_interval(N_QUEUES, UINT32_MAX);
}

static void access_at(uint64_t offset, unsigned size)
{
	/* Any thread. */
	proof_lockless = true;
	any_regfile();
	vmmio_regfile_read(&rf, offset, size);
	if (vmmio_regfile_lockless(offset)) {
		vmmio_regfile_write(&rf, offset, size, any64(), &actions);
		return;
	}
	proof_lockless = false;
	any_regfile_selecting(true);
	vmmio_regfile_write(&rf, offset, size, any64(), &actions);
	any_regfile_selecting(false);
	vmmio_regfile_write(&rf, offset, size, any64(), &actions);
}

static void registers(void)
{
	/*@ loop unroll N_REGISTERS; */
	for (unsigned i = 0; i < N_REGISTERS; i++)
		access_at(4 * i, 4);
	/*@ loop unroll N_REGISTERS; */
	for (unsigned i = 0; i < N_REGISTERS; i++)
		access_at(4 * i + Frama_C_unsigned_int_interval(1, 3), 4);
	access_at(any_up_to(VMMIO_REG_CONFIG - 1), any_up_to(3));
	access_at(any_up_to(VMMIO_REG_CONFIG - 1), Frama_C_unsigned_int_interval(5, UINT32_MAX));
}

/* Below the end of config space (and a few bytes further) or from there on, with that rest
 * modulo 4: keeps apart in which word a byte is. */
static uint64_t any_config_offset(bool inside, unsigned rest)
{
	const uint64_t words = CONFIG_SIZE / 4, last = UINT64_MAX / 4 - VMMIO_REG_CONFIG;
	const uint64_t from = inside ? 0 : words + 1, to = inside ? words : last;

	return VMMIO_REG_CONFIG + rest + 4 * Frama_C_unsigned_long_interval(from, to);
}

static void config_space(void)
{
	/*@ loop unroll 8; */
	for (unsigned i = 0; i < 8; i++) {
		access_at(any_config_offset(i & 4, i % 4), 1);
		access_at(any_config_offset(i & 4, i % 4), 2);
		access_at(any_config_offset(i & 4, i % 4), 4);
		access_at(any_config_offset(i & 4, i % 4), 8);
	}
	/* Close to 2^64. */
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG + CONFIG_SIZE, UINT64_MAX), 1);
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG + CONFIG_SIZE, UINT64_MAX), 2);
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG + CONFIG_SIZE, UINT64_MAX), 4);
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG + CONFIG_SIZE, UINT64_MAX), 8);
	/* No width. */
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG, UINT64_MAX), 0);
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG, UINT64_MAX), 3);
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG, UINT64_MAX),
		Frama_C_unsigned_int_interval(5, 7));
	access_at(Frama_C_unsigned_long_interval(VMMIO_REG_CONFIG, UINT64_MAX),
		Frama_C_unsigned_int_interval(9, UINT32_MAX));
}

static void device_side(void)
{
	any_regfile();
	/*@ loop unroll 8; */
	for (unsigned event = 0; event < 8; event++) {
#if N_QUEUES
		vmmio_regfile_event(&rf, event, any_up_to(N_QUEUES - 1), &actions);
#endif
		vmmio_regfile_event(&rf, event,
			Frama_C_unsigned_int_interval(N_QUEUES, UINT32_MAX), &actions);
	}
	vmmio_regfile_event(&rf, Frama_C_unsigned_int_interval(8, UINT32_MAX), any32(), &actions);
	proof_lockless = true;
	vmmio_regfile_raise(&rf, any32(), any32());
	vmmio_regfile_state(&rf);
	vmmio_regfile_violations(&rf);
	proof_lockless = false;
}

static void setup_of(uint32_t queue)
{
	struct vmmio_queue_setup setup;

	vmmio_regfile_queue(&rf, queue, &setup);
}

/* Each place and length that there is, and the data not a byte longer. */
static void config_set(void)
{
#if CONFIG_SIZE && CONFIG_SIZE <= 16
	static uint8_t data[CONFIG_SIZE];

	any_object(data);
	/*@ loop unroll CONFIG_SIZE + 1; */
	for (uint32_t size = 0; size <= CONFIG_SIZE; size++) {
		/*@ loop unroll CONFIG_SIZE + 1; */
		for (uint32_t offset = 0; offset <= CONFIG_SIZE; offset++)
			vmmio_regfile_config_set(
				&rf, offset, data + (CONFIG_SIZE - size), size);
	}
	vmmio_regfile_config_set(&rf, any32(),
		data, Frama_C_unsigned_int_interval(CONFIG_SIZE + 1, UINT32_MAX));
#endif
}

static void embedder_side(void)
{
	uint64_t features[VMMIO_FEATURE_WORDS];

	any_regfile();
	vmmio_regfile_driver_features(&rf, features);
	config_set();
#if N_QUEUES
	setup_of(any_up_to(N_QUEUES - 1));
#endif
}

int main(void)
{
	registers();
	config_space();
	device_side();
	embedder_side();
	/*@ assert 0 <= 1; */
	return 0;
}
