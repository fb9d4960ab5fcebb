/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts: rules are asked, what they say is kept, and becomes a report. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

static bool listens(const struct vmmio_monitor *m, const struct rule *rule, const struct scene *s)
{
	if (!(rule->on & s->on))
		return false;
	if (rule->flags & RULE_ALWAYS)
		return true;
	/* An end has no access that a driver should not have made. */
	return s->on == ON_END ? m->ident != IDENT_UNKNOWN : monitor_usable(m);
}

void monitor_ask(struct vmmio_monitor *m, const struct scene *s)
{
	size_t i = 0;

	for (size_t g = 0; g < monitor_n_groups; g++) {
		for (size_t r = 0; r < monitor_groups[g]->n; r++, i++) {
			const struct rule *rule = &monitor_groups[g]->rules[r];

			if (!listens(m, rule, s))
				continue;
			m->rule = i;
			rule->ask(m, s);
		}
	}
}

/* The last accesses, the oldest first, one on a line. */
static char *history(const struct vmmio_monitor *m)
{
	char *text = malloc(HISTORY * KNOWN_LINE);
	uint64_t n = m->tick < HISTORY ? m->tick : HISTORY;
	size_t at = 0;

	if (!text)
		return NULL;
	text[0] = '\0';
	for (uint64_t i = m->tick - n; i < m->tick; i++)
		at += known_access(text + at, HISTORY * KNOWN_LINE - at, &m->history[i % HISTORY],
			i + 1 == m->tick);
	return text;
}

__attribute__((format(printf, 2, 0))) static void complain(
	struct vmmio_monitor *m, const char *format, va_list args)
{
	struct verdict *verdict = &m->verdicts[m->rule];
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	for (unsigned i = 0; i < verdict->n_complaints; i++) {
		if (verdict->complaints[i].text && strcmp(verdict->complaints[i].text, text))
			continue;
		verdict->complaints[i].times++;
		return;
	}
	if (verdict->n_complaints == COMPLAINTS)
		return;
	if (verdict->n_complaints == 0)
		verdict->accesses = history(m);
	verdict->complaints[verdict->n_complaints++] = (struct complaint){strdup(text), 1};
}

void kept(struct vmmio_monitor *m)
{
	m->verdicts[m->rule].kept++;
}

bool expect(struct vmmio_monitor *m, bool ok, const char *format, ...)
{
	struct verdict *verdict = &m->verdicts[m->rule];
	va_list args;

	if (ok) {
		kept(m);
		return true;
	}
	verdict->broken++;
	va_start(args, format);
	complain(m, format, args);
	va_end(args);
	return false;
}

/* --- Report -------------------------------------------------------------------------------- */

/* "expected ..., saw ..." of all complaints. NULL: no memory. */
static char *detail(const struct verdict *verdict)
{
	uint64_t rest = verdict->broken;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (unsigned i = 0; i < verdict->n_complaints; i++) {
		const struct complaint *complaint = &verdict->complaints[i];

		rest -= complaint->times;
		fprintf(out, "%s%s", i ? "; also " : "", complaint->text ? complaint->text : "?");
		if (complaint->times > 1)
			fprintf(out, " (%u times)", complaint->times);
	}
	if (rest)
		fprintf(out, "; and %" PRIu64 " more of the kind", rest);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static const char *ring_missing(const struct vmmio_monitor *m, unsigned flags)
{
	if ((flags & RULE_SPLIT) && !m->saw_split)
		return "no split virtqueue was set up in this trace";
	if ((flags & RULE_PACKED) && !m->saw_packed)
		return "no packed virtqueue was set up in this trace";
	if ((flags & RULE_MEMORY) && m->lost_a_queue)
		return "the rings were looked at too seldom to follow them";
	return NULL;
}

/* Why a rule was never judged. */
static const char *skip_reason(const struct vmmio_monitor *m, const struct rule *rule)
{
	const char *ring = ring_missing(m, rule->flags);

	if (m->legacy)
		return "the device has Version 1 and its legacy registers are used: the legacy "
		       "interface is not judged";
	if ((rule->flags & RULE_BLOCK) && m->device_id != VMMIO_ID_BLOCK)
		return "the device is not a block device";
	if ((rule->flags & RULE_ENTROPY) && m->device_id != VMMIO_ID_ENTROPY)
		return "the device is not an entropy device";
	if ((rule->flags & RULE_V3) && m->version != 3)
		return "the device has not Version 3";
	if ((rule->flags & RULE_TYPE) && !known_type(m->device_id))
		return "the monitor does not know this device type";
	if ((rule->flags & RULE_MEMORY) && !m->options.mem_read)
		return "only guest memory shows it, and this trace has none";
	return ring ? ring : "never came up in this trace";
}

static int add_result(const struct vmmio_monitor *m, struct vmmio_conform_report *report, size_t i)
{
	const struct rule *rule = monitor_rule_at(i);
	const struct verdict *verdict = &m->verdicts[i];
	struct vmmio_conform_result result = {
		.requirement = vmmio_conform_requirement(rule->id),
		.check = "monitor",
		.verdict = VMMIO_CONFORM_PASS,
		.detail = "",
		.accesses = "",
	};
	char *text = NULL;
	int error;

	if (m->legacy || (!verdict->kept && !verdict->broken)) {
		result.verdict = VMMIO_CONFORM_SKIP;
		result.detail = skip_reason(m, rule);
	} else if (verdict->broken) {
		text = detail(verdict);
		result.flagged = rule->flags & RULE_SHOULD;
		result.verdict = result.flagged ? VMMIO_CONFORM_PASS : VMMIO_CONFORM_FAIL;
		result.detail = text ? text : "broken; no memory to say how";
		result.accesses = verdict->accesses ? verdict->accesses : "";
	}
	error = vmmio_conform_report_add(report, &result);
	free(text);
	return error;
}

int monitor_report(struct vmmio_monitor *m, struct vmmio_conform_report **out)
{
	struct vmmio_conform_report *report;
	int error = vmmio_conform_report_create(m->name, m->version, &report);

	for (size_t i = 0; !error && i < monitor_n_rules(); i++) {
		error = add_result(m, report, i);
		if (error)
			vmmio_conform_report_free(report);
	}
	if (!error)
		*out = report;
	return error;
}

void monitor_verdicts_free(struct vmmio_monitor *m)
{
	for (size_t i = 0; m->verdicts && i < monitor_n_rules(); i++) {
		for (unsigned c = 0; c < m->verdicts[i].n_complaints; c++)
			free(m->verdicts[i].complaints[c].text);
		free(m->verdicts[i].accesses);
	}
	free(m->verdicts);
}
