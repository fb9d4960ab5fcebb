/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device writes into the used ring of a split queue, and when. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_moment.h"

/* --- Elements ------------------------------------------------------------------------------ */

/* The data of a request done well is what len counts at least: a driver may not look at more. A
 * device may write more than len, so whether a status byte counts is left to it. */
static uint32_t least_len(const struct request *request)
{
	return request->status ? TRAFFIC_ROOM : request->writes;
}

static void element_of_one(struct conform *c, struct ring *ring, struct request *request)
{
	struct used used;

	request_add(c, ring, request);
	ring_kick(c, ring);
	if (!judge(c, "SPLIT-DEV-27", work_used_there(c, ring),
		    "expected a used element for a request, saw used idx stay %u for %u ms",
		    ring->used,
		    patience_ms(c)))
		return;
	/* An element that is complete only after idx has moved is judged elsewhere. */
	settle(c);
	need(c, ring_used(c, ring, &used), "used idx goes back");
	judge(c, "SPLIT-DEV-27", used.id == request->id,
		"expected a used element with the id of the chain's head, %u, saw id %u",
		request->id,
		used.id);
	if (used.id != request->id || !request_good(c, request, &used))
		return;
	judge(c, "SPLIT-DEV-27", used.len >= least_len(request),
		"expected len to count the bytes that were written for a request done well, at "
		"least %u, saw %u", least_len(request), used.len);
}

/* In any order, each once. */
static void elements_of_three(struct conform *c, struct ring *ring)
{
	struct request requests[3];
	struct used used;

	for (unsigned i = 0; i < 3; i++) {
		request_make(c, &requests[i], 0);
		request_add(c, ring, &requests[i]);
	}
	ring_kick(c, ring);
	for (unsigned i = 0; i < 3; i++) {
		need(c, work_used_there(c, ring), "%u of 3 requests do not come back", 3 - i);
		settle(c);
		need(c, ring_used(c, ring, &used), "used idx goes back");
		judge(c, "SPLIT-DEV-27", used.batch == 1,
			"expected each of 3 chains (heads %u, %u, %u) to be used once, saw a used "
			"element with id %u as number %u",
			requests[0].id, requests[1].id, requests[2].id, used.id, i + 1);
	}
}

static void elements(struct conform *c)
{
	struct request request;
	struct ring ring;

	work_start(c, &ring, 0);
	request_make(c, &request, 0);
	element_of_one(c, &ring, &request);
	elements_of_three(c, &ring);
}

/* --- Before idx moves ------------------------------------------------------------------------ */

static void judge_moment(struct conform *c, const struct request *request,
	const struct moment *moment)
{
	const struct used *then = &moment->used, *later = &moment->later;
	uint32_t at = 0;

	judge(c, "SPLIT-DEV-15", then->id == later->id && then->len == later->len,
		"expected the used element to be complete when used idx moves, saw id 0x%x and len "
		"0x%x then, id 0x%x and len 0x%x later",
		then->id, then->len, later->id, later->len);
	if (!judge(c, "SPLIT-DEV-16", later->len <= request->n_room,
		    "expected len to be at most the %u bytes there are for the device to write, "
		    "saw %u",
		    request->n_room, later->len))
		return;
	while (at < later->len && moment->room[at] == moment->room_later[at])
		at++;
	judge(c, "SPLIT-DEV-16", at == later->len,
		"expected the first %u bytes to be written when used idx moves, saw byte %u "
		"written only after that", later->len, at);
}

static void judge_moments(struct conform *c, struct ring *ring, const struct request *request,
	const char *what)
{
	struct moment moments[MOMENTS];
	uint32_t written;

	moments_take(c, ring, request, moments);
	written = moments_written(moments, request->n_room);
	for (unsigned i = 0; i < MOMENTS; i++) {
		uint32_t len = moments[i].later.len;

		judge_moment(c, request, &moments[i]);
		judge(c, "SPLIT-DEV-16", len <= written || len > request->n_room,
			"expected %s that reports len %u to have its first %u bytes written, saw "
			"byte %u as the driver had left it", what, len, len, written);
	}
}

/* A used ring in which an element that is not written yet tells itself. */
static void start_marked(struct conform *c, struct ring *ring)
{
	work_negotiate(c, 0);
	ring_init(c, ring, traffic_queue(c), 0);
	fill(c, ring_used_entry(ring, 0), 0xee, 8 * (size_t)ring->size);
	ring_enable(c, ring);
	driver_ok(c);
}

static void written_first(struct conform *c)
{
	struct request request;
	struct ring ring;

	start_marked(c, &ring);
	request_make(c, &request, 0);
	judge_moments(c, &ring, &request, "a request");
}

static void written_first_failed(struct conform *c)
{
	struct request request;
	struct ring ring;

	start_marked(c, &ring);
	request_make(c, &request, 0);
	moment_unknown(&request);
	judge_moments(c, &ring, &request, "a request of an unknown type");
}

/* --- Areas ---------------------------------------------------------------------------------- */

static void areas(struct conform *c)
{
	work_areas(c, "SPLIT-DEV-25", "16, 2 and 4", "16 * N, 6 + 2 * N and 6 + 8 * N");
}

static void size_limit(struct conform *c)
{
	for (unsigned i = 0; i < n_queues(c); i++) {
		uint32_t max;

		wr(c, VMMIO_REG_QUEUE_SEL, i);
		max = rd(c, VMMIO_REG_QUEUE_SIZE_MAX);
		judge(c, "SPLIT-DEV-26", max <= VMMIO_QUEUE_SIZE_LIMIT,
			"expected QueueSizeMax of queue %u to be at most %u, saw %u", i,
			VMMIO_QUEUE_SIZE_LIMIT, max);
	}
}

#define SPLIT_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT)

static const struct check checks[] = {
	{"split-used-elements", "Used elements have the head's index and the length",
		"SPLIT-DEV-27", SPLIT_TRAFFIC, elements},
	{"split-written-first", "Data and used element are there when used idx moves",
		"SPLIT-DEV-15 SPLIT-DEV-16", SPLIT_TRAFFIC, written_first},
	{"split-written-first-failed", "What a failed request writes is there when used idx moves",
		"SPLIT-DEV-15 SPLIT-DEV-16", SPLIT_TRAFFIC | NEEDS_BLOCK, written_first_failed},
	{"split-areas", "Areas have the sizes and alignments of the specification", "SPLIT-DEV-25",
		SPLIT_TRAFFIC, areas},
	{"split-size-limit", "Queues have at most 32768 entries", "SPLIT-DEV-26", 0, size_limit},
};

const struct check_topic checks_split_used = CHECK_TOPIC("split-used", checks);
