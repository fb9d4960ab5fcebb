/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register programs: the register file against a naive model of it. A program is one to four
 * scripts, one after the other in equal parts: what vCPUs do, and the device's own events.
 * Each record says who goes on, so a write of one vCPU falls between another's and the answer
 * to it, or into the middle of another's bring-up. After each step both are compared in full.
 * With FUZZ_THREADS each script is a thread, in whatever order that gives.
 *
 * Header: version, device type, features (2), queues, shm, config size (2), urgent offset (2),
 * urgent size, scripts.
 * Record: what (5 bits) and who next (3 bits: so many scripts further), size or event, offset (2),
 * value (8), argument (4).
 */
#include "fuzz.h"
#include "regfile_model.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum what { WRITE, WRITE_ANYWHERE, READ, EVENT, RAISE, CONFIG_SET, BRING_UP, WHATS };

enum { SCRIPTS = 4, RECORD = 16 };

/* One vCPU's. */
struct script {
	struct fuzz_input rest;
	unsigned bringing; /* the next step of a bring-up, 0: none is under way */
	unsigned queue;
	uint32_t features;
	uint64_t who; /* goes on after each step of it, two bits each */
};

struct pair {
	struct vmmio_regfile *rf;
	struct model model;
	struct vmmio_regfile_config config;
	uint16_t sizes[MODEL_QUEUES];
	struct vmmio_shm_region shm[MODEL_SHM];
	uint8_t bytes[MODEL_CONFIG];
	struct script script[SCRIPTS];
	unsigned n_scripts;
	unsigned step;
};

static const uint16_t writable[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070,
	0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac, 0x0c0};
static const uint16_t readable[] = {0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x044, 0x060, 0x070,
	0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0c0, 0x0fc};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* One bit of the header each. */
static const unsigned optional[] = {VMMIO_F_RING_RESET, VMMIO_F_NOTIFICATION_DATA, VMMIO_F_SUSPEND,
	VMMIO_F_RING_PACKED, VMMIO_F_INDIRECT_DESC, VMMIO_F_EVENT_IDX, VMMIO_F_IN_ORDER, 0, 5, 64,
	127};

static void describe(struct pair *p, struct fuzz_input *input)
{
	static const uint16_t sizes[] = {1, 8, 256, 0, 32768, 2, 100, 16};
	struct vmmio_regfile_config *c = &p->config;
	uint16_t bits;

	c->version = 2 + fuzz_take8(input) % 2;
	/* Not a network device: its features depend on one another, which the model leaves out. */
	c->device_id = 2 + fuzz_take8(input) % 3;
	c->vendor_id = 0x1234;
	bits = fuzz_take16(input);
	c->features[0] = VMMIO_FEATURE(VMMIO_F_VERSION_1);
	for (unsigned i = 0; i < N(optional); i++)
		if (bits >> i & 1)
			c->features[optional[i] / 64] |= VMMIO_FEATURE(optional[i]);
	c->n_queues = fuzz_take8(input) % (MODEL_QUEUES + 1);
	for (unsigned i = 0; i < c->n_queues; i++)
		p->sizes[i] = bits >> 3 & 1 || sizes[i] != 100 ? sizes[i] : 64;
	c->queue_size_max = p->sizes;
	c->n_shm = fuzz_take8(input) % (MODEL_SHM + 1);
	for (unsigned i = 0; i < c->n_shm; i++)
		p->shm[i] = (struct vmmio_shm_region){.id = i * 0x55555555u,
			.base = UINT64_C(0x123456789) * (i + 1), .length = UINT64_C(0x1000000001) << i};
	c->shm = p->shm;
	c->config_size = fuzz_take16(input) % (MODEL_CONFIG + 1);
	for (unsigned i = 0; i < c->config_size; i++)
		p->bytes[i] = (uint8_t)(i * 7 + 1);
	c->config = p->bytes;
	c->config_urgent_offset = fuzz_take16(input) % (c->config_size + 1);
	c->config_urgent_size = fuzz_take8(input) % (c->config_size - c->config_urgent_offset + 1);
	p->n_scripts = 1 + fuzz_take8(input) % SCRIPTS;
}

/* Whole records each; the last one has what is left. */
static void deal(struct pair *p, const struct fuzz_input *input)
{
	const size_t part = input->left / RECORD / p->n_scripts * RECORD;

	for (unsigned i = 0; i < p->n_scripts; i++)
		p->script[i].rest = (struct fuzz_input){input->next + i * part, part};
	p->script[p->n_scripts - 1].rest.left = input->left - (p->n_scripts - 1) * part;
}

static void compare_queues(const struct pair *p)
{
	for (unsigned i = 0; i < p->model.n_queues; i++) {
		const struct model_queue *q = &p->model.queue[i];
		struct vmmio_queue_setup setup;

		vmmio_regfile_queue(p->rf, i, &setup);
		FUZZ_CHECK(setup.ready == q->ready && setup.size == q->size &&
				setup.desc == ((uint64_t)q->desc_high << 32 | q->desc_low) &&
				setup.driver == ((uint64_t)q->driver_high << 32 | q->driver_low) &&
				setup.device == ((uint64_t)q->device_high << 32 | q->device_low),
			"step %u: queue %u: ready %d, size %" PRIu32 "; model %d, %" PRIu32,
			p->step, i, setup.ready, setup.size, q->ready, q->size);
	}
}

static void compare_read(const struct pair *p, uint64_t offset, unsigned size)
{
	const uint64_t is = vmmio_regfile_read(p->rf, offset, size);
	const uint64_t should = model_read(&p->model, offset, size);

	FUZZ_CHECK(is == should,
		"step %u: 0x%" PRIx64 ", %u bytes: 0x%" PRIx64 ", model 0x%" PRIx64, p->step, offset,
		size, is, should);
}

static void compare(const struct pair *p)
{
	const uint64_t word = vmmio_regfile_state(p->rf);
	uint64_t chosen[VMMIO_FEATURE_WORDS];

	for (unsigned i = 0; i < N(readable); i++)
		compare_read(p, readable[i], 4);
	FUZZ_CHECK(VMMIO_STATE_EPOCH(word) == p->model.epoch, "step %u: epoch %u, model %u", p->step,
		VMMIO_STATE_EPOCH(word), p->model.epoch);
	FUZZ_CHECK(!(word & VMMIO_STATE_RESETTING) == !p->model.resetting,
		"step %u: RESETTING, model %d", p->step, p->model.resetting);
	vmmio_regfile_driver_features(p->rf, chosen);
	for (unsigned i = 0; i < 4; i++)
		FUZZ_CHECK((uint32_t)(chosen[i / 2] >> (i % 2 ? 32 : 0)) == p->model.chosen[i],
			"step %u: DriverFeatures word %u, model 0x%x", p->step, i,
			p->model.chosen[i]);
	compare_queues(p);
}

static void compare_actions(
	const struct pair *p, const struct vmmio_actions *is, const struct vmmio_actions *should)
{
	FUZZ_CHECK(is->n == should->n, "step %u: %u actions, model %u", p->step, is->n, should->n);
	for (unsigned i = 0; i < is->n; i++) {
		const struct vmmio_action *a = &is->list[i], *b = &should->list[i];

		FUZZ_CHECK(a->kind == b->kind && a->queue == b->queue && a->offset == b->offset &&
				a->size == b->size && a->value == b->value,
			"step %u: action %u of %u: kind %d, queue %u, value 0x%" PRIx64
			"; model %d, %u, 0x%" PRIx64,
			p->step, i, is->n, a->kind, a->queue, a->value, b->kind, b->queue, b->value);
	}
}

static void write_both(struct pair *p, uint64_t offset, unsigned size, uint64_t value)
{
	struct vmmio_actions is, should;

	vmmio_regfile_write(p->rf, offset, size, value, &is);
	model_write(&p->model, offset, size, value, &should);
	compare_actions(p, &is, &should);
	if (p->model.status & VMMIO_STATUS_DRIVER_OK)
		fuzz_deep();
}

static void event(struct pair *p, unsigned which, uint32_t arg)
{
	const enum vmmio_event e = (enum vmmio_event)(which % (VMMIO_EVENT_RESET_FINISHED + 2));
	struct vmmio_actions is, should;

	vmmio_regfile_event(p->rf, e, arg, &is);
	model_event(&p->model, e, arg, &should);
	compare_actions(p, &is, &should);
}

static void raise_both(struct pair *p, uint32_t back, uint32_t bits)
{
	const uint32_t epoch = p->model.epoch - back % 2;
	const bool is = vmmio_regfile_raise(p->rf, epoch, bits);

	FUZZ_CHECK(is == model_raise(&p->model, epoch, bits), "step %u: raise %d", p->step, is);
}

static void config_set(struct pair *p, uint32_t offset, uint32_t size, uint64_t value)
{
	bool is;

	size %= sizeof(value) + 1;
	is = vmmio_regfile_config_set(p->rf, offset, &value, size);
	FUZZ_CHECK(is == model_config_set(&p->model, offset, &value, size), "step %u: config %d",
		p->step, is);
}

/* A driver that knows its way, with some of the features: where bytes alone seldom get to. One
 * write at a time; whether there are more. */
static bool bring_up(struct pair *p, const struct script *s)
{
	const unsigned word = (s->bringing - 2) / 2;

	switch (s->bringing) {
	case 1: write_both(p, 0x070, 4, 3); return true;
	case 10: write_both(p, 0x070, 4, 0xb); return true;
	case 11: event(p, VMMIO_EVENT_FEATURES, 1); return true;
	case 12: write_both(p, 0x030, 4, s->queue % MODEL_QUEUES); return true;
	case 13: write_both(p, 0x044, 4, 1); return true;
	case 14: write_both(p, 0x070, 4, 0xf); return false;
	default: break;
	}
	if (s->bringing % 2 == 0)
		write_both(p, 0x024, 4, word);
	else
		write_both(p, 0x020, 4, p->model.offered[word] & (s->features | (word == 1)));
	return true;
}

/* How many scripts further it goes on. */
static unsigned go_on(struct pair *p, struct script *s)
{
	const unsigned next = s->who & 3;

	s->who >>= 2;
	s->bringing = bring_up(p, s) ? s->bringing + 1 : 0;
	return next;
}

static unsigned step(struct pair *p, struct script *s)
{
	const uint8_t first = fuzz_take8(&s->rest), size = fuzz_take8(&s->rest);
	const uint16_t offset = fuzz_take16(&s->rest);
	const uint64_t value = fuzz_take64(&s->rest);
	const uint32_t arg = fuzz_take32(&s->rest);
	/* The end of the address space is an offset too. */
	const uint64_t anywhere = arg == UINT32_MAX ? UINT64_MAX - offset : offset;

	switch (first % 32 % WHATS) {
	case WRITE:
		write_both(p, writable[offset % N(writable)], 4, value);
		break;
	case WRITE_ANYWHERE:
		write_both(p, anywhere, size, value);
		break;
	case READ:
		compare_read(p, anywhere, size);
		break;
	case EVENT:
		event(p, size, arg);
		break;
	case RAISE:
		raise_both(p, size, (uint32_t)value);
		break;
	case BRING_UP:
		*s = (struct script){s->rest, 1, size, arg, value};
		return go_on(p, s);
	default:
		config_set(p, arg == UINT32_MAX ? arg - offset : offset, size, value);
	}
	return first / 32;
}

/* One step of a script: 0 or more, how many scripts further it goes on; -1: it is over. */
static int turn(struct pair *p, struct script *s)
{
	int next;

	if ((!s->rest.left && !s->bringing) || p->step == 1000)
		return -1;
	next = (int)(s->bringing ? go_on(p, s) : step(p, s));
	compare(p);
	p->step++;
	return next;
}

#ifdef FUZZ_THREADS

struct vcpu {
	struct pair *p;
	struct script *script;
	pthread_mutex_t *lock;
	pthread_t thread;
};

/* Without the lock: what never changes does not, the rest may be anything. */
static void look(const struct pair *p)
{
	FUZZ_CHECK(vmmio_regfile_read(p->rf, 0x000, 4) == 0x74726976 &&
			vmmio_regfile_read(p->rf, 0x004, 4) == p->config.version &&
			vmmio_regfile_read(p->rf, 0x008, 4) == p->config.device_id &&
			vmmio_regfile_read(p->rf, 0x00c, 4) == p->config.vendor_id,
		"the first registers change");
	for (uint64_t offset = 0x10; offset < 0x140; offset += 4)
		(void)vmmio_regfile_read(p->rf, offset, 4);
}

static void *be_vcpu(void *arg)
{
	struct vcpu *me = arg;
	int next;

	do {
		look(me->p);
		pthread_mutex_lock(me->lock);
		next = turn(me->p, me->script);
		pthread_mutex_unlock(me->lock);
	} while (next >= 0);
	return NULL;
}

/* A thread for each script, and reads without a lock meanwhile. */
static void play(struct pair *p)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct vcpu vcpu[SCRIPTS];

	for (unsigned i = 0; i < p->n_scripts; i++) {
		vcpu[i] = (struct vcpu){p, &p->script[i], &lock, 0};
		FUZZ_CHECK(!pthread_create(&vcpu[i].thread, NULL, be_vcpu, &vcpu[i]), "no thread");
	}
	for (unsigned i = 0; i < p->n_scripts; i++)
		pthread_join(vcpu[i].thread, NULL);
}

#else

/* All scripts to their ends, in the program's order. */
static void play(struct pair *p)
{
	unsigned who = 0, over = 0;

	while (over < p->n_scripts) {
		const int next = turn(p, &p->script[who % p->n_scripts]);

		over = next < 0 ? over + 1 : 0;
		who += next < 0 ? 1 : (unsigned)next;
	}
}

#endif

static void run(struct fuzz_input *input)
{
	static struct pair p;
	const char *why;
	size_t size;
	void *memory;
	int error;

	memset(&p, 0, sizeof(p));
	describe(&p, input);
	size = vmmio_regfile_size(&p.config);
	memory = malloc(size);
	FUZZ_CHECK(memory && size, "a good configuration is refused");
	memset(memory, 0xa5, size);
	error = vmmio_regfile_init(memory, size, &p.config, &p.rf, &why);
	FUZZ_CHECK(!error, "%d: %s", error, why);
	model_init(&p.model, &p.config);
	compare(&p);
	deal(&p, input);
	p.step = 1;
	play(&p);
	free(memory);
}

static void make_header(struct fuzz_random *random, uint8_t *out)
{
	for (unsigned i = 0; i < 12; i++)
		out[i] = (uint8_t)fuzz_next(random);
	out[4] = (uint8_t)(1 + fuzz_below(random, MODEL_QUEUES));
	fuzz_put16(out + 6, (uint16_t)fuzz_below(random, 128));
}

/* Values that mean something in one register or another. */
static uint32_t some_value(struct fuzz_random *random)
{
	static const uint32_t values[] = {0, 1, 1, 1, 2, 3, 4, 7, 8, 0x10, 0x20, 0x80, 0xffff,
		0x10000, 0x10001, 0xffffffff, 0x100, 0x55555555, 0xaaaaaaaa};

	return values[fuzz_below(random, N(values))];
}

static void make_record(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t status[] = {0, 1, 3, 8, 0xb, 0xf, 0xf, 0x10, 0x1f, 4, 0xc, 0x80};
	const unsigned kind = fuzz_below(random, 16);

	memset(out, 0, 16);
	fuzz_put32(out + 4, some_value(random));
	fuzz_put32(out + 12, fuzz_below(random, 8) ? some_value(random) : UINT32_MAX);
	fuzz_put16(out + 2, (uint16_t)fuzz_below(random, N(writable)));
	out[1] = 4;
	if (kind == 0) {
		out[0] = BRING_UP;
		out[1] = (uint8_t)fuzz_below(random, 4);
		fuzz_put32(out + 4, fuzz_below(random, 2) ? 0 : fuzz_next(random));
		fuzz_put32(out + 12, fuzz_below(random, 2) ? UINT32_MAX : fuzz_next(random));
	} else if (kind < 5) { /* Status */
		out[2] = 8;
		fuzz_put32(out + 4, status[fuzz_below(random, sizeof(status))]);
	} else if (kind < 7) { /* the features that get a driver on its way: VERSION_1 */
		out[2] = fuzz_below(random, 2) ? 1 : 2;
		fuzz_put32(out + 4, out[2] == 2 || fuzz_below(random, 2) ? 1 : 0x941);
	} else if (kind < 9) {
		out[0] = EVENT;
		out[1] = (uint8_t)fuzz_below(random, 8);
		if (out[1] == VMMIO_EVENT_FEATURES && fuzz_below(random, 8))
			fuzz_put32(out + 12, 1);
	} else if (kind > 12) {
		out[0] = (uint8_t)(1 + fuzz_below(random, WHATS - 1));
		out[1] = (uint8_t)(1 << fuzz_below(random, 4));
		fuzz_put16(out + 2, (uint16_t)fuzz_below(random, 0x180));
	}
	if (fuzz_below(random, 2))
		out[0] |= (uint8_t)(fuzz_below(random, SCRIPTS) << 5);
}

const struct fuzz_target fuzz_target = {
	.name = "regfile",
	.header = 12,
	.record = RECORD,
	.min_deep = 30,
	.deep = "reached DRIVER_OK",
	.run = run,
	.make_header = make_header,
	.make_record = make_record,
};
