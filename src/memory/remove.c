/* SPDX-License-Identifier: BSD-3-Clause */
/* Taking regions away, and translations. */
#include "memory/internal.h"

#include <errno.h>
#include <inttypes.h>

static bool is_usable(const struct vmmio_waiter *waiter)
{
	return waiter && waiter->done;
}

/* lock held. A version without the region that begins at guest, and what is gone with it. */
static int without(struct vmmio_memory *memory, uint64_t guest, struct version **out,
	struct vmmio_memory_gone *gone)
{
	const struct vmmio_memory_table *old = vmmio_version_current(memory)->table;
	const struct vmmio_region *region = vmmio_table_find(old, guest, NULL);
	struct version *version;

	if (!region || region->guest != guest)
		return -ENOENT;
	version = vmmio_version_new(old->n - 1);
	if (!version)
		return -ENOMEM;
	vmmio_table_without(version->table, old, (uint32_t)(region - old->region));
	*gone = (struct vmmio_memory_gone){
		.serial = old->serial,
		.guest = guest,
		.size = region->size,
		.host = region->host,
	};
	*out = version;
	return 0;
}

/* lock held */
static int take_away(struct vmmio_memory *memory, struct version *version,
	const struct vmmio_memory_gone *gone, struct vmmio_waiter *waiter, struct ended *ended)
{
	struct version *old = vmmio_version_current(memory);
	int ret;

	old->gone = *gone;
	old->waiter = waiter;
	ret = vmmio_version_replace(memory, version);
	if (ret) {
		old->gone = (struct vmmio_memory_gone){0};
		old->waiter = NULL;
		return ret;
	}
	vmmio_version_collect(memory, ended);
	return 0;
}

static int log_no_removal(const struct vmmio_memory *memory, uint64_t guest, int ret)
{
	vmmio_memory_log(memory, VMMIO_LOG_ERROR, "memory: region at 0x%" PRIx64 " not removed: %s",
		guest,
		ret == -ENOENT	 ? "no region begins there; pass the guest address given to add"
		: ret == -EINVAL ? "no waiter; give one with done set, or use vmmio_memory_try_remove"
		: ret == -EBUSY	 ? "the waiter is out already; use another until its done was called"
				 : "no host memory for the table; free some and try again");
	return ret;
}

int vmmio_memory_remove(struct vmmio_memory *memory, uint64_t guest, struct vmmio_waiter *waiter)
{
	struct vmmio_memory_gone gone;
	struct ended ended = {NULL, NULL};
	struct version *version;
	int ret;

	if (!memory)
		return -EINVAL;
	if (!is_usable(waiter))
		return log_no_removal(memory, guest, -EINVAL);
	pthread_mutex_lock(&memory->lock);
	ret = waiter->priv[0] ? -EBUSY : without(memory, guest, &version, &gone);
	if (!ret)
		ret = take_away(memory, version, &gone, waiter, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		return log_no_removal(memory, guest, ret);
	return vmmio_version_finish(&ended, waiter) ? 0 : VMMIO_PENDING;
}

static void let_go(struct vmmio_memory *memory, const struct vmmio_memory_user *end)
{
	for (struct vmmio_memory_user *u = memory->users; u != end; u = u->next)
		u->let_go(u);
}

/* lock held. As take_away, but only while nobody is inside and nothing reaches it. */
static int try_take_away(
	struct vmmio_memory *memory, struct version *version, const struct vmmio_memory_gone *gone)
{
	struct vmmio_memory_user *user = memory->users;
	int ret = vmmio_version_pinned(memory) ? -EBUSY : 0;

	while (!ret && user && user->hold(user, gone))
		user = user->next;
	if (user)
		ret = -EBUSY;
	if (ret)
		vmmio_version_free(version);
	else
		ret = vmmio_version_replace(memory, version);
	let_go(memory, user);
	return ret;
}

int vmmio_memory_try_remove(struct vmmio_memory *memory, uint64_t guest)
{
	struct vmmio_memory_gone gone;
	struct ended ended = {NULL, NULL};
	struct version *version;
	int ret;

	if (!memory)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = without(memory, guest, &version, &gone);
	if (!ret)
		ret = try_take_away(memory, version, &gone);
	if (!ret)
		vmmio_version_collect(memory, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret && ret != -EBUSY)
		return log_no_removal(memory, guest, ret);
	vmmio_version_finish(&ended, NULL);
	return ret;
}

/* --- Translation ----------------------------------------------------------------------- */

/* lock held. The same regions once more. */
static struct version *same_again(struct vmmio_memory *memory)
{
	const struct vmmio_memory_table *old = vmmio_version_current(memory)->table;
	struct version *version = vmmio_version_new(old->n);

	if (version)
		vmmio_table_without(version->table, old, UINT32_MAX);
	return version;
}

/* lock held */
static int set_translate(struct vmmio_memory *memory,
	int (*translate)(void *, uint64_t, uint64_t, bool, uint64_t *, uint64_t *), void *ctx)
{
	struct version *version;

	if (memory->users)
		return -EBUSY;
	version = same_again(memory);
	if (!version)
		return -ENOMEM;
	version->table->translate = translate;
	version->table->translate_ctx = ctx;
	return vmmio_version_replace(memory, version);
}

int vmmio_memory_set_translate(struct vmmio_memory *memory,
	int (*translate)(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
		uint64_t *got),
	void *ctx)
{
	struct ended ended = {NULL, NULL};
	int ret;

	if (!memory || !translate)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	ret = set_translate(memory, translate, ctx);
	if (!ret)
		vmmio_version_collect(memory, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (ret)
		vmmio_memory_log(memory, VMMIO_LOG_ERROR, "memory: translate hook not set: %s",
			ret == -EBUSY ? "a device uses the memory; set it before the first is created"
				      : "no host memory; free some and try again");
	vmmio_version_finish(&ended, NULL);
	return ret;
}

static const char *why_not_invalidated(const struct vmmio_waiter *waiter, int ret)
{
	if (ret == -EBUSY)
		return "the waiter is out already; use another until its done was called";
	if (ret == -ENOMEM)
		return "no host memory; free some and try again";
	if (!is_usable(waiter))
		return "no waiter; give one with done set";
	return "there is no translate hook, or the range is empty or passes the end";
}

/* lock held */
static int invalidate(struct vmmio_memory *memory, const struct vmmio_memory_gone *gone,
	struct vmmio_waiter *waiter, struct ended *ended)
{
	struct version *version;

	if (!vmmio_version_current(memory)->table->translate || gone->iova_size == 0 ||
		gone->iova_size - 1 > UINT64_MAX - gone->iova)
		return -EINVAL;
	if (waiter->priv[0])
		return -EBUSY;
	version = same_again(memory);
	return version ? take_away(memory, version, gone, waiter, ended) : -ENOMEM;
}

int vmmio_memory_invalidate(struct vmmio_memory *memory, uint64_t iova, uint64_t size,
	struct vmmio_waiter *waiter)
{
	const struct vmmio_memory_gone gone = {.iova = iova, .iova_size = size};
	struct ended ended = {NULL, NULL};
	int ret = -EINVAL;

	if (!memory)
		return -EINVAL;
	pthread_mutex_lock(&memory->lock);
	if (is_usable(waiter))
		ret = invalidate(memory, &gone, waiter, &ended);
	pthread_mutex_unlock(&memory->lock);
	if (!ret)
		return vmmio_version_finish(&ended, waiter) ? 0 : VMMIO_PENDING;
	vmmio_memory_log(memory, VMMIO_LOG_ERROR,
		"memory: 0x%" PRIx64 ", 0x%" PRIx64 " bytes, not invalidated: %s", iova, size,
		why_not_invalidated(waiter, ret));
	return ret;
}
