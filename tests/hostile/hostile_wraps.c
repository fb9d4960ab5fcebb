/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rows want to know of calls that are not theirs: the linker has these called instead. */
#include <vmmio/queue.h>

#include "hostile/rig_hostile.h"

#define NOBODY ((void *)0xdead0000)

unsigned __real_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);
int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

static atomic_uint threads, popped;

unsigned hostile_threads(void)
{
	return atomic_load(&threads);
}

unsigned hostile_popped(void)
{
	return atomic_load(&popped);
}

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	atomic_fetch_add(&threads, 1);
	return __real_pthread_create(thread, attr, start, arg);
}

static void poison(struct vmmio_chain *chains, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		chains[i] = (struct vmmio_chain){
			.token = UINT64_MAX,
			.readable = NOBODY,
			.writable = NOBODY,
			.n_readable = UINT16_MAX,
			.n_writable = UINT16_MAX,
			.readable_len = UINT32_MAX,
			.writable_len = UINT32_MAX,
			.head = UINT16_MAX,
		};
}

/* A chain that was not given is not looked at, whatever was left there. */
unsigned __wrap_vmmio_queue_pop(struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max)
{
	unsigned n;

	poison(chains, 0, max);
	n = __real_vmmio_queue_pop(queue, chains, max);
	poison(chains, n, max);
	atomic_fetch_add(&popped, n);
	return n;
}
