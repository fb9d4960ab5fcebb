# SPDX-License-Identifier: BSD-3-Clause
# Sourced after packages.sh by tests/guest/polls and tests/guest/stalls: Debian's kernel in
# QEMU's microvm, by software emulation, with one virtio-mmio disk of version 2.

# microvm_begin: needs $output; sets $kernel, $drivers, $release and $root, the directory of
# the initramfs, which has busybox.
microvm_begin() {
	install_or_skip $(have qemu-system-x86_64 || echo qemu-system-x86) $(have cpio || echo cpio)
	find_kernel "$output/packages" '*/drivers/virtio/*' '*/virtio_blk.ko'
	drivers=$(echo "$kernel"/lib/modules/*/kernel/drivers)
	release=$(basename "${drivers%/kernel/drivers}")
	root=$output/initramfs
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/lib" "$root/dev" "$root/proc" "$root/sys"
	cp "$busybox" "$root/bin/"
}

# microvm_boot INIT KHZ DRIVE QEMU-ARGUMENT...: the console goes to $output/console. KHZ is that of
# the time stamp counter; on a busy machine Linux cannot find it out, and hangs.
microvm_boot() {
	cp "$1" "$root/init"
	chmod 755 "$root/init"
	pack "$root" "$output/initramfs.gz"
	khz=$2 drive=$3
	shift 3
	say "Booting $release"
	timeout --foreground -k 5 120 qemu-system-x86_64 -M microvm -m 256 -nodefaults \
		-no-user-config -no-reboot -display none -kernel "$kernel/boot/vmlinuz-$release" \
		-initrd "$output/initramfs.gz" -serial stdio \
		-append "console=ttyS0 panic=-1 reboot=t quiet tsc_early_khz=$khz tsc=reliable" \
		-global virtio-mmio.force-legacy=false \
		-drive "$drive,if=none,id=disk" -device virtio-blk-device,drive=disk,packed=on \
		-accel tcg "$@" </dev/null >"$output/console" 2>&1
}
