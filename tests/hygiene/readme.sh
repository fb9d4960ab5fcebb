#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# readme.sh ROOT: the program that README.md shows is examples/embed.c to the letter (which is
# built and run), and every path that the page names is there.
#
#     readme.sh --self-test ROOT   spoils a copy: both faults have to be found
set -eu

check() {
	awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$work/shown"
	if ! diff "$work/shown" examples/embed.c >"$work/diff"; then
		echo "README.md (<) and examples/embed.c (>) differ:"
		cat "$work/diff"
		return 1
	fi
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
echo "/* changed */" >>examples/embed.c
must_fail "a program that differs"
cp "$OLDPWD/examples/embed.c" examples/embed.c
echo 'See `src/nothing/here.c`.' >>README.md
must_fail "a path that is not there"
