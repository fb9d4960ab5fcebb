# SPDX-License-Identifier: BSD-3-Clause
# Keeps a run if it has an order of two steps of different threads that no run before it had.
function finish(   k, new) {
	for (k in have) if (!(k in all)) new++
	if (new >= need) { printf "%s", text; for (k in have) all[k] = 1; kept++ }
	text = ""; split("", have); before = ""
}
/^run/ { finish(); text = $0 "\n"; next }
{
	text = text $0 "\n"
	if (before != "" && before_thread != $1) have[before " " $2] = 1
	before = $2; before_thread = $1
}
END { finish(); print kept " kept" > "/dev/stderr" }
