/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts: what a check says of each requirement it names, and what becomes of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conform/engine.h"

bool engine_word(const char **list, const char *between, char *word, size_t size)
{
	size_t n;

	*list += strspn(*list, between);
	n = strcspn(*list, between);
	if (n == 0)
		return false;
	snprintf(word, size, "%.*s", (int)n, *list);
	*list += n;
	return true;
}

void engine_open_books(struct conform *c, const struct check *check)
{
	const char *list = check->requirements;
	char id[24];

	c->check = check;
	c->n_judgements = 0;
	c->hook = false;
	c->hooked = 0;
	c->reason[0] = 0;
	c->accepted = 0;
	c->taken = 0;
	c->n_accesses = 0;
	while (c->n_judgements < MAX_JUDGED && engine_word(&list, " ", id, sizeof(id))) {
		struct judgement *j = &c->judgements[c->n_judgements++];

		memset(j, 0, offsetof(struct judgement, detail));
		memcpy(j->id, id, sizeof(id));
		j->requirement = vmmio_conform_requirement(id);
		j->detail[0] = j->accesses[0] = 0;
	}
}

void engine_close_books(struct conform *c)
{
	for (unsigned i = 0; i < c->n_judgements; i++) {
		struct judgement *j = &c->judgements[i];

		if (!j->judged && !j->detail[0])
			snprintf(j->detail, sizeof(j->detail), "%s",
				c->reason[0] ? c->reason : "the occasion to judge this never came up");
		engine_result(c, j);
	}
	c->check = NULL;
}

static struct judgement *find(struct conform *c, const char *id)
{
	for (unsigned i = 0; i < c->n_judgements; i++) {
		if (strcmp(c->judgements[i].id, id) == 0)
			return &c->judgements[i];
	}
	return NULL;
}

/* A requirement that the check did not announce is a mistake of the check's, which must not pass
 * for anything else. */
static struct judgement *find_or_blame(struct conform *c, const char *id)
{
	struct judgement *j = find(c, id);

	if (j || !c->n_judgements)
		return j;
	j = &c->judgements[0];
	j->judged++;
	j->bad = j->fatal = true;
	snprintf(j->detail, sizeof(j->detail), "mistake of the suite: check %s judges %s without naming it",
		c->check->name, id);
	return NULL;
}

struct verdict {
	const char *id;
	bool ok;
	bool remark;
};

/* A remark is remembered until there is something bad to say. */
__attribute__((format(printf, 3, 0))) static bool record(
	struct conform *c, struct verdict verdict, const char *format, va_list args)
{
	struct judgement *j = find_or_blame(c, verdict.id);

	if (!j)
		return verdict.ok;
	j->judged++;
	j->hook |= c->hook;
	if (verdict.ok || j->bad || (verdict.remark && j->remarked))
		return verdict.ok;
	j->bad = !verdict.remark;
	j->remarked = verdict.remark;
	vsnprintf(j->detail, sizeof(j->detail), format, args);
	engine_accesses(c, j->accesses, sizeof(j->accesses));
	return verdict.ok;
}

bool judge(struct conform *c, const char *requirement, bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(c, (struct verdict){requirement, ok, false}, format, args);
	va_end(args);
	return ok;
}

bool remark(struct conform *c, const char *requirement, bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(c, (struct verdict){requirement, ok, true}, format, args);
	va_end(args);
	return ok;
}

bool judge_both(struct conform *c, const char *one, const char *other, bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(c, (struct verdict){one, ok, false}, format, args);
	va_end(args);
	va_start(args, format);
	record(c, (struct verdict){other, ok, false}, format, args);
	va_end(args);
	return ok;
}

void engine_accuse(struct conform *c, const char *requirement, const char *format, ...)
{
	va_list args;

	if (!find(c, requirement))
		return;
	va_start(args, format);
	record(c, (struct verdict){requirement, false, false}, format, args);
	va_end(args);
}

void not_judged(struct conform *c, const char *requirement, const char *reason)
{
	struct judgement *j = find_or_blame(c, requirement);

	if (j && !j->judged)
		snprintf(j->detail, sizeof(j->detail), "%s", reason);
}

void by_hook(struct conform *c)
{
	c->hook = true;
}

void by_look(struct conform *c)
{
	c->hook = false;
}

void need(struct conform *c, bool ok, const char *reason, ...)
{
	va_list args;

	if (ok)
		return;
	va_start(args, reason);
	vsnprintf(c->reason, sizeof(c->reason), reason, args);
	va_end(args);
	engine_end(c);
}

void engine_end(struct conform *c)
{
	longjmp(c->end, 1);
}

static bool any_bad(const struct conform *c)
{
	for (unsigned i = 0; i < c->n_judgements; i++) {
		if (c->judgements[i].bad)
			return true;
	}
	return false;
}

static void blame(struct conform *c, struct judgement *j, int error, const char *doing)
{
	j->judged++;
	j->bad = j->fatal = true;
	if (error > 0)
		snprintf(j->detail, sizeof(j->detail),
			"device stopped answering: %s (the target returned %d: neither 0 nor -errno)", doing,
			error);
	else
		snprintf(j->detail, sizeof(j->detail), "device stopped answering: %s (%s)", doing,
			strerror(-error));
	engine_accesses(c, j->accesses, sizeof(j->accesses));
}

/* A device that does not answer breaks all that the check was about to judge; if that is
 * nothing any more, one has to stand for it. */
void engine_gone(struct conform *c, int error, const char *doing)
{
	c->dead = true;
	for (unsigned i = 0; i < c->n_judgements; i++) {
		if (!c->judgements[i].judged)
			blame(c, &c->judgements[i], error, doing);
	}
	if (c->n_judgements && !any_bad(c))
		blame(c, &c->judgements[c->n_judgements - 1], error, doing);
	c->told = c->n_judgements > 0;
	engine_end(c);
}

/* --- Results --------------------------------------------------------------------------- */

static bool recommendation(const struct vmmio_conform_requirement *requirement)
{
	return requirement->strength == VMMIO_CONFORM_SHOULD ||
	       requirement->strength == VMMIO_CONFORM_SHOULD_NOT;
}

static enum vmmio_conform_verdict verdict_of(const struct judgement *j)
{
	if (!j->judged)
		return VMMIO_CONFORM_SKIP;
	if (!j->bad)
		return VMMIO_CONFORM_PASS;
	return j->fatal || !recommendation(j->requirement) ? VMMIO_CONFORM_FAIL : VMMIO_CONFORM_PASS;
}

/* Whether the caller wants to hear of this requirement. */
static bool wanted(const struct conform *c, const struct judgement *j)
{
	const char *list = c->options.only;
	char word[64];

	if (!list)
		return true;
	while (engine_word(&list, ", ", word, sizeof(word))) {
		if (strcmp(word, j->id) == 0 || strcmp(word, c->check->name) == 0)
			return true;
	}
	return false;
}

void engine_result(struct conform *c, const struct judgement *j)
{
	struct vmmio_conform_result result = {
		.requirement = j->requirement,
		.check = c->check->name,
		.proof = j->hook ? VMMIO_CONFORM_HOOK : VMMIO_CONFORM_BLACK_BOX,
		/* Why it was not judged, at first, is of no interest once it was. */
		.detail = j->judged && !j->bad && !j->remarked ? "" : j->detail,
		.accesses = j->accesses,
	};

	if (!j->requirement || !wanted(c, j))
		return;
	result.verdict = verdict_of(j);
	result.flagged = (j->bad || j->remarked) && result.verdict == VMMIO_CONFORM_PASS;
	if (!c->error)
		c->error = vmmio_conform_report_add(c->report, &result);
	if (c->options.result)
		c->options.result(c->options.ctx, &result);
}
