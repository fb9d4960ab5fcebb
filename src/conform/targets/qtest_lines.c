/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines over a socket. Whoever is on the other side may be dead, deaf or mad: every wait has an
 * end, no line is longer than the buffer.
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t qtest_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

void qtest_lines_attach(struct qtest_lines *lines, int fd)
{
	lines->fd = fd;
	lines->begin = lines->end = 0;
}

void qtest_lines_close(struct qtest_lines *lines)
{
	if (lines->fd >= 0)
		close(lines->fd);
	lines->fd = -1;
}

/* A signal that comes in between shortens the wait: the callers look at the clock again. */
static int wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	uint64_t now = qtest_now();
	uint64_t left_ms = deadline > now ? (deadline - now + 999999) / 1000000 : 0;

	if (left_ms == 0)
		return -ETIMEDOUT;
	if (poll(&poll_fd, 1, left_ms > 60000 ? 60000 : (int)left_ms) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static bool is_not_now(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == EINTR;
}

int qtest_lines_send(struct qtest_lines *lines, const char *data, size_t size)
{
	uint64_t deadline = qtest_now() + lines->timeout;

	while (size > 0) {
		ssize_t n = send(lines->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err;

		if (n >= 0) {
			data += n;
			size -= (size_t)n;
			continue;
		}
		if (!is_not_now(errno))
			return -errno;
		err = wait_for(lines->fd, POLLOUT, deadline);
		if (err)
			return err;
	}
	return 0;
}

/* The line at begin, if all of it is there. */
static bool take_line(struct qtest_lines *lines, const char **line)
{
	char *begin = lines->buf + lines->begin;
	char *end = memchr(begin, '\n', lines->end - lines->begin);

	if (!end)
		return false;
	lines->begin = (size_t)(end + 1 - lines->buf);
	if (end > begin && end[-1] == '\r')
		end--;
	*end = '\0';
	*line = begin;
	return true;
}

/* More of what comes, behind what is there. -EAGAIN: there is nothing now. */
static int receive(struct qtest_lines *lines)
{
	ssize_t n;

	if (lines->begin > 0) {
		memmove(lines->buf, lines->buf + lines->begin, lines->end - lines->begin);
		lines->end -= lines->begin;
		lines->begin = 0;
	}
	if (lines->end == sizeof(lines->buf))
		return -EPROTO;
	n = recv(lines->fd, lines->buf + lines->end, sizeof(lines->buf) - lines->end, MSG_DONTWAIT);
	if (n < 0)
		return is_not_now(errno) ? -EAGAIN : -errno;
	if (n == 0)
		return -EPIPE;
	lines->end += (size_t)n;
	return 0;
}

int qtest_lines_next(struct qtest_lines *lines, bool at_once, const char **line)
{
	uint64_t deadline = qtest_now() + lines->timeout;

	while (!take_line(lines, line)) {
		int err = receive(lines);

		if (err == -EAGAIN && !at_once)
			err = wait_for(lines->fd, POLLIN, deadline);
		if (err)
			return err;
		/* One that never ends a line, or sends nothing but lines that say nothing. */
		if (qtest_now() >= deadline)
			return -ETIMEDOUT;
	}
	return 0;
}
