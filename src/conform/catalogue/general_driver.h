/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: what holds for every type of device and every transport, the driver. */

	{"GEN-DRV-01", DRIVER, MUST, KEYWORD, S_STATUS_DRV,
		"The driver must set bits of the device status as it gets through the steps of "
		"the initialisation.", JUDGED},
	{"GEN-DRV-02", DRIVER, MUST_NOT, KEYWORD, S_STATUS_DRV,
		"The driver must not clear a bit of the device status.", JUDGED},
	{"GEN-DRV-03", DRIVER, MUST, KEYWORD, S_STATUS_DRV,
		"A driver that has set FAILED must reset the device before it tries to initialise "
		"it again.", JUDGED},
	{"GEN-DRV-04", DRIVER, SHOULD_NOT, KEYWORD, S_STATUS_DRV,
		"The driver should not rely on the completion of operations while "
		"DEVICE_NEEDS_RESET is set.", JUDGED},

	{"GEN-DRV-05", DRIVER, MUST_NOT, KEYWORD, S_FEATURES_DRV,
		"The driver must not accept a feature that the device has not offered.", JUDGED},
	{"GEN-DRV-06", DRIVER, MUST_NOT, KEYWORD, S_FEATURES_DRV,
		"The driver must not accept a feature that depends on another one without "
		"accepting that one too.", JUDGED},
	{"GEN-DRV-07", DRIVER, MUST, KEYWORD, S_FEATURES_DRV,
		"The driver must check the feature bits that the device offers.", JUDGED},
	{"GEN-DRV-08", DRIVER, MUST, KEYWORD, S_FEATURES_DRV,
		"The driver must ignore offered feature bits that the specification does not "
		"describe, reserves, or does not allow for this transport or this type of device.",
		JUDGED},
	{"GEN-DRV-09", DRIVER, MUST_NOT, KEYWORD, S_FEATURES_DRV,
		"The driver must not accept feature bits that the specification does not "
		"describe, reserves, or does not allow for this transport or this type of device, "
		"even if they are offered.", JUDGED},
	{"GEN-DRV-10", DRIVER, SHOULD, KEYWORD, S_FEATURES_DRV,
		"The driver should fall back to a compatible mode if a feature it knows is not "
		"offered.", JUDGED},
	{"GEN-DRV-11", DRIVER, MUST, KEYWORD, S_FEATURES_DRV,
		"A driver that cannot do without a feature that is not offered must set FAILED "
		"and go no further.", JUDGED},
	{"GEN-DRV-12", DRIVER, MUST_NOT, KEYWORD, S_FEATURES_DRV,
		"The driver must not fail only because the device has offered a feature that it "
		"does not understand.", JUDGED},

	{"GEN-DRV-13", DRIVER, SHOULD, KEYWORD, S_RESET_DRV,
		"The driver should take a reset it has asked for as complete when it reads 0 from "
		"the device status.", JUDGED},

	{"GEN-DRV-14", DRIVER, MUST_NOT, KEYWORD, S_CONFIG_DRV,
		"The driver must not assume that the read of a field of more than 32 bits, or the "
		"reads of several fields, are atomic.", JUDGED},
	{"GEN-DRV-15", DRIVER, SHOULD, KEYWORD, S_CONFIG_DRV,
		"The driver should read configuration fields between two reads of the generation "
		"count, and repeat that until both are equal.", JUDGED},
	{"GEN-DRV-16", DRIVER, MUST, KEYWORD, S_CONFIG_DRV,
		"Before it accesses an optional field of the configuration space, the driver must "
		"check that the field's feature is offered.", JUDGED},
	{"GEN-DRV-17", DRIVER, MUST_NOT, KEYWORD, S_CONFIG_DRV,
		"The driver must not limit the size of the configuration space or of its "
		"structure.",
		"No register of MMIO says how large the configuration space is, so that a driver "
		"has no size that it could find too large. Needs a transport that tells."},
	{"GEN-DRV-18", DRIVER, SHOULD, KEYWORD, S_CONFIG_DRV,
		"The driver should only check that the configuration space is large enough for "
		"the fields it needs.",
		"No register of MMIO says how large the configuration space is: there is nothing "
		"that a driver could check. Needs a transport that tells."},

	{"GEN-DRV-19", DRIVER, MUST, KEYWORD, S_QUEUE_RESET_DRV,
		"A driver that has asked for the reset of a queue must make sure that the queue "
		"was reset.", JUDGED},
	{"GEN-DRV-20", DRIVER, MAY, KEYWORD, S_QUEUE_RESET_DRV,
		"The driver may release what belongs to a queue once its reset has succeeded.",
		"A permission: memory can be kept as well. What is too early for it is "
		"GEN-DRV-30."},

	{"GEN-DRV-21", DRIVER, MUST, KEYWORD, S_RE_ENABLE_DRV,
		"To enable a queue again, the driver must configure it as when it set it up for "
		"the first time, with the same values or others.", JUDGED},

	{"GEN-DRV-22", DRIVER, MUST, KEYWORD, S_INIT_DRV,
		"The driver must initialise a device in this order: reset, ACKNOWLEDGE, DRIVER, "
		"read the features and write those it accepts, FEATURES_OK, read it back, set up "
		"the device and its queues, DRIVER_OK.", JUDGED},
	{"GEN-DRV-23", DRIVER, MAY, KEYWORD, S_INIT_DRV,
		"The driver may read the configuration space while it negotiates features.",
		"A permission: a driver can do without. Which fields may be read then is "
		"GEN-DRV-16."},
	{"GEN-DRV-24", DRIVER, MUST_NOT, KEYWORD, S_INIT_DRV,
		"The driver must not write to the configuration space while it negotiates "
		"features.", JUDGED},
	{"GEN-DRV-25", DRIVER, MUST_NOT, KEYWORD, S_INIT_DRV,
		"Once FEATURES_OK is set, the driver must not accept further feature bits.",
		JUDGED},
	{"GEN-DRV-26", DRIVER, SHOULD, KEYWORD, S_INIT_DRV,
		"The driver should set FAILED when a step of the initialisation goes wrong beyond "
		"repair.", JUDGED},
	{"GEN-DRV-27", DRIVER, MUST_NOT, KEYWORD, S_INIT_DRV,
		"When a step of the initialisation has gone wrong beyond repair, the driver must "
		"not go on with it.", JUDGED},
	{"GEN-DRV-28", DRIVER, MUST_NOT, KEYWORD, S_INIT_DRV,
		"The driver must not send available buffer notifications before it has set "
		"DRIVER_OK.", JUDGED},

	{"GEN-DRV-29", DRIVER, MUST_NOT, KEYWORD, S_CLEANUP_DRV,
		"The driver must not change entries of a live queue that describe buffers which "
		"the device has and has not used yet.", JUDGED},
	{"GEN-DRV-30", DRIVER, MUST, KEYWORD, S_CLEANUP_DRV,
		"Before it takes back buffers that the device has, the driver must make sure that "
		"their queue is not live any more, by a reset.", JUDGED},

	{"GEN-DRV-31", DRIVER, SHOULD_NOT, KEYWORD, S_SUSPEND_DRV,
		"The driver should not set SUSPEND unless DRIVER_OK is set and VIRTIO_F_SUSPEND "
		"(43) was negotiated.", JUDGED},
	{"GEN-DRV-32", DRIVER, MUST, KEYWORD, S_SUSPEND_DRV,
		"After it has set SUSPEND, the driver must read the device status until it shows "
		"SUSPEND set and DRIVER_OK clear, to know that the device is suspended.", JUDGED},
	{"GEN-DRV-33", DRIVER, MUST_NOT, KEYWORD, S_SUSPEND_DRV,
		"Once it has set SUSPEND, the driver must not make further buffers available.",
		JUDGED},
	{"GEN-DRV-34", DRIVER, MUST_NOT, KEYWORD, S_SUSPEND_DRV,
		"Once it has set SUSPEND, the driver must not send a notification for any queue.",
		JUDGED},
	{"GEN-DRV-35", DRIVER, MUST_NOT, KEYWORD, S_SUSPEND_DRV,
		"Once it has set SUSPEND, the driver must not change the configuration space, "
		"apart from the device status.", JUDGED},
	{"GEN-DRV-36", DRIVER, MUST, KEYWORD, S_SUSPEND_DRV,
		"After it has set DRIVER_OK in a suspended device, the driver must wait for "
		"SUSPEND to be clear and DRIVER_OK to be set before it goes on as usual.", JUDGED},

	{"GEN-DRV-37", DRIVER, MUST, KEYWORD, S_RESERVED_DRV,
		"VIRTIO_F_VERSION_1, if the device offers it, must be among the features that the "
		"driver accepts.", JUDGED},
	{"GEN-DRV-38", DRIVER, MAY, KEYWORD, S_RESERVED_DRV,
		"The driver may refuse to work if VIRTIO_F_VERSION_1 is not offered.",
		"A permission: a driver of legacy devices can go on. How a driver that refuses "
		"has to end is GEN-DRV-11."},
	{"GEN-DRV-39", DRIVER, SHOULD, KEYWORD, S_RESERVED_DRV,
		"VIRTIO_F_ACCESS_PLATFORM, if the device offers it, should be among the features "
		"that the driver accepts.", JUDGED},
	{"GEN-DRV-40", DRIVER, MUST, KEYWORD, S_RESERVED_DRV,
		"A driver that accepts VIRTIO_F_ACCESS_PLATFORM must switch the IOMMU off, or set "
		"it up to translate the addresses that it gives to the device.",
		"The IOMMU is the platform's: how it is set up shows neither in the device's "
		"registers nor in the queues. Needs a system under test with an IOMMU that can be "
		"asked."},
	{"GEN-DRV-41", DRIVER, MUST, KEYWORD, S_RESERVED_DRV,
		"If VIRTIO_F_ACCESS_PLATFORM is not offered, the driver must pass nothing but "
		"physical addresses to the device.", JUDGED},
	{"GEN-DRV-42", DRIVER, SHOULD, KEYWORD, S_RESERVED_DRV,
		"VIRTIO_F_RING_PACKED (34), if the device offers it, should be among the features "
		"that the driver accepts.", JUDGED},
	{"GEN-DRV-43", DRIVER, SHOULD, KEYWORD, S_RESERVED_DRV,
		"VIRTIO_F_ORDER_PLATFORM, if the device offers it, should be among the features "
		"that the driver accepts.", JUDGED},
	{"GEN-DRV-44", DRIVER, MUST, KEYWORD, S_RESERVED_DRV,
		"With VIRTIO_F_ORDER_PLATFORM negotiated, the driver must use memory barriers "
		"that are good for hardware devices.",
		"A barrier leaves no mark in a trace, and memory that looks right once proves "
		"nothing. Needs the driver's source, or a tool that knows the memory model."},
	{"GEN-DRV-45", DRIVER, MUST_NOT, KEYWORD, S_RESERVED_DRV,
		"The driver must not negotiate VIRTIO_F_SR_IOV with a device that is not a PCI "
		"device with an SR-IOV capability.", JUDGED},
	{"GEN-DRV-46", DRIVER, SHOULD, KEYWORD, S_RESERVED_DRV,
		"VIRTIO_F_NOTIF_CONFIG_DATA (39), if the device offers it, should be among the "
		"features that the driver accepts.",
		"MMIO has no register that gives the driver the data it would have to use, so "
		"that no device over MMIO can offer the feature (GEN-DEV-08). Needs a transport "
		"that has one."},

	{"GEN-DRV-47", DRIVER, MUST, DESCRIBED, S_NOTIFICATIONS,
		"With VIRTIO_F_NOTIFICATION_DATA negotiated, a notification carries the queue's "
		"index and the ring position where the next buffer will be made available: bits 0 "
		"to 14 and bit 15 of the available index (split), or offset and wrap counter "
		"(packed).", JUDGED},
