/* SPDX-License-Identifier: BSD-3-Clause */
/* A play: the driver's rehearsal with a correct device, then the scenario, step by step. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conform/puppet/findings.h"
#include "conform/puppet/stage.h"

struct run {
	struct stage stage;
	struct findings findings;
	bool presented;
	bool begun; /* begin was called, and not end */
	bool up;    /* begin has succeeded, and stop was not called */
	bool stuck; /* it was left waiting, and is not called any more */
	int error;  /* of ours */
	/* What the driver's function has returned. */
	int64_t result;
	uint64_t sectors;
	uint64_t taken; /* buffers, since it was called */
};

/* --- Calls ----------------------------------------------------------------------------------- */

static int64_t call_optional(struct run *run, int (*function)(void *ctx))
{
	return function ? function(run->stage.driver) : -ENOTSUP;
}

static int64_t call_capacity(struct run *run)
{
	const struct vmmio_subject_ops *ops = &run->stage.ops;

	return ops->capacity ? ops->capacity(run->stage.driver, &run->sectors) : -ENOTSUP;
}

static int64_t call(struct run *run, enum deed deed)
{
	const struct vmmio_subject_ops *ops = &run->stage.ops;
	void *driver = run->stage.driver;

	switch (deed) {
	case BEGIN:
		return ops->begin(driver, &run->stage.bus);
	case USE:
		return ops->use(driver);
	case STOP:
		return ops->stop(driver);
	case RESET_QUEUE:
		return call_optional(run, ops->reset_queue);
	case DISABLE_QUEUE:
		return call_optional(run, ops->disable_queue);
	case SUSPEND:
		return call_optional(run, ops->suspend);
	default:
		return call_capacity(run);
	}
}

static uint64_t buffers_given(const struct run *run)
{
	const struct vmmio_target_activity activity = vmmio_puppet_activity(run->stage.puppet);

	return activity.taken - activity.in_flight;
}

/* A function of the driver's, to its end or to that of our patience. */
static void perform(struct run *run, enum deed deed)
{
	const uint64_t before = buffers_given(run);

	if (setjmp(run->stage.out)) {
		run->stuck = true;
		return;
	}
	stage_enter(&run->stage);
	run->result = call(run, deed);
	stage_leave(&run->stage);
	run->taken = buffers_given(run) - before;
}

static bool possible(const struct run *run, enum deed deed)
{
	return !run->stuck && (deed == BEGIN || run->up);
}

static void act(struct run *run, enum deed deed)
{
	run->begun |= deed == BEGIN;
	if (deed == BEGIN || deed == STOP)
		run->up = false;
	perform(run, deed);
	if (deed == BEGIN)
		run->up = !run->stuck && run->result >= 0;
}

/* --- Verdicts -------------------------------------------------------------------------------- */

/* "give up with -5 (Input/output error)" */
static const char *outcome(const struct run *run, char *text, size_t size)
{
	if (run->stuck)
		snprintf(text, size, "still wait when patience was over");
	else if (run->result < 0)
		snprintf(text, size, "give up with %" PRId64 " (%s)", run->result,
			strerror((int)-run->result));
	else
		snprintf(text, size, "go on");
	return text;
}

static bool worked(const struct run *run)
{
	return !run->stuck && run->result >= 0;
}

static void judge(struct run *run, const struct step *step, bool ok)
{
	char text[100];

	if (ok)
		findings_judge(&run->findings, step->judges, VMMIO_CONFORM_PASS, "kept");
	else
		findings_judge(&run->findings, step->judges, VMMIO_CONFORM_FAIL,
			"expected the driver %s, saw it %s", step->expected,
			outcome(run, text, sizeof(text)));
}

static void skip(struct run *run, const struct step *step, const char *reason)
{
	findings_judge(&run->findings, step->judges, VMMIO_CONFORM_SKIP, "%s", reason);
}

static void judge_two(struct run *run, const struct step *step)
{
	if (run->stage.released < 2)
		skip(run, step, "the driver does not use two queues at once");
	else
		judge(run, step, worked(run));
}

static void judge_bytes(struct run *run, const struct step *step, uint32_t most)
{
	const uint64_t given = run->taken * most;

	if (!worked(run) || run->result == 0)
		skip(run, step, "the driver does not say how many bytes it has got");
	else if ((uint64_t)run->result <= given)
		judge(run, step, true);
	else
		findings_judge(&run->findings, step->judges, VMMIO_CONFORM_FAIL,
			"expected the driver %s, %" PRIu64 ", saw it take %" PRId64, step->expected,
			given, run->result);
}

static void judge_capacity(struct run *run, const struct step *step)
{
	const struct stage *stage = &run->stage;

	if (!worked(run))
		skip(run, step, "the driver does not say which size it goes by (capacity)");
	else if (run->sectors == stage->capacity || run->sectors == stage->old_capacity)
		judge(run, step, true);
	else
		findings_judge(&run->findings, step->judges, VMMIO_CONFORM_FAIL,
			"expected the driver %s, %" PRIu64 " or %" PRIu64 " sectors, saw %" PRIu64,
			step->expected, stage->old_capacity, stage->capacity, run->sectors);
}

static void judge_failed(struct run *run, const struct step *step)
{
	stage_accesses(&run->stage, run->findings.accesses, sizeof(run->findings.accesses));
	if (run->up || run->stuck)
		skip(run, step, "the driver did not give up");
	else if (run->stage.status & VMMIO_STATUS_FAILED)
		judge(run, step, true);
	else
		findings_judge(&run->findings, step->judges, VMMIO_CONFORM_FAIL,
			"expected the driver %s, saw it give up with 0x%x in Status",
			step->expected, run->stage.status);
}

static void judge_step(struct run *run, const struct step *step)
{
	stage_accesses(&run->stage, run->findings.accesses, sizeof(run->findings.accesses));
	if (step->deed == CAPACITY) {
		judge_capacity(run, step);
		return;
	}
	switch (step->expectation) {
	case ANYTHING:
		return;
	case WORKS:
		judge(run, step, worked(run));
		return;
	case GIVES_UP:
		judge(run, step, !worked(run));
		return;
	case ENDS:
		judge(run, step, !run->stuck);
		return;
	case WORKS_ON_TWO:
		judge_two(run, step);
		return;
	case NO_MORE_THAN_GIVEN:
		judge_bytes(run, step, run->findings.scenario->show.entropy_most);
		return;
	}
}

/* --- Notes ----------------------------------------------------------------------------------- */

static const char *deed_name(enum deed deed)
{
	static const char *const names[] = {
		[BEGIN] = "begin",
		[USE] = "use",
		[STOP] = "stop",
		[RESET_QUEUE] = "reset_queue",
		[DISABLE_QUEUE] = "disable_queue",
		[SUSPEND] = "suspend",
		[CAPACITY] = "capacity",
	};

	return names[deed];
}

static void note(struct run *run, enum deed deed)
{
	const char *name = deed_name(deed);

	if (run->stuck)
		findings_note(&run->findings, "%s still waits", name);
	else if (run->result == -ENOTSUP && deed > STOP)
		findings_note(&run->findings, "no %s", name);
	else if (run->result < 0)
		findings_note(&run->findings, "%s gives up: %s", name, strerror((int)-run->result));
	else if (deed == CAPACITY)
		findings_note(&run->findings, "%s %" PRIu64, name, run->sectors);
	else if (run->result > 0)
		findings_note(&run->findings, "%s %" PRId64 " bytes", name, run->result);
	else
		findings_note(&run->findings, "%s", name);
}

/* --- The play -------------------------------------------------------------------------------- */

/* The driver does not know this function: what it would have shown cannot be judged. */
static void not_done(struct run *run, enum deed deed)
{
	char reason[80];

	snprintf(reason, sizeof(reason), "the driver does not do this (%s)", deed_name(deed));
	findings_judge(&run->findings, run->findings.scenario->about.requirements,
		VMMIO_CONFORM_SKIP, "%s", reason);
}

static void do_step(struct run *run, const struct step *step)
{
	if (step->deed == PRESENT) {
		run->error = stage_present(&run->stage, &run->findings.scenario->show);
	} else if (step->deed == FAILED_SET) {
		judge_failed(run, step);
	} else if (step->deed > FAILED_SET) {
		stage_pull(&run->stage, step);
	} else if (possible(run, step->deed)) {
		act(run, step->deed);
		note(run, step->deed);
		if (!run->stuck && run->result == -ENOTSUP && step->deed > STOP)
			not_done(run, step->deed);
		judge_step(run, step);
	}
}

/* The driver lets the device go. */
static void finish(struct run *run)
{
	if (possible(run, STOP))
		act(run, STOP);
	if (run->begun && !run->stuck && run->stage.ops.end)
		run->stage.ops.end(run->stage.driver);
	run->begun = run->up = false;
}

/* Nothing of what the scenario is about can come up. */
static void not_up(struct run *run)
{
	char text[100];

	snprintf(run->findings.skipped, sizeof(run->findings.skipped),
		"the driver does not work with a correct device: expected it to go on, saw it %s",
		outcome(run, text, sizeof(text)));
}

/* Brings the driver up on a correct device. false: it does not work with that. */
static bool rehearse(struct run *run)
{
	bool good;

	run->error = stage_present(&run->stage, NULL);
	if (run->error)
		return false;
	stage_litter(&run->stage);
	act(run, BEGIN);
	if (run->up)
		act(run, USE);
	good = worked(run);
	if (!good)
		not_up(run);
	finish(run);
	if (run->findings.skipped[0])
		findings_note(&run->findings, "not played: %s", run->findings.skipped);
	return good && !run->stuck;
}

static bool presents_later(const struct scenario *scenario)
{
	for (const struct step *step = scenario->steps; step->deed; step++)
		if (step->deed == PRESENT)
			return true;
	return false;
}

static bool is_ordinary(const struct run *run)
{
	return run->findings.scenario->flags & SCENARIO_ORDINARY;
}

static void play_steps(struct run *run)
{
	const struct scenario *scenario = run->findings.scenario;
	const bool later = presents_later(scenario);

	stage_litter(&run->stage);
	run->error = stage_present(&run->stage, later ? NULL : &scenario->show);
	if (!run->error)
		run->error = stage_watch(&run->stage, run->stage.play->subject->name);
	for (const struct step *step = scenario->steps; step->deed && !run->error; step++) {
		do_step(run, step);
		if (is_ordinary(run) && !worked(run))
			not_up(run);
	}
	if (!run->error)
		finish(run);
}

static int report(struct run *run, struct vmmio_conform_report *out)
{
	struct vmmio_conform_report *monitored = NULL;
	int err = 0;

	if (run->stage.monitor)
		err = vmmio_monitor_finish(run->stage.monitor, &monitored);
	if (!err)
		err = findings_report(&run->findings, monitored, out);
	vmmio_conform_report_free(monitored);
	return err;
}

static int run_scenario(struct run *run, struct vmmio_conform_report *out)
{
	/* An ordinary device is its own rehearsal. */
	if (is_ordinary(run) || rehearse(run))
		play_steps(run);
	return run->error ? run->error : report(run, out);
}

static bool is_for(const struct scenario *scenario, const struct vmmio_subject *subject)
{
	const uint32_t device_id = subject->device_id ? subject->device_id : VMMIO_ID_BLOCK;

	return !scenario->about.device_id || scenario->about.device_id == device_id;
}

int vmmio_scenario_play(const struct vmmio_play *play, struct vmmio_conform_report *out)
{
	struct run run = {.error = 0};
	int err;

	if (!play || !out || play->size < sizeof(*play) || !play->subject || !play->subject->ops)
		return -EINVAL;
	run.findings.scenario = scenario_find(play->scenario);
	if (!run.findings.scenario || (unsigned)play->setting >= VMMIO_SETTINGS ||
		!(run.findings.scenario->about.settings & SETTING(play->setting)))
		return -ENOENT;
	if (!is_for(run.findings.scenario, play->subject))
		return -ENOENT;
	err = stage_make(&run.stage, play);
	if (!err)
		err = run_scenario(&run, out);
	stage_free(&run.stage);
	if (err)
		return err;
	return (run.stuck ? VMMIO_PLAY_WAITS : 0) |
	       (run.findings.skipped[0] ? VMMIO_PLAY_NOT_UP : 0);
}
