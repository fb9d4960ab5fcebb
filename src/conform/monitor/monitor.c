/* SPDX-License-Identifier: BSD-3-Clause */
/* The monitor: life, what it is told, and the observer that tells it of a libvmmio device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/state.h"

static void on_read(void *ctx, const struct vmmio_observed_access *access);
static void on_write(void *ctx, const struct vmmio_observed_access *access);
static void on_reset_begin(void *ctx, const struct vmmio_observed_reset *reset);
static void on_popped(void *ctx, const struct vmmio_observed_pop *pop);
static void on_completed(void *ctx, const struct vmmio_observed_completion *completion);
static void on_kicked(void *ctx, unsigned queue);

static const struct vmmio_observer_ops observer_ops = {
	.size = sizeof(observer_ops),
	.read = on_read,
	.write = on_write,
	.reset_begin = on_reset_begin,
	.popped = on_popped,
	.completed = on_completed,
	.kicked = on_kicked,
};

/* --- Life -------------------- */

static int copy_options(struct vmmio_monitor *m, const struct vmmio_monitor_options *options)
{
	static const struct vmmio_monitor_options defaults = {.size = sizeof(defaults)};

	options = options ? options : &defaults;
	if (options->size < sizeof(*options))
		return -EINVAL;
	m->options = *options;
	m->name = strdup(options->name ? options->name : "driver");
	m->verdicts = calloc(monitor_n_rules(), sizeof(*m->verdicts));
	return m->name && m->verdicts ? 0 : -ENOMEM;
}

int vmmio_monitor_create(const struct vmmio_monitor_options *options, struct vmmio_monitor **out)
{
	struct vmmio_monitor *m = calloc(1, sizeof(*m));
	int error;

	if (!m)
		return -ENOMEM;
	pthread_mutex_init(&m->lock, NULL);
	error = copy_options(m, options);
	if (error) {
		vmmio_monitor_free(m);
		return error;
	}
	m->observer = (struct vmmio_observer){&observer_ops, m};
	monitor_forget(m, m->options.flags & VMMIO_MONITOR_LATE);
	*out = m;
	return 0;
}

void vmmio_monitor_free(struct vmmio_monitor *m)
{
	if (!m)
		return;
	monitor_queues_free(m);
	monitor_verdicts_free(m);
	pthread_mutex_destroy(&m->lock);
	free(m->name);
	free(m);
}

/* --- Telling -------------------- */

void vmmio_monitor_access(struct vmmio_monitor *m, const struct vmmio_monitor_access *access)
{
	struct scene s;

	pthread_mutex_lock(&m->lock);
	m->history[m->tick++ % HISTORY] = *access;
	m->time = access->time;
	s = monitor_scene(m, access);
	/* What the rings were when the notification was made is what counts for it. */
	if (!writes(&s, VMMIO_REG_QUEUE_NOTIFY))
		monitor_look(m, NULL);
	else if (!s.queue || !s.queue->kicked)
		monitor_look(m, s.queue);
	if (writes(&s, VMMIO_REG_STATUS) && s.low == 0)
		monitor_look_for_debts(m);
	monitor_ask(m, &s);
	monitor_take(m, &s);
	pthread_mutex_unlock(&m->lock);
}

void vmmio_monitor_line(struct vmmio_monitor *m, bool high)
{
	pthread_mutex_lock(&m->lock);
	if (high && !m->line)
		m->read_since_line = false;
	m->line_known = true;
	m->line = high;
	pthread_mutex_unlock(&m->lock);
}

void vmmio_monitor_look(struct vmmio_monitor *m)
{
	pthread_mutex_lock(&m->lock);
	monitor_look(m, NULL);
	pthread_mutex_unlock(&m->lock);
}

void vmmio_monitor_notifying(struct vmmio_monitor *m, unsigned queue)
{
	pthread_mutex_lock(&m->lock);
	monitor_look(m, monitor_queue(m, queue));
	pthread_mutex_unlock(&m->lock);
}

void vmmio_monitor_device_reset(struct vmmio_monitor *m)
{
	pthread_mutex_lock(&m->lock);
	monitor_host_reset(m);
	pthread_mutex_unlock(&m->lock);
}

void vmmio_monitor_gap(struct vmmio_monitor *m)
{
	pthread_mutex_lock(&m->lock);
	monitor_forget(m, true);
	pthread_mutex_unlock(&m->lock);
}

int vmmio_monitor_finish(struct vmmio_monitor *m, struct vmmio_conform_report **out)
{
	struct scene s = {.on = ON_END, .reg = REG_NONE};
	int error = -EALREADY;

	pthread_mutex_lock(&m->lock);
	if (!m->finished) {
		monitor_look_for_debts(m);
		monitor_ask(m, &s);
		error = monitor_report(m, out);
		m->finished = !error;
	}
	pthread_mutex_unlock(&m->lock);
	return error;
}

/* --- Observer -------------------- */

static void tell(struct vmmio_monitor *m, const struct vmmio_observed_access *access, bool write)
{
	struct vmmio_monitor_access told = {
		.time = access->began,
		.offset = access->offset,
		.value = access->value,
		.size = access->size,
		.write = write,
	};

	if (access->result == 0)
		vmmio_monitor_access(m, &told);
}

static void on_read(void *ctx, const struct vmmio_observed_access *access)
{
	tell(ctx, access, false);
}

static void on_write(void *ctx, const struct vmmio_observed_access *access)
{
	tell(ctx, access, true);
}

static void on_reset_begin(void *ctx, const struct vmmio_observed_reset *reset)
{
	if (reset->by != VMMIO_RESET_BY_DRIVER)
		vmmio_monitor_device_reset(ctx);
}

static void on_popped(void *ctx, const struct vmmio_observed_pop *pop)
{
	if (pop->chains)
		vmmio_monitor_look(ctx);
}

static void on_completed(void *ctx, const struct vmmio_observed_completion *completion)
{
	if (completion->used)
		vmmio_monitor_look(ctx);
}

static void on_kicked(void *ctx, unsigned queue)
{
	vmmio_monitor_notifying(ctx, queue);
}

const struct vmmio_observer *vmmio_monitor_observer(struct vmmio_monitor *m)
{
	return &m->observer;
}
