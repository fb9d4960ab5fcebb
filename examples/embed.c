/* SPDX-License-Identifier: BSD-3-Clause */
/* A disk in forty lines: ./embed IMAGE. The VMM's part is marked; here a few lines play it. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <vmmio/vmmio.h>

static char ram[1 << 20]; /* VMM: the guest's memory */

static void line(void *vm, bool high) { (void)vm, printf("line %d\n", high); } /* VMM: inject */
static void log_line(void *vm, enum vmmio_log_level level, const char *text)
{
	(void)vm, (void)level, fprintf(stderr, "%s\n", text);
}
static void gone(void *sem) { sem_post(sem); } /* the device is released */
static void check(int error) { if (error) exit(1); } /* the log has said why */

int main(int argc, char **argv)
{
	struct vmmio_log log = {log_line, NULL};
	struct vmmio_memory *memory;
	struct vmmio_executor *pool; /* resets run here, never on a vCPU */
	struct vmmio_io *io;         /* one thread and io_uring for many disks */
	struct vmmio_blk *blk;
	struct vmmio_device *dev;

	check(vmmio_memory_create(&log, &memory));
	check(vmmio_memory_add(memory, &(struct vmmio_region){
		.guest = 0x80000000, .size = sizeof(ram), .host = ram}));
	check(vmmio_pool_create(NULL, &pool));
	check(vmmio_io_create(NULL, &io));
	check(vmmio_blk_create(&(struct vmmio_blk_options){.size = sizeof(struct vmmio_blk_options),
		.path = argc > 1 ? argv[1] : "disk.img", .io = io, .log = log}, &blk));
	check(vmmio_device_create(&(struct vmmio_device_options){
		.size = sizeof(struct vmmio_device_options), .version = 3, .memory = memory,
		.executor = pool, .backend = vmmio_blk_backend(blk), .irq = {.level = line},
		.log = log}, &dev));

	/* VMM: on an MMIO exit in the device's window */
	printf("magic %llx\n", (unsigned long long)vmmio_device_read(dev, 0x000, 4));
	vmmio_device_write(dev, 0x070, 4, 0); /* Status := 0 */

	sem_t released;
	sem_init(&released, 0, 0);
	check(vmmio_device_destroy(dev, gone, &released));
	sem_wait(&released);
	check(vmmio_blk_destroy(blk));
	check(vmmio_io_destroy(io));
	check(vmmio_executor_destroy(pool));
	check(vmmio_memory_destroy(memory));
	return 0;
}
