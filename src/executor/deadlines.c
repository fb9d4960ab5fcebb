/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heap of deadlines, linked through its members.
 *
 * It is a leftist heap: the path to the right from any node is the shortest way to a missing
 * child, so it has at most log2(n + 1) nodes, and every operation works on such paths alone.
 * Unlike pairing or skew heaps this bounds each single operation, which counts because it
 * runs under an executor's lock and a vCPU may be waiting for that.
 */
#include "executor/internal.h"

enum link {
	LEFT,
	RIGHT,
	PARENT,
	KEY, /* NULL: not in a heap; else the number of the arm above, the rank below */
};

/* Enough for the rank of any heap that fits an address space. */
#define RANK_MASK ((uintptr_t)0xff)
#define ARM_STEP (RANK_MASK + 1)

static uintptr_t key_of(const struct vmmio_deadline *node)
{
	return (uintptr_t)node->priv[KEY];
}

static uintptr_t rank_of(const struct vmmio_deadline *node)
{
	return node ? key_of(node) & RANK_MASK : 0;
}

static bool is_before(const struct vmmio_deadline *a, const struct vmmio_deadline *b)
{
	if (a->when != b->when)
		return a->when < b->when;
	/* A difference, because the number of the arm wraps. */
	return (intptr_t)((key_of(a) & ~RANK_MASK) - (key_of(b) & ~RANK_MASK)) < 0;
}

static void set_child(struct vmmio_deadline *node, enum link side, struct vmmio_deadline *child)
{
	node->priv[side] = child;
	if (child)
		child->priv[PARENT] = node;
}

/* Puts the child of lower rank to the right. true: the rank of node has changed. */
static bool balance(struct vmmio_deadline *node)
{
	struct vmmio_deadline *left = node->priv[LEFT];
	uintptr_t rank, old = rank_of(node);

	if (rank_of(left) < rank_of(node->priv[RIGHT])) {
		node->priv[LEFT] = node->priv[RIGHT];
		node->priv[RIGHT] = left;
	}
	rank = rank_of(node->priv[RIGHT]) + 1;
	node->priv[KEY] = (void *)((key_of(node) & ~RANK_MASK) | rank);
	return rank != old;
}

/* Recursion follows the right paths of both: as deep as their ranks added. */
static struct vmmio_deadline *merge(struct vmmio_deadline *a, struct vmmio_deadline *b)
{
	if (!a || !b)
		return a ? a : b;
	if (is_before(b, a)) {
		struct vmmio_deadline *later = a;

		a = b;
		b = later;
	}
	set_child(a, RIGHT, merge(a->priv[RIGHT], b));
	balance(a);
	return a;
}

static void set_first(struct vmmio_deadlines *heap, struct vmmio_deadline *first)
{
	heap->first = first;
	if (first)
		first->priv[PARENT] = NULL;
}

void vmmio_deadlines_add(struct vmmio_deadlines *heap, struct vmmio_deadline *deadline)
{
	deadline->priv[LEFT] = NULL;
	deadline->priv[RIGHT] = NULL;
	deadline->priv[KEY] = (void *)(heap->arms * ARM_STEP | 1);
	heap->arms++;
	set_first(heap, merge(heap->first, deadline));
}

bool vmmio_deadlines_remove(struct vmmio_deadlines *heap, struct vmmio_deadline *deadline)
{
	struct vmmio_deadline *parent, *rest;

	if (!deadline->priv[KEY])
		return false;
	parent = deadline->priv[PARENT];
	rest = merge(deadline->priv[LEFT], deadline->priv[RIGHT]);
	deadline->priv[KEY] = NULL;
	if (!parent) {
		set_first(heap, rest);
		return true;
	}
	set_child(parent, parent->priv[LEFT] == deadline ? LEFT : RIGHT, rest);
	while (parent && balance(parent))
		parent = parent->priv[PARENT];
	return true;
}

struct vmmio_deadline *vmmio_deadlines_take(struct vmmio_deadlines *heap, uint64_t limit)
{
	struct vmmio_deadline *first = heap->first;

	if (!first || first->when > limit)
		return NULL;
	vmmio_deadlines_remove(heap, first);
	return first;
}
