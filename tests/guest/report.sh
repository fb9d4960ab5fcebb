# SPDX-License-Identifier: BSD-3-Clause
# Sourced by run: what came of it. $output/verdicts has a line "MACHINE CASE VERDICT SECONDS WHY"
# for each case of each machine.

# What the guest said first of case $1: "passed SECONDS" or "failed SECONDS WHY".
said() {
	sed -n "s/.*guest: $1 \(\(passed\|failed\) [0-9.].*\)/\1/p" "$results/serial.log" 2>/dev/null |
		head -n 1
}

# What has to be right outside of the guest. Prints why it is not.
outside() {
	if grep -q '^beside_guest()' "$here/cases/$1.sh"; then
		beside=$(tail -n 1 "$results/$1.beside" 2>/dev/null)
		if [ "$beside" != passed ]; then
			echo "outside of the guest: ${beside:-it waited in vain}"
			return 1
		fi
	fi
	if grep -q '^on_host()' "$here/cases/$1.sh"; then
		(. "$here/cases/$1.sh" && on_host) || return 1
	fi
}

# judge CASE: prints "VERDICT SECONDS WHY".
judge() {
	verdict=$(said "$1")
	if [ -z "$verdict" ]; then
		echo "failed - it was not reached, or did not end"
	elif why=$(outside "$1"); then
		echo "$verdict"
	else
		case $verdict in
		passed*) echo "failed ${verdict#passed } $why" ;;
		*) echo "$verdict; $why" ;;
		esac
	fi
}

judge_all() {
	while read -r name vmm version disks module cases; do
		images=$work/images/$name results=$work/results/$name
		for case in $(echo "$cases" | tr , ' '); do
			echo "$name $case $(judge "$case")"
		done
	done <"$work/plan" >"$output/verdicts"
	[ -e "$output/skipped" ] || return 0
	while read -r name cases why; do
		for case in $(echo "$cases" | tr , ' '); do
			echo "$name $case skipped - $why"
		done
	done <"$output/skipped" >>"$output/verdicts"
}

# Of each machine that failed, the end of what its guest wrote, and where there is more.
tails() {
	for name in $(awk '$3 == "failed" { print $1 }' "$output/verdicts" | uniq); do
		printf '\n--- The last of %s:\n' "$name"
		tail -n 15 "$work/results/$name/serial.log" "$work/results/$name/vmm.log" 2>&1
		echo "More: $work/results/$name, and $output/drive.log. Again: tests/guest/run" \
			"--machine $name --seed $seed --verbose"
	done
}

# A line for each case, a column for each machine: seconds, if it passed.
table() {
	awk '
	!($1 in column) { column[$1] = ++n; machine[n] = $1 }
	!($2 in line) { line[$2] = ++m; name[m] = $2 }
	{ cell[$1, $2] = $3 == "passed" ? $4 " s" : toupper($3) }
	END {
		printf "%-10s", "case"
		for (i = 1; i <= n; i++)
			printf " %12s", machine[i]
		print ""
		for (j = 1; j <= m; j++) {
			printf "%-10s", name[j]
			for (i = 1; i <= n; i++)
				printf " %12s", (machine[i], name[j]) in cell ? cell[machine[i], name[j]] : "-"
			print ""
		}
	}' "$output/verdicts"
}

# figure NAME: the median in ms, of the JSON line on standard input.
figure() {
	sed -n "s/.*\"$1\": {\"median\": \([0-9]*\).*/\1/p" | awk '{ printf "%.3f ms", $1 / 1e6 }'
}

# What vmmio-guest-stall measured, side by side.
stalls() {
	title='\nA reset with slow reads in flight, as the guest sees it (medians):\n'
	for file in "$work"/results/*/serial.log; do
		line=$(sed -n 's/.*guest: stalls //p' "$file" | head -n 1)
		[ -n "$line" ] || continue
		printf "$title"
		title=
		printf '  %-12s write of zero %12s   zero read after %12s   a read of Status %s\n' \
			"$(basename "$(dirname "$file")")" "$(echo "$line" | figure write_ns)" \
			"$(echo "$line" | figure zero_ns)" "$(echo "$line" | figure read_ns)"
	done
}

# What the suite said from inside of the guests.
conformity() {
	title='\nThe device, judged from inside the guest:\n'
	for file in "$work"/results/*/serial.log; do
		line=$(sed -n 's/.*guest: conforms \([0-9 ]*\).*/\1/p' "$file" | head -n 1)
		[ -n "$line" ] || continue
		printf "$title"
		title=
		# Unquoted: three numbers.
		printf '  %-12s %3d passed, %d failed, %d skipped\n' "$(basename "$(dirname "$file")")" $line
	done
}

# What the monitor said of the guests' drivers.
drivers_of() {
	title='\nThe guest'\''s drivers, judged by their register accesses:\n'
	for file in "$work"/results/*/vmm.log; do
		grep -q 'monitor: ' "$file" || continue
		printf "$title"
		title=
		sed -n "s/.*monitor: the driver of /  $(basename "$(dirname "$file")"): /p" "$file"
	done
}

# What was not done at once.
again() {
	sed -n 's/^\([a-z0-9-]*\): again: \(.*\)/\1 was booted twice, perhaps for the emulation'\''s fault: \2 (results\/\1\/first)/p' \
		"$output/drive.log"
}

count() {
	awk -v verdict="$1" '$3 == verdict { n++ } END { print n + 0 }' "$output/verdicts"
}

report() {
	tails
	echo
	table
	stalls
	conformity
	drivers_of
	again
	awk '$3 != "passed" {
		where = $1 ": " $2 " " $3
		$1 = $2 = $3 = $4 = ""
		print where ": " substr($0, 5)
	}' "$output/verdicts"
	say "$(elapsed) s, seed $seed"
	echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
	[ "$(count failed)" -eq 0 ]
}
