#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The exported names: what the headers declare VMMIO_API, what src/vmmio.map lists and what
# the shared library has, name by name with its version node, must be the same.
#
# The map has one node per release that added names, the oldest first. A released node never
# changes: a line above the nodes keeps its checksum. New names go into the node of the version
# that base.h has.
#
#     api.sh ROOT LIBRARY      compares the three; 1 and the differences if they differ
#     api.sh --write ROOT      writes the newest node of src/vmmio.map anew from the headers
#     api.sh --release ROOT    from now on the newest node is released
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

# "NAME NODE" of every name in the map.
listed() {
	awk '/^VMMIO_/ { node = $1 }
	/^\t[a-z][a-z0-9_]*;/ { sub(/;/, ""); print $1, node }' src/vmmio.map | LC_ALL=C sort
}

exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@+/, " ", $3); print $3 }' | LC_ALL=C sort
}

# The nodes of the map, in its order; those of them that are released.
nodes() {
	sed -n 's/^\(VMMIO_[0-9.]*\) {$/\1/p' src/vmmio.map
}

released() {
	sed -n 's/^\/\* Released: \(VMMIO_[0-9.]*\),.*/\1/p' src/vmmio.map
}

# The node that new names belong to.
current() {
	awk '$2 == "VMMIO_VERSION_MAJOR" { major = $3 } $2 == "VMMIO_VERSION_MINOR" { minor = $3 }
	END { print "VMMIO_" major "." minor }' include/vmmio/base.h
}

# node_text NODE: as the map has it.
node_text() {
	awk -v begin="$1 {" '$0 == begin { on = 1 } on { print } on && /^}/ { exit }' src/vmmio.map
}

# mark NODE: the line that freezes it.
mark() {
	echo "/* Released: $1, sum $(node_text "$1" | cksum | cut -d' ' -f1). */"
}

# new_names: declared, and in no released node. A released name that is gone is an error.
new_names() {
	declared >"$work/declared"
	for node in $(released); do
		listed | sed -n "s/ $node\$//p"
	done | LC_ALL=C sort >"$work/kept"
	if [ -n "$(comm -13 "$work/declared" "$work/kept")" ]; then
		echo "released names that no header declares any more:" >&2
		comm -13 "$work/declared" "$work/kept" >&2
		return 1
	fi
	comm -23 "$work/declared" "$work/kept" >"$work/new"
}

write_map() {
	new_names
	node=$(current) last=$(released | tail -n 1)
	if [ -s "$work/new" ] && released | grep -qxF "$node"; then
		echo "$node is released: raise the version in include/vmmio/base.h; new names are" >&2
		cat "$work/new" >&2
		return 1
	fi
	{
		echo "/* SPDX-License-Identifier: BSD-3-Clause */"
		echo "/* What libvmmio.so exports: every VMMIO_API of the headers, sorted, in one node per"
		echo " * release that added some. Written by tests/hygiene/api.sh --write, which the hygiene"
		echo " * tests compare it with. */"
		grep '^/\* Released: ' src/vmmio.map || true
		for old in $(released); do node_text "$old"; done
		if [ -s "$work/new" ]; then
			echo "$node {"
			echo "global:"
			sed 's/.*/\t&;/' "$work/new"
			[ -n "$last" ] || printf 'local:\n\t*;\n'
			echo "}${last:+ $last};"
		fi
	} >"$work/map"
	cat "$work/map" >src/vmmio.map
}

release_map() {
	node=$(nodes | tail -n 1)
	! released | grep -qxF "$node" || { echo "$node is released already" >&2; return 1; }
	[ "$node" = "$(current)" ] || { echo "base.h has another version than $node" >&2; return 1; }
	awk -v mark="$(mark "$node")" -v first="$(nodes | head -n 1) {" \
		'$0 == first { print mark } { print }' src/vmmio.map >"$work/map"
	cat "$work/map" >src/vmmio.map
}

# Released nodes are as they were; one more at most, of the version that base.h has.
compare_nodes() {
	for node in $(released); do
		grep -qxF "$(mark "$node")" src/vmmio.map ||
			{ echo "$node was released and has changed"; return 1; }
	done
	nodes | while read -r node; do
		released | grep -qxF "$node" || [ "$node" = "$(current)" ] || {
			echo "$node is not released, and base.h is at $(current): api.sh --write mends the map"
			exit 1
		}
	done
}

compare() {
	declared >"$work/declared"
	listed >"$work/listed"
	exported "$1" >"$work/exported"
	[ -s "$work/declared" ] || { echo "no VMMIO_API declaration found"; return 1; }
	if ! sed 's/ .*//' "$work/listed" | diff "$work/declared" - >"$work/diff"; then
		echo "headers (<) and src/vmmio.map (>) differ; api.sh --write mends the map:"
		cat "$work/diff"
		return 1
	fi
	if ! diff "$work/listed" "$work/exported" >"$work/diff"; then
		echo "src/vmmio.map (<) and the symbols of $1 (>) differ:"
		cat "$work/diff"
		return 1
	fi
	compare_nodes
}

must_differ() {
	if compare "$2" >/dev/null; then
		echo "not found: $1"
		exit 1
	fi
}

must_refuse() {
	what=$1
	shift
	if "$@" 2>/dev/null; then
		echo "not refused: $what"
		exit 1
	fi
}

# The library stays as it is: these trees differ from it by what they plant.
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
	cp "$OLDPWD/include/vmmio/base.h" include/vmmio/base.h
	sed "s/^$(nodes | tail -n 1) {/VMMIO_99.9 {/" kept >src/vmmio.map
	must_differ "names in another node than the library's" "$lib"
	cp kept src/vmmio.map
	sed -i 's/\(VERSION_MINOR\) [0-9]*$/\1 98/' include/vmmio/base.h
	released | grep -qxF "$(nodes | tail -n 1)" || must_differ "an old node left open" "$lib"
	self_test_release "$OLDPWD" "$lib"
}

# self_test_release ORIGINAL LIBRARY
self_test_release() {
	cp "$1/include/vmmio/base.h" include/vmmio/base.h
	cp kept src/vmmio.map
	was=$(nodes | tail -n 1)
	released | grep -qxF "$was" || release_map
	compare "$2"
	write_map
	compare "$2"
	cp src/vmmio.map frozen
	node_text "$was" >frozen_node
	must_refuse "releasing twice" release_map
	echo "VMMIO_API int vmmio_zzz(void);" >>include/vmmio/base.h
	sed -i "s/\(VERSION_MINOR\) [0-9]*\$/\1 ${was##*.}/" include/vmmio/base.h
	must_refuse "a new name in a released node" write_map
	sed -i 's/\(VERSION_MINOR\) [0-9]*$/\1 98/' include/vmmio/base.h
	write_map
	node_text "$was" | cmp - frozen_node
	node_text "$(current)" | grep -q "vmmio_zzz;" || { echo "the new name has no node"; exit 1; }
	node_text "$(current)" | grep -qxF "} $was;" || { echo "the new node has no parent"; exit 1; }
	cp "$1/include/vmmio/base.h" include/vmmio/base.h
	sed 's/vmmio_regfile_init;/vmmio_regfile_zero;/' frozen >src/vmmio.map
	sed -i 's/vmmio_regfile_init(/vmmio_regfile_zero(/' include/vmmio/regfile.h
	compare_nodes >/dev/null && { echo "not found: a released node that changed"; exit 1; }
	cp frozen src/vmmio.map
	must_refuse "a released name that is gone" new_names
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1-} in
--write) cd "$2" && write_map ;;
--release) cd "$2" && release_map ;;
--self-test) cd "$2" && self_test "$3" ;;
?*) cd "$1" && compare "$2" ;;
*) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
