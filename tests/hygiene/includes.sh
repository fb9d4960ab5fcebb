#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Who may include whom. Reads the #include lines of src/ and include/ of the tree ROOT and
# holds them against the table below.
#
#     includes.sh ROOT       0: all lines are allowed; 1: those that are not are printed
#     includes.sh --self-test ROOT   plants violations in a copy: each has to be found
set -eu

# PART: extended regular expressions of what it may include. "own" files are the part's;
# <std> is what a freestanding compiler has, plus string.h (only the four mem functions of
# it, freestanding.sh sees to that); <any> is every header outside <vmmio/>.
table() {
	cat <<'TABLE'
base            own <std> <vmmio/base\.h>
regfile         own <std> <vmmio/(base|spec|regfile)\.h>
memory-core     own <std> <vmmio/(base|spec|memory|waiter)\.h>
memory-hosted   own <any> <vmmio/(base|spec|memory|waiter)\.h>
queue           own <std> <vmmio/(base|spec|memory|queue)\.h> "memory/table\.h"
discovery       own <std> <vmmio/(base|spec|discovery)\.h>
executor        own <any> <vmmio/(base|executor)\.h>
device          own <any> <vmmio/(base|spec|regfile|memory|queue|executor|irq|backend|device|observer|waiter)\.h> "(regfile|memory|queue|executor)/[a-z_]+\.h"
observe         own <any> <vmmio/[a-z_/]+\.h>
io              own <any> <vmmio/(base|io)\.h>
backends        own <any> <vmmio/[a-z_/]+\.h>
driver          own <any> <vmmio/(base|spec|driver)\.h>
conform         "conform/[a-z_/]+\.(h|def)" <any> <vmmio/(base|spec|driver|observer|trace)\.h> <vmmio/conform/[a-z_]+\.h>
tools           own "conform/[a-z_/]+\.h" <any> <vmmio/[a-z_/]+\.h>
public-core     <std> <vmmio/(base|spec|regfile|memory|queue|waiter|discovery)\.h>
public-fdt      <libfdt\.h> <vmmio/(base|discovery)\.h>
public-driver   <std> <vmmio/(base|spec|driver)\.h>
public-conform  <std> <stdio\.h> <vmmio/(base|spec|observer|trace)\.h> <vmmio/conform/[a-z_]+\.h>
public-hosted   <std> <vmmio/[a-z_/]+\.h>
TABLE
}

# Prints "PART FILE:LINE INCLUDE" of every include of the tree.
lines() {
	find src include -name '*.[ch]' -exec awk '
	function part_of(file,    step) {
		split(file, step, "/")
		if (file ~ /^src\/memory\/(memory|remove|change|dirty|internal)\.[ch]$/) return "memory-hosted"
		if (step[1] == "src") return step[2] == "memory" ? "memory-core" : step[2]
		if (file == "include/vmmio/driver.h") return "public-driver"
		if (file == "include/vmmio/discovery_fdt.h") return "public-fdt"
		if (file ~ /^include\/vmmio\/conform\//) return "public-conform"
		if (file ~ /^include\/vmmio\/(base|spec|regfile|memory|queue|waiter|discovery)\.h$/) return "public-core"
		return "public-hosted"
	}
	/^[ \t]*#[ \t]*include/ {
		what = $0
		sub(/^[^<"]*/, "", what)
		match(what, /^[<"][^>"]*[>"]/)
		print part_of(FILENAME), FILENAME ":" FNR, substr(what, 1, RLENGTH)
	}' {} + | LC_ALL=C sort
}

check() {
	{
		table
		echo "=="
		lines
	} | awk '
	BEGIN {
		std = "^<(float|iso646|limits|stdalign|stdarg|stdatomic|stdbool|stddef|stdint"
		std = std "|stdnoreturn|string)\\.h>$"
	}
	$0 == "==" { reading = 1; next }
	!reading { rules[$1] = $0; next }
	function own(part, what) {
		sub(/-.*/, "", part)
		return what ~ ("^\"(" part "/)?[a-z_]+\\.h\"$")
	}
	function matches(rule, part, what) {
		if (rule == "own") return own(part, what)
		if (rule == "<std>") return what ~ std
		if (rule == "<any>") return what ~ /^</ && what !~ /^<vmmio\//
		return what ~ ("^" rule "$")
	}
	function allowed(part, what,    n, rule, i) {
		n = split(rules[part], rule, " ")
		for (i = 2; i <= n; i++)
			if (matches(rule[i], part, what)) return 1
		return 0
	}
	{
		seen++
		if (!allowed($1, $3)) {
			printf "%s: %s may not include %s\n", $2, $1, $3
			bad++
		}
	}
	END {
		if (!seen) print "no #include line was found: wrong directory?"
		exit bad || !seen
	}'
}

self_test() {
	copy=$(mktemp -d)
	trap 'rm -rf "$copy"' EXIT
	cp -R src include "$copy"
	cd "$copy"
	check >/dev/null || { echo "the tree itself is not clean"; exit 1; }
	failed=0
	while read -r file what; do
		mkdir -p "$(dirname "$file")"
		{ [ -f "$file" ] && cat "$file" || true; } >kept
		printf '  #  include %s\n' "$what" >>"$file"
		if check >found || ! grep -qF "$file" found; then
			echo "not found: $what in $file"
			failed=1
		fi
		cp kept "$file"
	done <<-'PLANTED'
		src/regfile/table.c <pthread.h>
		src/regfile/table.c <stdlib.h>
		src/regfile/table.c "queue/ring.h"
		src/queue/split.c <liburing.h>
		src/queue/split.c <errno.h>
		src/queue/split.c "regfile/internal.h"
		src/memory/table.c <pthread.h>
		src/memory/memory.c "queue/ring.h"
		src/discovery/aml.c <stdio.h>
		src/discovery/aml.c <vmmio/device.h>
		src/discovery/aml.c "queue/ring.h"
		src/executor/pool.c <vmmio/device.h>
		src/executor/pool.c "device/internal.h"
		src/device/create.c <vmmio/backends/blk.h>
		src/device/create.c "backends/blk.h"
		src/device/create.c "../driver/internal.h"
		src/observe/trace.c "device/observe.h"
		src/observe/trace.c "regfile/internal.h"
		src/io/io.c "device/internal.h"
		src/backends/null.c "device/internal.h"
		src/backends/null.c "queue/ring.h"
		src/driver/driver.c <vmmio/queue.h>
		src/driver/driver.c <vmmio/regfile.h>
		src/driver/driver.c "queue/ring.h"
		src/unheard/of.c <stdint.h>
		include/vmmio/spec.h <vmmio/device.h>
		include/vmmio/driver.h <vmmio/queue.h>
		include/vmmio/memory.h <pthread.h>
		include/vmmio/discovery.h <libfdt.h>
		include/vmmio/vmmio.h <libfdt.h>
		include/vmmio/discovery_fdt.h <vmmio/device.h>
		include/vmmio/device.h "device/internal.h"
		src/conform/engine.c <vmmio/device.h>
		src/conform/engine.c "driver/internal.h"
		include/vmmio/conform/target.h <vmmio/device.h>
	PLANTED
	exit $failed
}

case ${1-} in
--self-test) cd "$2" && self_test ;;
?*) cd "$1" && check ;;
*) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
