/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workers: blocking calls on a set of threads that grows when all are stuck.
 *
 * Requests queue in lanes, one per descriptor (by its number), and lanes take turns: a
 * busy device does not delay its neighbour's next request. Nor does a stuck one take all
 * threads: a lane gets another thread only while it holds less than a quarter of what is
 * left, and one thread is kept back to answer cancelled requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/hub.h"

#define LANES 1024u /* the usual limit of descriptors; beyond it some share a lane */
#define IDLE_SECONDS 5

enum { QUEUED = UINT32_MAX, RUNNING = 0 }; /* io_state.slot, under the lock */

struct lane {
	struct io_link queued; /* requests */
	struct io_link ready;  /* in io_workers.ready while queued is not empty */
	unsigned running;
};

struct worker {
	struct io_workers *owner;
	pthread_t thread;
	struct worker *next; /* in io_workers.exited */
};

struct io_workers {
	struct io_workers_config config;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;  /* something to do */
	pthread_cond_t gone;  /* threads went down */
	struct io_link ready;
	struct io_link cancelled;
	unsigned threads, idle, blocked;
	bool stop;
	bool create_failed; /* the last try to make a thread */
	int complain;       /* the error a worker has to log: who submits may hold locks */
	struct worker *exited;
	struct lane lanes[LANES];
};

static struct lane *lane_of(struct io_workers *w, const struct vmmio_io_request *request)
{
	return &w->lanes[(unsigned)request->fd % LANES];
}

static struct lane *lane_of_ready(struct io_link *link)
{
	return (struct lane *)(void *)((char *)link - offsetof(struct lane, ready));
}

/* How many threads may be inside a blocking call. */
static unsigned limit(const struct io_workers *w)
{
	if (!w->create_failed)
		return w->config.max_threads - 1;
	return w->threads > 1 ? w->threads - 1 : 1;
}

static struct lane *pick_lane(struct io_workers *w)
{
	unsigned max = limit(w);
	struct io_link *link;

	if (w->blocked >= max)
		return NULL;
	for (link = w->ready.next; link != &w->ready; link = link->next) {
		struct lane *lane = lane_of_ready(link);

		if (lane->running == 0 || lane->running < (max - w->blocked) / 4)
			return lane;
	}
	return NULL;
}

/* Takes a queued request out of its lane. */
static void unqueue(struct io_workers *w, struct vmmio_io_request *request)
{
	struct lane *lane = lane_of(w, request);

	io_list_del(&io_state(request)->link);
	io_list_del(&lane->ready);
	if (!io_list_empty(&lane->queued))
		io_list_add(&w->ready, &lane->ready);
}

static void *worker_main(void *arg);

/* Called and returns with the lock held, which is dropped meanwhile. */
static bool grow(struct io_workers *w)
{
	struct worker *dead = w->exited;
	struct worker *worker;
	int err = -ENOMEM;

	w->exited = NULL;
	w->threads++;
	pthread_mutex_unlock(&w->lock);
	while (dead) {
		struct worker *next = dead->next;

		pthread_join(dead->thread, NULL);
		free(dead);
		dead = next;
	}
	worker = calloc(1, sizeof(*worker));
	if (worker) {
		worker->owner = w;
		err = vmmio_io_thread_start(
			&worker->thread, w->config.name, worker_main, worker);
	}
	pthread_mutex_lock(&w->lock);
	if (err && !w->create_failed)
		w->complain = -err;
	w->create_failed = err != 0;
	if (!err)
		return true;
	free(worker);
	w->threads--;
	pthread_cond_signal(&w->gone);
	return false;
}

static void complain(struct io_workers *w)
{
	int err = w->complain;

	w->complain = 0;
	pthread_mutex_unlock(&w->lock);
	vmmio_io_log(&w->config.log, VMMIO_LOG_WARN,
		"%s: cannot start another I/O thread (error %d), going on with fewer: raise the "
		"limit of processes",
		w->config.name, err);
	pthread_mutex_lock(&w->lock);
}

/* A batch of one, unless a loop is to call back. */
static void end(struct io_workers *w, struct vmmio_io_request *request)
{
	if (w->config.hand_over) {
		vmmio_io_hand_over(w->config.io, request);
		return;
	}
	vmmio_io_end(w->config.io, request);
	vmmio_io_batch_end();
}

/* With the lock held; it is dropped while the request runs. */
static void run_request(struct io_workers *w, struct vmmio_io_request *request)
{
	struct lane *lane = lane_of(w, request);
	struct io_state *s = io_state(request);

	unqueue(w, request);
	s->slot = RUNNING;
	lane->running++;
	w->blocked++;
	/* One thread is always waiting, so that who submits need not make one. */
	if (w->idle == 0 && w->threads < w->config.max_threads)
		grow(w);
	pthread_mutex_unlock(&w->lock);
	vmmio_io_perform(request);
	pthread_mutex_lock(&w->lock);
	atomic_store_explicit(&s->phase, IO_PHASE_DONE, memory_order_relaxed);
	lane->running--;
	w->blocked--;
	pthread_mutex_unlock(&w->lock);
	end(w, request);
	pthread_mutex_lock(&w->lock);
}

static void answer_cancelled(struct io_workers *w)
{
	struct vmmio_io_request *request = io_of_link(w->cancelled.next);

	io_list_del(&io_state(request)->link);
	atomic_store_explicit(&io_state(request)->phase, IO_PHASE_DONE, memory_order_relaxed);
	pthread_mutex_unlock(&w->lock);
	request->result = -ECANCELED;
	end(w, request);
	pthread_mutex_lock(&w->lock);
}

/* Waits for work; false: long enough, this thread may go. */
static bool wait_for_work(struct io_workers *w)
{
	struct timespec until;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	w->idle++;
	err = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	w->idle--;
	/* What came since it was over has woken nobody. */
	return err != ETIMEDOUT || w->threads <= w->config.keep || !io_list_empty(&w->ready) ||
	       !io_list_empty(&w->cancelled);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct io_workers *w = worker->owner;
	struct io_frame frame;
	struct lane *lane;

	vmmio_io_frame_enter(&frame, w->config.io);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		if (w->complain)
			complain(w);
		else if (!io_list_empty(&w->cancelled))
			answer_cancelled(w);
		else if ((lane = pick_lane(w)))
			run_request(w, io_of_link(lane->queued.next));
		else if (w->stop || !wait_for_work(w))
			break;
	}
	w->threads--;
	worker->next = w->exited;
	w->exited = worker;
	pthread_cond_signal(&w->gone);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* With the lock held. No thread waits only at first, after a long pause, or if none could be
 * made. One that was made may have waited long enough before we have the lock again. */
static bool have_worker(struct io_workers *w)
{
	if (w->idle || (w->threads && !w->create_failed) || w->threads >= w->config.max_threads)
		return true;
	do {
		if (!grow(w))
			return w->threads > 0;
	} while (w->threads == 0);
	return true;
}

bool vmmio_io_workers_submit(struct io_workers *w, struct vmmio_io_request *request)
{
	struct lane *lane;

	pthread_mutex_lock(&w->lock);
	if (!have_worker(w)) {
		pthread_mutex_unlock(&w->lock);
		return false;
	}
	vmmio_io_settle(request, IO_HOME_WORKERS);
	lane = lane_of(w, request);
	if (io_list_empty(&lane->queued))
		io_list_add(&w->ready, &lane->ready);
	io_list_add(&lane->queued, &io_state(request)->link);
	if (w->idle)
		pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return true;
}

void vmmio_io_workers_cancel(struct io_workers *w, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);

	pthread_mutex_lock(&w->lock);
	if (atomic_load_explicit(&s->phase, memory_order_relaxed) == IO_PHASE_OUT) {
		atomic_store_explicit(&s->phase, IO_PHASE_CANCELLED, memory_order_relaxed);
		if (s->slot == QUEUED) {
			unqueue(w, request);
			io_list_add(&w->cancelled, &s->link);
			pthread_cond_signal(&w->wake);
		}
	}
	pthread_mutex_unlock(&w->lock);
}

static void init_sync(struct io_workers *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->gone, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
}

int vmmio_io_workers_create(const struct io_workers_config *config, struct io_workers **out)
{
	struct io_workers *w = calloc(1, sizeof(*w));
	bool started = true;
	unsigned i;

	if (!w)
		return -ENOMEM;
	w->config = *config;
	init_sync(w);
	io_list_init(&w->ready);
	io_list_init(&w->cancelled);
	for (i = 0; i < LANES; i++) {
		io_list_init(&w->lanes[i].queued);
		io_list_init(&w->lanes[i].ready);
	}
	if (config->keep) {
		pthread_mutex_lock(&w->lock);
		started = grow(w);
		pthread_mutex_unlock(&w->lock);
	}
	if (!started) {
		vmmio_io_workers_destroy(w);
		return -EAGAIN;
	}
	*out = w;
	return 0;
}

void vmmio_io_workers_destroy(struct io_workers *w)
{
	struct worker *worker;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->wake);
	while (w->threads)
		pthread_cond_wait(&w->gone, &w->lock);
	pthread_mutex_unlock(&w->lock);
	while ((worker = w->exited)) {
		w->exited = worker->next;
		pthread_join(worker->thread, NULL);
		free(worker);
	}
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->gone);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
