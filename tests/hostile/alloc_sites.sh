#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# F-31 forgets nothing. Of the program test_f_alloc, which has both libraries in whole:
#  - each function of a library that calls an allocator was refused memory in a run of F-31, or
#    alloc_unseen has it with a reason;
#  - each public function from which calls lead to such a place was refused memory in its call, or
#    alloc_unseen has it.
#
#     alloc_sites.sh ROOT PROGRAM ARCHIVE...   0: so it is; 1: what is missing, or not unseen
#
# In the end parts of the notes are taken away, which has to be missed.
set -eu

# "ADDRESS FILE" of each static function, the file as the symbol table has it: basename.c. Hidden
# ones are local too, at the end, after a file without a name.
local_files() {
	readelf -sW "$program" | awk '$4 == "FILE" { file = $8 }
	$4 == "FUNC" && $5 == "LOCAL" && file != "" { print $2, file }'
}

# What belongs to the libraries: "f basename.c", "g function".
owned() {
	for archive in "$@"; do
		nm "$archive" 2>/dev/null | awk '
		/^[^ ]*\.o:$/ { file = $1; sub(/\.o:$/, "", file); print "f", file }
		$2 == "T" { print "g", $3 }'
	done
}

# From the disassembly: "site RETURN FILE:FUNCTION" of calls of allocators in a library, and
# "public FUNCTION" of those from which calls lead there.
sites() {
	local_files >"$work/local"
	owned "$@" >"$work/owned"
	sed -n 's/^\t\(vmmio_[a-z0-9_]*\);$/\1/p' "$root/src/vmmio.map" >"$work/public"
	sed -n 's/.*[ *]\(vmmio_[a-z0-9_]*\)(.*/\1/p' "$root"/include/vmmio/conform/*.h >>"$work/public"
	objdump -d --no-show-raw-insn "$program" | awk -v work="$work" '
	function trim(hex) { sub(/^0+/, "", hex); return hex }
	BEGIN {
		while ((getline line < (work "/local")) > 0) {
			split(line, w); file[trim(w[1])] = w[2]
		}
		while ((getline line < (work "/owned")) > 0) {
			split(line, w); owned[w[1] w[2]] = 1
		}
		while ((getline line < (work "/public")) > 0)
			public[line] = 1
	}
	/^[0-9a-f]+ <.*>:$/ {
		at = trim($1); name = $2; gsub(/[<>:]/, "", name)
		base = name; sub(/\.(part|constprop|isra|cold|lto_priv).*/, "", base)
		title[at] = base
		mine = at in file ? ("f" file[at]) in owned : ("g" base) in owned
		place = (at in file ? file[at] ":" : "") base
		next
	}
	{
		if (pending) { here = $1; sub(/:$/, "", here); print "site", here, pending }
		pending = ""
	}
	$2 ~ /^(call|jmp)/ && $4 ~ /^<[^+]*>$/ {
		callee = $4; gsub(/[<>]/, "", callee); sub(/@.*/, "", callee)
		edges++; from[edges] = at; to[edges] = trim($3)
		if (callee ~ /^(__wrap_)?(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|open_memstream)$/ && mine) {
			allocates[at] = 1
			if (callee ~ /^open_memstream$/) print "site", "-", place
			else if ($2 ~ /^call/) pending = place
			else print "site", "tail", place
		}
	}
	END {
		do {
			changed = 0
			for (i = 1; i <= edges; i++)
				if (allocates[to[i]] && !allocates[from[i]])
					allocates[from[i]] = changed = 1
		} while (changed)
		for (a in allocates)
			if (allocates[a] && title[a] in public) print "public", title[a]
	}' | LC_ALL=C sort -u
}

unseen() {
	sed 's/#.*//' "$root/tests/hostile/alloc_unseen" | awk 'NF { print $1 }' | LC_ALL=C sort -u
}

# What is missing in the notes. A compiler may make two calls of one, so that a function counts as
# a whole: F-31 refuses in turn all that it asks for.
missing() {
	awk '$1 == "at" { print $2 }' "$work/notes" | LC_ALL=C sort -u >"$work/refused"
	awk '$1 == "site" { print $2, $3 }' "$work/sites" | LC_ALL=C sort -k 1,1 >"$work/places"
	LC_ALL=C join "$work/places" "$work/refused" | awk '{ print $2 }' | LC_ALL=C sort -u \
		>"$work/seen"
	awk '{ print $2 }' "$work/places" | LC_ALL=C sort -u | LC_ALL=C join -v 1 - "$work/seen"
	awk '$1 == "in" { print $2 }' "$work/notes" | LC_ALL=C sort -u >"$work/functions"
	awk '$1 == "public" { print $2 }' "$work/sites" | LC_ALL=C join -v 1 - "$work/functions"
}

judge() {
	missing | LC_ALL=C sort -u >"$work/missing"
	unseen >"$work/unseen"
	found=$(LC_ALL=C join -v 1 "$work/missing" "$work/unseen" |
		sed 's/$/: allocates, and F-31 never refused it memory (or say why in alloc_unseen)/'
		LC_ALL=C join -v 2 "$work/missing" "$work/unseen" |
			sed 's/$/: in alloc_unseen, and there is no need/')
	[ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

collect() {
	root=$1 program=$2
	shift 2
	F_ALLOC_NOTES="$work/notes" CK_RUN_CASE=f_31 "$program" >"$work/out" 2>&1 ||
		{ cat "$work/out"; return 1; }
	sites "$@" >"$work/sites"
	[ "$(grep -c ^site "$work/sites")" -gt 20 ] || { echo "no places were found"; return 1; }
}

self_test() {
	failed=0
	cp "$work/notes" "$work/all"
	awk '$2 == "vmmio_executor_create" { print "at", $1 }' "$work/places" >"$work/at"
	echo "in vmmio_memory_add" >"$work/in"
	for lines in at in; do
		grep -vxF -f "$work/$lines" "$work/all" >"$work/notes"
		! judge >/dev/null || { echo "not missed:"; cat "$work/$lines"; failed=1; }
	done
	return $failed
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
?*)
	{ collect "$@" && judge && self_test; } || exit 1
	echo "$(grep -c ^site "$work/sites") places and $(grep -c ^public "$work/sites") functions" \
		"allocate, $(grep -c . "$work/unseen") not seen"
	;;
*) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
