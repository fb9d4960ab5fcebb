# SPDX-License-Identifier: BSD-3-Clause
# The guest's kernel has nothing to complain about.

# A busy host makes guests say many things; these have other reasons.
in_guest() {
	bad=$(dmesg -r | grep -v 'taints kernel' | grep -E '^<[0-4]>.*(virtio|vd[a-z]|hvc)|I/O error|EXT4-fs error|nobody cared|Oops|general protection|unable to handle|blocked for more than' |
		head -n 1)
	[ -z "$bad" ] || fail "$bad"
}
