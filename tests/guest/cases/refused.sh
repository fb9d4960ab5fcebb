# SPDX-License-Identifier: BSD-3-Clause
# The stock driver refuses version 3, says so, and leaves the device alone.

in_guest() {
	folder=/sys/bus/platform/devices
	devices=0
	for device in $folder/LNRO0005:*; do
		[ ! -e "$device/driver" ] || fail "$(basename "$device") has a driver"
		devices=$((devices + 1))
	done
	[ -e "$device" ] || fail "no virtio-mmio device was found"
	refused=$(dmesg | grep -c 'virtio-mmio LNRO0005:.*: Version 3 not supported!')
	[ "$refused" -eq $devices ] || fail "$refused of $devices devices were refused"
	said=$(dmesg | grep virtio | grep -v 'Version 3 not supported!' | head -n 1)
	[ -z "$said" ] || fail "$said"
	[ -z "$(ls /sys/bus/virtio/devices)" ] || fail "virtio devices have come up"
}

# It has read who is there, and written nothing.
on_host() {
	for device in disk0 disk1 rng0 console0; do
		grep -q '"register":"Version"' "$results/trace.$device" || {
			echo "$device: its Version was not read, see $results/trace.$device"
			return 1
		}
		other=$(grep -v '"access":"read","register":"\(MagicValue\|Version\)"' "$results/trace.$device" |
			head -n 1)
		[ -z "$other" ] || {
			echo "$device: $other"
			return 1
		}
	done
}
