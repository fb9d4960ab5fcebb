/* SPDX-License-Identifier: BSD-3-Clause */
/* The device types that the monitor knows: configuration fields and feature bits. */
#include <vmmio/spec.h>

#include "conform/monitor/known.h"

enum {
	BLK_SECURE_ERASE = 16,
	BLK_ZONED = 17,
	NET_CSUM = 0,
	NET_GUEST_CSUM = 1,
	NET_MTU = 3,
	NET_GUEST_TSO4 = 7,
	NET_GUEST_TSO6 = 8,
	NET_GUEST_ECN = 9,
	NET_GUEST_UFO = 10,
	NET_HOST_TSO4 = 11,
	NET_HOST_TSO6 = 12,
	NET_HOST_ECN = 13,
	NET_HOST_UFO = 14,
	NET_STATUS = 16,
	NET_CTRL_VQ = 17,
	NET_CTRL_RX = 18,
	NET_CTRL_VLAN = 19,
	NET_GUEST_ANNOUNCE = 21,
	NET_MQ = 22,
	NET_CTRL_MAC_ADDR = 23,
	NET_HASH_TUNNEL = 51,
	NET_VQ_NOTF_COAL = 52,
	NET_NOTF_COAL = 53,
	NET_GUEST_USO4 = 54,
	NET_GUEST_USO6 = 55,
	NET_HOST_USO = 56,
	NET_HASH_REPORT = 57,
	NET_RSS = 60,
	NET_RSC_EXT = 61,
	NET_SPEED_DUPLEX = 63,
	NET_RSS_CONTEXT = 64,
	NET_GUEST_TUNNEL_GSO = 65,
	NET_GUEST_TUNNEL_CSUM = 66,
	NET_HOST_TUNNEL_GSO = 67,
	NET_HOST_TUNNEL_CSUM = 68,
	CONSOLE_SIZE = 0,
	CONSOLE_MULTIPORT = 1,
	CONSOLE_EMERG_WRITE = 2,
};

#define ALWAYS                                                                                     \
	{                                                                                          \
		NO_FEATURE, NO_FEATURE                                                             \
	}
#define IF(bit)                                                                                    \
	{                                                                                          \
		bit, NO_FEATURE                                                                    \
	}
#define IF_ONE(bit, other)                                                                         \
	{                                                                                          \
		bit, other                                                                         \
	}

static const struct field block_fields[] = {
	{0, 8, 1, "capacity", ALWAYS},
	{8, 4, 1, "size_max", IF(VMMIO_BLK_F_SIZE_MAX)},
	{12, 4, 1, "seg_max", IF(VMMIO_BLK_F_SEG_MAX)},
	{16, 2, 1, "cylinders", IF(VMMIO_BLK_F_GEOMETRY)},
	{18, 1, 1, "heads", IF(VMMIO_BLK_F_GEOMETRY)},
	{19, 1, 1, "sectors", IF(VMMIO_BLK_F_GEOMETRY)},
	{20, 4, 1, "blk_size", IF(VMMIO_BLK_F_BLK_SIZE)},
	{24, 1, 1, "physical_block_exp", IF(VMMIO_BLK_F_TOPOLOGY)},
	{25, 1, 1, "alignment_offset", IF(VMMIO_BLK_F_TOPOLOGY)},
	{26, 2, 1, "min_io_size", IF(VMMIO_BLK_F_TOPOLOGY)},
	{28, 4, 1, "opt_io_size", IF(VMMIO_BLK_F_TOPOLOGY)},
	{32, 1, 1, "writeback", IF(VMMIO_BLK_F_CONFIG_WCE)},
	{33, 1, 1, "unused0", ALWAYS},
	{34, 2, 1, "num_queues", IF(VMMIO_BLK_F_MQ)},
	{36, 4, 1, "max_discard_sectors", IF(VMMIO_BLK_F_DISCARD)},
	{40, 4, 1, "max_discard_seg", IF(VMMIO_BLK_F_DISCARD)},
	{44, 4, 1, "discard_sector_alignment", IF(VMMIO_BLK_F_DISCARD)},
	{48, 4, 1, "max_write_zeroes_sectors", IF(VMMIO_BLK_F_WRITE_ZEROES)},
	{52, 4, 1, "max_write_zeroes_seg", IF(VMMIO_BLK_F_WRITE_ZEROES)},
	{56, 1, 1, "write_zeroes_may_unmap", IF(VMMIO_BLK_F_WRITE_ZEROES)},
	{57, 1, 3, "unused1", ALWAYS},
	{60, 4, 1, "max_secure_erase_sectors", IF(BLK_SECURE_ERASE)},
	{64, 4, 1, "max_secure_erase_seg", IF(BLK_SECURE_ERASE)},
	{68, 4, 1, "secure_erase_sector_alignment", IF(BLK_SECURE_ERASE)},
	{72, 4, 5, "zoned", IF(BLK_ZONED)},
	{92, 1, 1, "model", IF(BLK_ZONED)},
	{93, 1, 3, "unused2", ALWAYS},
};

static const struct field net_fields[] = {
	{0, 1, 6, "mac", ALWAYS},
	{6, 2, 1, "status", IF(NET_STATUS)},
	{8, 2, 1, "max_virtqueue_pairs", IF_ONE(NET_MQ, NET_RSS)},
	{10, 2, 1, "mtu", IF(NET_MTU)},
	{12, 4, 1, "speed", IF(NET_SPEED_DUPLEX)},
	{16, 1, 1, "duplex", IF(NET_SPEED_DUPLEX)},
	{17, 1, 1, "rss_max_key_size", IF_ONE(NET_RSS, NET_HASH_REPORT)},
	{18, 2, 1, "rss_max_indirection_table_length", IF(NET_RSS)},
	{20, 4, 1, "supported_hash_types", IF_ONE(NET_RSS, NET_HASH_REPORT)},
	{24, 4, 1, "supported_tunnel_types", IF(NET_HASH_TUNNEL)},
};

static const struct field console_fields[] = {
	{0, 2, 1, "cols", IF(CONSOLE_SIZE)},
	{2, 2, 1, "rows", IF(CONSOLE_SIZE)},
	{4, 4, 1, "max_nr_ports", IF(CONSOLE_MULTIPORT)},
	{8, 4, 1, "emerg_wr", IF(CONSOLE_EMERG_WRITE)},
};

static const struct dependency net_dependencies[] = {
	{NET_GUEST_TSO4, NET_GUEST_CSUM, NET_GUEST_CSUM},
	{NET_GUEST_TSO6, NET_GUEST_CSUM, NET_GUEST_CSUM},
	{NET_GUEST_ECN, NET_GUEST_TSO4, NET_GUEST_TSO6},
	{NET_GUEST_UFO, NET_GUEST_CSUM, NET_GUEST_CSUM},
	{NET_GUEST_USO4, NET_GUEST_CSUM, NET_GUEST_CSUM},
	{NET_GUEST_USO6, NET_GUEST_CSUM, NET_GUEST_CSUM},
	{NET_GUEST_TUNNEL_GSO, NET_GUEST_TSO4, NET_GUEST_TSO4},
	{NET_GUEST_TUNNEL_GSO, NET_GUEST_TSO6, NET_GUEST_TSO6},
	{NET_GUEST_TUNNEL_GSO, NET_GUEST_USO4, NET_GUEST_USO4},
	{NET_GUEST_TUNNEL_GSO, NET_GUEST_USO6, NET_GUEST_USO6},
	{NET_GUEST_TUNNEL_CSUM, NET_GUEST_TUNNEL_GSO, NET_GUEST_TUNNEL_GSO},
	{NET_HOST_TSO4, NET_CSUM, NET_CSUM},
	{NET_HOST_TSO6, NET_CSUM, NET_CSUM},
	{NET_HOST_ECN, NET_HOST_TSO4, NET_HOST_TSO6},
	{NET_HOST_UFO, NET_CSUM, NET_CSUM},
	{NET_HOST_USO, NET_CSUM, NET_CSUM},
	{NET_HOST_TUNNEL_GSO, NET_HOST_TSO4, NET_HOST_TSO4},
	{NET_HOST_TUNNEL_GSO, NET_HOST_TSO6, NET_HOST_TSO6},
	{NET_HOST_TUNNEL_GSO, NET_HOST_USO, NET_HOST_USO},
	{NET_HOST_TUNNEL_CSUM, NET_HOST_TUNNEL_GSO, NET_HOST_TUNNEL_GSO},
	{NET_CTRL_RX, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_CTRL_VLAN, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_GUEST_ANNOUNCE, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_MQ, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_CTRL_MAC_ADDR, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_NOTF_COAL, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_RSC_EXT, NET_HOST_TSO4, NET_HOST_TSO6},
	{NET_RSS, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_VQ_NOTF_COAL, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_HASH_TUNNEL, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_HASH_TUNNEL, NET_RSS, NET_HASH_REPORT},
	{NET_RSS_CONTEXT, NET_CTRL_VQ, NET_CTRL_VQ},
	{NET_RSS_CONTEXT, NET_RSS, NET_RSS},
};

/* Words of the device type's own feature bits. What is described for the legacy interface
 * counts as described. */
struct type {
	uint32_t id;
	const struct field *fields;
	size_t n_fields;
	const struct dependency *dependencies;
	size_t n_dependencies;
	uint64_t features[2];
};

#define FIELDS(fields) fields, sizeof(fields) / sizeof((fields)[0])

static const struct type types[] = {
	{VMMIO_ID_NET, FIELDS(net_fields), FIELDS(net_dependencies),
		{UINT64_C(0xfbfc060000ffffef), 0x7f}},
	{VMMIO_ID_BLOCK, FIELDS(block_fields), NULL, 0, {0x3fef7, 0}},
	{VMMIO_ID_CONSOLE, FIELDS(console_fields), NULL, 0, {0x7, 0}},
	{VMMIO_ID_ENTROPY, NULL, 0, NULL, 0, {0, 0}},
};

static const struct type *type_of(uint32_t device_id)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].id == device_id)
			return &types[i];
	return NULL;
}

bool known_type(uint32_t device_id)
{
	return type_of(device_id) != NULL;
}

static size_t end_of(const struct field *field)
{
	return field->offset + (size_t)field->width * field->n;
}

size_t known_layout_size(uint32_t device_id)
{
	const struct type *type = type_of(device_id);

	return type && type->n_fields ? end_of(&type->fields[type->n_fields - 1]) : 0;
}

const struct field *known_field(uint32_t device_id, uint32_t offset)
{
	const struct type *type = type_of(device_id);

	for (size_t i = 0; type && i < type->n_fields; i++)
		if (offset >= type->fields[i].offset && offset < end_of(&type->fields[i]))
			return &type->fields[i];
	return NULL;
}

bool known_no_shared_memory(uint32_t device_id)
{
	return type_of(device_id) != NULL;
}

bool known_bad_feature(uint32_t device_id, unsigned bit)
{
	const struct type *type = type_of(device_id);

	switch (bit) {
	case 24: /* NOTIFY_ON_EMPTY, ANY_LAYOUT and a marker: described, if only for legacy */
	case 27:
	case 30:
	/* It may be accepted if it is offered, says the specification, and leaves open what
	 * that would mean over MMIO. */
	case VMMIO_F_NOTIF_CONFIG_DATA:
		return false;
	case 25:
	case 26:
	case 31:
	case VMMIO_F_SR_IOV:
		return true;
	default:
		break;
	}
	if (bit >= 44 && bit <= 49)
		return true;
	if (bit >= 28 && bit <= 43 && bit != VMMIO_F_ADMIN_VQ && bit != 42)
		return false;
	if (!type)
		return bit == VMMIO_F_ADMIN_VQ;
	return !(type->features[bit / 64] >> (bit % 64) & 1);
}

const struct dependency *known_dependencies(uint32_t device_id, size_t *n)
{
	const struct type *type = type_of(device_id);

	*n = type ? type->n_dependencies : 0;
	return type ? type->dependencies : NULL;
}
