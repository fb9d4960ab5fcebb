# SPDX-License-Identifier: BSD-3-Clause
# awk -f annotate.awk NOTES SOURCE: the source with the notes. In the notes a line "@ LINE"
# says before which line of the source, indented as may be, the text after it goes; "= LINE"
# which line it replaces. With -v terminates=1 all other static functions have to terminate. Each is there exactly once, or the exit status is 1.
NR == FNR {
	if (/^# /)
		next
	if (/^[@=] /) {
		place = substr($0, 3)
		how[place] = substr($0, 1, 1)
	} else if (place != "")
		text[place] = text[place] $0 "\n"
	next
}
{
	line = $0
	sub(/^[ \t]*/, "", line)
	if (line in how) {
		seen[line]++
		printf "%s", text[line]
		if (how[line] == "=")
			next
	}
	# Every other function has to come to its end as well.
	if (terminates && !(line in how) && /^static .*\(/ && !/;$/)
		print "/*@ terminates \\true; */"
	print
}
END {
	for (place in how)
		if (seen[place] != 1) {
			printf "annotate: %d times: %s\n", seen[place], place >"/dev/stderr"
			exit 1
		}
}
