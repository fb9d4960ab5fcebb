/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: MMIO, the driver. */

	{"MMIO-DRV-01", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not access an offset that is neither in the register table nor "
		"described in the configuration layout of the device type.", JUDGED},
	{"MMIO-DRV-02", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not write to a register that is read-only.", JUDGED},
	{"MMIO-DRV-03", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not read a register that is write-only.", JUDGED},
	{"MMIO-DRV-04", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must access control registers by aligned reads and writes of 32 bits, "
		"and by no others.", JUDGED},
	{"MMIO-DRV-05", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must access an 8-bit field of the configuration space by accesses of "
		"8 bits.", JUDGED},
	{"MMIO-DRV-06", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must access a 16-bit field of the configuration space by aligned "
		"accesses of 16 bits.", JUDGED},
	{"MMIO-DRV-07", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must access a field of 32 or 64 bits of the configuration space by "
		"aligned accesses of 32 bits.", JUDGED},
	{"MMIO-DRV-08", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must leave a device alone whose MagicValue is not 0x74726976.", JUDGED},
	{"MMIO-DRV-09", DRIVER, MAY, KEYWORD, S_LAYOUT_DRV,
		"The driver may report an error when MagicValue is wrong.",
		"A permission, and nothing of it reaches the device. That the device is left "
		"alone is MMIO-DRV-08."},
	{"MMIO-DRV-10", DRIVER, MAY, KEYWORD, S_LAYOUT_DRV,
		"The driver may report an error when it does not know the Version.",
		"A permission, and nothing of it reaches the device. That the device is left "
		"alone is PATCH-DRV-01."},
	{"MMIO-DRV-11", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must leave a device alone whose DeviceID is 0.", JUDGED},
	{"MMIO-DRV-12", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not report an error because of a DeviceID of 0.",
		"An error report goes to the driver's log or its caller; nothing of it is in the "
		"accesses to the device. Needs the log of the system under test."},
	{"MMIO-DRV-13", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must write DeviceFeaturesSel before it reads DeviceFeatures.", JUDGED},
	{"MMIO-DRV-14", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must write DriverFeaturesSel before it writes DriverFeatures.", JUDGED},
	{"MMIO-DRV-15", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must write to QueueSize no more than the device shows in "
		"QueueSizeMax.", JUDGED},
	{"MMIO-DRV-16", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not access QueueSize or one of the six address registers of a "
		"queue whose QueueReady is not zero.", JUDGED},
	{"MMIO-DRV-17", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"To stop using a queue, the driver must write zero to its QueueReady.", JUDGED},
	{"MMIO-DRV-18", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"After it has written zero to QueueReady to stop a queue, the driver must read "
		"QueueReady back, so that both sides agree.", JUDGED},
	{"MMIO-DRV-19", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"The driver must ignore bits of InterruptStatus that are not defined.", JUDGED},
	{"MMIO-DRV-20", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV,
		"When it is done with an interrupt, the driver must write the bits of the events "
		"it has handled to InterruptACK.", JUDGED},
	{"MMIO-DRV-21", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"The driver must not set a bit that is not defined in what it writes to "
		"InterruptACK.", JUDGED},
	{"MMIO-DRV-22", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV,
		"With VIRTIO_F_RING_RESET negotiated, the driver must not take the reset of a "
		"queue for complete before QueueReset has read back 0.", JUDGED},
	{"MMIO-DRV-23", DRIVER, MAY, KEYWORD, S_LAYOUT_DRV,
		"After the reset of a queue the driver may enable it again by writing 1 to "
		"QueueReady, once the other registers of the queue are set up.",
		"A permission: a queue can stay as it is. That it is set up before it is enabled "
		"again is GEN-DRV-21."},
	{"MMIO-DRV-24", DRIVER, MAY, KEYWORD, S_LAYOUT_DRV,
		"After the reset of a queue the driver may configure it with other values than "
		"before.",
		"A permission: the values from before are as good. What applies to the new ones "
		"is judged as for a new queue, by MMIO-DRV-15, SPLIT-DRV-01 and PACKED-DRV-01."},

	{"MMIO-DRV-25", DRIVER, MUST, KEYWORD, S_MMIO_INIT_DRV,
		"The driver must begin by reading and checking MagicValue and Version.", JUDGED},
	{"MMIO-DRV-26", DRIVER, MUST, KEYWORD, S_MMIO_INIT_DRV,
		"If MagicValue and Version are good, the driver must read DeviceID next.", JUDGED},
	{"MMIO-DRV-27", DRIVER, MUST, KEYWORD, S_MMIO_INIT_DRV,
		"If DeviceID is 0, the driver must give up the initialisation.", JUDGED},
	{"MMIO-DRV-28", DRIVER, MUST_NOT, KEYWORD, S_MMIO_INIT_DRV,
		"If DeviceID is 0, the driver must not access any other register.", JUDGED},
	{"MMIO-DRV-29", DRIVER, MUST_NOT, KEYWORD, S_MMIO_INIT_DRV,
		"A driver that has no use for shared memory must not touch the registers for it "
		"(0x0ac to 0x0bc).", JUDGED},
	{"MMIO-DRV-30", DRIVER, MUST, KEYWORD, S_MMIO_INIT_DRV,
		"After the checks that belong to MMIO, the driver must go on with the general "
		"procedure of device initialisation.", JUDGED},

	{"MMIO-DRV-31", DRIVER, MUST, KEYWORD, S_MMIO_INTERRUPT_DRV,
		"When an interrupt has come, the driver must find out what caused it by reading "
		"InterruptStatus.", JUDGED},
	{"MMIO-DRV-32", DRIVER, SHOULD, KEYWORD, S_MMIO_INTERRUPT_DRV,
		"The driver should take the used buffer bit as a used buffer notification of "
		"every queue that is active.", JUDGED},
	{"MMIO-DRV-33", DRIVER, MUST, KEYWORD, S_MMIO_INTERRUPT_DRV,
		"When it is done with an interrupt, the driver must acknowledge it: the bits of "
		"the handled events are written to InterruptACK.", JUDGED},

	{"MMIO-DRV-34", DRIVER, SHOULD, DESCRIBED, S_MMIO_QUEUES,
		"The usual way to set up a queue is: choose it in QueueSel, see 0 in QueueReady, "
		"see a QueueSizeMax that is not 0, zero the contiguous memory, write QueueSize, "
		"write the three addresses, write 1 to QueueReady.", JUDGED},

	{"MMIO-DRV-35", DRIVER, MUST, DESCRIBED, S_MMIO_NOTIFY,
		"The driver notifies the device by writing to QueueNotify: the 16-bit index of "
		"the queue or, with VIRTIO_F_NOTIFICATION_DATA negotiated, 32 bits of "
		"notification data.", JUDGED},
