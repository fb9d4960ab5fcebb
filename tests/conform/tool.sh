#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tool.sh GROUP PROGRAM WORK: tests of the tool's command line. GROUP is a function test_GROUP
# below; PROGRAM is the tool with the suite of stub_suite.c and the targets of stub_target.c,
# for the groups inproc and puppet* the real one; WORK is a folder of the build that is made anew.
set -u

group=$1 tool=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
failed=0

complain() {
	echo "$*"
	failed=1
}

# run CODE ARGUMENT...: the exit code has to be CODE. Leaves the files out and err.
run() {
	expected=$1
	shift
	timeout 60 "$tool" "$@" >out 2>err </dev/null
	code=$?
	[ $code -eq "$expected" ] && return
	complain "exit code $code, expected $expected: $*"
	cat err
}

# has FILE TEXT...: every text is in the file.
has() {
	file=$1
	shift
	for text in "$@"; do
		grep -qF -- "$text" "$file" || { complain "no '$text' in $file:"; head -c 3000 "$file"; }
	done
}

has_not() {
	! grep -qF -- "$2" "$1" || { complain "'$2' in $1:"; head -c 3000 "$1"; }
}

empty() {
	[ ! -s "$1" ] || { complain "$1 is not empty:"; head -c 3000 "$1"; }
}

# Nothing but what a run tells of itself when it takes long.
calm() {
	! grep -qvE '^vmmio-conform: [0-9]+ of [0-9]+ checks, ' "$1" ||
		{ complain "$1 has more than progress in it:"; head -c 3000 "$1"; }
}

# Lines of FILE that match.
count() {
	grep -c -- "$2" "$1"
}

same() {
	[ "$2" = "$3" ] || complain "$1: '$2', expected '$3'"
}

python() {
	command -v python3 >/dev/null ||
		(. "$here/../support/setup.sh" && install_packages python3) || {
		echo "SKIP: there is no python3, and it cannot be installed"
		exit 77
	}
	python3 "$@"
}

# --- Words -----------------------------------------------------------------------------

test_help() {
	run 0 --help
	has out 'Usage: vmmio-conform' COMMAND 'list  ' 'run  ' 'Exit codes' Examples
	for command in list run; do
		run 0 $command --help
		has out "Usage: vmmio-conform $command" 'Exit codes' Examples --format
		empty err
		same "wide lines in $command --help" "$(count out '.\{80\}')" 0
	done
	has out Targets stub:WORD plugin:FILE --only --timeout --output --destructive Verdicts
	run 0 --version
	has out 'vmmio-conform 0.'
}

test_options() {
	run 2
	has err Usage
	run 2 nonsense
	has err 'no command "nonsense"'
	run 2 run
	has err --target
	run 2 run --target stub: --target stub:
	run 2 run --target nothing:
	has err nothing stub:WORD
	run 2 run stub:
	has err '--target stub:'
	run 2 run --target stub: --format pdf
	has err pdf html
	for seconds in 0 -1 x 1x nan inf 1e9 ''; do
		run 2 run --target stub: --timeout "$seconds"
		has err --timeout seconds
	done
	run 2 run --target stub: --only ''
	run 2 run --target stub: --only STUB-DEV-00,STUB-DEV-77
	has err STUB-DEV-77 'vmmio-conform list'
	run 2 run --target stub: --only CHECK-00
	run 2 list --format html
	has err html
	run 2 list stub:
	empty out
}

test_list() {
	run 0 list
	has out 'STUB-DEV-06  device MUST NOT' 'STUB-DEV-03  device SHOULD NOT [desc]' \
		'checks: check-03' 'not judged: a stub' '60 requirements, 59 of them judged'
	empty err
	run 0 list --format json
	python -c '
import json, sys
rows = json.load(open("out"))["requirements"]
assert len(rows) == 60 and len({row["requirement"] for row in rows}) == 60
row = rows[7]
assert row["requirement"] == "STUB-DEV-07" and row["checks"] == ["check-03"], row
assert row["strength"] == "SHOULD" and row["side"] == "device" and row["reason"] is None, row
assert rows[59]["reason"] == "a stub" and rows[59]["side"] == "driver", rows[59]
assert rows[3]["descriptive"] and not rows[4]["descriptive"]
' || complain "the list is wrong"
	"$tool" list >/dev/full 2>err
	same "exit code on a full disk" $? 2
	has err 'No space left'
}

test_only() {
	run 0 run --target stub: --only STUB-DEV-07,check-11 --format tap
	has out 1..3 'STUB-DEV-07 check-03' 'STUB-DEV-22 check-11' 'STUB-DEV-23 check-11'
	run 0 run --target stub:fail=2,crash=4 --only 'check-03, STUB-DEV-01' --format tap
	has out 1..3
	# The process dies of a check of which one requirement is asked for.
	run 1 run --target stub:crash=3 --only STUB-DEV-07,check-11 --format tap
	has out 1..3 'not ok 1 - STUB-DEV-07' 'ok 2 - STUB-DEV-22' 'ok 3 - STUB-DEV-23'
}

# --- Reports ---------------------------------------------------------------------------

everything=stub:fail=3,flag=7,skip=9,skip=12,hook=14,fail=20

test_formats() {
	run 1 run --target $everything --format json
	cp out report.json
	# What the target prints is not in the report.
	same "lines of standard error" "$(cat err)" closed
	python -m json.tool report.json >/dev/null || complain "not JSON"
	run 1 run --target $everything --format junit
	cp out report.xml
	run 1 run --target $everything --format tap
	python "$here/formats.py" report.json report.xml out || complain "the formats differ"
	has out 'checked: "Looks at a register"'
	has report.json '"title": "Looks at a register"'
	has report.xml '>checked: Looks at a register'
	run 1 run --target $everything --format html
	has out '>checked: Looks at a register<'
	run 1 run --target $everything
	has out '  checked: Looks at a register' '  checked: Looks at a register ... once more'
	has out '== skipped, by reason' 'the target has no ears: STUB-DEV-18 STUB-DEV-19' \
		'the target has no <eyes>: STUB-DEV-24 STUB-DEV-25' 'FAILED: 4 of 60'
}

test_output() {
	run 1 run --target $everything --format json --output file
	has out '== summary of stub' 'FAILED: 4 of 60'
	python -m json.tool file >/dev/null || complain "not JSON"
	# A shorter one over a longer one.
	run 0 run --target stub: --only check-01 --format json --output file
	python -m json.tool file >/dev/null || complain "not JSON the second time"
	# What could not run leaves files as they are.
	echo kept >file
	run 2 run --target stub:open=refuse --output file
	same "the file" "$(cat file)" kept
	run 2 run --target stub:open=refuse --output new
	[ ! -e new ] || complain "there is an empty new file"
	run 2 run --target stub: --output no/such/folder
	has err no/such/folder 'No such file'
	run 2 run --target stub: --output /dev/full
	has err 'No space left'
	run 0 run --target stub: --output -
	has out '== topic-00'
	"$tool" run --target stub: >/dev/full 2>err
	same "exit code on a full disk" $? 2
}

# --- Ends ------------------------------------------------------------------------------

test_deaths() {
	run 1 run --target stub:crash=3 --format tap
	has out 1..60 'not ok 7 - STUB-DEV-06' 'not ok 8 - STUB-DEV-07' 'ok 9 - STUB-DEV-08' \
		'device stopped answering: killed by signal 9' 'accesses: ["Config+0xc = ? (no answer)"]'
	same "failures" "$(count out '^not ok')" 2
	run 1 run --target stub:exit=0,exit=29 --format tap
	has out 1..60 'its process ended with code 5'
	same "failures" "$(count out '^not ok')" 4
	# Three deaths are enough.
	run 1 run --target stub:crash=5,crash=6,fail=7,crash=9,crash=11 --format tap
	has out 1..60 '# SKIP not run: the device stopped answering 3 times before'
	same "failures" "$(count out '^not ok')" 8
	same "skips" "$(count out 'SKIP')" 40
	# Before the first check.
	run 1 run --target stub:crash=99 --format tap
	has out 1..60 'not ok 1 - STUB-DEV-00' MagicValue
	same "failures" "$(count out '^not ok')" 6
	# It cannot be opened another time.
	run 1 run --target stub:once=once,crash=1 --format tap
	has out 1..60 '# SKIP the target cannot be opened again: stub: refused'
	same "skips" "$(count out 'SKIP')" 56
}

test_no_run() {
	run 2 run --target stub:open=refuse
	same "why" "$(cat err)" 'vmmio-conform: stub: refused'
	empty out
	run 2 run --target stub:open=crash
	has err 'cannot be opened: killed by signal 9'
	run 2 run --target stub:open=hang --timeout 0.5
	has err 'not open after 0.5 s'
	# All was skipped.
	run 2 run --target stub:skip=9 --only check-09 --format tap
	has err 'nothing was judged'
	run 2 run --target stub:version=1 --format tap
	has out 1..60
	has err 'no virtio-mmio device'
	run 1 run --target stub:version=1,fail=0 --format tap
	# Verdicts stand, even if closing goes wrong.
	run 0 run --target stub:close=crash
	has err 'not closed properly: killed by signal 9'
	run 1 run --target stub:fail=1,close=hang --silence 0.5
	has err 'not closed properly: no answer'
}

test_time() {
	run 1 run --target stub:hang=4 --silence 0.5 --format tap
	has out 1..60 'not ok 9 - STUB-DEV-08' 'device stopped answering: no answer for 0.5 s' \
		'ok 11 - STUB-DEV-10' 'Config+0x10 = ? (no answer)'
	same "failures" "$(count out '^not ok')" 2
	# Slow is not silent: two seconds of accesses.
	run 0 run --target stub:crawl=4 --silence 0.5
	# The time of the whole run.
	run 2 run --target stub:endless=3 --timeout 1 --format tap
	has out 1..60 'ok 7 - STUB-DEV-06 check-03 # SKIP the time of the run was over'
	has err 'not over in time'
	same "skips" "$(count out 'SKIP')" 54
	run 1 run --target stub:fail=1,endless=3 --timeout 1
	# Progress, once it takes long.
	run 0 run --target stub:crawl=4,crawl=5,crawl=6
	has err 'of 30 checks, 5 s: check-0'
}

# gone PID: that process has ended (or is waiting for an init that does not).
gone() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		case $(sed -n 's/^State:[^A-Z]*//p' "/proc/$1/status" 2>/dev/null) in
		'' | Z*) return ;;
		esac
		sleep 0.1
	done
	complain "process $1 is still there"
}

# The name of the process that is PID's parent, if it is one of ours.
parent_name() {
	sleep 0.3
	parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$1/status")
	grep -x vmmio-conform "/proc/$parent/comm"
}

test_processes() {
	run 0 run --target stub:child=pid
	gone "$(cat pid)"
	run 1 run --target stub:child=pid,crash=29
	gone "$(cat pid)"
	run 1 run --target stub:child=pid,hang=29 --silence 0.5
	gone "$(cat pid)"
	for signal in INT TERM HUP KILL; do
		rm -f pid
		# In the foreground: in the background SIGINT would be ignored.
		timeout --foreground -s $signal 1 "$tool" run --target stub:child=pid,hang=9 >out 2>err
		[ -s pid ] || complain "it had not begun when SIG$signal came"
		empty out
		if [ $signal != KILL ]; then
			gone "$(cat pid)"
			continue
		fi
		# Nobody is left to see to the child; but its parent, the process that ran the checks, ends.
		same "name of the child's parent" "$(parent_name "$(cat pid)")" ""
		kill -9 "$(cat pid)"
	done
	# Somebody who does not want to hear of ended processes.
	env --ignore-signal=CHLD "$tool" run --target stub: --timeout 5 >out 2>err ||
		complain "not with SIGCHLD ignored"
	has_not err 'not closed'
}

# --- The real one ------------------------------------------------------------------------

test_inproc() {
	for target in version=2,ring=split version=2,ring=packed version=3,ring=split \
		version=3,ring=packed version=3,ring=split,backend=null; do
		run 0 run --target inproc:$target --format json
		calm err
		has out "inproc:$target" '"proof": "hook"' '"proof": "black-box"'
		python -m json.tool out >/dev/null || complain "not JSON"
	done
	for format in text tap junit html; do
		run 0 run --target inproc --format $format
		has out PATCH-DEV-07
	done
	run 0 list
	has out 'PATCH-DEV-07  device MUST' 'PATCH-DRV-02  driver MUST NOT'
	run 0 list --format json
	python -m json.tool out >/dev/null || complain "not JSON"
	run 0 run --help
	has out inproc plugin:FILE mem:ADDR qtest:
	same "wide lines in run --help" "$(count out '.\{80\}')" 0
}

# --- Drivers, with the real one; BAD_DRIVER is a plugin that does as told ------------------

test_puppet() {
	run 0 puppet --help
	has out 'Usage: vmmio-conform puppet' 'Exit codes' Examples Drivers good plugin:FILE \
		--driver --scenario --list --timeout --output
	empty err
	same "wide lines in puppet --help" "$(count out '.\{80\}')" 0
	run 0 puppet --list
	same "scenarios" "$(count out '^[a-z0-9-]*  (')" "$(count out '^$')"
	has out 'reset-never  (reset)' 'PATCH-DRV-02 PATCH-DRV-03' '(no requirement of its own)'
	same "wide lines in puppet --list" "$(count out '.\{81\}')" 0
	run 0 puppet --list --scenario magic-0
	same "lines" "$(count out .)" 3
	run 0 list
	has out 'judged by: puppet: needs-reset' 'judged by: monitor and puppet: device-id-0'
	run 2 puppet
	has err --driver
	run 2 puppet good
	has err '--driver good'
	run 2 puppet --driver good --driver good
	run 2 puppet --driver nothing
	has err 'no driver' 'good[:disk' plugin:FILE
	run 2 puppet --driver good:bad
	has err good:entropy
	run 2 puppet --driver good --scenario ordinary,nothing
	has err nothing --list
	run 2 puppet --driver good --scenario ,
	run 2 puppet --driver good --format pdf
	run 2 puppet --driver good --timeout 0
	run 2 puppet --driver good:entropy --scenario config-torn
	has err 'none of these scenarios' 'device type'
	empty out
}

test_puppet_good() {
	for driver in disk entropy other; do
		run 0 puppet --driver good:$driver --format json
		calm err
		same "failed and flagged" "$(count out '"verdict": "fail"\|"flagged": true')" 0
		has out "\"target\": \"good:$driver\"" '"check": "reset-never", "text": "v3 split'
		python -m json.tool out >/dev/null || complain "not JSON"
	done
	for format in text tap junit html; do
		run 0 puppet --driver good --format $format --scenario reset-never,magic-0
		has out PATCH-DRV-02 reset-never 'begin gives up: Protocol error'
		calm err
	done
	run 0 puppet --driver good --scenario magic-0 --output file
	has file MMIO-DRV-08
	has out '== summary of good:disk'
	run 2 puppet --driver good --scenario magic-0 --output /dev/full
	has err 'No space left'
	run 2 puppet --driver good --output no/such/folder
}

# bad CODE WORD [SCENARIO,...]: the driver that does as the word says.
bad() {
	run "$1" puppet --driver "plugin:$BAD_DRIVER,$2" --scenario "${3-magic-0}" --timeout 0.5
}

test_puppet_bad() {
	bad 1 nothing
	has out 'FAIL  MMIO-DRV-08' 'expected the driver to leave the device alone, saw it go on' \
		'saw it go on (v2 split' 'v2 split, v3 split: begin, use' 'MagicValue = 0x0'
	# What a driver prints is not in the report.
	has err 'what a driver prints'
	has_not out 'what a driver prints'
	bad 1 crash
	has out 'FAIL  MMIO-DRV-08' 'the driver crashed: killed by signal 6' 'MagicValue = 0x0'
	has err 'crashed or hung'
	bad 1 exit
	has out 'the driver ended its process with code 3'
	bad 1 hang
	has out 'the driver hangs: for 0.5 s' 'FAIL  MMIO-DRV-08'
	# Three times, and no more.
	bad 1 hang magic-0,magic-ones
	has out 'magic-ones: v2 split: the driver hangs' 'magic-ones: v3 split: not played'
	bad 1 'hang in use' used-id-lie
	has out 'used-id-lie: v2 split, v2 packed, v3 split: the driver hangs' 'NOTHING JUDGED'
	# Waiting is no crime, but with a correct device.
	for word in poll pass; do
		bad 0 $word
		has out 'pass  MMIO-DRV-08  magic-0 (hook)' 'begin still waits'
		bad 1 $word ordinary
		has out 'stop,' 'begin still waits'
	done
	bad 1 'crash in close'
	has out 'v2 split, v3 split: begin, use' 'the driver crashed: killed by signal 9'
	bad 1 'hang in close'
	has out 'the driver hangs'
	bad 2 'never up' ordinary,magic-0
	has err 'works with none of the correct devices'
	has out 'not played: the driver does not work with a correct' 'Protocol error'
	for word in fails 'no use' 'open crash' 'open hang'; do
		bad 2 "$word"
		empty out
	done
	has err 'the driver cannot be opened' 'for 0.5 s'
	run 2 puppet --driver plugin:none.so
	has err 'none.so: cannot open'
	run 2 puppet --driver "plugin:$BAD_DRIVER,no use"
	has err 'begin, use and stop is missing'
}

"test_$group"
exit $failed
