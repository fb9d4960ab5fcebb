/* SPDX-License-Identifier: BSD-3-Clause */
/* A snapshot of metrics as text and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <vmmio/metrics.h>

#include "observe/text.h"

static uint64_t quantile(const struct vmmio_histogram *h, double q)
{
	uint64_t value = 0;

	return vmmio_histogram_quantile(h, q, &value) ? 0 : value;
}

/* --- Text ----------------------------------------------------------------------- */

static void text_histogram(struct text *t, const char *name, const struct vmmio_histogram *h)
{
	text_add(t, "%s: %" PRIu64, name, h->count);
	if (h->count)
		text_add(t,
			" (at most: half %" PRIu64 " ns, 99 %% %" PRIu64 " ns, 99.9 %% %" PRIu64
			" ns, all %" PRIu64 " ns)",
			quantile(h, 0.5), quantile(h, 0.99), quantile(h, 0.999), h->max);
	text_add(t, "\n");
}

static void text_pending(struct text *t, const struct vmmio_metrics_snapshot *s)
{
	if (!s->pending) {
		text_add(t, "reset pending: no\n");
		return;
	}
	text_add(t, "reset pending: for %" PRIu64 " ns, %" PRIu32 " chains out", s->reset.age,
		s->reset.leases);
	if (s->reset.has_oldest)
		text_add(t, ", oldest: queue %" PRIu32 ", ring position %" PRIu32,
			s->reset.oldest_queue, s->reset.oldest_head);
	if (s->reset.hook_running)
		text_add(t, ", in a hook");
	if (s->reset.answer_pending)
		text_add(t, ", quiesce not answered");
	if (s->reset.quiesce_error)
		text_add(t, ", quiesce failed (%d)", s->reset.quiesce_error);
	text_add(t, "\n");
}

static void text_queue(struct text *t, unsigned i, const struct vmmio_metrics_queue *q)
{
	text_add(t,
		"queue %u: %" PRIu64 " kicks, %" PRIu64 " chains (%" PRIu64 " bytes readable, %" PRIu64
		" writable), %" PRIu64 " completed (%" PRIu64 " too late), %" PRIu64
		" bytes written, notifications: %" PRIu64 " sent, %" PRIu64 " suppressed; %" PRIu64
		" faults\n",
		i, q->kicks, q->chains, q->readable, q->writable, q->completed, q->dropped, q->written,
		q->notified, q->suppressed, q->faults);
}

static void text_all(struct text *t, const struct vmmio_metrics_snapshot *s)
{
	text_add(t,
		"resets: %" PRIu64 " by the driver, %" PRIu64 " by the host, %" PRIu64
		" by destroy; %" PRIu64 " at Status 0; %" PRIu64 " ended, %" PRIu64 " stuck\n",
		s->resets[VMMIO_RESET_BY_DRIVER], s->resets[VMMIO_RESET_BY_HOST],
		s->resets[VMMIO_RESET_BY_DESTROY], s->idle, s->ended, s->stuck);
	text_histogram(t, "Status write", &s->stall);
	text_histogram(t, "until Status 0", &s->to_zero);
	text_pending(t, s);
	for (unsigned i = 1; i < VMMIO_FAULT_COUNT; i++)
		if (s->faults[i])
			text_add(t, "fault %u: %" PRIu64 " (%s)\n", i, s->faults[i],
				vmmio_fault_text((enum vmmio_fault)i));
}

/* --- JSON ----------------------------------------------------------------------- */

/* Buckets as [smallest value that is too large, count]; those that count nothing are left
 * out. The last one has no such value: 0. */
static void json_histogram(struct text *t, const char *name, const struct vmmio_histogram *h)
{
	const char *before = "";

	text_add(t,
		"\"%s\":{\"count\":%" PRIu64 ",\"sum\":%" PRIu64 ",\"max\":%" PRIu64
		",\"p50\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"p999\":%" PRIu64 ",\"buckets\":[",
		name, h->count, h->sum, h->max, quantile(h, 0.5), quantile(h, 0.99),
		quantile(h, 0.999));
	for (unsigned i = 0; i < VMMIO_HISTOGRAM_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		text_add(t, "%s[%" PRIu64 ",%" PRIu64 "]", before, i < 64 ? UINT64_C(1) << i : 0,
			h->bucket[i]);
		before = ",";
	}
	text_add(t, "]}");
}

static const char *json_bool(bool value)
{
	return value ? "true" : "false";
}

static void json_pending(struct text *t, const struct vmmio_metrics_snapshot *s)
{
	if (!s->pending) {
		text_add(t, "\"pending\":null");
		return;
	}
	text_add(t,
		"\"pending\":{\"age_ns\":%" PRIu64 ",\"leases\":%" PRIu32
		",\"hook_running\":%s,\"answer_pending\":%s,\"quiesce_error\":%d,\"oldest\":",
		s->reset.age, s->reset.leases, json_bool(s->reset.hook_running),
		json_bool(s->reset.answer_pending), s->reset.quiesce_error);
	if (s->reset.has_oldest)
		text_add(t, "{\"queue\":%" PRIu32 ",\"head\":%" PRIu32 "}}", s->reset.oldest_queue,
			s->reset.oldest_head);
	else
		text_add(t, "null}");
}

static void json_queue(struct text *t, unsigned i, const struct vmmio_metrics_queue *q)
{
	text_add(t,
		"%s{\"kicks\":%" PRIu64 ",\"chains\":%" PRIu64 ",\"readable\":%" PRIu64
		",\"writable\":%" PRIu64 ",\"completed\":%" PRIu64 ",\"dropped\":%" PRIu64
		",\"written\":%" PRIu64 ",\"notified\":%" PRIu64 ",\"suppressed\":%" PRIu64
		",\"faults\":%" PRIu64 "}",
		i ? "," : "", q->kicks, q->chains, q->readable, q->writable, q->completed, q->dropped,
		q->written, q->notified, q->suppressed, q->faults);
}

static void json_faults(struct text *t, const struct vmmio_metrics_snapshot *s)
{
	const char *before = "";

	text_add(t, "\"faults\":{");
	for (unsigned i = 1; i < VMMIO_FAULT_COUNT; i++) {
		if (!s->faults[i])
			continue;
		text_add(t, "%s\"%u\":%" PRIu64, before, i, s->faults[i]);
		before = ",";
	}
	text_add(t, "}");
}

static void json_all(struct text *t, const struct vmmio_metrics_snapshot *s)
{
	text_add(t,
		"{\"resets\":{\"driver\":%" PRIu64 ",\"host\":%" PRIu64 ",\"destroy\":%" PRIu64
		",\"idle\":%" PRIu64 ",\"ended\":%" PRIu64 ",\"stuck\":%" PRIu64 ",",
		s->resets[VMMIO_RESET_BY_DRIVER], s->resets[VMMIO_RESET_BY_HOST],
		s->resets[VMMIO_RESET_BY_DESTROY], s->idle, s->ended, s->stuck);
	json_histogram(t, "stall_ns", &s->stall);
	text_add(t, ",");
	json_histogram(t, "to_zero_ns", &s->to_zero);
	text_add(t, ",");
	json_pending(t, s);
	text_add(t, "},");
	json_faults(t, s);
	text_add(t, ",\"queues\":[");
}

/* --- Both ----------------------------------------------------------------------- */

int vmmio_metrics_format(
	struct vmmio_metrics *metrics, enum vmmio_format format, char *buffer, size_t size)
{
	struct vmmio_metrics_snapshot snapshot;
	struct vmmio_metrics_queue queue;
	bool json = format == VMMIO_FORMAT_JSON;
	struct text text;

	if ((size && !buffer) || (!json && format != VMMIO_FORMAT_TEXT) ||
		vmmio_metrics_snapshot(metrics, &snapshot))
		return -EINVAL;
	text = text_begin(buffer, size);
	if (json)
		json_all(&text, &snapshot);
	else
		text_all(&text, &snapshot);
	for (unsigned i = 0; !vmmio_metrics_queue(metrics, i, &queue); i++) {
		if (json)
			json_queue(&text, i, &queue);
		else
			text_queue(&text, i, &queue);
	}
	if (json)
		text_add(&text, "]}");
	return text_end(&text);
}
