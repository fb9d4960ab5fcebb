/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device on one thread, step by step: what a test harness does.
 *
 * The manual executor runs nothing until it is told, and its clock stands still until it is
 * moved. So a test decides what happens between a guest's write and the next: here a
 * driver resets a version 3 device that has a request in flight, and we look at
 * every moment of it. The output is the same each time, on any machine.
 */
#include "guest.h"

#include <inttypes.h>

/* A backend that takes one chain and keeps it until it is told. */
struct slow {
	struct vmmio_queue *queue;
	vmmio_token token; /* of the chain; 0: none */
};

static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct slow *slow = ctx;
	struct vmmio_chain chain;

	while (!slow->token && vmmio_queue_pop(queue, &chain, 1)) {
		slow->queue = queue;
		slow->token = chain.token;
	}
}

/* The reset asks to cancel what can be cancelled. Here nothing can. */
static int quiesce(void *ctx, vmmio_token token)
{
	(void)ctx, (void)token;
	return 0;
}

static void stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	(void)ctx;
	printf("  report: reset of %s is %" PRIu64 " s old, %u chain out\n", report->device,
		report->age / 1000000000, report->leases);
}

static void step(struct guest *guest)
{
	vmmio_executor_help(guest->executor);
}

static void show(struct guest *guest, const char *moment)
{
	printf("%-46s Status %2u, tasks waiting %zu\n", moment, guest_status(guest),
		vmmio_manual_pending(guest->executor));
}

int main(void)
{
	static const struct vmmio_backend_ops ops = {
		.size = sizeof(ops), .notify = notify, .quiesce = quiesce};
	static const uint16_t queue_sizes[] = {16};
	struct slow slow = {0};
	struct vmmio_backend backend = {.size = sizeof(backend), .ops = &ops, .ctx = &slow,
		.device_id = 42, .features = {VMMIO_TRANSPORT_FEATURES_0}, .n_queues = 1,
		.queue_sizes = queue_sizes};
	struct guest guest = {.relax = step};
	struct vmmio_executor *manual;

	check("executor", vmmio_manual_create(&manual));
	guest_create(&guest, manual, &(struct vmmio_device_options){.name = "slow", .version = 3,
		.backend = &backend, .stuck = stuck});
	guest_boot(&guest);
	vmmio_manual_run(manual, 100);
	guest_send(&guest, 64, 64);
	show(&guest, "the device has a request:");

	vmmio_device_write(guest.device, VMMIO_REG_STATUS, 4, 0);
	show(&guest, "the driver wrote 0, and goes on:");
	vmmio_manual_run(manual, 100);
	show(&guest, "the backend was asked to stop:");
	vmmio_manual_advance(manual, UINT64_C(5000000000));
	show(&guest, "five seconds later:");
	bool open = guest_status(&guest) != 0;
	vmmio_queue_complete_one(slow.queue, slow.token, 0);
	show(&guest, "the request came back, too late to be seen:");

	bool over = guest_status(&guest) == 0;

	guest_destroy(&guest);
	check("executor", vmmio_executor_destroy(manual));
	return open && over ? 0 : 1;
}
