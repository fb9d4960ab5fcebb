/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Giving back later, in virtual time. A deadline of the executor does it, so that it also comes
 * inside a register write that waits and runs the executor meanwhile.
 */
#include <assert.h>

#include "tools/inproc_internal.h"

static uint64_t after(uint64_t now, uint64_t ns)
{
	return ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
}

static void adopt(struct hold *hold, uint64_t due)
{
	size_t n = hold->count(hold->ctx);

	assert(n <= INPROC_HELD_MAX);
	while (hold->n < n)
		hold->due[hold->n++] = due;
}

/* In reverse all wait for the last one. */
static size_t next(const struct hold *hold)
{
	size_t first = hold->n - 1;

	for (size_t i = hold->n - 1; i-- && !hold->reverse;)
		if (hold->due[i] <= hold->due[first])
			first = i;
	return first;
}

static void give_back(struct hold *hold, size_t n)
{
	hold->n--;
	for (size_t i = n; i < hold->n; i++)
		hold->due[i] = hold->due[i + 1];
	hold->give_back(hold->ctx, n);
	adopt(hold, 0); /* the same request's next step: it has waited already */
}

static void go_on(struct hold *hold)
{
	uint64_t now = vmmio_executor_now(hold->ex);

	if (hold->armed)
		vmmio_executor_disarm(hold->ex, &hold->deadline);
	hold->armed = false;
	while (hold->n && hold->due[next(hold)] <= now)
		give_back(hold, next(hold));
	if (!hold->n)
		return;
	hold->armed = true;
	vmmio_executor_arm(hold->ex, &hold->deadline, hold->due[next(hold)]);
}

static void expired(struct vmmio_deadline *deadline)
{
	struct hold *hold =
		(struct hold *)(void *)((char *)deadline - offsetof(struct hold, deadline));

	hold->armed = false;
	go_on(hold);
}

void hold_init(struct hold *hold, struct vmmio_executor *ex)
{
	*hold = (struct hold){.ex = ex, .deadline.expired = expired};
}

void hold_look(struct hold *hold)
{
	adopt(hold, after(vmmio_executor_now(hold->ex), hold->delay));
	go_on(hold);
}

void hold_set_delay(struct hold *hold, uint64_t ns)
{
	hold->delay = ns;
	for (size_t i = 0; i < hold->n && !ns; i++)
		hold->due[i] = 0;
	go_on(hold);
}

void hold_set_reverse(struct hold *hold, bool on)
{
	hold->reverse = on;
	go_on(hold);
}
