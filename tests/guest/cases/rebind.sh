# SPDX-License-Identifier: BSD-3-Clause
# 20 times each device loses its driver and gets it again: virtio-mmio's, then its own.

cycles=20 size=128

# rebind DEVICE: a folder of sysfs.
rebind() {
	driver=$(readlink -f "$1/driver") name=${1##*/}
	echo "$name" >"$driver/unbind" || fail "cannot unbind $name"
	[ ! -e "$1/driver" ] || fail "$name still has its driver"
	echo "$name" >"$driver/bind" || fail "cannot bind $name"
}

# write_disk NAME, read_disk NAME: something new, and whether it is there. A disk that lost its
# driver comes back as a new one, of which nothing is in memory.
write_disk() {
	noise "/last.$1" $size
	put "/last.$1" "$1" 0
}

read_disk() {
	eventually [ -b "/dev/$1" ]
	get "$1" 0 $size | cmp -s "/last.$1" - || fail "$1: other data than was written"
}

use_rng() {
	eventually grep -q virtio_rng /sys/class/misc/hw_random/rng_available
	dd if=/dev/hwrng of=/dev/null bs=16 count=1 2>/dev/null || fail "cannot read /dev/hwrng"
}

# Nobody listens.
use_console() {
	eventually console_opens
	echo "another life" >/dev/hvc0 || fail "cannot write to /dev/hvc0"
}

# The only device of a driver, as virtio sees it; one folder up, as virtio-mmio does.
device_of() {
	readlink -f /sys/bus/virtio/drivers/"$1"/virtio*
}

# rebind_in CYCLE DEVICE
rebind_in() {
	if [ $(($1 % 2)) -eq 1 ]; then
		rebind "${2%/*}"
	else
		rebind "$2"
	fi
}

in_guest() {
	use_rng
	for cycle in $(seq 1 $cycles); do
		for disk in $(fast_disks); do
			write_disk "$disk"
			rebind_in "$cycle" "$(readlink -f "/sys/block/$disk/device")"
			read_disk "$disk"
		done
		rebind_in "$cycle" "$(device_of virtio_rng)"
		use_rng
		rebind_in "$cycle" "$(device_of virtio_console)"
		use_console
	done
}
