# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the guest's init, and so known to each case's in_guest.

tell() {
	echo "guest: $*"
}

# Ends the case.
fail() {
	echo "$*" >/why
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# Seconds since boot, and since one of these times.
now() {
	cut -d ' ' -f 1 /proc/uptime
}

since() {
	echo "$1 $(now)" | awk '{ printf "%.2f\n", $2 - $1 }'
}

# eventually COMMAND...: tries for 5 seconds.
eventually() {
	tries=50
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "in vain for 5 s: $*"
		sleep 0.1
	done
}

# The names of the disks, and of those among them that hold a file system.
each_disk() {
	echo "$disks" | tr / '\n' | awk '{ printf "vd%c %s\n", 96 + NR, $0 }'
}

fast_disks() {
	each_disk | awk '!/delay=|scratch/ { print $1 }'
}

# take_disk WORD: for a program that drives the disk with this word in the plan itself. Its window
# begins at $start.
take_disk() {
	taken=$(each_disk | awk -v word="$1" 'index($0, word) { print $1 }')
	[ -n "$taken" ] || fail "the plan gives this machine no disk with $1"
	eventually [ -b "/dev/$taken" ]
	device=$(readlink -f "/sys/block/$taken/device/..") name=${device##*/}
	driver=$(readlink -f "$device/driver")
	echo "$name" >"$driver/unbind" || fail "cannot unbind $name"
	start=$(sed -n "s/^ *\([0-9a-f]*\)-.* : $name\$/0x\1/p" /proc/iomem | head -n 1)
	echo 8 >/proc/sys/vm/nr_hugepages
}

# Its driver gets it again, and it works.
return_disk() {
	echo "$name" >"$driver/bind" || fail "cannot bind $name"
	eventually [ -b "/dev/$taken" ]
	dd if="/dev/$taken" of=/dev/null bs=4k count=1 2>/dev/null || fail "cannot read from $taken"
}

# Its file is there even if it is not.
console_opens() {
	(: >/dev/hvc0) 2>/dev/null
}

# mount_disk NAME: at /mnt/NAME.
mount_disk() {
	eventually [ -b "/dev/$1" ]
	mkdir -p "/mnt/$1"
	mount -t ext4 "/dev/$1" "/mnt/$1" || fail "$1 cannot be mounted"
}

umount_disk() {
	umount "/mnt/$1" || fail "$1 cannot be unmounted"
}

# Behind its file system, each disk has 24 MiB for anything. In KiB:
#
#     put FILE DISK OFFSET     writes the file there, to the medium
#     get DISK OFFSET SIZE     reads, from the medium if it was forgotten or is new
#     forget DISK              what is in memory of it
put() {
	dd if="$1" of="/dev/$2" bs=1k seek=$((24 * 1024 + $3)) conv=notrunc,fsync 2>/dev/null ||
		fail "cannot write to $2"
}

get() {
	dd if="/dev/$1" bs=1k skip=$((24 * 1024 + $2)) count="$3" 2>/dev/null ||
		fail "cannot read from $1"
}

forget() {
	blockdev --flushbufs "/dev/$1" || fail "cannot flush $1"
}

# noise FILE SIZE: so many KiB that no other file has.
noise() {
	dd if=/dev/urandom of="$1" bs=1k count="$2" 2>/dev/null || fail "cannot make $1"
}
