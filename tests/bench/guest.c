/* SPDX-License-Identifier: BSD-3-Clause */
/* See guest.h. */
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "guest.h"

#define NEVER_SLEEP UINT64_C(3600000000000)
#define PATIENCE 20000000u /* looks at Status; spinning, so some seconds */

static const uint16_t queue_size[] = {GUEST_CHAINS};

static void print_log(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx;
	if (level <= VMMIO_LOG_WARN)
		fprintf(stderr, "libvmmio: %s\n", line);
}

const struct vmmio_log bench_log = {.fn = print_log};

/* --- The backend ------------------------------------------------------------- */

static void hold_notify(void *ctx, struct vmmio_queue *queue)
{
	struct guest *guest = ctx;
	struct vmmio_chain chains[GUEST_CHAINS];
	unsigned n;

	guest->queue = queue;
	while ((n = vmmio_queue_pop(queue, chains, GUEST_CHAINS - guest->held)))
		for (unsigned i = 0; i < n; i++)
			guest->done[guest->held++] = (struct vmmio_completion){.token = chains[i].token};
}

/* Cancels everything, as a backend does whose requests can be. */
static int hold_quiesce(void *ctx, vmmio_token token)
{
	struct guest *guest = ctx;
	const uint64_t begin = bench_now();
	const unsigned n = guest->held;

	(void)token;
	guest->held = 0;
	if (n)
		vmmio_queue_complete(guest->queue, guest->done, n);
	guest->quiesce = bench_now() - begin;
	return 0;
}

static const struct vmmio_backend_ops hold_ops = {
	.size = sizeof(hold_ops),
	.notify = hold_notify,
	.quiesce = hold_quiesce,
};

/* --- The driver's way to the registers ------------------------------------------ */

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct guest *)ctx)->device, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct guest *guest = ctx;

	if (offset != VMMIO_REG_STATUS || value != 0) {
		vmmio_device_write(guest->device, offset, size, value);
		return;
	}
	guest->written = bench_now();
	vmmio_device_write(guest->device, offset, size, value);
	guest->stall = bench_now() - guest->written;
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
};

/* --- Life ------------------------------------------------------------------------ */

static int make_vm(struct guests *guests, const struct guests_options *o)
{
	struct vmmio_pool_options pool = {
		.size = sizeof(pool),
		.poll_time = o->worker == WORKER_AWAKE ? NEVER_SLEEP : UINT64_MAX,
		.log = bench_log,
	};
	struct vmmio_region region = {.guest = GUEST_RAM_BASE, .flags = VMMIO_REGION_PINNED};
	int error;

	guests->ram_size = (size_t)o->n * GUEST_MEMORY;
	guests->ram = mmap(NULL, guests->ram_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (guests->ram == MAP_FAILED) {
		guests->ram = NULL;
		return -ENOMEM;
	}
	region.host = guests->ram;
	region.size = guests->ram_size;
	error = vmmio_memory_create(&bench_log, &guests->memory);
	if (!error)
		error = vmmio_memory_add(guests->memory, &region);
	if (!error)
		error = vmmio_pool_create(&pool, &guests->pool);
	return error;
}

static int make_guest(struct guests *guests, const struct guests_options *o, unsigned i)
{
	struct guest *guest = &guests->guest[i];
	const struct vmmio_device_options device = {
		.size = sizeof(device),
		.version = 3,
		.backend = &guest->backend,
		.memory = guests->memory,
		.executor = guests->pool,
		.log = bench_log,
	};
	const struct vmmio_driver_config driver = {
		.size = sizeof(driver),
		.ops = &driver_ops,
		.ctx = guest,
		.memory = {guests->ram + (size_t)i * GUEST_MEMORY,
			GUEST_RAM_BASE + (uint64_t)i * GUEST_MEMORY, GUEST_MEMORY},
	};
	int error;

	guest->backend = (struct vmmio_backend){
		.size = sizeof(guest->backend),
		.ops = &hold_ops,
		.ctx = guest,
		.flags = o->prompt ? VMMIO_BACKEND_PROMPT : 0,
		.device_id = 42,
		.features = {VMMIO_FEATURE(VMMIO_F_VERSION_1)},
		.n_queues = 1,
		.queue_sizes = queue_size,
		.max_segments = 1,
	};
	error = vmmio_device_create(&device, &guest->device);
	return error ? error : vmmio_driver_create(&driver, &guest->driver);
}

int guests_create(const struct guests_options *options, struct guests *out)
{
	int error;

	*out = (struct guests){.n = options->n};
	out->guest = calloc(options->n, sizeof(out->guest[0]));
	if (!out->guest)
		return bench_fail(-ENOMEM, "setting up devices");
	error = make_vm(out, options);
	for (unsigned i = 0; i < out->n && !error; i++)
		error = make_guest(out, options, i);
	if (error) {
		guests_destroy(out);
		return bench_fail(error, "setting up devices");
	}
	return 0;
}

static void post(void *sem)
{
	sem_post(sem);
}

static void destroy_and_post(struct vmmio_device *device, sem_t *gone)
{
	if (device && vmmio_device_destroy(device, post, gone) == 0)
		while (sem_wait(gone))
			;
}

void bench_destroy_device(struct vmmio_device *device)
{
	sem_t gone;

	sem_init(&gone, 0, 0);
	destroy_and_post(device, &gone);
	sem_destroy(&gone);
}

void guests_destroy(struct guests *guests)
{
	for (unsigned i = 0; i < guests->n && guests->guest; i++) {
		bench_destroy_device(guests->guest[i].device);
		vmmio_driver_destroy(guests->guest[i].driver);
	}
	if (guests->pool && vmmio_executor_destroy(guests->pool))
		bench_fail(-EBUSY, "ending the pool");
	if (guests->memory && vmmio_memory_destroy(guests->memory))
		bench_fail(-EBUSY, "freeing the memory table");
	if (guests->ram)
		munmap(guests->ram, guests->ram_size);
	free(guests->guest);
}

/* --- Load and reset ----------------------------------------------------------------- */

static int load(struct guest *guest)
{
	const struct vmmio_driver_seg in = {GUEST_RAM_BASE, 64};
	const struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};
	struct vmmio_driver_queue *queue;
	int error = vmmio_driver_start(guest->driver, 0, 1, GUEST_CHAINS);

	if (error)
		return error;
	queue = vmmio_driver_queue(guest->driver, 0);
	for (unsigned i = 0; i < GUEST_CHAINS; i++) {
		int id = vmmio_driver_queue_add(queue, &chain);

		if (id < 0)
			return id;
	}
	vmmio_driver_queue_kick(queue);
	return guest->held == GUEST_CHAINS ? 0 : -EIO;
}

int guests_load(struct guests *guests)
{
	for (unsigned i = 0; i < guests->n; i++) {
		int error = load(&guests->guest[i]);

		if (error)
			return bench_fail(error, "loading a device with requests");
	}
	return 0;
}

int guests_reset(struct guests *guests)
{
	for (unsigned i = 0; i < guests->n; i++) {
		int error = vmmio_driver_reset_begin(guests->guest[i].driver);

		if (error)
			return bench_fail(error, "resetting a device");
	}
	return 0;
}

int guests_wait(struct guests *guests)
{
	for (unsigned i = 0; i < guests->n; i++) {
		unsigned looks = 0;
		int error;

		do
			error = vmmio_driver_reset_poll(guests->guest[i].driver);
		while (error == -EAGAIN && ++looks < PATIENCE);
		if (error)
			return bench_fail(error, "waiting for a reset");
	}
	return 0;
}
