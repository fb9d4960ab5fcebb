/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `qtest:SOCKET,base=ADDR,...`: a device in a virtual machine that speaks the qtest protocol, as
 * QEMU does. Registers and guest memory are reached from outside, no guest runs; the
 * machine's processor should be stopped (-S), or have nothing to do.
 */
#include "conform/targets/qtest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/spec.h>

#define SECTOR 512u
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

/* --- Hooks --------------------------------------------------------------------------- */

static int disk_size(struct qtest *q, uint64_t *bytes)
{
	uint64_t id, low, high;
	int err = qtest_read(q, VMMIO_REG_DEVICE_ID, 4, &id);

	if (!err && id != VMMIO_ID_BLOCK)
		return -ENOTSUP;
	if (!err)
		err = qtest_read(q, VMMIO_REG_CONFIG, 4, &low);
	if (!err)
		err = qtest_read(q, VMMIO_REG_CONFIG + 4, 4, &high);
	if (!err)
		*bytes = (high << 32 | low) * SECTOR;
	return err;
}

/* To another size, and back the next time. */
static int qtest_change_config(void *ctx)
{
	struct qtest *q = ctx;
	uint64_t bytes;
	int err;

	if (!*q->options.drive)
		return -ENOTSUP;
	err = disk_size(q, &bytes);
	if (err)
		return err;
	err = qmp_block_resize(
		&q->qmp, q->options.drive, q->resized ? q->resized : bytes + 8 * SECTOR);
	if (!err)
		q->resized = q->resized ? 0 : bytes;
	return err;
}

static void undo_hooks(struct qtest *q)
{
	if (q->resized && q->qmp.fd >= 0)
		(void)qmp_block_resize(&q->qmp, q->options.drive, q->resized);
	q->resized = 0;
}

/* --- Restart and close --------------------------------------------------------------- */

static int qtest_restart(void *ctx)
{
	struct qtest *q = ctx;
	struct vmmio_target_error error;
	int err = 0;

	undo_hooks(q);
	if (q->broken || *q->options.exec)
		err = reconnect(q, &error);
	if (err || *q->options.exec)
		return err;
	return *q->options.qmp ? qmp_system_reset(&q->qmp) : -ENOTSUP;
}

static void qtest_close(void *ctx)
{
	struct qtest *q = ctx;

	undo_hooks(q);
	disconnect(q);
	qtest_machine_close(&q->machine);
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
		{"timeout", ARG_NUMBER, &o->timeout_ms, "MS", 1, 3600000},
		{.key = NULL}};
	char head[1024];
	const char *rest;
	int err;

	*o = (struct qtest_options){.base = UINT64_MAX, .irq = UINT64_MAX, .timeout_ms = 5000,
		.intercept = "ioapic"};
	err = split_exec(args, head, sizeof(head), o, error);
	if (err)
		return err;
	rest = args_first(head, o->socket, sizeof(o->socket));
	if (!rest)
		o->socket[0] = '\0';
	err = rest ? args_parse("qtest", rest, table, error) : 0;
	return err ? err : check_options(o, error);
}

static void fill_in(struct qtest *q, struct vmmio_target *out)
{
	static const struct vmmio_target_ops ops = {
		.size = sizeof(ops),
		.read = qtest_read,
		.write = qtest_write,
		.mem_read = qtest_mem_read,
		.mem_write = qtest_mem_write,
		.line = qtest_line,
		.wait = qtest_wait,
		.restart = qtest_restart,
		.close = qtest_close,
		.change_config = qtest_change_config,
	};

	snprintf(q->name, sizeof(q->name), "qtest:%s,base=0x%" PRIx64, q->options.socket,
		q->options.base);
	out->ops = &ops;
	out->ctx = q;
	out->name = q->name;
	out->memory_base = q->options.ram.base;
	out->memory_size = q->options.ram.size;
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
