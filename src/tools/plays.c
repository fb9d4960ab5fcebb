/* SPDX-License-Identifier: BSD-3-Clause */
/* One process after the other, and what comes out of it; plays_merge.c makes a report of that. */
#include "tools/plays.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/good.h"
#include "tools/plan.h"
#include "tools/plays_merge.h"
#include "tools/tool.h"
#include "tools/worker.h"

enum {
	TICK = 100,    /* ms */
	MAX_HANGS = 3, /* after which the rest is not tried any more */
};

const struct vmmio_subject_kind tool_drivers[] = {
	GOOD_KIND,
	{0},
};

/* --- Names ---------------------------------------------------------------------------------- */

bool plays_names(const char *list, const char *scenario)
{
	char word[64];

	while (plan_word(&list, ", ", word, sizeof(word)))
		if (!strcmp(word, scenario))
			return true;
	return false;
}

static bool is_scenario(const char *name)
{
	struct vmmio_scenario scenario;

	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		if (!strcmp(scenario.name, name))
			return true;
	return false;
}

bool plays_know(const char *list, char *word, size_t size)
{
	while (plan_word(&list, ", ", word, size))
		if (!is_scenario(word))
			return false;
	return true;
}

/* --- Inside the process --------------------------------------------------------------------- */

struct job {
	const char *driver;
	const char *scenario;
	enum vmmio_setting setting;
	struct watch *watch;
};

/* The reader is gone: nobody wants to know. */
static void tell(int fd, const struct record *record)
{
	if (record_send(fd, record))
		_exit(TOOL_UNABLE);
}

static void on_access(void *ctx, const struct vmmio_monitor_access *access)
{
	watch_access(ctx, &(struct watch_access){.write = access->write,
				  .width = (uint8_t)access->size,
				  .offset = access->offset,
				  .value = access->value});
}

static void tell_report(const struct vmmio_conform_report *report, int fd)
{
	const struct vmmio_conform_note *note;

	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		tell(fd, &(struct record){.kind = RECORD_RESULT,
				 .number = {(int32_t)result->verdict, (int32_t)result->proof,
					 result->flagged},
				 .text = {result->requirement->id, result->check, result->detail,
					 result->accesses}});
	}
	for (size_t i = 0; (note = vmmio_conform_report_note_at(report, i)); i++)
		tell(fd, &(struct record){.kind = RECORD_NOTE, .text = {note->check, note->text}});
}

static int play(const struct job *job, const struct vmmio_subject *subject, int fd)
{
	const struct vmmio_play play = {.size = sizeof(play),
		.scenario = job->scenario,
		.setting = job->setting,
		.subject = subject,
		.access = on_access,
		.ctx = job->watch};
	struct vmmio_conform_report *report;
	int end = vmmio_conform_report_create(subject->name, 0, &report);

	if (!end) {
		end = vmmio_scenario_play(&play, report);
		tell_report(report, fd);
		vmmio_conform_report_free(report);
	}
	tell(fd, &(struct record){.kind = RECORD_END, .number = {end}});
	return end;
}

static void play_main(const void *ctx, int fd)
{
	const struct job *job = ctx;
	struct vmmio_target_error error = {""};
	struct vmmio_subject subject;
	int end;

	if (vmmio_subject_open_spec(job->driver, tool_drivers, &subject, &error)) {
		tell(fd, &(struct record){.kind = RECORD_REFUSED, .text = {error.text}});
		return;
	}
	tell(fd, &(struct record){.kind = RECORD_OPENED, .text = {subject.name}});
	end = play(job, &subject, fd);
	/* It was left in the middle of something. */
	if (end > 0 && end & VMMIO_PLAY_WAITS)
		_exit(0);
	vmmio_subject_close(&subject);
}

/* --- Outside -------------------------------------------------------------------------------- */

struct plays {
	const struct plays_options *options;
	struct watch *watch;
	struct merge merge;
	size_t n, done; /* plays */
	size_t for_us;  /* those that are for the driver's device type */
	bool died, up;
	unsigned hangs;
	int error;
	char why[640];

	/* The play. */
	struct vmmio_scenario scenario;
	enum vmmio_setting setting;
	struct worker worker;
	struct vmmio_conform_report *report;
	bool opened, finished;
	bool silent; /* for too long */
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void broken(struct plays *p, int error)
{
	if (!error || p->error)
		return;
	p->error = error;
	if (!p->why[0])
		snprintf(p->why, sizeof(p->why), "%s", strerror(-error));
}

static void on_opened(struct plays *p, const char *name)
{
	p->opened = true;
	broken(p, merge_name(&p->merge, name));
}

static void on_refused(struct plays *p, const char *why)
{
	p->finished = true;
	snprintf(p->why, sizeof(p->why), "%s", why);
	broken(p, -ENODEV);
}

static void on_result(struct plays *p, const struct record *record)
{
	const struct vmmio_conform_result result = {
		.requirement = vmmio_conform_requirement(record->text[0]),
		.check = record->text[1],
		.verdict = (enum vmmio_conform_verdict)record->number[0],
		.proof = (enum vmmio_conform_proof)record->number[1],
		.flagged = record->number[2],
		.detail = record->text[2],
		.accesses = record->text[3],
	};

	broken(p, vmmio_conform_report_add(p->report, &result));
}

static void on_end(struct plays *p, int end)
{
	p->finished = true;
	p->for_us += end >= 0;
	if (end >= 0)
		p->up |= !(end & VMMIO_PLAY_NOT_UP);
	else if (end != -ENOENT)
		broken(p, end);
	/* With a correct device there is nothing to wait for. */
	p->died |= end == (VMMIO_PLAY_NOT_UP | VMMIO_PLAY_WAITS);
}

static void on_record(struct plays *p, const struct record *record)
{
	if (record->kind == RECORD_OPENED)
		on_opened(p, record->text[0]);
	else if (record->kind == RECORD_REFUSED)
		on_refused(p, record->text[0]);
	else if (record->kind == RECORD_RESULT)
		on_result(p, record);
	else if (record->kind == RECORD_NOTE)
		broken(p, vmmio_conform_report_note(p->report,
				  &(struct vmmio_conform_note){record->text[0], record->text[1]}));
	else if (record->kind == RECORD_END)
		on_end(p, record->number[0]);
}

/* --- Ends of drivers ------------------------------------------------------------------------ */

static void note(struct plays *p, const char *text)
{
	broken(p, vmmio_conform_report_note(
			  p->report, &(struct vmmio_conform_note){p->scenario.name, text}));
}

/* The same for all that the scenario is about. */
static void judge_all(struct plays *p, enum vmmio_conform_verdict verdict, const char *detail)
{
	const char *list = p->scenario.requirements;
	char accesses[WATCH_KEPT * 80], id[64];

	watch_accesses(p->watch, accesses, sizeof(accesses));
	while (plan_word(&list, " ", id, sizeof(id))) {
		const struct vmmio_conform_result result = {
			.requirement = vmmio_conform_requirement(id),
			.check = p->scenario.name,
			.verdict = verdict,
			.proof = VMMIO_CONFORM_HOOK, /* it is what the scenario is about */
			.detail = detail,
			.accesses = verdict == VMMIO_CONFORM_FAIL ? accesses : ""};

		broken(p, vmmio_conform_report_add(p->report, &result));
	}
	note(p, detail);
}

static void on_death(struct plays *p, int status)
{
	char how[200];

	if (p->silent)
		snprintf(how, sizeof(how),
			"the driver hangs: for %.3g s it neither returned nor touched the bus",
			(double)p->options->silence / 1e9);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "the driver crashed: killed by signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "the driver ended its process with code %d",
			WEXITSTATUS(status));
	if (p->finished && !p->silent && status == 0)
		return;
	if (!p->opened && !p->finished) {
		snprintf(p->why, sizeof(p->why), "the driver cannot be opened: %s", how);
		broken(p, -ENODEV);
		return;
	}
	/* What was said before stands; a driver that dies when it is closed is told of. */
	if (p->finished)
		note(p, how);
	else
		judge_all(p, VMMIO_CONFORM_FAIL, how);
	p->died = true;
	p->hangs += p->silent;
	p->for_us++;
}

/* --- One play ------------------------------------------------------------------------------- */

static void listen(struct plays *p)
{
	unsigned long beats = 0;
	uint64_t heard = now();
	struct record record;

	p->silent = false;
	while (!p->worker.ended && !p->error && !p->silent) {
		const unsigned long beat = atomic_load(&p->watch->beats);

		if (beat != beats)
			heard = now();
		beats = beat;
		worker_wait(&p->worker, TICK);
		while (record_next(&p->worker.reader, &record)) {
			on_record(p, &record);
			heard = now();
		}
		p->silent = !p->worker.ended && now() - heard > p->options->silence;
		p->options->progress(p->options->ctx, p->scenario.name, p->done, p->n);
	}
}

static void play_in_process(struct plays *p)
{
	const struct job job = {.driver = p->options->driver,
		.scenario = p->scenario.name,
		.setting = p->setting,
		.watch = p->watch};
	int status;

	p->opened = p->finished = false;
	watch_clear(p->watch);
	broken(p, worker_fork(&p->worker, play_main, &job));
	if (!p->error)
		listen(p);
	status = worker_stop(&p->worker);
	if (!p->error)
		on_death(p, status);
}

static void play_one(struct plays *p)
{
	broken(p, vmmio_conform_report_create(p->options->driver, 0, &p->report));
	if (p->error)
		return;
	if (p->hangs < MAX_HANGS)
		play_in_process(p);
	else
		judge_all(p, VMMIO_CONFORM_SKIP, "not played: the driver hung too often before");
	merge_add(&p->merge, p->setting, p->report);
	p->done++;
}

static bool wanted(const struct plays *p, const struct vmmio_scenario *scenario)
{
	return !p->options->scenarios || plays_names(p->options->scenarios, scenario->name);
}

static void play_scenario(struct plays *p)
{
	for (unsigned s = 0; s < VMMIO_SETTINGS && !p->error; s++) {
		p->setting = (enum vmmio_setting)s;
		if (p->scenario.settings & 1u << s)
			play_one(p);
	}
	broken(p, merge_end(&p->merge, p->scenario.name));
}

static void count_plays(struct plays *p)
{
	struct vmmio_scenario scenario;

	for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
		for (unsigned s = 0; s < VMMIO_SETTINGS; s++)
			p->n += wanted(p, &scenario) && scenario.settings & 1u << s;
}

static void play_all(struct plays *p)
{
	p->watch = watch_create();
	broken(p, p->watch ? 0 : -ENOMEM);
	count_plays(p);
	for (size_t i = 0; !p->error && vmmio_scenario(i, &p->scenario); i++)
		if (wanted(p, &p->scenario))
			play_scenario(p);
	watch_free(p->watch);
}

int plays_run(
	const struct plays_options *options, struct plays_result *out, char *error, size_t size)
{
	struct plays p = {.options = options, .worker = {.pid = -1, .fd = -1}};

	play_all(&p);
	if (!p.error && !p.for_us) {
		snprintf(p.why, sizeof(p.why),
			"none of these scenarios is for a driver of this device type");
		p.error = -ENODEV;
	}
	if (!p.error)
		broken(&p, merge_report(&p.merge, options->driver, &out->report));
	merge_free(&p.merge);
	if (p.error) {
		snprintf(error, size, "%s", p.why);
		return p.error;
	}
	out->died = p.died;
	out->never_up = !p.up && !p.died;
	return 0;
}
