/* SPDX-License-Identifier: BSD-3-Clause */
/* The last accesses before a failure, for people. */
#include <stdio.h>

#include "conform/engine.h"

static const struct {
	uint16_t offset;
	const char *name;
} registers[] = {
	{VMMIO_REG_MAGIC, "MagicValue"},
	{VMMIO_REG_VERSION, "Version"},
	{VMMIO_REG_DEVICE_ID, "DeviceID"},
	{VMMIO_REG_VENDOR_ID, "VendorID"},
	{VMMIO_REG_DEVICE_FEATURES, "DeviceFeatures"},
	{VMMIO_REG_DEVICE_FEATURES_SEL, "DeviceFeaturesSel"},
	{VMMIO_REG_DRIVER_FEATURES, "DriverFeatures"},
	{VMMIO_REG_DRIVER_FEATURES_SEL, "DriverFeaturesSel"},
	{VMMIO_REG_QUEUE_SEL, "QueueSel"},
	{VMMIO_REG_QUEUE_SIZE_MAX, "QueueSizeMax"},
	{VMMIO_REG_QUEUE_SIZE, "QueueSize"},
	{VMMIO_REG_QUEUE_READY, "QueueReady"},
	{VMMIO_REG_QUEUE_NOTIFY, "QueueNotify"},
	{VMMIO_REG_INTERRUPT_STATUS, "InterruptStatus"},
	{VMMIO_REG_INTERRUPT_ACK, "InterruptACK"},
	{VMMIO_REG_STATUS, "Status"},
	{VMMIO_REG_QUEUE_DESC_LOW, "QueueDescLow"},
	{VMMIO_REG_QUEUE_DESC_HIGH, "QueueDescHigh"},
	{VMMIO_REG_QUEUE_DRIVER_LOW, "QueueDriverLow"},
	{VMMIO_REG_QUEUE_DRIVER_HIGH, "QueueDriverHigh"},
	{VMMIO_REG_QUEUE_DEVICE_LOW, "QueueDeviceLow"},
	{VMMIO_REG_QUEUE_DEVICE_HIGH, "QueueDeviceHigh"},
	{VMMIO_REG_SHM_SEL, "SHMSel"},
	{VMMIO_REG_SHM_LEN_LOW, "SHMLenLow"},
	{VMMIO_REG_SHM_LEN_HIGH, "SHMLenHigh"},
	{VMMIO_REG_SHM_BASE_LOW, "SHMBaseLow"},
	{VMMIO_REG_SHM_BASE_HIGH, "SHMBaseHigh"},
	{VMMIO_REG_QUEUE_RESET, "QueueReset"},
	{VMMIO_REG_CONFIG_GENERATION, "ConfigGeneration"},
};

void engine_register_name(uint64_t offset, char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		if (registers[i].offset == offset) {
			snprintf(name, size, "%s", registers[i].name);
			return;
		}
	}
	if (offset >= VMMIO_REG_CONFIG)
		snprintf(name, size, "Config+0x%llx",
			(unsigned long long)(offset - VMMIO_REG_CONFIG));
	else
		snprintf(name, size, "0x%03llx", (unsigned long long)offset);
}

void engine_accesses(const struct conform *c, char *text, size_t size)
{
	uint64_t first = c->n_accesses > ACCESSES_KEPT ? c->n_accesses - ACCESSES_KEPT : 0;
	size_t used = 0;

	text[0] = 0;
	for (uint64_t i = first; i < c->n_accesses && used < size; i++) {
		const struct access *a = &c->accesses[i % ACCESSES_KEPT];
		char name[32], width[24] = "";

		engine_register_name(a->offset, name, sizeof(name));
		if (a->width != 4)
			snprintf(width, sizeof(width), " (%u bytes)", a->width);
		used += (size_t)snprintf(text + used, size - used, "%s%s %s 0x%llx%s",
			used ? "\n" : "", name, a->write ? ":=" : "=",
			(unsigned long long)a->value, width);
	}
}
