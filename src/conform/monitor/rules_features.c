/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: which features a driver accepts, and what it does when it does not find its own. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

#define N_BITS (32 * WORDS)

/* The first bit for which the test holds; N_BITS: none. */
static unsigned first_bit(
	const struct vmmio_monitor *m, bool (*test)(const struct vmmio_monitor *m, unsigned bit))
{
	unsigned bit = 0;

	while (bit < N_BITS && !test(m, bit))
		bit++;
	return bit;
}

static void selects_offer(struct vmmio_monitor *m, const struct scene *s)
{
	if (reads(s, VMMIO_REG_DEVICE_FEATURES))
		expect(m, m->device_sel_written,
			"expected a write to DeviceFeaturesSel before DeviceFeatures is read, saw "
			"none since the last reset");
}

static void selects_accepted(struct vmmio_monitor *m, const struct scene *s)
{
	if (writes(s, VMMIO_REG_DRIVER_FEATURES))
		expect(m, m->driver_sel_written,
			"expected a write to DriverFeaturesSel before DriverFeatures is written, "
			"saw none since the last reset");
}

static bool accepts_unoffered(const struct vmmio_monitor *m, unsigned bit)
{
	return has_bit(m->accepted, bit) && offer_known(m, bit) && !has_bit(m->offered, bit);
}

static void only_offered(struct vmmio_monitor *m, const struct scene *s)
{
	unsigned bit;

	if (!sets_features_ok(m, s) || !m->offer_known)
		return;
	bit = first_bit(m, accepts_unoffered);
	expect(m, bit == N_BITS, "expected only offered features to be accepted, saw bit %u", bit);
}

/* --- Dependencies -------------------- */

/* The first that these features break; NULL: none. */
static const struct dependency *broken(const struct vmmio_monitor *m, const uint32_t *words)
{
	size_t n;
	const struct dependency *all = known_dependencies(m->device_id, &n);

	for (size_t i = 0; i < n; i++)
		if (has_bit(words, all[i].bit) && !has_bit(words, all[i].needs) &&
			!has_bit(words, all[i].or_needs))
			return &all[i];
	return NULL;
}

static bool has_dependencies(const struct vmmio_monitor *m)
{
	size_t n;

	known_dependencies(m->device_id, &n);
	return n != 0;
}

static void judge_dependency(struct vmmio_monitor *m, const char *whose)
{
	const struct dependency *dependency = broken(m, m->accepted);

	if (!dependency)
		kept(m);
	else
		expect(m, false,
			"expected feature %u %sto be accepted only with %u, saw it without",
			dependency->bit, whose, dependency->needs);
}

static void dependencies(struct vmmio_monitor *m, const struct scene *s)
{
	if (sets_features_ok(m, s) && has_dependencies(m))
		judge_dependency(m, "");
}

/* A device that offers the one without the other. */
static void validates(struct vmmio_monitor *m, const struct scene *s)
{
	if (sets_features_ok(m, s) && broken(m, m->offered))
		judge_dependency(m, "of an offer that is broken ");
}

/* --- Bits that nobody may accept
 * ------------------------------------------------------------------ */

static bool offers_bad(const struct vmmio_monitor *m, unsigned bit)
{
	return is_offered(m, bit) && known_bad_feature(m->device_id, bit);
}

static bool accepts_bad(const struct vmmio_monitor *m, unsigned bit)
{
	return has_bit(m->accepted, bit) && known_bad_feature(m->device_id, bit);
}

/* All that this offer has more than the one that the driver took before cannot be accepted, and
 * it has all of that one. */
static bool only_bad_is_new(const struct vmmio_monitor *m)
{
	bool any = false;

	for (unsigned bit = 0; bit < N_BITS; bit++) {
		bool now = has_bit(m->offered, bit), then = has_bit(m->good_offer, bit);

		if (now == then)
			continue;
		if (then || !known_bad_feature(m->device_id, bit))
			return false;
		any = true;
	}
	return any && m->good_offer_known;
}

/* Features of the offer that the driver took before are missing, and nothing is new. */
static bool less_than_before(const struct vmmio_monitor *m)
{
	bool any = false;

	for (unsigned i = 0; i < WORDS; i++) {
		if (m->offered[i] & ~m->good_offer[i])
			return false;
		any |= m->good_offer[i] != m->offered[i];
	}
	return any && m->good_offer_known;
}

static bool in_feature_step(const struct vmmio_monitor *m)
{
	return (m->steps & STEP_FEATURES_READ) && !(m->steps & STEP_FEATURES_OK) && !m->resetting;
}

/* The driver gives up, though it took the same offer without these bits before. */
static bool gives_up_for_bad(const struct vmmio_monitor *m, const struct scene *s)
{
	return in_feature_step(m) && sets(m, s, VMMIO_STATUS_FAILED) && only_bad_is_new(m);
}

static void bad_not_accepted(struct vmmio_monitor *m, const struct scene *s)
{
	unsigned bit;

	if (!sets_features_ok(m, s))
		return;
	bit = first_bit(m, accepts_bad);
	if (bit != N_BITS)
		expect(m, false,
			"expected feature bits that are not described for this device and "
			"transport to be left, saw bit %u accepted",
			bit);
	else if (first_bit(m, offers_bad) != N_BITS)
		kept(m);
}

static void bad_ignored(struct vmmio_monitor *m, const struct scene *s)
{
	bad_not_accepted(m, s);
	if (gives_up_for_bad(m, s))
		expect(m, false,
			"expected feature bits that are not described to be ignored, saw FAILED "
			"because of bit %u",
			first_bit(m, offers_bad));
}

static void no_failure_for_unknown(struct vmmio_monitor *m, const struct scene *s)
{
	if (gives_up_for_bad(m, s))
		expect(m, false,
			"expected no failure because of a feature that the driver does not know, "
			"saw FAILED after bit %u was offered, and none without it",
			first_bit(m, offers_bad));
	else if (sets(m, s, VMMIO_STATUS_DRIVER_OK) && first_bit(m, offers_bad) != N_BITS)
		kept(m);
}

static void failed_without_feature(struct vmmio_monitor *m, const struct scene *s)
{
	bool over = s->on == ON_END || (writes(s, VMMIO_REG_STATUS) && s->low == 0);

	if (!in_feature_step(m) || !less_than_before(m))
		return;
	if (sets(m, s, VMMIO_STATUS_FAILED))
		kept(m);
	else if (over && !(m->steps & STEP_FAILED))
		expect(m, false,
			"expected FAILED from a driver that gives up because of a feature that is "
			"not offered, saw it give up without");
}

/* --- Bits that everybody should accept
 * ------------------------------------------------------------ */

static void accepts(struct vmmio_monitor *m, const struct scene *s, unsigned bit, const char *name)
{
	if (sets_features_ok(m, s) && is_offered(m, bit))
		expect(m, has_bit(m->accepted, bit), "expected %s (%u) to be accepted, saw it left",
			name, bit);
}

static void version_1(struct vmmio_monitor *m, const struct scene *s)
{
	accepts(m, s, VMMIO_F_VERSION_1, "VIRTIO_F_VERSION_1");
}

static void access_platform(struct vmmio_monitor *m, const struct scene *s)
{
	accepts(m, s, VMMIO_F_ACCESS_PLATFORM, "VIRTIO_F_ACCESS_PLATFORM");
}

static void ring_packed(struct vmmio_monitor *m, const struct scene *s)
{
	accepts(m, s, VMMIO_F_RING_PACKED, "VIRTIO_F_RING_PACKED");
}

static void order_platform(struct vmmio_monitor *m, const struct scene *s)
{
	accepts(m, s, VMMIO_F_ORDER_PLATFORM, "VIRTIO_F_ORDER_PLATFORM");
}

static void block_ro(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->device_id == VMMIO_ID_BLOCK)
		accepts(m, s, VMMIO_BLK_F_RO, "VIRTIO_BLK_F_RO");
}

static void no_sr_iov(struct vmmio_monitor *m, const struct scene *s)
{
	if (!sets_features_ok(m, s))
		return;
	if (has_bit(m->accepted, VMMIO_F_SR_IOV))
		expect(m, false,
			"expected VIRTIO_F_SR_IOV (37) to be left over MMIO, saw it accepted");
	else if (is_offered(m, VMMIO_F_SR_IOV))
		kept(m);
}

static void no_late_features(struct vmmio_monitor *m, const struct scene *s)
{
	if (!(m->steps & STEP_FEATURES_OK) || m->resetting)
		return;
	if (writes(s, VMMIO_REG_DRIVER_FEATURES) && m->driver_sel < WORDS)
		expect(m, !(s->low & ~m->negotiated[m->driver_sel]),
			"expected no new features after FEATURES_OK, saw 0x%" PRIx32
			" written to DriverFeatures",
			s->low);
	else if (sets(m, s, VMMIO_STATUS_DRIVER_OK))
		kept(m);
}

static const struct rule rules[] = {
	{"MMIO-DRV-13", ON_READ, 0, selects_offer, NULL},
	{"MMIO-DRV-14", ON_WRITE, 0, selects_accepted, NULL},
	{"GEN-DRV-05", ON_WRITE, 0, only_offered, NULL},
	{"GEN-DRV-06", ON_WRITE, 0, dependencies, NULL},
	/* What a broken offer is accepted with is broken as well. */
	{"GEN-DRV-07", ON_WRITE, 0, validates, "GEN-DRV-06"},
	/* Accepting a bit is not ignoring it; nor is failing because of it. */
	{"GEN-DRV-08", ON_WRITE, 0, bad_ignored, "GEN-DRV-09 GEN-DRV-12"},
	{"GEN-DRV-09", ON_WRITE, 0, bad_not_accepted, "GEN-DRV-08"},
	{"GEN-DRV-11", ON_WRITE | ON_END, 0, failed_without_feature, NULL},
	{"GEN-DRV-12", ON_WRITE, 0, no_failure_for_unknown, "GEN-DRV-08"},
	{"GEN-DRV-25", ON_WRITE, 0, no_late_features, NULL},
	{"GEN-DRV-37", ON_WRITE, 0, version_1, NULL},
	{"GEN-DRV-39", ON_WRITE, RULE_SHOULD, access_platform, NULL},
	{"GEN-DRV-42", ON_WRITE, RULE_SHOULD, ring_packed, NULL},
	{"GEN-DRV-43", ON_WRITE, RULE_SHOULD, order_platform, NULL},
	/* One of the bits that no driver may accept over MMIO. */
	{"GEN-DRV-45", ON_WRITE, 0, no_sr_iov, "GEN-DRV-09 GEN-DRV-08"},
	{"BLK-DRV-14", ON_WRITE, RULE_SHOULD | RULE_BLOCK, block_ro, NULL},
};

const struct rule_group monitor_feature_rules = RULE_GROUP(rules);
