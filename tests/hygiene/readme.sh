#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# readme.sh ROOT: every C program that README.md shows, or part of one, is in a file of
# examples/ to the letter (which is built and run), and every path that the page names is there.
#
#     readme.sh --self-test ROOT   spoils a copy: both faults have to be found
set -eu

check() {
	shown=$(grep -c '^```c$' README.md)
	[ "$shown" -ge 2 ] || { echo "README.md shows $shown C programs, not 2 or more"; return 1; }
	# One block at a time against all examples, each as one string.
	awk '
	FILENAME != "README.md" { text[FILENAME] = text[FILENAME] $0 "\n"; next }
	/^```c$/ { on = 1; block = ""; at = FNR; next }
	/^```$/ && on {
		on = found = 0
		for (file in text)
			found += index(text[file], block) > 0
		if (!found) {
			print "the C program at README.md:" at " is in no file of examples/"
			bad = 1
		}
	}
	on { block = block $0 "\n" }
	END { exit bad }' examples/*.c README.md || return 1
	grep -oE '`(include|src|tests|examples)/[A-Za-z0-9_./]*`' README.md | tr -d '`' |
		while read -r path; do
			[ -e "$path" ] || { echo "README.md names $path, which is not there"; exit 1; }
		done
}

must_fail() {
	if check >/dev/null; then
		echo "not found: $1"
		exit 1
	fi
}

self=
[ "$1" != --self-test ] || { self=1; shift; }
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$self" ]; then
	check
	exit
fi
mkdir "$work/copy"
cp -r README.md examples include src tests "$work/copy"
cd "$work/copy"
check
for program in embed entropy; do
	sed -i s/vmmio_/vmmio__/ "examples/$program.c"
	must_fail "a program that differs"
	cp "$OLDPWD/examples/$program.c" "examples/$program.c"
done
check
echo 'See `src/nothing/here.c`.' >>README.md
must_fail "a path that is not there"
