/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watching a device: ./trace [--json]. A driver brings a device up, sends it a buffer and resets
 * it; then each register access is printed, and the device's metrics. On a manual executor,
 * so time is virtual and every run prints the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/vmmio.h>

#define RAM UINT64_C(0x80000000)

static _Alignas(4096) char ram[1 << 16]; /* the guest's memory */

struct bench {
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_null *null;
	struct vmmio_trace *trace;
	struct vmmio_metrics *metrics;
	struct vmmio_device *dev;
	struct vmmio_driver *driver;
};

static void log_line(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx, (void)level;
	fprintf(stderr, "%s\n", line);
}

static const struct vmmio_log log_to_stderr = {log_line, NULL};

static void check(int error)
{
	if (error < 0)
		exit(1);
}

/* --- The driver's way to the device --------------------------------------------- */

static uint64_t guest_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct bench *)ctx)->dev, offset, size);
}

static void guest_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	vmmio_device_write(((struct bench *)ctx)->dev, offset, size, value);
}

/* The driver polls: a microsecond passes, and the device takes one step. */
static void guest_waits(void *ctx)
{
	struct bench *b = ctx;

	vmmio_manual_advance(b->ex, 1000);
	vmmio_executor_help(b->ex);
}

static const struct vmmio_driver_ops guest = {
	.size = sizeof(guest), .read = guest_read, .write = guest_write, .relax = guest_waits};

/* --- The device and its watchers ------------------------------------------------ */

static void create(struct bench *b)
{
	struct vmmio_region region = {.guest = RAM, .size = sizeof(ram), .host = ram};
	struct vmmio_device_options o = {
		.size = sizeof(o), .version = 3, .log = log_to_stderr, .n_observers = 2};
	struct vmmio_driver_config config = {
		.size = sizeof(config), .ops = &guest, .ctx = b, .memory = {ram, RAM, sizeof(ram)}};

	check(vmmio_memory_create(&log_to_stderr, &b->memory));
	check(vmmio_memory_add(b->memory, &region));
	check(vmmio_manual_create(&b->ex));
	check(vmmio_null_create(NULL, &b->null));
	check(vmmio_trace_create(NULL, &b->trace));
	check(vmmio_metrics_create(NULL, &b->metrics));
	o.memory = b->memory;
	o.executor = b->ex;
	o.backend = vmmio_null_backend(b->null);
	o.observers = (struct vmmio_observer[]){
		*vmmio_trace_observer(b->trace), *vmmio_metrics_observer(b->metrics)};
	check(vmmio_device_create(&o, &b->dev));
	check(vmmio_driver_create(&config, &b->driver));
}

static void drive(struct bench *b)
{
	struct vmmio_driver_area buffer;
	struct vmmio_driver_used used;
	struct vmmio_driver_queue *queue;

	check(vmmio_driver_start(b->driver, 0, 1, 16));
	check(vmmio_driver_alloc(b->driver, 64, 64, &buffer));
	queue = vmmio_driver_queue(b->driver, 0);
	struct vmmio_driver_seg in = {buffer.guest, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};
	check(vmmio_driver_queue_add(queue, &chain));
	check(vmmio_driver_queue_kick(queue));
	check(vmmio_driver_queue_wait(queue, &used, 1000));
	check(vmmio_driver_reset(b->driver, 1000));
}

/* While the device runs this would do as well, on any thread. */
static void print(struct bench *b, enum vmmio_format format)
{
	struct vmmio_trace_cursor cursor = {0};
	struct vmmio_trace_entry entry;
	char line[VMMIO_TRACE_LINE], *metrics;
	int length;

	while (vmmio_trace_read(b->trace, &cursor, &entry, 1)) {
		check(vmmio_trace_format(&entry, format, line, sizeof(line)));
		puts(line);
	}
	length = vmmio_metrics_format(b->metrics, format, NULL, 0);
	check(length);
	metrics = malloc((size_t)length + 1);
	check(metrics ? vmmio_metrics_format(b->metrics, format, metrics, (size_t)length + 1) : -1);
	puts(metrics);
	free(metrics);
}

static void destroy(struct bench *b)
{
	vmmio_driver_destroy(b->driver);
	check(vmmio_device_destroy(b->dev, NULL, NULL));
	vmmio_manual_run(b->ex, 100);
	check(vmmio_trace_destroy(b->trace));
	check(vmmio_metrics_destroy(b->metrics));
	check(vmmio_null_destroy(b->null));
	check(vmmio_executor_destroy(b->ex));
	check(vmmio_memory_destroy(b->memory));
}

int main(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	struct bench b = {0};

	if (argc > 1 && !json) {
		fprintf(stderr, "usage: trace [--json]\n");
		return 2;
	}
	create(&b);
	drive(&b);
	print(&b, json ? VMMIO_FORMAT_JSON : VMMIO_FORMAT_TEXT);
	destroy(&b);
	return 0;
}
