/* SPDX-License-Identifier: BSD-3-Clause */
/* Running the checks in processes of their own: what is left to do, and what ends mean. */
#include "tools/isolate.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "conform/report/report.h"
#include "tools/plan.h"
#include "tools/tool.h"
#include "tools/worker.h"

enum {
	MAX_DEATHS = 3, /* after which the rest is not tried any more */
	TICK = 100,     /* ms */
};

/* Why no more is heard of a process. */
enum end { BY_ITSELF, TOO_SILENT, TOO_LONG, NONSENSE };

struct isolate {
	const struct isolate_options *options;
	struct isolate_result *out;
	struct plan plan;
	struct watch *watch;
	struct worker worker;
	uint64_t began;
	unsigned deaths;
	int error;     /* of the tool's own */
	char why[640]; /* the error; or why the rest is not run */

	/* The process. */
	bool opened, finished;
	enum end end;
	const char *current; /* the check that is running; NULL: none */
	uint64_t heard;      /* when something was last heard of it */
	unsigned long beats;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The first reason counts. */
static void because(struct isolate *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void because(struct isolate *s, const char *format, ...)
{
	va_list args;

	if (s->why[0])
		return;
	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
}

static void broken(struct isolate *s, int error)
{
	if (!error)
		return;
	because(s, "%s", strerror(-error));
	s->error = error;
}

/* --- Verdicts of this side ---------------------------------------------------------------- */

static bool has_result(const struct isolate *s, const char *check, const char *id)
{
	const struct vmmio_conform_report *report = s->out->report;

	for (size_t i = vmmio_conform_report_size(report); i-- > 0;) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (!strcmp(result->check, check) && !strcmp(result->requirement->id, id))
			return true;
	}
	return false;
}

/* The same for all that the check has not said anything of. How many that are. */
static size_t judge_rest(struct isolate *s, const struct vmmio_conform_check *check,
	struct vmmio_conform_result result)
{
	const char *list = check->requirements;
	size_t n = 0;
	char id[64];

	result.check = check->name;
	while (plan_word(&list, " ", id, sizeof(id))) {
		result.requirement = vmmio_conform_requirement(id);
		if (!result.requirement || !plan_wants(&s->plan, id, check->name) ||
			has_result(s, check->name, id))
			continue;
		broken(s, vmmio_conform_report_add(s->out->report, &result));
		n++;
	}
	return n;
}

/* ... by the check's name; NULL: 0. */
static size_t judge_rest_of(
	struct isolate *s, const char *name, const struct vmmio_conform_result *result)
{
	struct vmmio_conform_check check;

	for (size_t i = 0; name && vmmio_conform_check(i, &check); i++)
		if (!strcmp(check.name, name))
			return judge_rest(s, &check, *result);
	return 0;
}

static void skip_rest(struct isolate *s)
{
	struct vmmio_conform_check check;
	struct vmmio_conform_result result = {
		.verdict = VMMIO_CONFORM_SKIP, .detail = s->why, .accesses = ""};

	because(s, "the suite did not come to this check");
	for (size_t i = 0; vmmio_conform_check(i, &check); i++)
		if (plan_is_left(&s->plan, check.name))
			judge_rest(s, &check, result);
}

/* --- What the process says ------------------------------------------------------------------ */

static void on_opened(struct isolate *s, const char *name)
{
	s->opened = true;
	if (!s->out->report)
		broken(s, vmmio_conform_report_create(name, 0, &s->out->report));
}

static void on_refused(struct isolate *s, const char *why)
{
	s->finished = true;
	because(s, s->out->report ? "the target cannot be opened again: %s" : "%s", why);
	if (!s->out->report)
		s->error = -ENODEV;
}

static void on_begin(struct isolate *s, const char *name)
{
	s->current = plan_take(&s->plan, name);
}

static void on_result(struct isolate *s, const struct record *record)
{
	struct vmmio_conform_result result = {
		.requirement = vmmio_conform_requirement(record->text[0]),
		.check = record->text[1],
		.verdict = (enum vmmio_conform_verdict)record->number[0],
		.proof = (enum vmmio_conform_proof)record->number[1],
		.flagged = record->number[2],
		.detail = record->text[2],
		.accesses = record->text[3],
	};

	if (result.requirement && plan_wants(&s->plan, record->text[0], record->text[1]))
		broken(s, vmmio_conform_report_add(s->out->report, &result));
}

static void on_end(struct isolate *s, int error)
{
	s->finished = true;
	s->current = NULL;
	if (error == -ENODEV)
		s->out->no_device = true;
	else
		broken(s, error);
}

static void on_record(struct isolate *s, const struct record *record)
{
	s->heard = now();
	if (record->kind == RECORD_OPENED)
		on_opened(s, record->text[0]);
	else if (record->kind == RECORD_REFUSED)
		on_refused(s, record->text[0]);
	else if (record->kind == RECORD_BEGIN)
		on_begin(s, record->text[0]);
	else if (record->kind == RECORD_RESULT)
		on_result(s, record);
	else
		on_end(s, record->number[0]);
}

/* --- Its end --------------------------------------------------------------------------------- */

/* The running check has failed; or the next one, if none is running. */
static void fail_current(struct isolate *s, const char *how)
{
	char detail[200], accesses[WATCH_KEPT * 80];
	const struct vmmio_conform_result result = {
		.verdict = VMMIO_CONFORM_FAIL, .detail = detail, .accesses = accesses};

	snprintf(detail, sizeof(detail), "device stopped answering: %s", how);
	watch_accesses(s->watch, accesses, sizeof(accesses));
	if (!judge_rest_of(s, s->current, &result) &&
		!judge_rest_of(s, plan_take(&s->plan, plan_first(&s->plan)), &result)) {
		because(s, "%s, after the last check", detail);
		s->error = -EIO;
	}
	if (++s->deaths == MAX_DEATHS)
		because(s, "not run: the device stopped answering %d times before", MAX_DEATHS);
}

/* The process has ended; or it was made to: end says why. */
static void describe(const struct isolate *s, int status, char *text, size_t size)
{
	if (s->end == TOO_SILENT)
		snprintf(text, size, "no answer for %.3g s", (double)s->options->silence / 1e9);
	else if (s->end == NONSENSE)
		snprintf(text, size, "its process sent what is no record");
	else if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "its process ended with code %d", WEXITSTATUS(status));
}

static void on_death(struct isolate *s, int status)
{
	char how[120];

	describe(s, status, how, sizeof(how));
	if (s->finished && (s->end != BY_ITSELF || status))
		tool_error("the target was not closed properly: %s", how);
	if (s->finished)
		return;
	if (s->opened) {
		fail_current(s, how);
		return;
	}
	because(s,
		s->out->report ? "the target cannot be opened again: %s"
			       : "the target cannot be opened: %s",
		how);
	if (!s->out->report)
		s->error = -ENODEV;
}

static void on_timeout(struct isolate *s)
{
	double seconds = (double)s->options->timeout / 1e9;

	s->out->timed_out = true;
	if (!s->out->report) {
		because(s, "the target was not open after %.3g s", seconds);
		s->error = -ETIMEDOUT;
		return;
	}
	because(s, "the time of the run was over (--timeout %.3g)", seconds);
	if (s->current)
		plan_put_back(&s->plan, s->current);
}

/* --- One process ----------------------------------------------------------------------------- */

/* As long as it is being opened only the run's own limit counts. */
static bool is_silent(struct isolate *s)
{
	unsigned long beats = atomic_load(&s->watch->beats);

	if (beats != s->beats || !(s->opened || s->finished))
		s->heard = now();
	s->beats = beats;
	return now() - s->heard > s->options->silence;
}

/* Whether to go on listening. */
static bool lasts(struct isolate *s)
{
	bool silent = is_silent(s);

	if (s->worker.ended || s->error)
		return false;
	if (silent)
		s->end = TOO_SILENT;
	else if (s->worker.reader.bad)
		s->end = NONSENSE;
	else if (!s->finished && now() - s->began > s->options->timeout)
		s->end = TOO_LONG;
	return s->end == BY_ITSELF;
}

static void listen(struct isolate *s)
{
	struct record record;
	int status;

	s->end = BY_ITSELF;
	s->heard = now();
	do {
		worker_wait(&s->worker, TICK);
		while (record_next(&s->worker.reader, &record))
			on_record(s, &record);
		s->options->progress(s->options->ctx, s->current, s->plan.taken, s->plan.n);
	} while (lasts(s));
	status = worker_stop(&s->worker);
	if (s->end == TOO_LONG)
		on_timeout(s);
	else if (!s->error)
		on_death(s, status);
}

static void run_process(struct isolate *s)
{
	char *only = plan_left(&s->plan);
	struct work work = {
		.target = s->options->target,
		.only = only,
		.destructive = s->options->destructive,
		.patience = s->options->patience,
		.watch = s->watch,
	};

	s->opened = s->finished = false;
	s->current = NULL;
	watch_clear(s->watch);
	broken(s, only ? worker_start(&s->worker, &work) : -ENOMEM);
	if (!s->error)
		listen(s);
	else
		worker_stop(&s->worker);
	free(only);
}

static void run_processes(struct isolate *s)
{
	s->began = now();
	s->watch = watch_create();
	broken(s, s->watch ? 0 : -ENOMEM);
	while (!s->error && !s->finished && !s->why[0] && plan_first(&s->plan))
		run_process(s);
	if (!s->error)
		skip_rest(s);
	if (!s->error)
		s->out->report->version = s->watch->version;
	watch_free(s->watch);
}

int isolate_run(
	const struct isolate_options *options, struct isolate_result *out, char *error, size_t size)
{
	struct isolate_result result = {0};
	struct isolate s = {.options = options, .out = &result, .worker = {.pid = -1, .fd = -1}};

	broken(&s, plan_make(&s.plan, options->only));
	if (!s.error)
		run_processes(&s);
	plan_free(&s.plan);
	if (s.error) {
		vmmio_conform_report_free(result.report);
		snprintf(error, size, "%s", s.why);
		return s.error;
	}
	*out = result;
	return 0;
}
