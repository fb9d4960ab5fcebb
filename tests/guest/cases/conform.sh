# SPDX-License-Identifier: BSD-3-Clause
# The conformance suite judges a disk from inside the guest, through its registers in memory.

in_guest() {
	have vmmio-conform-static || fail "there is no vmmio-conform-static beside the VMM"
	take_disk scratch
	vmmio-conform-static run --target "mem:$start" --destructive --format tap >/conform.tap \
		2>/conform.said
	code=$?
	[ $code -le 1 ] || fail "$(tail -n 1 /conform.said)"
	sed -nE 's/^not ok [0-9]+ - ([A-Z0-9-]+)( \[desc\])? ([a-z0-9-]+).*/\1 \3/p' /conform.tap |
		while read -r requirement check; do
			tell "breaks $requirement in $check"
		done
	# In full, for whoever has to look into it.
	awk '/^(not )?ok / { on = /^not/ } on { print "guest:   " $0 }' /conform.tap
	tell "conforms $(grep -cE '^ok .* \((hook|black-box)' /conform.tap)" \
		"$(grep -c '^not ok' /conform.tap) $(grep -c '^ok .* # SKIP' /conform.tap)"
	return_disk
}

# Ours breaks nothing, QEMU's nothing that is not known.
on_host() {
	read -r passed broken skipped <<-END
		$(sed -n 's/.*guest: conforms //p' "$results/serial.log")
	END
	[ "${passed:-0}" -ge 60 ] || {
		echo "only ${passed:-0} results passed: there was hardly anything to judge"
		return 1
	}
	new=$(sed -n 's/.*guest: breaks \([^ ]*\) in \([^ ]*\).*/\1 \2/p' "$results/serial.log" |
		while read -r requirement check; do
			[ "$vmm" = qemu ] && grep -q "^$requirement $check " "$here/../conform/qemu.expected" ||
				echo "$requirement ($check)"
		done | head -n 3)
	[ -z "$new" ] || {
		echo "the device breaks" $new
		return 1
	}
}
