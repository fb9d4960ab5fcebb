/* SPDX-License-Identifier: BSD-3-Clause */
/* Block devices: features and configuration space. */
#include "conform/checks/block.h"

#define CFG_UNUSED0 33u
#define CFG_UNUSED1 57u
#define CFG_ZONED_MODEL 92u
#define F_ZONED 17u

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
	need(c, negotiate(c, VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE), 0),
		"the device refuses VIRTIO_BLK_F_CONFIG_WCE without VIRTIO_BLK_F_FLUSH");
	seen = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1);
	judge(c, "BLK-DEV-03", seen == 0,
		"expected writeback 0 when CONFIG_WCE was accepted and FLUSH was not, saw %u", seen);
}

static void padding(struct conform *c)
{
	uint32_t seen;

	negotiate_fresh(c, offered_word(c, 0));
	seen = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + CFG_UNUSED0, 1);
	judge(c, "BLK-DEV-04", seen == 0, "expected padding unused0 (Config+33) to be 0, saw 0x%x", seen);
	for (uint32_t i = 0; i < 3; i++) {
		seen = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + CFG_UNUSED1 + i, 1);
		judge(c, "BLK-DEV-04", seen == 0,
			"expected padding unused1 (Config+%u) to be 0, saw 0x%x", CFG_UNUSED1 + i, seen);
	}
}

static void zoned_offered(struct conform *c)
{
	uint32_t model = 0;

	if (offered(c, F_ZONED))
		model = (uint32_t)rd_width(c, VMMIO_REG_CONFIG + CFG_ZONED_MODEL, 1);
	judge(c, "BLK-DEV-05", !offered(c, F_ZONED) || model != 0,
		"expected VIRTIO_BLK_F_ZONED offered by zoned devices only, saw it with zone model 0 (none)");
}

static void capacity_change(struct conform *c)
{
	uint64_t before, after;
	struct ring ring;

	block_start(c, &ring, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	before = block_capacity(c);
	by_hook(c);
	change_config(c);
	settle(c);
	after = block_capacity(c);
	need(c, before != after, "what the target changed was not the capacity");
	judge(c, "BLK-DEV-19", rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE,
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
