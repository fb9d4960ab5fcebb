# SPDX-License-Identifier: BSD-3-Clause
# An unmodified kernel boots, finds all devices, and agrees with each disk on its ring.

# Whether bit $2 is in the features that device $1 and its driver agreed on.
agreed() {
	[ "$(cut -c $(($2 + 1)) "$1/features")" = 1 ]
}

look_at() {
	device=/sys/block/$1/device
	eventually [ -e "$device/features" ]
	agreed "$device" 32 || fail "$1: no VERSION_1"
	case $2 in
	packed*) agreed "$device" 34 || fail "$1: no RING_PACKED" ;;
	*) ! agreed "$device" 34 || fail "$1: RING_PACKED, though split was asked for" ;;
	esac
}

in_guest() {
	each_disk >/disks
	while read -r disk kind; do
		look_at "$disk" "$kind"
	done </disks
	eventually [ -c /dev/hwrng ]
	eventually console_opens
	[ "$(nproc)" -eq 2 ] || fail "$(nproc) processors instead of 2"
}
