# SPDX-License-Identifier: BSD-3-Clause
# Sourced by drive.sh: how each VMM is started. start_VMM becomes the VMM's process: kernel
# messages to standard output; disks, entropy and a console as virtio-mmio devices.
#
# They use: $base, where everything is; $initrd; $append, of the kernel's command line; $version,
# of the transport; $disks, as in the plan; $images; $console, a pair of FIFOs: $console.in is
# read by the VMM, $console.out written; $results, a folder for what the VMM has to say.

memory=256 cpus=2

# image NUMBER KIND: of a disk.
image() {
	letter=$(echo "$1" | awk '{ printf "%c", 96 + $1 }')
	case $2 in
	*delay=* | *scratch*) echo "$images/bare$letter.img" ;;
	*) echo "$images/vd$letter.img" ;;
	esac
}

# Debian's QEMU, with its own loader and libraries. Several of its windows share a page, which
# vmmio-guest-stall could not map otherwise while a driver has one of the others.
start_qemu() {
	number=0
	set --
	for kind in $(echo "$disks" | tr / ' '); do
		number=$((number + 1))
		case $kind in
		*delay=*ms)
			set -- "$@" -blockdev "driver=null-co,node-name=disk$number,size=50331648,read-zeroes=on,latency-ns=$(delay "$kind")000000"
			;;
		*) set -- "$@" -drive "file=$(image $number "$kind"),format=raw,if=none,id=disk$number" ;;
		esac
		case $kind in
		packed*) packed=on ;;
		*) packed=off ;;
		esac
		set -- "$@" -device "virtio-blk-device,drive=disk$number,packed=$packed"
	done
	exec "$base"/qemu/lib/ld-linux-*.so.? --library-path "$base/qemu/lib" "$base/qemu/qemu" \
		-L "$base/qemu" -M microvm -accel kvm -cpu host -smp $cpus -m $memory \
		-nodefaults -no-user-config -display none -serial stdio \
		-kernel "$base/boot/vmlinuz" -initrd "$initrd" -append "$append reboot=t iomem=relaxed" \
		-global virtio-mmio.force-legacy=false "$@" -device virtio-rng-device \
		-device virtio-serial-device -chardev "pipe,id=hvc,path=$console" \
		-device virtconsole,chardev=hvc
}

# The number of milliseconds in "split,delay=100ms".
delay() {
	echo "$1" | sed 's/.*delay=\([0-9]*\)ms.*/\1/'
}

# libvmmio's example. Its options for a disk are those of the plan; entropy and console have the
# ring of the last disk.
start_vmmio() {
	number=0 ring=
	for kind in $(echo "$disks" | tr / ' '); do
		number=$((number + 1))
		words=$(echo ",$kind" | sed 's/,split//; s/,scratch//')
		set -- "$@" --disk "$(image $number "$kind"),version=$version$words"
		case $kind in
		packed*) ring=,packed ;;
		*) ring= ;;
		esac
	done
	exec "$base/bin/vmmio-vm" --kernel "$base/boot/vmlinuz" --initrd "$initrd" --append "$append" \
		--mem ${memory}M --cpus $cpus "$@" --rng="version=$version$ring" \
		--console="version=$version$ring,in=$console.in,out=$console.out"
}

# The same; the driver monitor watches, so each notification is an exit. What a driver does to a
# device that it refuses is written down: results/NAME/trace.DEVICE.
start_monitored() {
	case ,$cases, in
	*,refused,*) start_vmmio --monitor --trace "$results/trace" ;;
	*) start_vmmio --monitor ;;
	esac
}

# Boots nothing: what the VMM says when it cannot.
start_errors() {
	. "$base/cases/errors.sh"
	all_errors
}
