/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: what the patch for version 3 adds to MMIO, or changes. */

	{"PATCH-DEV-01", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"Version (0x004) must read 0x2 or 0x3, whenever it is read, and nothing else.",
		JUDGED},
	{"PATCH-DEV-02", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"A write of zero to Status (0x070) must reset the device, in version 2 as in "
		"version 3.", JUDGED},
	{"PATCH-DEV-03", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"Status must read zero once the device is through with a reset.", JUDGED},
	{"PATCH-DEV-04", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"With Version 0x2 the whole reset must lie inside the write of zero to Status: "
		"when the write returns, nothing of it is left to do.", JUDGED},
	{"PATCH-DEV-05", DEVICE, MAY, KEYWORD, S_LAYOUT_DEV PATCHED,
		"With Version 0x3, a device whose Status was not zero may go on with its reset "
		"after the write of zero to Status has returned.",
		"A permission: a reset that is over when the write returns is as good. The checks "
		"poll Status, and take either. What bounds it is PATCH-DEV-06 and PATCH-DEV-07."},
	{"PATCH-DEV-06", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"With Version 0x3, a device whose Status was zero already must be through with "
		"the reset when the write of zero to Status returns.", JUDGED},
	{"PATCH-DEV-07", DEVICE, MUST, KEYWORD, S_LAYOUT_DEV PATCHED,
		"With Version 0x3, Status becoming zero must be the last thing that the reset "
		"does.", JUDGED},

	{"PATCH-DEV-08", DEVICE, MUST, DESCRIBED, S_LAYOUT PATCHED,
		"Version (0x004) is described as 0x2 or 0x3; 0x1 belongs to legacy devices.",
		JUDGED},
	{"PATCH-DEV-09", DEVICE, MAY, DESCRIBED, S_LAYOUT PATCHED,
		"From Version 0x3 on, Status is described as a register whose zero write can "
		"return before the reset is over.",
		"A permission, the description of what PATCH-DEV-05 allows."},

	{"PATCH-DRV-01", DRIVER, MUST, KEYWORD, S_LAYOUT_DRV PATCHED,
		"The driver must leave a device alone that shows another Version than 0x2 or 0x3.",
		JUDGED},
	{"PATCH-DRV-02", DRIVER, MUST_NOT, KEYWORD, S_LAYOUT_DRV PATCHED,
		"With Version 0x3, the driver must not take a reset for complete before it has "
		"read zero from Status, whatever Status was before.", JUDGED},

	{"PATCH-DRV-03", DRIVER, MUST, DESCRIBED, S_LAYOUT PATCHED,
		"By the description of Version, 0x3 means that the driver takes a reset for "
		"complete when Status has read zero, and no earlier.", JUDGED},
	{"PATCH-DRV-04", DRIVER, MUST, DESCRIBED, S_LAYOUT PATCHED,
		"By the description of Status, a driver takes a reset of a device with Version "
		"0x3 or later for complete when Status has read zero, and no earlier.", JUDGED},
