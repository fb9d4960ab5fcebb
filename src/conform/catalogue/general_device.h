/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: what holds for every type of device and every transport, the device. */

	{"GEN-DEV-01", DEVICE, MUST_NOT, KEYWORD, S_STATUS_DEV,
		"As long as DRIVER_OK is clear, the device must not consume any buffer.", JUDGED},
	{"GEN-DEV-02", DEVICE, MUST_NOT, KEYWORD, S_STATUS_DEV,
		"As long as DRIVER_OK is clear, the device must not send any used buffer "
		"notification.", JUDGED},
	{"GEN-DEV-03", DEVICE, SHOULD, KEYWORD, S_STATUS_DEV,
		"A device in an error state that only a reset can end should set "
		"DEVICE_NEEDS_RESET.", JUDGED},
	{"GEN-DEV-04", DEVICE, MUST, KEYWORD, S_STATUS_DEV,
		"A device that sets DEVICE_NEEDS_RESET while DRIVER_OK is set must send a "
		"configuration change notification after that.", JUDGED},

	{"GEN-DEV-05", DEVICE, MUST_NOT, KEYWORD, S_FEATURES_DEV,
		"The device must not offer a feature that depends on another one without offering "
		"that one too.", JUDGED},
	{"GEN-DEV-06", DEVICE, SHOULD, KEYWORD, S_FEATURES_DEV,
		"The device should accept every valid subset of the features it offers.", JUDGED},
	{"GEN-DEV-07", DEVICE, MUST, KEYWORD, S_FEATURES_DEV,
		"A device that does not support the set of features that the driver has accepted "
		"must leave FEATURES_OK clear when the driver writes it.", JUDGED},
	{"GEN-DEV-08", DEVICE, MUST_NOT, KEYWORD, S_FEATURES_DEV,
		"The device must not offer feature bits it could not support if they were "
		"accepted: bits that the specification does not describe, reserves, or does not "
		"allow for this transport or this type of device.", JUDGED},
	{"GEN-DEV-09", DEVICE, SHOULD_NOT, KEYWORD, S_FEATURES_DEV,
		"A set of features that the device has once accepted should not be refused after "
		"a reset of the device or of the system.", JUDGED},

	{"GEN-DEV-10", DEVICE, MUST, KEYWORD, S_RESET_DEV,
		"The device must set its status to 0 when it is reset.", JUDGED},
	{"GEN-DEV-11", DEVICE, MUST_NOT, KEYWORD, S_RESET_DEV,
		"After its status has shown the end of a reset by becoming 0, the device must not "
		"send notifications until the driver initialises it again.", JUDGED},
	{"GEN-DEV-12", DEVICE, MUST_NOT, KEYWORD, S_RESET_DEV,
		"After its status has shown the end of a reset by becoming 0, the device must not "
		"deal with the queues until the driver initialises it again.", JUDGED},

	{"GEN-DEV-13", DEVICE, MUST, KEYWORD, S_CONFIG_DEV,
		"The device must let the driver read every field of the configuration space "
		"before FEATURES_OK is set, including the fields that depend on a feature, if it "
		"offers that feature.", JUDGED},

	{"GEN-DEV-14", DEVICE, MUST_NOT, KEYWORD, S_QUEUE_RESET_DEV,
		"Once the driver has reset a queue, the device must not execute requests of that "
		"queue.", JUDGED},
	{"GEN-DEV-15", DEVICE, MUST_NOT, KEYWORD, S_QUEUE_RESET_DEV,
		"Once the driver has reset a queue, the device must not notify the driver for "
		"that queue.", JUDGED},
	{"GEN-DEV-16", DEVICE, MUST, KEYWORD, S_QUEUE_RESET_DEV,
		"The reset of a queue must bring all of the queue's state back to its default, "
		"where the device stands in the available and in the used buffers included.",
		JUDGED},

	{"GEN-DEV-17", DEVICE, MUST, KEYWORD, S_RE_ENABLE_DEV,
		"When a queue is enabled again after its reset, the device must go by the "
		"configuration that it has now, such as another queue size.", JUDGED},

	{"GEN-DEV-18", DEVICE, MUST, KEYWORD, S_SUSPEND_DEV,
		"While it is not completely initialised, the device must ignore whatever the "
		"driver does to the SUSPEND bit.", JUDGED},
	{"GEN-DEV-19", DEVICE, SHOULD, KEYWORD, S_SUSPEND_DEV,
		"While it is suspended, the device should ignore writes to its configuration "
		"space.", JUDGED},
	{"GEN-DEV-20", DEVICE, MUST_NOT, KEYWORD, S_SUSPEND_DEV,
		"While it is suspended, the device must not send a notification for any queue.",
		JUDGED},
	{"GEN-DEV-21", DEVICE, MUST_NOT, KEYWORD, S_SUSPEND_DEV,
		"While it is suspended, the device must not access any queue.", JUDGED},
	{"GEN-DEV-22", DEVICE, MUST_NOT, KEYWORD, S_SUSPEND_DEV,
		"While it is suspended, the device must not change a field of its configuration "
		"space.", JUDGED},
	{"GEN-DEV-23", DEVICE, MUST_NOT, KEYWORD, S_SUSPEND_DEV,
		"If the configuration would change while it is suspended, the device must not "
		"send a configuration change notification.", JUDGED},
	{"GEN-DEV-24", DEVICE, MUST, KEYWORD, S_SUSPEND_DEV,
		"A configuration change notification that was held back while the device was "
		"suspended must be sent when it resumes.", JUDGED},
	{"GEN-DEV-25", DEVICE, MUST, KEYWORD, S_SUSPEND_DEV,
		"When the driver sets SUSPEND, the device must suspend itself or, if it fails to, "
		"set DEVICE_NEEDS_RESET.", JUDGED},
	{"GEN-DEV-26", DEVICE, MUST, KEYWORD, S_SUSPEND_DEV,
		"When the driver sets DRIVER_OK in a suspended device, the device must run again "
		"or, if it fails to, set DEVICE_NEEDS_RESET.", JUDGED},
	{"GEN-DEV-27", DEVICE, SHOULD, KEYWORD, S_SUSPEND_DEV,
		"Before it shows that it is suspended, by SUSPEND set and DRIVER_OK clear, the "
		"device should stop consuming buffers of any queue.", JUDGED},
	{"GEN-DEV-28", DEVICE, SHOULD, KEYWORD, S_SUSPEND_DEV,
		"Before it shows that it is suspended, the device should wait until all the "
		"buffers it works on have been used.", JUDGED},
	{"GEN-DEV-29", DEVICE, SHOULD, KEYWORD, S_SUSPEND_DEV,
		"Before it shows that it is suspended, the device should send the used buffer "
		"notifications that are due.", JUDGED},

	{"GEN-DEV-30", DEVICE, MUST, DESCRIBED, S_SUSPEND,
		"The device clears DRIVER_OK once it is suspended.", JUDGED},
	{"GEN-DEV-31", DEVICE, MUST, DESCRIBED, S_SUSPEND,
		"The device clears SUSPEND once it runs again.", JUDGED},

	{"GEN-DEV-32", DEVICE, MUST_NOT, KEYWORD, S_SHARED_MEMORY_DEV,
		"A shared memory region must not be a means to control the device, or to stream "
		"data.",
		"What a region is for is a matter of the device's design, to be judged by reading "
		"it. None of the suite's targets has a region, and the target interface does not "
		"reach into one."},

	{"GEN-DEV-33", DEVICE, MUST, KEYWORD, S_RESERVED_DEV,
		"The device must offer VIRTIO_F_VERSION_1 (bit 32).", JUDGED},
	{"GEN-DEV-34", DEVICE, MAY, KEYWORD, S_RESERVED_DEV,
		"The device may refuse to work if VIRTIO_F_VERSION_1 is not accepted.",
		"A permission: a device can work without the bit too. How one that cannot has to "
		"refuse is GEN-DEV-07."},
	{"GEN-DEV-35", DEVICE, SHOULD, KEYWORD, S_RESERVED_DEV,
		"A device whose memory accesses are translated, or limited to certain addresses, "
		"by the platform should offer VIRTIO_F_ACCESS_PLATFORM (33).",
		"Whether the platform stands between the device and the memory is nothing that "
		"registers or memory show. Needs a target behind an IOMMU."},
	{"GEN-DEV-36", DEVICE, MAY, KEYWORD, S_RESERVED_DEV,
		"The device may refuse to work if VIRTIO_F_ACCESS_PLATFORM is not accepted.",
		"A permission: a device can work without the bit too. How one that cannot has to "
		"refuse is GEN-DEV-07."},
	{"GEN-DEV-37", DEVICE, MUST, KEYWORD, S_RESERVED_DEV,
		"With VIRTIO_F_IN_ORDER (35) negotiated, the device must use buffers in the order "
		"in which they were made available.", JUDGED},
	{"GEN-DEV-38", DEVICE, MAY, KEYWORD, S_RESERVED_DEV,
		"The device may refuse to work if it offers VIRTIO_F_ORDER_PLATFORM (36) and the "
		"driver does not accept it.",
		"A permission: a device can work without the bit too. How one that cannot has to "
		"refuse is GEN-DEV-07."},
	{"GEN-DEV-39", DEVICE, MAY, KEYWORD, S_RESERVED_DEV,
		"The device may run in a slower emulation mode if it offers "
		"VIRTIO_F_ORDER_PLATFORM and the driver does not accept it.",
		"A permission, and one about speed: no check asks how fast a device is."},
	{"GEN-DEV-40", DEVICE, MUST_NOT, KEYWORD, S_RESERVED_DEV,
		"A device that is not a PCI device with an SR-IOV capability, so any device over "
		"MMIO, must not offer VIRTIO_F_SR_IOV (37).", JUDGED},

	{"GEN-DEV-41", DEVICE, MUST, DESCRIBED, S_STATUS,
		"The device status is 0 at the beginning, and set to 0 again by the device when "
		"it is reset.", JUDGED},

	{"GEN-DEV-42", DEVICE, MUST, DESCRIBED, S_CONFIG,
		"Fields of the configuration space of more than one byte are little endian.",
		JUDGED},
	{"GEN-DEV-43", DEVICE, MUST, DESCRIBED, S_CONFIG,
		"The generation count changes whenever two accesses to the configuration space "
		"could see different versions of it.", JUDGED},

	{"GEN-DEV-44", DEVICE, MUST, DESCRIBED, S_CONFIG_CHANGE,
		"A change of the configuration space that comes from the device is followed by a "
		"configuration change notification.", JUDGED},

	{"GEN-DEV-45", DEVICE, MUST, DESCRIBED, S_CLEANUP,
		"From DRIVER_OK on all queues that were configured are live; after a reset of the "
		"device none is.", JUDGED},
