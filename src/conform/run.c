/* SPDX-License-Identifier: BSD-3-Clause */
/* A run: what the device is, then check after check, each on a device that begins anew. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/engine.h"

#define DEFAULT_PATIENCE UINT64_C(2000000000)

static const struct {
	uint32_t needs;
	const char *reason;
} obstacles[] = {
	{NEEDS_V2, "the device has version 3"},
	{NEEDS_V3, "the device has version 2"},
	{NEEDS_MEMORY, "the target has no guest memory (mem_read, mem_write)"},
	{NEEDS_BLOCK, "not a block device"},
	{NEEDS_ENTROPY, "not an entropy device"},
	{NEEDS_TRAFFIC, "the suite has no requests for this type of device"},
	{NEEDS_PACKED, "the device does not offer VIRTIO_F_RING_PACKED"},
	{NEEDS_RING_RESET, "the device does not offer VIRTIO_F_RING_RESET"},
	{NEEDS_INDIRECT, "the device does not offer VIRTIO_F_INDIRECT_DESC"},
	{NEEDS_EVENT_IDX, "the device does not offer VIRTIO_F_EVENT_IDX"},
	{NEEDS_IN_ORDER, "the device does not offer VIRTIO_F_IN_ORDER"},
	{NEEDS_SUSPEND, "the device does not offer VIRTIO_F_SUSPEND"},
	{NEEDS_NOTIFICATION_DATA, "the device does not offer VIRTIO_F_NOTIFICATION_DATA"},
	{NEEDS_LINE, "the target does not show the interrupt line (line)"},
	{NEEDS_KNOWN, "the target does not say how the device was configured (VMMIO_TARGET_KNOWN)"},
	{NEEDS_DELAY_IO, "the target cannot hold requests back (delay_io)"},
	{NEEDS_DELAY_RESET, "the target cannot slow down a reset (delay_reset)"},
	{NEEDS_REVERSE, "the target cannot complete requests out of order (reverse_order)"},
	{NEEDS_CHANGE_CONFIG, "the target cannot make the device change its configuration (change_config)"},
	{NEEDS_BREAK_DOWN, "the target cannot let the device break down (break_down)"},
	{NEEDS_ACTIVITY, "the target does not tell what goes on inside the device (activity)"},
	{NEEDS_STORAGE, "the target does not show what the device has stored (storage_read)"},
	{NEEDS_WRITES, "would write to the device's storage: not without --destructive"},
};

static const char *no_device(const struct conform *c)
{
	if (c->magic != VMMIO_MAGIC)
		return "no virtio device here: MagicValue is wrong";
	if (c->version != 2 && c->version != 3)
		return "nothing to judge: Version is neither 2 nor 3";
	return c->device_id == 0 ? "nothing to judge: DeviceID 0 is a placeholder" : NULL;
}

/* What is found out by asking the device what it offers. */
#define ASKED                                                                                      \
	(NEEDS_PACKED | NEEDS_RING_RESET | NEEDS_INDIRECT | NEEDS_EVENT_IDX | NEEDS_IN_ORDER |     \
		NEEDS_SUSPEND | NEEDS_NOTIFICATION_DATA)

static bool restarts(const struct conform *c)
{
	return c->ops.restart && !c->no_restart;
}

const char *engine_obstacle(const struct conform *c, const struct check *check)
{
	if (c->dead && c->told && !restarts(c))
		return "the device stopped answering before";
	if (no_device(c) && !(check->needs & NEEDS_NO_DEVICE))
		return no_device(c);
	for (size_t i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++) {
		uint32_t needs = obstacles[i].needs;

		if (!(check->needs & needs) || can(c, needs))
			continue;
		if ((needs & ASKED) && !c->asked)
			return "the device stopped answering when it was asked what it offers";
		return obstacles[i].reason;
	}
	return NULL;
}

bool can(const struct conform *c, uint32_t needs)
{
	return (c->can & ~c->lost & needs) == needs;
}

/* --- Selection ----------------------------------------------------------------------------- */

static bool has_word(const char *list, const char *between, const char *word)
{
	char next[64];

	while (engine_word(&list, between, next, sizeof(next))) {
		if (strcmp(next, word) == 0)
			return true;
	}
	return false;
}

static bool check_matches(const struct check *check, const char *word)
{
	return strcmp(check->name, word) == 0 || has_word(check->requirements, " ", word);
}

static bool selected(const struct conform *c, const struct check *check)
{
	const char *list = c->options.only;
	char word[64];

	if (!list)
		return true;
	while (engine_word(&list, ", ", word, sizeof(word))) {
		if (check_matches(check, word))
			return true;
	}
	return false;
}

static bool known(const char *word)
{
	const struct check *check;

	for (size_t i = 0; (check = engine_check(i, NULL)); i++) {
		if (check_matches(check, word))
			return true;
	}
	return vmmio_conform_requirement(word) != NULL;
}

/* `only` has words, and each of them is a check or a requirement. */
static bool known_words(const char *only)
{
	char word[64];
	bool any = false;

	if (!only)
		return true;
	while (engine_word(&only, ", ", word, sizeof(word))) {
		any = true;
		if (!known(word))
			return false;
	}
	return any;
}

/* --- One check --------------------------------------------------------------------------- */

/* As after power-on; false: not with this target. That it fails is no fault of the device. */
static bool restart(struct conform *c)
{
	int error = restarts(c) ? c->ops.restart(c->target->ctx) : -ENOTSUP;

	c->no_restart |= error == -ENOTSUP;
	if (error == -ENOTSUP)
		return false;
	need(c, error >= 0, "the target could not make the device anew: %s", strerror(-error));
	c->dead = c->told = false;
	return true;
}

static void first_reset(struct conform *c)
{
	uint32_t seen;

	wr(c, VMMIO_REG_STATUS, 0);
	if (wait_reset(c))
		return;
	seen = rd(c, VMMIO_REG_STATUS);
	engine_accuse(c, "GEN-DEV-10", "expected Status 0 after 0 was written to it, saw 0x%x for %llu ms",
		seen, (unsigned long long)(patience(c) / 1000000));
	need(c, false, "the device does not come back from a reset: Status stays 0x%x", seen);
}

/* The sentence is about a device that had the feature negotiated. */
static void accuse_queue_reset(struct conform *c, uint32_t queue)
{
	acknowledge(c);
	if (!negotiate(c, base_features(c) | VMMIO_FEATURE(VMMIO_F_RING_RESET), 0))
		return;
	first_reset(c);
	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	if (rd(c, VMMIO_REG_QUEUE_RESET))
		engine_accuse(c, "MMIO-DEV-08",
			"expected QueueReset 0 of queue %u after a reset, VIRTIO_F_RING_RESET negotiated before "
			"it, saw 1",
			queue);
}

/* What a reset has to take away, and by other checks is judged to: the check's device is not to
 * have it from the check before. */
static void clean_up(struct conform *c)
{
	if (c->slow)
		settle(c);
	c->slow = false;
	if (rd(c, VMMIO_REG_INTERRUPT_STATUS))
		wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	for (uint32_t i = 0; i < c->n_queues && i < 2; i++) {
		uint32_t ready;

		wr(c, VMMIO_REG_QUEUE_SEL, i);
		ready = rd(c, VMMIO_REG_QUEUE_READY);
		if (ready)
			engine_accuse(c, "MMIO-DEV-05",
				"expected QueueReady 0 of queue %u after a reset, saw 0x%x", i, ready);
		need(c, !ready,
			"a reset does not make the device as it was: QueueReady of queue %u reads 1", i);
		if (offered(c, VMMIO_F_RING_RESET) && rd(c, VMMIO_REG_QUEUE_RESET)) {
			accuse_queue_reset(c, i);
			need(c, false,
				"a reset does not make the device as it was: QueueReset of queue %u reads 1",
				i);
		}
	}
	wr(c, VMMIO_REG_QUEUE_SEL, 0);
}

/* The device as a driver finds it: made anew where the target can, else reset. */
static void begin_anew(struct conform *c)
{
	if (restart(c) || (c->check->needs & NEEDS_NO_DEVICE))
		return;
	first_reset(c);
	clean_up(c);
}

bool is_anew(const struct conform *c)
{
	return restarts(c);
}

static void undo_hooks(struct conform *c)
{
	void *ctx = c->target->ctx;

	c->slow = c->hooked != 0;
	if (c->dead)
		return;
	if (c->hooked & NEEDS_DELAY_IO)
		(void)c->ops.delay_io(ctx, 0);
	if (c->hooked & NEEDS_DELAY_RESET)
		(void)c->ops.delay_reset(ctx, 0);
	if (c->hooked & NEEDS_REVERSE)
		(void)c->ops.reverse_order(ctx, false);
}

static void try_check(struct conform *c, const struct check *check)
{
	const char *obstacle;

	engine_open_books(c, check);
	if (setjmp(c->end) == 0) {
		obstacle = engine_obstacle(c, check);
		need(c, !obstacle, "%s", obstacle ? obstacle : "");
		begin_anew(c);
		check->run(c);
	}
	undo_hooks(c);
}

/* What a target turns out not to be able to do when it is asked to, it is not asked again: the
 * check may have another way, or else the right reason to be skipped. */
static void run_check(struct conform *c, const struct check *check)
{
	uint32_t lost;

	do {
		lost = c->lost;
		try_check(c, check);
	} while (c->lost != lost);
	engine_close_books(c);
}

static size_t count_selected(const struct conform *c)
{
	const struct check *check;
	size_t n = 0;

	for (size_t i = 0; (check = engine_check(i, NULL)); i++)
		n += selected(c, check);
	return n;
}

static void run_checks(struct conform *c)
{
	size_t n = count_selected(c), done = 0;
	struct vmmio_conform_check about;
	const struct check *check;

	for (size_t i = 0; (check = engine_check(i, NULL)); i++) {
		if (!selected(c, check))
			continue;
		if (c->options.begin && vmmio_conform_check(i, &about))
			c->options.begin(c->options.ctx, &about, done, n);
		run_check(c, check);
		done++;
	}
}

/* --- The run ---------------------------------------------------------------------------- */

static int check_target(const struct vmmio_target *target)
{
	if (!target || target->size < sizeof(*target) || !target->ops)
		return -EINVAL;
	if (target->ops->size < offsetof(struct vmmio_target_ops, mem_read))
		return -EINVAL;
	if (!target->ops->read || !target->ops->write)
		return -EINVAL;
	return 0;
}

static void identify(struct conform *c)
{
	if (setjmp(c->end) == 0)
		engine_identify(c);
}

static int open_run(struct conform *c, const struct vmmio_target *target,
	const struct vmmio_conform_options *options)
{
	size_t n = target->ops->size < sizeof(c->ops) ? target->ops->size : sizeof(c->ops);

	c->target = target;
	memcpy(&c->ops, target->ops, n);
	if (options)
		memcpy(&c->options, options,
			options->size < sizeof(c->options) ? options->size : sizeof(c->options));
	if (!c->options.patience)
		c->options.patience = DEFAULT_PATIENCE;
	if (!known_words(c->options.only))
		return -EINVAL;
	identify(c);
	return vmmio_conform_report_create(
		target->name ? target->name : "device", c->version, &c->report);
}

int vmmio_conform_run(const struct vmmio_target *target,
	const struct vmmio_conform_options *options, struct vmmio_conform_report **out)
{
	struct conform *c;
	int error;

	if (!out || check_target(target) || (options && !options->size))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	error = open_run(c, target, options);
	if (!error) {
		run_checks(c);
		error = c->error;
	}
	if (error)
		vmmio_conform_report_free(c->report);
	else
		*out = c->report;
	if (!error && no_device(c))
		error = -ENODEV;
	free(c);
	return error;
}
