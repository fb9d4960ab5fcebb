# SPDX-License-Identifier: BSD-3-Clause
# A shell on hvc0 does what somebody outside types, and its answers get there.

in_guest() {
	eventually console_opens
	(
		exec </dev/hvc0 >/dev/hvc0 2>&1
		stty -echo
		echo "console: ready"
		exec sh
	)
	code=$?
	[ $code -eq 42 ] || fail "the shell on hvc0 ended with $code instead of 42"
}

# Outside of the guest, while it runs. File descriptor 8 goes to the console, 9 comes from it.

return=$(printf '\r')

answer() {
	read -r line <&9
	line=${line%"$return"}
}

# skip_to TEXT: at the end of a line.
skip_to() {
	answer
	until [ "$line" != "${line%"$1"}" ]; do
		answer
	done
}

# expect COMMAND ANSWER
expect() {
	echo "$1" >&8
	answer
	[ "$line" = "$2" ] || give_up "to \"$1\" hvc0 answered \"$line\" instead of \"$2\""
}

# The guest need not wait for more.
give_up() {
	echo "exit 1" >&8
	echo "$*"
	exit 1
}

text() {
	for i in $(seq 1 60); do
		echo "line $i of what is typed and has to arrive as it is"
	done
}

beside_guest() {
	skip_to "console: ready"
	# The shell greets whom it takes for a person, and asks for more.
	echo 'PS1= PS2=; echo "here you are"' >&8
	skip_to "here you are"
	expect 'echo the sum is $((6 * 7))' "the sum is 42"
	expect 'tty' "/dev/hvc0"
	# Much to read.
	echo 'seq 1 100' >&8
	for i in $(seq 1 100); do
		answer
		[ "$line" = "$i" ] || give_up "line $i of 100 came as \"$line\""
	done
	# Much to write.
	{
		echo 'md5sum <<END'
		text
		echo 'END'
	} >&8
	expect '' "$(text | md5sum)"
	echo "exit 42" >&8
	echo passed
}
