/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `qtest:SOCKET,base=ADDR,...`: a device in a virtual machine that speaks the qtest protocol, as
 * QEMU does. Registers and guest memory are reached from outside, no guest runs; the
 * machine's processor should be stopped (-S), or have nothing to do.
 *
 *  SOCKET        of the protocol: one that QEMU listens at, or we with listen=yes or exec
 *  base=ADDR     guest address of the registers
 *  ram=ADDR+SIZE guest memory that is the suite's
 *  irq=N         input of the interrupt controller intercept=PATH (ioapic)
 *  qmp=SOCKET    QEMU listens: to reset the machine, and, with drive=NODE, to resize that disk
 *  disk=SOCKET   we listen: a disk for QEMU by NBD, whose requests can be held; disk_size=SIZE
 *  timeout=MS    for each answer
 *  exec=COMMAND  starts the machine, and again for each restart; the last, commas included
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXEC ",exec="

/* --- Connecting ---------------------------------------------------------------------- */

static int refuse_answer(struct qtest *q, int err, struct vmmio_target_error *error)
{
	return target_error(error, err, "qtest: %s does not answer as QEMU does (%s)",
		q->options.socket, strerror(-err));
}

/* A machine that does not know the question is taken for one that is little endian. */
static int check_endianness(struct qtest *q, struct vmmio_target_error *error)
{
	const char *answer = "";
	int err = qtest_do(q, &answer, "endianness");

	if (err && err != -EREMOTEIO)
		return refuse_answer(q, err, error);
	if (!err && strcmp(answer, "big") == 0)
		return target_error(error, -ENOTSUP,
			"qtest: the machine is big endian: only little endian ones can be judged");
	return 0;
}

/* With another accelerator than qtest the clock runs, and there is no such command. */
static int find_clock(struct qtest *q, struct vmmio_target_error *error)
{
	int err = qtest_do(q, NULL, "clock_step 0");

	q->has_clock = !err;
	return err && err != -EREMOTEIO ? refuse_answer(q, err, error) : 0;
}

static int watch_line(struct qtest *q, struct vmmio_target_error *error)
{
	int err;

	if (q->options.irq == UINT64_MAX)
		return 0;
	err = qtest_do(q, NULL, "irq_intercept_in %s", q->options.intercept);
	if (!err)
		return 0;
	return target_error(error, err == -EREMOTEIO ? -ENODEV : err,
		"qtest: the machine has no interrupt controller '%s' to watch: say intercept=PATH "
		"(QMP's qom-list shows them), or leave irq out",
		q->options.intercept);
}

static int connect_qmp(struct qtest *q, struct vmmio_target_error *error)
{
	const char *path = q->options.qmp;
	int fd, err;

	if (!*path)
		return 0;
	fd = qtest_call(path, q->qmp.timeout);
	if (fd < 0)
		return target_error(error, fd,
			"qtest: cannot connect to %s (%s): start QEMU with -qmp "
			"unix:%s,server=on,wait=off",
			path, strerror(-fd), path);
	qtest_lines_attach(&q->qmp, fd);
	err = qmp_greet(&q->qmp);
	return err ? target_error(error, err, "qtest: %s does not speak QMP", path) : 0;
}

static void disconnect(struct qtest *q)
{
	qtest_lines_close(&q->lines);
	qtest_lines_close(&q->qmp);
}

static int reconnect(struct qtest *q, struct vmmio_target_error *error)
{
	int fd, err;

	disconnect(q);
	fd = qtest_machine_connect(&q->machine, error);
	if (fd < 0)
		return fd;
	qtest_lines_attach(&q->lines, fd);
	q->broken = 0;
	q->level = false;
	err = check_endianness(q, error);
	if (!err)
		err = watch_line(q, error);
	if (!err)
		err = connect_qmp(q, error);
	if (!err)
		err = find_clock(q, error);
	if (err && !q->broken)
		q->broken = err;
	return err;
}

/* --- Restart and close --------------------------------------------------------------- */

static int qtest_restart(void *ctx)
{
	struct qtest *q = ctx;
	struct vmmio_target_error error;
	int err = 0;

	qtest_undo_hooks(q);
	if (q->broken || *q->options.exec)
		err = reconnect(q, &error);
	if (err || *q->options.exec)
		return err;
	return *q->options.qmp ? qmp_system_reset(&q->qmp) : -ENOTSUP;
}

static void qtest_close(void *ctx)
{
	struct qtest *q = ctx;

	qtest_undo_hooks(q);
	disconnect(q);
	qtest_machine_close(&q->machine);
	if (q->has_disk) {
		qtest_disk_close(&q->disk);
		qtest_remove_socket(q->options.disk);
	}
	free(q);
}

/* --- Open ---------------------------------------------------------------------------- */

static int check_options(const struct qtest_options *o, struct vmmio_target_error *error)
{
	if (!*o->socket)
		return target_error(error, -EINVAL,
			"qtest: no socket was given: use qtest:SOCKET,base=ADDR, a path "
			"of at most %zu characters",
			QTEST_PATH_SIZE - 1);
	if (o->base == UINT64_MAX || o->base % 4)
		return target_error(error, -EINVAL,
			"qtest: say base=ADDR, the guest address of the registers, a "
			"multiple of 4");
	if (o->disk_size % QTEST_DISK_BLOCK)
		return target_error(error, -EINVAL, "qtest: disk_size has to be a multiple of %u",
			QTEST_DISK_BLOCK);
	if (*o->drive && !*o->qmp)
		return target_error(
			error, -EINVAL, "qtest: drive is of no use without qmp=SOCKET: give both");
	if (strpbrk(o->drive, "\"\\"))
		return target_error(error, -EINVAL, "qtest: '%s' is not a node name", o->drive);
	if (strchr(o->intercept, ' '))
		return target_error(error, -EINVAL, "qtest: '%.80s' is not a path", o->intercept);
	return 0;
}

/* exec takes all the rest: a command may have commas of its own. */
static int split_exec(const char *args, char *head, size_t size, struct qtest_options *o,
	struct vmmio_target_error *error)
{
	const char *exec = strstr(args, EXEC);
	size_t len = exec ? (size_t)(exec - args) : strlen(args);

	if (len >= size)
		return target_error(error, -EINVAL, "qtest: the arguments are too long");
	memcpy(head, args, len);
	head[len] = '\0';
	if (!exec)
		return 0;
	exec += strlen(EXEC);
	if (!*exec || strlen(exec) >= sizeof(o->exec))
		return target_error(error, -EINVAL,
			"qtest: exec is wrong: give a command of at most %zu characters, such as "
			"exec=./start-qemu",
			sizeof(o->exec) - 1);
	strcpy(o->exec, exec);
	return 0;
}

static int parse(const char *args, struct qtest_options *o, struct vmmio_target_error *error)
{
	const struct arg table[] = {
		{"base", ARG_NUMBER, &o->base, "ADDR", 0, UINT64_MAX - UINT32_MAX},
		{"ram", ARG_RANGE, &o->ram, NULL, 1 << 20, UINT64_MAX},
		{"irq", ARG_NUMBER, &o->irq, NULL, 0, UINT32_MAX},
		{"intercept", ARG_TEXT, o->intercept, "PATH", 0, sizeof(o->intercept)},
		{"listen", ARG_CHOICE, &o->listen, "no|yes", 0, 0},
		{"qmp", ARG_TEXT, o->qmp, "SOCKET", 0, sizeof(o->qmp)},
		{"drive", ARG_TEXT, o->drive, "NODE", 0, sizeof(o->drive)},
		{"disk", ARG_TEXT, o->disk, "SOCKET", 0, sizeof(o->disk)},
		{"disk_size", ARG_NUMBER, &o->disk_size, "SIZE", QTEST_DISK_BLOCK, 1 << 30},
		{"timeout", ARG_NUMBER, &o->timeout_ms, "MS", 1, 3600000},
		{.key = NULL}};
	char head[1024];
	const char *rest;
	int err;

	*o = (struct qtest_options){.base = UINT64_MAX, .irq = UINT64_MAX, .timeout_ms = 5000,
		.disk_size = 1 << 20, .intercept = "ioapic"};
	err = split_exec(args, head, sizeof(head), o, error);
	if (err)
		return err;
	rest = args_first(head, o->socket, sizeof(o->socket));
	if (!rest)
		o->socket[0] = '\0';
	err = rest ? args_parse("qtest", rest, table, error) : 0;
	return err ? err : check_options(o, error);
}

/* What it cannot do for lack of an option is not there: the suite then looks from outside. */
static struct vmmio_target_ops ops_of(const struct qtest_options *o)
{
	struct vmmio_target_ops ops = {
		.size = sizeof(ops),
		.read = qtest_read,
		.write = qtest_write,
		.mem_read = qtest_mem_read,
		.mem_write = qtest_mem_write,
		.wait = qtest_wait,
		.restart = qtest_restart,
		.close = qtest_close,
	};

	if (o->irq != UINT64_MAX)
		ops.line = qtest_line;
	if (*o->drive)
		ops.change_config = qtest_change_config;
	if (*o->disk) {
		ops.delay_io = qtest_delay_io;
		ops.reverse_order = qtest_reverse_order;
		ops.storage_read = qtest_storage_read;
	}
	return ops;
}

static void fill_in(struct qtest *q, struct vmmio_target *out)
{
	q->ops = ops_of(&q->options);
	snprintf(q->name, sizeof(q->name), "qtest:%s,base=0x%" PRIx64, q->options.socket,
		q->options.base);
	out->ops = &q->ops;
	out->ctx = q;
	out->name = q->name;
	out->memory_base = q->options.ram.base;
	out->memory_size = q->options.ram.size;
	/* The disk is ours, and begins anew with each machine. */
	if (q->has_disk)
		out->flags |= VMMIO_TARGET_DISPOSABLE;
}

static int open_disk(struct qtest *q, struct vmmio_target_error *error)
{
	const char *path = q->options.disk;
	int listener, err;

	if (!*path)
		return 0;
	listener = qtest_listen(path);
	if (listener < 0)
		return target_error(error, listener, "qtest: cannot listen at %s (%s)", path,
			strerror(-listener));
	err = qtest_disk_open(&q->disk, listener, q->options.disk_size);
	q->has_disk = !err;
	if (!err)
		return 0;
	close(listener);
	qtest_remove_socket(path);
	return target_error(error, err, "qtest: no disk: %s", strerror(-err));
}

int target_qtest_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	struct qtest *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return target_error(error, -ENOMEM, "qtest: no memory");
	q->lines.fd = q->qmp.fd = q->machine.listener = -1;
	q->machine.options = &q->options;
	err = parse(args, &q->options, error);
	q->lines.timeout = q->qmp.timeout = q->options.timeout_ms * 1000000;
	if (!err)
		err = open_disk(q, error);
	if (!err)
		err = qtest_machine_open(&q->machine, error);
	if (!err)
		err = reconnect(q, error);
	if (err) {
		qtest_close(q);
		return err;
	}
	fill_in(q, out);
	return 0;
}
