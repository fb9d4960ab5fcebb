/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: packed virtqueues. */

	{"PACKED-DEV-01", DEVICE, MUST, KEYWORD, S_PACKED_DEV,
		"The device must begin to work on descriptors in the order in which they stand in "
		"the ring.", JUDGED},
	{"PACKED-DEV-02", DEVICE, MUST, KEYWORD, S_PACKED_DEV,
		"The device must begin to write used descriptors in the order in which the "
		"buffers are completed.", JUDGED},
	{"PACKED-DEV-03", DEVICE, MAY, KEYWORD, S_PACKED_DEV,
		"The device may reorder the writes of used descriptors once they have begun.",
		"A permission: which write comes first cannot be told from outside, as the driver "
		"looks at one descriptor at a time."},

	{"PACKED-DEV-04", DEVICE, MUST_NOT, KEYWORD, S_PACKED_TABLE_DEV,
		"The device must not write to a buffer that is only for it to read.", JUDGED},
	{"PACKED-DEV-05", DEVICE, SHOULD_NOT, KEYWORD, S_PACKED_TABLE_DEV,
		"The device should not read a buffer that is only for it to write.",
		"A read leaves memory as it is. Needs memory with read traps, which the target "
		"interface does not have."},
	{"PACKED-DEV-06", DEVICE, MUST_NOT, KEYWORD, S_PACKED_TABLE_DEV,
		"The device must not take up a descriptor before it has seen its "
		"VIRTQ_DESC_F_AVAIL bit change, for the first time from the zero it starts with.",
		JUDGED},
	{"PACKED-DEV-07", DEVICE, MUST_NOT, KEYWORD, S_PACKED_TABLE_DEV,
		"Once it has changed VIRTQ_DESC_F_USED of a descriptor, the device must not "
		"change the descriptor any more.", JUDGED},

	{"PACKED-DEV-08", DEVICE, MUST, KEYWORD, S_PACKED_LIST_DEV,
		"The device must use the descriptors of a list that is chained by "
		"VIRTQ_DESC_F_NEXT in the order in which the driver made them available.", JUDGED},
	{"PACKED-DEV-09", DEVICE, MAY, KEYWORD, S_PACKED_LIST_DEV,
		"The device may set a limit to the buffers in one list.",
		"A permission without a number: the checks stay within what the device says it "
		"takes, and within the queue size."},

	{"PACKED-DEV-10", DEVICE, MAY, KEYWORD, S_PACKED_PLACING,
		"The device may access a descriptor, those after it and their memory as soon as "
		"the descriptor's flags show it available.",
		"A permission: a device can also wait for the notification. The checks write all "
		"of a list before they show its first descriptor, and expect nothing before they "
		"notify."},

	{"PACKED-DEV-11", DEVICE, MAY, KEYWORD, S_PACKED_SENDING,
		"The device may suppress notifications that it does not need, through the event "
		"suppression structure in the Device Area.", JUDGED},

	{"PACKED-DEV-12", DEVICE, MUST, DESCRIBED, S_WRAP,
		"The device's wrap counter starts at 1 and changes each time the last descriptor "
		"of the ring has been used.", JUDGED},
	{"PACKED-DEV-13", DEVICE, MUST, DESCRIBED, S_WRAP,
		"In a used descriptor, VIRTQ_DESC_F_USED (bit 15) and VIRTQ_DESC_F_AVAIL (bit 7) "
		"are both equal to the device's wrap counter.", JUDGED},

	{"PACKED-DEV-14", DEVICE, MUST, DESCRIBED, S_NEXT_FLAG,
		"The device writes one used descriptor for each list, with the buffer id from the "
		"list's last descriptor, and then skips as many descriptors as the list has.",
		JUDGED},

	{"PACKED-DEV-15", DEVICE, MUST, DESCRIBED, S_WRITE_FLAG,
		"In a used descriptor, VIRTQ_DESC_F_WRITE says whether the device has written to "
		"the buffer, and if so the length says how much.", JUDGED},

	{"PACKED-DEV-16", DEVICE, MUST, DESCRIBED, S_PACKED_INDIRECT,
		"The entries of an indirect table are used one after the other; the device "
		"ignores their flags other than VIRTQ_DESC_F_WRITE and their buffer id, and "
		"VIRTQ_DESC_F_WRITE in the descriptor that refers to the table.", JUDGED},

	{"PACKED-DEV-17", DEVICE, MUST, DESCRIBED, S_SUPPRESSION,
		"The flags in the Driver Area rule used buffer notifications: 0 always, 1 never, "
		"and 2, with VIRTIO_F_EVENT_IDX, only when the descriptor at the given offset and "
		"wrap counter is used.", JUDGED},

	{"PACKED-DEV-18", DEVICE, MUST, DESCRIBED, S_PACKED_SIZES,
		"A packed queue can have any size up to 32768, a power of two or not.", JUDGED},
	{"PACKED-DEV-19", DEVICE, MUST, DESCRIBED, S_PACKED_SIZES,
		"A packed queue of N entries has a descriptor ring of 16*N bytes, aligned to 16, "
		"and two event suppression structures of 4 bytes, aligned to 4.", JUDGED},

	{"PACKED-DEV-20", DEVICE, MAY, DESCRIBED, S_PACKED_IN_ORDER,
		"With VIRTIO_F_IN_ORDER negotiated, a device can report a batch of buffers by a "
		"single used descriptor, whose buffer id is that of the last one.", JUDGED},

	{"PACKED-DRV-01", DRIVER, MUST, KEYWORD, S_PACKED_DRV,
		"The driver must align each part of a queue: the descriptor ring to 16 bytes, the "
		"two event suppression structures to 4.", JUDGED},

	{"PACKED-DRV-02", DRIVER, MUST_NOT, KEYWORD, S_PACKED_TABLE_DRV,
		"The driver must not change a descriptor that the device has until it has seen "
		"its VIRTQ_DESC_F_USED bit change.", JUDGED},
	{"PACKED-DRV-03", DRIVER, MUST_NOT, KEYWORD, S_PACKED_TABLE_DRV,
		"Once it has changed VIRTQ_DESC_F_AVAIL of a descriptor, the driver must not "
		"change the descriptor any more.", JUDGED},
	{"PACKED-DRV-04", DRIVER, MUST, KEYWORD, S_PACKED_TABLE_DRV,
		"The driver must set offset and wrap counter of a notification to the next "
		"descriptor that it has not made available yet.", JUDGED},
	{"PACKED-DRV-05", DRIVER, MAY, KEYWORD, S_PACKED_TABLE_DRV,
		"The driver may send several notifications without making new descriptors "
		"available.",
		"A permission: one notification is enough. What each of them carries is "
		"PACKED-DRV-04."},

	{"PACKED-DRV-06", DRIVER, MUST_NOT, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must not make a list of descriptors that is longer than the device "
		"allows.", JUDGED},
	{"PACKED-DRV-07", DRIVER, MUST_NOT, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must not make a list of descriptors that is longer than the queue "
		"size, which also forbids loops.", JUDGED},
	{"PACKED-DRV-08", DRIVER, MUST, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must place the device-writable elements of a buffer after all the "
		"device-readable ones.", JUDGED},
	{"PACKED-DRV-09", DRIVER, MUST_NOT, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must not begin to write a list in the hope that the device will use "
		"more descriptors before the list is complete.", JUDGED},
	{"PACKED-DRV-10", DRIVER, MUST, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must make sure that the ring has room for the whole list before it "
		"makes the list's first descriptor available.", JUDGED},
	{"PACKED-DRV-11", DRIVER, MUST_NOT, KEYWORD, S_PACKED_LIST_DRV,
		"The driver must not show the first descriptor of a list as available while "
		"others of the list are not.", JUDGED},

	{"PACKED-DRV-12", DRIVER, MUST_NOT, KEYWORD, S_PACKED_INDIRECT_DRV,
		"The driver must not set VIRTQ_DESC_F_INDIRECT if VIRTIO_F_INDIRECT_DESC was not "
		"negotiated.", JUDGED},
	{"PACKED-DRV-13", DRIVER, MUST_NOT, KEYWORD, S_PACKED_INDIRECT_DRV,
		"The driver must not set any flag but VIRTQ_DESC_F_WRITE inside an indirect "
		"table.", JUDGED},
	{"PACKED-DRV-14", DRIVER, MUST_NOT, KEYWORD, S_PACKED_INDIRECT_DRV,
		"The driver must not make a chain in an indirect table that is longer than the "
		"device allows.", JUDGED},
	{"PACKED-DRV-15", DRIVER, MUST_NOT, KEYWORD, S_PACKED_INDIRECT_DRV,
		"The driver must not put a descriptor with VIRTQ_DESC_F_INDIRECT into a list that "
		"is chained by VIRTQ_DESC_F_NEXT.", JUDGED},

	{"PACKED-DRV-16", DRIVER, MAY, KEYWORD, S_PACKED_PLACING,
		"The driver may use several descriptors for one request, and then writes the "
		"flags of the first one last.",
		"A permission: one descriptor is as good where it is enough. The order of the "
		"flags is PACKED-DRV-11."},

	{"PACKED-DRV-17", DRIVER, MUST, KEYWORD, S_PACKED_FLAGS_DRV,
		"The driver must issue a suitable memory barrier before it writes a descriptor's "
		"flags, so that the device sees what they make available.",
		"A barrier leaves no mark in a trace, and memory that looks right once proves "
		"nothing. Needs the driver's source, or a tool that knows the memory model."},

	{"PACKED-DRV-18", DRIVER, MUST, KEYWORD, S_PACKED_SENDING_DRV,
		"The driver must issue a suitable memory barrier before it reads the event "
		"suppression structure in the Device Area, so that it misses no need to notify.",
		"A barrier leaves no mark in a trace, and memory that looks right once proves "
		"nothing. Needs the driver's source, or a tool that knows the memory model."},

	{"PACKED-DRV-19", DRIVER, MAY, KEYWORD, S_PACKED_RECEIVING,
		"The driver may switch used buffer notifications off while it works through used "
		"buffers.",
		"A permission: a driver can leave them on."},
