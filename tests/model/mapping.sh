#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Holds the file mapping against the model and src/: what one of them knows, all have to know.
#
#     mapping.sh ROOT               1 and what is wrong
#     mapping.sh --self-test ROOT   plants each fault in a copy: all have to be found
set -eu

map=tests/model/mapping

model_names() {
	sed -n 's/^\(inline\|proctype\) \([a-z_0-9]*\)(.*/\2/p' tests/model/*.pml | sort -u
}

mapped_names() {
	sed -n '/^#/d; /^left-out/d; /^points-left-out/d; s/^\([a-z_0-9][a-z_0-9]*\) .*/\1/p' $map |
		sort -u
}

# FILE FUNCTION, one a line.
mapped_functions() {
	sed '/^#/d; /^points-left-out/d' $map |
		awk 'NF > 2 { for (i = 3; i <= NF; i++) print $2, $i }' | sort -u
}

# A definition begins at the left, and ends in no semicolon.
functions_of() {
	sed -n '/^[a-z].*[a-z_0-9](/{/;$/d; s/^\([^(]*[ *]\)\([a-z_0-9]*\)(.*/\2/p;}' "src/$1"
}

source_functions() {
	for file in $(mapped_functions | cut -d' ' -f1 | sort -u); do
		if [ -f "src/$file" ]; then
			functions_of "$file" | sed "s|^|$file |"
		fi
	done | sort -u
}

model_points() {
	awk '/^mtype = \{ WRITE_ACCEPTED/,/\}/' tests/model/state.pml |
		grep -oE '[A-Z]+(_[A-Z]+)*' | grep -vxE 'SINK|DESTROYED|RETURNED'
}

known_points() {
	{
		model_points
		sed -n 's/^points-left-out *//p' $map | tr ' ' '\n'
	} | sort -u
}

sync_points() {
	sed -n 's/^\tX(\([A-Z_]*\)).*/\1/p' src/device/sync.h | sort -u
}

# differ WHAT-IF-ONLY-LEFT WHAT-IF-ONLY-RIGHT: of two sorted lists, in ./left and ./right
differ() {
	comm -23 "$work/left" "$work/right" | sed "s|\$|: $1|"
	comm -13 "$work/left" "$work/right" | sed "s|\$|: $2|"
}

findings() {
	model_names >"$work/left" && mapped_names >"$work/right"
	differ "of the model, not in $map" "in $map, not of the model"
	source_functions >"$work/left" && mapped_functions >"$work/right"
	differ "in src/, not in $map (in the model, or left out?)" "in $map, not in src/"
	sync_points >"$work/left" && known_points >"$work/right"
	differ "a sync point that is neither in the model nor left out" "no sync point of sync.h"
}

check() {
	found=$(findings)
	[ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

# plant FILE SED-COMMAND WHAT-IS-FOUND
plant() {
	cp "$1" "$work/kept"
	sed "$2" "$work/kept" >"$1"
	if check >"$work/out" || ! grep -qF "$3" "$work/out"; then
		echo "not found: $3"
		failed=1
	fi
	cp "$work/kept" "$1"
}

self_test() {
	mkdir "$work/tree"
	cp -r src "$work/tree" && mkdir "$work/tree/tests" && cp -r tests/model "$work/tree/tests"
	cd "$work/tree"
	check || return 1
	plant src/device/lifecycle.c 's/close_behind/shut_behind/' 'shut_behind: in src/, not in'
	plant src/device/lifecycle.c 's/close_behind/shut_behind/' 'close_behind: in tests'
	plant src/device/irq.c '$a static void ring_bell(void)' 'ring_bell: in src/'
	plant src/device/sync.h 's/^\tX(FENCE)/\tX(HEDGE)/' 'HEDGE: a sync point'
	plant tests/model/backend.pml 's/^inline irq_update(/inline irq_change(/' 'irq_change: of'
	plant tests/model/mapping '/^irq_update/d' 'irq_update: of the model'
	return $failed
}

failed=0
mode=$1
[ "$mode" != --self-test ] || shift
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$mode" = --self-test ]; then self_test; else check; fi
