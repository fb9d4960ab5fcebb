/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be offered and what may be negotiated.
 *
 * Offer and negotiation are judged by the same dependency table. The device-independent bits
 * that MMIO can carry have no dependencies; the network device has.
 */
#include "regfile/internal.h"

#define BIT(n) (UINT64_C(1) << (n))

/* feature needs at least one of the bits in any_of (all of them below 64). */
struct dependency {
	uint32_t device_id;
	uint32_t feature;
	uint64_t any_of;
};

enum {
	NET_CSUM = 0,
	NET_GUEST_CSUM = 1,
	NET_GUEST_TSO4 = 7,
	NET_GUEST_TSO6 = 8,
	NET_GUEST_ECN = 9,
	NET_GUEST_UFO = 10,
	NET_HOST_TSO4 = 11,
	NET_HOST_TSO6 = 12,
	NET_HOST_ECN = 13,
	NET_HOST_UFO = 14,
	NET_CTRL_VQ = 17,
	NET_CTRL_RX = 18,
	NET_CTRL_VLAN = 19,
	NET_GUEST_ANNOUNCE = 21,
	NET_MQ = 22,
	NET_CTRL_MAC_ADDR = 23,
	NET_VQ_NOTF_COAL = 52,
	NET_NOTF_COAL = 53,
	NET_GUEST_USO4 = 54,
	NET_GUEST_USO6 = 55,
	NET_HOST_USO = 56,
	NET_HASH_REPORT = 57,
	NET_RSS = 60,
	NET_RSC_EXT = 61,
};

static const struct dependency dependencies[] = {
	{ VMMIO_ID_NET, NET_GUEST_TSO4, BIT(NET_GUEST_CSUM) },
	{ VMMIO_ID_NET, NET_GUEST_TSO6, BIT(NET_GUEST_CSUM) },
	{ VMMIO_ID_NET, NET_GUEST_ECN, BIT(NET_GUEST_TSO4) | BIT(NET_GUEST_TSO6) },
	{ VMMIO_ID_NET, NET_GUEST_UFO, BIT(NET_GUEST_CSUM) },
	{ VMMIO_ID_NET, NET_GUEST_USO4, BIT(NET_GUEST_CSUM) },
	{ VMMIO_ID_NET, NET_GUEST_USO6, BIT(NET_GUEST_CSUM) },
	{ VMMIO_ID_NET, NET_HOST_TSO4, BIT(NET_CSUM) },
	{ VMMIO_ID_NET, NET_HOST_TSO6, BIT(NET_CSUM) },
	{ VMMIO_ID_NET, NET_HOST_ECN, BIT(NET_HOST_TSO4) | BIT(NET_HOST_TSO6) },
	{ VMMIO_ID_NET, NET_HOST_UFO, BIT(NET_CSUM) },
	{ VMMIO_ID_NET, NET_HOST_USO, BIT(NET_CSUM) },
	{ VMMIO_ID_NET, NET_CTRL_RX, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_CTRL_VLAN, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_GUEST_ANNOUNCE, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_MQ, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_CTRL_MAC_ADDR, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_NOTF_COAL, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_VQ_NOTF_COAL, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_HASH_REPORT, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_RSS, BIT(NET_CTRL_VQ) },
	{ VMMIO_ID_NET, NET_RSC_EXT, BIT(NET_HOST_TSO4) | BIT(NET_HOST_TSO6) },
};

static bool dependencies_hold(uint32_t device_id, const uint64_t set[VMMIO_FEATURE_WORDS])
{
	for (size_t i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++) {
		const struct dependency *d = &dependencies[i];

		if (d->device_id == device_id && (set[0] & BIT(d->feature)) &&
			!(set[0] & d->any_of))
			return false;
	}
	return true;
}

const char *vmmio_regfile_offer_check(const struct vmmio_regfile_config *config)
{
	const uint64_t no_register = VMMIO_FEATURE(VMMIO_F_SR_IOV) |
		VMMIO_FEATURE(VMMIO_F_NOTIF_CONFIG_DATA) | VMMIO_FEATURE(VMMIO_F_ADMIN_VQ);

	if (!feature_in(config->features, VMMIO_F_VERSION_1))
		return "features: VERSION_1 (32) must be offered";
	if (config->features[0] & no_register)
		return "features: bits 37, 39 and 41 cannot be offered over MMIO";
	if (!dependencies_hold(config->device_id, config->features))
		return "features: one is offered without another that it needs";
	return NULL;
}

bool vmmio_regfile_features_acceptable(const struct vmmio_regfile *rf)
{
	const uint64_t *written = rf->writer.driver_features;

	for (unsigned i = 0; i < VMMIO_FEATURE_WORDS; i++)
		if (written[i] & ~rf->features[i])
			return false;
	return feature_in(written, VMMIO_F_VERSION_1) && dependencies_hold(rf->device_id, written);
}
