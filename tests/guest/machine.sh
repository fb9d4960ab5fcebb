# SPDX-License-Identifier: BSD-3-Clause
# Sourced by run: where the virtual machines run.

elapsed() {
	echo $(($(date +%s) - began))
}

# Standard input: what drive.sh says. To $output/drive.log, and to the user what is progress.
progress() {
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$output/drive.log"
		case $line in
		*'| guest: stalls '* | *'| guest: conforms '* | *'| guest: '*' begins') [ -n "$verbose" ] || continue ;;
		*'| guest: '* | [a-z]*': '*) ;;
		*) [ -n "$verbose" ] || continue ;;
		esac
		printf '[%3d s] %s\n' "$(elapsed)" "$(echo "$line" | tr -d '\r' | sed 's/| guest:/:/')" >&2
	done
}

# --- Right here ------------------------------------------------------------------------

# One like those of the plan has to boot, and to say something within 10 s.
try_native() {
	if [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; then
		no_native "there is no /dev/kvm that may be opened"
		return
	fi
	say "Trying this machine's KVM"
	results=$work/results/probe
	if grep -Eq ' (vmmio|monitored) ' "$work/plan"; then
		echo "probe vmmio 2 split stock boot" >"$work/probe"
	else
		echo "probe qemu 2 split stock boot" >"$work/probe"
	fi
	make_disks probe split
	write_append ""
	limit=60 silence=10 sh "$work/drive.sh" probe </dev/null >"$output/probe.log" 2>&1
	if grep -q 'guest: boot passed' "$results/serial.log" 2>/dev/null; then
		kvm=native
		say "This machine's KVM runs the guests."
	else
		no_native "$(probe_failure)"
	fi
}

# What the VMM said last, or drive.sh, or the guest.
probe_failure() {
	tail -n 1 "$results/vmm.log" | grep . || grep '^probe: .*: ended' "$output/probe.log" ||
		tail -n 1 "$output/probe.log"
}

no_native() {
	[ $kvm != native ] || fail "--native: $1"
	say "  no: $1"
	say "Everything runs in an emulated machine instead."
	kvm=emulated
}

run_native() {
	rm -f "$output/drive.log"
	sh "$work/drive.sh" </dev/null 2>&1 | progress
}

# --- In an emulated machine -------------------------------------------------------------

# It has 60 s for itself, and for each guest the time that drive.sh gives it, twice.
boot_emulated() {
	seconds=$((60 + 800 * $(wc -l <"$work/plan")))
	timeout --foreground -k 5 $seconds qemu-system-x86_64 -M q35 -accel tcg,thread=multi \
		-cpu max,+svm,+npt,-avx,-xsave -smp 2 -m 2G -nodefaults -no-user-config -no-reboot \
		-display none -serial stdio -kernel "$work/boot/vmlinuz" -initrd "$output/outer.gz" \
		-append 'console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable' \
		-drive "file=$disk,format=raw,if=none,id=work,cache=unsafe" \
		-device virtio-blk-pci,drive=work </dev/null 2>&1 | progress
}

# The machines that have not ended yet are the plan of the work disk. false: there are none.
plan_rest() {
	while read -r name rest; do
		grep -q "^$name: ended with" "$output/drive.log" || echo "$name $rest"
	done <"$work/plan" >"$output/plan.rest"
	[ -s "$output/plan.rest" ] || return 1
	e2fsck -f -y "$disk" >"$output/rest.log" 2>&1
	printf 'rm plan\nwrite %s plan\n' "$output/plan.rest" |
		debugfs -w -f - "$disk" >>"$output/rest.log" 2>&1
}

run_emulated() {
	make_outer
	disk=$output/work.img
	rm -f "$disk" "$output/drive.log"
	# No journal: a machine that vanishes is not expected to leave it in order.
	mke2fs -q -F -t ext4 -O ^has_journal -d "$work" "$disk" 2G >/dev/null ||
		fail "cannot make $disk; is there room for it?"
	for attempt in 1 2 3; do
		say "Booting the emulated machine"
		boot_emulated
		! grep -q '^outer: end' "$output/drive.log" || break
		tail -n 20 "$output/drive.log" >&2
		say "The emulated machine did not get to its end; see above, and $output/drive.log."
		plan_rest || break
	done
	take_back
}

# Images and results, from the work disk.
take_back() {
	e2fsck -f -y "$disk" >"$output/take_back.fsck" 2>&1
	rm -rf "$work/images" "$work/results"
	debugfs -R "rdump /images /results $work" "$disk" >"$output/take_back.log" 2>&1 ||
		fail "debugfs cannot read $disk"
	[ -d "$work/images" ] && [ -d "$work/results" ] ||
		fail "nothing came back from $disk; see $output/take_back.log"
}
