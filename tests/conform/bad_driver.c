/* SPDX-License-Identifier: BSD-3-Clause */
/* A driver under test that does what its argument says, wrong. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/subject.h>
#include <vmmio/spec.h>

static const struct vmmio_bus *bus;
static char what[32];
static unsigned begins, uses;

static uint32_t reg(uint32_t offset)
{
	return (uint32_t)bus->read(bus->ctx, offset, 4);
}

/* So that there is something in the report: all that a driver may do with any device. */
static void look(void)
{
	if (reg(VMMIO_REG_MAGIC) == VMMIO_MAGIC)
		reg(VMMIO_REG_VERSION);
}

static int begin(void *ctx, const struct vmmio_bus *new_bus)
{
	(void)ctx;
	bus = new_bus;
	begins++;
	look();
	if (!strcmp(what, "never up"))
		return -EPROTO;
	/* The rehearsal comes first. */
	if (!strcmp(what, "crash") && begins == 2)
		abort();
	if (!strcmp(what, "exit") && begins == 2)
		exit(3);
	while (!strcmp(what, "hang") && begins == 2)
		continue;
	while (!strcmp(what, "poll") && begins == 2)
		reg(VMMIO_REG_MAGIC);
	while (!strcmp(what, "pass") && begins == 2)
		bus->pass(bus->ctx, 0);
	return 0;
}

static int64_t use(void *ctx)
{
	(void)ctx;
	uses++;
	while (!strcmp(what, "hang in use") && uses == 3)
		continue;
	return 0;
}

static int stop(void *ctx)
{
	(void)ctx;
	return 0;
}

static void close_driver(void *ctx)
{
	(void)ctx;
	if (!strcmp(what, "crash in close"))
		raise(SIGKILL);
	while (!strcmp(what, "hang in close"))
		continue;
}

static struct vmmio_subject_ops ops = {
	.size = sizeof(ops), .begin = begin, .use = use, .stop = stop, .close = close_driver};

VMMIO_API vmmio_subject_open_fn vmmio_subject_open;

int vmmio_subject_open(const char *args, struct vmmio_subject *subject)
{
	snprintf(what, sizeof(what), "%s", args);
	puts("what a driver prints is not in the report");
	subject->ops = &ops;
	if (!strcmp(args, "fails"))
		return -ENODEV;
	if (!strcmp(args, "positive"))
		return 3;
	if (!strcmp(args, "open crash"))
		raise(SIGKILL);
	while (!strcmp(args, "open hang"))
		continue;
	if (!strcmp(args, "no ops"))
		subject->ops = NULL;
	if (!strcmp(args, "no use"))
		ops.use = NULL;
	if (!strcmp(args, "small ops"))
		ops.size = offsetof(struct vmmio_subject_ops, stop);
	if (!strcmp(args, "size 0"))
		subject->size = 0;
	if (!strcmp(args, "later"))
		subject->size = sizeof(*subject) + 64;
	if (!strcmp(args, "later")) /* has more fields, and fills them in */
		memset(subject + 1, 0xff, 64);
	return 0;
}
