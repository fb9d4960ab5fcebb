/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library repeats runs of the model. Each thread of the model is a thread here, and runs
 * when the trace says so, from one sync point to the next: there the device has to be where the
 * model is, and the driver has to see what the model's sees. So neither the model nor the code
 * can change its order of events alone.
 *
 *     test_reset_model_replay [FILE]     the traces of FILE; else those beside this file
 */
#include <pthread.h>
#include <stdlib.h>

#include "device/internal.h"
#include "replay.h"
#include "support/rig.h"

#define DRIVER_IS_UP                                                                               \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |               \
		VMMIO_STATUS_DRIVER_OK)

struct actor {
	pthread_t thread;
	enum operation operation;
	unsigned argument;
	unsigned point; /* where it stands */
};

static struct stage {
	struct rig *rig;
	enum mode mode;
	struct actor actors[ACTORS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned turn; /* whose it is; ACTORS: the director's, who reads the trace */
	bool over, gone;
	unsigned used;
	struct rig_held held[2]; /* the backend's, one a queue; held by no lock: turns */
	bool holds[2];
} stage;

static _Thread_local struct actor *self;

/* --- Turns ---------------------------------------------------------------------------------- */

static void give_turn(unsigned to)
{
	pthread_mutex_lock(&stage.lock);
	stage.turn = to;
	pthread_cond_broadcast(&stage.changed);
	pthread_mutex_unlock(&stage.lock);
}

static void await_turn(unsigned of)
{
	pthread_mutex_lock(&stage.lock);
	while (stage.turn != of)
		pthread_cond_wait(&stage.changed, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
}

/* The director's own way is not the trace's. */
static void stop_at(unsigned point)
{
	if (!self)
		return;
	self->point = point;
	give_turn(ACTORS);
	await_turn((unsigned)(self - stage.actors));
}

static void at_sync(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	stop_at(point);
}

static void at_sink(void *ctx, bool high)
{
	(void)ctx;
	(void)high;
	stop_at(POINT_SINK);
}

static void at_destroyed(void *ctx)
{
	(void)ctx;
	stop_at(POINT_DESTROYED);
}

/* --- The backend: backend.pml, driver.pml --------------------------------------------------- */

static void complete_held(unsigned q)
{
	struct rig_held held = stage.held[q];

	if (!stage.holds[q])
		return;
	stage.holds[q] = false;
	vmmio_queue_complete_one(held.queue, held.chain.token, 8);
}

static void notify(void *ctx, struct vmmio_queue *queue)
{
	unsigned q = vmmio_queue_index(queue);
	struct vmmio_chain chain;

	(void)ctx;
	if (!vmmio_queue_pop(queue, &chain, 1))
		return;
	ck_assert(!stage.holds[q]);
	stage.held[q] = (struct rig_held){queue, chain};
	stage.holds[q] = true;
}

static int quiesce(void *ctx, vmmio_token token)
{
	(void)ctx;
	(void)token;
	for (unsigned q = 0; stage.mode == MODE_CANCEL && q < 2; q++)
		complete_held(q);
	return 0;
}

static int queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	(void)ctx;
	(void)token;
	if (stage.mode == MODE_CANCEL)
		complete_held(vmmio_queue_index(queue));
	return 0;
}

/* --- What a thread does --------------------------------------------------------------------- */

static void poll(struct rig *rig)
{
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert(atomic_load(&rig->dev->dead) || !rig_counters(rig).resetting);
}

static void perform(const struct actor *actor)
{
	struct rig *rig = stage.rig;

	switch (actor->operation) {
	case O_KICK:
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, actor->argument);
		break;
	case O_ZERO:
		rig_write(rig, VMMIO_REG_STATUS, 0);
		break;
	case O_POLL:
		if (!stage.gone)
			poll(rig);
		break;
	case O_ACKNOWLEDGE:
		rig_write(rig, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE);
		break;
	case O_QRESET:
		rig_write(rig, VMMIO_REG_QUEUE_SEL, actor->argument);
		rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
		break;
	case O_ACK:
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		break;
	case O_DESTROY:
		ck_assert_int_eq(vmmio_device_destroy(rig->dev, at_destroyed, NULL), 0);
		break;
	case O_TASK:
		ck_assert(vmmio_manual_step(rig->ex, 0));
		break;
	case O_COMPLETE:
		ck_assert_msg(stage.holds[actor->argument], "the backend holds no chain");
		complete_held(actor->argument);
		break;
	case OPERATIONS:
		break;
	}
}

static void *act(void *arg)
{
	unsigned i = (unsigned)((struct actor *)arg - stage.actors);

	self = arg;
	for (await_turn(i); !stage.over; await_turn(i)) {
		perform(self);
		self->point = POINT_RETURNED;
		give_turn(ACTORS);
	}
	give_turn(ACTORS);
	return NULL;
}

/* --- What the driver sees ------------------------------------------------------------------- */

static unsigned passes(vmmio_gate *gate)
{
	return (unsigned)((atomic_load(gate) & ~VMMIO_GATE_CLOSED) / VMMIO_GATE_PASS);
}

static void look_at_device(struct vmmio_device *dev, struct seen *seen)
{
	struct rig *rig = stage.rig;
	uint32_t status = rig_read(rig, VMMIO_REG_STATUS);

	seen->status = status == DRIVER_IS_UP ? 2 : status;
	seen->interrupt = rig_read(rig, VMMIO_REG_INTERRUPT_STATUS);
	for (unsigned q = 0; q < 2; q++) {
		if (!atomic_load(&dev->dead))
			see_queue(dev->rf, q, seen);
		seen->passes += passes(&dev->queues[q].gate);
	}
	seen->passes += passes(&dev->gate);
	seen->leases = rig_counters(rig).leases;
}

static struct seen look(void)
{
	struct rig *rig = stage.rig;
	struct seen seen = {.line = atomic_load(&rig->line)};

	if (!stage.gone)
		look_at_device(rig->dev, &seen);
	for (unsigned q = 0; q < 2; q++) {
		int n = rig_reap(rig, q);

		ck_assert_int_ge(n, 0);
		stage.used += (unsigned)n;
	}
	seen.used = stage.used;
	seen.tasks = (unsigned)vmmio_manual_pending(rig->ex);
	return seen;
}

#define COMPARE(what)                                                                              \
	ck_assert_msg(now.what == line->seen.what,                                                 \
		"line %u, thread %u at %s: " #what " is %u in the code, %u in the model",          \
		line->number, line->actor, point_name(line->point), now.what, line->seen.what)

static void compare(const struct line *line)
{
	struct seen now = look();

	COMPARE(status);
	COMPARE(ready[0]);
	COMPARE(ready[1]);
	COMPARE(reset[0]);
	COMPARE(reset[1]);
	COMPARE(interrupt);
	COMPARE(line);
	COMPARE(leases);
	COMPARE(passes);
	COMPARE(tasks);
	COMPARE(used);
}

/* --- The director ------------------------------------------------------------------------- */

/* The device is there until the destroyed callback returns. */
static void play(const struct line *line)
{
	struct actor *actor = &stage.actors[line->actor];

	if (line->begins) {
		ck_assert_uint_eq(actor->point, POINT_RETURNED);
		actor->operation = line->operation;
		actor->argument = line->argument;
		return;
	}
	stage.gone |= actor->point == POINT_DESTROYED;
	give_turn(line->actor);
	await_turn(ACTORS);
	ck_assert_msg(actor->point == line->point,
		"line %u: thread %u is at %s in the code, at %s in the model", line->number,
		line->actor, point_name(actor->point), point_name(line->point));
	compare(line);
}

/* A buffer that no notification was sent for. */
static void add_buffer(struct rig *rig, unsigned q)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(rig->driver, q);
	struct vmmio_driver_seg in = {rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};

	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_publish(queue);
}

static void set_stage(enum mode mode)
{
	struct rig_options o = {.version = 3};
	struct rig *rig = rig_create(&o);

	stage = (struct stage){.rig = rig, .mode = mode, .turn = ACTORS};
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.changed, NULL);
	rig->puppet->ops.notify = notify;
	rig->puppet->ops.quiesce = quiesce;
	rig->puppet->ops.queue_stop = queue_stop;
	rig_up(rig);
	for (unsigned q = 0; q < 2; q++)
		add_buffer(rig, q);
	rig->on_line = at_sink;
	vmmio_sync_hook = at_sync;
	for (unsigned i = 0; i < ACTORS; i++) {
		stage.actors[i].point = POINT_RETURNED;
		ck_assert_int_eq(
			pthread_create(&stage.actors[i].thread, NULL, act, &stage.actors[i]), 0);
	}
}

/* Where the model ends, only a stuck backend keeps the device from its end. */
static void clear_stage(void)
{
	struct rig *rig = stage.rig;

	stage.over = true;
	for (unsigned i = 0; i < ACTORS; i++) {
		ck_assert_uint_eq(stage.actors[i].point, POINT_RETURNED);
		give_turn(i);
		await_turn(ACTORS);
		pthread_join(stage.actors[i].thread, NULL);
	}
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 0);
	if (!stage.gone && rig_counters(rig).resetting) {
		ck_assert(stage.mode == MODE_HANG && stage.holds[0]);
		complete_held(0);
		rig_settle(rig);
		stage.gone = atomic_load(&rig->puppet->detaches) > 0;
	}
	complete_held(0);
	complete_held(1);
	if (stage.gone)
		rig->dev = NULL;
	rig_free(rig);
	vmmio_sync_hook = NULL;
	pthread_cond_destroy(&stage.changed);
	pthread_mutex_destroy(&stage.lock);
}

/* --- Tests ---------------------------------------------------------------------------------- */

static struct trace *traces[TRACES_MAX];

START_TEST(the_library_repeats_the_run)
{
	const struct trace *trace = traces[_i];

	set_stage(trace->mode);
	for (unsigned i = 0; i < trace->n; i++)
		play(&trace->lines[i]);
	clear_stage();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("reset_model_replay");
	TCase *runs = fixture_tcase(suite, "runs");
	unsigned n = traces_read(argc > 1 ? argv[1] : TRACES, traces);
	int result;

	tcase_add_loop_test(runs, the_library_repeats_the_run, 0, (int)n);
	result = n ? fixture_main(suite) : EXIT_FAILURE;
	traces_free(traces);
	return result;
}
