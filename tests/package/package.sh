#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# package.sh NAME: one test of the library as it is installed and found by others; NAME is a
# function test_NAME below. Everything happens in $WORK, a folder of the build. The rest of the
# environment says how the library was built: ROOT BUILD CMAKE GENERATOR CC LIBDIR UNFIT.
set -eu

prefix=$WORK/prefix
work=$WORK/$1
cflags="-std=c11 -Wall -Wextra -Wundef -Werror"

fail() {
	echo "$*"
	exit 1
}

skip() {
	echo "SKIP: $*"
	exit 77
}

# quietly COMMAND...: what it says matters only if it fails.
quietly() {
	"$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "failed: $*"; }
}

same() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

cxx() {
	command -v g++ || command -v clang++ || true
}

# run PROGRAM: with the installed libraries.
run() {
	LD_LIBRARY_PATH=$prefix/$LIBDIR "$1"
}

# needs PROGRAM: the libraries it names, as far as they are ours or liburing.
needs() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(lib\(vmmio\|uring\)[^]]*\)\]/\1/p' | xargs
}

version() {
	awk '$2 ~ /^VMMIO_VERSION_(MAJOR|MINOR|PATCH)$/ { v = v "." $3 } END { print substr(v, 2) }' \
		"$ROOT/include/vmmio/base.h"
}

soname() {
	v=$(version)
	echo "libvmmio.so.${v%%.*}"
}

# pc PREFIX ARGUMENT...: pkg-config that knows our package and no other.
pc() {
	where=$1/$LIBDIR/pkgconfig
	shift
	PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$where pkg-config "$@"
}

# configure SOURCE ARGUMENT...: into $work/build.
configure() {
	source=$1
	shift
	quietly "$CMAKE" -G "$GENERATOR" -S "$source" -B "$work/build" -DCMAKE_C_COMPILER="$CC" "$@"
}

build() {
	quietly "$CMAKE" --build "$work/build" -j 2 "$@"
}

install_to() {
	quietly "$CMAKE" --install "$BUILD" --prefix "$1"
}

files_below() {
	(cd "$1" && find . ! -type d | LC_ALL=C sort)
}

# --- The installed files ----------------------------------------------------

# All others use this prefix.
test_install() {
	rm -rf "$prefix"
	install_to "$prefix"
	same "headers" "$(cd "$ROOT/include" && find vmmio -name '*.h' | LC_ALL=C sort)" \
		"$(cd "$prefix/include" && find . -type f | sed 's/^..//' | LC_ALL=C sort)"
	conform=$(soname | sed 's/vmmio/vmmio-conform/')
	same "libraries" "libvmmio-conform.a libvmmio-conform.so $conform ${conform%%.so*}.so.$(version) \
libvmmio-core.a libvmmio.a libvmmio.so $(soname) libvmmio.so.$(version)" \
		"$(cd "$prefix/$LIBDIR" && find . -maxdepth 1 ! -type d | sed 's/^..//' | LC_ALL=C sort | xargs)"
	if grep -rIlF -e "$ROOT/src" -e "$ROOT/include" -e "$BUILD/src" -e "$BUILD/lib" "$prefix/$LIBDIR" "$prefix/include"; then
		fail "names the checkout or the build folder"
	fi
	if readelf -d "$prefix/$LIBDIR/libvmmio.so" | grep -E 'R(UN)?PATH'; then
		fail "the library looks for others in a fixed folder"
	fi
}

test_destdir() {
	elsewhere=$work/elsewhere
	DESTDIR=$work/stage install_to "$elsewhere"
	[ ! -e "$elsewhere" ] || fail "installed into $elsewhere itself"
	same "files" "$(files_below "$prefix")" "$(files_below "$work/stage$elsewhere")"
	same "prefix" "$elsewhere" "$(pc "$work/stage$elsewhere" --variable=prefix vmmio)"
	PKG_CONFIG_SYSROOT_DIR=$work/stage
	export PKG_CONFIG_SYSROOT_DIR
	"$CC" $cflags "$ROOT/tests/package/consumer.c" -o "$work/consumer" \
		$(pc "$work/stage$elsewhere" --cflags --libs vmmio)
	run "$work/consumer"
}

# Somebody moves the folder after installation.
test_moved() {
	install_to "$work/old"
	mv "$work/old" "$work/new"
	prefix=$work/new
	# --define-prefix expects the package file two folders below the prefix.
	case $LIBDIR in
	*/*) how=--define-variable=prefix=$prefix ;;
	*) how=--define-prefix ;;
	esac
	same "flags" "-I$prefix/include -L$prefix/$LIBDIR -lvmmio" \
		"$(pc "$prefix" "$how" --cflags --libs vmmio | xargs)"
	"$CC" $cflags "$ROOT/tests/package/consumer.c" -o "$work/consumer" \
		$(pc "$prefix" "$how" --cflags --libs vmmio)
	run "$work/consumer"
	test_find
}

test_headers() {
	sh "$ROOT/tests/hygiene/headers.sh" "$prefix" "$CC"
}

# Only the API, each name in its version node.
test_symbols() {
	sh "$ROOT/tests/hygiene/api.sh" "$ROOT" "$prefix/$LIBDIR/libvmmio.so"
}

# --- One version everywhere -------------------------------------------------

test_version() {
	v=$(version)
	number=$(echo "$v" | awk -F. '{ print $1 * 10000 + $2 * 100 + $3 }')
	lib=$prefix/$LIBDIR/libvmmio
	same "project version" "$v" "$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$BUILD/CMakeCache.txt")"
	same "pkg-config's version" "$v" "$(pc "$prefix" --modversion vmmio)"
	same "soname" "$(soname)" "$(readelf -d "$lib.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"
	same "file name" "libvmmio.so.$v" "$(basename "$(readlink -f "$lib.so")")"
	same "CMake's version" "$v" "$(sed -n 's/^set(PACKAGE_VERSION "\(.*\)")$/\1/p' \
		"$prefix/$LIBDIR/cmake/vmmio/vmmio-config-version.cmake")"
	"$CC" $cflags -I"$prefix/include" "$ROOT/tests/package/consumer.c" -o "$work/consumer" "$lib.so"
	same "version at run time" "$v $number" "$(run "$work/consumer")"
	"$CC" $cflags -I"$prefix/include" -fsyntax-only -x c - <<-SOURCE
		#include <vmmio/base.h>
		#define AT_LEAST(...) VMMIO_VERSION_AT_LEAST(__VA_ARGS__)
		#if !AT_LEAST($(echo "$v" | tr . ,)) || !AT_LEAST(0, 0, 99)
		#error "older than itself"
		#endif
		#if AT_LEAST($(echo "$v" | awk -F. '{ print $1 "," $2 "," $3 + 1 }')) || AT_LEAST(${v%%.*}, 99, 0)
		#error "newer than itself"
		#endif
		_Static_assert(sizeof(VMMIO_VERSION_STRING) == sizeof("$v"), "");
	SOURCE
}

# --- pkg-config -------------------------------------------------------------

# The shared library: liburing's development files are not seen, and not used.
test_pkgconfig() {
	flags=$(pc "$prefix" --cflags --libs vmmio)
	"$CC" $cflags "$ROOT/tests/package/consumer.c" -o "$work/c" -MD -MF "$work/used" $flags
	! grep liburing "$work/used" || fail "a public header uses liburing's"
	same "libraries of the program" "$(soname)" "$(needs "$work/c")"
	run "$work/c"
	[ -n "$(cxx)" ] || skip "no C++ compiler here, tried as C only"
	"$(cxx)" -std=c++11 -Wall -Wextra -Werror "$ROOT/tests/package/consumer.cc" -o "$work/cxx" $flags
	run "$work/cxx"
}

test_pkgconfig_static() {
	"$CC" -static $cflags "$ROOT/tests/package/consumer.c" -o "$work/consumer" \
		$(pc "$prefix" --static --cflags --libs vmmio)
	same "libraries of the program" "" "$(needs "$work/consumer")"
	"$work/consumer"
}

# --- The conformance suite ----------------------------------------------------

# Needs nothing of the library: neither to build against nor to run.
test_conform() {
	flags=$(pc "$prefix" --cflags --libs vmmio-conform)
	"$CC" $cflags "$ROOT/tests/package/judge.c" -o "$work/judge" $flags
	same "libraries of the program" "$(soname | sed 's/vmmio/vmmio-conform/')" "$(needs "$work/judge")"
	run "$work/judge"
	same "names exported that are not its own" "" "$(nm -D --defined-only \
		"$prefix/$LIBDIR/libvmmio-conform.so" | awk '{ print $3 }' |
		grep -vE '^vmmio_(conform|target|monitor|puppet|scenario|setting|subject)(_|$)' | xargs)"
	"$CC" -static $cflags "$ROOT/tests/package/judge.c" -o "$work/static" \
		$(pc "$prefix" --static --cflags --libs vmmio-conform) 2>"$work/log" || { cat "$work/log"; fail "static"; }
	"$work/static"
	"$prefix/bin/vmmio-conform" run --target inproc --only magic-value >/dev/null
}

# --- CMake ------------------------------------------------------------------

# find_package ARGUMENT...: configures and builds the programs that ask for the package.
find_package() {
	configure "$ROOT/tests/package/find" -DVERSION="$(version)" -DCMAKE_PREFIX_PATH="$prefix" \
		-DCMAKE_CXX_COMPILER="$(cxx)" "$@"
	same "package" "$prefix/$LIBDIR/cmake/vmmio" \
		"$(sed -n 's/^vmmio_DIR:PATH=//p' "$work/build/CMakeCache.txt")"
	build
}

test_find() {
	[ -n "$(cxx)" ] || skip "no C++ compiler here"
	find_package
	for program in shared shared_cxx; do
		same "libraries of $program" "$(soname)" "$(needs "$work/build/$program")"
		"$work/build/$program"
	done
	for program in static static_cxx; do
		case $(needs "$work/build/$program") in
		*vmmio*) fail "$program is linked with the shared library" ;;
		esac
		"$work/build/$program"
	done
	"$work/build/core"
}

# Where liburing is not found, the shared library and the core are, and the static one says why.
test_find_shared() {
	[ -n "$(cxx)" ] || skip "no C++ compiler here"
	PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$work
	export PKG_CONFIG_PATH PKG_CONFIG_LIBDIR
	find_package -DCOMPONENTS="shared;core"
	"$work/build/shared"
	"$work/build/core"
	[ ! -e "$work/build/static" ] || fail "the static library was found"
	if (find_package -DCOMPONENTS=static) >/dev/null; then
		fail "the static library was found when asked for"
	fi
	grep -q "install liburing's development files" "$work/log" || { cat "$work/log"; fail "no reason"; }
}

# subdirectory LANGUAGE ARGUMENT...
subdirectory() {
	language=$1
	shift
	configure "$ROOT/tests/package/subdirectory" -DLANGUAGE="$language" -DVMMIO="$ROOT" "$@"
	build
}

# A C project that has libraries static, and installs this one with its own files.
test_subdirectory() {
	subdirectory C -DBUILD_SHARED_LIBS=OFF -DVMMIO_INSTALL=ON -DCMAKE_INSTALL_LIBDIR="$LIBDIR"
	"$work/build/with-vmmio"
	[ -z "$(find "$work/build" -name '*.so*')" ] || fail "a shared library was built"
	quietly "$CMAKE" --install "$work/build" --prefix "$work/installed"
	"$CC" $cflags "$ROOT/tests/package/consumer.c" -o "$work/consumer" \
		$(pc "$work/installed" --cflags --libs vmmio)
	"$work/consumer"
	prefix=$work/installed
	rm -rf "$work/build"
	[ -n "$(cxx)" ] || skip "no C++ compiler here, find_package not tried"
	find_package
	"$work/build/shared" # vmmio::vmmio, which is the static library here
	same "libraries of the program" "" "$(needs "$work/build/shared" | sed 's/liburing[^ ]*//')"
}

test_subdirectory_cxx() {
	[ -n "$(cxx)" ] || skip "no C++ compiler here"
	subdirectory CXX -DCMAKE_CXX_COMPILER="$(cxx)"
	"$work/build/with-vmmio"
	"$work/build/with-vmmio-static"
	same "libraries of the program" "$(soname)" "$(needs "$work/build/with-vmmio")"
	quietly "$CMAKE" --install "$work/build" --prefix "$work/installed"
	[ ! -e "$work/installed" ] || fail "the library is installed with its parent"
}

# --- The core alone ---------------------------------------------------------

# firmware FLAG...: linked with nothing but the four functions, and run as a hosted program.
firmware() {
	from=$ROOT/tests/package
	"$CC" $cflags -ffreestanding -fno-stack-protector -nostdlib -static -Wl,-e,main \
		-o "$work/firmware" "$from/firmware.c" "$from/firmware_libc.c" "$@"
	same "undefined symbols" "" "$(nm -u "$work/firmware")"
	"$CC" $cflags -o "$work/hosted" "$from/firmware.c" "$@"
	"$work/hosted"
}

test_core() {
	firmware -I"$prefix/include" -L"$prefix/$LIBDIR" -lvmmio-core
}

# For a machine without an operating system: neither threads nor liburing are looked for.
test_core_only() {
	PKG_CONFIG_PATH= PKG_CONFIG_LIBDIR=$work
	export PKG_CONFIG_PATH PKG_CONFIG_LIBDIR
	configure "$ROOT" -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY \
		-DVMMIO_BUILD_SHARED=OFF -DVMMIO_BUILD_STATIC=OFF -DVMMIO_BUILD_TESTS=OFF \
		-DVMMIO_BUILD_EXAMPLES=OFF -DCMAKE_INSTALL_LIBDIR=lib
	build
	quietly "$CMAKE" --install "$work/build" --prefix "$work/installed"
	same "files but headers" "libvmmio-core.a" "$(ls "$work/installed/lib" | grep -v cmake | xargs)"
	firmware -I"$work/installed/include" -L"$work/installed/lib" -lvmmio-core
}

[ -z "$UNFIT" ] || skip "$UNFIT"
rm -rf "$work"
mkdir -p "$work"
"test_$1"
