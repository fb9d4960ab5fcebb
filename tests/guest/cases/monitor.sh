# SPDX-License-Identifier: BSD-3-Clause
# The monitor has seen every register access of the guest's drivers, and none broke a rule.

# The VMM says what it has seen when the guest has gone.
in_guest() {
	:
}

on_host() {
	judged=$(grep -c 'monitor: the driver of .* keeps [1-9]' "$results/vmm.log")
	[ "$judged" -gt 0 ] || {
		echo "nobody was judged, see $results/vmm.log"
		return 1
	}
	code=$(cat "$results/exit")
	[ "$code" = 0 ] || {
		echo "the VMM ended with exit code $code, see $results/vmm.log"
		return 1
	}
	broken=$(sed -n 's/.*monitor: the driver of \(.* breaks [A-Z].*\)/\1/p' "$results/vmm.log" | head -n 1)
	[ -z "$broken" ] || {
		echo "$broken"
		return 1
	}
}
