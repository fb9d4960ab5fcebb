/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: split virtqueues. */

	{"SPLIT-DEV-01", DEVICE, MUST_NOT, KEYWORD, S_FRAMING_DEV,
		"The device must not assume anything of how a buffer is divided into descriptors.",
		JUDGED},
	{"SPLIT-DEV-02", DEVICE, MAY, KEYWORD, S_FRAMING_DEV,
		"The device may set a limit, within reason, to the descriptors in one chain.",
		"A permission without a number: the checks stay within what the device says it "
		"takes, and within the queue size."},

	{"SPLIT-DEV-03", DEVICE, MUST_NOT, KEYWORD, S_TABLE_DEV,
		"The device must not write to a buffer that is only for it to read.", JUDGED},
	{"SPLIT-DEV-04", DEVICE, SHOULD_NOT, KEYWORD, S_TABLE_DEV,
		"The device should not read a buffer that is only for it to write.",
		"A read leaves memory as it is. Needs memory with read traps, which the target "
		"interface does not have."},
	{"SPLIT-DEV-05", DEVICE, MAY, KEYWORD, S_TABLE_DEV,
		"The device may read a buffer that is for it to write, for debugging or "
		"diagnosis.",
		"A permission, the exception to SPLIT-DEV-04."},
	{"SPLIT-DEV-06", DEVICE, MUST_NOT, KEYWORD, S_TABLE_DEV,
		"The device must not write to an entry of a descriptor table.", JUDGED},

	{"SPLIT-DEV-07", DEVICE, MUST, KEYWORD, S_INDIRECT_DEV,
		"The device must ignore VIRTQ_DESC_F_WRITE in a descriptor that refers to an "
		"indirect table.", JUDGED},
	{"SPLIT-DEV-08", DEVICE, MUST, KEYWORD, S_INDIRECT_DEV,
		"The device must cope with a chain of any number of ordinary descriptors, none "
		"included, that ends in one with VIRTQ_DESC_F_INDIRECT.", JUDGED},

	{"SPLIT-DEV-09", DEVICE, MUST, KEYWORD, S_USED_NOTIFY_DEV,
		"Without VIRTIO_F_EVENT_IDX, the device must ignore what is in used_event.",
		JUDGED},
	{"SPLIT-DEV-10", DEVICE, SHOULD_NOT, KEYWORD, S_USED_NOTIFY_DEV,
		"Without VIRTIO_F_EVENT_IDX and with the available ring's flags at 1, a used "
		"entry should not be followed by a notification.", JUDGED},
	{"SPLIT-DEV-11", DEVICE, MUST, KEYWORD, S_USED_NOTIFY_DEV,
		"Without VIRTIO_F_EVENT_IDX and with the available ring's flags at 0, a used "
		"entry must be followed by a notification.", JUDGED},
	{"SPLIT-DEV-12", DEVICE, MUST, KEYWORD, S_USED_NOTIFY_DEV,
		"With VIRTIO_F_EVENT_IDX, the device must ignore the lowest bit of the available "
		"ring's flags.", JUDGED},
	{"SPLIT-DEV-13", DEVICE, MUST, KEYWORD, S_USED_NOTIFY_DEV,
		"With VIRTIO_F_EVENT_IDX, the used entry whose index equals used_event must be "
		"followed by a notification.", JUDGED},
	{"SPLIT-DEV-14", DEVICE, SHOULD_NOT, KEYWORD, S_USED_NOTIFY_DEV,
		"With VIRTIO_F_EVENT_IDX, a used entry whose index is not used_event should not "
		"be followed by a notification.", JUDGED},

	{"SPLIT-DEV-15", DEVICE, MUST, KEYWORD, S_USED_RING_DEV,
		"The device must set len of a used entry before it moves the used index past it.",
		JUDGED},
	{"SPLIT-DEV-16", DEVICE, MUST, KEYWORD, S_USED_RING_DEV,
		"Before it moves the used index, the device must have written at least len bytes "
		"of the buffer, from the first device-writable byte on.", JUDGED},
	{"SPLIT-DEV-17", DEVICE, MAY, KEYWORD, S_USED_RING_DEV,
		"What the device writes to a buffer may be more than len says.",
		"A permission, within the device-writable part. That no device writes elsewhere "
		"is SPLIT-DEV-03."},

	{"SPLIT-DEV-18", DEVICE, MUST, KEYWORD, S_AVAIL_NOTIFY_DEV,
		"Without VIRTIO_F_EVENT_IDX, the device must set the used ring's flags to 0 or to "
		"1.", JUDGED},
	{"SPLIT-DEV-19", DEVICE, MAY, KEYWORD, S_AVAIL_NOTIFY_DEV,
		"Without VIRTIO_F_EVENT_IDX, the device may set the used ring's flags to 1, to "
		"say that it needs no notifications.", JUDGED},
	{"SPLIT-DEV-20", DEVICE, MUST, KEYWORD, S_AVAIL_NOTIFY_DEV,
		"With VIRTIO_F_EVENT_IDX, the device must set the used ring's flags to 0.", JUDGED},
	{"SPLIT-DEV-21", DEVICE, MAY, KEYWORD, S_AVAIL_NOTIFY_DEV,
		"With VIRTIO_F_EVENT_IDX, the device may use avail_event to say up to which "
		"available entry it needs no notification.", JUDGED},
	{"SPLIT-DEV-22", DEVICE, MUST, KEYWORD, S_AVAIL_NOTIFY_DEV,
		"The device must cope with notifications that come for no reason.", JUDGED},

	{"SPLIT-DEV-23", DEVICE, MAY, KEYWORD, S_UPDATE_IDX,
		"The device may access chains and their memory as soon as the available index "
		"covers them.",
		"A permission: a device can also wait for the notification. The checks write all "
		"of a chain before they move the index, and expect nothing before they notify."},

	{"SPLIT-DEV-24", DEVICE, MAY, KEYWORD, S_NOTIFYING,
		"The device may suppress the notifications that it does not need.",
		"A permission. By which fields it does so is judged by SPLIT-DEV-18 and "
		"SPLIT-DEV-20."},

	{"SPLIT-DEV-25", DEVICE, MUST, DESCRIBED, S_SPLIT,
		"A queue of N entries has a descriptor table of 16*N bytes, an available ring of "
		"6+2*N and a used ring of 6+8*N, aligned to 16, 2 and 4 bytes at least.", JUDGED},
	{"SPLIT-DEV-26", DEVICE, MUST, DESCRIBED, S_SPLIT,
		"The size of a split queue is a power of two, and at most 32768.", JUDGED},

	{"SPLIT-DEV-27", DEVICE, MUST, DESCRIBED, S_USED_RING,
		"A used entry has the index of the chain's first descriptor as id, and as len the "
		"number of bytes that were written to the buffer.", JUDGED},
	{"SPLIT-DEV-28", DEVICE, MUST, DESCRIBED, S_USED_RING,
		"The used index starts at 0 and grows by one with each used buffer, whose entry "
		"stands at the index modulo the queue size.", JUDGED},

	{"SPLIT-DEV-29", DEVICE, MUST, DESCRIBED, S_INDIRECT,
		"The chain in an indirect table starts at its entry 0, follows next, and ends at "
		"the first entry without VIRTQ_DESC_F_NEXT.", JUDGED},

	{"SPLIT-DEV-30", DEVICE, MAY, DESCRIBED, S_SPLIT_IN_ORDER,
		"With VIRTIO_F_IN_ORDER negotiated, a device can report a batch of buffers by a "
		"single used entry, that of the last one, and advance the used index by the size "
		"of the batch.", JUDGED},

	{"SPLIT-DRV-01", DRIVER, MUST, KEYWORD, S_SPLIT_DRV,
		"The driver must align each part of a queue: the descriptor table to 16 bytes, "
		"the available ring to 2, the used ring to 4.", JUDGED},

	{"SPLIT-DRV-02", DRIVER, MUST, KEYWORD, S_FRAMING_DRV,
		"The driver must place the device-writable elements of a buffer after all the "
		"device-readable ones.", JUDGED},
	{"SPLIT-DRV-03", DRIVER, SHOULD_NOT, KEYWORD, S_FRAMING_DRV,
		"The driver should not use more descriptors for a buffer than is reasonable.",
		"The specification says excessive and gives no number: whatever number a rule had "
		"would be our own. A chain that is longer than the queue is SPLIT-DRV-08."},

	{"SPLIT-DRV-04", DRIVER, MUST_NOT, KEYWORD, S_TABLE_DRV,
		"The driver must not add a chain of more than 2^32 bytes in total, which also "
		"forbids loops.", JUDGED},
	{"SPLIT-DRV-05", DRIVER, MUST, KEYWORD, S_TABLE_DRV,
		"With VIRTIO_F_IN_ORDER negotiated, the driver must set next of a chained "
		"descriptor x to x+1, and to 0 in the last entry of the table.", JUDGED},

	{"SPLIT-DRV-06", DRIVER, MUST_NOT, KEYWORD, S_INDIRECT_DRV,
		"The driver must not set VIRTQ_DESC_F_INDIRECT if VIRTIO_F_INDIRECT_DESC (28) was "
		"not negotiated.", JUDGED},
	{"SPLIT-DRV-07", DRIVER, MUST_NOT, KEYWORD, S_INDIRECT_DRV,
		"The driver must not set VIRTQ_DESC_F_INDIRECT inside an indirect table.", JUDGED},
	{"SPLIT-DRV-08", DRIVER, MUST_NOT, KEYWORD, S_INDIRECT_DRV,
		"The driver must not make a chain longer than the queue size.", JUDGED},
	{"SPLIT-DRV-09", DRIVER, MUST_NOT, KEYWORD, S_INDIRECT_DRV,
		"The driver must not set VIRTQ_DESC_F_INDIRECT and VIRTQ_DESC_F_NEXT in the same "
		"descriptor.", JUDGED},
	{"SPLIT-DRV-10", DRIVER, MUST, KEYWORD, S_INDIRECT_DRV,
		"With VIRTIO_F_IN_ORDER negotiated, the driver must lay out an indirect table in "
		"sequence, so that next is 1, 2 and so on.", JUDGED},

	{"SPLIT-DRV-11", DRIVER, MUST_NOT, KEYWORD, S_AVAIL_RING_DRV,
		"The driver must not move the available index backwards.", JUDGED},

	{"SPLIT-DRV-12", DRIVER, MUST, KEYWORD, S_USED_NOTIFY_DRV,
		"Without VIRTIO_F_EVENT_IDX, the driver must set the available ring's flags to 0 "
		"or to 1.", JUDGED},
	{"SPLIT-DRV-13", DRIVER, MAY, KEYWORD, S_USED_NOTIFY_DRV,
		"Without VIRTIO_F_EVENT_IDX, the driver may set the available ring's flags to 1, "
		"to say that it needs no notifications.",
		"A permission: a driver can be notified of each buffer too. Which values the "
		"flags can have is SPLIT-DRV-12."},
	{"SPLIT-DRV-14", DRIVER, MUST, KEYWORD, S_USED_NOTIFY_DRV,
		"With VIRTIO_F_EVENT_IDX, the driver must set the available ring's flags to 0.",
		JUDGED},
	{"SPLIT-DRV-15", DRIVER, MAY, KEYWORD, S_USED_NOTIFY_DRV,
		"With VIRTIO_F_EVENT_IDX, the driver may use used_event to say up to which used "
		"entry it needs no notification.",
		"A permission: any value of used_event is a good one, and a hint only."},
	{"SPLIT-DRV-16", DRIVER, MUST, KEYWORD, S_USED_NOTIFY_DRV,
		"The driver must cope with notifications that come for no reason.", JUDGED},

	{"SPLIT-DRV-17", DRIVER, MUST_NOT, KEYWORD, S_USED_RING_DRV,
		"The driver must not assume anything of the data in a device-writable buffer "
		"beyond the first len bytes.", JUDGED},
	{"SPLIT-DRV-18", DRIVER, SHOULD, KEYWORD, S_USED_RING_DRV,
		"The driver should ignore the data in a device-writable buffer beyond the first "
		"len bytes.", JUDGED},

	{"SPLIT-DRV-19", DRIVER, MUST, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"The driver must set the used ring's flags to 0 when it allocates the ring.",
		JUDGED},
	{"SPLIT-DRV-20", DRIVER, MUST, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"Without VIRTIO_F_EVENT_IDX, the driver must ignore what is in avail_event.",
		JUDGED},
	{"SPLIT-DRV-21", DRIVER, SHOULD_NOT, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"Without VIRTIO_F_EVENT_IDX and with the used ring's flags at 1, an available "
		"entry should not be followed by a notification.", JUDGED},
	{"SPLIT-DRV-22", DRIVER, MUST, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"Without VIRTIO_F_EVENT_IDX and with the used ring's flags at 0, an available "
		"entry must be followed by a notification.", JUDGED},
	{"SPLIT-DRV-23", DRIVER, MUST, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"With VIRTIO_F_EVENT_IDX, the driver must ignore the lowest bit of the used "
		"ring's flags.", JUDGED},
	{"SPLIT-DRV-24", DRIVER, MUST, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"With VIRTIO_F_EVENT_IDX, the available entry whose index equals avail_event must "
		"be followed by a notification.", JUDGED},
	{"SPLIT-DRV-25", DRIVER, SHOULD_NOT, KEYWORD, S_AVAIL_NOTIFY_DRV,
		"With VIRTIO_F_EVENT_IDX, an available entry whose index is not avail_event "
		"should not be followed by a notification.", JUDGED},

	{"SPLIT-DRV-26", DRIVER, MAY, KEYWORD, S_SUPPLYING,
		"The driver may place several buffers before it moves the available index.",
		"A permission: one at a time is as good."},

	{"SPLIT-DRV-27", DRIVER, MAY, KEYWORD, S_UPDATE_AVAIL,
		"The driver may write the head of each chain to the available ring right at the "
		"available index, one chain at a time.",
		"A permission: an example of a simple driver in the specification."},
	{"SPLIT-DRV-28", DRIVER, MAY, KEYWORD, S_UPDATE_AVAIL,
		"The driver may add many chains before it moves the available index.",
		"A permission: one at a time is as good."},

	{"SPLIT-DRV-29", DRIVER, MUST, KEYWORD, S_UPDATE_IDX_DRV,
		"The driver must issue a suitable memory barrier before it moves the available "
		"index, so that the device sees what the index covers.",
		"A barrier leaves no mark in a trace, and memory that looks right once proves "
		"nothing. Needs the driver's source, or a tool that knows the memory model."},

	{"SPLIT-DRV-30", DRIVER, MUST, KEYWORD, S_NOTIFYING_DRV,
		"The driver must issue a suitable memory barrier between moving the available "
		"index and reading the used ring's flags or avail_event, so that it misses no "
		"need to notify.",
		"A barrier leaves no mark in a trace; a notification that got lost for want of "
		"one is SPLIT-DRV-22 or SPLIT-DRV-24. Needs the driver's source, or a tool that "
		"knows the memory model."},

	{"SPLIT-DRV-31", DRIVER, MAY, KEYWORD, S_RECEIVING,
		"The driver may switch used buffer notifications off while it works through the "
		"used ring.",
		"A permission: a driver can leave them on. Which values the flags can have is "
		"SPLIT-DRV-12 and SPLIT-DRV-14."},
