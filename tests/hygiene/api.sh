#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The exported names: what the headers declare VMMIO_API, what src/vmmio.map lists and what
# the shared library has must be the same.
#
#     api.sh ROOT LIBRARY      compares the three; 1 and the differences if they differ
#     api.sh --write ROOT      writes src/vmmio.map anew from the headers
#     api.sh --self-test ROOT LIBRARY   changes a copy of the map and of the headers
set -eu

declared() {
	find include/vmmio -name '*.h' -exec cat {} + | awk '
	/^[ \t]*#/ { while (/\\$/ && (getline > 0)) ; next }
	{ text = text " " $0 }
	END {
		while (match(text, /\/\*([^*]|\*+[^*\/])*\*+\//))
			text = substr(text, 1, RSTART - 1) " " substr(text, RSTART + RLENGTH)
		n = split(text, part, /VMMIO_API/)
		for (i = 2; i <= n; i++) {
			sub(/[(;[].*/, "", part[i])
			sub(/[ \t]+$/, "", part[i])
			sub(/.*[^A-Za-z0-9_]/, "", part[i])
			print part[i]
		}
	}' | LC_ALL=C sort
}

listed() {
	sed -n 's/^[[:space:]]*\([a-z][a-z0-9_]*\);.*/\1/p' src/vmmio.map
}

exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort
}

write_map() {
	{
		echo "/* SPDX-License-Identifier: BSD-3-Clause */"
		echo "/* What libvmmio.so exports: every VMMIO_API of the headers, sorted. Written by"
		echo " * tests/hygiene/api.sh --write, which the hygiene tests compare it with. */"
		echo "VMMIO_0.1 {"
		echo "global:"
		declared | sed 's/.*/\t&;/'
		echo "local:"
		printf '\t*;\n};\n'
	} >src/vmmio.map
}

compare() {
	declared >"$work/declared"
	listed >"$work/listed"
	exported "$1" >"$work/exported"
	[ -s "$work/declared" ] || { echo "no VMMIO_API declaration found"; return 1; }
	if ! diff "$work/declared" "$work/listed" >"$work/diff"; then
		echo "headers (<) and src/vmmio.map (>) differ; api.sh --write mends the map:"
		cat "$work/diff"
		return 1
	fi
	if ! diff "$work/listed" "$work/exported" >"$work/diff"; then
		echo "src/vmmio.map (<) and the symbols of $1 (>) differ:"
		cat "$work/diff"
		return 1
	fi
}

must_differ() {
	if compare "$2" >/dev/null; then
		echo "not found: $1"
		exit 1
	fi
}

self_test() {
	lib=$1
	mkdir "$work/tree"
	cp -R include src "$work/tree"
	cd "$work/tree"
	compare "$lib"
	cp src/vmmio.map kept
	sed -i '/vmmio_regfile_init;/d' src/vmmio.map
	must_differ "a function missing from the map" "$lib"
	sed 's/^local:/\tvmmio_zzz;\nlocal:/' kept >src/vmmio.map
	must_differ "a name in the map that no header has" "$lib"
	echo "VMMIO_API int vmmio_zzz(void);" >>include/vmmio/base.h
	must_differ "a declared function that the library lacks" "$lib"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
--write) cd "$2" && write_map ;;
--self-test) cd "$2" && self_test "$3" ;;
?*) cd "$1" && compare "$2" ;;
*) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
