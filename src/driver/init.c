/* SPDX-License-Identifier: BSD-3-Clause */
/* From probe to DRIVER_OK: the steps of the initialisation and the two resets of Status. */
#include <errno.h>
#include "driver/internal.h"

/* Accepting these is never right here: legacy and reserved bits, PCI's, and the one that
 * MMIO has no register for. */
#define BITS_REFUSED                                                                          \
	((UINT64_C(0xf) << 24) | (UINT64_C(3) << 30) | VMMIO_FEATURE(VMMIO_F_SR_IOV) |        \
		VMMIO_FEATURE(VMMIO_F_NOTIF_CONFIG_DATA) | VMMIO_FEATURE(VMMIO_F_ADMIN_VQ) |  \
		(UINT64_C(0x3f) << 44))

int vmmio_driver_probe(struct vmmio_driver *driver)
{
	uint32_t version;
	uint32_t id;

	if (vmmio_driver_reg_read(driver, VMMIO_REG_MAGIC) != VMMIO_MAGIC)
		return -EPROTO;
	version = vmmio_driver_reg_read(driver, VMMIO_REG_VERSION);
	if (version != 2 && version != 3)
		return -ENOTSUP;
	id = vmmio_driver_reg_read(driver, VMMIO_REG_DEVICE_ID);
	if (id == 0)
		return -ENODEV;
	driver->version = version;
	driver->device_id = id;
	if (driver->state == DRIVER_NEW)
		driver->state = DRIVER_PROBED;
	return 0;
}

uint32_t vmmio_driver_version(const struct vmmio_driver *driver)
{
	return driver->version;
}

uint32_t vmmio_driver_device_id(const struct vmmio_driver *driver)
{
	return driver->device_id;
}

uint32_t vmmio_driver_status(struct vmmio_driver *driver)
{
	return vmmio_driver_reg_read(driver, VMMIO_REG_STATUS);
}

static void add_status(struct vmmio_driver *driver, uint32_t bits)
{
	uint32_t shown = vmmio_driver_status(driver);

	driver->status |= bits;
	/* DEVICE_NEEDS_RESET is not ours, but leaving it out would clear it. */
	vmmio_driver_reg_write(driver, VMMIO_REG_STATUS,
		driver->status | (shown & VMMIO_STATUS_NEEDS_RESET));
}

void vmmio_driver_fail(struct vmmio_driver *driver)
{
	if (driver->state == DRIVER_NEW || driver->state == DRIVER_RESETTING)
		return;
	/* Whoever fails in an unknown state must not clear bits that the device shows. */
	if (driver->state == DRIVER_PROBED)
		driver->status = vmmio_driver_status(driver);
	driver->state = DRIVER_FAILED;
	add_status(driver, VMMIO_STATUS_FAILED);
}

int vmmio_driver_reset_begin(struct vmmio_driver *driver)
{
	if (driver->state == DRIVER_NEW)
		return -ENODEV;
	driver->state = DRIVER_RESETTING;
	vmmio_driver_reg_write(driver, VMMIO_REG_STATUS, 0);
	return 0;
}

int vmmio_driver_reset_poll(struct vmmio_driver *driver)
{
	if (driver->state == DRIVER_NEW)
		return -ENODEV;
	if (driver->state != DRIVER_RESETTING)
		return driver->state == DRIVER_FRESH ? 0 : -EINVAL;
	if (vmmio_driver_status(driver) != 0)
		return -EAGAIN;
	/* What the device wrote into our memory before it showed zero is ours to see now. */
	atomic_thread_fence(memory_order_acquire);
	driver->state = DRIVER_FRESH;
	driver->status = 0;
	driver->features = 0;
	for (uint32_t i = 0; i < driver->n_queues; i++)
		if (driver->queues[i])
			vmmio_driver_queue_stopped(driver->queues[i]);
	return 0;
}

int vmmio_driver_reset(struct vmmio_driver *driver, uint64_t patience)
{
	struct wait wait = vmmio_driver_wait_begin(driver, patience);
	int ret = 0;

	if (driver->state != DRIVER_RESETTING || driver->version == 2)
		ret = vmmio_driver_reset_begin(driver);
	if (ret)
		return ret;
	do {
		ret = vmmio_driver_reset_poll(driver);
		if (ret != -EAGAIN)
			return ret;
		if (driver->version == 2)
			return -EPROTO;
	} while (vmmio_driver_wait_more(driver, &wait));
	return -ETIMEDOUT;
}

static void read_offer(struct vmmio_driver *driver)
{
	for (uint32_t i = 0; i < VMMIO_FEATURE_WORDS; i++) {
		uint64_t low;
		uint64_t high;

		vmmio_driver_reg_write(driver, VMMIO_REG_DEVICE_FEATURES_SEL, 2 * i);
		low = vmmio_driver_reg_read(driver, VMMIO_REG_DEVICE_FEATURES);
		vmmio_driver_reg_write(driver, VMMIO_REG_DEVICE_FEATURES_SEL, 2 * i + 1);
		high = vmmio_driver_reg_read(driver, VMMIO_REG_DEVICE_FEATURES);
		driver->offered[i] = high << 32 | low;
	}
}

static void write_accepted(struct vmmio_driver *driver, uint64_t accepted)
{
	for (uint32_t i = 0; i < 2; i++) {
		vmmio_driver_reg_write(driver, VMMIO_REG_DRIVER_FEATURES_SEL, i);
		vmmio_driver_reg_write(
			driver, VMMIO_REG_DRIVER_FEATURES, (uint32_t)(accepted >> (32 * i)));
	}
}

int vmmio_driver_negotiate(struct vmmio_driver *driver, uint64_t wanted, uint64_t required)
{
	uint64_t accepted;

	if (driver->state != DRIVER_FRESH)
		return -EBUSY;
	add_status(driver, VMMIO_STATUS_ACKNOWLEDGE);
	add_status(driver, VMMIO_STATUS_DRIVER);
	read_offer(driver);
	required |= VMMIO_FEATURE(VMMIO_F_VERSION_1);
	accepted = (wanted | required) & driver->offered[0] & ~BITS_REFUSED;
	if ((accepted & required) != required) {
		vmmio_driver_fail(driver);
		return -ENOTSUP;
	}
	write_accepted(driver, accepted);
	add_status(driver, VMMIO_STATUS_FEATURES_OK);
	if (!(vmmio_driver_status(driver) & VMMIO_STATUS_FEATURES_OK)) {
		/* The device did not take the bit, so it is not there to be kept. */
		driver->status &= ~VMMIO_STATUS_FEATURES_OK;
		vmmio_driver_fail(driver);
		return -ENOTSUP;
	}
	driver->features = accepted;
	driver->state = DRIVER_NEGOTIATED;
	return 0;
}

uint64_t vmmio_driver_offered(const struct vmmio_driver *driver, unsigned word)
{
	return word < VMMIO_FEATURE_WORDS ? driver->offered[word] : 0;
}

uint64_t vmmio_driver_features(const struct vmmio_driver *driver)
{
	return driver->features;
}

bool vmmio_driver_has(const struct vmmio_driver *driver, unsigned bit)
{
	return bit < 64 && (driver->features & VMMIO_FEATURE(bit)) != 0;
}

int vmmio_driver_ok(struct vmmio_driver *driver)
{
	uint32_t status;

	if (driver->state != DRIVER_NEGOTIATED)
		return driver->state == DRIVER_RESETTING ? -EBUSY : -EINVAL;
	add_status(driver, VMMIO_STATUS_DRIVER_OK);
	status = vmmio_driver_status(driver);
	if (!(status & VMMIO_STATUS_DRIVER_OK) || (status & VMMIO_STATUS_NEEDS_RESET)) {
		driver->state = DRIVER_FAILED;
		return -EIO;
	}
	driver->state = DRIVER_LIVE;
	for (uint32_t i = 0; i < driver->n_queues; i++)
		if (driver->queues[i])
			vmmio_driver_queue_notify_owed(driver->queues[i]);
	return 0;
}
