/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver looks at first: MagicValue, Version, DeviceID. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

#define SWAPPED_MAGIC 0x76697274u

static void magic_value(struct conform *c)
{
	for (unsigned i = 0; i < 2; i++) {
		uint32_t value = rd(c, VMMIO_REG_MAGIC);

		judge(c, "MMIO-DEV-01", value == VMMIO_MAGIC || value == SWAPPED_MAGIC,
			"expected MagicValue 0x%x, saw 0x%x", VMMIO_MAGIC, value);
		judge(c, "MMIO-DEV-13", value != SWAPPED_MAGIC,
			"expected MagicValue little endian (0x%x), saw its bytes swapped (0x%x)",
			VMMIO_MAGIC, value);
	}
}

static void version_value(struct conform *c)
{
	uint32_t value = rd(c, VMMIO_REG_VERSION);
	uint32_t again = rd(c, VMMIO_REG_VERSION);

	judge_both(c, "PATCH-DEV-01", "PATCH-DEV-08", value == 2 || value == 3,
		"expected Version 0x2 or 0x3, saw 0x%x", value);
	judge_both(c, "PATCH-DEV-01", "PATCH-DEV-08", again == value,
		"expected Version 0x%x again, saw 0x%x", value, again);
}

static void device_id_value(struct conform *c)
{
	uint32_t known = target(c)->known_device_id;
	uint32_t value = rd(c, VMMIO_REG_DEVICE_ID);

	judge(c, "MMIO-DEV-14", value == known, "expected DeviceID %u, as configured, saw %u", known,
		value);
}

/* The registers that never change, in the state that the device is in. */
static void judge_constants(struct conform *c, const char *state)
{
	uint32_t magic = rd(c, VMMIO_REG_MAGIC);
	uint32_t v = rd(c, VMMIO_REG_VERSION);
	uint32_t id = rd(c, VMMIO_REG_DEVICE_ID);

	judge(c, "MMIO-DEV-01", magic == VMMIO_MAGIC, "expected MagicValue 0x%x %s, saw 0x%x", VMMIO_MAGIC,
		state, magic);
	judge_both(c, "PATCH-DEV-01", "PATCH-DEV-08", v == version(c),
		"expected Version 0x%x %s, saw 0x%x", version(c), state, v);
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
	if (can(c, NEEDS_DELAY_RESET) && version(c) == 3) {
		by_hook(c);
		delay_reset(c, 10000000);
	}
	wr(c, VMMIO_REG_STATUS, 0);
	judge_constants(c, "right after 0 was written to Status");
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
	{"constants", "MagicValue, Version and DeviceID never change",
		"MMIO-DEV-01 MMIO-DEV-14 PATCH-DEV-01 PATCH-DEV-08", 0, constants},
	{"constants-live", "... nor while the device runs, resets and has been reset",
		"MMIO-DEV-01 MMIO-DEV-14 PATCH-DEV-01 PATCH-DEV-08", NEEDS_MEMORY | NEEDS_TRAFFIC,
		constants_live},
};

const struct check_topic checks_identity = CHECK_TOPIC("identity", checks);
