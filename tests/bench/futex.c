/* SPDX-License-Identifier: BSD-3-Clause */
/* See futex.h. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "futex.h"

#define PAUSE_NS 30000u
#define TRIES_EACH 100u

enum { ASLEEP, CALLED, SEEN, STOP };

/* The waker stores CALLED or STOP and wakes; the sleeper answers SEEN, then ASLEEP. */
struct sleeper {
	_Atomic uint32_t state;
};

static long futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void *sleeper_main(void *arg)
{
	struct sleeper *sleeper = arg;

	for (;;) {
		uint32_t state;

		futex(&sleeper->state, FUTEX_WAIT, ASLEEP);
		state = atomic_load_explicit(&sleeper->state, memory_order_acquire);
		if (state == STOP)
			return NULL;
		if (state == CALLED) {
			atomic_store_explicit(&sleeper->state, SEEN, memory_order_release);
			/* The waker takes SEEN back to ASLEEP when it has looked at its clock. */
			while (atomic_load_explicit(&sleeper->state, memory_order_acquire) == SEEN)
				;
		}
	}
}

void bench_pause(void)
{
	const uint64_t end = bench_now() + PAUSE_NS;

	while (bench_now() < end)
		;
}

/* false: the thread had not got to sleep yet, so it was no wake-up. */
static bool wake_once(struct sleeper *sleeper, uint64_t *call, uint64_t *until)
{
	uint64_t begin;
	bool woken;

	bench_pause();
	begin = bench_now();
	atomic_store_explicit(&sleeper->state, CALLED, memory_order_release);
	woken = futex(&sleeper->state, FUTEX_WAKE, 1) == 1;
	*call = bench_now() - begin;
	while (atomic_load_explicit(&sleeper->state, memory_order_acquire) != SEEN)
		;
	*until = bench_now() - begin;
	atomic_store_explicit(&sleeper->state, ASLEEP, memory_order_release);
	return woken;
}

int futex_wakes(struct wakes *wakes)
{
	struct sleeper sleeper = {ASLEEP};
	size_t tries = TRIES_EACH * wakes->n;
	pthread_t thread;
	int error = pthread_create(&thread, NULL, sleeper_main, &sleeper);

	if (error)
		return bench_fail(-error, "starting a thread to wake");
	for (size_t i = 0; i < wakes->n && tries; tries--)
		i += wake_once(&sleeper, &wakes->call[i], &wakes->until[i]);
	atomic_store_explicit(&sleeper.state, STOP, memory_order_release);
	futex(&sleeper.state, FUTEX_WAKE, 1);
	pthread_join(thread, NULL);
	if (!tries)
		return bench_fail(-EBUSY, "the machine is too busy for a thread to fall asleep");
	samples_sort(wakes->call, wakes->n);
	samples_sort(wakes->until, wakes->n);
	return 0;
}
