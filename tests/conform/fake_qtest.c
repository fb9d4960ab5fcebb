/* SPDX-License-Identifier: BSD-3-Clause */
/* See fake_qtest.h. */
#include "conform/fake_qtest.h"

#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char dir[32];

const char *fake_dir(void)
{
	return dir;
}

void fake_make_dir(void)
{
	strcpy(dir, "/tmp/vmmio-fake-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

void fake_remove_dir(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static int connect_to(const char *path)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (unsigned i = 0; i < 5000; i++) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		nanosleep(&pause, NULL);
	}
	close(fd);
	return -1;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* false: there will be no further line. */
static bool read_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	char c;

	while (recv(fd, &c, 1, 0) == 1) {
		if (c == '\n') {
			line[n] = '\0';
			return true;
		}
		if (n < size - 1)
			line[n++] = c;
	}
	return false;
}

static bool say(struct fake *fake, const char *answer)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	size_t len = strlen(answer);
	size_t at_once = fake->dribbles ? 1 : len;

	for (size_t at = 0; at < len; at += at_once) {
		if (send(fake->fd, answer + at, at_once, MSG_NOSIGNAL) != (ssize_t)at_once)
			return false;
		if (fake->dribbles)
			nanosleep(&pause, NULL);
	}
	return true;
}

static bool do_step(struct fake *fake, const struct fake_step *step)
{
	static __thread char line[32768];

	if (step->expect) {
		if (!read_line(fake->fd, line, sizeof(line)))
			return false;
		if (strcmp(line, step->expect) != 0) {
			snprintf(fake->wrong, sizeof(fake->wrong),
				"expected '%.100s', got '%.100s'", step->expect, line);
			return false;
		}
	}
	fake->done++;
	return !step->answer || say(fake, step->answer);
}

static void *fake_main(void *arg)
{
	struct fake *fake = arg;
	const struct fake_step *step = fake->steps;
	char c;

	fake->fd = fake->calls ? connect_to(fake->path) : accept(fake->listener, NULL, NULL);
	while ((step->expect || step->answer) && do_step(fake, step))
		step++;
	while (fake->floods && say(fake, step[-1].answer))
		;
	/* Silent until the other side has had enough. */
	while (!fake->closes && recv(fake->fd, &c, 1, 0) > 0)
		if (!*fake->wrong)
			snprintf(fake->wrong, sizeof(fake->wrong), "another line came");
	close(fake->fd);
	return NULL;
}

void fake_begin(struct fake *fake, const char *name, const struct fake_step *steps)
{
	snprintf(fake->path, sizeof(fake->path), "%s/%s", dir, name);
	fake->steps = steps;
	fake->listener = fake->calls ? -1 : listen_at(fake->path);
	fake->wrong[0] = '\0';
	fake->done = 0;
	ck_assert_int_eq(pthread_create(&fake->thread, NULL, fake_main, fake), 0);
}

void fake_end(struct fake *fake)
{
	const struct fake_step *left;

	pthread_join(fake->thread, NULL);
	if (fake->listener >= 0) {
		close(fake->listener);
		unlink(fake->path);
	}
	left = &fake->steps[fake->done];
	ck_assert_msg(!*fake->wrong, "%s", fake->wrong);
	ck_assert_msg(!left->expect && !left->answer, "never came to '%s'",
		left->expect ? left->expect : left->answer);
}

int fake_serve(void)
{
	const char *path = getenv("QTEST_SOCKET");
	char line[256];
	int fd = path ? connect_to(path) : -1;

	while (fd >= 0 && read_line(fd, line, sizeof(line))) {
		const char *answer = strncmp(line, "read", 4) ? "OK\n" : "OK 0x7\n";

		if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	return 0;
}
