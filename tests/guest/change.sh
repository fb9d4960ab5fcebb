#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# change.sh APPLY: examples/linux/apply changes what it knows, and nothing else.
#
# On a file with the lines that it looks for. The real one is with tests/guest/module.
set -u

apply=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

complain() {
	echo "$*"
	failed=1
}

# What was written down, less the lines with $1.
skeleton() {
	grep -vF -- "${1:-nothing of the kind}" <<'END'
struct virtio_mmio_device {
	unsigned long version;
};
if (vm_dev->version == 2 &&
static const struct virtio_config_ops ops = {
	.get_status	= vm_get_status,
	.set_status	= vm_set_status,
	.reset		= vm_reset,
	.get_features	= vm_get_features,
	.finalize_features = vm_finalize_features,
};
if (vm_dev->version < 1 || vm_dev->version > 2) {
END
}

# must_refuse WHY: file.c, and it stays as it is.
must_refuse() {
	cp file.c before.c
	if sh "$apply" file.c 2>said; then
		complain "accepted: $1"
	fi
	grep -q '^error: file.c has ' said || complain "does not say why: $1"
	cmp -s file.c before.c || complain "changed: $1"
}

skeleton >file.c
sh "$apply" file.c || complain "refused"
cat >wanted.c <<'END'
struct virtio_mmio_device {
	unsigned long version;
	bool resetting;
};
if (vm_dev->version >= 2 &&
#include "virtio_mmio_v3.h"

static const struct virtio_config_ops ops = {
	.get_status	= vm_get_status,
	.set_status	= vm_v3_set_status,
	.reset		= vm_v3_reset,
	.get_features	= vm_v3_get_features,
	.finalize_features = vm_v3_finalize_features,
};
if (vm_dev->version < 1 || vm_dev->version > 3) {
END
diff wanted.c file.c || complain "something else came out"
cmp "$(dirname "$apply")/virtio_mmio_v3.h" virtio_mmio_v3.h || complain "no header beside it"
must_refuse "a file that was changed before"
for anchor in version\; 'ops ops' '== 2' '> 2)' vm_set_status vm_reset vm_get_features \
	vm_finalize_features; do
	rm -f virtio_mmio_v3.h
	skeleton "$anchor" >file.c
	must_refuse "a file without '$anchor'"
	[ ! -e virtio_mmio_v3.h ] || complain "header beside a file without '$anchor'"
	{ skeleton; skeleton | grep -F -- "$anchor"; } >file.c
	must_refuse "a file that has '$anchor' twice"
done
sh "$apply" no_such_file.c >said 2>&1
[ $? -eq 2 ] && grep -q 'apply FILE' said || complain "a file that is not there gets no help"
exit $failed
