/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console's descriptors: always of its own, and if possible an open file of its own, whose
 * O_NONBLOCK nobody else sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "backends/console.h"

static int refuse(const struct vmmio_console *c, int err, const char *what, const char *remedy)
{
	vmmio_console_log(
		&c->log, VMMIO_LOG_ERROR, "%s: %s (error %d): %s", c->name, what, -err, remedy);
	return err;
}

static int check_access(const struct vmmio_console *c, int flags, bool output)
{
	int mode = flags & O_ACCMODE;

	if (mode == O_RDWR || mode == (output ? O_WRONLY : O_RDONLY))
		return 0;
	return output ? refuse(c, -EACCES, "out is not open for writing", "open it so, or set -1")
		      : refuse(c, -EACCES, "in is not open for reading", "open it so, or set -1");
}

static bool is_master(int fd)
{
	unsigned number;

	return ioctl(fd, TIOCGPTN, &number) == 0;
}

static int check_kind(const struct vmmio_console *c, int fd, mode_t mode, int flags)
{
	socklen_t len = sizeof(int);
	int type = 0;

	if (S_ISDIR(mode))
		return refuse(c, -EISDIR, "a directory", "give a pipe, terminal, socket or file");
	/* It cannot be opened anew, that makes another one; and whoever reads its other side
	 * may never do so. */
	if (is_master(fd) && !(flags & O_NONBLOCK))
		return refuse(c, -EINVAL, "the master's side of a pseudo terminal, and it blocks",
			"set O_NONBLOCK on it, or set pty to have one made");
	if (!S_ISSOCK(mode))
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) || type != SOCK_STREAM)
		return refuse(c, -EPROTOTYPE, "not a stream socket", "use SOCK_STREAM");
	return 0;
}

static int open_own(struct console_end *end, int fd, int mode, bool reopen)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	end->fd = reopen ? open(path, mode | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : -1;
	if (end->fd >= 0) {
		end->blocking = false;
		return 0;
	}
	end->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return end->fd < 0 ? -errno : 0;
}

/* kind is left to watch. */
static int open_end(struct vmmio_console *c, struct console_end *end, int fd, bool output)
{
	int err, flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st))
		return refuse(c, -EBADF, output ? "out is not open" : "in is not open",
			"give an open descriptor, or -1");
	err = check_access(c, flags, output);
	if (!err)
		err = check_kind(c, fd, st.st_mode, flags);
	if (err)
		return err;
	end->kind = CONSOLE_POLLED;
	end->socket = S_ISSOCK(st.st_mode);
	end->fifo = output && S_ISFIFO(st.st_mode);
	end->pty = is_master(fd);
	end->blocking = !end->socket && !(flags & O_NONBLOCK);
	err = open_own(end, fd, output ? O_WRONLY : O_RDONLY,
		S_ISFIFO(st.st_mode) || (isatty(fd) && !end->pty));
	return err ? refuse(c, err, "a descriptor cannot be duplicated", "close descriptors") : 0;
}

/* Input by edges, all the time; output by vmmio_console_arm, when there is need. */
static int watch(struct vmmio_console *c, struct console_end *end, bool output)
{
	struct epoll_event event = {
		.events = EPOLLET | (output ? EPOLLONESHOT : EPOLLIN),
		.data.ptr = end,
	};
	int err;

	if (end->kind != CONSOLE_POLLED)
		return 0;
	err = epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, end->fd, &event) ? -errno : 0;
	if (err && err != -EPERM)
		return refuse(c, err, "a descriptor cannot be watched",
			"raise the limit of epoll watches");
	if (err) { /* always ready, as files are */
		end->kind = CONSOLE_SLOW;
		end->blocking = false;
		c->in_ready = c->in_ready || !output;
	} else if (output && end->blocking && !end->fifo) {
		end->kind = CONSOLE_SLOW;
		(void)epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, end->fd, NULL);
	}
	return 0;
}

void vmmio_console_arm(struct vmmio_console *c)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLONESHOT, .data.ptr = &c->out};

	(void)epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, c->out.fd, &event);
}

/* Raw: what is written to it before anybody opens it would come back as an echo. Opened and
 * closed once it knows that nobody has it open. */
static int set_up_pty(struct vmmio_console *c)
{
	struct termios mode;
	int other;

	if (grantpt(c->in.fd) || unlockpt(c->in.fd) || ptsname_r(c->in.fd, c->pty, sizeof(c->pty)))
		return -errno;
	other = open(c->pty, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (other < 0)
		return -errno;
	if (!tcgetattr(other, &mode)) {
		cfmakeraw(&mode);
		(void)tcsetattr(other, TCSANOW, &mode);
	}
	close(other);
	return 0;
}

static int open_pty(struct vmmio_console *c)
{
	int err = 0;

	c->in.fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c->in.fd < 0)
		err = -errno;
	if (!err)
		err = set_up_pty(c);
	if (err)
		return refuse(c, err, "a pseudo terminal cannot be made",
			"see that /dev/ptmx and /dev/pts are there, and what their limits are");
	snprintf(c->name, sizeof(c->name), "console on %s", c->pty);
	c->in.kind = c->out.kind = CONSOLE_POLLED;
	c->in.pty = c->out.pty = true;
	c->out.fd = fcntl(c->in.fd, F_DUPFD_CLOEXEC, 0);
	return c->out.fd < 0
		       ? refuse(c, -errno, "a descriptor cannot be duplicated", "close descriptors")
		       : 0;
}

static int open_memory(struct vmmio_console *c)
{
	snprintf(c->name, sizeof(c->name), "console in memory");
	c->in.kind = c->out.kind = CONSOLE_MEMORY;
	c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return c->event_fd < 0 ? refuse(c, -errno, "an eventfd cannot be made", "close descriptors")
			       : 0;
}

static int open_ends(struct vmmio_console *c, const struct vmmio_console_options *o)
{
	int err = 0;

	snprintf(c->name, sizeof(c->name), "console (in %d, out %d)", o->in, o->out);
	if (o->pty)
		err = open_pty(c);
	else if (o->in >= 0)
		err = open_end(c, &c->in, o->in, false);
	if (!err && !o->pty && o->out >= 0)
		err = open_end(c, &c->out, o->out, true);
	if (err || (c->in.fd < 0 && c->out.fd < 0))
		return err;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll_fd < 0)
		return refuse(c, -errno, "an epoll set cannot be made", "close descriptors");
	err = watch(c, &c->in, false);
	return err ? err : watch(c, &c->out, true);
}

int vmmio_console_open(struct vmmio_console *c, const struct vmmio_console_options *o)
{
	int err;

	c->in.fd = c->out.fd = c->epoll_fd = c->event_fd = -1;
	if (!o->in && !o->out && !o->pty)
		err = open_memory(c);
	else
		err = open_ends(c, o);
	if (err)
		vmmio_console_close(c);
	return err;
}

void vmmio_console_close(struct vmmio_console *c)
{
	const int fds[] = {c->in.fd, c->out.fd, c->epoll_fd, c->event_fd};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
