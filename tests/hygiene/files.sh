#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What holds for the tree as a whole: a licence line on top of each source file, nothing
# left open in it, no path of somebody's machine, every source file in a sources.cmake,
# and the visible names at the top exactly as ordered.
#
#     files.sh ROOT               1 and what is wrong
#     files.sh --self-test ROOT   plants each fault in a copy: all have to be found
set -eu

top_names="CMakeLists.txt LICENSE README.md examples include src tests"

# Every file that people write, but prose.
sources() {
	find src include tests examples CMakeLists.txt .ci -type f ! -name '*.md' ! -name '*.tsv' \
		! -name '*.txt' -o -name CMakeLists.txt | LC_ALL=C sort
}

licences() {
	sources | xargs awk '
		function tell() { if (file && !found) print file ": no SPDX line at its top" }
		FNR == 1 { tell(); file = FILENAME; found = 0 }
		FNR <= 3 && /SPDX-License-Identifier: BSD-3-Clause/ { found = 1 }
		END { tell() }'
}

# The marks are put together here, so that this file is clean itself.
open_ends() {
	sources | xargs grep -nIE "\\b(TO""DO|FIX""ME|XX""X|HA""CK)\\b" || true
	sources | xargs grep -nIE "(^|[^[:alnum:]_.\$}{-])/(wo""rk|ho""me|ro""ot)/" || true
}

unlisted() {
	find src -name '*.c' | LC_ALL=C sort | while read -r file; do
		name=${file#src/}
		grep -qE "(^|[ (])$name([ )]|\$)" "src/${name%%/*}/sources.cmake" 2>/dev/null ||
			echo "$file: in no sources.cmake"
	done
	find tests -name '*.c' ! -path '*/support/*' | LC_ALL=C sort | while read -r file; do
		[ "${file%/*}" = "${folder-}" ] || { folder=${file%/*}; names=$(in_fragments "$folder"); }
		matches "${file##*/}" "$names" || echo "$file: in no tests.cmake"
	done
}

# A variable inside a name there stands for anything.
in_fragments() {
	sed -n 's/\${[^}]*}/@/g; s/[^A-Za-z0-9_.@\/]/\n/gp' "$1"/*.cmake |
		sed -n 's/@/*/g; s/.*\///; /\.c$/p'
}

# matches FILE PATTERNS
matches() {
	for name in $2; do
		case $1 in
		$name) return 0 ;;
		esac
	done
	return 1
}

top_level() {
	for name in *; do
		case " $top_names " in
		*" $name "*) continue ;;
		esac
		case $name in
		build*) ;;
		*) echo "$name: not a name that belongs at the top" ;;
		esac
	done
	for name in $top_names; do
		[ -e "$name" ] || echo "$name: missing at the top"
	done
}

check() {
	found=$(licences; open_ends; unlisted; top_level)
	[ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

must_find() {
	if check >found.out || ! grep -qF "$1" found.out; then
		echo "not found: $1"
		failed=1
	fi
	rm -f found.out
}

# Plants a file (removed afterwards) with the given text.
plant() {
	printf '%b' "$2" >"$1"
	must_find "$3"
	rm -f "$1"
}

self_test() {
	copy=$(mktemp -d)
	trap 'rm -rf "$copy"' EXIT
	cp -R $top_names .ci "$copy"
	cd "$copy"
	check || { echo "the tree itself is not clean"; exit 1; }
	failed=0
	spdx='/* SPDX-License-Identifier: BSD-3-Clause */\n'
	plant include/vmmio/planted.h 'int a;\n' "planted.h: no SPDX"
	plant examples/planted 'int a;\n' "examples/planted: no SPDX"
	plant include/vmmio/planted.h "$spdx/* TO""DO later */\n" "planted.h:2"
	plant tests/planted.h "$spdx/* FIX""ME */\n" "planted.h:2"
	plant tests/planted.h "$spdx\"/ho""me/me/image\"\n" "planted.h:2"
	plant src/regfile/planted.c "$spdx" "src/regfile/planted.c: in no sources.cmake"
	plant tests/unit/planted.c "$spdx" "tests/unit/planted.c: in no tests.cmake"
	plant notes.md "" "notes.md: not a name"
	mv LICENSE LICENCE
	must_find "LICENSE: missing"
	exit $failed
}

case ${1-} in
--self-test) cd "$2" && self_test ;;
?*) cd "$1" && check ;;
*) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
