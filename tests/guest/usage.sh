#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tests/guest/usage.sh VMMIO-VM: what the virtual machine says to a wrong command line. Needs no
# KVM: a command line is read first.
set -u
vm=$1 failed=0

# says CODE TEXT ARGUMENT...: it ends with this exit code, and says this.
says() {
	code=$1 text=$2
	shift 2
	output=$("$vm" "$@" 2>&1 </dev/null)
	got=$?
	case $output in
	*"$text"*) [ $got -ne "$code" ] || return ;;
	esac
	echo "vmmio-vm $*: expected exit code $code and \"$text\", saw $got and: $output"
	failed=1
}

says 0 'Exit code 0' --help
says 2 '--kernel is missing'
says 2 "unrecognized option '--disc'" --disc x
says 2 '"stray" belongs to no option' --kernel k stray
says 2 '--mem takes 64M to 3G' --kernel k --mem 63M
says 2 '--mem takes 64M to 3G' --kernel k --mem 4G
says 2 '--mem takes 64M to 3G' --kernel k --mem 512
says 2 '--mem takes 64M to 3G' --kernel k --mem 99999999999M
says 2 '--cpus takes 1 to 4' --kernel k --cpus 0
says 2 '--cpus takes 1 to 4' --kernel k --cpus 5
says 2 '--cpus takes 1 to 4' --kernel k --cpus 2x
says 2 '; not version=4' --kernel k --disk d,version=4
says 2 '; not delay=100' --kernel k --disk d,delay=100
says 2 '; not delay' --kernel k --disk d,delay
says 2 '; not ro=1' --kernel k --disk d,ro=1
says 2 '; not write' --kernel k --disk d,write
says 2 '--rng takes version=2|3 and packed; not ro' --kernel k --rng=ro
says 2 '--console takes version=2|3, packed, in=FILE and out=FILE; not delay=1s' \
	--kernel k --console=delay=1s
says 2 'or neither: a pseudo terminal' --kernel k --console=in=f
says 2 'more than 8 devices' --kernel k --rng --rng --rng --rng --rng --rng --rng --rng --rng
exit $failed
