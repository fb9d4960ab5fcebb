/* SPDX-License-Identifier: BSD-3-Clause */
/* What is offered, and what of it is negotiated. */
#include "conform/model/internal.h"

#define RING_FEATURES                                                                              \
	(VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) | VMMIO_FEATURE(VMMIO_F_EVENT_IDX) |                 \
		VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_RING_PACKED) |            \
		VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA) |       \
		VMMIO_FEATURE(VMMIO_F_RING_RESET) | VMMIO_FEATURE(VMMIO_F_SUSPEND))

/* Not offered unless one is told to. They say of the driver what is true of it anyhow: its
 * addresses are those of the device's memory, and its barriers are good for a device. */
#define PLATFORM_FEATURES                                                                          \
	(VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM))

/* What a faulty device offers. */
static void spoil_offer(struct model *m)
{
	if (faulty(m, FAULT_OFFERS_ADMIN_VQ))
		m->offer[0] |= VMMIO_FEATURE(VMMIO_F_ADMIN_VQ);
	if (faulty(m, FAULT_OFFERS_SR_IOV))
		m->offer[0] |= VMMIO_FEATURE(VMMIO_F_SR_IOV);
	if (faulty(m, FAULT_OFFERS_RESERVED))
		m->offer[0] |= VMMIO_FEATURE(44);
	if (faulty(m, FAULT_NO_VERSION_1))
		m->offer[0] &= ~VMMIO_FEATURE(VMMIO_F_VERSION_1);
	if (faulty(m, FAULT_OFFERS_WCE_ALONE) || faulty(m, FAULT_OFFERS_ORPHAN))
		m->offer[0] &= ~VMMIO_FEATURE(VMMIO_BLK_F_FLUSH);
}

void model_features_init(struct model *m)
{
	const struct model_options *o = &m->options;
	uint64_t offer = m->type->features | RING_FEATURES;

	if (!o->packed)
		offer &= ~VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	if (!o->read_only)
		offer &= ~VMMIO_FEATURE(VMMIO_BLK_F_RO);
	if (o->n_queues == 1)
		offer &= ~VMMIO_FEATURE(VMMIO_BLK_F_MQ);
	m->offer[0] = (offer & ~o->features_off[0]) | o->features_extra[0];
	m->offer[1] = o->features_extra[1];
	spoil_offer(m);
}

bool model_offers(const struct model *m, unsigned bit)
{
	return m->offer[bit / 64] >> bit % 64 & 1;
}

static uint64_t accepted(const struct model *m, unsigned word)
{
	return m->accepted[2 * word] | (uint64_t)m->accepted[2 * word + 1] << 32;
}

bool model_has(const struct model *m, unsigned bit)
{
	return m->status & VMMIO_STATUS_FEATURES_OK && accepted(m, bit / 64) >> bit % 64 & 1;
}

/* Word sel of the offer. */
static uint32_t offered(const struct model *m, uint32_t sel)
{
	if (sel > 3 && faulty(m, FAULT_OFFER_ALIAS))
		sel = 1;
	if (sel > 3)
		return 0;
	return (uint32_t)(m->offer[sel / 2] >> 32 * (sel % 2));
}

uint32_t model_offer_read(struct model *m)
{
	const uint32_t word = offered(m, m->offer_sel);

	if (faulty(m, FAULT_OFFER_SEL_MOVES))
		m->offer_sel++;
	return word;
}

void model_accepted_write(struct model *m, uint32_t value)
{
	uint32_t word = m->accepted_sel;

	if (word > 3 || m->status & VMMIO_STATUS_FEATURES_OK)
		return;
	if (faulty(m, FAULT_ACCEPTED_ALIAS))
		word %= 2;
	m->accepted[word] = value;
}

/* May FEATURES_OK be set? */
bool model_features_good(struct model *m)
{
	const uint64_t known = m->type->features | RING_FEATURES | PLATFORM_FEATURES;
	uint64_t offer = m->offer[0];

	if (faulty(m, FAULT_ACCEPTS_ALL))
		return true;
	if (faulty(m, FAULT_NO_VERSION_1))
		offer |= VMMIO_FEATURE(VMMIO_F_VERSION_1);
	if (m->broken)
		return false;
	if (m->refused < m->options.show.features_refused) {
		m->refused++;
		return false;
	}
	if (accepted(m, 0) & ~offer || accepted(m, 1) & ~m->offer[1])
		return false;
	if (accepted(m, 0) & ~known || accepted(m, 1))
		return false;
	return accepted(m, 0) & VMMIO_FEATURE(VMMIO_F_VERSION_1);
}
