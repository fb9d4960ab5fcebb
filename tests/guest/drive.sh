# SPDX-License-Identifier: BSD-3-Clause
# drive.sh [PLAN]: boots the machines of the plan beside it, one after another.
#
# Runs in the outer machine's busybox, or right on the host, from a folder that run has filled
# (images.sh says with what). Leaves in results/NAME: serial.log, what the guest wrote to ttyS0;
# vmm.log, the VMM's own messages; exit, the VMM's exit code; ended and threads, why it was
# ended from here, and where it was; CASE.beside, what came of the case's part outside of the
# guest; first, all that of a first try.
# What it says about itself: "NAME: TEXT"; the guest's words: "NAME| TEXT".
set -u
exec 3>&1

base=$(cd "$(dirname "$0")" && pwd)
. "$base/vmm.sh"
return=$(printf '\r')
# A machine may take this many seconds, be silent for this many at its start, and later.
limit=${limit:-400} silence=${silence:-60} pause=150

# threads PID: where each of its threads is, for who wants to know why it hangs. A vCPU that is
# inside of KVM waits in an ioctl (system call 16), one that is inside of a device in a futex (202).
threads() {
	for task in "/proc/$1/task"/*; do
		echo "$(cat "$task/comm"): system call $(cat "$task/syscall")"
		cat "$task/stack" 2>/dev/null
	done
}

# watch PID: ends the process if it takes longer. Not from a folder that has to be unmounted.
watch() {
	cd /
	age=0 heard=0 size=0 why=
	while [ -z "$why" ]; do
		sleep 1
		kill -0 "$1" 2>/dev/null || return
		age=$((age + 1))
		now=$(wc -c <"$results/serial.log" 2>/dev/null || echo 0)
		[ "$now" -eq $size ] || size=$now heard=$age
		if [ $age -ge "$limit" ]; then
			why="not done after $age s"
		elif [ $size -eq 0 ] && [ $age -ge "$silence" ]; then
			why="no line on ttyS0 after $age s"
		elif [ $((age - heard)) -ge $pause ]; then
			why="no line on ttyS0 for $pause s"
		fi
	done
	echo "$why" >"$results/ended"
	threads "$1" >"$results/threads" 2>&1
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

# As run made them.
renew_disks() {
	for image in "$images"/*.img; do
		case $image in
		*/vd?.img) cp "$base/boot/disk.img" "$image" ;;
		*) : >"$image" && truncate -s 48M "$image" ;;
		esac
	done
}

# The outer machine may vanish at any time: what is begun is known, what is done is kept.
begin() {
	if [ -e "$results/began" ]; then
		renew_disks
		mv "$results" "$folder/first"
		mkdir -p "$results"
		mv "$folder/first" "$results/"
	fi
	mkdir -p "$results"
	: >"$results/began"
	sync
}

# boot NAME VMM VERSION DISKS MODULE CASES: a line of the plan.
boot() {
	name=$1 version=$3 disks=$4 cases=$6
	images=$base/images/$name results=$base/results/$name initrd=$base/boot/initrd-$5
	append="$(cat "$base/boot/append") disks=$disks cases=$cases"
	folder=$(mktemp -d)
	console=$folder/console
	mkfifo "$console.in" "$console.out"
	begin
	echo "$name: starts"
	start_beside
	run_vmm "$2" 2>&1 | relay
	stop_beside
	rm -rf "$folder"
	sync
	echo "$name: ended with exit code $(cat "$results/exit")"
}

# Emulated processors with virtualisation of their own sometimes lose an interrupt, or the
# guest's state: a guest that hangs or shuts down for no reason does not do so twice. Prints why
# it is to be tried again.
emulation_failed() {
	[ -e /outer ] && [ ! -e "$results/first" ] || return 1
	cat "$results/ended" 2>/dev/null || grep -o 'triple fault' "$results/vmm.log"
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
	if why=$(emulation_failed); then
		echo "$name: again: $why"
		boot "$name" "$vmm" "$version" "$disks" "$module" "$cases" </dev/null
	fi
done <"$base/${1:-plan}"
