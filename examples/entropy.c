/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A backend of one page: the entropy device.
 *
 * A virtio device talks to its driver through queues. The driver puts buffers into a queue and
 * notifies; the device takes them off as descriptor chains (pop), does its work, and gives
 * them back (complete). For an entropy device the buffers are empty room, and the work is
 * to fill it with random bytes. That is all a backend has to know: registers, ring formats,
 * interrupts and resets are the library's.
 */
#include "guest.h"

#include <sys/random.h>

#define ID_ENTROPY 4
#define AT_MOST 4096 /* bytes per chain: a hook in the guest's write must not take long */

/* Called when there may be chains: take them until there are no more. */
static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_chain chain;

	(void)ctx;
	while (vmmio_queue_pop(queue, &chain, 1)) {
		uint32_t written = 0;

		/* The room may lie in several pieces of guest memory. */
		for (uint32_t i = 0; i < chain.n_writable && written < AT_MOST; i++) {
			size_t room = chain.writable[i].len;
			ssize_t n = getrandom(chain.writable[i].base,
				room < AT_MOST - written ? room : AT_MOST - written, 0);

			if (n < 0)
				break; /* what was written so far is still good */
			written += (uint32_t)n;
		}
		/* Exactly once for each chain, whatever happened to it. */
		vmmio_queue_complete_one(queue, chain.token, written);
	}
}

static const struct vmmio_backend_ops ops = {.size = sizeof(ops), .notify = notify};
static const uint16_t queue_sizes[] = {64};

static const struct vmmio_backend entropy = {
	.size = sizeof(entropy),
	.ops = &ops,
	.flags = VMMIO_BACKEND_PROMPT, /* no hook of ours ever waits */
	.device_id = ID_ENTROPY,
	.features = {VMMIO_TRANSPORT_FEATURES_0},
	.n_queues = 1,
	.queue_sizes = queue_sizes,
};

int main(void)
{
	struct guest guest = {0};
	struct vmmio_executor *pool;

	check("pool", vmmio_pool_create(NULL, &pool));
	guest_create(&guest, pool, &(struct vmmio_device_options){.name = "entropy",
		.version = 3, .backend = &entropy});
	guest_boot(&guest);

	guest_send(&guest, 0, 32);
	int len = guest_wait(&guest);

	printf("the device wrote %d random bytes:", len);
	for (int i = 0; i < len; i++)
		printf(" %02x", ((unsigned char *)guest.in.host)[i]);
	printf("\n");

	guest_destroy(&guest);
	check("pool", vmmio_executor_destroy(pool));
	return len == 32 ? 0 : 1;
}
