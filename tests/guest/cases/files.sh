# SPDX-License-Identifier: BSD-3-Clause
# Files on ext4: written, synced, read again; the host finds a clean file system and the same.

# random COUNT SEED: so many lines, the same everywhere.
random() {
	awk -v n="$1" -v x="$2" 'BEGIN {
		for (i = 0; i < n; i++) {
			x = x * 16807 % 2147483647
			printf "%08x\n", x
		}
	}'
}

# recipe DIRECTORY SEED: fills a directory, in the guest and again on the host.
recipe() {
	mkdir -p "$1/deep/er/still"
	random 5000 "$2" >"$1/random"
	seq "$2" $(($2 + 60000)) >"$1/sequence"
	yes "seed $2" | head -c 3000000 >"$1/repeated"
	for i in $(seq 1 40); do
		random "$i" $(($2 + i)) >"$1/deep/er/$i"
	done
	dd if="$1/random" of="$1/holes" bs=1000 seek=$(($2 % 1000 + 200)) count=20 2>/dev/null
	cp "$1/random" "$1/deep/changed"
	dd if="$1/sequence" of="$1/deep/changed" bs=1000 seek=7 count=11 conv=notrunc 2>/dev/null
	head -c 5000 "$1/sequence" >>"$1/deep/changed"
	cp "$1/sequence" "$1/cut"
	truncate -s 12345 "$1/cut"
	mv "$1/deep/er/7" "$1/deep/er/still/seven"
	rm "$1/deep/er/8"
	ln -s ../sequence "$1/deep/link"
}

sums() {
	find "$1" -type f | LC_ALL=C sort | xargs md5sum
}

in_guest() {
	for disk in $(fast_disks); do
		mount_disk "$disk"
		recipe "/mnt/$disk/files" "$seed"
		find "/mnt/$disk/files" -type f -exec sync {} + ||
			fail "$disk: files cannot be synced"
		sums "/mnt/$disk/files" >/written
		umount_disk "$disk"
		forget "$disk"
		mount_disk "$disk"
		sums "/mnt/$disk/files" >/read
		umount_disk "$disk"
		cmp -s /written /read || fail "$disk: other files than were written"
	done
}

# Images, in $images; results, in $results.
on_host() {
	rm -rf "$results/files"
	mkdir -p "$results/files"
	recipe "$results/files/expected" "$seed"
	for image in "$images"/vd?.img; do
		disk=$(basename "$image" .img)
		e2fsck -f -n "$image" >"$results/files/$disk.fsck" 2>&1 || {
			echo "$disk: e2fsck finds errors, see $results/files/$disk.fsck"
			return 1
		}
		mkdir "$results/files/$disk"
		debugfs -R "rdump /files $results/files/$disk" "$image" >"$results/files/$disk.rdump" 2>&1
		diff -r "$results/files/expected" "$results/files/$disk/files" \
			>"$results/files/$disk.diff" 2>&1 || {
			echo "$disk: other files than were written, see $results/files/$disk.diff"
			return 1
		}
	done
}
