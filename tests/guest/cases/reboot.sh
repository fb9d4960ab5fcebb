# SPDX-License-Identifier: BSD-3-Clause
# The guest reboots, within the same process of the VMM, and finds its disk as it left it.

in_guest() {
	mount_disk vda
	echo 1 >/mnt/vda/boots
	umount_disk vda
	tell "reboots"
	reboot -f
	sleep 30
	fail "it runs on after reboot -f"
}

# Whether this is the second boot. Init asks, before it goes through the cases.
came_back() {
	mount_disk vda
	boots=$(cat /mnt/vda/boots 2>/dev/null)
	[ "$boots" != 1 ] || echo 2 >/mnt/vda/boots
	umount_disk vda
	[ "$boots" = 1 ]
}

on_host() {
	boots=$(debugfs -R "cat /boots" "$images/vda.img" 2>/dev/null)
	[ "$boots" = 2 ] || {
		echo "vda has \"$boots\" for the number of boots, not 2"
		return 1
	}
}
