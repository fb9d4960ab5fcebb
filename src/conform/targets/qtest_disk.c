/* SPDX-License-Identifier: BSD-3-Clause */
/* The disk's thread: one machine at a time, and when requests are answered. */
#include "conform/targets/qtest_disk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conform/targets/qtest.h"

/* --- Requests that wait ----------------------------------------------------------------- */

static void add(struct qtest_disk *disk, struct qtest_disk_request *request)
{
	struct qtest_disk_request **link = &disk->requests;

	pthread_mutex_lock(&disk->lock);
	request->due = disk->delay ? qtest_now() + disk->delay : 0;
	pthread_mutex_unlock(&disk->lock);
	while (*link)
		link = &(*link)->next;
	*link = request;
}

static void drop_all(struct qtest_disk *disk)
{
	while (disk->requests) {
		struct qtest_disk_request *next = disk->requests->next;

		free(disk->requests);
		disk->requests = next;
	}
}

/* Whether requests go back in reverse, and none wait if there is no delay any more. */
static bool look_at_switches(struct qtest_disk *disk)
{
	bool reverse;

	pthread_mutex_lock(&disk->lock);
	if (!disk->delay)
		for (struct qtest_disk_request *r = disk->requests; r; r = r->next)
			r->due = 0;
	reverse = disk->reverse;
	pthread_mutex_unlock(&disk->lock);
	return reverse;
}

/* The one whose time decides over the next answer: the oldest, or in reverse the newest. */
static struct qtest_disk_request **next_due(struct qtest_disk *disk, bool reverse)
{
	struct qtest_disk_request **link = &disk->requests;

	while (reverse && *link && (*link)->next)
		link = &(*link)->next;
	return link;
}

static int pause_ms(uint64_t ns)
{
	uint64_t ms = ns / 1000000 + 1;

	return ms < 1000 ? (int)ms : 1000;
}

/* Answers those whose time has come; *wait: until that of the next, in ms, or -1. */
static int answer_due(struct qtest_disk *disk, int *wait)
{
	bool reverse = look_at_switches(disk);
	struct qtest_disk_request **link = next_due(disk, reverse);
	int err = 0;

	*wait = -1;
	for (; *link && !err; link = next_due(disk, reverse)) {
		struct qtest_disk_request *request = *link;
		uint64_t now = qtest_now();

		if (request->due > now) {
			*wait = pause_ms(request->due - now);
			return 0;
		}
		*link = request->next;
		err = nbd_answer(disk, request);
		free(request);
	}
	return err;
}

/* --- The thread ----------------------------------------------------------------------------- */

/* false: the disk is to be closed. */
static bool go_on(struct qtest_disk *disk)
{
	uint64_t count;
	bool stop;

	(void)!read(disk->wake, &count, sizeof(count));
	pthread_mutex_lock(&disk->lock);
	stop = disk->stop;
	pthread_mutex_unlock(&disk->lock);
	return !stop;
}

static void serve(struct qtest_disk *disk)
{
	struct pollfd fds[] = {{.fd = disk->fd, .events = POLLIN},
		{.fd = disk->wake, .events = POLLIN}};
	int err = nbd_greet(disk), wait;

	while (!err && go_on(disk)) {
		struct qtest_disk_request *request = NULL;

		err = answer_due(disk, &wait);
		if (err || poll(fds, 2, wait) <= 0 || !fds[0].revents)
			continue;
		err = nbd_take(disk, &request);
		if (request)
			add(disk, request);
	}
	drop_all(disk);
}

static void *disk_main(void *arg)
{
	struct qtest_disk *disk = arg;
	struct pollfd fds[] = {{.fd = disk->listener, .events = POLLIN},
		{.fd = disk->wake, .events = POLLIN}};

	while (go_on(disk)) {
		if (poll(fds, 2, -1) <= 0 || !fds[0].revents)
			continue;
		disk->fd = accept4(disk->listener, NULL, NULL, SOCK_CLOEXEC);
		if (disk->fd < 0)
			continue;
		pthread_mutex_lock(&disk->lock);
		memset(disk->data, 0, disk->size);
		pthread_mutex_unlock(&disk->lock);
		serve(disk);
		close(disk->fd);
	}
	return NULL;
}

/* --- Open and close -------------------------------------------------------------------------- */

int qtest_disk_open(struct qtest_disk *disk, int listener, uint64_t size)
{
	int err;

	*disk = (struct qtest_disk){.listener = listener, .fd = -1, .size = size};
	disk->data = calloc(1, size);
	disk->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&disk->lock, NULL);
	err = !disk->data ? ENOMEM : disk->wake < 0 ? errno : 0;
	if (!err)
		err = pthread_create(&disk->thread, NULL, disk_main, disk);
	if (!err)
		return 0;
	free(disk->data);
	if (disk->wake >= 0)
		close(disk->wake);
	pthread_mutex_destroy(&disk->lock);
	return -err;
}

static void wake(struct qtest_disk *disk)
{
	(void)!write(disk->wake, &(uint64_t){1}, sizeof(uint64_t));
}

void qtest_disk_close(struct qtest_disk *disk)
{
	pthread_mutex_lock(&disk->lock);
	disk->stop = true;
	pthread_mutex_unlock(&disk->lock);
	wake(disk);
	pthread_join(disk->thread, NULL);
	close(disk->wake);
	close(disk->listener);
	pthread_mutex_destroy(&disk->lock);
	free(disk->data);
}

/* --- What can be asked of it ------------------------------------------------------------------ */

void qtest_disk_delay(struct qtest_disk *disk, uint64_t ns)
{
	pthread_mutex_lock(&disk->lock);
	disk->delay = ns < UINT64_MAX / 2 ? ns : UINT64_MAX / 2;
	pthread_mutex_unlock(&disk->lock);
	wake(disk);
}

void qtest_disk_reverse(struct qtest_disk *disk, bool on)
{
	pthread_mutex_lock(&disk->lock);
	disk->reverse = on;
	pthread_mutex_unlock(&disk->lock);
	wake(disk);
}

int qtest_disk_read(struct qtest_disk *disk, uint64_t offset, void *data, size_t size)
{
	if (offset > disk->size || size > disk->size - offset)
		return -EFAULT;
	pthread_mutex_lock(&disk->lock);
	memcpy(data, disk->data + offset, size);
	pthread_mutex_unlock(&disk->lock);
	return 0;
}
