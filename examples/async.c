/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Completion from a thread of your own.
 *
 * notify must not block, so a backend that has real work to do hands the chain to a thread and
 * returns. The thread completes it when it is done, from wherever it is: complete may be
 * called by any thread at any time, also after the device was reset. The work here is to
 * turn text into capitals, slowly.
 *
 * The one thing to be careful about is the end: a reset is over only when every chain is back.
 * quiesce is where the backend is told; it drops what has not begun and lets what has run out.
 */
#include "guest.h"

#include <ctype.h>
#include <pthread.h>
#include <unistd.h>

#define QUEUE_SIZE 16

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool stop;
	struct vmmio_queue *queue;
	struct vmmio_chain waiting[QUEUE_SIZE]; /* no more than the queue has entries */
	unsigned n;
};

static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct worker *w = ctx;

	pthread_mutex_lock(&w->lock);
	w->queue = queue;
	/* What does not fit stays in the ring until the thread kicks. */
	w->n += vmmio_queue_pop(queue, w->waiting + w->n, QUEUE_SIZE - w->n);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

static uint32_t to_capitals(const struct vmmio_chain *chain)
{
	const struct vmmio_iovec *from = chain->readable, *to = chain->writable;
	uint32_t i;

	if (!chain->n_readable || !chain->n_writable)
		return 0;
	usleep(2000);
	for (i = 0; i < from->len && i < to->len; i++)
		((char *)to->base)[i] = (char)toupper(((unsigned char *)from->base)[i]);
	return i;
}

static void *work(void *ctx)
{
	struct worker *w = ctx;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		struct vmmio_chain chain;
		struct vmmio_queue *queue;
		uint32_t written;

		if (!w->n) {
			pthread_cond_wait(&w->more, &w->lock);
			continue;
		}
		chain = w->waiting[0];
		memmove(w->waiting, w->waiting + 1, --w->n * sizeof(chain));
		queue = w->queue;
		pthread_mutex_unlock(&w->lock);
		/* From pop to complete the chain's memory is ours, and the chain keeps the
		 * device in being: complete is the last thing we do. */
		written = to_capitals(&chain);
		vmmio_queue_kick(queue); /* there is room for more */
		vmmio_queue_complete_one(queue, chain.token, written);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The device is reset or destroyed. No notify is running and none will: this is all there is.
 * The chain the thread is working on comes back by itself, and the reset waits for it. */
static int quiesce(void *ctx, vmmio_token token)
{
	struct worker *w = ctx;

	(void)token;
	pthread_mutex_lock(&w->lock);
	for (; w->n; w->n--) /* complete never calls us back: holding the lock is fine */
		vmmio_queue_complete_one(w->queue, w->waiting[w->n - 1].token, 0);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

int main(void)
{
	static const struct vmmio_backend_ops ops = {
		.size = sizeof(ops), .notify = notify, .quiesce = quiesce};
	static const uint16_t queue_sizes[] = {QUEUE_SIZE};
	struct worker worker = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
	struct vmmio_backend backend = {.size = sizeof(backend), .ops = &ops, .ctx = &worker,
		.device_id = 42, .features = {VMMIO_TRANSPORT_FEATURES_0}, .n_queues = 1,
		.queue_sizes = queue_sizes};
	const char text[] = "written by one thread, read by another";
	struct guest guest = {0};
	struct vmmio_executor *pool;

	check("pool", vmmio_pool_create(NULL, &pool));
	check("thread", -pthread_create(&worker.thread, NULL, work, &worker));
	guest_create(&guest, pool, &(struct vmmio_device_options){.name = "capitals",
		.version = 3, .backend = &backend});
	guest_boot(&guest);

	memcpy(guest.out.host, text, sizeof(text));
	guest_send(&guest, sizeof(text), 4096);
	int len = guest_wait(&guest);

	printf("%d bytes: %s\n", len, (char *)guest.in.host);

	/* A reset with more requests than the thread can finish: all come back, one way or
	 * the other, and only then Status reads 0. */
	for (int i = 0; i < 8; i++)
		guest_send(&guest, sizeof(text), 4096);
	vmmio_device_write(guest.device, VMMIO_REG_STATUS, 4, 0);
	printf("after the write of 0: Status %u\n", guest_status(&guest) ? 15 : 0);
	while (guest_status(&guest))
		usleep(100);

	struct vmmio_device_counters counters;

	vmmio_device_counters(guest.device, &counters);
	printf("when it reads 0: %u chains out\n", counters.leases);

	guest_destroy(&guest);
	pthread_mutex_lock(&worker.lock);
	worker.stop = true;
	pthread_cond_signal(&worker.more);
	pthread_mutex_unlock(&worker.lock);
	pthread_join(worker.thread, NULL);
	check("pool", vmmio_executor_destroy(pool));
	return counters.leases ? 1 : 0;
}
