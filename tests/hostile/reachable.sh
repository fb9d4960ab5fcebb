#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# HD-36: nothing a guest does ends the process. The parts that a guest can drive are compiled as
# a release is (NDEBUG), and what they call beside themselves has to be in allowed_symbols: no
# abort, no exit, no failing assert, directly or by another name. Nor is there a trap instruction,
# which a compiler leaves where it has proven that the code is wrong.
#
#     reachable.sh ROOT CC               0: clean; 1: what is called and by whom
#     reachable.sh --self-test ROOT CC   planted calls have to be found
set -eu

parts="base regfile queue memory device executor io backends observe"

allowed() {
	sed 's/#.*//' "$root/tests/hostile/allowed_symbols" | tr -s ' \t' '\n' | sed '/^$/d' |
		LC_ALL=C sort -u
}

# compile SOURCE OBJECT
compile() {
	$cc -std=c11 -O2 -DNDEBUG -D_GNU_SOURCE -fPIC -I"$root/include" -I"$root/src" -c "$1" \
		-o "$2"
}

# "OBJECT SYMBOL" of what the objects of a directory call, own symbols aside.
called() {
	nm -A -g --defined-only "$1"/*.o | awk '{ print $NF }' | LC_ALL=C sort -u >"$work/own"
	nm -A -u "$1"/*.o | sed 's/.*\/\([^/]*\)\.o:/\1 /' | awk '{ print $1, $NF }' |
		sed 's/@.*//' | LC_ALL=C sort -k 2,2 -u | LC_ALL=C join -1 2 -v 1 - "$work/own"
}

traps() {
	for object in "$1"/*.o; do
		objdump -d --no-show-raw-insn "$object" | awk -v name="$(basename "$object" .o)" '
		/^[0-9a-f]+ <.*>:$/ { at = $2 }
		$2 == "ud2" || $2 == "ud1" || $2 == "int3" { print name ": a trap in " at }' |
			sort -u
	done
}

judge() {
	allowed >"$work/allowed"
	called "$1" >"$work/called"
	[ -s "$work/own" ] || { echo "no symbol was found"; return 1; }
	found=$(LC_ALL=C join -v 1 "$work/called" "$work/allowed" |
		awk '{ print $2 ": calls " $1 ", which is not in allowed_symbols" }'
		[ "$(uname -m)" != x86_64 ] || traps "$1")
	[ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

check() {
	mkdir "$work/objects"
	n=0
	for part in $parts; do
		for source in "$root/src/$part"/*.c; do
			compile "$source" "$work/objects/${part}_$(basename "$source" .c).o" &
			n=$((n + 1))
			[ $((n % 2)) -ne 0 ] || wait
		done
	done
	wait
	[ "$(ls "$work/objects" | wc -l)" -eq "$n" ] || { echo "not all of it compiles"; return 1; }
	judge "$work/objects" || return 1
	echo "$n objects call $(awk '{ print $1 }' "$work/called" | sort -u | wc -l) allowed symbols"
}

# plant FIND TEXT: the text compiles, and FIND is reported (FIND clean: nothing is).
plant() {
	rm -rf "$work/planted"
	mkdir "$work/planted"
	printf '%b\n' "$2" >"$work/planted.c"
	compile "$work/planted.c" "$work/planted/planted.o"
	if judge "$work/planted" >"$work/report"; then
		[ "$1" = clean ] || { echo "not found: $2"; failed=1; }
	elif ! grep -q "$1" "$work/report"; then
		echo "not found: $1 in:"
		cat "$work/report"
		failed=1
	fi
}

self_test() {
	failed=0
	plant clean '#include <assert.h>\nint f(int a);\nint f(int a) { assert(a); return a; }'
	plant clean '#include <string.h>\nvoid f(char *a);\nvoid f(char *a) { memset(a, 1, 99); }'
	plant "calls abort," '#include <stdlib.h>\nvoid f(int a);\nvoid f(int a) { if (a) abort(); }'
	for name in exit _exit _Exit quick_exit pthread_exit kill raise longjmp; do
		plant "calls $name," "void $name(int);\nvoid f(int a);\nvoid f(int a) { $name(a); }"
	done
	plant "calls __assert_fail," '#undef NDEBUG\n#include <assert.h>\nvoid f(int a);\nvoid f(int a) { assert(a); }'
	plant "calls abort," '#include <stdlib.h>\nvoid (*f(void))(void);\nvoid (*f(void))(void) { return abort; }'
	plant "calls perror," '#include <stdio.h>\nvoid f(void);\nvoid f(void) { perror(0); }'
	[ "$(uname -m)" != x86_64 ] ||
		plant "a trap in" 'void f(int a);\nvoid f(int a) { if (a) __builtin_trap(); }'
	return $failed
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
--self-test) root=$2 cc=$3 && self_test ;;
?*) root=$1 cc=$2 && check ;;
*) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
