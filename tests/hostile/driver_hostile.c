/* SPDX-License-Identifier: BSD-3-Clause */
/* The hostile driver: rings byte by byte, and verdicts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile/put_hostile.h"

/* Lives of a device with somebody who rewrites its rings. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 1
#else
#define ROUNDS 3
#endif

/* --- Rings: every access is atomic, for a thread may rewrite them ------------------------- */

static uint16_t get16(const void *at)
{
	return vmmio_le16(__atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE));
}

static uint32_t get32(const void *at)
{
	return vmmio_le32(__atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE));
}

static void put_desc(uint8_t *at, const struct hostile_desc *d, uint16_t low, uint16_t high)
{
	put64(at, d->addr);
	put32(at + 8, d->len);
	put16(at + 12, low);
	put16(at + 14, high);
}

static uint16_t phase(bool wrap, bool used)
{
	return (wrap ? VMMIO_DESC_F_AVAIL : 0) | (wrap == used ? VMMIO_DESC_F_USED : 0);
}

void hostile_put(struct hostile *h, unsigned i, const struct hostile_desc *d)
{
	unsigned at = (h->packed ? h->avail + i : i) % HOSTILE_SIZE;
	bool wrap = h->avail_wrap != (h->avail + i >= HOSTILE_SIZE);
	uint8_t *desc = h->areas[A_DESC].host + 16 * (size_t)at;

	if (h->packed)
		put_desc(desc, d, d->id, d->flags ^ phase(wrap, false));
	else
		put_desc(desc, d, d->flags, d->next);
}

void hostile_entry(struct hostile *h, unsigned i, const struct hostile_desc *d)
{
	uint8_t *entry = h->areas[A_TABLE].host + 16 * (size_t)i;

	if (h->packed)
		put_desc(entry, d, d->id, d->flags);
	else
		put_desc(entry, d, d->flags, d->next);
}

void hostile_offer(struct hostile *h, uint16_t head, unsigned n)
{
	uint8_t *ring = h->areas[A_DRIVER].host;

	if (h->packed) {
		h->descs = n;
		h->avail = (uint16_t)(h->avail + n);
		if (h->avail >= HOSTILE_SIZE)
			h->avail_wrap = !h->avail_wrap;
		h->avail %= HOSTILE_SIZE;
		return;
	}
	put16(ring + 4 + 2 * (h->avail % HOSTILE_SIZE), head);
	hostile_avail_idx(h, (uint16_t)(h->avail + 1));
}

void hostile_avail_idx(struct hostile *h, uint16_t idx)
{
	h->avail = idx;
	put16(h->areas[A_DRIVER].host + 2, idx);
}

void hostile_header(struct hostile *h, unsigned slot, uint32_t type, uint64_t sector)
{
	struct vmmio_blk_header header = {vmmio_le32(type), 0, vmmio_le64(sector)};

	memcpy(h->areas[A_OUT].host + 16 * slot, &header, sizeof(header));
}

void hostile_request(struct hostile *h, unsigned slot, uint32_t type, uint64_t sector)
{
	bool data = type == VMMIO_BLK_T_IN || type == VMMIO_BLK_T_OUT;
	bool in = type == VMMIO_BLK_T_IN;
	uint64_t area = in ? H_IN : H_OUT;
	unsigned first = h->packed ? 0 : 3 * slot, n = 0;
	struct hostile_desc desc[3] = {{H_OUT + 16 * slot, 16, F_NEXT, 0, 0}};

	n++;
	if (data)
		desc[n++] = (struct hostile_desc){
			area + 512 * (slot + 1), 512, F_NEXT | (in ? F_WRITE : 0), 0, 0};
	desc[n++] = (struct hostile_desc){H_NEXT + slot, 1, F_WRITE, 0, (uint16_t)slot};
	hostile_header(h, slot, type, sector);
	for (unsigned i = 0; i < n; i++) {
		desc[i].next = (uint16_t)(first + i + 1);
		hostile_put(h, first + i, &desc[i]);
	}
	hostile_offer(h, (uint16_t)first, n);
}

bool hostile_used(struct hostile *h, uint32_t *id, uint32_t *len)
{
	uint8_t *at = h->areas[A_DEVICE].host + 4 + 8 * (h->used % HOSTILE_SIZE);

	if (!h->packed) {
		if (get16(h->areas[A_DEVICE].host + 2) == h->used)
			return false;
		*id = get32(at);
		*len = get32(at + 4);
		h->used++;
		return true;
	}
	at = h->areas[A_DESC].host + 16 * h->used;
	if ((get16(at + 14) & (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)) !=
		phase(h->used_wrap, true))
		return false;
	*id = get16(at + 12);
	*len = get32(at + 8);
	h->used = (uint16_t)(h->used + h->descs);
	if (h->used >= HOSTILE_SIZE)
		h->used_wrap = !h->used_wrap;
	h->used %= HOSTILE_SIZE;
	return true;
}

/* --- Verdicts ---------------------------------------------------------------------------- */

void hostile_begin(struct hostile *h)
{
	vmmio_device_counters(h->dev, &h->then);
	vmmio_blk_counters(h->blk, &h->blk_then);
	ck_assert_int_eq(vmmio_metrics_snapshot(h->metrics, &h->faults_then), 0);
	atomic_store(&h->steps, 0);
}

static bool needs_reset(struct hostile *h)
{
	return hostile_read(h, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static uint64_t requests(const struct vmmio_blk_counters *c)
{
	return c->reads + c->writes + c->flushes + c->discards + c->write_zeroes + c->get_ids +
	       c->errors + c->unsupported;
}

/* Of a broken queue nothing is looked at again. */
static void check_hands_off(struct hostile *h)
{
	for (unsigned i = 0; i <= A_TABLE; i++)
		hostile_forbid(h, i, true);
	for (unsigned i = 0; i < 3; i++)
		hostile_kick(h);
	while (vmmio_executor_help(h->ex))
		;
	for (unsigned i = 0; i <= A_TABLE; i++)
		hostile_forbid(h, i, false);
}

/* How often this fault came since hostile_begin; 0: any. */
static uint64_t faults(struct hostile *h, int fault)
{
	struct vmmio_metrics_snapshot now;
	uint64_t n = 0;

	ck_assert_int_eq(vmmio_metrics_snapshot(h->metrics, &now), 0);
	for (int i = 1; i < VMMIO_FAULT_COUNT; i++)
		if (!fault || i == fault)
			n += now.faults[i] - h->faults_then.faults[i];
	return n;
}

static void expect_fault(struct hostile *h, int fault, const char *what)
{
	struct vmmio_blk_counters blk;
	uint32_t id, len;

	for (int i = 1; i < VMMIO_FAULT_COUNT; i++)
		ck_assert_msg(faults(h, i) == (i == fault),
			"%s: %llu times fault %d, expected is %d", what,
			(unsigned long long)faults(h, i), i, fault);
	ck_assert_msg(needs_reset(h), "%s: no DEVICE_NEEDS_RESET", what);
	ck_assert_msg(hostile_read(h, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE,
		"%s: no config interrupt", what);
	ck_assert_msg(atomic_load(&h->line), "%s: the line is low", what);
	ck_assert_msg(!hostile_used(h, &id, &len), "%s: a used entry", what);
	/* What is wrong with a chain is no request of the backend's. */
	vmmio_blk_counters(h->blk, &blk);
	ck_assert_msg(requests(&blk) == requests(&h->blk_then), "%s: the backend acted", what);
	check_hands_off(h);
}

static void expect_nothing(struct hostile *h, int verdict, const char *what)
{
	struct vmmio_device_counters now;

	vmmio_device_counters(h->dev, &now);
	ck_assert_msg(needs_reset(h) == (verdict == V_REFUSED), "%s: DEVICE_NEEDS_RESET", what);
	ck_assert_msg(!faults(h, 0), "%s: a fault", what);
	if (verdict == V_IGNORED)
		ck_assert_msg(now.chains == h->then.chains, "%s: a chain was taken", what);
}

void hostile_expect(struct hostile *h, int verdict, const char *what)
{
	if (verdict < V_STATUS)
		expect_fault(h, verdict, what);
	else if (verdict >= V_IGNORED)
		expect_nothing(h, verdict, what);
	else
		expect_nothing(h, V_OK, what);
	hostile_check_guards(h);
}

/* --- Cases --------------------------------------------------------------------------------- */

void hostile_lay(struct hostile *h, const struct hostile_case *c)
{
	for (unsigned i = 0; i < c->n; i++)
		hostile_put(h, i, &c->ring[i]);
	for (unsigned i = 0; i < HOSTILE_DESCS; i++)
		hostile_entry(h, i, &c->table[i]);
	hostile_header(h, 0, c->type, c->sector);
	if (c->lay)
		c->lay(h);
	else
		hostile_offer(h, (uint16_t)c->head, c->n);
}

/* Where the chain's last writable byte is. */
static uint8_t *status_of(struct hostile *h, const struct hostile_case *c)
{
	const struct hostile_desc *last = NULL;

	for (unsigned i = 0; i < c->n; i++)
		if ((c->ring[i].flags & F_WRITE) && !(c->ring[i].flags & F_INDIRECT))
			last = &c->ring[i];
	for (unsigned i = 0; i < HOSTILE_DESCS; i++)
		if ((c->table[i].flags & F_WRITE) && c->table[i].len)
			last = &c->table[i];
	ck_assert_ptr_nonnull(last);
	return hostile_at(h, last->addr + last->len - 1);
}

static void expect_status(struct hostile *h, const struct hostile_case *c, int verdict)
{
	uint32_t id = 0, len = 0;
	uint8_t status = *status_of(h, c);

	ck_assert_msg(hostile_used(h, &id, &len), "%s: it did not come back", c->what);
	ck_assert_msg(id == (h->packed ? c->ring[c->n - 1].id : c->head), "%s: id %u", c->what, id);
	ck_assert_msg(status == verdict - V_STATUS, "%s: status %u", c->what, status);
	if (c->written)
		ck_assert_msg(len == c->written, "%s: used len %u", c->what, len);
	ck_assert_msg(!hostile_used(h, &id, &len), "%s: it came back twice", c->what);
}

static void once(struct hostile *h, const struct hostile_case *c, int verdict)
{
	hostile_up(h);
	hostile_begin(h);
	hostile_lay(h, c);
	hostile_kick(h);
	hostile_settle(h);
	hostile_expect(h, verdict, c->what);
	if (verdict >= V_STATUS && verdict < V_IGNORED)
		expect_status(h, c, verdict);
	hostile_reset(h);
	hostile_good(h);
}

/* A kick takes what is there, and each rewriting makes so much be there at most. A ring breaks
 * once in a life. */
static void check_bounded(struct hostile *h, unsigned kicks)
{
	struct vmmio_device_counters now;
	uint64_t offers = kicks + (uint64_t)atomic_load(&h->flips);

	vmmio_device_counters(h->dev, &now);
	ck_assert_uint_le(now.chains - h->then.chains, offers * HOSTILE_SIZE);
	ck_assert_uint_le(faults(h, 0), ROUNDS);
}

static void under_fire(struct hostile *h, const struct hostile_case *c)
{
	unsigned kicks = 0;

	hostile_begin(h);
	hostile_flip(h, true);
	for (unsigned round = 0; round < ROUNDS; round++) {
		hostile_up(h);
		for (unsigned i = 0; i < 4; i++, kicks++) {
			hostile_lay(h, c);
			hostile_kick(h);
		}
		hostile_settle(h);
		hostile_reset(h);
	}
	hostile_flip(h, false);
	check_bounded(h, kicks + ROUNDS);
	hostile_check_guards(h);
	hostile_good(h);
}

void hostile_case(struct hostile *h, const struct hostile_case *c)
{
	int verdict = h->packed ? c->packed : c->split;

	if (verdict == V_NONE)
		return;
	h->off = c->off;
	if (h->flip)
		under_fire(h, c);
	else
		once(h, c, verdict);
	h->off = 0;
}

void hostile_cases(int variant, const struct hostile_case *cases, unsigned n)
{
	struct hostile *h;

	if (hostile_skips(variant))
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)variant});
	for (unsigned i = 0; i < n; i++)
		hostile_case(h, &cases[i]);
	hostile_free(h);
}

static void good_one(struct hostile *h, uint32_t type, uint64_t sector, uint32_t written)
{
	uint32_t id = 0, len = 0;

	hostile_request(h, 0, type, sector);
	hostile_kick(h);
	hostile_settle(h);
	ck_assert(hostile_used(h, &id, &len));
	ck_assert_uint_eq(id, 0);
	ck_assert_uint_eq(len, written);
	ck_assert_uint_eq(h->areas[A_NEXT].host[0], VMMIO_BLK_S_OK);
	ck_assert_uint_eq(hostile_read(h, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	ck_assert(atomic_load(&h->line));
	hostile_write(h, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	ck_assert(!atomic_load(&h->line));
}

void hostile_good(struct hostile *h)
{
	uint64_t off = h->off;
	uint8_t fill = (uint8_t)(h->seed += 77);

	h->off = 0;
	hostile_up(h);
	memset(h->areas[A_OUT].host + 512, fill, 512);
	good_one(h, VMMIO_BLK_T_OUT, 40, 1);
	good_one(h, VMMIO_BLK_T_IN, 40, 513);
	for (unsigned i = 0; i < 512; i++)
		ck_assert_uint_eq(h->areas[A_IN].host[512 + i], fill);
	hostile_reset(h);
	hostile_check_guards(h);
	h->off = off;
}
