/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-mmio version 3 for Linux's driver: a reset is over when Status reads zero, and not
 * already when the write of zero returns. `apply` puts this into virtio_mmio.c, in front of its
 * table of functions, and the functions below into that table. Versions 1 and 2 go on as before.
 *
 * Who resets may sleep: the PCI transport, which has the same callers, does it as well.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>

static unsigned int reset_timeout_ms = 30000;
module_param(reset_timeout_ms, uint, 0644);
MODULE_PARM_DESC(reset_timeout_ms, "How long a device of version 3 may take to reset (30000)");

static bool measure;
module_param(measure, bool, 0644);
MODULE_PARM_DESC(measure, "Log how long each reset takes, whatever the version");

/* True once Status reads zero; it is read once more after a nap that became too long. */
static bool vm_v3_wait(struct virtio_mmio_device *vm_dev, u64 until)
{
	unsigned int nap_us = 50;
	u64 now = ktime_get_ns();

	while (readl(vm_dev->base + VIRTIO_MMIO_STATUS)) {
		if (now >= until)
			return false;
		usleep_range(nap_us, 2 * nap_us);
		nap_us = min(2 * nap_us, 10000u);
		now = ktime_get_ns();
	}
	return true;
}

/*
 * A device that still has queues keeps its driver here for as long as it takes, because what the
 * driver does next is to free their memory. Without queues it is given up, and left alone.
 */
static void vm_v3_finish(struct virtio_device *vdev)
{
	struct virtio_mmio_device *vm_dev = to_virtio_mmio_device(vdev);
	struct device *dev = &vm_dev->pdev->dev;
	u64 timeout_ms = READ_ONCE(reset_timeout_ms);

	vm_dev->resetting = true;
	if (!vm_v3_wait(vm_dev, ktime_get_ns() + timeout_ms * NSEC_PER_MSEC)) {
		if (list_empty(&vdev->vqs)) {
			dev_err(dev, "Reset not finished after %llu ms, given up: mend the device "
				"and bind it again, or raise reset_timeout_ms\n", timeout_ms);
			return;
		}
		dev_err(dev, "Reset not finished after %llu ms, waiting on: the device may still "
			"write to its driver's memory; look at the host\n", timeout_ms);
		vm_v3_wait(vm_dev, U64_MAX);
		dev_info(dev, "Reset finished after all\n");
	}
	vm_dev->resetting = false;
}

static void vm_v3_reset(struct virtio_device *vdev)
{
	struct virtio_mmio_device *vm_dev = to_virtio_mmio_device(vdev);
	u64 begin = ktime_get_ns(), written, done;

	vm_reset(vdev);
	done = written = ktime_get_ns();
	if (vm_dev->version == 3) {
		vm_v3_finish(vdev);
		done = ktime_get_ns();
	}
	if (measure)
		dev_info(&vm_dev->pdev->dev, "Reset, version %lu: write %llu ns, %s after %llu ns\n",
			vm_dev->version, written - begin,
			vm_dev->resetting ? "given up" : "zero", done - begin);
}

/* A device that was given up is told nothing; finalize_features says so to whoever wants it. */

static void vm_v3_set_status(struct virtio_device *vdev, u8 status)
{
	if (!to_virtio_mmio_device(vdev)->resetting)
		vm_set_status(vdev, status);
}

static u64 vm_v3_get_features(struct virtio_device *vdev)
{
	return to_virtio_mmio_device(vdev)->resetting ? 0 : vm_get_features(vdev);
}

static int vm_v3_finalize_features(struct virtio_device *vdev)
{
	if (!to_virtio_mmio_device(vdev)->resetting)
		return vm_finalize_features(vdev);
	dev_err(&vdev->dev, "Not used: its last reset has not finished\n");
	return -EIO;
}
