# SPDX-License-Identifier: BSD-3-Clause
# drive.sh [PLAN]: boots the machines of the plan beside it, one after another.
#
# Runs in the outer machine's busybox, or right on the host, from a folder that run has filled
# (images.sh says with what). Leaves in results/NAME: serial.log, what the guest wrote to ttyS0;
# vmm.log, the VMM's own messages; exit, the VMM's exit code; CASE.beside, what came of the
# case's part outside of the guest.
# What it says about itself: "NAME: TEXT"; the guest's words: "NAME| TEXT".
set -u
exec 3>&1

base=$(cd "$(dirname "$0")" && pwd)
. "$base/vmm.sh"
return=$(printf '\r')
# A machine may take this many seconds, and be silent for this many at its start.
limit=${limit:-300} silence=${silence:-60}

# watch PID: ends the process if it takes longer. Not from a folder that has to be unmounted.
watch() {
	cd /
	age=0 why=
	while [ -z "$why" ]; do
		sleep 1
		kill -0 "$1" 2>/dev/null || return
		age=$((age + 1))
		if [ $age -ge "$limit" ]; then
			why="not done after $age s"
		elif [ $age -ge "$silence" ] && [ ! -s "$results/serial.log" ]; then
			why="no line on ttyS0 after $age s"
		fi
	done
	echo "$name: $why: ended"
	kill -9 "$1"
}

# Standard input: the guest's ttyS0. A panic ends the VMM, since the guest would boot again;
# and so does a third boot.
relay() {
	boots=0
	while IFS= read -r line; do
		line=${line%"$return"}
		printf '%s\n' "$line" >>"$results/serial.log"
		printf '%s| %s\n' "$name" "$line"
		case $line in
		*"guest: up "*) boots=$((boots + 1)) ;;
		*"Rebooting in "*) boots=3 ;; # panic=5, and all is told
		esac
		[ $boots -lt 3 ] || kill -9 "$(cat "$console.pid")" 2>/dev/null
	done
}

# What cases do outside of the guest, while it runs.
start_beside() {
	exec 8<>"$console.in" 9<>"$console.out"
	beside=
	for case in $(echo "$cases" | tr , ' '); do
		grep -q '^beside_guest()' "$base/cases/$case.sh" || continue
		(cd / && . "$base/cases/$case.sh" && beside_guest) >"$results/$case.beside" 2>&1 &
		beside="$beside $!"
	done
}

# It had all the time of the guest; what still waits, waits for ever.
stop_beside() {
	exec 8>&- 9>&-
	sleep 0.2
	for pid in $beside; do
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}

# run_vmm VMM
run_vmm() {
	(start_"$1") </dev/null 2>"$results/vmm.log" 8>&- 9>&- &
	echo $! >"$console.pid"
	watch $! </dev/null >&3 2>&3 8>&- 9>&- &
	wait "$(cat "$console.pid")"
	echo $? >"$results/exit"
}

# boot NAME VMM VERSION DISKS MODULE CASES: a line of the plan.
boot() {
	name=$1 version=$3 disks=$4 cases=$6
	images=$base/images/$name results=$base/results/$name initrd=$base/boot/initrd-$5
	append="$(cat "$base/boot/append") disks=$disks cases=$cases"
	folder=$(mktemp -d)
	console=$folder/console
	mkfifo "$console.in" "$console.out"
	mkdir -p "$results"
	echo "$name: starts"
	start_beside
	run_vmm "$2" 2>&1 | relay
	stop_beside
	rm -rf "$folder"
	echo "$name: ended with exit code $(cat "$results/exit")"
}

# The VMM would go on: what runs in the background is not interrupted.
interrupted() {
	kill -9 "$(cat "$console.pid")" 2>/dev/null
	rm -rf "$folder"
	exit 1
}

trap interrupted INT TERM
while read -r name vmm version disks module cases; do
	boot "$name" "$vmm" "$version" "$disks" "$module" "$cases" </dev/null
done <"$base/${1:-plan}"
sync
