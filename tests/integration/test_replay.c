/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces of a whole device life: recorded, written out, read back, replayed on another device;
 * and trace and metrics read while a device is busy. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "support/rig.h"

#define ENTRIES 4096u

/* --- Recording ------------------------------------------------------------------ */

struct recording {
	struct vmmio_trace *trace;
	struct rig *rig;
	uint8_t *ram; /* as it was when the driver had made its buffers available */
	struct vmmio_trace_entry entries[ENTRIES];
	size_t n;
};

static struct recording *record(int i, const struct puppet *puppet)
{
	struct recording *r = calloc(1, sizeof(*r));
	struct rig_options o = {.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet,
		.n_observers = 1};

	ck_assert_ptr_nonnull(r);
	r->ram = malloc(RIG_RAM_SIZE);
	ck_assert_ptr_nonnull(r->ram);
	ck_assert_int_eq(vmmio_trace_create(NULL, &r->trace), 0);
	o.observers = vmmio_trace_observer(r->trace);
	r->rig = rig_create(&o);
	return r;
}

static void keep_ram(struct recording *r)
{
	memcpy(r->ram, r->rig->ram, RIG_RAM_SIZE);
}

/* Ends the recording. The entries take the way through JSON. */
static void stop(struct recording *r)
{
	struct vmmio_trace_cursor cursor = {0};
	size_t room = ENTRIES * VMMIO_TRACE_LINE, length = 0, parsed;
	char *text = malloc(room);

	ck_assert_ptr_nonnull(text);
	r->n = vmmio_trace_read(r->trace, &cursor, r->entries, ENTRIES);
	ck_assert_uint_gt(r->n, 20);
	ck_assert_uint_eq(cursor.lost, 0);
	for (size_t i = 0; i < r->n; i++) {
		length += (size_t)vmmio_trace_format(
			&r->entries[i], VMMIO_FORMAT_JSON, text + length, room - length);
		text[length++] = '\n';
	}
	memset(r->entries, 0, sizeof(r->entries));
	ck_assert_int_eq(vmmio_trace_parse(text, length, r->entries, ENTRIES, &parsed, NULL), 0);
	ck_assert_uint_eq(parsed, r->n);
	free(text);
	rig_free(r->rig);
	ck_assert_int_eq(vmmio_trace_destroy(r->trace), 0);
}

static void forget(struct recording *r)
{
	free(r->ram);
	free(r);
}

/* --- Replaying ------------------------------------------------------------------ */

struct player {
	struct rig *rig;
	unsigned mismatches, waits;
	uint64_t passed; /* ns */
	struct vmmio_trace_entry recorded, seen; /* of the first mismatch */
};

static void advance(void *ctx, const struct vmmio_trace_entry *next, uint64_t ns)
{
	struct player *p = ctx;

	(void)next;
	p->passed += ns;
	vmmio_manual_advance(p->rig->ex, ns);
}

static bool help(void *ctx, const struct vmmio_trace_entry *recorded)
{
	struct player *p = ctx;

	(void)recorded;
	p->waits++;
	return vmmio_executor_help(p->rig->ex) || rig_complete(p->rig, 0, 64);
}

static void mismatch(void *ctx, const struct vmmio_trace_entry *recorded,
	const struct vmmio_trace_entry *seen)
{
	struct player *p = ctx;

	if (p->mismatches++)
		return;
	p->recorded = *recorded;
	p->seen = *seen;
}

static size_t replay(struct player *p, const struct recording *r)
{
	struct vmmio_replay_options o = {.size = sizeof(o), .ctx = p, .advance = advance, .wait = help,
		.mismatch = mismatch, .log = fixture_log()};
	size_t mismatches = 77;

	memcpy(p->rig->ram, r->ram, RIG_RAM_SIZE);
	ck_assert_int_eq(vmmio_trace_replay(p->rig->dev, r->entries, r->n, &o, &mismatches), 0);
	ck_assert_uint_eq(mismatches, p->mismatches);
	return mismatches;
}

static struct player fresh(int i, const struct puppet *puppet)
{
	struct rig_options o = {
		.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet};

	return (struct player){.rig = rig_create(&o)};
}

/* --- Round trips ---------------------------------------------------------------- */

static const struct puppet cancels = {.cancel = true};

/* Bring-up, I/O that the backend holds for a while, a reset. */
static struct recording *record_a_life(int i)
{
	struct recording *r = record(i, &cancels);
	struct rig *rig = r->rig;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	rig_add(rig, 1, NULL); /* one after the other: a replay sees all of them at once */
	keep_ram(r);
	for (unsigned n = 0; n < 2; n++) {
		vmmio_manual_advance(rig->ex, 1000);
		ck_assert(rig_complete(rig, 0, 64));
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 1);
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, 1);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	}
	rig_reset(rig); /* the third chain is cancelled */
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	stop(r);
	return r;
}

START_TEST(a_replay_reads_the_same)
{
	struct recording *r = record_a_life(_i);
	struct player p = fresh(_i, &cancels);

	ck_assert_uint_eq(replay(&p, r), 0);
	ck_assert_uint_eq(p.passed, 2000);
	ck_assert_uint_eq(rig_read(p.rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_counters(p.rig).chains, 3);
	ck_assert_uint_eq(rig_counters(p.rig).completions, 2);
	ck_assert_uint_eq(rig_counters(p.rig).dropped, 1);
	rig_free(p.rig);
	forget(r);
}
END_TEST

/* A device of the other version answers otherwise: where, and with what. */
START_TEST(a_replay_finds_another_device)
{
	struct recording *r = record_a_life(_i);
	struct player p = fresh(_i ^ 1, &cancels);

	ck_assert_uint_ge(replay(&p, r), 1);
	ck_assert_uint_eq(p.recorded.offset, VMMIO_REG_VERSION);
	ck_assert_uint_eq(p.recorded.value, rig_version(_i));
	ck_assert_uint_eq(p.seen.value, rig_version(_i ^ 1));
	ck_assert_uint_eq(p.seen.number, p.recorded.number);
	rig_free(p.rig);
	forget(r);
}
END_TEST

/* The driver's handler runs inside the notify that completes: it ends first and began last. */
static void handler(void *ctx, bool high)
{
	struct rig *rig = ctx;

	if (high)
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, rig_read(rig, VMMIO_REG_INTERRUPT_STATUS));
}

static const struct vmmio_trace_entry *find(const struct recording *r, uint64_t offset)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->entries[i].offset == offset)
			return &r->entries[i];
	return NULL;
}

START_TEST(nested_accesses_are_sorted)
{
	const struct puppet serves = {.serve = true};
	struct recording *r = record(_i, &serves);
	struct vmmio_driver_seg in = {r->rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};
	struct vmmio_replay_options o = {.size = sizeof(o), .log = fixture_log()};
	const struct vmmio_trace_entry *notify, *ack;
	struct player p = fresh(_i, &serves);
	size_t untouched = 77;

	rig_up(r->rig);
	r->rig->on_line = handler;
	r->rig->on_line_ctx = r->rig;
	ck_assert_int_ge(vmmio_driver_queue_add(vmmio_driver_queue(r->rig->driver, 0), &chain), 0);
	vmmio_driver_queue_publish(vmmio_driver_queue(r->rig->driver, 0));
	keep_ram(r);
	vmmio_driver_queue_notify(vmmio_driver_queue(r->rig->driver, 0));
	ck_assert(!atomic_load(&r->rig->line));
	r->rig->on_line = NULL;
	rig_reset(r->rig);
	stop(r);
	notify = find(r, VMMIO_REG_QUEUE_NOTIFY);
	ack = find(r, VMMIO_REG_INTERRUPT_ACK);
	ck_assert_ptr_nonnull(notify);
	ck_assert_ptr_nonnull(ack);
	ck_assert(ack->number < notify->number && ack->order > notify->order);

	fixture_expect_log("sort one device's entries");
	ck_assert_int_eq(vmmio_trace_replay(p.rig->dev, r->entries, r->n, &o, &untouched), -EINVAL);
	ck_assert_uint_eq(untouched, 77);
	vmmio_trace_sort(r->entries, r->n);
	ck_assert_uint_eq(replay(&p, r), 0);
	ck_assert_uint_eq(rig_counters(p.rig).completions, 1);
	rig_free(p.rig);
	forget(r);
}
END_TEST

/* --- Bounds and misuse ---------------------------------------------------------- */

static bool always(void *ctx, const struct vmmio_trace_entry *recorded)
{
	(void)recorded;
	++*(unsigned *)ctx;
	return true;
}

START_TEST(patience_ends)
{
	const struct vmmio_trace_entry never = {.offset = VMMIO_REG_MAGIC, .size = 4, .value = 1};
	struct rig_options ro = {.version = 3};
	struct rig *rig = rig_create(&ro);
	unsigned waits = 0;
	struct vmmio_replay_options o = {
		.size = sizeof(o), .ctx = &waits, .wait = always, .patience = 5};
	size_t mismatches;

	ck_assert_int_eq(vmmio_trace_replay(rig->dev, &never, 1, &o, &mismatches), 0);
	ck_assert_uint_eq(mismatches, 1);
	ck_assert_uint_eq(waits, 4);
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, &never, 1, NULL, NULL), 0);
	rig_free(rig);
}
END_TEST

START_TEST(what_was_refused_is_left_out)
{
	const struct vmmio_trace_entry entries[] = {
		{.order = 0, .offset = VMMIO_REG_STATUS, .size = 4, .value = 1, .write = true},
		{.order = 1, .offset = VMMIO_REG_STATUS, .size = 4, .write = true, .result = -EDEADLK},
		{.order = 2, .offset = VMMIO_REG_STATUS, .size = 4, .value = 1},
	};
	struct rig_options ro = {.version = 3};
	struct rig *rig = rig_create(&ro);
	size_t mismatches;

	ck_assert_int_eq(vmmio_trace_replay(rig->dev, entries, 3, NULL, &mismatches), 0);
	ck_assert_uint_eq(mismatches, 0);
	rig_free(rig);
}
END_TEST

START_TEST(replay_refuses)
{
	struct vmmio_trace_entry entry = {.offset = VMMIO_REG_MAGIC, .size = 4};
	struct vmmio_replay_options o = {.log = fixture_log()};
	struct rig_options ro = {.version = 3};
	struct rig *rig = rig_create(&ro);
	size_t mismatches = 77;

	fixture_expect_log("replay: ");
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, &entry, 1, &o, &mismatches), -EINVAL);
	ck_assert_uint_eq(fixture_logged("replay: options.size is 0"), 1);
	o.size = 8;
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, &entry, 1, &o, &mismatches), -EINVAL);
	o.size = sizeof(o);
	ck_assert_int_eq(vmmio_trace_replay(NULL, &entry, 1, &o, &mismatches), -EINVAL);
	ck_assert_uint_eq(fixture_logged("replay: device is NULL"), 1);
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, NULL, 1, &o, &mismatches), -EINVAL);
	ck_assert_uint_eq(fixture_logged("replay: entries is NULL"), 1);
	entry.size = 3;
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, &entry, 1, &o, &mismatches), -EINVAL);
	ck_assert_uint_eq(fixture_logged("entry 0 has size 3"), 1);
	ck_assert_uint_eq(mismatches, 77);
	ck_assert_int_eq(vmmio_trace_replay(rig->dev, NULL, 0, &o, &mismatches), 0);
	ck_assert_uint_eq(mismatches, 0);
	rig_free(rig);
}
END_TEST

/* --- Under load ----------------------------------------------------------------- */

#define LIVES 30u
#define IO 8u /* all of the ring: the device may start late */

struct load {
	struct rig *rig;
	struct vmmio_trace *trace;
	struct vmmio_metrics *metrics;
	_Atomic bool over;
};

static void *poll_registers(void *arg)
{
	struct load *l = arg;

	while (!atomic_load(&l->over)) {
		rig_read(l->rig, VMMIO_REG_STATUS);
		rig_read(l->rig, VMMIO_REG_INTERRUPT_STATUS);
		rig_write(l->rig, VMMIO_REG_INTERRUPT_ACK, 3);
	}
	return NULL;
}

static void *follow_trace(void *arg)
{
	struct load *l = arg;
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entry;
	uint64_t seen = 0, last = 0;
	bool over;

	do {
		over = atomic_load(&l->over);
		while (vmmio_trace_read(l->trace, &cursor, &entry, 1)) {
			ck_assert(!seen++ || entry.number > last);
			ck_assert_uint_eq(entry.size, 4);
			last = entry.number;
		}
	} while (!over);
	ck_assert_uint_eq(seen + cursor.lost, cursor.next);
	return NULL;
}

static void *look_at_metrics(void *arg)
{
	struct load *l = arg;
	struct vmmio_metrics_snapshot s;
	uint64_t ended = 0;
	char text[4096];

	while (!atomic_load(&l->over)) {
		ck_assert_int_eq(vmmio_metrics_snapshot(l->metrics, &s), 0);
		ck_assert_uint_ge(s.ended, ended);
		ended = s.ended;
		ck_assert_int_gt(vmmio_metrics_format(
					 l->metrics, VMMIO_FORMAT_JSON, text, sizeof(text)), 0);
	}
	return NULL;
}

static void live(struct load *l)
{
	rig_up(l->rig);
	for (unsigned n = 0; n < IO; n++) {
		rig_add(l->rig, 0, NULL);
		rig_reap(l->rig, 0);
	}
	rig_reset(l->rig);
}

/* The end of a reset may be told after its Status 0 was read: wait until it was. */
static struct vmmio_metrics_snapshot last_snapshot(struct load *l)
{
	struct vmmio_metrics_snapshot s;

	for (unsigned i = 0; i < RIG_PATIENCE; i++, sched_yield()) {
		ck_assert_int_eq(vmmio_metrics_snapshot(l->metrics, &s), 0);
		if (s.ended == s.resets[VMMIO_RESET_BY_DRIVER])
			break;
	}
	return s;
}

START_TEST(readers_while_it_runs)
{
	static void *(*const roles[])(void *) = {poll_registers, follow_trace, look_at_metrics};
	const struct puppet serves = {.serve = true};
	struct load l = {0};
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .pool = true,
		.n_queues = 1, .puppet = &serves, .n_observers = 2};
	struct vmmio_trace_options to = {.size = sizeof(to), .entries = 256};
	struct vmmio_metrics_snapshot s;
	struct vmmio_device_counters c;
	struct vmmio_metrics_queue q;
	pthread_t threads[3];

	ck_assert_int_eq(vmmio_trace_create(&to, &l.trace), 0);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &l.metrics), 0);
	struct vmmio_observer both[] = {
		*vmmio_trace_observer(l.trace), *vmmio_metrics_observer(l.metrics)};
	o.observers = both;
	l.rig = rig_create(&o);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, roles[i], &l), 0);
	for (unsigned n = 0; n < LIVES; n++)
		live(&l);
	atomic_store(&l.over, true);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	s = last_snapshot(&l);
	c = rig_counters(l.rig);
	ck_assert_uint_eq(s.resets[VMMIO_RESET_BY_DRIVER], 2 * LIVES);
	ck_assert_uint_eq(s.ended, 2 * LIVES);
	ck_assert_uint_eq(c.resets, 2 * LIVES);
	ck_assert_uint_eq(s.idle, LIVES);
	ck_assert_uint_eq(s.to_zero.count, LIVES);
	ck_assert_int_eq(vmmio_metrics_queue(l.metrics, 0, &q), 0);
	ck_assert_uint_eq(q.chains, c.chains);
	ck_assert_uint_eq(q.completed, c.chains);
	rig_free(l.rig);
	ck_assert_int_eq(vmmio_trace_destroy(l.trace), 0);
	ck_assert_int_eq(vmmio_metrics_destroy(l.metrics), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("replay");
	TCase *trip = fixture_tcase(s, "round trips");
	TCase *misuse = fixture_tcase(s, "misuse");
	TCase *load = fixture_tcase(s, "under load");

	tcase_set_timeout(load, 120);
	tcase_add_loop_test(trip, a_replay_reads_the_same, 0, RIG_VARIANTS);
	tcase_add_loop_test(trip, a_replay_finds_another_device, 0, RIG_VARIANTS);
	tcase_add_loop_test(trip, nested_accesses_are_sorted, 0, RIG_VARIANTS);
	tcase_add_test(misuse, patience_ends);
	tcase_add_test(misuse, what_was_refused_is_left_out);
	tcase_add_test(misuse, replay_refuses);
	tcase_add_loop_test(load, readers_while_it_runs, 0, RIG_VARIANTS);
	return fixture_main(s);
}
