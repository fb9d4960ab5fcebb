/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device offers: DeviceFeatures and its selector. */
#include "conform/checks/checks.h"

static uint32_t offer(struct conform *c, uint32_t sel)
{
	wr(c, VMMIO_REG_DEVICE_FEATURES_SEL, sel);
	return rd(c, VMMIO_REG_DEVICE_FEATURES);
}

static void version_1(struct conform *c)
{
	uint32_t word = offer(c, 1);

	judge(c, "GEN-DEV-33", word & 1, "expected VIRTIO_F_VERSION_1 (bit 32) offered, saw word 1 = 0x%x",
		word);
}

static uint32_t known_word(struct conform *c, uint32_t sel)
{
	return sel < 4 ? (uint32_t)(target(c)->known_features[sel / 2] >> (sel % 2 * 32)) : 0;
}

static void offer_known(struct conform *c)
{
	static const uint32_t selectors[] = {0, 1, 2, 3, 4, 5, 0x80000000, 0x80000001, 0xffffffff};

	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		uint32_t word = offer(c, selectors[i]);

		judge(c, "MMIO-DEV-15", word == known_word(c, selectors[i]),
			"expected DeviceFeatures 0x%x with DeviceFeaturesSel 0x%x, as configured, saw 0x%x",
			known_word(c, selectors[i]), selectors[i], word);
	}
}

/* Word 1 has VERSION_1 in it, so a device that shows it for every other selector, too, offers
 * bits that do not exist. */
static void offer_alias(struct conform *c)
{
	static const uint32_t selectors[] = {2, 3, 4, 0xffffffff};
	uint32_t word_1 = offer(c, 1);
	unsigned same = 0;

	need(c, word_1 & 1, "VIRTIO_F_VERSION_1 is not offered");
	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++)
		same += offer(c, selectors[i]) == word_1;
	judge(c, "MMIO-DEV-15", same < 4,
		"expected feature bits N * 32 and up for DeviceFeaturesSel N, saw word 1 (0x%x) for "
		"selectors 2, 3, 4 and 0xffffffff as well", word_1);
}

static void selector(struct conform *c)
{
	uint32_t first = offer(c, 0), without_selecting = rd(c, VMMIO_REG_DEVICE_FEATURES);
	uint32_t second = offer(c, 1);
	uint32_t first_again = offer(c, 0), second_again = offer(c, 1);

	judge(c, "MMIO-DEV-16", first == without_selecting,
		"expected DeviceFeatures 0x%x again while DeviceFeaturesSel stays, saw 0x%x", first,
		without_selecting);

	judge(c, "MMIO-DEV-16", first == first_again && second == second_again,
		"expected words 0x%x and 0x%x again when selected again, saw 0x%x and 0x%x", first,
		second, first_again, second_again);
	judge(c, "MMIO-DEV-16", first != second || (second & 1),
		"expected DeviceFeaturesSel 1 to show another word than 0, saw 0x%x for both", first);
}

/* --- Bits that must not be there ------------------------------------------------------- */

/* Bits 0 to 23 that a type defines, legacy ones too; types of which the suite knows all. */
static bool type_bits(uint32_t id, uint32_t *bits)
{
	*bits = id == VMMIO_ID_BLOCK ? 0x0003fef7u : 0;
	return id == VMMIO_ID_BLOCK || id == VMMIO_ID_ENTROPY;
}

/* 24 to 27, 30 and 31 have no meaning any more; 44 to 49 have none yet. */
static const uint64_t undefined = UINT64_C(0xcf000000) | UINT64_C(0x3f) << 44;

static void judge_words(struct conform *c)
{
	uint32_t defined;
	uint64_t bad = offered_word(c, 0) & undefined;

	judge(c, "GEN-DEV-08", !bad, "expected no undefined or reserved bit offered, saw 0x%llx",
		(unsigned long long)bad);
	for (uint32_t sel = 4; sel < 8; sel++) {
		uint32_t word = offer(c, sel);

		judge(c, "GEN-DEV-08", word == 0,
			"expected no bit above 127 offered, saw 0x%x with DeviceFeaturesSel %u", word, sel);
	}
	if (!type_bits(device_id(c), &defined))
		return;
	bad = offered_word(c, 0) & (0x00ffffff | UINT64_C(0xfffc) << 48) & ~(uint64_t)defined;
	judge(c, "GEN-DEV-08", !bad && !offered_word(c, 1),
		"expected no bit offered that device type %u does not define, saw 0x%llx, bits 64 and up "
		"0x%llx",
		device_id(c), (unsigned long long)bad, (unsigned long long)offered_word(c, 1));
}

static void undefined_bits(struct conform *c)
{
	bool sr_iov = offered(c, VMMIO_F_SR_IOV), admin = offered(c, VMMIO_F_ADMIN_VQ);

	judge_words(c);
	judge_both(c, "GEN-DEV-40", "GEN-DEV-08", !sr_iov,
		"expected VIRTIO_F_SR_IOV (bit 37) not offered on MMIO, saw it");
	judge_both(c, "MMIO-DEV-34", "GEN-DEV-08", !admin,
		"expected VIRTIO_F_ADMIN_VQ (bit 41) not offered on MMIO, saw it");
}

/* --- Bits that need others ---------------------------------------------------------------- */

struct dependency {
	uint32_t device_id;
	uint8_t bit;
	uint8_t needs;
	uint8_t or_needs; /* the same as needs: no choice */
};

static const struct dependency dependencies[] = {
	{VMMIO_ID_BLOCK, VMMIO_BLK_F_CONFIG_WCE, VMMIO_BLK_F_FLUSH, VMMIO_BLK_F_FLUSH},
	{VMMIO_ID_NET, 2, 17, 17},  /* CTRL_GUEST_OFFLOADS, CTRL_VQ */
	{VMMIO_ID_NET, 7, 1, 1},    /* GUEST_TSO4, GUEST_CSUM */
	{VMMIO_ID_NET, 8, 1, 1},    /* GUEST_TSO6 */
	{VMMIO_ID_NET, 9, 7, 8},    /* GUEST_ECN, GUEST_TSO4 or 6 */
	{VMMIO_ID_NET, 10, 1, 1},   /* GUEST_UFO */
	{VMMIO_ID_NET, 54, 1, 1},   /* GUEST_USO4 */
	{VMMIO_ID_NET, 55, 1, 1},   /* GUEST_USO6 */
	{VMMIO_ID_NET, 11, 0, 0},   /* HOST_TSO4, CSUM */
	{VMMIO_ID_NET, 12, 0, 0},   /* HOST_TSO6 */
	{VMMIO_ID_NET, 13, 11, 12}, /* HOST_ECN, HOST_TSO4 or 6 */
	{VMMIO_ID_NET, 14, 0, 0},   /* HOST_UFO */
	{VMMIO_ID_NET, 56, 0, 0},   /* HOST_USO */
	{VMMIO_ID_NET, 18, 17, 17}, /* CTRL_RX, CTRL_VQ */
	{VMMIO_ID_NET, 19, 17, 17}, /* CTRL_VLAN */
	{VMMIO_ID_NET, 21, 17, 17}, /* GUEST_ANNOUNCE */
	{VMMIO_ID_NET, 22, 17, 17}, /* MQ */
	{VMMIO_ID_NET, 23, 17, 17}, /* CTRL_MAC_ADDR */
	{VMMIO_ID_NET, 52, 17, 17}, /* VQ_NOTF_COAL */
	{VMMIO_ID_NET, 53, 17, 17}, /* NOTF_COAL */
	{VMMIO_ID_NET, 60, 17, 17}, /* RSS */
	{VMMIO_ID_NET, 61, 7, 8},   /* RSC_EXT, GUEST_TSO4 or 6 */
};

enum { N_DEPENDENCIES = sizeof(dependencies) / sizeof(dependencies[0]) };

static void offered_dependencies(struct conform *c)
{
	for (size_t i = 0; i < N_DEPENDENCIES; i++) {
		const struct dependency *d = &dependencies[i];

		if (d->device_id != device_id(c) || !offered(c, d->bit))
			continue;
		judge(c, "GEN-DEV-05", offered(c, d->needs) || offered(c, d->or_needs),
			"expected bit %u offered, which bit %u requires, saw only the latter", d->needs,
			d->bit);
	}
}

/* --- Negotiation ---------------------------------------------------------------------------- */

/* What has to be accepted together with a bit. */
static uint64_t with_needs(struct conform *c, unsigned bit)
{
	uint64_t set = VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(bit);

	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < N_DEPENDENCIES; i++) {
			const struct dependency *d = &dependencies[i];

			if (d->device_id == device_id(c) && (set & VMMIO_FEATURE(d->bit)))
				set |= VMMIO_FEATURE(offered(c, d->needs) ? d->needs : d->or_needs);
		}
	}
	return set;
}

static void subsets(struct conform *c)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!offered(c, bit))
			continue;
		reset(c);
		acknowledge(c);
		judge(c, "GEN-DEV-06", negotiate(c, with_needs(c, bit), 0),
			"expected FEATURES_OK after accepting 0x%llx of 0x%llx, saw it clear",
			(unsigned long long)with_needs(c, bit), (unsigned long long)offered_word(c, 0));
	}
}

static void same_set_again(struct conform *c)
{
	uint64_t set = VMMIO_FEATURE(VMMIO_F_VERSION_1) | ring_feature(c);

	reset(c);
	acknowledge(c);
	need(c, negotiate(c, set, 0), "the device refused the features 0x%llx the first time",
		(unsigned long long)set);
	for (unsigned i = 0; i < 3; i++) {
		reset(c);
		acknowledge(c);
		judge(c, "GEN-DEV-09", negotiate(c, set, 0),
			"expected FEATURES_OK for 0x%llx after a reset, as before it, saw it clear",
			(unsigned long long)set);
	}
}

static const struct check checks[] = {
	{"features-version-1", "VIRTIO_F_VERSION_1 is offered", "GEN-DEV-33", 0, version_1},
	{"features-words", "DeviceFeatures shows the word that is selected, and 0 beyond the last",
		"MMIO-DEV-15", NEEDS_KNOWN, offer_known},
	{"features-alias", "Selectors beyond the words do not show a word again", "MMIO-DEV-15", 0,
		offer_alias},
	{"features-selector", "DeviceFeaturesSel selects, as often as it is written", "MMIO-DEV-16", 0,
		selector},
	{"features-undefined", "No undefined or reserved bit is offered, nor one of other transports",
		"GEN-DEV-08 GEN-DEV-40 MMIO-DEV-34", 0, undefined_bits},
	{"features-dependencies", "What an offered feature requires is offered", "GEN-DEV-05", 0,
		offered_dependencies},
	{"features-subsets", "Each offered feature is accepted by itself", "GEN-DEV-06", 0, subsets},
	{"features-again", "A set that was accepted is accepted again after a reset", "GEN-DEV-09", 0,
		same_set_again},
};

const struct check_topic checks_features = CHECK_TOPIC("features", checks);
