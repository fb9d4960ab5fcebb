/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the qtest target: lines over a socket, the machine behind it, QMP. */
#ifndef VMMIO_CONFORM_TARGETS_QTEST_H
#define VMMIO_CONFORM_TARGETS_QTEST_H

#include <sys/types.h>
#include <sys/un.h>

#include "conform/targets/args.h"
#include "conform/targets/qtest_disk.h"

#define QTEST_PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* --- Lines --------------------------------------------------------------------------- */

/* The most that is moved at a time, in bytes of guest memory: two digits each in a line. */
#define QTEST_CHUNK 4096u
#define QTEST_LINE_SIZE (4 * QTEST_CHUNK)

struct qtest_lines {
	int fd;           /* -1: not connected */
	uint64_t timeout; /* of each send and of each line, ns */
	size_t begin, end;
	char buf[QTEST_LINE_SIZE];
};

/* CLOCK_MONOTONIC in ns. */
uint64_t qtest_now(void);

/* Takes over a connected socket. */
void qtest_lines_attach(struct qtest_lines *lines, int fd);
void qtest_lines_close(struct qtest_lines *lines);

/* 0, -ETIMEDOUT, -EPIPE or what the socket says. */
int qtest_lines_send(struct qtest_lines *lines, const char *data, size_t size);

/* The next line without its end, which stays until the next call. At once: -EAGAIN if no
 * whole line is there. -ETIMEDOUT; -EPIPE: the other side has closed; -EPROTO: too long. */
int qtest_lines_next(struct qtest_lines *lines, bool at_once, const char **line);

/* --- The machine --------------------------------------------------------------------- */

struct qtest_options {
	char socket[QTEST_PATH_SIZE];
	char qmp[QTEST_PATH_SIZE]; /* "": none */
	char disk[QTEST_PATH_SIZE]; /* "": none */
	char drive[64];            /* node name or "" */
	char intercept[256];       /* the device whose input lines are watched */
	char exec[4096];           /* a command, or "" */
	uint64_t base;
	uint64_t irq; /* UINT64_MAX: none */
	uint64_t timeout_ms;
	uint64_t disk_size;
	struct arg_range ram; /* size 0: none */
	unsigned listen;
};

/* The process that was started, if any, and where it calls. */
struct qtest_machine {
	const struct qtest_options *options;
	int listener; /* -1: we call */
	pid_t pid;    /* 0: none */
};

/* Listens, if we are to. 0, or -errno and error. */
int qtest_machine_open(struct qtest_machine *machine, struct vmmio_target_error *error);
/* Starts the process, if there is one to start, and returns a connected socket, or -errno and
 * error. What ran before is ended first. */
int qtest_machine_connect(struct qtest_machine *machine, struct vmmio_target_error *error);
void qtest_machine_close(struct qtest_machine *machine);

/* A listening Unix socket, in place of a dead one that is there already, or -errno. */
int qtest_listen(const char *path);
/* Removes path if it is a socket: any other file is somebody's. */
void qtest_remove_socket(const char *path);
/* Connects to a Unix socket, which may take a moment to appear. The socket, or -errno. */
int qtest_call(const char *path, uint64_t patience);

/* --- The target ---------------------------------------------------------------------- */

struct qtest {
	struct qtest_options options;
	struct qtest_machine machine;
	struct qtest_lines lines;
	struct qtest_lines qmp;
	struct qtest_disk disk; /* with options.disk */
	struct vmmio_target_ops ops;
	bool has_clock;   /* the machine's clock stands still unless it is stepped */
	bool level;       /* of the interrupt line */
	bool has_disk;
	int broken;       /* the error that ended the conversation, or 0 */
	uint64_t resized; /* what the disk's size was before we changed it; 0: not changed */
	char name[QTEST_PATH_SIZE + 40];
};

/*
 * One command and its answer: answer (or NULL) gets what stands behind OK. -EREMOTEIO: the
 * answer is no OK, nothing else is wrong. After any other error nothing can be said any more.
 */
int qtest_do(struct qtest *q, const char **answer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The ops of struct vmmio_target_ops. */
int qtest_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value);
int qtest_write(void *ctx, uint64_t offset, unsigned width, uint64_t value);
int qtest_mem_read(void *ctx, uint64_t guest, void *data, size_t size);
int qtest_mem_write(void *ctx, uint64_t guest, const void *data, size_t size);
int qtest_line(void *ctx);
int qtest_wait(void *ctx, uint64_t ns);
int qtest_change_config(void *ctx);
int qtest_delay_io(void *ctx, uint64_t ns);
int qtest_reverse_order(void *ctx, bool on);
int qtest_storage_read(void *ctx, uint64_t offset, void *data, size_t size);
/* Undoes what these have done. */
void qtest_undo_hooks(struct qtest *q);

/* --- QMP ----------------------------------------------------------------------------- */

/* All of them: -ENOTSUP: QEMU refuses; or what qtest_lines_next says. */

/* Says hello on a new connection. */
int qmp_greet(struct qtest_lines *lines);
int qmp_block_resize(struct qtest_lines *lines, const char *node, uint64_t bytes);
/* Resets the machine, and waits until that is done. */
int qmp_system_reset(struct qtest_lines *lines);

#endif
