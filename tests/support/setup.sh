# SPDX-License-Identifier: BSD-3-Clause
# Sourced by tests/run and examples/quickstart: installs what is missing, configures, builds.
# Everything it says goes to standard error.

top=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # mkfs.ext4 and e2fsck live there

say() {
	printf '%s\n' "$*" >&2
}

fail() {
	say "error: $*"
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

n_jobs() {
	nproc 2>/dev/null || echo 2
}

# The Debian packages that this machine lacks.
missing_packages() {
	have "${CC:-cc}" || have gcc || have clang || echo gcc libc6-dev
	have g++ || have clang++ || echo g++ # public headers are tried as C++ too
	have cmake || echo cmake
	have make || have ninja || echo make
	have pkg-config || echo pkg-config
	have mkfs.ext4 && have e2fsck && have debugfs || echo e2fsprogs
	if ! have pkg-config || ! pkg-config --exists check; then
		echo check
	fi
	if ! have pkg-config || ! pkg-config --exists liburing; then
		echo liburing-dev
	fi
	# Of the discovery tests. There is no libfdt.pc to ask for.
	echo '#include <libfdt.h>' | ${CC:-cc} -E - >/dev/null 2>&1 || echo libfdt-dev
	have dtc || echo device-tree-compiler
	have iasl || echo acpica-tools
}

# install_packages NAME...: as root, or with sudo.
install_packages() {
	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		have sudo || fail "missing: $*. Install them (you are not root, and there is no sudo)."
		as_root=sudo
	fi
	have apt-get || fail "missing: $* (Debian's names). Install them with your system's tools."
	say "Installing $*"
	$as_root apt-get update -q >&2 || fail "apt-get update failed: is the network up?"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
		"$@" >&2 || fail "apt-get could not install $*; its messages are above."
}

setup_packages() {
	missing=$(missing_packages | tr '\n' ' ')
	# Unquoted: a list.
	[ -z "${missing# }" ] || install_packages $missing
}

# setup_configure DIRECTORY [CMAKE-ARGUMENT...]
setup_configure() {
	build=$1
	shift
	if [ ! -f "$build/CMakeCache.txt" ] && have ninja && ! have make; then
		set -- -G Ninja "$@"
	fi
	cmake -S "$top" -B "$build" "$@" >&2 ||
		fail "cmake failed; if $build is from another machine or compiler, remove it."
}

# setup_make DIRECTORY [CMAKE-BUILD-ARGUMENT...]
setup_make() {
	build=$1
	shift
	cmake --build "$build" -j "$(n_jobs)" "$@" >&2 || fail "the build in $build failed; see above."
}

# setup_steady COMMAND...: the thread sanitizer cannot cope with the widest address randomisation
# of new kernels.
setup_steady() {
	if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] &&
		setarch -R true 2>/dev/null; then
		setarch -R "$@"
	else
		"$@"
	fi
}
