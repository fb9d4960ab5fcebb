/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: entropy. */

	{"RNG-DEV-01", DEVICE, MUST, KEYWORD, S_ENTROPY_DEV,
		"The device must place at least one random byte into each buffer that it uses.",
		JUDGED},
	{"RNG-DEV-02", DEVICE, MAY, KEYWORD, S_ENTROPY_DEV,
		"The device may fill less than the whole buffer.",
		"A permission: how much was filled is in the used length, and that at least one "
		"byte was is RNG-DEV-01."},

	{"RNG-DRV-01", DRIVER, MUST_NOT, KEYWORD, S_ENTROPY_DRV,
		"The driver must not place buffers into the queue that the device can only read.",
		JUDGED},
	{"RNG-DRV-02", DRIVER, MUST, KEYWORD, S_ENTROPY_DRV,
		"The driver must go by the used length to know how many random bytes it was "
		"given.", JUDGED},
