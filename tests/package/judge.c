/* SPDX-License-Identifier: BSD-3-Clause */
/* A program that judges a device of its own with the conformance suite as it is packaged: one
 * of which nothing but MagicValue, Version and DeviceID is there. */
#include <errno.h>
#include <string.h>
#include <vmmio/conform/conform.h>

static int read_register(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	static const uint32_t registers[] = {0x74726976, 4, 42};

	(void)ctx, (void)width;
	*value = offset / 4 < 3 ? registers[offset / 4] : 0;
	return 0;
}

static int write_register(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	(void)ctx, (void)offset, (void)width, (void)value;
	return 0;
}

int main(void)
{
	static const struct vmmio_target_ops ops = {
		.size = sizeof(ops), .read = read_register, .write = write_register};
	struct vmmio_target target = {.size = sizeof(target), .ops = &ops, .name = "stub"};
	struct vmmio_conform_report *report;
	struct vmmio_conform_counts counts;

	/* Version 4: there is nothing to judge, and the version is wrong. */
	if (vmmio_conform_run(&target, NULL, &report) != -ENODEV)
		return 1;
	counts = vmmio_conform_counts(report);
	if (vmmio_conform_write(report, VMMIO_CONFORM_JSON, stdout))
		return 1;
	vmmio_conform_report_free(report);
	return counts.failed != 2 || !vmmio_conform_requirement("PATCH-DEV-01");
}
