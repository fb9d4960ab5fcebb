/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers under test by name: finding the kind, and holding what it has opened against
 * subject.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmmio/conform/subject.h>

#include "conform/targets/plugin.h"

#define UP_TO(type, field) (offsetof(struct type, field) + sizeof(((struct type *)NULL)->field))
#define SUBJECT_FIRST_SIZE UP_TO(vmmio_subject, n_queues)

static int open_plugin(
	const char *args, struct vmmio_subject *out, struct vmmio_target_error *error)
{
	static const struct plugin_kind kind = {
		"vmmio_subject_open", "vmmio/conform/subject.h and examples/driver_plugin.c"};
	vmmio_subject_open_fn *open;
	struct plugin plugin = {.path = ""};
	int err = plugin_load(&plugin, &kind, args, error);

	if (err)
		return err;
	memcpy(&open, &plugin.symbol, sizeof(open));
	return plugin_result(&plugin, open(plugin.args, out), error);
}

static const struct vmmio_subject_kind kinds[] = {
	{"plugin", "plugin:FILE.so[,ARGS]",
		"a driver behind a shared object, see vmmio/conform/subject.h", open_plugin},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct vmmio_subject_kind *vmmio_subject_kinds(size_t *n)
{
	*n = N_KINDS;
	return kinds;
}

/* --- The kind ------------------------------------------------------------------------- */

static bool is_kind(const struct vmmio_subject_kind *kind, const char *spec, size_t len)
{
	return strlen(kind->name) == len && memcmp(kind->name, spec, len) == 0;
}

static const struct vmmio_subject_kind *find_kind(
	const char *spec, size_t len, const struct vmmio_subject_kind *more)
{
	for (; more && more->name; more++)
		if (is_kind(more, spec, len))
			return more;
	for (size_t i = 0; i < N_KINDS; i++)
		if (is_kind(&kinds[i], spec, len))
			return &kinds[i];
	return NULL;
}

static int unknown_kind(const char *spec, size_t len, const struct vmmio_subject_kind *more,
	struct vmmio_target_error *error)
{
	char all[300] = "";
	size_t at = 0;

	for (; more && more->name && at < sizeof(all); more++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s, ", more->usage);
	for (size_t i = 0; i < N_KINDS && at < sizeof(all); i++)
		at += (size_t)snprintf(
			all + at, sizeof(all) - at, "%s%s", i ? ", " : "", kinds[i].usage);
	return target_error(error, -EINVAL, "there is no driver '%.*s': use one of %s",
		(int)(len > 80 ? 80 : len), spec, all);
}

/* --- What was opened -------------------------------------------------------------------- */

static int check_subject(
	struct vmmio_subject *subject, const char *kind, struct vmmio_target_error *error)
{
	const struct vmmio_subject_ops *ops = subject->ops;

	if (subject->size < SUBJECT_FIRST_SIZE || subject->size > sizeof(*subject))
		return target_error(error, -EINVAL,
			"%s: subject->size is %zu, expected %zu: leave it as it arrives, and build "
			"against the vmmio/conform/subject.h of this version",
			kind, subject->size, sizeof(*subject));
	if (!ops)
		return target_error(error, -EINVAL,
			"%s: subject->ops is NULL: point it to the functions", kind);
	if (ops->size < UP_TO(vmmio_subject_ops, stop) || !ops->begin || !ops->use || !ops->stop)
		return target_error(error, -EINVAL,
			"%s: one of begin, use and stop is missing (ops->size is %zu): fill them "
			"in, and set ops->size to sizeof(struct vmmio_subject_ops)",
			kind, ops->size);
	if (!subject->name)
		subject->name = kind;
	return 0;
}

/* --- Open and close ---------------------------------------------------------------------- */

/* With room behind it: a plugin that was built against a later subject.h may write further. */
union roomy_subject {
	struct vmmio_subject subject;
	char room[1024];
};

int vmmio_subject_open_spec(const char *spec, const struct vmmio_subject_kind *more,
	struct vmmio_subject *out, struct vmmio_target_error *error)
{
	union roomy_subject opened = {.room = {0}};
	const struct vmmio_subject_kind *kind;
	struct vmmio_target_error dropped;
	size_t len;
	int err;

	if (!error)
		error = &dropped;
	if (!spec || !out)
		return target_error(error, -EINVAL, "no driver was given: use KIND or KIND:ARGS");
	len = strcspn(spec, ":");
	kind = find_kind(spec, len, more);
	if (!kind)
		return unknown_kind(spec, len, more, error);
	opened.subject.size = sizeof(opened.subject);
	target_error(error, 0, "%s: it cannot be opened", kind->name);
	err = kind->open(spec[len] ? spec + len + 1 : "", &opened.subject, error);
	if (err)
		return err;
	err = check_subject(&opened.subject, kind->name, error);
	if (err) {
		vmmio_subject_close(&opened.subject);
		return err;
	}
	*out = opened.subject;
	error->text[0] = '\0';
	return 0;
}

void vmmio_subject_close(struct vmmio_subject *subject)
{
	const struct vmmio_subject_ops *ops = subject ? subject->ops : NULL;

	if (ops && ops->size >= UP_TO(vmmio_subject_ops, close) && ops->close)
		ops->close(subject->ctx);
	if (subject)
		memset(subject, 0, sizeof(*subject));
}
