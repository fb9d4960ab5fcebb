# SPDX-License-Identifier: BSD-3-Clause
# How long a reset with slow reads in flight keeps the guest's processor, measured by the guest.

in_guest() {
	have vmmio-guest-stall || fail "there is no vmmio-guest-stall beside the VMM"
	take_disk delay=
	vmmio-guest-stall --json "$start" >/stall.json 2>/stall.said || fail "$(tail -n 1 /stall.said)"
	tell "stalls $(cat /stall.json)"
	return_disk
}
