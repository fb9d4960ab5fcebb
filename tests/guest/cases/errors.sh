# SPDX-License-Identifier: BSD-3-Clause
# A kernel, initramfs, disk or /dev/kvm that will not do: the VMM says so, and ends with 1.

# says TEXT ARGUMENT...
says() {
	text=$1
	shift
	said=$(${as:-} "$base/bin/vmmio-vm" ${as:+--} "$@" 2>&1 </dev/null)
	code=$?
	case $code$said in
	1*"$text"*) ;;
	*)
		echo "guest: errors failed 0 vmmio-vm $* ended with $code and said: $said"
		exit 1
		;;
	esac
}

all_errors() {
	kernel=$base/boot/vmlinuz scratch=$(mktemp -d)
	head -c 20000 "$kernel" >"$scratch/short"
	truncate -s 300M "$scratch/large"
	says 'none: No such file or directory' --kernel "$scratch/none"
	says 'is not a bzImage' --kernel "$base/bin/vmmio-vm"
	says 'ends before its code begins' --kernel "$scratch/short"
	says 'raise --mem' --kernel "$kernel" --mem 64M
	says 'the initrd of 301 MiB does not fit' --kernel "$kernel" --mem 256M --initrd "$scratch/large"
	says 'none: No such file or directory' --kernel "$kernel" --initrd "$scratch/none"
	says 'there is no such file' --kernel "$kernel" --disk "$scratch/none"
	says 'none/f: No such file or directory' --kernel "$kernel" --console="in=$scratch/short,out=$scratch/none/f"
	says 'none/f.disk0: No such file or directory' --kernel "$kernel" --disk "$scratch/large" --trace "$scratch/none/f"
	rm -rf "$scratch"
	[ ! -e /outer ] || no_kvm
	echo "guest: errors passed 0"
}

# Where the whole machine is ours.
no_kvm() {
	mkdir -p /etc
	echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
	chmod 600 /dev/kvm
	as="start-stop-daemon -S -c nobody -x" says 'no permission for /dev/kvm' --kernel "$kernel"
	mv /dev/kvm /dev/kvm.away
	says 'there is no KVM behind /dev/kvm' --kernel "$kernel"
	mv /dev/kvm.away /dev/kvm
}
