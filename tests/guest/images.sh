# SPDX-License-Identifier: BSD-3-Clause
# Sourced by run: what the virtual machines are made of. All of it goes to the folder $work:
#
#     drive.sh vmm.sh plan cases/   what is done
#     boot/                         kernel, initramfs, kernel command line, a disk as it begins
#     bin/vmmio-vm qemu/            the VMMs
#     images/NAME/vda.img           the disks of a machine of the plan
#     results/NAME/                 what comes of it

missing_tools() {
	have qemu-system-x86_64 || echo qemu-system-x86
	have cpio || echo cpio
	have mke2fs && have e2fsck && have debugfs || echo e2fsprogs
}

find_all() {
	[ "$(uname -m)" = x86_64 ] || skip "the guests are x86-64, this machine is $(uname -m)"
	# Unquoted: a list.
	install_or_skip $(missing_tools)
	find_kernel "$output/packages" './lib/modules/*'
	drivers=$(echo "$kernel"/lib/modules/*/kernel)
}

# modules DIRECTORY NAME...: copies them there; one that the kernel does not have is left out.
modules() {
	directory=$1
	shift
	for module in "$@"; do
		file=$(find "$drivers" -name "$module.ko")
		[ -z "$file" ] || cp "$file" "$directory" || fail "cannot copy $file"
	done
}

# tree DIRECTORY INIT: the beginning of an initramfs.
tree() {
	rm -rf "$1"
	mkdir -p "$1/bin" "$1/lib" "$1/dev" "$1/proc" "$1/sys" "$1/mnt"
	cp "$busybox" "$1/bin/" && cp "$2" "$1/init" && chmod 755 "$1/init" || fail "cannot fill $1"
}

make_outer() {
	root=$output/outer
	tree "$root" "$here/outer.init"
	modules "$root/lib" virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci \
		virtio_blk irqbypass ccp kvm kvm-amd
	pack "$root" "$output/outer.gz"
}

# The guests' initramfs, with each of the modules virtio_mmio; and with the programs beside
# the VMM that some cases run.
make_inner() {
	root=$output/inner
	tree "$root" "$here/inner.init"
	modules "$root/lib" virtio_ring virtio virtio_mmio virtio_blk virtio-rng virtio_console
	cp "$here/guest.sh" "$root/"
	cp -R "$here/cases" "$root/"
	for program in vmmio-guest-stall vmmio-conform-static; do
		[ ! -x "$(dirname "$vmm")/$program" ] || cp "$(dirname "$vmm")/$program" "$root/bin/"
	done
	pack "$root" "$work/boot/initrd-stock"
	if [ -e "$output/module/path" ]; then
		cp "$(cat "$output/module/path")" "$root/lib/virtio_mmio.ko" || fail "cannot fill $root"
		pack "$root" "$work/boot/initrd-polling"
	fi
}

# QEMU, its libraries and the firmware that microvm needs.
copy_qemu() {
	mkdir -p "$work/qemu/lib"
	program=$(command -v qemu-system-x86_64)
	cp -L "$program" "$work/qemu/qemu" || fail "cannot copy $program"
	ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[^/]*\(\/[^ ]*\) (.*/\1/p' | sort -u |
		xargs -I{} cp -L {} "$work/qemu/lib/" || fail "cannot copy the libraries of $program"
	for file in bios-microvm.bin linuxboot_dma.bin; do
		cp -L /usr/share/qemu/$file "$work/qemu/" || fail "cannot copy QEMU's $file"
	done
}

# A disk of 48 MiB, with a file system in its first half.
make_disk() {
	rm -f "$1"
	mke2fs -q -F -t ext4 "$1" 24M >"$output/mke2fs.log" 2>&1 && truncate -s 48M "$1" || fail "cannot make $1"
}

# make_disks NAME DISKS
make_disks() {
	mkdir -p "$work/images/$1"
	number=0
	for kind in $(echo "$2" | tr / ' '); do
		number=$((number + 1))
		letter=$(echo $number | awk '{ printf "%c", 96 + $1 }')
		case $kind in
		*delay=* | *scratch*) truncate -s 48M "$work/images/$1/bare$letter.img" ;;
		*) cp --sparse=always "$work/boot/disk.img" "$work/images/$1/vd$letter.img" ;;
		esac
	done
}

# write_append TEXT: the guests' kernel command line, and TEXT. They have no clock chip, and
# waiting for one takes seconds.
write_append() {
	echo "console=ttyS0 panic=5 mitigations=off initcall_blacklist=cmos_init seed=$seed $1" \
		>"$work/boot/append"
}

make_work() {
	rm -rf "$work"
	mkdir -p "$work/boot" "$work/bin" "$work/results"
	cp "$here/drive.sh" "$here/vmm.sh" "$work/" && cp -R "$here/cases" "$work/" ||
		fail "cannot fill $work"
	rm -f "$output/skipped" "$output/module/path"
	chosen <"$here/plan" >"$output/plan"
	get_vmm
	with_parts <"$output/plan" >"$work/plan"
	[ -s "$work/plan" ] || skip "no machine is left: $(head -n 1 "$output/skipped")"
	cp "$kernel"/boot/vmlinuz-* "$work/boot/vmlinuz"
	make_inner
	copy_qemu
	[ ! -x "$vmm" ] || cp "$vmm" "$work/bin/vmmio-vm"
	make_disk "$work/boot/disk.img"
	while read -r name kind version disks rest; do
		make_disks "$name" "$disks"
	done <"$work/plan"
}

# without CASE PROGRAM: takes the case out of $cases if the program is not beside the VMM.
without() {
	case ,$cases, in
	*",$1,"*) ;;
	*) return ;;
	esac
	[ ! -x "$(dirname "$vmm")/$2" ] || return 0
	echo "$name $1 no $2 beside $vmm" >>"$output/skipped"
	cases=$(echo "$cases" | tr , '\n' | grep -vx "$1" | paste -sd , -)
}

# Standard input: the plan. Leaves out the machines and cases for which something cannot be had;
# to $output/skipped, "NAME CASES WHY".
with_parts() {
	while read -r name kind version disks module cases; do
		without stall vmmio-guest-stall
		without conform vmmio-conform-static
		[ -n "$cases" ] || continue
		why=
		[ "$kind" = qemu ] || [ -x "$vmm" ] || why="no $vmm"
		[ "$module" != polling ] || get_module || why="no virtio_mmio that polls"
		if [ -n "$why" ]; then
			echo "$name $cases $why" >>"$output/skipped"
		else
			echo "$name $kind $version $disks $module $cases"
		fi
	done
}

# Builds vmmio-vm, and what runs in its guests, unless they are there or of no use.
get_vmm() {
	if [ -x "$vmm" ] || [ ! -d "$top/examples/kvm" ] || ! grep -Eq ' (vmmio|monitored|errors) ' "$output/plan"; then
		return
	fi
	setup_packages
	setup_configure "$top/build"
	setup_make "$top/build" --target vmmio-vm-static vmmio-guest-stall \
		vmmio-conform-static
	vmm=$top/build/bin/vmmio-vm-static
}

# Builds the changed virtio_mmio, once. Leaves its path in $output/module/path. 1: it cannot be
# had here.
get_module() {
	[ -x "$here/module" ] || return 1
	[ ! -e "$output/module/path" ] || return 0
	mkdir -p "$output/module"
	"$here/module" "$output/module" >"$output/module/new" </dev/null
	case $? in
	0) mv "$output/module/new" "$output/module/path" ;;
	77) return 1 ;;
	*) fail "the changed virtio_mmio cannot be built; see above" ;;
	esac
}
