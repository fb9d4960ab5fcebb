/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: block, the device. */

#define ZONED_DEVICE \
	"Waits for a zoned target: none of the suite's targets offers VIRTIO_BLK_F_ZONED, " \
	"so that no check of it could be shown to find anything."

	{"BLK-DEV-01", DEVICE, SHOULD, KEYWORD, S_BLOCK_INIT_DEV,
		"The device should always offer VIRTIO_BLK_F_FLUSH (9).", JUDGED},
	{"BLK-DEV-02", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"A device that offers VIRTIO_BLK_F_CONFIG_WCE (11) must offer VIRTIO_BLK_F_FLUSH "
		"too.", JUDGED},
	{"BLK-DEV-03", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"With VIRTIO_BLK_F_CONFIG_WCE negotiated and VIRTIO_BLK_F_FLUSH not, the device "
		"must begin with a writeback field of 0.", JUDGED},
	{"BLK-DEV-04", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The padding bytes unused0 and unused1 of the configuration space must be 0.",
		JUDGED},
	{"BLK-DEV-05", DEVICE, SHOULD_NOT, KEYWORD, S_BLOCK_INIT_DEV,
		"A device that is not zoned should not offer VIRTIO_BLK_F_ZONED (17).", JUDGED},
	{"BLK-DEV-06", DEVICE, SHOULD, KEYWORD, S_BLOCK_INIT_DEV,
		"If VIRTIO_BLK_F_ZONED is not accepted, a device of the model host-aware or none "
		"should go on with the initialisation, and set all fields of the zoned "
		"characteristics to zero.",
		ZONED_DEVICE},
	{"BLK-DEV-07", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"If VIRTIO_BLK_F_ZONED is not accepted, a host-managed device must leave "
		"FEATURES_OK clear when the driver writes it.",
		ZONED_DEVICE},
	{"BLK-DEV-08", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"With VIRTIO_BLK_F_ZONED negotiated, the field model must say how the device "
		"works: 0 as a drive-managed or ordinary one, 1 as a host-managed one, 2 as a "
		"host-aware one.",
		ZONED_DEVICE},
	{"BLK-DEV-09", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set zone_sectors to the size of one "
		"zone.",
		ZONED_DEVICE},
	{"BLK-DEV-10", DEVICE, MAY, KEYWORD, S_BLOCK_INIT_DEV,
		"The last zone may be smaller than the others.",
		"A permission: it can be as large as the others too."},
	{"BLK-DEV-11", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set max_open_zones to the number of "
		"zones that can be open, or to zero if there is no limit.",
		ZONED_DEVICE},
	{"BLK-DEV-12", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set max_active_zones to the number "
		"of zones that can be active, or to zero if there is no limit.",
		ZONED_DEVICE},
	{"BLK-DEV-13", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set max_append_sectors to the "
		"largest size of data that a VIRTIO_BLK_T_ZONE_APPEND request can have.",
		ZONED_DEVICE},
	{"BLK-DEV-14", DEVICE, MUST_NOT, KEYWORD, S_BLOCK_INIT_DEV,
		"The value of max_append_sectors must not be more than seg_max * size_max.",
		ZONED_DEVICE},
	{"BLK-DEV-15", DEVICE, MAY, KEYWORD, S_BLOCK_INIT_DEV,
		"A device without VIRTIO_BLK_T_ZONE_APPEND may set max_append_sectors to zero.",
		"A permission: the field's value is then of no use to anybody."},
	{"BLK-DEV-16", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set write_granularity to what "
		"offset and size of writes and appends to a sequential zone have to be aligned "
		"to.",
		ZONED_DEVICE},
	{"BLK-DEV-17", DEVICE, MUST, KEYWORD, S_BLOCK_INIT_DEV,
		"The device, host-managed or host-aware, must set the padding bytes unused2 to 0.",
		ZONED_DEVICE},

	{"BLK-DEV-18", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"The device may change its capacity while it is in operation.",
		"A permission: a device can keep its size for ever. What a change brings with it "
		"is BLK-DEV-19."},
	{"BLK-DEV-19", DEVICE, SHOULD, KEYWORD, S_BLOCK_DEV,
		"The device should send a configuration change notification when its capacity "
		"changes.", JUDGED},
	{"BLK-DEV-20", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A device that offers VIRTIO_BLK_F_RO (5) must end write requests with the status "
		"VIRTIO_BLK_S_IOERR, whether the driver has accepted the feature or not.", JUDGED},
	{"BLK-DEV-21", DEVICE, MUST_NOT, KEYWORD, S_BLOCK_DEV,
		"A device that offers VIRTIO_BLK_F_RO must not write any data.", JUDGED},
	{"BLK-DEV-22", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a discard, a secure erase or a write zeroes that has an "
		"unknown flag set with the status VIRTIO_BLK_S_UNSUPP.", JUDGED},
	{"BLK-DEV-23", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a discard that has the unmap flag set with the status "
		"VIRTIO_BLK_S_UNSUPP.", JUDGED},
	{"BLK-DEV-24", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"The device may give back the storage of the sectors of a discard.",
		"A permission: a discard that changes nothing is as right as one that does, and "
		"what is read from the sectors afterwards is not laid down."},
	{"BLK-DEV-25", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"The device may give back the storage of the sectors of a write zeroes that has "
		"the unmap flag set.",
		"A permission: a device can write the zeroes too. What is read afterwards is "
		"BLK-DEV-26."},
	{"BLK-DEV-26", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"Once a write zeroes is complete, reads of its sectors must give zeroes, with and "
		"without the unmap flag.", JUDGED},
	{"BLK-DEV-27", DEVICE, SHOULD, KEYWORD, S_BLOCK_DEV,
		"The device should clear write_zeroes_may_unmap if a write zeroes can never give "
		"back storage, and only then.",
		"Whether storage was given back is known below the device only, and the target "
		"interface does not tell. Needs a target that says which sectors its storage "
		"holds."},
	{"BLK-DEV-28", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"The device may change write_zeroes_may_unmap while it is in operation.",
		"A permission: a device can keep the value for ever."},
	{"BLK-DEV-29", DEVICE, SHOULD, KEYWORD, S_BLOCK_DEV,
		"The device should send a configuration change notification when "
		"write_zeroes_may_unmap changes.",
		"The target interface has no means to make this field change: change_config "
		"resizes the disk. A change of that kind is judged by BLK-DEV-19."},
	{"BLK-DEV-30", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A device with persistent storage must have stable writes on it before it reports "
		"completion: of the write, if neither VIRTIO_BLK_F_CONFIG_WCE nor "
		"VIRTIO_BLK_F_FLUSH was negotiated although the latter was offered, or if "
		"writeback was 0 all the time; else of the flush after it.",
		JUDGED},
	{"BLK-DEV-31", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"A device that does not offer VIRTIO_BLK_F_FLUSH may also have writes on "
		"persistent storage before it reports their completion.",
		"A permission: such a device promises nothing."},
	{"BLK-DEV-32", DEVICE, SHOULD, KEYWORD, S_BLOCK_DEV,
		"A device whose storage has lifetime metrics should offer VIRTIO_BLK_F_LIFETIME "
		"(15).",
		"What the storage can measure is not in the target interface. Needs storage with "
		"such metrics, as eMMC and UFS have them, behind a device that does not offer them."},
	{"BLK-DEV-33", DEVICE, MUST_NOT, KEYWORD, S_BLOCK_DEV,
		"The device must not offer VIRTIO_BLK_F_LIFETIME if its storage has no lifetime "
		"metrics, or none that mean anything.",
		JUDGED},
	{"BLK-DEV-34", DEVICE, MUST_NOT, KEYWORD, S_BLOCK_DEV,
		"The lifetime metrics must not have values that are reserved.",
		JUDGED},
	{"BLK-DEV-35", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"Without VIRTIO_BLK_F_ZONED negotiated, the device must end all zone requests "
		"(types 15, 16, 18, 20, 22, 24 and 26) with the status VIRTIO_BLK_S_UNSUPP.",
		JUDGED},
	{"BLK-DEV-36", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a zone open, close, finish or reset of a conventional zone "
		"with the status VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-37", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a zone append to a zone that is not of the type sequential "
		"write required with the status VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-38", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a zone open with the status VIRTIO_BLK_S_ZONE_INVALID_CMD if "
		"the zone cannot become open.",
		ZONED_DEVICE},
	{"BLK-DEV-39", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"If resources are not enough for a zone open, the zone keeps its state and the "
		"request must end with the status VIRTIO_BLK_S_ZONE_OPEN_RESOURCE or "
		"VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE.",
		ZONED_DEVICE},
	{"BLK-DEV-40", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must end a zone close with the status VIRTIO_BLK_S_ZONE_INVALID_CMD "
		"if the zone cannot become closed.",
		ZONED_DEVICE},
	{"BLK-DEV-41", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"If a zone cannot become full, it keeps its state and the zone finish must end "
		"with the status VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-42", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"If a zone cannot become empty, it keeps its state and the zone reset must end "
		"with the status VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-43", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A write or append to an empty or closed zone of the type sequential write "
		"required that cannot be opened for want of resources must end with the status "
		"VIRTIO_BLK_S_ZONE_OPEN_RESOURCE or VIRTIO_BLK_S_ZONE_ACTIVE_RESOURCE.",
		ZONED_DEVICE},
	{"BLK-DEV-44", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A zone append whose sector is not the lowest of a zone must end with the status "
		"VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-45", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A write or append of more data than the zone has room for must end with the "
		"status VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-46", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"When a zone append succeeds, append_sector must hold the first sector that was "
		"written.",
		ZONED_DEVICE},
	{"BLK-DEV-47", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A zone append of more than max_append_sectors must end with the status "
		"VIRTIO_BLK_S_UNSUPP if that limit is zero.",
		ZONED_DEVICE},
	{"BLK-DEV-48", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A zone append of more than max_append_sectors must end with the status "
		"VIRTIO_BLK_S_ZONE_INVALID_CMD if that limit is not zero.",
		ZONED_DEVICE},
	{"BLK-DEV-49", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"An append, read or write that is made to a zone of the type sequential write "
		"required and reaches into another zone must end with the status "
		"VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-50", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A write whose sector is not at the zone's write pointer must end with the status "
		"VIRTIO_BLK_S_ZONE_UNALIGNED_WP.",
		ZONED_DEVICE},
	{"BLK-DEV-51", DEVICE, MAY, KEYWORD, S_BLOCK_DEV,
		"The device may close implicitly open zones by itself, so as not to run out of "
		"resources.",
		"A permission: a device can refuse to open another zone too, by BLK-DEV-39 and "
		"BLK-DEV-43."},
	{"BLK-DEV-52", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A write or append to a read-only zone must end with the status "
		"VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-53", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"Any request to a zone that is offline must end with the status "
		"VIRTIO_BLK_S_ZONE_INVALID_CMD.",
		ZONED_DEVICE},
	{"BLK-DEV-54", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must take the sectors between a zone's write pointer and its end for "
		"data that was never written.",
		ZONED_DEVICE},
	{"BLK-DEV-55", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"A read of data that was never written must either give a byte pattern of the "
		"device's or fail.",
		ZONED_DEVICE},
	{"BLK-DEV-56", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"With VIRTIO_BLK_F_SECURE_ERASE negotiated as well, secure_erase_sector_alignment "
		"must be a multiple of zone_sectors.",
		ZONED_DEVICE},
	{"BLK-DEV-57", DEVICE, MUST, KEYWORD, S_BLOCK_DEV,
		"The device must treat a secure erase like a zone reset of the same range.",
		ZONED_DEVICE},

	{"BLK-DEV-58", DEVICE, MUST, DESCRIBED, S_BLOCK,
		"The last byte of a request is its status, written by the device: 0 for success, "
		"1 for an error, 2 for a request that the device does not support.", JUDGED},
	{"BLK-DEV-59", DEVICE, MUST, DESCRIBED, S_BLOCK,
		"Reads and writes move whole sectors of 512 bytes, from the given sector on.",
		JUDGED},
	{"BLK-DEV-60", DEVICE, MUST, DESCRIBED, S_BLOCK,
		"A request of the type VIRTIO_BLK_T_GET_ID is answered by an ASCII string of at "
		"most 20 bytes, filled up with NULs if it is shorter.", JUDGED},
