#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""coverage.py JSON LIST: judges gcovr's JSON report of the core.

A line of LIST is FILE, the text of a source line, and why it is not reached, with tabs between
them. A text that a file has more than once has #2, #3 ... behind it from the second on. A
reason that begins with "sometimes" is of a race: reached or not, either is right.
"""
import json
import re
import sys

PARTS = ("regfile", "queue", "memory", "device", "executor")
LINES, BRANCHES = 95.0, 90.0


def keys(path):
    """By line number: what stands for that line in LIST."""
    seen, out = {}, {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = re.sub(r"\s+", " ", line.strip())
            seen[text] = seen.get(text, 0) + 1
            out[number] = text if seen[text] == 1 else "%s #%d" % (text, seen[text])
    return out


def read_list(path):
    reasons, bad = {}, 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3 or not fields[2].strip():
                print("%s:%d: not FILE, TEXT and REASON with tabs between them" % (path, number))
                bad += 1
                continue
            reasons[fields[0], fields[1]] = fields[2]
    return reasons, bad


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def judge_lines(files, reasons):
    """How many lines and list entries do not fit together."""
    bad, used = 0, set()
    for entry in files:
        name, text = entry["file"], keys(entry["file"])
        for line in entry["lines"]:
            key = (name, text[line["line_number"]])
            reason = reasons.get(key)
            if reason is not None:
                used.add(key)
            if line["count"] == 0 and reason is None:
                print("%s:%d: not reached, and not listed: %s" % (name, line["line_number"], key[1]))
                bad += 1
            elif line["count"] and reason is not None and not reason.startswith("sometimes"):
                print("%s:%d: listed, but reached: %s" % (name, line["line_number"], key[1]))
                bad += 1
    for name, text in sorted(set(reasons) - used):
        print("%s: listed, but there is no such line of code: %s" % (name, text))
        bad += 1
    return bad


def count(files):
    lines = [line for entry in files for line in entry["lines"]]
    branches = [b for line in lines for b in line["branches"]]
    return (sum(1 for line in lines if line["count"]), len(lines),
            sum(1 for b in branches if b["count"]), len(branches))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        files = sorted(json.load(file)["files"], key=lambda entry: entry["file"])
    for entry in files:
        entry["lines"] = [x for x in entry["lines"] if not x.get("gcovr/noncode")]
    reasons, bad = read_list(sys.argv[2])
    bad += judge_lines(files, reasons)
    passed, failed = int(bad == 0), int(bad != 0)
    print("%-10s %16s %22s" % ("part", "lines", "branches"))
    for part in PARTS + ("",):
        chosen = [e for e in files if e["file"].startswith("src/%s" % (part and part + "/"))]
        line, n_lines, branch, n_branches = count(chosen)
        print("%-10s %5d/%5d %5.1f %% %8d/%5d %5.1f %%" % (
            part or "all", line, n_lines, percent(line, n_lines),
            branch, n_branches, percent(branch, n_branches)))
        if not n_lines:
            print("%s: nothing was compiled with --coverage" % (part or "all"))
            failed += 1
        elif part:
            continue
        for what, value, least in (("lines", percent(line, n_lines), LINES),
                                   ("branches", percent(branch, n_branches), BRANCHES)):
            good = value >= least
            print("%s: %.1f %% of the %s, at least %g %%" % (
                "PASS" if good else "FAIL", value, what, least))
            passed, failed = passed + good, failed + (not good)
    print("%s: %d lines that are not reached are listed with the reason, %d do not fit" % (
        "FAIL" if bad else "PASS", len(reasons), bad))
    print("%d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


sys.exit(main())
