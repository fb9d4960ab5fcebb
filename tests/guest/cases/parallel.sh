# SPDX-License-Identifier: BSD-3-Clause
# Two processors write to and read from two disks at once, and find what they wrote.

rounds=3 size=1024

# worker NUMBER DISK OFFSET
worker() {
	for round in $(seq 1 $rounds); do
		noise "/worker$1" $size
		put "/worker$1" "$2" "$3"
		forget "$2"
		get "$2" "$3" $size | cmp -s "/worker$1" - || fail "$2: other data than was written"
	done
}

# Of each disk, a pair of workers.
in_guest() {
	jobs=
	for disk in $(fast_disks); do
		for half in 0 1; do
			worker "$disk$half" "$disk" $((half * 8 * 1024)) &
			jobs="$jobs $!"
			taskset -p $((1 << half)) $! >/dev/null || fail "cannot choose a processor"
		done
	done
	for job in $jobs; do
		wait "$job" || exit 1
	done
}
