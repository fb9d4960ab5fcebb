#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# HD-45: what the other side may write at any moment is read and written by one instruction.
# The functions of src/queue/shared.h are compiled, alone, and each must have exactly one access
# to memory, of the whole width. And no source of the rings gets at ring memory past them.
#
#     torn.sh ROOT CC               0: so it is; 1: what is not; 77: no x86-64
#     torn.sh --self-test ROOT CC   torn accesses, and a way past, have to be found
set -eu

# NAME ARGUMENTS RESULT ACCESS: an access as objdump prints it, an extended regular expression.
functions() {
	cat <<'TABLE'
load16 const_void_*p uint16_t mov(zwl)?_.*\(%rdi\),%(eax|ax)
load16_acquire const_void_*p uint16_t mov(zwl)?_.*\(%rdi\),%(eax|ax)
load32 const_void_*p uint32_t mov_.*\(%rdi\),%eax
load64 const_void_*p uint64_t mov_.*\(%rdi\),%rax
store16 void_*p,uint16_t_v void mov_.*%si,\(%rdi\)
store16_release void_*p,uint16_t_v void mov_.*%si,\(%rdi\)
store32 void_*p,uint32_t_v void mov_.*%esi,\(%rdi\)
TABLE
}

probe() {
	echo '#include "queue/shared.h"'
	functions | while read -r name args result _; do
		args=$(echo "$args" | tr _ ' ' | sed 's/uint\(..\) t/uint\1_t/')
		case $result in
		void) call="shared_$name(p, v)" ;;
		*) call="return shared_$name(p)" ;;
		esac
		echo "$result probe_$name($args);"
		echo "$result probe_$name($args) { $call; }"
	done
}

# The instructions of a function that touch memory, blanks as one _; padding does not.
accesses() {
	objdump -d --no-show-raw-insn "$work/probe.o" |
		awk -v begin="<probe_$1>:" '$2 == begin { on = 1; next } /^$/ { on = 0 } on' |
		sed 's/^[^:]*:[ \t]*//; s/[ \t][ \t]*/_/g' | grep '(%r' | grep -v nop || true
}

# judge SRC: the helpers of that tree.
judge() {
	bad=0
	probe >"$work/probe.c"
	$cc -std=c11 -O2 -fcf-protection=none -I"$root/include" -I"$1" -c "$work/probe.c" \
		-o "$work/probe.o"
	functions >"$work/table"
	while read -r name _ _ access; do
		accesses "$name" >"$work/found"
		if [ "$(wc -l <"$work/found")" -ne 1 ] || ! grep -qE "^$access" "$work/found"; then
			echo "shared_$name is not one access of its width:"
			cat "$work/found"
			bad=1
		fi
	done <"$work/table"
	past "$1" || bad=1
	return $bad
}

# Ring memory is void * and char *: who reads a number there has cast it, or copied it.
past() {
	found=$(cd "$1/queue" && grep -nE "mem(cpy|move|cmp)\(|\((const )?(volatile )?(_Atomic )?u?int(8|16|32|64)_t \*\)|\((const )?struct vmmio_(split|packed)_[a-z_]+ \*\)" *.[ch] | grep -v '^shared\.h:' || true)
	[ -z "$found" ] || { echo "past the helpers of shared.h:"; echo "$found"; return 1; }
}

# plant FIND FILE EXPRESSION: a copy changed so is refused with FIND.
plant() {
	rm -rf "$work/src"
	mkdir "$work/src"
	cp -R "$root/src/queue" "$work/src"
	sed "$3" "$root/src/queue/$2" >"$work/src/queue/$2"
	if judge "$work/src" >"$work/report" 2>&1 || ! grep -q "$1" "$work/report"; then
		echo "not found: $3"
		failed=1
	fi
}

self_test() {
	failed=0
	judge "$root/src" || { echo "the tree itself is not clean"; return 1; }
	plant "shared_load16 is" shared.h \
		's/return atomic_load_explicit((const _Atomic uint16_t \*)from, memory_order_relaxed);/const volatile uint8_t *b = from; return (uint16_t)(b[0] | b[1] << 8);/'
	plant "shared_load64 is" shared.h \
		's/return atomic_load_explicit((const _Atomic uint64_t \*)from, memory_order_relaxed);/const volatile uint32_t *b = from; return b[0] | (uint64_t)b[1] << 32;/'
	plant "shared_store16_release is" shared.h \
		's/atomic_store_explicit((_Atomic uint16_t \*)to, value, memory_order_release);/volatile uint8_t *b = to; b[0] = (uint8_t)value; b[1] = (uint8_t)(value >> 8);/'
	plant "past the helpers" split.c '$a static int f(void *p) { return *(uint16_t *)p; }'
	plant "past the helpers" packed.c '$a static void f(void *p) { memcpy(p, p + 1, 2); }'
	return $failed
}

[ "$(uname -m)" = x86_64 ] || { echo "SKIP: hd_45: reads x86-64 instructions only"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
--self-test) root=$2 cc=$3 && self_test ;;
?*) root=$1 cc=$2 && judge "$root/src" ;;
*) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
