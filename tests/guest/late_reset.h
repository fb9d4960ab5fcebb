/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Compiled into Linux's virtio_mmio.c as its first header: makes the machine's one virtio-mmio
 * device, of version 2, look like one of version 3 whose resets take long. After a write of zero
 * to a Status that is not zero, Status keeps its value for `looks` reads; meanwhile no other
 * register may be written but InterruptACK, which is complained about.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <uapi/linux/virtio_mmio.h>

/* From one window to the next. */
#define LATE_WINDOW 0x200

static unsigned int looks;
module_param(looks, uint, 0644);
/* Of the reset that goes on. Set to 0 it lets it finish. */
static unsigned int left;
module_param(left, uint, 0644);

static u32 late_status;

static inline u32 late_readl(const volatile void __iomem *at)
{
	u32 value = readl(at);

	switch ((unsigned long)at % LATE_WINDOW) {
	case VIRTIO_MMIO_VERSION:
		return value == 2 ? 3 : value;
	case VIRTIO_MMIO_STATUS:
		if (!left)
			return value;
		left--;
		return late_status;
	}
	return value;
}

static inline void late_writel(u32 value, volatile void __iomem *at)
{
	unsigned long offset = (unsigned long)at % LATE_WINDOW;

	if (offset == VIRTIO_MMIO_STATUS && value == 0) {
		late_status = readl(at);
		left = late_status ? looks : 0;
	} else if (left && offset != VIRTIO_MMIO_INTERRUPT_ACK) {
		pr_err("late_reset: 0x%x written to 0x%lx before Status read zero\n", value,
			offset);
	}
	writel(value, at);
}

#undef readl
#undef writel
#define readl(at) late_readl(at)
#define writel(value, at) late_writel(value, at)
