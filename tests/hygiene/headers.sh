#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every public header compiles alone, twice in a row, as C11 and as C++, without a warning
# and without POSIX or GNU extensions switched on.
#
#     headers.sh ROOT CC            the C compiler of the build, and g++, clang and clang++
#                                   where there are any
#     headers.sh --self-test ROOT CC   headers that break the rules have to be refused
set -eu

try() {
	printf '#include <%s>\n#include <%s>\nint vmmio_hygiene;\n' "$header" "$header" |
		"$@" -I"$include" -fsyntax-only - 2>"$work/errors" && return 0
	echo "$header: $*"
	cat "$work/errors"
	return 1
}

check_header() {
	bad=0
	for c in $(c_compilers); do
		try "$c" -std=c11 -pedantic -Wall -Wextra -Wundef -Wstrict-prototypes -Werror -x c || bad=1
	done
	for cxx in $(cxx_compilers); do
		try "$cxx" -std=c++11 -pedantic -Wall -Wextra -Wundef -Werror -x c++ || bad=1
	done
	return $bad
}

c_compilers() {
	echo "$cc"
	for c in clang clang-14; do command -v "$c" && break; done || true
}

cxx_compilers() {
	command -v g++ || true
	for c in clang++ clang++-14; do command -v "$c" && break; done || true
}

# Names a package that the header needs and that is not here.
lacks() {
	grep -q '^#include <libfdt\.h>' "$include/$header" || return 1
	! printf '#include <libfdt.h>\n' | "$cc" -fsyntax-only -x c - 2>/dev/null || return 1
	echo libfdt-dev
}

check() {
	failed=0 count=0 left_out=
	for path in $(cd "$include" && find vmmio -name '*.h' | LC_ALL=C sort); do
		header=$path
		if package=$(lacks); then
			left_out="$header, which needs the package $package"
		else
			check_header || failed=1
		fi
		count=$((count + 1))
	done
	[ "$count" -gt 0 ] || { echo "no header found below $include"; return 1; }
	[ "$failed" -eq 0 ] || return 1
	[ -n "$(cxx_compilers)" ] || { echo "SKIP: no C++ compiler here, tried as C only"; return 77; }
	[ -z "$left_out" ] || { echo "SKIP: all are fine but for $left_out"; return 77; }
}

self_test() {
	include=$work/include
	mkdir -p "$include/vmmio"
	while read -r line; do
		printf '%b\n' "$line" >"$include/vmmio/planted.h"
		if check >/dev/null; then
			echo "not found: $line"
			exit 1
		fi
	done <<-'PLANTED'
		size_t vmmio_needs_stddef(void);
		#ifndef A\n#define A\nint vmmio_old_style();\n#endif
		struct vmmio_twice { int a; };
		#ifndef A\n#define A\nstruct vmmio_empty { };\n#endif
	PLANTED
	[ -n "$(cxx_compilers)" ] || { echo "SKIP: no C++ compiler here"; return 77; }
	echo 'struct vmmio_c_only; int vmmio_c_only(int class);' >"$include/vmmio/planted.h"
	if check >/dev/null; then
		echo "not found: a header that is not C++"
		exit 1
	fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
--self-test)
	cc=$3
	self_test
	;;
?*) include=$1/include cc=$2 && check ;;
*) sed -n '3,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
