/* SPDX-License-Identifier: BSD-3-Clause */
/* The register table: one row per register, in offset order. */
#include <vmmio/regfile.h>

#define ROW(reg, spec_name, direction, write_gate, atomics_only)                                   \
	{                                                                                          \
		.offset = VMMIO_REG_##reg, .name = spec_name, .dir = VMMIO_REG_##direction,        \
		.gate = VMMIO_GATE_##write_gate, .lockless = atomics_only                          \
	}

static const struct vmmio_reg_row rows[] = {
	ROW(MAGIC, "MagicValue", R, NONE, 0),
	ROW(VERSION, "Version", R, NONE, 0),
	ROW(DEVICE_ID, "DeviceID", R, NONE, 0),
	ROW(VENDOR_ID, "VendorID", R, NONE, 0),
	ROW(DEVICE_FEATURES, "DeviceFeatures", R, NONE, 0),
	ROW(DEVICE_FEATURES_SEL, "DeviceFeaturesSel", W, NONE, 0),
	ROW(DRIVER_FEATURES, "DriverFeatures", W, NEGOTIATING, 0),
	ROW(DRIVER_FEATURES_SEL, "DriverFeaturesSel", W, NONE, 0),
	ROW(QUEUE_SEL, "QueueSel", W, NONE, 0),
	ROW(QUEUE_SIZE_MAX, "QueueSizeMax", R, NONE, 0),
	ROW(QUEUE_SIZE, "QueueSize", W, QUEUE_IDLE, 0),
	ROW(QUEUE_READY, "QueueReady", RW, NO_RESET, 0),
	ROW(QUEUE_NOTIFY, "QueueNotify", W, NO_RESET, 1),
	ROW(INTERRUPT_STATUS, "InterruptStatus", R, NONE, 0),
	ROW(INTERRUPT_ACK, "InterruptACK", W, NONE, 1),
	ROW(STATUS, "Status", RW, NONE, 0),
	ROW(QUEUE_DESC_LOW, "QueueDescLow", W, QUEUE_IDLE, 0),
	ROW(QUEUE_DESC_HIGH, "QueueDescHigh", W, QUEUE_IDLE, 0),
	ROW(QUEUE_DRIVER_LOW, "QueueDriverLow", W, QUEUE_IDLE, 0),
	ROW(QUEUE_DRIVER_HIGH, "QueueDriverHigh", W, QUEUE_IDLE, 0),
	ROW(QUEUE_DEVICE_LOW, "QueueDeviceLow", W, QUEUE_IDLE, 0),
	ROW(QUEUE_DEVICE_HIGH, "QueueDeviceHigh", W, QUEUE_IDLE, 0),
	ROW(SHM_SEL, "SHMSel", W, NONE, 0),
	ROW(SHM_LEN_LOW, "SHMLenLow", R, NONE, 0),
	ROW(SHM_LEN_HIGH, "SHMLenHigh", R, NONE, 0),
	ROW(SHM_BASE_LOW, "SHMBaseLow", R, NONE, 0),
	ROW(SHM_BASE_HIGH, "SHMBaseHigh", R, NONE, 0),
	ROW(QUEUE_RESET, "QueueReset", RW, RING_RESET, 0),
	ROW(CONFIG_GENERATION, "ConfigGeneration", R, NONE, 0),
};

const struct vmmio_reg_row *vmmio_reg_rows(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const struct vmmio_reg_row *vmmio_reg_row(uint64_t offset)
{
	size_t low = 0, high = sizeof(rows) / sizeof(rows[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rows[middle].offset == offset)
			return &rows[middle];
		if (rows[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool vmmio_regfile_lockless(uint64_t offset)
{
	return offset == VMMIO_REG_QUEUE_NOTIFY || offset == VMMIO_REG_INTERRUPT_ACK;
}
