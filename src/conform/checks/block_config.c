/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: features and configuration space. */
#include "conform/checks/block.h"
#include "conform/checks/config.h"

#define CFG_UNUSED0 33u
#define CFG_UNUSED1 57u
#define CFG_ZONED_MODEL 92u
#define F_SECURE_ERASE 16u
#define F_ZONED 17u

/* Features that bring a field behind the padding, or bring the padding (WRITE_ZEROES came together
 * with unused1): without one the device's configuration space may well end before it. */
#define BEHIND_UNUSED1                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES) | VMMIO_FEATURE(F_SECURE_ERASE) |                 \
		VMMIO_FEATURE(F_ZONED))
#define BEHIND_UNUSED0                                                                             \
	(VMMIO_FEATURE(VMMIO_BLK_F_MQ) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD) | BEHIND_UNUSED1)

static void flush_offered(struct conform *c)
{
	judge(c, "BLK-DEV-01", offered(c, VMMIO_BLK_F_FLUSH),
		"expected VIRTIO_BLK_F_FLUSH offered, saw it missing");
	if (!offered(c, VMMIO_BLK_F_CONFIG_WCE)) {
		not_judged(c, "BLK-DEV-02", "the device does not offer VIRTIO_BLK_F_CONFIG_WCE");
		return;
	}
	judge(c, "BLK-DEV-02", offered(c, VMMIO_BLK_F_FLUSH),
		"expected VIRTIO_BLK_F_FLUSH offered together with VIRTIO_BLK_F_CONFIG_WCE, saw only the "
		"latter");
}

static void writeback_without_flush(struct conform *c)
{
	uint32_t seen;

	need(c, offered(c, VMMIO_BLK_F_CONFIG_WCE), "the device does not offer VIRTIO_BLK_F_CONFIG_WCE");
	reset(c);
	acknowledge(c);
	need(c, negotiate(c, base_features(c) | VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE), 0),
		"the device refuses VIRTIO_BLK_F_CONFIG_WCE without VIRTIO_BLK_F_FLUSH");
	seen = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1);
	judge(c, "BLK-DEV-03", seen == 0,
		"expected writeback 0 when CONFIG_WCE was accepted and FLUSH was not, saw %u", seen);
}

static void judge_padding(struct conform *c, const char *name, uint32_t offset)
{
	uint32_t seen = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + offset, 1);

	judge(c, "BLK-DEV-04", seen == 0, "expected padding %s (Config+%u) to be 0, saw 0x%x", name, offset,
		seen);
}

static void padding(struct conform *c)
{
	need(c, if_offered(c, BEHIND_UNUSED0),
		"the device offers nothing that has a field behind the padding");
	negotiate_fresh(c, if_offered(c, BEHIND_UNUSED0 | VMMIO_FEATURE(VMMIO_BLK_F_FLUSH)));
	judge_padding(c, "unused0", CFG_UNUSED0);
	if (!if_offered(c, BEHIND_UNUSED1))
		return;
	for (uint32_t i = 0; i < 3; i++)
		judge_padding(c, "unused1", CFG_UNUSED1 + i);
}

static void zoned_offered(struct conform *c)
{
	uint32_t model = 0;

	if (offered(c, F_ZONED))
		model = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + CFG_ZONED_MODEL, 1);
	judge(c, "BLK-DEV-05", !offered(c, F_ZONED) || model != 0,
		"expected VIRTIO_BLK_F_ZONED offered by zoned devices only, saw it with zone model 0, which is "
		"right for a drive-managed one only");
}

static void capacity_change(struct conform *c)
{
	uint64_t before, after;
	struct ring ring;
	bool told;

	block_start(c, &ring, 0);
	before = block_capacity(c);
	by_hook(c);
	config_changes(c);
	after = block_capacity(c);
	need(c, before != after, "what the target changed was not the capacity");
	told = wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE);
	judge(c, "BLK-DEV-19", told,
		"expected a configuration change notification when capacity went from 0x%llx to 0x%llx, saw "
		"InterruptStatus 0x%x",
		(unsigned long long)before, (unsigned long long)after, rd(c, VMMIO_REG_INTERRUPT_STATUS));
}

static const struct check checks[] = {
	{"block-flush-offered", "VIRTIO_BLK_F_FLUSH is offered", "BLK-DEV-01 BLK-DEV-02", NEEDS_BLOCK,
		flush_offered},
	{"block-writeback", "writeback is 0 where the driver cannot flush", "BLK-DEV-03", NEEDS_BLOCK,
		writeback_without_flush},
	{"block-padding", "Padding is 0", "BLK-DEV-04", NEEDS_BLOCK, padding},
	{"block-zoned-offered", "VIRTIO_BLK_F_ZONED is offered by zoned devices only", "BLK-DEV-05",
		NEEDS_BLOCK, zoned_offered},
	{"block-capacity", "A change of capacity is notified", "BLK-DEV-19",
		NEEDS_BLOCK | NEEDS_MEMORY | NEEDS_CHANGE_CONFIG, capacity_change},
};

const struct check_topic checks_block_config = CHECK_TOPIC("block", checks);
