/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: MMIO, the device. */

	{"MMIO-DEV-01", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"MagicValue (0x000) must read 0x74726976, in every state of the device.", JUDGED},
	{"MMIO-DEV-02", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"For each event the device must set the event's bit in InterruptStatus (0x060) at "
		"the moment it happens, and keep it set until the driver writes that bit to "
		"InterruptACK (0x064).", JUDGED},
	{"MMIO-DEV-03", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"Bits of InterruptStatus that stand for no event that has happened must read "
		"zero.", JUDGED},
	{"MMIO-DEV-04", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"A reset must clear all bits of InterruptStatus.", JUDGED},
	{"MMIO-DEV-05", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"A reset must clear the bit in QueueReady (0x044) of every queue of the device.",
		JUDGED},
	{"MMIO-DEV-06", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"ConfigGeneration (0x0fc) must change whenever the driver could otherwise take a "
		"mixture of old and new configuration for a consistent one.", JUDGED},
	{"MMIO-DEV-07", DEVICE, MUST_NOT, KEYWORD, S_LAYOUT_DEV,
		"The device must not touch what is in a virtqueue while the queue's QueueReady is "
		"zero.", JUDGED},
	{"MMIO-DEV-08", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"With VIRTIO_F_RING_RESET negotiated, QueueReset (0x0c0) must read 0 once the "
		"device was reset.", JUDGED},
	{"MMIO-DEV-09", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"With VIRTIO_F_RING_RESET negotiated, QueueReset must read 0 once the queue was "
		"enabled through QueueReady.", JUDGED},
	{"MMIO-DEV-10", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"A write of 1 to QueueReset must reset the selected queue.", JUDGED},
	{"MMIO-DEV-11", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"QueueReset must go on reading 1 for as long as the reset of the queue takes.",
		JUDGED},
	{"MMIO-DEV-12", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV,
		"Once the reset of a queue is complete, its QueueReset and its QueueReady must "
		"both read 0.", JUDGED},

	{"MMIO-DEV-13", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"The values of all control registers are little endian.", JUDGED},
	{"MMIO-DEV-14", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"DeviceID (0x008) says which type of device this is; zero marks a placeholder "
		"that does nothing.", JUDGED},
	{"MMIO-DEV-15", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"DeviceFeatures (0x010) shows the offered feature bits 32*N to 32*N+31, N being "
		"what was last written to DeviceFeaturesSel (0x014).", JUDGED},
	{"MMIO-DEV-16", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A write to DeviceFeaturesSel (0x014) chooses the 32 feature bits that a read of "
		"DeviceFeatures gives.", JUDGED},
	{"MMIO-DEV-17", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"DriverFeatures (0x020) takes the accepted feature bits 32*N to 32*N+31, N being "
		"what was last written to DriverFeaturesSel (0x024).", JUDGED},
	{"MMIO-DEV-18", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"QueueSel (0x030) chooses the queue that QueueSizeMax, QueueSize, QueueReady, the "
		"six address registers and QueueReset work on.", JUDGED},
	{"MMIO-DEV-19", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"QueueSizeMax (0x034) gives the largest size of the selected queue that the "
		"device can work with, or 0 if it has no such queue.", JUDGED},
	{"MMIO-DEV-20", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"QueueSize (0x038) tells the device how many entries the driver will use in the "
		"selected queue.", JUDGED},
	{"MMIO-DEV-21", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A write of 1 to QueueReady (0x044) lets the device work on the selected queue; a "
		"read gives back what was last written.", JUDGED},
	{"MMIO-DEV-22", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A write to QueueNotify (0x050) says which queue has new buffers: its value is "
		"the queue's index or, with VIRTIO_F_NOTIFICATION_DATA negotiated, the index in "
		"the low 16 bits and the ring position (15 bits of offset, one of wrap) in the "
		"high ones.", JUDGED},
	{"MMIO-DEV-23", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"Bit 0 of InterruptStatus stands for a used buffer notification, bit 1 for a "
		"configuration change notification.", JUDGED},
	{"MMIO-DEV-24", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A write to InterruptACK (0x064) tells the device that the events whose bits are "
		"set in it have been dealt with.", JUDGED},
	{"MMIO-DEV-25", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A read of Status (0x070) gives the device status as it is now.", JUDGED},
	{"MMIO-DEV-26", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"A write of anything but zero to Status sets the bits written; a write of zero "
		"resets the device.", JUDGED},
	{"MMIO-DEV-27", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"Each pair of address registers (QueueDesc 0x080 and 0x084, QueueDriver 0x090 and "
		"0x094, QueueDevice 0x0a0 and 0x0a4) takes a 64-bit guest physical address of the "
		"selected queue, its low half in the first register.", JUDGED},
	{"MMIO-DEV-28", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"SHMLen (0x0b0 and 0x0b4) gives the length in bytes of the shared memory region "
		"that SHMSel (0x0ac) chooses, and -1 in 64 bits if there is none of this id.",
		JUDGED},
	{"MMIO-DEV-29", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"SHMBase (0x0b8 and 0x0bc) gives the physical address of the shared memory region "
		"that SHMSel chooses, and 0xffffffffffffffff if there is none of this id.", JUDGED},
	{"MMIO-DEV-30", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"With VIRTIO_F_RING_RESET negotiated, a write of 1 to QueueReset resets the "
		"selected queue, and no other.", JUDGED},
	{"MMIO-DEV-31", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"ConfigGeneration reads the same twice if the configuration space has stayed the "
		"same in between.", JUDGED},
	{"MMIO-DEV-32", DEVICE, MUST, DESCRIBED, S_LAYOUT,
		"The configuration space of the device type begins at offset 0x100 and can be "
		"accessed byte by byte.", JUDGED},

	{"MMIO-DEV-33", DEVICE, MUST, DESCRIBED, S_MMIO_INTERRUPT,
		"The device has one interrupt signal of its own, asserted whenever at least one "
		"bit of InterruptStatus is set.", JUDGED},

	{"MMIO-DEV-34", DEVICE, MUST_NOT, DESCRIBED, S_MMIO_RESERVED,
		"A device over MMIO does not support, and so does not offer, VIRTIO_F_ADMIN_VQ "
		"(bit 41).", JUDGED},
