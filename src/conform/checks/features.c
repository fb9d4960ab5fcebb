/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device offers: DeviceFeatures and its selector. */
#include "conform/checks/checks.h"

static uint32_t offer(struct conform *c, uint32_t sel)
{
	wr(c, VMMIO_REG_DEVICE_FEATURES_SEL, sel);
	return rd(c, VMMIO_REG_DEVICE_FEATURES);
}

/* Another word than the first two that shows one of them again: its selector was taken for
 * another one. What is so shown is not offered. */
static bool repeats(struct conform *c, uint32_t sel)
{
	uint32_t first = offer(c, 0), second = offer(c, 1), word = offer(c, sel);

	return word != 0 && (word == first || word == second);
}

/* Whether DeviceFeaturesSel selects anything. */
static bool selects(struct conform *c)
{
	static const uint32_t selectors[] = {1, 2, 3, 0xffffffff};
	uint32_t first = offer(c, 0);

	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		if (offer(c, selectors[i]) != first)
			return true;
	}
	return first == 0;
}

static void need_selector(struct conform *c)
{
	need(c, selects(c), "DeviceFeaturesSel selects nothing, so the other words are not to be seen");
}

static void version_1(struct conform *c)
{
	uint32_t word;

	need_selector(c);
	word = offer(c, 1);
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

/* Words 2 and 3 may well hold features; both the same as a word before them they do not. */
static void offer_alias(struct conform *c)
{
	static const uint32_t beyond[] = {4, 5, 0x80000001, 0xffffffff};

	need_selector(c);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		judge(c, "MMIO-DEV-15", !repeats(c, beyond[i]),
			"expected feature bits N * 32 and up for DeviceFeaturesSel N, saw for 0x%x the same as "
			"for 0 or 1, 0x%x",
			beyond[i], offer(c, beyond[i]));
	judge(c, "MMIO-DEV-15", !repeats(c, 2) || !repeats(c, 3),
		"expected feature bits N * 32 and up for DeviceFeaturesSel N, saw for 2 and 3 the same as for "
		"0 or 1");
}

static void selector(struct conform *c)
{
	uint32_t words[2][2], held[3];

	for (uint32_t i = 0; i < 4; i++)
		words[i / 2][i % 2] = offer(c, i % 2);
	judge(c, "MMIO-DEV-16", words[0][0] == words[1][0] && words[0][1] == words[1][1],
		"expected words 0x%x and 0x%x again when selected again, saw 0x%x and 0x%x", words[0][0],
		words[0][1], words[1][0], words[1][1]);
	held[0] = offer(c, 1);
	for (unsigned i = 1; i < 3; i++)
		held[i] = rd(c, VMMIO_REG_DEVICE_FEATURES);
	judge(c, "MMIO-DEV-16", held[1] == held[0] && held[2] == held[0],
		"expected DeviceFeatures to read the same until another word is selected, saw 0x%x, 0x%x, "
		"0x%x",
		held[0], held[1], held[2]);
	judge(c, "MMIO-DEV-16", selects(c),
		"expected DeviceFeaturesSel to select a word, saw 0x%x for 0, 1, 2, 3 and 0xffffffff",
		held[0]);
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
/* 0 to 23, 42 and 50 to 63 belong to the type. So does 41, which is judged by its own row. */
static const uint64_t of_the_type = 0x00ffffff | UINT64_C(1) << 42 | UINT64_C(0xfffc) << 48;

static void judge_words(struct conform *c)
{
	uint32_t defined;
	uint64_t bad = offered_word(c, 0) & undefined;

	judge(c, "GEN-DEV-08", !bad, "expected no undefined or reserved bit offered, saw 0x%llx",
		(unsigned long long)bad);
	for (uint32_t sel = 4; sel < 8; sel++) {
		uint32_t word = repeats(c, sel) ? 0 : offer(c, sel);

		judge(c, "GEN-DEV-08", word == 0,
			"expected no bit above 127 offered, saw 0x%x with DeviceFeaturesSel %u", word, sel);
	}
	if (!type_bits(device_id(c), &defined))
		return;
	bad = offered_word(c, 0) & of_the_type & ~(uint64_t)defined;
	judge(c, "GEN-DEV-08", !bad && !offered_word(c, 1),
		"expected no bit offered that device type %u does not define, saw 0x%llx, bits 64 and up "
		"0x%llx",
		device_id(c), (unsigned long long)bad, (unsigned long long)offered_word(c, 1));
}

static void undefined_bits(struct conform *c)
{
	bool sr_iov = offered(c, VMMIO_F_SR_IOV), admin = offered(c, VMMIO_F_ADMIN_VQ);

	need_selector(c);
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
	{VMMIO_ID_NET, 51, 17, 17}, /* HASH_TUNNEL, CTRL_VQ and */
	{VMMIO_ID_NET, 51, 60, 57}, /* RSS or HASH_REPORT */
	{VMMIO_ID_NET, 52, 17, 17}, /* VQ_NOTF_COAL */
	{VMMIO_ID_NET, 53, 17, 17}, /* NOTF_COAL */
	{VMMIO_ID_NET, 60, 17, 17}, /* RSS */
	{VMMIO_ID_NET, 61, 11, 12}, /* RSC_EXT, HOST_TSO4 or 6 */
};

enum { N_DEPENDENCIES = sizeof(dependencies) / sizeof(dependencies[0]) };

static void offered_dependencies(struct conform *c)
{
	for (size_t i = 0; i < N_DEPENDENCIES; i++) {
		const struct dependency *d = &dependencies[i];

		if (d->device_id != device_id(c) || !offered(c, d->bit))
			continue;
		if (d->needs == d->or_needs)
			judge(c, "GEN-DEV-05", offered(c, d->needs),
				"expected bit %u offered, which bit %u requires, saw only the latter",
				d->needs, d->bit);
		else
			judge(c, "GEN-DEV-05", offered(c, d->needs) || offered(c, d->or_needs),
				"expected bit %u or %u offered, one of which bit %u requires, saw only the "
				"latter",
				d->needs, d->or_needs, d->bit);
	}
}

/* --- Negotiation ---------------------------------------------------------------------------- */

/* What may be accepted: bits that should not be offered have a check of their own. */
static uint64_t acceptable(struct conform *c)
{
	uint64_t bits = offered_word(c, 0) & ~undefined & ~VMMIO_FEATURE(VMMIO_F_SR_IOV) &
			~VMMIO_FEATURE(VMMIO_F_ADMIN_VQ);
	uint32_t defined;

	if (type_bits(device_id(c), &defined))
		bits &= ~of_the_type | defined;
	return bits;
}

/* What has to be accepted together with a bit. */
static uint64_t with_needs(struct conform *c, unsigned bit)
{
	uint64_t set = VMMIO_FEATURE(bit);

	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < N_DEPENDENCIES; i++) {
			const struct dependency *d = &dependencies[i];

			if (d->device_id == device_id(c) && (set & VMMIO_FEATURE(d->bit)))
				set |= VMMIO_FEATURE(offered(c, d->needs) ? d->needs : d->or_needs);
		}
	}
	return set;
}

static bool takes(struct conform *c, uint64_t set)
{
	reset(c);
	acknowledge(c);
	return negotiate(c, set, 0);
}

static void judge_subset(struct conform *c, uint64_t set)
{
	judge(c, "GEN-DEV-06", takes(c, set),
		"expected FEATURES_OK after accepting 0x%llx of 0x%llx, saw it clear",
		(unsigned long long)set, (unsigned long long)offered_word(c, 0));
}

/* A device may know packed rings only, and so be right to refuse what is without them. */
static uint64_t least(struct conform *c)
{
	uint64_t base = base_features(c);
	uint64_t packed = base | if_offered(c, VMMIO_FEATURE(VMMIO_F_RING_PACKED));

	return takes(c, base) || !takes(c, packed) ? base : packed;
}

static void subsets(struct conform *c)
{
	uint64_t base = least(c), all = acceptable(c), together = 0;

	judge_subset(c, base);
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t set = with_needs(c, bit);

		if (!(all & VMMIO_FEATURE(bit)) || (set & ~all))
			continue;
		judge_subset(c, base | set);
		together |= set;
	}
	judge_subset(c, base | together);
}

static void same_set_again(struct conform *c)
{
	uint64_t set = base_features(c) | ring_feature(c);

	need(c, takes(c, set), "the device refused the features 0x%llx the first time",
		(unsigned long long)set);
	for (unsigned i = 0; i < 3; i++) {
		judge(c, "GEN-DEV-09", takes(c, set),
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
	{"features-subsets", "Each offered feature is accepted, by itself and with all others",
		"GEN-DEV-06", 0, subsets},
	{"features-again", "A set that was accepted is accepted again after a reset", "GEN-DEV-09", 0,
		same_set_again},
};

const struct check_topic checks_features = CHECK_TOPIC("features", checks);
