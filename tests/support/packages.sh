# SPDX-License-Identifier: BSD-3-Clause
# Sourced after setup.sh by tests that need somebody else's programs. What cannot be had skips
# the test.

skip() {
	say "SKIP: $*"
	exit 77
}

# Where nobody can type a password, sudo must not ask for one.
may_install() {
	[ "$(id -u)" -eq 0 ] || [ -t 0 ] || sudo -n true 2>/dev/null
}

# install_or_skip PACKAGE...
install_or_skip() {
	[ $# -gt 0 ] || return 0
	have apt-get || skip "missing: $* (Debian's names), and there is no apt-get"
	may_install || skip "missing: $* (install them as root)"
	# In a subshell: it ends the shell that it fails in.
	(install_packages "$@") || skip "could not install $*"
}

# unpack PACKAGE DIRECTORY PATTERN...: downloads it and unpacks these files, without
# installing anything.
unpack() {
	package=$1 directory=$2
	shift 2
	[ "$(cat "$directory/unpacked" 2>/dev/null)" != "$package $*" ] || return 0
	say "Downloading $package"
	rm -rf "$directory"
	mkdir -p "$directory"
	(cd "$directory" && apt-get download -q -o APT::Sandbox::User=root "$package" >&2 &&
		dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards "$@" &&
		rm -f ./*.deb && echo "$package $*" >unpacked) ||
		skip "could not download the package $package"
}

# The package that the kernel's meta package stands for today; its name has the version.
kernel_package() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# find_kernel DIRECTORY PATTERN...: unpacks the kernel and those of its files below DIRECTORY,
# and busybox. Sets $kernel to the folder that has boot/ and lib/, $busybox to the program.
find_kernel() {
	packages=$1
	shift
	have apt-cache && have dpkg-deb || skip "Debian's kernel comes with Debian's tools"
	name=$(kernel_package)
	if [ -z "$name" ] && may_install; then
		$([ "$(id -u)" -eq 0 ] || echo sudo) apt-get update -q >&2 || true
		name=$(kernel_package)
	fi
	[ -n "$name" ] || skip "no linux-image-cloud-amd64 in this machine's package sources"
	kernel=$packages/$name busybox=$packages/busybox/bin/busybox
	unpack "$name" "$kernel" './boot/vmlinuz-*' "$@"
	unpack busybox-static "$packages/busybox" ./bin/busybox
}

# pack DIRECTORY FILE: an initramfs of what is in DIRECTORY.
pack() {
	(cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc 2>/dev/null) | gzip -1 >"$2"
}
