/* SPDX-License-Identifier: BSD-3-Clause */
/* The bus of a driver under test: each access goes to the puppet, and is told to the monitor. */
#include "conform/puppet/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/known.h"

#define MEMORY_BASE UINT64_C(0x140000000) /* both halves of an address matter */
#define MEMORY_SIZE (UINT64_C(2) << 20)
#define ACCESS_NS 1000u
#define INTERRUPTS 4u /* calls in a row while the line stays high */

/* --- Strings ------------------------------------------------------------------------------- */

static unsigned queues_notified(const struct stage *stage)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 16 * 64; i++)
		n += stage->notified[i / 64] >> i % 64 & 1;
	return n;
}

static void set_capacity(struct stage *stage, uint64_t sectors)
{
	const uint64_t bytes = vmmio_le64(sectors);

	stage->old_capacity = stage->capacity;
	if (vmmio_puppet_set_config(stage->puppet, VMMIO_BLK_CFG_CAPACITY, &bytes, sizeof(bytes)) ==
		0)
		stage->capacity = sectors;
}

static void delay_io(struct stage *stage, uint64_t ns)
{
	if (!ns)
		stage->released = queues_notified(stage);
	vmmio_puppet_delay_io(stage->puppet, ns);
}

/* Scenarios with this step are for disks. */
static void change_config(struct stage *stage)
{
	const int err = vmmio_puppet_change_config(stage->puppet);

	(void)err;
}

static void pull(struct stage *stage, const struct step *step)
{
	struct vmmio_puppet *puppet = stage->puppet;

	if (step->deed == DELAY_IO)
		delay_io(stage, step->value);
	else if (step->deed == DELAY_RESET)
		vmmio_puppet_delay_reset(puppet, step->value);
	else if (step->deed == REVERSE)
		vmmio_puppet_reverse_order(puppet, step->value);
	else if (step->deed == RAISE)
		vmmio_puppet_raise(puppet, (uint32_t)step->value);
	else if (step->deed == SPURIOUS)
		vmmio_puppet_spurious(puppet);
	else if (step->deed == SET_CAPACITY)
		set_capacity(stage, step->value);
	else if (step->deed == NEEDS_RESET)
		vmmio_puppet_needs_reset(puppet);
	else if (step->deed == CHANGE_CONFIG)
		change_config(stage);
}

/* --- What the monitor is told ---------------------------------------------------------------- */

static int memory_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct stage *stage = ctx;
	const uint64_t at = guest - MEMORY_BASE;

	if (guest < MEMORY_BASE || at > MEMORY_SIZE || size > MEMORY_SIZE - at)
		return -EFAULT;
	memcpy(data, stage->memory + at, size);
	return 0;
}

static void look(struct stage *stage)
{
	if (!stage->monitor)
		return;
	vmmio_monitor_look(stage->monitor);
	vmmio_monitor_line(stage->monitor, vmmio_puppet_line(stage->puppet));
}

static void tell(struct stage *stage, const struct vmmio_monitor_access *access)
{
	if (!stage->monitor)
		return;
	vmmio_monitor_access(stage->monitor, access);
	vmmio_monitor_line(stage->monitor, vmmio_puppet_line(stage->puppet));
}

static bool is_notify(const struct vmmio_monitor_access *access)
{
	return access->offset == VMMIO_REG_QUEUE_NOTIFY && access->size == 4;
}

static void before_write(struct stage *stage, const struct vmmio_monitor_access *access)
{
	const unsigned queue = access->value & 0xffff;

	if (access->offset == VMMIO_REG_STATUS)
		stage->status = (uint32_t)access->value;
	if (is_notify(access) && queue < 16 * 64)
		stage->notified[queue / 64] |= UINT64_C(1) << queue % 64;
	if (stage->monitor && is_notify(access))
		vmmio_monitor_notifying(stage->monitor, queue);
	else
		look(stage);
}

/* --- Cues ------------------------------------------------------------------------------------ */

static bool is_cue(const struct step *step, const struct vmmio_monitor_access *access)
{
	if (step->moment == AT_PASS)
		return !access;
	if (!access || access->write != (step->moment == AT_WRITE))
		return false;
	return access->offset >= step->offset && access->offset - step->offset < step->length;
}

/* access NULL: time has passed. */
static void give_cues(struct stage *stage, const struct vmmio_monitor_access *access)
{
	for (unsigned i = 0; i < stage->n_cues; i++) {
		struct cue *cue = &stage->cues[i];

		if (cue->done || !is_cue(cue->step, access) || ++cue->seen < cue->step->nth)
			continue;
		cue->done = true;
		pull(stage, cue->step);
	}
}

void stage_pull(struct stage *stage, const struct step *step)
{
	if (step->moment == NOW)
		pull(stage, step);
	else if (stage->n_cues < STAGE_CUES)
		stage->cues[stage->n_cues++] = (struct cue){.step = step};
	look(stage);
}

/* --- The bus --------------------------------------------------------------------------------- */

static uint64_t now(const struct stage *stage)
{
	return stage->epoch + vmmio_puppet_now(stage->puppet);
}

/* Whoever comes here too often is not going to find what it waits for. */
static void count(struct stage *stage)
{
	if (stage->moves++ >= stage->moves_max || now(stage) - stage->began > stage->time_max)
		longjmp(stage->out, 1);
}

static struct vmmio_monitor_access begin_access(
	struct stage *stage, bool write, uint64_t offset, unsigned width, uint64_t value)
{
	struct vmmio_monitor_access access = {.time = now(stage),
		.offset = offset,
		.value = value,
		.size = width,
		.write = write};

	count(stage);
	return access;
}

static void end_access(struct stage *stage, const struct vmmio_monitor_access *access)
{
	stage->kept[stage->n_kept++ % STAGE_KEPT] = *access;
	if (stage->play->access)
		stage->play->access(stage->play->ctx, access);
	tell(stage, access);
	give_cues(stage, access);
	vmmio_puppet_advance(stage->puppet, ACCESS_NS);
	look(stage);
}

static uint64_t bus_read(void *ctx, uint64_t offset, unsigned width)
{
	struct stage *stage = ctx;
	struct vmmio_monitor_access access = begin_access(stage, false, offset, width, 0);

	access.value = vmmio_puppet_read(stage->puppet, offset, width);
	end_access(stage, &access);
	return access.value;
}

static void bus_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct stage *stage = ctx;
	const struct vmmio_monitor_access access = begin_access(stage, true, offset, width, value);

	before_write(stage, &access);
	vmmio_puppet_write(stage->puppet, offset, width, value);
	end_access(stage, &access);
}

/* false: the line is low, or nobody listens. */
static bool interrupt(struct stage *stage)
{
	if (stage->interrupting || !stage->ops.interrupt || !vmmio_puppet_line(stage->puppet))
		return false;
	stage->interrupting = true;
	stage->ops.interrupt(stage->driver);
	stage->interrupting = false;
	return true;
}

static void bus_pass(void *ctx, uint64_t ns)
{
	struct stage *stage = ctx;

	count(stage);
	look(stage);
	vmmio_puppet_advance(stage->puppet, ns ? ns : 1);
	give_cues(stage, NULL);
	look(stage);
	interrupt(stage);
}

static uint64_t bus_now(void *ctx)
{
	return now(ctx);
}

static bool bus_line(void *ctx)
{
	const struct stage *stage = ctx;

	return vmmio_puppet_line(stage->puppet);
}

void stage_accesses(const struct stage *stage, char *text, size_t size)
{
	const uint64_t n = stage->n_kept;
	size_t at = 0;

	text[0] = '\0';
	for (uint64_t i = n > STAGE_KEPT ? n - STAGE_KEPT : 0; i < n; i++)
		at += known_access(text + at, size - at, &stage->kept[i % STAGE_KEPT], i + 1 == n);
}

/* --- The driver's functions ------------------------------------------------------------------ */

static void interrupt_often(struct stage *stage)
{
	for (unsigned i = 0; i < INTERRUPTS && interrupt(stage); i++)
		continue;
}

void stage_enter(struct stage *stage)
{
	stage->moves = 0;
	stage->began = now(stage);
	interrupt_often(stage);
	memset(stage->notified, 0, sizeof(stage->notified));
	stage->released = 0;
}

void stage_leave(struct stage *stage)
{
	look(stage);
	interrupt_often(stage);
}

void stage_litter(struct stage *stage)
{
	memset(stage->memory, 0xa5, MEMORY_SIZE);
}

/* --- Life ------------------------------------------------------------------------------------ */

int stage_make(struct stage *stage, const struct vmmio_play *play)
{
	const struct vmmio_subject_ops *ops = play->subject->ops;
	const size_t size = ops->size < sizeof(*ops) ? ops->size : sizeof(*ops);

	memset(stage, 0, sizeof(*stage));
	memcpy(&stage->ops, ops, size);
	stage->driver = play->subject->ctx;
	stage->play = play;
	stage->moves_max = play->patience ? play->patience : 100000;
	stage->time_max = play->patience_ns ? play->patience_ns : UINT64_C(1000000000000);
	stage->memory = aligned_alloc(4096, MEMORY_SIZE);
	stage->bus = (struct vmmio_bus){.size = sizeof(stage->bus),
		.ctx = stage,
		.read = bus_read,
		.write = bus_write,
		.pass = bus_pass,
		.now = bus_now,
		.line = bus_line,
		.memory = stage->memory,
		.memory_guest = MEMORY_BASE,
		.memory_size = MEMORY_SIZE};
	return stage->memory ? 0 : -ENOMEM;
}

void stage_free(struct stage *stage)
{
	vmmio_monitor_free(stage->monitor);
	vmmio_puppet_destroy(stage->puppet);
	free(stage->memory);
}

static struct vmmio_puppet_options complete(
	const struct stage *stage, const struct vmmio_puppet_options *show)
{
	const enum vmmio_setting setting = stage->play->setting;
	struct vmmio_puppet_options options = show ? *show : (struct vmmio_puppet_options){0};

	options.size = sizeof(options);
	options.version = SETTINGS_V3 & SETTING(setting) ? 3 : 2;
	options.device_id = stage->play->subject->device_id;
	options.n_queues = stage->play->subject->n_queues;
	options.memory = stage->memory;
	options.memory_base = MEMORY_BASE;
	options.memory_size = MEMORY_SIZE;
	if (SETTINGS_SPLIT & SETTING(setting))
		options.features_off[0] |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	return options;
}

int stage_present(struct stage *stage, const struct vmmio_puppet_options *show)
{
	const struct vmmio_puppet_options options = complete(stage, show);
	struct vmmio_puppet *puppet;
	int err = vmmio_puppet_create(&options, &puppet);

	if (err)
		return err;
	if (stage->puppet)
		stage->epoch = now(stage);
	vmmio_puppet_destroy(stage->puppet);
	stage->puppet = puppet;
	if (stage->monitor)
		vmmio_monitor_device_reset(stage->monitor);
	return 0;
}

int stage_watch(struct stage *stage, const char *name)
{
	const struct vmmio_monitor_options options = {
		.size = sizeof(options), .name = name, .mem_read = memory_read, .ctx = stage};

	stage->n_kept = 0;
	return vmmio_monitor_create(&options, &stage->monitor);
}
