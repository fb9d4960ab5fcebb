# SPDX-License-Identifier: BSD-3-Clause
"""formats.py JSON JUNIT TAP: what the three reports of one run say is well-formed and the same.

The run is that of test_formats in tool.sh.
"""
import json
import re
import sys
import xml.etree.ElementTree as tree

NASTY = '<b>&amp;"quoted\\" \x1b[31m # ]]> \ufffd\ufffd\ufffd\''
BROKEN = ["STUB-DEV-06", "STUB-DEV-07", "STUB-DEV-40", "STUB-DEV-41"]


def check_json(report):
    results, summary = report["results"], report["summary"]
    verdicts = [r["verdict"] for r in results]
    assert (report["target"], report["version"], len(results)) == ("stub", 3, 60)
    assert [verdicts.count(v) for v in ("fail", "skip", "pass")] == [4, 4, 52]
    assert [summary[v] for v in ("failed", "skipped", "passed")] == [4, 4, 52]
    assert summary["flagged"] == 2 and summary["proven_by_hook"] == 2
    assert summary["failed_requirements"] == BROKEN
    for r in results:
        good = r["verdict"] == "pass" and not r["flagged"]
        assert bool(r["detail"]) != good, r
        assert (r["verdict"] == "pass") == ("proof" in r), r
        assert bool(r["accesses"]) == (r["verdict"] == "fail" or r["flagged"]), r
    assert results[6]["detail"] == "expected 0x0, saw 0x4 and " + NASTY, results[6]
    assert results[6]["accesses"] == ["Status := 0x0", 'Status = 0x4 <"nasty"> \ufffd']
    assert results[28]["proof"] == "hook" and results[27]["proof"] == "black-box"
    return results


# What the strictest readers (Jenkins' xUnit plugin) let an element have: attributes, children.
KNOWN = {
    "testsuites": ("name tests failures errors", "testsuite"),
    "testsuite": ("name tests failures errors skipped", "properties testcase system-out"),
    "properties": ("", "property"),
    "property": ("name value", ""),
    "testcase": ("name classname", "failure skipped system-out"),
    "failure": ("type message", ""),
    "skipped": ("message", ""),
    "system-out": ("", ""),
}


def check_junit(suites, results):
    for element in suites.iter():
        attributes, children = KNOWN[element.tag]
        assert set(element.attrib) <= set(attributes.split()), element.attrib
        assert {child.tag for child in element} <= set(children.split()), element.tag
    cases = list(suites.iter("testcase"))
    assert suites.tag == "testsuites" and len(cases) == 60 == int(suites.get("tests"))
    for suite in suites:
        for what, tag in ("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped"):
            assert int(suite.get(what)) == len(list(suite.iter(tag))), suite.get("name")
    names = sorted(r["requirement"] + " " + r["check"] for r in results)
    assert sorted(case.get("name") for case in cases) == names
    broken = [case.get("name").split()[0] for case in cases if case.find("failure") is not None]
    assert broken == BROKEN, broken


def check_tap(lines):
    point = re.compile(r"(not )?ok (\d+) - ([A-Z0-9-]+)( \[desc\])? ([a-z0-9-]+)")
    points = [point.match(line) for line in lines if re.match("(not )?ok", line)]
    assert lines[:2] == ["TAP version 13", "1..60"]
    assert [int(p.group(2)) for p in points] == list(range(1, 61))
    assert [p.group(3) for p in points if p.group(1)] == BROKEN
    assert sum("# SKIP the target has" in line for line in lines) == 4


with open(sys.argv[1], encoding="utf-8") as file:
    all_results = check_json(json.load(file))
check_junit(tree.parse(sys.argv[2]).getroot(), all_results)
with open(sys.argv[3], encoding="utf-8") as file:
    check_tap(file.read().split("\n"))
