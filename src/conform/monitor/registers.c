/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers: names and directions, and an access as a line. */
#include <inttypes.h>
#include <stdio.h>
#include <vmmio/spec.h>

#include "conform/monitor/known.h"

#define R true, false
#define W false, true
#define RW true, true

static const struct reg regs[] = {
	{VMMIO_REG_MAGIC, "MagicValue", R},
	{VMMIO_REG_VERSION, "Version", R},
	{VMMIO_REG_DEVICE_ID, "DeviceID", R},
	{VMMIO_REG_VENDOR_ID, "VendorID", R},
	{VMMIO_REG_DEVICE_FEATURES, "DeviceFeatures", R},
	{VMMIO_REG_DEVICE_FEATURES_SEL, "DeviceFeaturesSel", W},
	{VMMIO_REG_DRIVER_FEATURES, "DriverFeatures", W},
	{VMMIO_REG_DRIVER_FEATURES_SEL, "DriverFeaturesSel", W},
	{VMMIO_REG_QUEUE_SEL, "QueueSel", W},
	{VMMIO_REG_QUEUE_SIZE_MAX, "QueueSizeMax", R},
	{VMMIO_REG_QUEUE_SIZE, "QueueSize", W},
	{VMMIO_REG_QUEUE_READY, "QueueReady", RW},
	{VMMIO_REG_QUEUE_NOTIFY, "QueueNotify", W},
	{VMMIO_REG_INTERRUPT_STATUS, "InterruptStatus", R},
	{VMMIO_REG_INTERRUPT_ACK, "InterruptACK", W},
	{VMMIO_REG_STATUS, "Status", RW},
	{VMMIO_REG_QUEUE_DESC_LOW, "QueueDescLow", W},
	{VMMIO_REG_QUEUE_DESC_HIGH, "QueueDescHigh", W},
	{VMMIO_REG_QUEUE_DRIVER_LOW, "QueueDriverLow", W},
	{VMMIO_REG_QUEUE_DRIVER_HIGH, "QueueDriverHigh", W},
	{VMMIO_REG_QUEUE_DEVICE_LOW, "QueueDeviceLow", W},
	{VMMIO_REG_QUEUE_DEVICE_HIGH, "QueueDeviceHigh", W},
	{VMMIO_REG_SHM_SEL, "SHMSel", W},
	{VMMIO_REG_SHM_LEN_LOW, "SHMLenLow", R},
	{VMMIO_REG_SHM_LEN_HIGH, "SHMLenHigh", R},
	{VMMIO_REG_SHM_BASE_LOW, "SHMBaseLow", R},
	{VMMIO_REG_SHM_BASE_HIGH, "SHMBaseHigh", R},
	{VMMIO_REG_QUEUE_RESET, "QueueReset", RW},
	{VMMIO_REG_CONFIG_GENERATION, "ConfigGeneration", R},
};

struct bit {
	uint32_t mask;
	const char *name;
};

static const struct bit status_bits[] = {
	{VMMIO_STATUS_ACKNOWLEDGE, "ACKNOWLEDGE"},
	{VMMIO_STATUS_DRIVER, "DRIVER"},
	{VMMIO_STATUS_DRIVER_OK, "DRIVER_OK"},
	{VMMIO_STATUS_FEATURES_OK, "FEATURES_OK"},
	{VMMIO_STATUS_SUSPEND, "SUSPEND"},
	{VMMIO_STATUS_NEEDS_RESET, "DEVICE_NEEDS_RESET"},
	{VMMIO_STATUS_FAILED, "FAILED"},
};

const struct reg *known_reg(uint64_t offset)
{
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (offset / 4 == regs[i].offset / 4)
			return &regs[i];
	return NULL;
}

const char *known_of(uint64_t offset)
{
	const struct reg *reg = known_reg(offset);

	if (offset >= VMMIO_REG_CONFIG)
		return "Config";
	return reg ? reg->name : "no register";
}

static size_t add_bits(char *buffer, size_t size, uint64_t value)
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof(status_bits) / sizeof(status_bits[0]); i++)
		if (value & status_bits[i].mask && at < size)
			at += (size_t)snprintf(buffer + at, size - at, "%s%s", at ? "|" : " ",
				status_bits[i].name);
	return at;
}

static size_t add_time(char *buffer, size_t size, uint64_t time)
{
	if (!time)
		return 0;
	return (size_t)snprintf(
		buffer, size, "%" PRIu64 ".%09" PRIu64 " ", time / 1000000000, time % 1000000000);
}

size_t known_access(char *buffer, size_t size, const struct vmmio_monitor_access *access, bool last)
{
	char line[KNOWN_LINE - 1];
	size_t at = add_time(line, sizeof(line), access->time);

	at += (size_t)snprintf(line + at, sizeof(line) - at, "%s 0x%03" PRIx64 " %s %s 0x%" PRIx64,
		access->write ? "write" : "read ", access->offset, known_of(access->offset),
		access->write ? ":=" : "=", access->value);
	if (access->offset == VMMIO_REG_STATUS && access->value)
		at += add_bits(line + at, sizeof(line) - at, access->value);
	if (access->size != 4 && at < sizeof(line))
		snprintf(line + at, sizeof(line) - at, ", %" PRIu32 " byte%s", access->size,
			access->size == 1 ? "" : "s");
	at = (size_t)snprintf(buffer, size, "%s%s", line, last ? "" : "\n");
	return at < size ? at : size;
}
