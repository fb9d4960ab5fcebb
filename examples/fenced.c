/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several devices on one pool, one of them stuck, then fenced.
 *
 * All three have a request in flight when the VM reboots. Two backends give it back; the
 * third has handed it to something that never answers. Its reset stays open, for whatever
 * has the request could still write to guest memory, and nobody else notices. When the
 * deadline passes, the embedder is told. Once it has made sure that nothing can write any
 * more (here we say so; a VMM unmaps the IOMMU, or kills the process that did the I/O), it
 * fences the device: the reset ends.
 */
#include "guest.h"

#include <unistd.h>

#define DEVICES 3
#define STUCK 1

struct holder {
	struct vmmio_queue *queue;
	vmmio_token token;
	bool answers;
};

static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct holder *holder = ctx;
	struct vmmio_chain chain;

	while (vmmio_queue_pop(queue, &chain, 1)) {
		holder->queue = queue;
		holder->token = chain.token;
	}
}

static int quiesce(void *ctx, vmmio_token token)
{
	struct holder *holder = ctx;

	(void)token;
	if (holder->answers)
		vmmio_queue_complete_one(holder->queue, holder->token, 0);
	return 0;
}

/* On a thread of the pool. */
static void stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	(void)report; /* the log line says it all */
	sem_post(ctx);
}

static void told(struct vmmio_waiter *waiter, int result)
{
	(void)waiter, (void)result;
}

static const struct vmmio_backend_ops ops = {
	.size = sizeof(ops), .notify = notify, .quiesce = quiesce};
static const uint16_t queue_sizes[] = {16};

static void show(struct guest *guests, const char *moment)
{
	printf("%-34s Status", moment);
	for (int i = 0; i < DEVICES; i++)
		printf(" %2u", guest_status(&guests[i]));
	printf("\n");
}

int main(void)
{
	struct holder holders[DEVICES] = {0};
	struct vmmio_backend backends[DEVICES];
	struct vmmio_waiter waiters[DEVICES] = {{.done = told}, {.done = told}, {.done = told}};
	struct guest guests[DEVICES] = {0};
	struct vmmio_executor *pool;
	sem_t alarm;

	sem_init(&alarm, 0, 0);
	check("pool", vmmio_pool_create(NULL, &pool));
	for (int i = 0; i < DEVICES; i++) {
		static const char *const names[DEVICES] = {"left", "middle", "right"};

		holders[i].answers = i != STUCK;
		backends[i] = (struct vmmio_backend){.size = sizeof(backends[i]), .ops = &ops,
			.ctx = &holders[i], .device_id = 42,
			.features = {VMMIO_TRANSPORT_FEATURES_0}, .n_queues = 1,
			.queue_sizes = queue_sizes};
		guest_create(&guests[i], pool, &(struct vmmio_device_options){
			.name = names[i], .version = 3, .backend = &backends[i],
			.reset_deadline = 50 * 1000 * 1000, /* ns */
			.stuck = stuck, .stuck_ctx = &alarm});
		guest_boot(&guests[i]);
		guest_send(&guests[i], 64, 64);
	}
	show(guests, "three requests in flight:");

	for (int i = 0; i < DEVICES; i++) /* the VM reboots */
		check("reset", vmmio_device_reset(guests[i].device, &waiters[i]));
	sem_wait(&alarm);
	show(guests, "50 ms after the reset:");
	bool stays = guest_status(&guests[STUCK]) != 0;

	check("fence", vmmio_device_fence(guests[STUCK].device));
	while (guest_status(&guests[STUCK]))
		usleep(100);
	show(guests, "after the fence:");

	/* It is back after all: too late, and ignored. */
	vmmio_queue_complete_one(holders[STUCK].queue, holders[STUCK].token, 64);
	for (int i = 0; i < DEVICES; i++)
		guest_destroy(&guests[i]);
	check("pool", vmmio_executor_destroy(pool));
	sem_destroy(&alarm);
	return stays ? 0 : 1;
}
