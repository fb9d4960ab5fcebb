/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- Puppet ---------------------------------------------------------------------------- */

static void hook_in(struct puppet *p)
{
	if (atomic_fetch_add(&p->hooks_running, 1))
		atomic_fetch_add(&p->hooks_overlapped, 1);
}

static void hook_out(struct puppet *p)
{
	atomic_fetch_sub(&p->hooks_running, 1);
}

static void call(void (*fn)(void *ctx), struct puppet *p)
{
	if (fn)
		fn(p->ctx);
}

/* Two chains may have one buffer: who of them writes last is nobody's race. */
static void fill(const struct vmmio_chain *chain, int byte)
{
	static pthread_mutex_t one_by_one = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&one_by_one);
	for (uint32_t i = 0; i < chain->n_writable; i++)
		memset(chain->writable[i].base, byte, chain->writable[i].len);
	pthread_mutex_unlock(&one_by_one);
}

/* Takes held chain n out of the list. */
static bool take(struct puppet *p, unsigned n, struct rig_held *out)
{
	bool found;

	pthread_mutex_lock(&p->lock);
	found = n < p->n_held;
	if (found) {
		*out = p->held[n];
		p->n_held--;
		memmove(&p->held[n], &p->held[n + 1], (p->n_held - n) * sizeof(p->held[0]));
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

static void give_back(struct puppet *p, const struct rig_held *held, uint32_t len)
{
	if (p->polite && !vmmio_queue_access_begin(held->queue)) {
		vmmio_queue_complete_one(held->queue, held->chain.token, len);
		return;
	}
	if (p->dma)
		fill(&held->chain, 0xd5);
	if (p->polite)
		vmmio_queue_access_end(held->queue);
	vmmio_queue_complete_one(held->queue, held->chain.token, len);
}

/* The first held chain of a queue; NULL: of any. */
static bool take_of(struct puppet *p, const struct vmmio_queue *queue, struct rig_held *out)
{
	unsigned n = 0;

	pthread_mutex_lock(&p->lock);
	while (queue && n < p->n_held && p->held[n].queue != queue)
		n++;
	pthread_mutex_unlock(&p->lock);
	return take(p, n, out);
}

static void give_back_all(struct puppet *p, const struct vmmio_queue *queue)
{
	struct rig_held held;

	while (take_of(p, queue, &held))
		give_back(p, &held, 0);
}

static void late_task(struct vmmio_task *task)
{
	struct puppet *p = (struct puppet *)((char *)task - offsetof(struct puppet, task));

	const struct vmmio_queue *queue = atomic_load(&p->late_queue);

	atomic_store(&p->task_out, false);
	give_back_all(p, queue);
}

static void wind_up(struct puppet *p, struct vmmio_queue *queue)
{
	if (p->cancel)
		give_back_all(p, queue);
	atomic_store(&p->late_queue, queue);
	if (p->late && !atomic_exchange(&p->task_out, true))
		vmmio_executor_submit(vmmio_device_executor(p->dev), &p->task);
}

static int puppet_attach(void *ctx, struct vmmio_device *dev)
{
	struct puppet *p = ctx;

	atomic_fetch_add(&p->attaches, 1);
	p->dev = dev;
	return 0;
}

static int puppet_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	struct puppet *p = ctx;

	(void)accepted;
	atomic_fetch_add(&p->features, 1);
	return p->features_answer;
}

static int puppet_start(void *ctx, vmmio_token token)
{
	struct puppet *p = ctx;

	hook_in(p);
	atomic_fetch_add(&p->starts, 1);
	atomic_store(&p->start_token, token);
	call(p->in_start, p);
	hook_out(p);
	return p->start_answer;
}

static void puppet_notify(void *ctx, struct vmmio_queue *queue)
{
	struct puppet *p = ctx;
	struct rig_held held = {.queue = queue};

	atomic_fetch_add(&p->notifies, 1);
	atomic_fetch_add(&p->notifying, 1);
	call(p->in_notify, p);
	while (vmmio_queue_pop(queue, &held.chain, 1)) {
		bool room;

		if (p->serve) {
			fill(&held.chain, 0x5a);
			vmmio_queue_complete_one(queue, held.chain.token, held.chain.writable_len);
			continue;
		}
		pthread_mutex_lock(&p->lock);
		room = p->n_held < RIG_MAX_HELD;
		if (room)
			p->held[p->n_held++] = held;
		pthread_mutex_unlock(&p->lock);
		if (!room)
			vmmio_queue_complete_one(queue, held.chain.token, 0);
	}
	atomic_fetch_sub(&p->notifying, 1);
}

static int puppet_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	struct puppet *p = ctx;

	hook_in(p);
	atomic_fetch_add(&p->stops, 1);
	atomic_store(&p->stop_token, token);
	wind_up(p, queue);
	hook_out(p);
	return p->stop_answer;
}

static int puppet_quiesce(void *ctx, vmmio_token token)
{
	struct puppet *p = ctx;

	hook_in(p);
	if (atomic_load(&p->notifying))
		atomic_fetch_add(&p->hooks_overlapped, 1);
	atomic_fetch_add(&p->quiesces, 1);
	atomic_store(&p->quiesce_token, token);
	call(p->in_quiesce, p);
	wind_up(p, NULL);
	hook_out(p);
	return p->quiesce_answer;
}

static void puppet_finish(void *ctx)
{
	struct puppet *p = ctx;
	static const uint8_t zeroes[sizeof(p->config)];

	hook_in(p);
	atomic_fetch_add(&p->finishes, 1);
	call(p->in_finish, p);
	ck_assert_int_eq(vmmio_device_config_change(p->dev, 0, zeroes, sizeof(zeroes)), 0);
	hook_out(p);
}

static void puppet_config(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	struct puppet *p = ctx;
	uint32_t bytes = vmmio_le32(value);

	atomic_fetch_add(&p->config_writes, 1);
	atomic_store(&p->config_last, (uint64_t)offset << 40 | (uint64_t)size << 32 | value);
	call(p->in_config, p);
	ck_assert_int_eq(vmmio_device_config_change(p->dev, offset, &bytes, size), 0);
}

static void puppet_detach(void *ctx)
{
	struct puppet *p = ctx;

	hook_in(p);
	atomic_fetch_add(&p->detaches, 1);
	hook_out(p);
}

static int puppet_pause(void *ctx, vmmio_token token)
{
	struct puppet *p = ctx;

	hook_in(p);
	if (atomic_load(&p->notifying))
		atomic_fetch_add(&p->hooks_overlapped, 1);
	atomic_fetch_add(&p->pauses, 1);
	atomic_store(&p->pause_token, token);
	call(p->in_pause, p);
	hook_out(p);
	return p->pause_answer;
}

static void puppet_resume(void *ctx)
{
	struct puppet *p = ctx;

	hook_in(p);
	atomic_fetch_add(&p->resumes, 1);
	call(p->in_resume, p);
	hook_out(p);
}

static const struct vmmio_backend_ops puppet_ops = {
	.size = sizeof(puppet_ops),
	.attach = puppet_attach,
	.features = puppet_features,
	.start = puppet_start,
	.notify = puppet_notify,
	.queue_stop = puppet_stop,
	.quiesce = puppet_quiesce,
	.reset_finish = puppet_finish,
	.config_write = puppet_config,
	.detach = puppet_detach,
	.pause = puppet_pause,
	.resume = puppet_resume,
};

static struct puppet *puppet_create(const struct rig_options *o)
{
	struct puppet *p = calloc(1, sizeof(*p));

	ck_assert_ptr_nonnull(p);
	if (o->puppet)
		memcpy(p, o->puppet, offsetof(struct puppet, attaches));
	pthread_mutex_init(&p->lock, NULL);
	p->task.run = late_task;
	p->ops = puppet_ops;
	if (!p->parks)
		p->ops.pause = NULL, p->ops.resume = NULL;
	for (unsigned i = 0; i < o->n_queues; i++)
		p->queue_sizes[i] = o->queue_size;
	p->backend = (struct vmmio_backend){
		.size = sizeof(p->backend),
		.ops = &p->ops,
		.ctx = p,
		.flags = o->prompt ? VMMIO_BACKEND_PROMPT : 0,
		.device_id = 42,
		.vendor_id = 0x1234,
		.features = {VMMIO_TRANSPORT_FEATURES_0 & ~o->features_off, 0},
		.n_queues = o->n_queues,
		.queue_sizes = p->queue_sizes,
		.config_size = sizeof(p->config),
	};
	return p;
}

/* --- Driver callbacks --------------------------------------------------------------------- */

static uint64_t drv_read(void *ctx, uint64_t offset, unsigned size)
{
	struct rig *rig = ctx;

	return rig->dev ? vmmio_device_read(rig->dev, offset, size) : 0;
}

static void drv_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct rig *rig = ctx;

	if (rig->dev)
		vmmio_device_write(rig->dev, offset, size, value);
}

static void drv_relax(void *ctx)
{
	struct rig *rig = ctx;

	if (rig->o.pool)
		usleep(20);
	else
		vmmio_executor_help(rig->ex);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = drv_read,
	.write = drv_write,
	.relax = drv_relax,
};

static void level(void *ctx, bool high)
{
	struct rig *rig = ctx;

	atomic_fetch_add(&rig->edges, 1);
	atomic_store(&rig->line, high);
	if (rig->on_line)
		rig->on_line(rig->on_line_ctx, high);
}

static void stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	struct rig *rig = ctx;

	rig->report = *report;
	atomic_fetch_add(&rig->stuck, 1);
}

/* --- Making and breaking --------------------------------------------------------------------- */

static void make_executor(struct rig *rig)
{
	struct vmmio_pool_options pool = {.size = sizeof(pool), .poll_time = UINT64_MAX};

	pool.log = fixture_log();
	rig->ex = rig->o.ex;
	if (rig->ex)
		return;
	if (rig->o.pool)
		ck_assert_int_eq(vmmio_pool_create(&pool, &rig->ex), 0);
	else
		ck_assert_int_eq(vmmio_manual_create(&rig->ex), 0);
}

static void make_device(struct rig *rig)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = "rig",
		.version = rig->o.version,
		.backend = &rig->puppet->backend,
		.memory = rig->memory,
		.executor = rig->ex,
		.log = fixture_log(),
		.reset_deadline = rig->o.reset_deadline ? rig->o.reset_deadline : UINT64_MAX,
		.stuck = stuck,
		.stuck_ctx = rig,
		.observers = rig->o.observers,
		.n_observers = rig->o.n_observers,
	};

	if (rig->o.eventfd) {
		rig->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		ck_assert_int_ge(rig->eventfd, 0);
		options.irq.use_eventfd = true;
		options.irq.eventfd = rig->eventfd;
	} else {
		options.irq.level = level;
		options.irq.ctx = rig;
	}
	ck_assert_int_eq(vmmio_device_create(&options, &rig->dev), 0);
}

static void make_driver(struct rig *rig)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = rig,
		.memory = {rig->ram, RIG_RAM_BASE, RIG_RAM_SIZE},
		.patience = RIG_PATIENCE,
	};

	ck_assert_int_eq(vmmio_driver_create(&config, &rig->driver), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(vmmio_driver_alloc(rig->driver, 64, 64, &rig->buffer[i]), 0);
}

struct rig *rig_create(const struct rig_options *options)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct vmmio_region region = {.guest = RIG_RAM_BASE, .size = RIG_RAM_SIZE};
	struct vmmio_log log = fixture_log();

	ck_assert_ptr_nonnull(rig);
	rig->o = *options;
	rig->o.n_queues = options->n_queues ? options->n_queues : 2;
	rig->o.queue_size = options->queue_size ? options->queue_size : 16;
	rig->eventfd = -1;
	rig->ram = mmap(NULL, RIG_RAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ck_assert_ptr_ne(rig->ram, MAP_FAILED);
	region.host = rig->ram;
	ck_assert_int_eq(vmmio_memory_create(&log, &rig->memory), 0);
	ck_assert_int_eq(vmmio_memory_add(rig->memory, &region), 0);
	if (options->translate)
		ck_assert_int_eq(vmmio_memory_set_translate(rig->memory, options->translate,
					 options->translate_ctx), 0);
	make_executor(rig);
	rig->puppet = puppet_create(&rig->o);
	make_device(rig);
	make_driver(rig);
	return rig;
}

static void count_destroyed(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

void rig_destroy_device(struct rig *rig)
{
	if (!rig->dev)
		return;
	int result = vmmio_device_destroy(rig->dev, count_destroyed, &rig->destroyed);

	ck_assert(result == 0 || result == -EALREADY);
	rig_complete_all(rig);
	for (unsigned i = 0; !atomic_load(&rig->destroyed); i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the device is not released");
		drv_relax(rig);
	}
	rig->dev = NULL;
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 1);
	ck_assert_uint_eq(atomic_load(&rig->puppet->detaches), 1);
	ck_assert_uint_eq(atomic_load(&rig->puppet->hooks_overlapped), 0);
}

/* The puppet's own task may still be on its way through a pool. */
static void destroy_executor(struct rig *rig)
{
	int error = vmmio_executor_destroy(rig->ex);

	for (unsigned i = 0; rig->o.pool && error == -EBUSY; i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the executor stays busy");
		usleep(20);
		error = vmmio_executor_destroy(rig->ex);
	}
	ck_assert_int_eq(error, 0);
}

void rig_free(struct rig *rig)
{
	vmmio_driver_destroy(rig->driver);
	rig_destroy_device(rig);
	rig_settle(rig);
	if (!rig->o.ex)
		destroy_executor(rig);
	ck_assert_int_eq(vmmio_memory_destroy(rig->memory), 0);
	munmap(rig->ram, RIG_RAM_SIZE);
	if (rig->eventfd >= 0)
		close(rig->eventfd);
	pthread_mutex_destroy(&rig->puppet->lock);
	free(rig->puppet);
	free(rig);
}

/* --- Using it ---------------------------------------------------------------------------------- */

uint32_t rig_read(struct rig *rig, uint32_t offset)
{
	return (uint32_t)vmmio_device_read(rig->dev, offset, 4);
}

int rig_write(struct rig *rig, uint32_t offset, uint32_t value)
{
	return vmmio_device_write(rig->dev, offset, 4, value);
}

uint32_t rig_queue_read(struct rig *rig, unsigned queue, uint32_t offset)
{
	rig_write(rig, VMMIO_REG_QUEUE_SEL, queue);
	return rig_read(rig, offset);
}

uint64_t rig_features(const struct rig *rig)
{
	uint64_t features = VMMIO_TRANSPORT_FEATURES_0 & ~rig->o.features_off;

	features &= ~(VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA) |
		VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM));
	if (!rig->o.packed)
		features &= ~VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	return features;
}

void rig_up(struct rig *rig)
{
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), rig->o.n_queues,
				 rig->o.queue_size), 0);
	rig_settle(rig);
}

static bool pool_is_quiet(struct rig *rig)
{
	struct vmmio_device_counters c = rig_counters(rig);

	return !c.resetting || c.leases;
}

void rig_settle(struct rig *rig)
{
	if (!rig->o.pool) {
		vmmio_manual_run(rig->ex, 100000);
		return;
	}
	for (unsigned i = 0; rig->dev && !pool_is_quiet(rig) && i < RIG_PATIENCE; i++)
		drv_relax(rig);
}

void rig_wait_zero(struct rig *rig)
{
	for (unsigned i = 0; rig_read(rig, VMMIO_REG_STATUS); i++) {
		ck_assert_msg(i < RIG_PATIENCE, "Status does not become 0");
		drv_relax(rig);
	}
}

void rig_reset(struct rig *rig)
{
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_wait_zero(rig);
}

void rig_waiter_done(struct vmmio_waiter *waiter, int result)
{
	struct rig_waiter *w = (struct rig_waiter *)waiter;

	atomic_store(&w->result, result);
	atomic_fetch_add(&w->told, 1);
}

int rig_wait(struct rig *rig, struct rig_waiter *w, int answer)
{
	if (answer != VMMIO_PENDING) {
		ck_assert_uint_eq(atomic_load(&w->told), 0);
		return answer;
	}
	for (unsigned i = 0; !atomic_load(&w->told); i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the waiter is not told");
		drv_relax(rig);
	}
	ck_assert_uint_eq(atomic_load(&w->told), 1);
	return atomic_load(&w->result);
}

void rig_add(struct rig *rig, unsigned queue, void *cookie)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(rig->driver, queue);
	struct vmmio_driver_seg out = {rig->buffer[0].guest, 64}, in = {rig->buffer[1].guest, 64};
	struct vmmio_driver_chain chain = {
		.out = &out, .in = &in, .n_out = 1, .n_in = 1, .cookie = cookie};

	ck_assert_ptr_nonnull(q);
	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_kick(q);
}

int rig_reap(struct rig *rig, unsigned queue)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(rig->driver, queue);
	struct vmmio_driver_used used;
	int n = 0, found;

	while ((found = vmmio_driver_queue_poll(q, &used)) > 0)
		n++;
	return found < 0 && found != -EAGAIN ? -1 : n;
}

unsigned rig_held(struct rig *rig)
{
	unsigned n;

	pthread_mutex_lock(&rig->puppet->lock);
	n = rig->puppet->n_held;
	pthread_mutex_unlock(&rig->puppet->lock);
	return n;
}

bool rig_complete(struct rig *rig, unsigned n, uint32_t len)
{
	struct rig_held held;

	if (!take(rig->puppet, n, &held))
		return false;
	give_back(rig->puppet, &held, len);
	return true;
}

void rig_complete_all(struct rig *rig)
{
	give_back_all(rig->puppet, NULL);
}

uint64_t rig_ram_sum(const struct rig *rig)
{
	uint64_t sum = 0, word;

	for (size_t i = 0; i < RIG_RAM_SIZE; i += sizeof(word)) {
		memcpy(&word, rig->ram + i, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3) + i;
	}
	return sum;
}

static void wait_held(struct rig *rig, unsigned n)
{
	for (unsigned i = 0; rig_held(rig) < n; i++) {
		ck_assert_msg(i < RIG_PATIENCE, "the backend sees no buffer");
		drv_relax(rig);
	}
}

void rig_check_io(struct rig *rig)
{
	for (unsigned q = 0; q < rig->o.n_queues; q++) {
		unsigned edges = atomic_load(&rig->edges);

		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		rig_add(rig, q, NULL);
		if (!rig->puppet->serve) {
			wait_held(rig, 1);
			ck_assert(rig_complete(rig, 0, 64));
		}
		ck_assert_int_eq(rig_reap(rig, q), 1);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) & 1, 1);
		if (!rig->o.eventfd)
			ck_assert(atomic_load(&rig->line) && atomic_load(&rig->edges) > edges);
	}
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&rig->line));
}

struct vmmio_device_counters rig_counters(const struct rig *rig)
{
	struct vmmio_device_counters counters;

	vmmio_device_counters(rig->dev, &counters);
	return counters;
}
