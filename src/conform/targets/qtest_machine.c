/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine behind a qtest socket: one that runs already and is called or waited for, or a
 * process of ours, which is ended with all that it has started, also when we are killed.
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
/* Somebody may have to start the machine by hand, or it is a slow one. */
#define LISTEN_PATIENCE (60 * SECOND)
#define CALL_PAUSE_NS 2000000
#define ACCEPT_PAUSE_MS 20

/* --- Sockets ------------------------------------------------------------------------- */

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int call_once(const char *path)
{
	struct sockaddr_un address = socket_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int qtest_call(const char *path, uint64_t patience)
{
	const struct timespec pause = {.tv_nsec = CALL_PAUSE_NS};
	uint64_t deadline = qtest_now() + patience;

	for (;;) {
		int fd = call_once(path);

		if (fd != -ENOENT && fd != -ECONNREFUSED && fd != -EAGAIN)
			return fd;
		if (qtest_now() >= deadline)
			return fd;
		nanosleep(&pause, NULL);
	}
}

/* A socket that an earlier run has left is in the way; any other file is somebody's. */
void qtest_remove_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

int qtest_listen(const char *path)
{
	struct sockaddr_un address = socket_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	qtest_remove_socket(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* --- The process --------------------------------------------------------------------- */

static void end_process(struct qtest_machine *machine)
{
	if (!machine->pid)
		return;
	kill(-machine->pid, SIGKILL);
	while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR)
		;
	machine->pid = 0;
}

/* In the child, between fork and exec: nothing that takes a lock. */
static _Noreturn void become(const struct qtest_options *options, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (null > 0)
		dup2(null, 0);
	execl("/bin/sh", "sh", "-c",
		"QTEST_SOCKET=$1 QTEST_QMP=$2 QTEST_DISK=$3; export QTEST_SOCKET QTEST_QMP QTEST_DISK; "
		"eval \"$4\"",
		"qtest", options->socket, options->qmp, options->disk, options->exec, (char *)NULL);
	_exit(127);
}

static int start_process(struct qtest_machine *machine)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(machine->options, parent);
	/* On both sides, because either may be first. */
	setpgid(pid, pid);
	machine->pid = pid;
	return 0;
}

/* Whether it has ended by itself, and how. */
static bool has_ended(struct qtest_machine *machine, int *status)
{
	if (!machine->pid || waitpid(machine->pid, status, WNOHANG) != machine->pid)
		return false;
	kill(-machine->pid, SIGKILL);
	machine->pid = 0;
	return true;
}

static int refuse_ended(int status, struct vmmio_target_error *error)
{
	if (WIFSIGNALED(status))
		return target_error(error, -ECHILD,
			"qtest: the command of exec was killed by signal %d before it connected",
			WTERMSIG(status));
	return target_error(error, -ECHILD,
		"qtest: the command of exec ended with exit code %d before it connected to "
		"$QTEST_SOCKET: it has to stay there, as qemu-system-x86_64 does (it may have said "
		"more above)",
		WEXITSTATUS(status));
}

/* --- The connection ------------------------------------------------------------------ */

/* A caller that has gone again is not worth the wait. */
static void drop_callers(int listener)
{
	struct pollfd poll_fd = {.fd = listener, .events = POLLIN};

	while (poll(&poll_fd, 1, 0) > 0) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return;
		close(fd);
	}
}

static int wait_for_caller(struct qtest_machine *machine, struct vmmio_target_error *error)
{
	const char *path = machine->options->socket;
	struct pollfd poll_fd = {.fd = machine->listener, .events = POLLIN};
	uint64_t deadline = qtest_now() + LISTEN_PATIENCE;
	int status, fd;

	while (poll(&poll_fd, 1, ACCEPT_PAUSE_MS) <= 0) {
		if (has_ended(machine, &status))
			return refuse_ended(status, error);
		if (qtest_now() >= deadline)
			return target_error(error, -ETIMEDOUT,
				"qtest: nobody has connected to %s: start QEMU with -qtest unix:%s",
				path, path);
	}
	fd = accept4(machine->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = -errno;
	return target_error(error, fd, "qtest: %s: %s", path, strerror(-fd));
}

int qtest_machine_open(struct qtest_machine *machine, struct vmmio_target_error *error)
{
	const struct qtest_options *o = machine->options;

	machine->listener = -1;
	if (!o->listen && !*o->exec)
		return 0;
	machine->listener = qtest_listen(o->socket);
	if (machine->listener >= 0)
		return 0;
	return target_error(error, machine->listener,
		"qtest: cannot listen at %s (%s): give a path in a directory that you may write "
		"to",
		o->socket, strerror(-machine->listener));
}

static int start(struct qtest_machine *machine, struct vmmio_target_error *error)
{
	int err;

	end_process(machine);
	drop_callers(machine->listener);
	/* Else the old one would be called. */
	if (*machine->options->qmp)
		qtest_remove_socket(machine->options->qmp);
	err = start_process(machine);
	return err ? target_error(error, err, "qtest: no process: %s", strerror(-err)) : 0;
}

int qtest_machine_connect(struct qtest_machine *machine, struct vmmio_target_error *error)
{
	const struct qtest_options *o = machine->options;
	int fd, err;

	if (*o->exec) {
		err = start(machine, error);
		if (err)
			return err;
	}
	if (machine->listener >= 0)
		return wait_for_caller(machine, error);
	fd = qtest_call(o->socket, o->timeout_ms * 1000000);
	if (fd >= 0)
		return fd;
	return target_error(error, fd,
		"qtest: cannot connect to %s (%s): start QEMU with -qtest "
		"unix:%s,server=on,wait=off, or say listen=yes",
		o->socket, strerror(-fd), o->socket);
}

void qtest_machine_close(struct qtest_machine *machine)
{
	end_process(machine);
	if (machine->listener < 0)
		return;
	close(machine->listener);
	qtest_remove_socket(machine->options->socket);
	machine->listener = -1;
}
