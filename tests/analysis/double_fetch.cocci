// SPDX-License-Identifier: BSD-3-Clause
// What the driver can write is read once, into a copy, and only the copy is judged and used:
// a second read may give something else. Four ways of doing it wrong are looked for.
//
// Loops are no second read: one place, and by the next round its index has moved. advance() is
// what moves a place in a packed ring.

// 1. The same field is loaded twice on one path.
@load exists@
identifier f =~ "^(shared_load(16|16_acquire|32|64)|load_[a-z_]+|desc_load|walk_entry)$";
expression E;
expression list R;
position p, q;
@@
f@p(E, R)
... when != E = ...
    when != E++
    when != E += ...
    when != advance(...)
f@q(E, R)

@script:python@
p << load.p;
q << load.q;
f << load.f;
@@
if (p[0].line, p[0].column) != (q[0].line, q[0].column):
	print("%s:%s: %s had these arguments in line %s already: use what it gave"
	      % (q[0].file, q[0].line, f, p[0].line))

// 2. The same bytes of a chain are copied out twice on one path, by a function of the
//    backend's own (where from, how far in, where to, how much) or by memcpy.
@own exists@
identifier f =~ "^copy_from$";
expression E, S, T, U, N, M;
position p, q;
@@
f@p(E, S, T, N)
... when != E = ...
    when != S = ...
    when != S += ...
f@q(E, S, U, M)

@script:python@
p << own.p;
q << own.q;
f << own.f;
@@
if (p[0].line, p[0].column) != (q[0].line, q[0].column):
	print("%s:%s: %s copied these bytes in line %s already: use that copy"
	      % (q[0].file, q[0].line, f, p[0].line))

// 3. Likewise memcpy, out of an iovec.
@copy exists@
identifier f =~ "^(memcpy|memmove|shared_copy)$";
expression T, U, N, M;
expression E;
position p, q;
@@
f@p(T, <+... E->base ...+>, N)
... when != E = ...
    when != E++
f@q(U, <+... E->base ...+>, M)

@script:python@
p << copy.p;
q << copy.q;
f << copy.f;
@@
if (p[0].line, p[0].column) != (q[0].line, q[0].column):
	print("%s:%s: %s copied out of this piece in line %s already: use that copy"
	      % (q[0].file, q[0].line, f, p[0].line))

// 4. What the driver can write is read without a copying function at all: who looks at it
//    there looks again soon, and so may the compiler.
@raw@
expression E, i;
identifier area =~ "^(base|desc|driver|device)$";
identifier m;
type T, U;
position p;
@@
 \( *(T *)E->area@p \| ((T *)E->area@p)->m \| ((T *)E->area@p)[i] \| *(T *)((U *)E->area@p + i) \)

@script:python@
p << raw.p;
area << raw.area;
@@
print("%s:%s: %s is read in place: copy it out first" % (p[0].file, p[0].line, area))
