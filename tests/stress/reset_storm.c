/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset storm: drivers bring devices up, do I/O and reset them with requests in flight,
 * while other vCPUs write registers at random, I/O threads complete late and out of order,
 * config space changes, queues are reset, devices are destroyed and made anew.
 *
 * The oracle is ThreadSanitizer, and the driver's own plain writes: once Status has read 0
 * it fills every buffer with a pattern that nobody may touch until the next life. A device
 * that shows zero too early is a data race, and a changed pattern.
 *
 * What happened at the same time on one device is counted pair by pair; a pair that never
 * met fails the run, for it was not tested.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#define DEVICES 4
#define VCPUS 2
#define IO_THREADS 2
#define QUEUES 2u
#define QUEUE_SIZE 16
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE (256u * 1024)
#define BUFFERS 24
#define BUFFER_SIZE 64u
#define HELD_MAX 64
#define PATTERN 0xa5

enum event { COMPLETE, RESET, QUEUE_RESET, NOTIFY, CONFIG, ACK, DESTROY, EVENTS };
static const char *const event_names[EVENTS] = {
	"complete", "reset", "queue-reset", "notify", "config", "ack", "destroy"};

struct held {
	struct vmmio_queue *queue;
	struct vmmio_chain chain;
};

struct slot {
	unsigned index;
	pthread_rwlock_t gone; /* read: an access is under way */
	struct vmmio_device *dev;
	struct vmmio_memory *memory;
	uint8_t *ram;
	struct vmmio_driver *driver;
	struct vmmio_driver_area buffer[BUFFERS];
	struct vmmio_backend backend;
	uint16_t sizes[QUEUES];
	atomic_bool released;
	atomic_bool slow; /* I/O threads hold chains back */

	pthread_mutex_t lock;
	unsigned n_held;
	struct held held[HELD_MAX];

	atomic_int active[EVENTS];
};

static struct slot slots[DEVICES];
static struct vmmio_executor *pool;
static atomic_bool stop;
static atomic_ulong pairs[EVENTS][EVENTS];
static atomic_ulong events[EVENTS];
static atomic_ulong resets_with_leases, lives, chains_done, damaged, errors;
static unsigned long wanted = 2000;
static unsigned long seed = 1;

/* --- Counting pairs ----------------------------------------------------------------------- */

static void begin(struct slot *s, enum event e)
{
	atomic_fetch_add(&events[e], 1);
	atomic_fetch_add(&s->active[e], 1);
	for (int other = 0; other < EVENTS; other++)
		if (atomic_load(&s->active[other]) > (other == (int)e))
			atomic_fetch_add(&pairs[e][other], 1);
}

static void end(struct slot *s, enum event e)
{
	atomic_fetch_sub(&s->active[e], 1);
}

static uint32_t random_of(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16) % n;
}

/* --- The backend: holds chains for the I/O threads ------------------------------------------- */

static void finish_chain(const struct held *h)
{
	for (uint32_t i = 0; i < h->chain.n_writable; i++)
		memset(h->chain.writable[i].base, 0x11, h->chain.writable[i].len);
	vmmio_queue_complete_one(h->queue, h->chain.token, h->chain.writable_len);
	atomic_fetch_add(&chains_done, 1);
}

static bool take(struct slot *s, uint32_t which, struct held *out)
{
	bool found;

	pthread_mutex_lock(&s->lock);
	found = s->n_held != 0;
	if (found) {
		uint32_t n = which % s->n_held;

		*out = s->held[n];
		s->held[n] = s->held[--s->n_held];
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void be_notify(void *ctx, struct vmmio_queue *queue)
{
	struct slot *s = ctx;
	struct held h = {.queue = queue};

	while (vmmio_queue_pop(queue, &h.chain, 1)) {
		bool room;

		pthread_mutex_lock(&s->lock);
		room = s->n_held < HELD_MAX;
		if (room)
			s->held[s->n_held++] = h;
		pthread_mutex_unlock(&s->lock);
		if (!room)
			finish_chain(&h);
	}
}

static int be_attach(void *ctx, struct vmmio_device *dev)
{
	((struct slot *)ctx)->dev = dev;
	return 0;
}

static int be_start(void *ctx, vmmio_token token)
{
	/* Odd tokens are answered later, by quiesce's caller or never: a reset voids them. */
	if (token % 16 == 7)
		return VMMIO_PENDING;
	(void)ctx;
	return 0;
}

static int be_quiesce(void *ctx, vmmio_token token)
{
	struct slot *s = ctx;
	struct held h;

	(void)token;
	atomic_store(&s->slow, false);
	if (token % 4 == 1)
		while (take(s, 0, &h))
			finish_chain(&h);
	return 0;
}

static void be_finish(void *ctx)
{
	static const uint8_t zero[16];

	if (vmmio_device_config_change(((struct slot *)ctx)->dev, 0, zero, sizeof(zero)))
		atomic_fetch_add(&errors, 1);
}

static void be_config(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	vmmio_device_config_change(((struct slot *)ctx)->dev, offset, &value, size);
}

static const struct vmmio_backend_ops ops = {
	.size = sizeof(ops),
	.attach = be_attach,
	.start = be_start,
	.notify = be_notify,
	.quiesce = be_quiesce,
	.reset_finish = be_finish,
	.config_write = be_config,
};

/* --- Devices come and go ------------------------------------------------------------------------ */

static void ignore_log(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static void die(const char *what, int error)
{
	fprintf(stderr, "reset_storm: %s: error %d\n", what, error);
	exit(1);
}

static void make_device(struct slot *s)
{
	struct vmmio_device_options o = {
		.size = sizeof(o),
		.version = s->index & 1 ? 3 : 2,
		.backend = &s->backend,
		.memory = s->memory,
		.executor = pool,
		.log = {ignore_log, NULL},
		.reset_deadline = 1000000,
	};
	struct vmmio_device *dev;
	int error;

	pthread_rwlock_wrlock(&s->gone);
	error = vmmio_device_create(&o, &dev);
	pthread_rwlock_unlock(&s->gone);
	if (error)
		die("create", error);
	atomic_fetch_add(&lives, 1);
}

/* The release point: no access is under way when this returns, and none follows. */
static void on_destroyed(void *ctx)
{
	struct slot *s = ctx;

	pthread_rwlock_wrlock(&s->gone);
	s->dev = NULL;
	pthread_rwlock_unlock(&s->gone);
	atomic_store(&s->released, true);
}

/* The I/O threads have left: what is held is completed by whoever waits for it. */
static void drain(struct slot *s)
{
	struct held h;

	while (take(s, 0, &h))
		finish_chain(&h);
}

static void destroy_device(struct slot *s)
{
	atomic_store(&s->released, false);
	begin(s, DESTROY);
	vmmio_device_destroy(s->dev, on_destroyed, s);
	while (!atomic_load(&s->released)) {
		if (atomic_load(&stop))
			drain(s);
		sched_yield();
	}
	end(s, DESTROY);
}

/* --- The driver of one device ------------------------------------------------------------------- */

static uint64_t drv_read(void *ctx, uint64_t offset, unsigned size)
{
	struct slot *s = ctx;

	return vmmio_device_read(s->dev, offset, size);
}

static void drv_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct slot *s = ctx;

	vmmio_device_write(s->dev, offset, size, value);
}

static void drv_relax(void *ctx)
{
	(void)ctx;
	sched_yield();
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops), .read = drv_read, .write = drv_write, .relax = drv_relax};

static void add_chains(struct slot *s, uint64_t *rng)
{
	for (unsigned i = 0; i < BUFFERS / 2; i++) {
		struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i % QUEUES);
		struct vmmio_driver_seg out = {s->buffer[2 * i].guest, BUFFER_SIZE};
		struct vmmio_driver_seg in = {s->buffer[2 * i + 1].guest, BUFFER_SIZE};
		struct vmmio_driver_chain chain = {
			.out = &out, .in = &in, .n_out = 1, .n_in = 1, .indirect = i & 1};

		if (!q || vmmio_driver_queue_add(q, &chain) < 0)
			continue;
		if (random_of(rng, 2)) {
			begin(s, NOTIFY);
			vmmio_driver_queue_kick(q);
			end(s, NOTIFY);
		}
	}
	for (unsigned i = 0; i < QUEUES; i++)
		if (vmmio_driver_queue(s->driver, i))
			vmmio_driver_queue_kick(vmmio_driver_queue(s->driver, i));
}

static void reap(struct slot *s)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		struct vmmio_driver_queue *q = vmmio_driver_queue(s->driver, i);
		struct vmmio_driver_used used;

		while (q && vmmio_driver_queue_poll(q, &used) > 0)
			;
	}
}

static uint32_t status(struct slot *s)
{
	return (uint32_t)vmmio_device_read(s->dev, VMMIO_REG_STATUS, 4);
}

static bool holds(struct slot *s)
{
	bool any;

	pthread_mutex_lock(&s->lock);
	any = s->n_held != 0;
	pthread_mutex_unlock(&s->lock);
	return any;
}

/* Another vCPU may have begun a new life meanwhile: write zero again. */
static void reset_device(struct slot *s)
{
	bool leases = holds(s);

	begin(s, RESET);
	do {
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 0);
		for (int i = 0; i < 10000 && status(s); i++)
			sched_yield();
	} while (status(s));
	end(s, RESET);
	if (leases)
		atomic_fetch_add(&resets_with_leases, 1);
}

/* Status is 0: all memory is ours, with plain accesses. */
static void fill_buffers(struct slot *s)
{
	for (int i = 0; i < BUFFERS; i++)
		memset(s->buffer[i].host, PATTERN, BUFFER_SIZE);
}

static void check_buffers(struct slot *s)
{
	for (int i = 0; i < BUFFERS; i++)
		for (unsigned b = 0; b < BUFFER_SIZE; b++)
			if (((uint8_t *)s->buffer[i].host)[b] != PATTERN)
				atomic_fetch_add(&damaged, 1);
}

static void one_life(struct slot *s, uint64_t *rng)
{
	uint64_t features = VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_RING_RESET) |
		VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC);
	unsigned spins = random_of(rng, 40);

	if (s->index & 2)
		features |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	if (random_of(rng, 2))
		features |= VMMIO_FEATURE(VMMIO_F_EVENT_IDX);
	check_buffers(s);
	if (!vmmio_driver_start(s->driver, features, QUEUES, QUEUE_SIZE)) {
		atomic_store(&s->slow, random_of(rng, 2));
		add_chains(s, rng);
		for (unsigned i = 0; i < spins; i++) {
			reap(s);
			sched_yield();
		}
	}
	if (random_of(rng, 32) == 0) {
		destroy_device(s);
		make_device(s);
	}
	reset_device(s);
	fill_buffers(s);
}

static void *driver_thread(void *arg)
{
	struct slot *s = arg;
	uint64_t rng = seed * 977 + s->index + 1;

	while (!atomic_load(&stop))
		one_life(s, &rng);
	return NULL;
}

/* --- Everybody else -------------------------------------------------------------------------------- */

static void noise(struct slot *s, uint64_t *rng)
{
	uint32_t queue = random_of(rng, QUEUES + 1);

	switch (random_of(rng, 24)) {
	case 0:
		begin(s, RESET);
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 0);
		end(s, RESET);
		break;
	case 1:
		vmmio_device_write(s->dev, VMMIO_REG_STATUS, 4, 1 + 2 * random_of(rng, 2));
		break;
	case 2:
	case 3:
		begin(s, QUEUE_RESET);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_SEL, 4, queue);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_RESET, 4, 1);
		sched_yield();
		end(s, QUEUE_RESET);
		break;
	case 4:
		begin(s, QUEUE_RESET);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_SEL, 4, queue);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_READY, 4, 0);
		end(s, QUEUE_RESET);
		break;
	case 5:
	case 6:
		vmmio_device_write(s->dev, VMMIO_REG_CONFIG + 4 * random_of(rng, 4), 4, random_of(rng, 100));
		break;
	case 7:
	case 8:
	case 9:
		begin(s, ACK);
		vmmio_device_write(s->dev, VMMIO_REG_INTERRUPT_ACK, 4,
			vmmio_device_read(s->dev, VMMIO_REG_INTERRUPT_STATUS, 4));
		end(s, ACK);
		break;
	default:
		begin(s, NOTIFY);
		vmmio_device_write(s->dev, VMMIO_REG_QUEUE_NOTIFY, 4, queue);
		end(s, NOTIFY);
	}
}

static void *vcpu_thread(void *arg)
{
	uint64_t rng = seed * 31 + (uintptr_t)arg + 7;

	while (!atomic_load(&stop)) {
		struct slot *s = &slots[random_of(&rng, DEVICES)];

		pthread_rwlock_rdlock(&s->gone);
		if (s->dev)
			noise(s, &rng);
		pthread_rwlock_unlock(&s->gone);
		if (random_of(&rng, 4) == 0)
			usleep(50);
	}
	return NULL;
}

static void *io_thread(void *arg)
{
	uint64_t rng = seed * 131 + (uintptr_t)arg + 3;

	while (!atomic_load(&stop)) {
		struct slot *s = &slots[random_of(&rng, DEVICES)];
		struct held h;

		if (atomic_load(&s->slow) && random_of(&rng, 8))
			continue;
		if (!take(s, random_of(&rng, 1000), &h)) {
			sched_yield();
			continue;
		}
		begin(s, COMPLETE);
		finish_chain(&h);
		end(s, COMPLETE);
	}
	return NULL;
}

static void *config_thread(void *arg)
{
	uint64_t rng = seed * 17 + 5;

	(void)arg;
	while (!atomic_load(&stop)) {
		struct slot *s = &slots[random_of(&rng, DEVICES)];
		uint8_t byte = (uint8_t)random_of(&rng, 256);

		pthread_rwlock_rdlock(&s->gone);
		if (s->dev) {
			begin(s, CONFIG);
			vmmio_device_config_change(s->dev, 15, &byte, 1);
			sched_yield();
			end(s, CONFIG);
		}
		pthread_rwlock_unlock(&s->gone);
		usleep(20);
	}
	return NULL;
}

/* --- Set-up and verdict ------------------------------------------------------------------------------ */

static void make_slot(struct slot *s, unsigned index)
{
	struct vmmio_region region = {.guest = RAM_BASE, .size = RAM_SIZE, .flags = VMMIO_REGION_PINNED};
	struct vmmio_driver_config config = {.size = sizeof(config), .ops = &driver_ops, .ctx = s,
		.patience = 200};
	int error;

	s->index = index;
	pthread_rwlock_init(&s->gone, NULL);
	pthread_mutex_init(&s->lock, NULL);
	s->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->ram == MAP_FAILED)
		die("mmap", errno);
	region.host = s->ram;
	error = vmmio_memory_create(NULL, &s->memory);
	if (!error)
		error = vmmio_memory_add(s->memory, &region);
	for (unsigned i = 0; i < QUEUES; i++)
		s->sizes[i] = QUEUE_SIZE;
	s->backend = (struct vmmio_backend){
		.size = sizeof(s->backend),
		.ops = &ops,
		.ctx = s,
		.flags = index & 2 ? VMMIO_BACKEND_PROMPT : 0,
		.device_id = 42,
		.features = {VMMIO_TRANSPORT_FEATURES_0, 0},
		.n_queues = QUEUES,
		.queue_sizes = s->sizes,
		.config_size = 16,
	};
	make_device(s);
	config.memory = (struct vmmio_driver_memory){s->ram, RAM_BASE, RAM_SIZE};
	if (!error)
		error = vmmio_driver_create(&config, &s->driver);
	for (int i = 0; !error && i < BUFFERS; i++)
		error = vmmio_driver_alloc(s->driver, BUFFER_SIZE, 64, &s->buffer[i]);
	if (error)
		die("set-up", error);
	fill_buffers(s);
}

static void free_slot(struct slot *s)
{
	destroy_device(s);
	vmmio_driver_destroy(s->driver);
	if (vmmio_memory_destroy(s->memory))
		atomic_fetch_add(&errors, 1);
	munmap(s->ram, RAM_SIZE);
	pthread_rwlock_destroy(&s->gone);
	pthread_mutex_destroy(&s->lock);
}

static void progress(time_t began)
{
	static time_t said;
	bool tty = isatty(STDERR_FILENO);
	time_t now = time(NULL);

	if (!said)
		said = began;
	if (now - said < (tty ? 1 : 10))
		return;
	said = now;
	fprintf(stderr, "%s%lu of %lu resets with leases out, %ld s%s", tty ? "\r" : "",
		atomic_load(&resets_with_leases), wanted, (long)(now - began), tty ? " " : "\n");
}

/* Pairs that never met so far. One and the same event meets itself only by chance. */
static int missing_pairs(void)
{
	int missing = 0;

	for (int a = 0; a < EVENTS; a++)
		for (int b = a + 1; b < EVENTS; b++)
			missing += !atomic_load(&pairs[a][b]) && !atomic_load(&pairs[b][a]);
	return missing;
}

/* Rare pairs get some more time, but not for ever: the verdict counts what is missing. */
static bool enough(void)
{
	unsigned long done = atomic_load(&resets_with_leases);

	return done >= wanted && (!missing_pairs() || done >= 20 * wanted);
}

static int verdict(void)
{
	int missing = missing_pairs();

	printf("lives %lu, resets with leases out %lu, chains completed %lu\n", atomic_load(&lives),
		atomic_load(&resets_with_leases), atomic_load(&chains_done));
	printf("%-12s", "met by");
	for (int b = 0; b < EVENTS; b++)
		printf(" %11s", event_names[b]);
	printf("\n");
	for (int a = 0; a < EVENTS; a++) {
		printf("%-12s", event_names[a]);
		for (int b = 0; b < EVENTS; b++)
			printf(" %11lu", atomic_load(&pairs[a][b]) + atomic_load(&pairs[b][a]));
		printf("\n");
	}
	printf("pairs that never met %d, damaged bytes %lu, errors %lu\n", missing, atomic_load(&damaged),
		atomic_load(&errors));
	return missing || atomic_load(&damaged) || atomic_load(&errors);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"resets", required_argument, NULL, 'r'},
		{"seed", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r') {
			wanted = strtoul(optarg, NULL, 0);
		} else if (c == 's') {
			seed = strtoul(optarg, NULL, 0);
		} else {
			printf("usage: reset_storm [--resets N] [--seed N]\n"
			       "Runs until N resets (default 2000) were made with leases out, and every pair of\n"
			       "events has met on one device, or 20 N resets were made.\n");
			exit(c == 'h' ? 0 : 2);
		}
	}
}

static void run(void)
{
	pthread_t threads[DEVICES + VCPUS + IO_THREADS + 1];
	time_t began = time(NULL);
	int n = 0;

	for (int i = 0; i < DEVICES; i++)
		pthread_create(&threads[n++], NULL, driver_thread, &slots[i]);
	for (uintptr_t i = 0; i < VCPUS; i++)
		pthread_create(&threads[n++], NULL, vcpu_thread, (void *)i);
	pthread_create(&threads[n++], NULL, config_thread, NULL);
	int workers = n;
	for (uintptr_t i = 0; i < IO_THREADS; i++)
		pthread_create(&threads[n++], NULL, io_thread, (void *)i);
	while (!enough()) {
		usleep(100000);
		progress(began);
	}
	atomic_store(&stop, true);
	for (int i = workers; i < n; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < workers; i++)
		while (pthread_tryjoin_np(threads[i], NULL) == EBUSY) {
			for (int d = 0; d < DEVICES; d++)
				drain(&slots[d]);
			sched_yield();
		}
}

int main(int argc, char **argv)
{
	struct vmmio_pool_options o = {.size = sizeof(o)};
	int error, bad;

	parse(argc, argv);
	error = vmmio_pool_create(&o, &pool);
	if (error)
		die("pool", error);
	for (unsigned i = 0; i < DEVICES; i++)
		make_slot(&slots[i], i);
	run();
	for (int i = 0; i < DEVICES; i++)
		free_slot(&slots[i]);
	if (vmmio_executor_destroy(pool))
		atomic_fetch_add(&errors, 1);
	bad = verdict();
	return bad ? 1 : 0;
}
