/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting the process, listening to it, and seeing to it that nothing of it is left. */
#include "tools/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/tool.h"

/* --- Inside the process -------------------------------------------------------------- */

/* The reader is gone: nobody wants to know. */
static void tell(int fd, const struct record *record)
{
	if (record_send(fd, record))
		_exit(TOOL_UNABLE);
}

/* What the suite's callbacks get. */
struct teller {
	int fd;
	struct watch *watch;
};

static void tell_begin(void *ctx, const struct vmmio_conform_check *check, size_t i, size_t n)
{
	const struct teller *teller = ctx;

	(void)i;
	(void)n;
	watch_clear(teller->watch);
	tell(teller->fd, &(struct record){.kind = RECORD_BEGIN, .text = {check->name}});
}

static void tell_result(void *ctx, const struct vmmio_conform_result *result)
{
	const struct teller *teller = ctx;

	tell(teller->fd, &(struct record){.kind = RECORD_RESULT,
				 .number = {(int32_t)result->verdict, (int32_t)result->proof,
					 result->flagged},
				 .text = {result->requirement->id, result->check, result->detail,
					 result->accesses}});
}

static void judge_target(const struct work *work, const struct vmmio_target *target, int fd)
{
	struct vmmio_target watched = watch_target(work->watch, target);
	struct teller teller = {fd, work->watch};
	struct vmmio_conform_report *report = NULL;
	struct vmmio_conform_options options = {
		.size = sizeof(options),
		.only = work->only,
		.destructive = work->destructive,
		.patience = work->patience,
		.begin = tell_begin,
		.result = tell_result,
		.ctx = &teller,
	};
	int error = vmmio_conform_run(&watched, &options, &report);

	vmmio_conform_report_free(report);
	tell(fd, &(struct record){.kind = RECORD_END, .number = {error}});
}

/* A group of its own, so that what it starts can be found; nothing of the terminal's. */
static void settle_in(pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (getppid() != parent || null < 0)
		_exit(TOOL_UNABLE);
	dup2(null, STDIN_FILENO);
	close(null);
	/* The report is the only thing that goes to standard output. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static void work_main(const void *job, int fd)
{
	const struct work *work = job;
	struct vmmio_target_error error = {""};
	struct vmmio_target target;

	if (vmmio_target_open_spec(work->target, tool_kinds, &target, &error)) {
		tell(fd, &(struct record){.kind = RECORD_REFUSED, .text = {error.text}});
		return;
	}
	tell(fd, &(struct record){.kind = RECORD_OPENED, .text = {target.name}});
	judge_target(work, &target, fd);
	vmmio_target_close(&target);
}

/* --- Ends of the tool ------------------------------------------------------------------- */

/* The group to take along; 0: none. */
static volatile sig_atomic_t group;

static void take_along(int signal_number)
{
	if (group)
		kill(-(pid_t)group, SIGKILL);
	raise(signal_number);
}

static void watch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;

	/* Ends are waited for, whoever started the tool. */
	signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &action);
		if (action.sa_handler != SIG_DFL)
			continue;
		action.sa_handler = take_along;
		action.sa_flags = (int)SA_RESETHAND; /* what raise does is the default again */
		sigaction(signals[i], &action, NULL);
	}
}

/* --- Outside ---------------------------------------------------------------------------- */

int worker_start(struct worker *worker, const struct work *work)
{
	return worker_fork(worker, work_main, work);
}

int worker_fork(struct worker *worker, void (*main)(const void *job, int fd), const void *job)
{
	pid_t parent = getpid();
	int pipe_fd[2];

	*worker = (struct worker){.pid = -1, .fd = -1};
	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	worker->fd = pipe_fd[0];
	fcntl(worker->fd, F_SETFL, O_NONBLOCK);
	watch_signals();
	/* So that the process has nothing to write when it ends but what is its own. */
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0) {
		close(pipe_fd[0]);
		settle_in(parent);
		main(job, pipe_fd[1]);
		exit(0);
	}
	close(pipe_fd[1]);
	if (worker->pid < 0)
		return -errno;
	setpgid(worker->pid, worker->pid);
	group = worker->pid;
	return 0;
}

static void look_for_end(struct worker *worker)
{
	siginfo_t about = {0};

	if (waitid(P_PID, (id_t)worker->pid, &about, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		about.si_pid == worker->pid)
		worker->ended = true;
}

void worker_wait(struct worker *worker, int ms)
{
	struct pollfd poll_fd = {.fd = worker->fd, .events = POLLIN};
	const struct timespec moment = {.tv_nsec = 1000 * 1000};
	int more;

	if (worker->silent)
		nanosleep(&moment, NULL);
	else
		poll(&poll_fd, 1, ms);
	/* In this order: what it has said before it ended is there by now. */
	look_for_end(worker);
	do
		more = record_read(&worker->reader, worker->fd);
	while (more > 0);
	worker->silent = more != -EAGAIN;
}

int worker_stop(struct worker *worker)
{
	int status = 0;

	if (worker->pid > 0) {
		/* It is not reaped yet, so that the number is still its group's. */
		kill(-worker->pid, SIGKILL);
		kill(worker->pid, SIGKILL);
		while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
			continue;
		group = 0;
	}
	if (worker->fd >= 0)
		close(worker->fd);
	record_reader_free(&worker->reader);
	*worker = (struct worker){.pid = -1, .fd = -1};
	return status;
}
