# SPDX-License-Identifier: BSD-3-Clause
# Entropy comes from virtio-rng, and not twice the same.

in_guest() {
	control=/sys/class/misc/hw_random
	eventually grep -q virtio_rng $control/rng_available
	name=$(tr ' ' '\n' <$control/rng_available | grep virtio_rng | head -n 1)
	echo "$name" >$control/rng_current || fail "$name cannot be chosen"
	for i in 1 2 3; do
		dd if=/dev/hwrng of=/random$i bs=64 count=4 iflag=fullblock 2>/dev/null ||
			fail "cannot read /dev/hwrng"
		[ "$(wc -c </random$i)" -eq 256 ] || fail "/dev/hwrng is short"
		# Of 256 random bytes, about 160 differ.
		kinds=$(hexdump -v -e '1/1 "%02x\n"' /random$i | sort -u | wc -l)
		[ "$kinds" -gt 100 ] || fail "only $kinds different bytes among 256"
	done
	! cmp -s /random1 /random2 && ! cmp -s /random2 /random3 || fail "twice the same bytes"
}
