# SPDX-License-Identifier: BSD-3-Clause
# Sourced by run: what is proved, of which files.

units="regfile-none regfile-few regfile-most memory memory-wp memory-z3 split packed walks-wp"

registers="tests/proof/regfile.c src/regfile/config.c src/regfile/features.c src/regfile/queue.c
	src/regfile/read.c src/regfile/regfile.c src/regfile/reset.c src/regfile/state.c
	src/regfile/status.c src/regfile/table.c src/regfile/write.c"

# regfile QUEUES SHARED-REGIONS CONFIG-BYTES URGENT-OFFSET URGENT-SIZE
regfile() {
	# Unquoted: a list.
	eva "-DN_QUEUES=$1 -DN_SHM=$2 -DCONFIG_SIZE=$3 -DURGENT_OFFSET=$4 -DURGENT_SIZE=$5" $registers
}

unit_regfile_none() { regfile 0 0 0 0 0; }
unit_regfile_few() { regfile 3 2 10 8 2; }
unit_regfile_most() { regfile 65536 256 3840 0 3840; }

unit_memory() { eva "" tests/proof/memory.c src/memory/table.c src/memory/access.c; }

unit_memory_wp() {
	wp "" src/memory/table.c -wp-rte -wp-no-smoke-dead-code -wp-no-smoke-dead-call -wp-fct holds,count_up_to,vmmio_table_find,vmmio_table_at
}

unit_memory_z3() { z3 "$tree/tests/proof/wrap.smt2" >"$tmp/csv"; }

# ring PACKED SIZE
ring() {
	slevel=30 eva "-DPACKED=$1 -DSIZE=$2" tests/proof/ring.c src/queue/split.c src/queue/packed.c \
		src/queue/walk.c src/queue/reach.c src/memory/access.c
}

unit_split() { ring 0 2; }
unit_packed() { ring 1 3; }

# Termination for any size: the loops' variants, and that every function called terminates. No
# contract is needed but where a length counts, so most assign anything.
unit_walks_wp() {
	wp -DWALKS "src/queue/split.c src/queue/packed.c src/queue/walk.c" \
		-wp-skip-fct split_complete,packed_complete -wp-declarations-terminate \
		-wp-frama-c-stdlib-terminate -wp-no-smoke-dead-code -wp-no-smoke-dead-call
}
