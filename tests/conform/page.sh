#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# page.sh PROGRAM WORK: the HTML report in headless Chromium, on a wide screen, on a phone, in the
# dark, without scripts. PROGRAM and WORK: see tool.sh. page.js is what looks at the page.
set -u

here=$(cd "$(dirname "$0")" && pwd)
tool=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
failed=0
export HOME="$work"

complain() {
	echo "$*"
	failed=1
}

command -v chromium >/dev/null || (. "$here/../support/setup.sh" && install_packages chromium) || {
	echo "SKIP: there is no chromium, and it cannot be installed"
	exit 77
}

# browse OPTION... URL: what the page comes to, in the file dom.
browse() {
	rm -rf profile
	timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
		--user-data-dir="$work/profile" --virtual-time-budget=3000 --dump-dom "$@" \
		>dom 2>log || { complain "chromium failed: $*"; tail -5 log; }
}

# fact NAME VALUE...: what page.js found has to be one of the values.
fact() {
	found=$(sed -n "s/.*\\[$1: \\(.*\\)\\].*/\\1/p" dom)
	name=$1
	shift
	for value; do
		[ "$found" = "$value" ] && return
	done
	complain "$what: $name is '$found', expected $*"
}

at_least() {
	found=$(sed -n "s/.*\\[$1: \\(.*\\)\\].*/\\1/p" dom)
	awk "BEGIN { exit !(\"$found\" + 0 >= $2) }" ||
		complain "$what: $1 is '$found', expected $2 or more"
}

# 4 requirements broken, 2 flagged, 4 skipped, 50 kept.
"$tool" run --target stub:fail=3,flag=7,skip=9,skip=12,hook=14,fail=20 --format html >report.html 2>/dev/null
[ $? -eq 1 ] || complain "there is no report"
# looked_at: standard input, with page.js in it.
looked_at() {
	cat
	echo "<script>"
	cat "$here/page.js"
	echo "</script>"
}
looked_at <report.html >page.html
page=file://$work/page.html

what="as it opens"
browse --window-size=1280,900 "$page"
fact rows 60
fact sections 4
fact pressed all
fact buttons 5
fact heads 4
fact shown '60 of 60 requirements shown'
fact scroll 1280
fact wide none
fact dark false
at_least contrast 4.5
at_least small 40

what="by the address"
browse "$page#show=fail"
fact rows 4
fact sections 1
fact pressed fail
browse "$page#find=STUB-dev-4+check-20"
fact rows 2
fact pressed all
browse "$page#show=skip&find=eyes"
fact rows 2
browse "$page#show=everything"
fact rows 60
browse "$page#STUB-DEV-07"
fact rows 60

what="buttons and search"
for press in fail=4 flag=2 skip=4 pass=50 all=60; do
	browse "$page?press=${press%=*}"
	fact rows "${press#*=}"
	fact pressed "${press%=*}"
done
browse "$page?press=pass&type=hook"
fact rows 2
fact hash '#show=pass&amp;find=hook'
browse "$page?type=nothing+has+this"
fact rows 0
fact sections 0
fact shown '0 of 60 requirements shown'

# A window has a least width, a frame has none.
for width in 320 390 768; do
	what="$width pixels wide"
	cat >frame.html <<-END
		<!DOCTYPE html><pre id="facts"></pre>
		<iframe src="page.html" style="width: ${width}px; height: 800px; border: 0"></iframe>
		<script>onmessage = (m) => document.getElementById("facts").textContent = m.data</script>
	END
	browse --window-size=1280,900 "file://$work/frame.html"
	fact width $width
	fact scroll $width
	fact wide none
	fact rows 60
	fact heads 0
	at_least small 40
done

what="in the dark"
browse --blink-settings=preferredColorScheme=0 "$page"
fact dark true
at_least contrast 4.5

# Chromium dumps nothing where scripts are off, so the page's own is taken out.
what="without scripts"
sed '/<script>/,/<\/script>/d' report.html | looked_at >still.html
browse "file://$work/still.html"
fact rows 60
fact sections 4
fact buttons 0

what="by itself"
! grep -nE "https?:|src=|url\(|@import|<link" report.html || complain "$what: it needs something else"
grep -q "default-src 'none'" report.html || complain "$what: it may fetch something"

exit $failed
