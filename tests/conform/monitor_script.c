/* SPDX-License-Identifier: BSD-3-Clause */
#include "conform/monitor_script.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/spec.h>

#define MAX_WORDS 16

struct run {
	const struct script *script;
	struct vmmio_monitor *monitor;
	uint8_t ram[SCRIPT_RAM_SIZE];
	uint64_t clock;
};

/* --- Memory ------------------------------------------------------------------------------- */

static uint8_t *at(struct run *run, uint64_t guest, size_t size)
{
	ck_assert_uint_ge(guest, SCRIPT_RAM);
	ck_assert_uint_le(guest + size, SCRIPT_RAM + SCRIPT_RAM_SIZE);
	return run->ram + (guest - SCRIPT_RAM);
}

static int mem_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct run *run = ctx;

	if (guest < SCRIPT_RAM || guest - SCRIPT_RAM > SCRIPT_RAM_SIZE - size)
		return -EFAULT;
	memcpy(data, run->ram + (guest - SCRIPT_RAM), size);
	return 0;
}

static void put(struct run *run, uint64_t guest, uint64_t value, size_t size)
{
	uint8_t *bytes = at(run, guest, size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint16_t get16(struct run *run, uint64_t guest)
{
	const uint8_t *bytes = at(run, guest, 2);

	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static void put_desc(struct run *run, uint64_t guest, const uint64_t *v)
{
	put(run, guest, v[1], 8);
	put(run, guest + 8, v[2], 4);
	put(run, guest + 12, v[3], 2);
	put(run, guest + 14, v[4], 2);
}

/* --- Numbers ------------------------------------------------------------------------------ */

static uint64_t variable(const struct run *run, const char *name)
{
	const struct script *s = run->script;
	uint64_t offered = s->offered ? s->offered : s->accepted;

	if (!strcmp(name, "V"))
		return s->version;
	if (!strcmp(name, "ID"))
		return s->device ? s->device : VMMIO_ID_BLOCK;
	if (name[0] == 'O')
		return (uint32_t)(offered >> (name[1] == '1' ? 32 : 0));
	ck_assert_msg(name[0] == 'A', "variable %s", name);
	return (uint32_t)(s->accepted >> (name[1] == '1' ? 32 : 0));
}

static uint64_t number(const struct run *run, const char *word)
{
	char *end;
	uint64_t value;

	if (word[0] == '$')
		return variable(run, word + 1);
	value = strtoull(word, &end, 16);
	ck_assert_msg(!*end && end != word, "\"%s\" is no number", word);
	return value;
}

static uint64_t reg(const struct run *run, const char *word)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} names[] = {
		{"Magic", VMMIO_REG_MAGIC},
		{"Version", VMMIO_REG_VERSION},
		{"DeviceID", VMMIO_REG_DEVICE_ID},
		{"VendorID", VMMIO_REG_VENDOR_ID},
		{"DeviceFeatures", VMMIO_REG_DEVICE_FEATURES},
		{"DeviceFeaturesSel", VMMIO_REG_DEVICE_FEATURES_SEL},
		{"DriverFeatures", VMMIO_REG_DRIVER_FEATURES},
		{"DriverFeaturesSel", VMMIO_REG_DRIVER_FEATURES_SEL},
		{"QueueSel", VMMIO_REG_QUEUE_SEL},
		{"QueueSizeMax", VMMIO_REG_QUEUE_SIZE_MAX},
		{"QueueSize", VMMIO_REG_QUEUE_SIZE},
		{"QueueReady", VMMIO_REG_QUEUE_READY},
		{"QueueNotify", VMMIO_REG_QUEUE_NOTIFY},
		{"InterruptStatus", VMMIO_REG_INTERRUPT_STATUS},
		{"InterruptACK", VMMIO_REG_INTERRUPT_ACK},
		{"Status", VMMIO_REG_STATUS},
		{"DescLow", VMMIO_REG_QUEUE_DESC_LOW},
		{"DescHigh", VMMIO_REG_QUEUE_DESC_HIGH},
		{"DriverLow", VMMIO_REG_QUEUE_DRIVER_LOW},
		{"DriverHigh", VMMIO_REG_QUEUE_DRIVER_HIGH},
		{"DeviceLow", VMMIO_REG_QUEUE_DEVICE_LOW},
		{"DeviceHigh", VMMIO_REG_QUEUE_DEVICE_HIGH},
		{"SHMSel", VMMIO_REG_SHM_SEL},
		{"SHMLenLow", VMMIO_REG_SHM_LEN_LOW},
		{"QueueReset", VMMIO_REG_QUEUE_RESET},
		{"Generation", VMMIO_REG_CONFIG_GENERATION},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, word))
			return names[i].offset;
	if (!strncmp(word, "Config+", 7))
		return VMMIO_REG_CONFIG + number(run, word + 7);
	return number(run, word);
}

/* --- Lines -------------------------------------------------------------------------------- */

static void access(struct run *run, bool write, char **words, unsigned n)
{
	struct vmmio_monitor_access access = {
		.time = ++run->clock * 1000,
		.offset = reg(run, words[1]),
		.value = number(run, words[2]),
		.size = n > 3 ? (uint32_t)number(run, words[3]) : 4,
		.write = write,
	};

	vmmio_monitor_access(run->monitor, &access);
}

static void make_available(struct run *run, const uint64_t *heads, unsigned n)
{
	uint16_t idx = get16(run, SCRIPT_AVAIL + 2);

	for (unsigned i = 0; i < n; i++, idx++)
		put(run, SCRIPT_AVAIL + 4 + 2 * (idx % SCRIPT_SIZE), heads[i], 2);
	put(run, SCRIPT_AVAIL + 2, idx, 2);
}

static void give_back(struct run *run, uint64_t id, uint64_t len)
{
	uint16_t idx = get16(run, SCRIPT_USED + 2);

	put(run, SCRIPT_USED + 4 + 8 * (idx % SCRIPT_SIZE), id, 4);
	put(run, SCRIPT_USED + 8 + 8 * (idx % SCRIPT_SIZE), len, 4);
	put(run, SCRIPT_USED + 2, idx + 1u, 2);
}

static void request(struct run *run, const uint64_t *v)
{
	put(run, v[0], v[1], 4);
	put(run, v[0] + 4, 0, 4);
	put(run, v[0] + 8, v[2], 8);
}

static void notify(struct run *run, uint64_t position)
{
	bool data = run->script->accepted >> VMMIO_F_NOTIFICATION_DATA & 1;
	struct vmmio_monitor_access access = {
		.time = ++run->clock * 1000,
		.offset = VMMIO_REG_QUEUE_NOTIFY,
		.value = data ? position << 16 : 0,
		.size = 4,
		.write = true,
	};

	vmmio_monitor_access(run->monitor, &access);
}

/* true: it was one that changes memory. */
static bool in_memory(struct run *run, const char *verb, const uint64_t *v, unsigned n)
{
	if (!strcmp(verb, "desc") || !strcmp(verb, "pdesc"))
		put_desc(run, SCRIPT_DESC + 16 * v[0], v);
	else if (!strcmp(verb, "inner"))
		put_desc(run, SCRIPT_TABLE + 16 * v[0], v);
	else if (!strcmp(verb, "avail"))
		make_available(run, v, n);
	else if (!strcmp(verb, "used"))
		give_back(run, v[0], v[1]);
	else if (!strcmp(verb, "req"))
		request(run, v);
	else if (!strcmp(verb, "m16"))
		put(run, v[0], v[1], 2);
	else if (!strcmp(verb, "m32"))
		put(run, v[0], v[1], 4);
	else if (!strcmp(verb, "m64"))
		put(run, v[0], v[1], 8);
	else
		return false;
	return true;
}

static bool tells(struct run *run, const char *verb, const uint64_t *v)
{
	if (!strcmp(verb, "look"))
		vmmio_monitor_look(run->monitor);
	else if (!strcmp(verb, "kick"))
		vmmio_monitor_notifying(run->monitor, (unsigned)v[0]);
	else if (!strcmp(verb, "notify"))
		notify(run, v[0]);
	else if (!strcmp(verb, "line"))
		vmmio_monitor_line(run->monitor, v[0]);
	else if (!strcmp(verb, "hostreset"))
		vmmio_monitor_device_reset(run->monitor);
	else if (!strcmp(verb, "gap"))
		vmmio_monitor_gap(run->monitor);
	else
		return false;
	return true;
}

static void perform(struct run *run, char **words, unsigned n)
{
	uint64_t v[MAX_WORDS] = {0};

	if (!strcmp(words[0], "times")) {
		for (uint64_t i = number(run, words[1]); i > 0; i--)
			perform(run, words + 2, n - 2);
		return;
	}
	if (!strcmp(words[0], "r") || !strcmp(words[0], "w")) {
		access(run, words[0][0] == 'w', words, n);
		return;
	}
	for (unsigned i = 1; i < n; i++)
		v[i - 1] = number(run, words[i]);
	if (!in_memory(run, words[0], v, n - 1) && !tells(run, words[0], v))
		ck_abort_msg("\"%s\" is not understood", words[0]);
}

static void line(struct run *run, const char *text, size_t length)
{
	char copy[256], *words[MAX_WORDS], *rest = copy;
	unsigned n = 0;

	ck_assert_uint_lt(length, sizeof(copy));
	memcpy(copy, text, length);
	copy[length] = '\0';
	while (n < MAX_WORDS && (words[n] = strtok_r(rest, " \t", &rest)))
		n++;
	if (n)
		perform(run, words, n);
}

/* --- Parts -------------------------------------------------------------------------------- */

static void lines(struct run *run, const char *text, size_t length)
{
	while (length) {
		size_t n = strcspn(text, "\n");

		n = n < length ? n : length;
		line(run, text, n);
		n += n < length;
		text += n;
		length -= n;
	}
}

/* "@" is the original. */
static void edited(struct run *run, const char *original, size_t length)
{
	const char *text = run->script->lines;

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n == 1 && *text == '@')
			lines(run, original, length);
		else
			line(run, text, n);
		text += n + (text[n] == '\n');
	}
}

static bool part_is(const char *name, size_t length, const char *wanted)
{
	return wanted && strlen(wanted) == length && !memcmp(name, wanted, length);
}

static bool parts(struct run *run)
{
	const char *text = run->script->text;
	bool found = !run->script->part;

	while ((text = strchr(text, ':'))) {
		size_t name = strcspn(text + 1, "\n");
		const char *body = text + 1 + name + 1;
		const char *end = strchr(body, ':');
		size_t length = end ? (size_t)(end - body) : strlen(body);

		if (part_is(text + 1, name, run->script->part)) {
			edited(run, body, length);
			found = true;
		} else {
			lines(run, body, length);
		}
		text = body + length;
	}
	return found;
}

/* --- Running ------------------------------------------------------------------------------ */

struct vmmio_conform_report *script_run(const struct script *script)
{
	struct run run = {.script = script};
	struct vmmio_monitor_options options = {
		.size = sizeof(options),
		.name = "script",
		.flags = script->flags,
		.mem_read = script->no_memory ? NULL : mem_read,
		.ctx = &run,
	};
	struct vmmio_conform_report *report;

	ck_assert_int_eq(vmmio_monitor_create(&options, &run.monitor), 0);
	ck_assert_msg(parts(&run), "there is no part %s", script->part);
	ck_assert_int_eq(vmmio_monitor_finish(run.monitor, &report), 0);
	vmmio_monitor_free(run.monitor);
	return report;
}

const struct vmmio_conform_result *script_result(
	const struct vmmio_conform_report *report, const char *id)
{
	for (size_t i = 0; i < vmmio_conform_report_size(report); i++) {
		const struct vmmio_conform_result *result = vmmio_conform_report_result(report, i);

		if (!strcmp(result->requirement->id, id))
			return result;
	}
	ck_abort_msg("%s has no result", id);
}
