/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of the catalogue: network. */

#define NETWORK_WAITS \
	"Waits for the network backend: until there is one, nothing that judges network " \
	"devices or their drivers could be shown to find anything."

	{"NET-DEV-01", DEVICE, MUST, KEYWORD, S_NET_CONFIG_DEV,
		"A device that offers VIRTIO_NET_F_MQ must set max_virtqueue_pairs to a number "
		"from 1 to 0x8000.",
		NETWORK_WAITS},
	{"NET-DEV-02", DEVICE, MUST, KEYWORD, S_NET_CONFIG_DEV,
		"A device that offers VIRTIO_NET_F_MTU must set mtu to a number from 68 to 65535.",
		NETWORK_WAITS},
	{"NET-DEV-03", DEVICE, SHOULD, KEYWORD, S_NET_CONFIG_DEV,
		"A device that offers VIRTIO_NET_F_MTU should set mtu to 1280 at least.",
		NETWORK_WAITS},
	{"NET-DEV-04", DEVICE, MUST_NOT, KEYWORD, S_NET_CONFIG_DEV,
		"Once it has set mtu, the device must not change it.",
		NETWORK_WAITS},
	{"NET-DEV-05", DEVICE, MUST_NOT, KEYWORD, S_NET_CONFIG_DEV,
		"With VIRTIO_NET_F_MTU negotiated, the device must not hand over a received "
		"packet larger than mtu plus the link header whose gso_type is NONE or ECN.",
		NETWORK_WAITS},
	{"NET-DEV-06", DEVICE, MUST, KEYWORD, S_NET_CONFIG_DEV,
		"With VIRTIO_NET_F_MTU negotiated, the device must send on packets of up to mtu "
		"plus the link header whose gso_type is NONE or ECN, and in one piece.",
		NETWORK_WAITS},
	{"NET-DEV-07", DEVICE, MUST, KEYWORD, S_NET_CONFIG_DEV,
		"With VIRTIO_NET_F_SPEED_DUPLEX negotiated, speed must hold the speed in MBit/s "
		"or the value for unknown; the specification writes 0x7ffffffff and 0xfffffffff, "
		"one digit more than the field has.",
		NETWORK_WAITS},
	{"NET-DEV-08", DEVICE, MUST, KEYWORD, S_NET_CONFIG_DEV,
		"With VIRTIO_NET_F_SPEED_DUPLEX negotiated, duplex must be 0x00, 0x01 or 0xff; "
		"which of 0 and 1 is full duplex the specification says in two ways.",
		NETWORK_WAITS},
	{"NET-DEV-09", DEVICE, SHOULD_NOT, KEYWORD, S_NET_CONFIG_DEV,
		"With VIRTIO_NET_F_SPEED_DUPLEX and VIRTIO_NET_F_STATUS negotiated, the device "
		"should not change speed and duplex while the link is up.",
		NETWORK_WAITS},

	{"NET-DEV-10", DEVICE, MUST, KEYWORD, S_NET_SEND_DEV,
		"The device must ignore bits in the flags of a packet's header that it does not "
		"know.",
		NETWORK_WAITS},
	{"NET-DEV-11", DEVICE, MUST_NOT, KEYWORD, S_NET_SEND_DEV,
		"If a packet's flags have VIRTIO_NET_HDR_F_NEEDS_CSUM clear, the device must not "
		"use csum_start and csum_offset.",
		NETWORK_WAITS},
	{"NET-DEV-12", DEVICE, MUST_NOT, KEYWORD, S_NET_SEND_DEV,
		"If a packet's flags have VIRTIO_NET_HDR_F_NEEDS_CSUM clear, the device must not "
		"count on its checksum being right.",
		NETWORK_WAITS},

	{"NET-DEV-13", DEVICE, MUST, KEYWORD, S_NET_BUFFERS_DEV,
		"In a received packet num_buffers must say how many buffers hold it; the "
		"specification counts descriptors.",
		NETWORK_WAITS},
	{"NET-DEV-14", DEVICE, MUST, KEYWORD, S_NET_BUFFERS_DEV,
		"Without VIRTIO_NET_F_MRG_RXBUF, the device must use a single buffer for a "
		"packet; the specification says descriptor.",
		NETWORK_WAITS},

	{"NET-DEV-15", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"Without VIRTIO_NET_F_MRG_RXBUF, num_buffers of a received packet must be 1.",
		NETWORK_WAITS},
	{"NET-DEV-16", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"With VIRTIO_NET_F_MRG_RXBUF, the device must say in num_buffers over how many "
		"buffers a packet with its header is spread.",
		NETWORK_WAITS},
	{"NET-DEV-17", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"The device must fill all the buffers of a packet but the last one completely.",
		NETWORK_WAITS},
	{"NET-DEV-18", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"The device must use the buffers of one packet together, so that the driver never "
		"sees fewer of them used than num_buffers.",
		NETWORK_WAITS},
	{"NET-DEV-19", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"Without VIRTIO_NET_F_GUEST_CSUM, the device must set the flags of a packet's "
		"header to zero.",
		NETWORK_WAITS},
	{"NET-DEV-20", DEVICE, MUST, KEYWORD, S_NET_RECEIVE_DEV,
		"If none of VIRTIO_NET_F_GUEST_TSO4, TSO6, UFO, USO4 and USO6 is negotiated, "
		"gso_type of a received packet must be VIRTIO_NET_HDR_GSO_NONE.",
		NETWORK_WAITS},

	{"NET-DEV-21", DEVICE, MUST, KEYWORD, S_NET_MAC_DEV,
		"The MAC filter table must be empty after a reset.",
		NETWORK_WAITS},
	{"NET-DEV-22", DEVICE, MUST, KEYWORD, S_NET_MAC_DEV,
		"The device must have changed its MAC filter table before it uses the buffer of "
		"the VIRTIO_NET_CTRL_MAC_TABLE_SET command.",
		NETWORK_WAITS},
	{"NET-DEV-23", DEVICE, MUST, KEYWORD, S_NET_MAC_DEV,
		"With VIRTIO_NET_F_MAC negotiated, the device must have changed mac in the "
		"configuration space before it uses the buffer of the "
		"VIRTIO_NET_CTRL_MAC_ADDR_SET command.",
		NETWORK_WAITS},

	{"NET-DEV-24", DEVICE, MUST, KEYWORD, S_NET_VLAN_DEV,
		"Without VIRTIO_NET_F_CTRL_VLAN, the device must accept all packets with a VLAN "
		"tag.",
		NETWORK_WAITS},
	{"NET-DEV-25", DEVICE, MUST, KEYWORD, S_NET_VLAN_DEV,
		"With VIRTIO_NET_F_CTRL_VLAN, the device must accept all packets whose VLAN tag "
		"is in its filter table.",
		NETWORK_WAITS},

	{"NET-DEV-26", DEVICE, MUST, KEYWORD, S_NET_ANNOUNCE_DEV,
		"With VIRTIO_NET_F_GUEST_ANNOUNCE negotiated, the device must clear "
		"VIRTIO_NET_S_ANNOUNCE in status before it uses the buffer of the "
		"VIRTIO_NET_CTRL_ANNOUNCE_ACK command.",
		NETWORK_WAITS},

	{"NET-DEV-27", DEVICE, MUST, KEYWORD, S_NET_STEERING_DEV,
		"After its initialisation or a reset, the device must put packets into the first "
		"receive queue only.",
		NETWORK_WAITS},
	{"NET-DEV-28", DEVICE, MUST, KEYWORD, S_NET_STEERING_DEV,
		"While all receive queues are in a queue reset, the device must drop packets.",
		NETWORK_WAITS},

	{"NET-DEV-29", DEVICE, MUST, KEYWORD, S_NET_RSS_DEV,
		"A reset must clear all RSS contexts that were configured.",
		NETWORK_WAITS},

	{"NET-DEV-30", DEVICE, MUST, KEYWORD, S_NET_COALESCING_DEV,
		"A reset must set all parameters of notification coalescing to 0.",
		NETWORK_WAITS},

	{"NET-DRV-01", DRIVER, MUST_NOT, KEYWORD, S_NET_CONFIG_DRV,
		"The driver must not write to the configuration space.",
		NETWORK_WAITS},
	{"NET-DRV-02", DRIVER, SHOULD, KEYWORD, S_NET_CONFIG_DRV,
		"The driver should accept VIRTIO_NET_F_MAC if it is offered.",
		NETWORK_WAITS},
	{"NET-DRV-03", DRIVER, MUST, KEYWORD, S_NET_CONFIG_DRV,
		"With VIRTIO_NET_F_MTU negotiated, the driver must supply receive buffers for at "
		"least one packet of mtu plus the link header whose gso_type is NONE or ECN.",
		NETWORK_WAITS},
	{"NET-DRV-04", DRIVER, MUST_NOT, KEYWORD, S_NET_CONFIG_DRV,
		"With VIRTIO_NET_F_MTU negotiated, the driver must not send packets larger than "
		"mtu plus the link header whose gso_type is NONE or ECN.",
		NETWORK_WAITS},

	{"NET-DRV-05", DRIVER, MUST, KEYWORD, S_NET_SEND_DRV,
		"The driver must use a header of the same size for packets to send as for receive "
		"buffers.",
		NETWORK_WAITS},
	{"NET-DRV-06", DRIVER, MUST, KEYWORD, S_NET_SEND_DRV,
		"In a packet to send num_buffers must be zero.",
		NETWORK_WAITS},
	{"NET-DRV-07", DRIVER, MUST, KEYWORD, S_NET_SEND_DRV,
		"Without VIRTIO_NET_F_CSUM, the driver must set the flags of a packet's header to "
		"zero.",
		NETWORK_WAITS},
	{"NET-DRV-08", DRIVER, MUST, KEYWORD, S_NET_SEND_DRV,
		"If none of VIRTIO_NET_F_HOST_TSO4, TSO6, USO and UFO is negotiated, gso_type of "
		"a packet to send must be VIRTIO_NET_HDR_GSO_NONE.",
		NETWORK_WAITS},
	{"NET-DRV-09", DRIVER, MUST, KEYWORD, S_NET_SEND_DRV,
		"If gso_type is not VIRTIO_NET_HDR_GSO_NONE, the driver must also set "
		"VIRTIO_NET_HDR_F_NEEDS_CSUM in flags, and gso_size.",
		NETWORK_WAITS},

	{"NET-DRV-10", DRIVER, MUST, KEYWORD, S_NET_BUFFERS_DRV,
		"With VIRTIO_NET_F_MRG_RXBUF negotiated, each receive buffer must have room for "
		"the header: 12 bytes, or 20 with VIRTIO_NET_F_HASH_REPORT.",
		NETWORK_WAITS},
