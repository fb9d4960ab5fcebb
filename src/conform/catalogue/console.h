/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: console. */

#define CONSOLE_WAITS \
	"Waits for the console backend: until there is one, nothing that judges consoles " \
	"or their drivers could be shown to find anything."

	{"CON-DEV-01", DEVICE, MUST, KEYWORD, S_CONSOLE_INIT_DEV,
		"The device must take a write to emerg_wr even before it is configured.",
		CONSOLE_WAITS},
	{"CON-DEV-02", DEVICE, SHOULD, KEYWORD, S_CONSOLE_INIT_DEV,
		"The device should send the low byte of what is written to emerg_wr to a log or "
		"another output.",
		CONSOLE_WAITS},

	{"CON-DEV-03", DEVICE, MUST_NOT, KEYWORD, S_CONSOLE_PORTS_DEV,
		"The device must not name a port that exists already in a "
		"VIRTIO_CONSOLE_DEVICE_ADD message.",
		CONSOLE_WAITS},
	{"CON-DEV-04", DEVICE, MUST_NOT, KEYWORD, S_CONSOLE_PORTS_DEV,
		"The device must not name a port of max_nr_ports or above in a "
		"VIRTIO_CONSOLE_DEVICE_ADD message.",
		CONSOLE_WAITS},
	{"CON-DEV-05", DEVICE, MUST_NOT, KEYWORD, S_CONSOLE_PORTS_DEV,
		"The device must not name a port in VIRTIO_CONSOLE_DEVICE_REMOVE that no "
		"VIRTIO_CONSOLE_DEVICE_ADD has made.",
		CONSOLE_WAITS},

	{"CON-DEV-06", DEVICE, MAY, KEYWORD, S_CONSOLE,
		"The device may have one port or more.",
		"A permission: any number of ports is right."},

	{"CON-DEV-07", DEVICE, MAY, KEYWORD, S_CONSOLE_PORTS,
		"More than one port may be a console.",
		"A permission: any number of console ports is right."},

	{"CON-DEV-08", DEVICE, MUST, DESCRIBED, S_CONSOLE_QUEUES,
		"The receive queue 0 and the transmit queue 1 of port 0 always exist; the control "
		"queues 2 and 3 and the queues of other ports exist only with "
		"VIRTIO_CONSOLE_F_MULTIPORT.",
		CONSOLE_WAITS},

	{"CON-DRV-01", DRIVER, MUST_NOT, KEYWORD, S_CONSOLE_DRV,
		"Buffers in a receive queue must not have parts that the device can only read.",
		CONSOLE_WAITS},
	{"CON-DRV-02", DRIVER, MUST_NOT, KEYWORD, S_CONSOLE_DRV,
		"Buffers in a transmit queue must not have parts that the device can write.",
		CONSOLE_WAITS},

	{"CON-DRV-03", DRIVER, MUST, KEYWORD, S_CONSOLE_PORTS_DRV,
		"With VIRTIO_CONSOLE_F_MULTIPORT negotiated, the driver must say by "
		"VIRTIO_CONSOLE_DEVICE_READY that it is ready for control messages.",
		CONSOLE_WAITS},
	{"CON-DRV-04", DRIVER, SHOULD, KEYWORD, S_CONSOLE_PORTS_DRV,
		"The driver should treat a port that was named in a VIRTIO_CONSOLE_CONSOLE_PORT "
		"message as a text console.",
		"How a port is treated is seen by the driver's users, not by the device; and "
		"there is no console backend yet to send the message."},
	{"CON-DRV-05", DRIVER, MUST, KEYWORD, S_CONSOLE_PORTS_DRV,
		"The driver must answer VIRTIO_CONSOLE_CONSOLE_PORT with "
		"VIRTIO_CONSOLE_PORT_OPEN.",
		CONSOLE_WAITS},
	{"CON-DRV-06", DRIVER, MUST, KEYWORD, S_CONSOLE_PORTS_DRV,
		"The VIRTIO_CONSOLE_PORT_OPEN that answers VIRTIO_CONSOLE_CONSOLE_PORT must have "
		"the value 1.",
		CONSOLE_WAITS},
