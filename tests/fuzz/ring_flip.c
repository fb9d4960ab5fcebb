/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_flip.h. */
#include "ring_flip.h"

#include <string.h>

enum { LATER = 8, SAVED = 4096 };

struct later {
	unsigned loads; /* 0: not armed */
	uint64_t guest;
	uint32_t value;
	unsigned size;
};

struct saved {
	char *at;
	size_t n;
	uint64_t old;
};

static struct {
	struct rig *rig;
	bool *spoiled;
	struct later later[LATER];
	bool all;
	uint8_t how;
	struct saved saved[SAVED];
	unsigned n_saved;
} f;

void flip_up(struct rig *rig, bool *spoiled)
{
	f.rig = rig;
	f.spoiled = spoiled;
	f.all = false;
	f.n_saved = 0;
	memset(f.later, 0, sizeof(f.later));
}

void flip_later(unsigned loads, uint64_t guest, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < LATER; i++) {
		if (f.later[i].loads)
			continue;
		f.later[i] = (struct later){loads, guest, value, size};
		return;
	}
}

static void come_true(const struct later *l)
{
	void *to = l->size ? rig_at(f.rig, l->guest, l->size) : NULL;

	*f.spoiled = true;
	if (to)
		memcpy(to, &l->value, l->size);
	else if (!l->size)
		f.rig->gone ^= l->value;
}

static uint64_t another(uint64_t old, size_t n)
{
	switch (f.how & 3) {
	case 0: return UINT64_MAX;
	case 1: return 0;
	case 2: return ~old;
	default: return old ^ UINT64_C(1) << (f.how >> 2) % (8 * n);
	}
}

static void overwrite(const void *from, size_t n)
{
	struct saved *s = &f.saved[f.n_saved];
	uint64_t now;

	if (f.n_saved == SAVED)
		return;
	f.n_saved++;
	/* It is the rig's own memory, which only the device takes for constant. */
	*s = (struct saved){.at = (char *)(uintptr_t)from, .n = n};
	memcpy(&s->old, from, n);
	now = another(s->old, n);
	memcpy(s->at, &now, n);
}

void fuzz_loaded(const void *from, size_t n)
{
	if (f.all)
		overwrite(from, n);
	for (unsigned i = 0; i < LATER; i++)
		if (f.later[i].loads && --f.later[i].loads == 0)
			come_true(&f.later[i]);
}

void flip_all(uint8_t how)
{
	f.all = true;
	f.how = how;
}

/* The last first: a word may have been loaded twice. */
void flip_back(void)
{
	f.all = false;
	while (f.n_saved) {
		const struct saved *s = &f.saved[--f.n_saved];

		memcpy(s->at, &s->old, s->n);
	}
}
