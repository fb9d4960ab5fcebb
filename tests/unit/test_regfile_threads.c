/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The register file under threads: writer side under a mutex, everything else without.
 * Worth most under ThreadSanitizer; the checks below hold without it too.
 */
#include "regfile/internal.h"
#include "support/fixture.h"

#include <pthread.h>

#define LIVES 1500
#define CHANGES 8      /* of config space per life */
#define EVENTS 20000
#define RAISERS 2
#define CONFIG_SIZE 24

static _Alignas(max_align_t) unsigned char memory[4096];
static struct vmmio_regfile *rf;
static pthread_mutex_t writer_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stop;
static atomic_uint failures;

static void wrong_if(bool wrong)
{
	if (wrong)
		atomic_fetch_add(&failures, 1);
}

static void make(unsigned version)
{
	static const uint16_t sizes[] = { 8, 16 };
	const struct vmmio_regfile_config config = {
		.version = version,
		.features = { VMMIO_FEATURE(VMMIO_F_VERSION_1) |
			VMMIO_FEATURE(VMMIO_F_RING_RESET) },
		.n_queues = 2,
		.queue_size_max = sizes,
		.config_size = CONFIG_SIZE,
	};

	ck_assert_int_eq(vmmio_regfile_init(memory, sizeof(memory), &config, &rf, NULL), 0);
	atomic_store(&stop, false);
	atomic_store(&failures, 0);
}

static void start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	ck_assert_int_eq(pthread_create(thread, NULL, run, arg), 0);
}

static void wr(uint64_t offset, uint32_t value, struct vmmio_actions *actions)
{
	vmmio_regfile_write(rf, offset, 4, value, actions);
}

static void event(enum vmmio_event what, uint32_t arg)
{
	struct vmmio_actions actions;

	vmmio_regfile_event(rf, what, arg, &actions);
}

static void bring_up(void)
{
	struct vmmio_actions actions;

	wr(VMMIO_REG_STATUS, 3, &actions);
	wr(VMMIO_REG_DRIVER_FEATURES_SEL, 1, &actions);
	wr(VMMIO_REG_DRIVER_FEATURES, 1 | 1 << (VMMIO_F_RING_RESET - 32), &actions);
	wr(VMMIO_REG_STATUS, 0xb, &actions);
	event(VMMIO_EVENT_FEATURES, 1);
	for (uint32_t queue = 0; queue < 2; queue++) {
		wr(VMMIO_REG_QUEUE_SEL, queue, &actions);
		wr(VMMIO_REG_QUEUE_READY, 1, &actions);
	}
	wr(VMMIO_REG_STATUS, 0xf, &actions);
}

/* All bytes of config space are equal at any time. */
static void change_config(uint8_t value)
{
	uint8_t bytes[CONFIG_SIZE];

	for (unsigned i = 0; i < CONFIG_SIZE; i++)
		bytes[i] = value;
	vmmio_regfile_config_set(rf, 0, bytes, CONFIG_SIZE);
}

static void one_life(unsigned n)
{
	struct vmmio_actions actions;

	bring_up();
	for (unsigned i = 0; i < CHANGES; i++)
		change_config((uint8_t)(n * CHANGES + i + 1));
	wr(VMMIO_REG_QUEUE_SEL, 0, &actions);
	wr(VMMIO_REG_QUEUE_RESET, 1, &actions);
	if (n % 2)
		event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	wr(VMMIO_REG_STATUS, 0, &actions);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
}

static void *run_writer(void *arg)
{
	for (unsigned n = 0; n < LIVES; n++) {
		pthread_mutex_lock(&writer_lock);
		one_life(n);
		pthread_mutex_unlock(&writer_lock);
	}
	return arg;
}

/* PATCH-DEV-07: whoever sees Status = 0 sees what was cleared before it. The same word
 * afterwards says that no next life began meanwhile. */
static void check_zero(uint64_t before)
{
	uint32_t ready = 0;

	wrong_if(VMMIO_STATE_INT(before) != 0);
	for (uint32_t queue = 0; queue < 2; queue++)
		ready |= queue_flags_load(rf, queue);
	if (vmmio_regfile_state(rf) == before)
		wrong_if(ready != 0);
}

/* MMIO-DEV-12: when QueueReset goes back to 0, QueueReady is 0 as well. Nobody enables queue 0
 * again in the same life here. */
static void check_queue(void)
{
	uint64_t before = vmmio_regfile_state(rf);
	unsigned first = queue_flags_load(rf, 0);
	unsigned second = queue_flags_load(rf, 0);
	bool one_life = !(before & VMMIO_STATE_RESETTING) &&
		VMMIO_STATE_EPOCH(vmmio_regfile_state(rf)) == VMMIO_STATE_EPOCH(before);

	if (one_life && (first & QUEUE_RESET) && !(second & QUEUE_RESET))
		wrong_if(second & QUEUE_READY);
}

/* A config read that crosses a word, between two equal generations, is one version. */
static void check_config(unsigned at)
{
	uint32_t generation = (uint32_t)vmmio_regfile_read(rf, VMMIO_REG_CONFIG_GENERATION, 4);
	uint64_t low = vmmio_regfile_read(rf, VMMIO_REG_CONFIG + at, 4);
	uint64_t both = vmmio_regfile_read(rf, VMMIO_REG_CONFIG + at, 8);

	wrong_if(low != (low & 0xff) * 0x01010101);
	wrong_if((both & UINT32_MAX) != (both & 0xff) * 0x01010101);
	if (vmmio_regfile_read(rf, VMMIO_REG_CONFIG_GENERATION, 4) == generation)
		wrong_if(both != (low | low << 32));
}

static void *run_reader(void *arg)
{
	uint32_t epoch = 0;

	for (unsigned n = 0; !atomic_load(&stop); n++) {
		uint64_t state = vmmio_regfile_state(rf);

		wrong_if(VMMIO_STATE_EPOCH(state) < epoch);
		epoch = VMMIO_STATE_EPOCH(state);
		wrong_if((state & VMMIO_STATE_RESETTING) && VMMIO_STATE_INT(state));
		if (!VMMIO_STATE_STATUS(state))
			check_zero(state);
		check_queue();
		check_config(n % (CONFIG_SIZE - 7));
		for (uint64_t offset = 0; offset < 0x100; offset += 4)
			vmmio_regfile_read(rf, offset, 4);
	}
	return arg;
}

static void *run_lockless(void *arg)
{
	struct vmmio_actions actions;

	while (!atomic_load(&stop)) {
		uint64_t state = vmmio_regfile_state(rf);

		vmmio_regfile_raise(rf, VMMIO_STATE_EPOCH(state), VMMIO_INT_USED_BUFFER);
		wr(VMMIO_REG_QUEUE_NOTIFY, 1, &actions);
		wrong_if(actions.n && actions.list[0].queue != 1);
		wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL, &actions);
	}
	return arg;
}

START_TEST(threads_lives)
{
	pthread_t writer[2], reader, lockless[2];

	make(_i);
	start(&reader, run_reader, NULL);
	start(&lockless[0], run_lockless, NULL);
	start(&lockless[1], run_lockless, NULL);
	start(&writer[0], run_writer, NULL);
	start(&writer[1], run_writer, NULL);
	pthread_join(writer[0], NULL);
	pthread_join(writer[1], NULL);
	atomic_store(&stop, true);
	pthread_join(reader, NULL);
	pthread_join(lockless[0], NULL);
	pthread_join(lockless[1], NULL);
	ck_assert_uint_eq(atomic_load(&failures), 0);
	ck_assert_uint_eq(VMMIO_STATE_EPOCH(vmmio_regfile_state(rf)), 2 * LIVES);
	ck_assert_uint_eq((uint32_t)vmmio_regfile_state(rf), 0);
}
END_TEST

/* --- No event is lost between raise and InterruptACK (E37) ------------------- */

static atomic_uint published; /* relaxed: only raise and ACK order it, as a used index */
static atomic_uint raising;

static void *run_raiser(void *arg)
{
	uint32_t epoch = VMMIO_STATE_EPOCH(vmmio_regfile_state(rf));

	for (unsigned i = 0; i < EVENTS; i++) {
		atomic_fetch_add_explicit(&published, 1, memory_order_relaxed);
		wrong_if(!vmmio_regfile_raise(rf, epoch, VMMIO_INT_USED_BUFFER));
	}
	atomic_fetch_sub(&raising, 1);
	return arg;
}

/* A driver's handler: acknowledge, then look. seen may only lag while a bit is set. */
static unsigned acknowledge_until_quiet(void)
{
	struct vmmio_actions actions;
	unsigned seen = 0, left;

	do {
		left = atomic_load(&raising);
		if (!vmmio_regfile_read(rf, VMMIO_REG_INTERRUPT_STATUS, 4))
			continue;
		wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER, &actions);
		wrong_if(actions.n != 1); /* nobody else acknowledges */
		seen = atomic_load_explicit(&published, memory_order_relaxed);
	} while (left || vmmio_regfile_read(rf, VMMIO_REG_INTERRUPT_STATUS, 4));
	return seen;
}

START_TEST(threads_no_lost_event)
{
	pthread_t raiser[RAISERS];

	make(_i);
	bring_up();
	atomic_store(&published, 0);
	atomic_store(&raising, RAISERS);
	for (unsigned i = 0; i < RAISERS; i++)
		start(&raiser[i], run_raiser, NULL);
	ck_assert_uint_eq(acknowledge_until_quiet(), RAISERS * EVENTS);
	for (unsigned i = 0; i < RAISERS; i++)
		pthread_join(raiser[i], NULL);
	ck_assert_uint_eq(atomic_load(&failures), 0);
}
END_TEST

/* --- Nobody's change of the word undoes another's (I13) ---------------------- */

/* The writer side changes the config bit and Status, and nobody else does. */
static void *run_needs_reset(void *arg)
{
	struct vmmio_actions actions;

	while (!atomic_load(&stop)) {
		vmmio_regfile_event(rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
		wrong_if(actions.n != 1);
		wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE, &actions);
		wrong_if(actions.n != 1);
	}
	return arg;
}

START_TEST(threads_bits_are_apart)
{
	struct vmmio_actions actions;
	pthread_t writer;

	make(_i);
	bring_up();
	start(&writer, run_needs_reset, NULL);
	for (unsigned i = 0; i < 20 * EVENTS; i++) {
		wrong_if(!vmmio_regfile_raise(rf, 0, VMMIO_INT_USED_BUFFER));
		wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER, &actions);
		wrong_if(actions.n != 1);
		wrong_if(VMMIO_STATE_INT(vmmio_regfile_state(rf)) & VMMIO_INT_USED_BUFFER);
	}
	atomic_store(&stop, true);
	pthread_join(writer, NULL);
	ck_assert_uint_eq(atomic_load(&failures), 0);
}
END_TEST

/* --- Config space: never a mixture ------------------------------------------- */

static void *run_config_writer(void *arg)
{
	for (unsigned i = 0; i < 20 * EVENTS; i++)
		change_config((uint8_t)(i + 1));
	atomic_store(&stop, true);
	return arg;
}

START_TEST(threads_config_is_one_version)
{
	pthread_t writer;

	make(_i);
	start(&writer, run_config_writer, NULL);
	for (unsigned n = 0; !atomic_load(&stop); n++)
		check_config(n % (CONFIG_SIZE - 7));
	pthread_join(writer, NULL);
	ck_assert_uint_eq(atomic_load(&failures), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regfile_threads");
	TCase *tc = fixture_tcase(suite, "threads");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, threads_lives, 2, 4);
	tcase_add_loop_test(tc, threads_no_lost_event, 2, 4);
	tcase_add_loop_test(tc, threads_bits_are_apart, 2, 4);
	tcase_add_loop_test(tc, threads_config_is_one_version, 2, 4);
	return fixture_main(suite);
}
