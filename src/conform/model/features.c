/* SPDX-License-Identifier: BSD-3-Clause */
/* What is offered, and what of it is negotiated. */
#include "conform/model/internal.h"

#define RING_FEATURES                                                                              \
	(VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) | VMMIO_FEATURE(VMMIO_F_EVENT_IDX) |                 \
		VMMIO_FEATURE(VMMIO_F_VERSION_1) | VMMIO_FEATURE(VMMIO_F_RING_PACKED) |            \
		VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA) |       \
		VMMIO_FEATURE(VMMIO_F_RING_RESET) | VMMIO_FEATURE(VMMIO_F_SUSPEND))

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
	m->offer[0] = offer;
	m->offer[1] = 0;
	if (!o->features[0] && !o->features[1])
		return;
	m->offer[0] = o->features[0];
	m->offer[1] = o->features[1];
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
	if (sel > 3)
		return 0;
	return (uint32_t)(m->offer[sel / 2] >> 32 * (sel % 2));
}

uint32_t model_offer_read(const struct model *m)
{
	return offered(m, m->offer_sel);
}

void model_accepted_write(struct model *m, uint32_t value)
{
	if (m->accepted_sel > 3 || m->status & VMMIO_STATUS_FEATURES_OK)
		return;
	m->accepted[m->accepted_sel] = value;
}

/* May FEATURES_OK be set? */
bool model_features_good(struct model *m)
{
	const uint64_t known = m->type->features | RING_FEATURES;

	if (m->broken)
		return false;
	if (m->refused < m->options.show.features_refused) {
		m->refused++;
		return false;
	}
	if (accepted(m, 0) & ~m->offer[0] || accepted(m, 1) & ~m->offer[1])
		return false;
	if (accepted(m, 0) & ~known || accepted(m, 1))
		return false;
	return accepted(m, 0) & VMMIO_FEATURE(VMMIO_F_VERSION_1);
}
