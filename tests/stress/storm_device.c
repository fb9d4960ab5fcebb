/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices come and go, with their sinks, observers and queue eventfds. */
#include "stress/storm.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- The sink ---------------------------------------------------------------------------- */

static void level(void *ctx, bool high)
{
	struct slot *s = ctx;

	if (atomic_fetch_add(&s->in_sink, 1))
		storm_wrong(s, "the sink is called by two threads at once");
	if (s->level == high)
		storm_wrong(s, "the sink was called twice with the same level");
	s->level = high;
	if (atomic_load(&s->silent) && high)
		storm_wrong(s, "an interrupt after Status has read 0");
	atomic_fetch_add(&s->edges, 1);
	atomic_fetch_sub(&s->in_sink, 1);
}

/* --- Observers --------------------------------------------------------------------------- */

static unsigned make_observers(struct slot *s, struct vmmio_observer *list)
{
	struct vmmio_trace_options trace = {.size = sizeof(trace), .entries = 64};

	if (!s->observed)
		return 0;
	if (vmmio_trace_create(&trace, &s->trace) || vmmio_metrics_create(NULL, &s->metrics))
		storm_die("observers", ENOMEM);
	list[0] = *vmmio_trace_observer(s->trace);
	list[1] = *vmmio_metrics_observer(s->metrics);
	return 2;
}

static void check_metrics(struct slot *s)
{
	struct vmmio_metrics_snapshot all;
	uint64_t begun = 0;

	if (vmmio_metrics_snapshot(s->metrics, &all))
		storm_wrong(s, "no snapshot");
	for (int by = 0; by < VMMIO_RESET_BY_COUNT; by++)
		begun += all.resets[by];
	if (begun != all.ended || all.pending)
		storm_wrong(s, "%lu resets began, %lu ended", (unsigned long)begun,
			(unsigned long)all.ended);
	for (unsigned i = 0; i < QUEUES && !atomic_load(&s->fences); i++) {
		struct vmmio_metrics_queue queue;

		if (vmmio_metrics_queue(s->metrics, i, &queue))
			break; /* a disk has one */
		if (queue.chains != queue.completed)
			storm_wrong(s, "queue %u: %lu chains popped, %lu came back", i,
				(unsigned long)queue.chains, (unsigned long)queue.completed);
	}
}

/* The device is gone. */
static void free_observers(struct slot *s)
{
	if (!s->observed)
		return;
	check_metrics(s);
	if (vmmio_trace_destroy(s->trace) || vmmio_metrics_destroy(s->metrics))
		storm_wrong(s, "observers are still in use");
	s->trace = NULL;
	s->metrics = NULL;
}

/* The device's access is under way: it and its observers stay. */
void storm_observe(struct slot *s)
{
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entries[16];
	struct vmmio_stuck_report report;
	char text[256];
	int n;

	storm_begin(s, OBSERVE);
	vmmio_device_pending(s->dev, &report);
	if (s->observed) {
		while (vmmio_trace_read(s->trace, &cursor, entries, 16))
			;
		n = vmmio_metrics_format(s->metrics, VMMIO_FORMAT_JSON, text, sizeof(text));
		if (n < 0)
			storm_wrong(s, "metrics: error %d", n);
	}
	storm_end(s, OBSERVE);
}

/* --- Queue eventfds ---------------------------------------------------------------------- */

static void kicked(struct vmmio_io_poll *poll)
{
	for (unsigned i = 0; i < storm.n_slots; i++)
		for (unsigned q = 0; q < QUEUES; q++)
			if (poll == &storm.slots[i].poll[q])
				(void)vmmio_device_queue_event(storm.slots[i].dev, q);
}

static void poll_kicks(struct slot *s)
{
	for (unsigned q = 0; q < QUEUES; q++) {
		int error;

		s->kick[q] = -1;
		if (!s->eventfds)
			continue;
		s->kick[q] = vmmio_device_queue_eventfd(s->dev, q);
		s->poll[q] = (struct vmmio_io_poll){.fd = s->kick[q], .ready = kicked};
		error = vmmio_io_poll_add(storm.io[0][THREADS], &s->poll[q]);
		if (error)
			storm_die("poll_add", error);
	}
}

/* --- Devices ----------------------------------------------------------------------------- */

static void ignore_log(void *ctx, enum vmmio_log_level log_level, const char *line)
{
	(void)ctx, (void)log_level, (void)line;
}

void storm_device_new(struct slot *s)
{
	struct vmmio_observer observers[2];
	struct vmmio_device_options o = {
		.size = sizeof(o),
		.version = s->version,
		.backend = s->blk ? vmmio_blk_backend(s->blk) : &s->backend,
		.memory = storm.memory,
		.executor = storm.pool,
		.irq = {.level = s->irq < 0 ? level : NULL, .ctx = s, .use_eventfd = s->irq >= 0,
			.eventfd = s->irq},
		.log = {ignore_log, NULL},
		.reset_deadline = 1000000,
		.observers = observers,
	};
	struct vmmio_device *dev;
	int error;

	pthread_rwlock_wrlock(&s->gone);
	o.n_observers = make_observers(s, observers);
	if (!o.n_observers)
		o.observers = NULL;
	atomic_store(&s->fences, 0);
	s->level = false;
	error = vmmio_device_create(&o, &dev);
	if (error)
		storm_die("create", error);
	pthread_mutex_lock(&s->answering);
	s->dev = dev;
	s->attached = true;
	pthread_mutex_unlock(&s->answering);
	poll_kicks(s);
	pthread_rwlock_unlock(&s->gone);
	atomic_fetch_add(&lives, 1);
}

static void check_counters(struct slot *s)
{
	struct vmmio_device_counters c;

	vmmio_device_counters(s->dev, &c);
	if (c.leases || c.resetting || c.wrong_tokens)
		storm_wrong(s, "at the end: %u leases, %lu wrong tokens", c.leases,
			(unsigned long)c.wrong_tokens);
	if (c.chains != c.completions + c.dropped)
		storm_wrong(s, "%lu chains, %lu completions, %lu dropped", (unsigned long)c.chains,
			(unsigned long)c.completions, (unsigned long)c.dropped);
	storm_add_counters(&c);
	if (atomic_load(&s->leases))
		storm_wrong(s, "destroyed with %d chains out", atomic_load(&s->leases));
}

/* The release point: no access is under way when this returns, and none follows. */
static void on_destroyed(void *ctx)
{
	struct slot *s = ctx;

	for (unsigned q = 0; q < QUEUES && s->eventfds; q++)
		vmmio_io_poll_remove(storm.io[0][THREADS], &s->poll[q]);
	pthread_rwlock_wrlock(&s->gone);
	check_counters(s);
	storm_check_waiters(s);
	s->dev = NULL;
	free_observers(s);
	pthread_rwlock_unlock(&s->gone);
	atomic_store(&s->released, true);
}

void storm_device_destroy(struct slot *s, void (*meanwhile)(struct slot *s))
{
	int error;

	storm_doing(s, "a destroy");
	atomic_store(&s->released, false);
	storm_begin(s, DESTROY);
	error = vmmio_device_destroy(s->dev, on_destroyed, s);
	if (error)
		storm_wrong(s, "destroy: error %d", error);
	while (!atomic_load(&s->released)) {
		if (meanwhile)
			meanwhile(s);
		sched_yield();
	}
	storm_end(s, DESTROY);
	storm_doing(s, NULL);
}

/* --- Slots ------------------------------------------------------------------------------- */

static uint64_t drv_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct slot *)ctx)->dev, offset, size);
}

static void drv_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	const uint64_t one = 1;
	struct slot *s = ctx;

	if (offset == VMMIO_REG_QUEUE_NOTIFY && value < QUEUES && s->kick[value] >= 0) {
		if (write(s->kick[value], &one, sizeof(one)) != sizeof(one))
			storm_wrong(s, "eventfd: errno %d", errno);
		return;
	}
	vmmio_device_write(s->dev, offset, size, value);
}

static void drv_relax(void *ctx)
{
	(void)ctx;
	sched_yield();
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops), .read = drv_read, .write = drv_write, .relax = drv_relax};

static void make_backend(struct slot *s)
{
	for (unsigned i = 0; i < QUEUES; i++)
		s->sizes[i] = QUEUE_SIZE;
	s->backend = (struct vmmio_backend){
		.size = sizeof(s->backend),
		.ops = &storm_ops,
		.ctx = s,
		.flags = s->index % GROUP == 1 || s->index % GROUP == 4 ? VMMIO_BACKEND_PROMPT : 0,
		.device_id = 42,
		.features = {VMMIO_TRANSPORT_FEATURES_0, 0},
		.n_queues = QUEUES,
		.queue_sizes = s->sizes,
		.config_size = 16,
	};
}

static void make_driver(struct slot *s)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = s,
		.patience = 200,
		.memory = {s->ram, s->guest, MAIN_SIZE},
	};
	int error = vmmio_driver_create(&config, &s->driver);

	for (unsigned i = 0; !error && i < BUFFERS; i++)
		error = vmmio_driver_alloc(s->driver, BUFFER_SIZE, 64, &s->buffer[i]);
	if (error)
		storm_die("driver", error);
	storm_fill_buffers(s);
}

void storm_slot_new(struct slot *s, unsigned index)
{
	memset(s, 0, sizeof(*s));
	s->index = index;
	s->version = index % GROUP & 1 ? 3 : 2;
	s->packed = index % GROUP & 2;
	s->observed = index % 3 == 1;
	s->eventfds = index % GROUP == 2 || index % GROUP == 3;
	s->irq = index % 3 == 2 ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
	pthread_rwlock_init(&s->gone, NULL);
	pthread_rwlock_init(&s->guest_lock, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->answering, NULL);
	s->guest = RAM_BASE + (uint64_t)index * 2 * SLOT_SIZE;
	s->ram = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->ram == MAP_FAILED)
		storm_die("mmap", errno);
	storm_memory_new(s);
	if (index % GROUP >= PLAIN_SLOTS)
		storm_disk_new(s);
	else
		make_backend(s);
	storm_device_new(s);
	make_driver(s);
}

void storm_slot_stop(struct slot *s)
{
	storm_device_destroy(s, NULL);
	storm_memory_settle(s);
	storm_disk_free(s);
}

void storm_slot_free(struct slot *s)
{
	vmmio_driver_destroy(s->driver);
	munmap(s->ram, SLOT_SIZE);
	if (s->irq >= 0)
		close(s->irq);
	pthread_rwlock_destroy(&s->gone);
	pthread_rwlock_destroy(&s->guest_lock);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->answering);
}
