/* SPDX-License-Identifier: BSD-3-Clause */
#include "guest.h"

#include <unistd.h>

#define RAM_SIZE (1u << 20)
#define RAM_BASE UINT64_C(0x80000000)

static void log_line(void *ctx, enum vmmio_log_level level, const char *line)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	(void)ctx;
	fprintf(stderr, "  [%s] %s\n", names[level], line);
}

const struct vmmio_log guest_log = {log_line, NULL};

int check(const char *what, int error)
{
	if (error >= 0)
		return error;
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

/* A VMM does these two on an MMIO exit. */
static uint64_t read_register(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct guest *)ctx)->device, offset, size);
}

static void write_register(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	vmmio_device_write(((struct guest *)ctx)->device, offset, size, value);
}

static void relax(void *ctx)
{
	struct guest *guest = ctx;

	if (guest->relax)
		guest->relax(guest);
	else
		usleep(100);
}

void guest_create(struct guest *guest, struct vmmio_executor *executor,
	const struct vmmio_device_options *options)
{
	struct vmmio_device_options o = *options;
	struct vmmio_region region = {.guest = RAM_BASE, .size = RAM_SIZE};

	region.host = guest->ram = aligned_alloc(4096, RAM_SIZE);
	check("memory", region.host ? 0 : -1);
	memset(guest->ram, 0, RAM_SIZE);
	check("memory", vmmio_memory_create(&guest_log, &guest->memory));
	check("memory", vmmio_memory_add(guest->memory, &region));
	guest->executor = executor;
	o.size = sizeof(o);
	o.memory = guest->memory;
	o.executor = executor;
	o.log = guest_log;
	check("device", vmmio_device_create(&o, &guest->device));
	sem_init(&guest->released, 0, 0);
}

void guest_boot(struct guest *guest)
{
	static const struct vmmio_driver_ops ops = {
		.size = sizeof(ops), .read = read_register, .write = write_register, .relax = relax};
	struct vmmio_driver_config config = {.size = sizeof(config), .ops = &ops, .ctx = guest,
		.memory = {guest->ram, RAM_BASE, RAM_SIZE}};

	check("driver", vmmio_driver_create(&config, &guest->driver));
	check("driver", vmmio_driver_start(guest->driver, 0, 1, 0));
	check("buffer", vmmio_driver_alloc(guest->driver, 4096, 4096, &guest->out));
	check("buffer", vmmio_driver_alloc(guest->driver, 4096, 4096, &guest->in));
}

void guest_send(struct guest *guest, size_t n_out, size_t n_in)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(guest->driver, 0);
	struct vmmio_driver_seg out = {guest->out.guest, (uint32_t)n_out};
	struct vmmio_driver_seg in = {guest->in.guest, (uint32_t)n_in};
	struct vmmio_driver_chain chain = {
		.out = &out, .n_out = n_out != 0, .in = &in, .n_in = n_in != 0};

	check("request", vmmio_driver_queue_add(queue, &chain));
	vmmio_driver_queue_kick(queue);
}

int guest_poll(struct guest *guest)
{
	struct vmmio_driver_used used;

	if (vmmio_driver_queue_poll(vmmio_driver_queue(guest->driver, 0), &used) <= 0)
		return -1;
	vmmio_driver_interrupt_ack(guest->driver, vmmio_driver_interrupt_status(guest->driver));
	return (int)used.len;
}

int guest_wait(struct guest *guest)
{
	int len;

	while ((len = guest_poll(guest)) < 0)
		relax(guest);
	return len;
}

uint32_t guest_status(struct guest *guest)
{
	return (uint32_t)vmmio_device_read(guest->device, VMMIO_REG_STATUS, 4);
}

static void released(void *ctx)
{
	sem_post(&((struct guest *)ctx)->released);
}

void guest_destroy(struct guest *guest)
{
	vmmio_driver_destroy(guest->driver);
	check("destroy", vmmio_device_destroy(guest->device, released, guest));
	while (sem_trywait(&guest->released))
		relax(guest);
	check("memory", vmmio_memory_destroy(guest->memory));
	sem_destroy(&guest->released);
	free(guest->ram);
}
