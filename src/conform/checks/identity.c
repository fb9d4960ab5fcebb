/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver looks at first: MagicValue, Version, DeviceID. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

#define SWAPPED_MAGIC 0x76697274u

/* The right value with its bytes swapped is a mistake of its own; any other says nothing about
 * the order of bytes. */
static void magic_value(struct conform *c)
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t value = rd(c, VMMIO_REG_MAGIC);
		bool swapped = value == SWAPPED_MAGIC;

		if (swapped || value == VMMIO_MAGIC)
			judge(c, "MMIO-DEV-13", !swapped,
				"expected MagicValue little endian (0x%x), saw its bytes swapped (0x%x)",
				VMMIO_MAGIC, value);
		need(c, !swapped, "the bytes of MagicValue are swapped");
		judge(c, "MMIO-DEV-01", value == VMMIO_MAGIC, "expected MagicValue 0x%x, saw 0x%x",
			VMMIO_MAGIC, value);
	}
}

static bool valid_version(uint32_t value)
{
	return value == 2 || value == 3;
}

static void need_little_endian(struct conform *c)
{
	need(c, rd(c, VMMIO_REG_MAGIC) != SWAPPED_MAGIC, "registers have their bytes swapped");
}

static void version_value(struct conform *c)
{
	need_little_endian(c);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t value = rd(c, VMMIO_REG_VERSION);

		judge_both(c, "PATCH-DEV-01", "PATCH-DEV-08", valid_version(value),
			"expected Version 0x2 or 0x3, saw 0x%x", value);
	}
}

static void device_id_value(struct conform *c)
{
	uint32_t known = target(c)->known_device_id;
	uint32_t value = rd(c, VMMIO_REG_DEVICE_ID);

	need_little_endian(c);
	judge(c, "MMIO-DEV-14", value == known, "expected DeviceID %u, as configured, saw %u", known,
		value);
}

/* The registers that never change, in the state that the device is in. Of Version the text says
 * only which two values it can have. */
static void judge_constants(struct conform *c, const char *state)
{
	uint32_t magic = rd(c, VMMIO_REG_MAGIC);
	uint32_t v = rd(c, VMMIO_REG_VERSION);
	uint32_t id = rd(c, VMMIO_REG_DEVICE_ID);

	judge(c, "MMIO-DEV-01", magic == VMMIO_MAGIC, "expected MagicValue 0x%x %s, saw 0x%x", VMMIO_MAGIC,
		state, magic);
	judge_both(c, "PATCH-DEV-01", "PATCH-DEV-08", valid_version(v),
		"expected Version 0x2 or 0x3 %s, saw 0x%x", state, v);
	judge(c, "MMIO-DEV-14", id == device_id(c), "expected DeviceID %u %s, as before, saw %u",
		device_id(c), state, id);
}

static void constants(struct conform *c)
{
	negotiate_fresh(c, ring_feature(c));
	judge_constants(c, "with FEATURES_OK set");
	reset(c);
	judge_constants(c, "after a reset");
}

static void constants_live(struct conform *c)
{
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	judge_constants(c, "with DRIVER_OK set");
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, 10000000);
	wr(c, VMMIO_REG_STATUS, 0);
	if (can(c, NEEDS_DELAY_RESET) && rd(c, VMMIO_REG_STATUS) != 0)
		by_hook(c);
	judge_constants(c, "right after 0 was written to Status");
	by_look(c);
	need(c, wait_reset(c), "the device does not come back from a reset");
	judge_constants(c, "once Status reads 0 again");
}

static const struct check checks[] = {
	{"magic-value", "MagicValue reads \"virt\"", "MMIO-DEV-01 MMIO-DEV-13", NEEDS_NO_DEVICE,
		magic_value},
	{"version-value", "Version reads 2 or 3", "PATCH-DEV-01 PATCH-DEV-08", NEEDS_NO_DEVICE,
		version_value},
	{"device-id", "DeviceID is the type that was configured", "MMIO-DEV-14",
		NEEDS_NO_DEVICE | NEEDS_KNOWN, device_id_value},
};

/* After those of resets: they leave a device behind that has to be reset. */
static const struct check states[] = {
	{"constants", "MagicValue, Version and DeviceID hold in all states",
		"MMIO-DEV-01 MMIO-DEV-14 PATCH-DEV-01 PATCH-DEV-08", 0, constants},
	{"constants-live", "... while the device runs and is being reset, too",
		"MMIO-DEV-01 MMIO-DEV-14 PATCH-DEV-01 PATCH-DEV-08", NEEDS_MEMORY | NEEDS_TRAFFIC,
		constants_live},
};

const struct check_topic checks_identity = CHECK_TOPIC("identity", checks);
const struct check_topic checks_identity_states = CHECK_TOPIC("identity", states);
