#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The core is freestanding: it compiles with the compiler's own headers alone, and linked
# together it asks for nothing but the four functions that every compiler may call.
#
# usage: [CC=cc] freestanding.sh SOURCE...
set -eu

[ $# -gt 0 ] || { echo "freestanding.sh: no sources given" >&2; exit 1; }
root=$(cd "$(dirname "$0")/../.." && pwd)
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

headers=$($cc -print-file-name=include)
[ -f "$headers/stdatomic.h" ] || { echo "no compiler headers in '$headers'" >&2; exit 1; }

n=0
for source in "$@"; do
	n=$((n + 1))
	$cc -std=c11 -O2 -ffreestanding -fno-stack-protector -nostdlib -nostdinc \
		-isystem "$headers" -I "$root/include" -I "$root/src" \
		-c "$source" -o "$work/$n.o"
done
ld -r -o "$work/core.o" "$work"/[0-9]*.o

missing=$(nm -u "$work/core.o" | awk '{ print $NF }' |
	grep -v -x -e memcpy -e memmove -e memset -e memcmp || true)
if [ -n "$missing" ]; then
	echo "the core needs symbols that a freestanding environment lacks:" >&2
	echo "$missing" >&2
	exit 1
fi
echo "$n core sources, no foreign symbol"
