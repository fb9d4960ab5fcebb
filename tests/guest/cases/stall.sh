# SPDX-License-Identifier: BSD-3-Clause
# How long a reset with slow reads in flight keeps the guest's processor, measured by the guest.

in_guest() {
	slow=$(each_disk | awk '/delay=/ { print $1 }')
	[ -n "$slow" ] || fail "the plan gives this machine no delayed disk"
	have vmmio-guest-stall || fail "there is no vmmio-guest-stall beside the VMM"
	eventually [ -b "/dev/$slow" ]
	device=$(readlink -f "/sys/block/$slow/device/..") name=${device##*/}
	driver=$(readlink -f "$device/driver")
	echo "$name" >"$driver/unbind" || fail "cannot unbind $name"
	start=$(sed -n "s/^ *\([0-9a-f]*\)-.* : $name\$/\1/p" /proc/iomem | head -n 1)
	echo 4 >/proc/sys/vm/nr_hugepages
	vmmio-guest-stall --json "0x$start" >/stall.json 2>/stall.said || fail "$(tail -n 1 /stall.said)"
	tell "stalls $(cat /stall.json)"
	echo "$name" >"$driver/bind" || fail "cannot bind $name"
	eventually [ -b "/dev/$slow" ]
}
