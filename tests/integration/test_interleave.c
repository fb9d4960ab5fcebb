/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset interleavings. A script (bring-up, I/O, queue reset, device reset) runs on one
 * thread with the manual executor; at one sync point, once, one event happens on a second
 * thread: another vCPU or the backend. Points x events x phases is a table of cells; every
 * cell is run over the variants, and what has to hold is checked:
 *
 *   Status reads non-zero from the acceptance to the one store of zero, InterruptStatus 0
 *   from the acceptance on; at zero no lease is out, QueueReady and QueueReset are 0 and
 *   the line is low; after zero no sink call, no hook, no byte of guest memory; one
 *   quiesce and one reset_finish a reset; the next life does I/O.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device/internal.h"
#include "support/rig.h"

enum event {
	EV_COMPLETE,    /* a completion, or one more for a chain that was completed */
	EV_ZERO,        /* the other vCPU writes zero to Status */
	EV_NONZERO,     /* the other vCPU writes ACKNOWLEDGE */
	EV_QUEUE_RESET, /* QueueReset of queue 1 */
	EV_NOTIFY,      /* QueueNotify of both queues, buffers waiting or not */
	EV_CONFIG,      /* the backend changes config space */
	EV_ACK,         /* InterruptACK of everything */
	EV_HOST_RESET,
	EV_PENDING,     /* the other vCPU writes zero to Status and has itself told */
	EV_PAUSE,       /* and stays paused until the script resumes it */
	EV_BLINK,       /* pause and at once resume */
	EV_FENCE,       /* refused unless a reset runs */
	EV_DESTROY,
	EV_COUNT
};

static const char *const event_names[EV_COUNT] = {
	"complete", "zero", "nonzero", "qreset", "notify", "config", "ack", "hostreset", "pending", "pause", "blink", "fence", "destroy"};

static const char *const point_names[VMMIO_SYNC_COUNT] = {
#define X(name) #name,
	VMMIO_SYNC_POINT_LIST(X)
#undef X
};

/* When the event is armed: from the start of the script, or with the zero write. */
enum phase { PHASE_LIVE, PHASE_RESET, PHASE_FENCE, PHASE_COUNT };

static const char *const phase_names[PHASE_COUNT] = {"live", "reset", "fence"};

/* How the backend winds up, and whether its hooks run in the write. */
struct variant {
	uint32_t version;
	bool packed, prompt, late;
};

static struct variant variant_of(int i)
{
	return (struct variant){i & 1 ? 3 : 2, i & 2, i & 4, i & 8};
}
#define VARIANTS 16

/* The cell being run. The hook runs on whatever thread comes by; one takes it. */
static struct cell {
	struct rig *rig;
	enum vmmio_sync_point point;
	enum event event;
	_Atomic bool armed;
	_Atomic bool fired;
	_Atomic bool over; /* the event's thread has returned */
	pthread_t thread;
	uint64_t old_token;
	struct vmmio_queue *old_queue;
	uint32_t status_then; /* when the reset was accepted */
	bool destroy, paused, fenced;
	struct rig_waiter waiters[4]; /* of the event: reset, pause, resume; of the script */
	unsigned due[4];              /* how often each has to be told */
	unsigned bad_status, bad_interrupt;
} cell;

/* --- Events, on a thread of their own ---------------------------------------------------- */

static void do_complete(struct rig *rig)
{
	if (!rig_complete(rig, 0, 8) && cell.old_queue && !cell.destroy) {
		fixture_expect_log("token that is not out");
		vmmio_queue_complete_one(cell.old_queue, cell.old_token, 8);
	}
}

static void do_config(struct rig *rig)
{
	static _Atomic uint8_t next;
	uint8_t byte = (uint8_t)(atomic_fetch_add(&next, 1) | 1);

	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 3, &byte, 1), 0);
}

/* A call with a waiter: due if it is to be told, and taken note of. */
static int note(unsigned i, int answer)
{
	cell.due[i] = answer == VMMIO_PENDING;
	ck_assert_int_le(answer, VMMIO_PENDING);
	return answer;
}

/* Only a pause can be refused, by one of the script's. */
static void do_pause(struct rig *rig, bool blink)
{
	int answer;

	fixture_expect_log("paused twice");
	answer = note(1, vmmio_device_pause(rig->dev, &cell.waiters[1].waiter));
	cell.paused = !blink && (answer >= 0 || answer == -ECANCELED);
	if (!blink || answer < 0)
		return;
	fixture_expect_log("resumed without a pause");
	note(2, vmmio_device_resume(rig->dev, &cell.waiters[2].waiter));
}

static void do_fence(struct rig *rig)
{
	int answer;

	fixture_expect_log("no reset is under way");
	fixture_expect_log("fenced with");
	fixture_expect_log("FEATURES_OK is refused");
	fixture_expect_log("fenced chain");
	answer = vmmio_device_fence(rig->dev);
	ck_assert(answer == 0 || answer == -EINVAL);
	cell.fenced |= answer == 0;
}

static void *event_thread(void *arg)
{
	struct rig *rig = arg;

	switch (cell.event) {
	case EV_COMPLETE:
		do_complete(rig);
		break;
	case EV_ZERO:
		rig_write(rig, VMMIO_REG_STATUS, 0);
		break;
	case EV_NONZERO:
		rig_write(rig, VMMIO_REG_STATUS, VMMIO_STATUS_ACKNOWLEDGE);
		break;
	case EV_QUEUE_RESET:
		rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
		rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
		break;
	case EV_NOTIFY:
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
		rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 1);
		break;
	case EV_CONFIG:
		do_config(rig);
		break;
	case EV_ACK:
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		break;
	case EV_HOST_RESET:
		note(0, vmmio_device_reset(rig->dev, &cell.waiters[0].waiter));
		break;
	case EV_PENDING:
		note(0, vmmio_device_write_pending(rig->dev, VMMIO_REG_STATUS, 4, 0,
				&cell.waiters[0].waiter));
		break;
	case EV_PAUSE:
	case EV_BLINK:
		do_pause(rig, cell.event == EV_BLINK);
		break;
	case EV_FENCE:
		do_fence(rig);
		break;
	case EV_DESTROY:
		cell.destroy = true;
		ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
		break;
	case EV_COUNT:
		break;
	}
	atomic_store(&cell.over, true);
	return NULL;
}

/* A version 2 zero write waits for the reset: its thread is joined at the end of the cell.
 * Everything else must return while the script stands still: joined here. */
static bool event_waits(const struct rig *rig)
{
	return cell.event == EV_ZERO && rig->o.version == 2;
}

/* Between the acceptance of a reset of a device in use and its end: what the driver sees. */
static void look(struct rig *rig, enum vmmio_sync_point point)
{
	bool running;

	if (cell.destroy) {
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_MAGIC), 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
		return;
	}
	pthread_mutex_lock(&rig->dev->lock);
	if (point == VMMIO_SYNC_WRITE_ACCEPTED)
		cell.status_then = rig_read(rig, VMMIO_REG_STATUS);
	running = rig->dev->resetting && cell.status_then;
	if (running && rig_read(rig, VMMIO_REG_STATUS) != cell.status_then)
		cell.bad_status++;
	if (running && rig_read(rig, VMMIO_REG_INTERRUPT_STATUS))
		cell.bad_interrupt++;
	pthread_mutex_unlock(&rig->dev->lock);
}

static void at_point(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	bool armed = true;

	if (!cell.rig || dev != cell.rig->dev)
		return;
	look(cell.rig, point);
	if (point != cell.point || !atomic_compare_exchange_strong(&cell.armed, &armed, false))
		return;
	ck_assert_int_eq(pthread_create(&cell.thread, NULL, event_thread, cell.rig), 0);
	atomic_store(&cell.fired, true);
	if (!event_waits(cell.rig)) {
		pthread_join(cell.thread, NULL);
		look(cell.rig, VMMIO_SYNC_COUNT);
		return;
	}
	/* Give it time to get as far as it can; nothing is judged by it. */
	for (int i = 0; i < 20 && !atomic_load(&cell.over); i++)
		usleep(20);
}

/* --- The script ------------------------------------------------------------------------------ */

static void arm(enum phase now, enum phase wanted)
{
	if (now == wanted)
		atomic_store(&cell.armed, true);
}

static void remember_chain(struct rig *rig)
{
	pthread_mutex_lock(&rig->puppet->lock);
	if (rig->puppet->n_held) {
		cell.old_queue = rig->puppet->held[0].queue;
		cell.old_token = rig->puppet->held[0].chain.token;
	}
	pthread_mutex_unlock(&rig->puppet->lock);
}

/* In the live phase anything may come between: results are not judged, only survived. */
static bool try_up(struct rig *rig)
{
	int error = vmmio_driver_start(rig->driver, rig_features(rig), 2, 16);

	rig_settle(rig);
	return !error;
}

static void try_io(struct rig *rig)
{
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	remember_chain(rig);
	rig_complete(rig, 1, 16);
	rig_settle(rig);
}

static void try_queue_reset(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
}

/* A call of the script's: answered, or told once. */
static void await(struct rig *rig, int answer)
{
	struct rig_waiter *w = &cell.waiters[3];

	for (unsigned i = 0; answer == VMMIO_PENDING && !atomic_load(&w->told); i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the script's waiter is not told");
		if (!vmmio_executor_help(rig->ex) && !rig_complete(rig, 0, 8))
			sched_yield(); /* a waiting vCPU may be stepping the executor */
	}
	ck_assert_uint_eq(atomic_load(&w->told), answer == VMMIO_PENDING);
	atomic_store(&w->told, 0);
}

static void resume(struct rig *rig)
{
	fixture_expect_log("resumed without a pause");
	fixture_expect_log("being destroyed");
	await(rig, vmmio_device_resume(rig->dev, &cell.waiters[3].waiter));
}

/* The script's own pause and resume, with a kick between. */
static void try_pause(struct rig *rig)
{
	fixture_expect_log("paused twice");
	fixture_expect_log("being destroyed");
	await(rig, vmmio_device_pause(rig->dev, &cell.waiters[3].waiter));
	if (cell.destroy)
		return;
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	resume(rig);
	if (!cell.destroy)
		rig_settle(rig);
}

/* An event that takes nothing away leaves a device that does I/O. */
static void judge(struct rig *rig)
{
	if (cell.event == EV_ZERO || cell.event == EV_QUEUE_RESET || cell.event >= EV_DESTROY ||
		cell.event == EV_HOST_RESET || cell.event == EV_PENDING)
		return;
	resume(rig); /* the event may have been the last to pause */
	cell.paused = false;
	rig_complete_all(rig);
	rig_settle(rig);
	rig_reap(rig, 0);
	rig_reap(rig, 1);
	rig_check_io(rig);
	try_io(rig); /* so that the reset has chains to wait for */
}

/* A driver that comes too late finds the device gone: the script ends there. */
static bool live_part(struct rig *rig)
{
	if (!try_up(rig) || cell.destroy)
		return false;
	try_io(rig);
	if (cell.destroy || !rig_read(rig, VMMIO_REG_STATUS))
		return false;
	try_pause(rig);
	if (cell.destroy)
		return false;
	judge(rig);
	try_queue_reset(rig);
	return true;
}

static void reset_part(struct rig *rig)
{
	if (cell.destroy)
		return;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	for (unsigned i = 0; i < 1000 && !cell.destroy && rig_read(rig, VMMIO_REG_STATUS); i++)
		if (!vmmio_executor_help(rig->ex))
			rig_complete(rig, 0, 8);
}

/* The host's reset, whose chains never come back of themselves. */
static void fence_part(struct rig *rig)
{
	int answer;

	if (cell.destroy)
		return;
	fixture_expect_log("being destroyed");
	answer = vmmio_device_reset(rig->dev, &cell.waiters[3].waiter);
	if (!cell.destroy)
		do_fence(rig);
	await(rig, answer);
}

static void join_event(void)
{
	if (atomic_load(&cell.fired) && event_waits(cell.rig)) {
		/* A pop that was under way when the other vCPU wrote zero may have handed out
		 * chains that quiesce did not see yet. */
		while (!atomic_load(&cell.over)) {
			rig_complete_all(cell.rig);
			usleep(50);
		}
		pthread_join(cell.thread, NULL);
	}
	atomic_store(&cell.fired, false);
}

/* Right after the first read of zero. */
static void check_zero(struct rig *rig, struct vmmio_device_counters *before)
{
	uint64_t sum = rig_ram_sum(rig);
	unsigned edges = atomic_load(&rig->edges), quiesces = rig->puppet->quiesces;
	unsigned notifies = rig->puppet->notifies, finishes = rig->puppet->finishes;

	*before = rig_counters(rig);
	ck_assert_uint_eq(before->leases, 0);
	ck_assert(cell.fenced || rig_held(rig) == 0);
	ck_assert(!atomic_load(&rig->line));
	for (unsigned q = 0; q < 2; q++) {
		ck_assert_uint_eq(rig_queue_read(rig, q, VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
	}
	/* Everything that is left runs out, and late answers come. */
	rig_complete_all(rig);
	rig_settle(rig);
	if (cell.old_queue) {
		fixture_expect_log("token that is not out");
		vmmio_queue_complete_one(cell.old_queue, cell.old_token, 8);
	}
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(atomic_load(&rig->edges), edges);
	ck_assert_uint_eq(rig->puppet->quiesces, quiesces);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	ck_assert_uint_eq(rig->puppet->finishes, finishes);
	ck_assert_uint_eq(rig_ram_sum(rig), sum);
	ck_assert_uint_eq(rig_counters(rig).completions, before->completions);
}

/* A fenced device is dead: the driver finds that its features are refused. */
static void check_dead(struct rig *rig)
{
	const uint32_t status = VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER;

	rig_write(rig, VMMIO_REG_STATUS, status);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
	rig_write(rig, VMMIO_REG_STATUS, status | VMMIO_STATUS_FEATURES_OK);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), status);
}

static void check_life(struct rig *rig)
{
	if (cell.paused)
		resume(rig);
	if (cell.fenced) {
		check_dead(rig);
		return;
	}
	rig_up(rig);
	rig_check_io(rig);
}

/* Everybody who was to be told was, once, before the device went. */
static void check_waiters(void)
{
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(atomic_load(&cell.waiters[i].told), cell.due[i]);
}

static bool run_cell(struct variant v, enum vmmio_sync_point point, enum event event, enum phase phase)
{
	bool fence = phase == PHASE_FENCE;
	struct puppet puppet = {.cancel = !v.late && !fence, .late = v.late && !fence, .dma = true,
		.polite = fence || event == EV_FENCE, .parks = v.late != v.packed};
	struct rig_options o = {.version = v.version, .packed = v.packed, .prompt = v.prompt,
		.puppet = &puppet};
	struct vmmio_device_counters counters;
	bool hit;

	cell = (struct cell){.rig = rig_create(&o), .point = point, .event = event,
		.waiters = {RIG_WAITER, RIG_WAITER, RIG_WAITER, RIG_WAITER}};
	struct rig *rig = cell.rig;

	arm(PHASE_LIVE, phase);
	live_part(rig);
	if (phase == PHASE_LIVE)
		join_event();
	arm(PHASE_RESET, phase);
	arm(PHASE_FENCE, phase);
	if (fence)
		fence_part(rig);
	else
		reset_part(rig);
	hit = !atomic_exchange(&cell.armed, false);
	join_event();
	ck_assert_msg(!cell.bad_status && !cell.bad_interrupt,
		"Status changed %u times and InterruptStatus non-zero %u times during a reset",
		cell.bad_status, cell.bad_interrupt);
	if (!cell.destroy) {
		rig_settle(rig);
		/* After the end ACKNOWLEDGE begins a new life: not dropped (I13). */
		if (rig_read(rig, VMMIO_REG_STATUS) == VMMIO_STATUS_ACKNOWLEDGE)
			rig_reset(rig);
		/* A version 2 reset of the other vCPU may have come after ours. */
		rig_wait_zero(rig);
		check_zero(rig, &counters);
		ck_assert_uint_le(rig->puppet->quiesces, counters.resets);
		check_life(rig);
	}
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	struct rig *free_rig = rig;

	cell.rig = NULL;
	if (cell.destroy) {
		/* Already told to go: only wait for the end. */
		rig_complete_all(rig);
		rig_settle(rig);
		ck_assert_uint_eq(rig->puppet->detaches, 1);
		rig->dev = NULL;
	}
	check_waiters();
	rig_free(free_rig);
	return hit;
}

/* --- The table ---------------------------------------------------------------------------------- */

/* Which points lie in which phase: a point that is in neither has no row and fails. */
static const bool in_phase[VMMIO_SYNC_COUNT][PHASE_COUNT] = {
	[VMMIO_SYNC_FEATURES_ASKED] = {true, false},
	[VMMIO_SYNC_WRITE_ACCEPTED] = {false, true, true},
	[VMMIO_SYNC_WRITE_LINE_DROPPED] = {false, true, true},
	[VMMIO_SYNC_WRITE_LEFT] = {false, true, true},
	[VMMIO_SYNC_TASK_BEGIN] = {true, true, true},
	[VMMIO_SYNC_QUIESCE_CALL] = {false, true, true},
	[VMMIO_SYNC_QUIESCE_RETURNED] = {false, true, true},
	[VMMIO_SYNC_COMPLETE_ENTER] = {true, true},
	[VMMIO_SYNC_COMPLETE_PUBLISHED] = {true, true},
	[VMMIO_SYNC_COMPLETE_RAISED] = {true, true},
	[VMMIO_SYNC_COMPLETE_LEFT] = {true, true},
	[VMMIO_SYNC_FINISH_CALL] = {false, true},
	[VMMIO_SYNC_FINISH_RETURNED] = {false, true},
	[VMMIO_SYNC_POP_ENTERED] = {true, false},
	[VMMIO_SYNC_POP_TAKEN] = {true, false},
	[VMMIO_SYNC_NOTIFY_CALL] = {true, false},
	[VMMIO_SYNC_STOP_ACCEPTED] = {true, false},
	[VMMIO_SYNC_START_CALL] = {true, false},
	[VMMIO_SYNC_START_RETURNED] = {true, false},
	[VMMIO_SYNC_ACTIVATE] = {true, false},
	[VMMIO_SYNC_STOP_CALL] = {true, false},
	[VMMIO_SYNC_STOP_RETURNED] = {true, false},
	[VMMIO_SYNC_PAUSE_BEGUN] = {true, false},
	[VMMIO_SYNC_PAUSE_CALL] = {true, false},
	[VMMIO_SYNC_PAUSE_RETURNED] = {true, false},
	[VMMIO_SYNC_RESUME_CALL] = {true, false},
	[VMMIO_SYNC_RESUME_OPEN] = {true, false},
	[VMMIO_SYNC_RESUME_LINE] = {true, false},
	[VMMIO_SYNC_FENCE] = {false, false, true},
	[VMMIO_SYNC_REPORT] = {true, true, true},
};

static void run_point(enum vmmio_sync_point point, enum phase phase)
{
	printf("%-16s %-6s", point_names[point], phase_names[phase]);
	for (int event = 0; event < EV_COUNT; event++) {
		unsigned hits = 0;

		for (int i = 0; i < VARIANTS; i++)
			hits += run_cell(variant_of(i), point, (enum event)event, phase);
		printf(" %s:%u", event_names[event], hits);
		ck_assert_msg(hits, "point %s was not reached in phase %d", point_names[point], phase);
	}
	printf("\n");
	fflush(stdout);
}

START_TEST(every_point_has_a_row)
{
	ck_assert_msg(in_phase[_i][PHASE_LIVE] || in_phase[_i][PHASE_RESET] || in_phase[_i][PHASE_FENCE],
		"sync point %s has no row in the table", point_names[_i]);
}
END_TEST

START_TEST(cells_of_a_point)
{
	vmmio_sync_hook = at_point;
	for (int phase = 0; phase < PHASE_COUNT; phase++)
		if (in_phase[_i][phase])
			run_point((enum vmmio_sync_point)_i, (enum phase)phase);
	vmmio_sync_hook = NULL;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interleave");
	TCase *table = fixture_tcase(suite, "table");

	tcase_set_timeout(table, 300);
	tcase_add_loop_test(table, every_point_has_a_row, 0, VMMIO_SYNC_COUNT);
	tcase_add_loop_test(table, cells_of_a_point, 0, VMMIO_SYNC_COUNT);
	return fixture_main(suite);
}
