/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: block, the driver. */

#define ZONED_DRIVER \
	"Waits for a zoned device: none of those that the suite can put before a driver " \
	"offers VIRTIO_BLK_F_ZONED, so that no rule for it could be shown to find " \
	"anything."

	{"BLK-DRV-01", DRIVER, MUST, KEYWORD, S_BLOCK_DEV,
		"With VIRTIO_BLK_F_SECURE_ERASE negotiated as well, the data size of a secure "
		"erase must be a multiple of zone_sectors; the specification has it among the "
		"device's requirements, but the driver makes the request.",
		ZONED_DRIVER},

	{"BLK-DRV-02", DRIVER, SHOULD_NOT, KEYWORD, S_BLOCK_INIT_DRV,
		"A driver that cannot send flush requests should not negotiate "
		"VIRTIO_BLK_F_FLUSH.",
		"A trace without a flush may only mean that there was nothing to flush: what a "
		"driver is able to send is its author's to say."},
	{"BLK-DRV-03", DRIVER, MAY, KEYWORD, S_BLOCK_INIT_DRV,
		"With neither VIRTIO_BLK_F_CONFIG_WCE nor VIRTIO_BLK_F_FLUSH negotiated, the "
		"driver may conclude that writes go through to the storage.",
		"A permission: a driver can be more careful than that."},
	{"BLK-DRV-04", DRIVER, SHOULD, KEYWORD, S_BLOCK_INIT_DRV,
		"With VIRTIO_BLK_F_FLUSH negotiated and VIRTIO_BLK_F_CONFIG_WCE not, the driver "
		"should expect that the device caches writes.",
		"What a driver expects shows only in when it flushes, and when it has to is known "
		"to those who use the disk. Needs the driver's source."},
	{"BLK-DRV-05", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_INIT_DRV,
		"The driver must not read the writeback field before it has set FEATURES_OK.",
		JUDGED},
	{"BLK-DRV-06", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_INIT_DRV,
		"A driver that cannot support all of the zone models host-managed, host-aware and "
		"none must not negotiate VIRTIO_BLK_F_ZONED.",
		ZONED_DRIVER},
	{"BLK-DRV-07", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_INIT_DRV,
		"If VIRTIO_BLK_F_ZONED is offered with the host-managed model, "
		"VIRTIO_BLK_F_DISCARD must not be offered by the driver; the specification says "
		"so, and most likely means the device.",
		ZONED_DRIVER},
	{"BLK-DRV-08", DRIVER, MAY, KEYWORD, S_BLOCK_INIT_DRV,
		"If VIRTIO_BLK_F_ZONED and VIRTIO_BLK_F_DISCARD are both offered with the model "
		"host-aware or none, the driver may accept the one without the other.",
		"A permission: a driver can take both, or neither."},
	{"BLK-DRV-09", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_INIT_DRV,
		"A driver that does not support host-managed devices must not set FEATURES_OK "
		"after it has negotiated VIRTIO_BLK_F_ZONED and read that model, but set FAILED.",
		ZONED_DRIVER},
	{"BLK-DRV-10", DRIVER, MAY, KEYWORD, S_BLOCK_INIT_DRV,
		"A driver that does not support zones may treat a host-aware device as one "
		"without.",
		"A permission: a driver can give up such a device too."},
	{"BLK-DRV-11", DRIVER, SHOULD, KEYWORD, S_BLOCK_INIT_DRV,
		"A driver that treats a host-aware device as one without zones should ignore the "
		"other fields of the zoned characteristics.",
		ZONED_DRIVER},

	{"BLK-DRV-12", DRIVER, SHOULD, KEYWORD, S_BLOCK_DRV,
		"On a configuration change notification the driver should look whether capacity "
		"has changed.", JUDGED},
	{"BLK-DRV-13", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"The driver must not make a request that would read or write beyond capacity.",
		JUDGED},
	{"BLK-DRV-14", DRIVER, SHOULD, KEYWORD, S_BLOCK_DRV,
		"The driver should accept VIRTIO_BLK_F_RO if it is offered.", JUDGED},
	{"BLK-DRV-15", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"A flush must have 0 as its sector.", JUDGED},
	{"BLK-DRV-16", DRIVER, SHOULD_NOT, KEYWORD, S_BLOCK_DRV,
		"The driver should not give a flush any data.", JUDGED},
	{"BLK-DRV-17", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"The data of a read or a write must be a multiple of 512 bytes long.", JUDGED},
	{"BLK-DRV-18", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"The data of a discard, a secure erase or a write zeroes must be a multiple of 16 "
		"bytes long, the size of a segment.", JUDGED},
	{"BLK-DRV-19", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"The data of a VIRTIO_BLK_T_GET_ID request must be 20 bytes long.", JUDGED},
	{"BLK-DRV-20", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"A discard must not have more segments than max_discard_seg.", JUDGED},
	{"BLK-DRV-21", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"A secure erase must not have more segments than max_secure_erase_seg.", JUDGED},
	{"BLK-DRV-22", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"A write zeroes must not have more segments than max_write_zeroes_seg.", JUDGED},
	{"BLK-DRV-23", DRIVER, MAY, KEYWORD, S_BLOCK_DRV,
		"With VIRTIO_BLK_F_CONFIG_WCE negotiated, the driver may switch the write cache "
		"off and on by writing 0 and 1 to writeback.",
		"A permission: a driver can leave the cache as it is."},
	{"BLK-DRV-24", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"After it has switched to write-through, by writing 0 to writeback, the driver "
		"must not take earlier volatile writes for committed.",
		"An assumption is inside the driver: a driver that sends no flush may have no "
		"need of one. Needs the driver's source."},
	{"BLK-DRV-25", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"The driver must clear the unmap flag in the segments of a discard.", JUDGED},
	{"BLK-DRV-26", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"The driver must not assume anything of what reads of discarded sectors will "
		"give.",
		"What a driver makes of data that it reads stays inside the driver. Needs its "
		"source, or its callers' results compared with different data behind a discard."},
	{"BLK-DRV-27", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"When a discard or a write zeroes of several segments fails with "
		"VIRTIO_BLK_S_IOERR, the driver must not assume of any segment that it was done, "
		"failed or was looked at.",
		"An assumption is inside the driver: nothing that it sends afterwards says what "
		"it believes of each segment. Needs the driver's source."},
	{"BLK-DRV-28", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"A zone's sector address that the driver gives must be a multiple of 512 bytes.",
		ZONED_DRIVER},
	{"BLK-DRV-29", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"In a zone report the driver must set sector to one within the first zone to be "
		"reported.",
		ZONED_DRIVER},
	{"BLK-DRV-30", DRIVER, MAY, KEYWORD, S_BLOCK_DRV,
		"In a zone report the driver may set sector to another one than the first of the "
		"zone.",
		"A permission: the first sector of the zone is as good."},
	{"BLK-DRV-31", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"In a zone open, close, finish or reset the driver must set sector to the first "
		"one of the zone.",
		ZONED_DRIVER},
	{"BLK-DRV-32", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"In a reset of all zones the driver must set sector to zero.",
		ZONED_DRIVER},
	{"BLK-DRV-33", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"In a zone append the driver must set sector to the first one of the zone.",
		ZONED_DRIVER},
	{"BLK-DRV-34", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"The data size of a zone append must be a multiple of write_granularity.",
		ZONED_DRIVER},
	{"BLK-DRV-35", DRIVER, MUST_NOT, KEYWORD, S_BLOCK_DRV,
		"The data size of a zone append must not be more than max_append_sectors.",
		ZONED_DRIVER},
	{"BLK-DRV-36", DRIVER, MAY, KEYWORD, S_BLOCK_DRV,
		"After a zone append that has succeeded the driver may read from append_sector "
		"where the data is.",
		"A permission: a driver can leave the field unread."},
	{"BLK-DRV-37", DRIVER, MUST, KEYWORD, S_BLOCK_DRV,
		"Writes to sequential zones and zone appends must have a size and a sector that "
		"are multiples of write_granularity, and fit into what is left of the zone behind "
		"its write pointer.",
		ZONED_DRIVER},
