# SPDX-License-Identifier: BSD-3-Clause
# What spin -T prints of -DREPLAY, as the file traces has it (replay_trace.c). head: of the run.
$1 == "mode" { mode = $2; print "run " head " mode " mode }
$1 == "op" { print $2, $3, $4 }
$1 == "at" {
	state = $4; for (i = 5; i <= NF; i++) state = state " " $i
	print $2 " " $3 (state == last ? "" : " " state)
	last = state
}
