package waybill.baseline.tests_passed_test

import data.waybill.baseline.tests_passed as rule

messages(findings) := {finding.message | some finding in findings}

run(kind) := {"suite": concat(" ", ["app", kind]), "kind": kind, "passed": 10, "failed": 0, "skipped": 0, "on_subject": true}

asked(runs) := {"subject": {"id": "sha256:aa"}, "tests": runs, "parameters": {"tests_passed": {"required_kinds": ["unit", "integration"]}}}

both := [run("unit"), run("integration")]

test_both_kinds_hold if count(rule.broken) + count(rule.unknown) == 0 with input as asked(both)

test_failing_suite_breaks if {
	failing := [object.union(run("unit"), {"failed": 2}), run("integration")]
	messages(rule.broken) == {"2 test(s) of app unit failed"} with input as asked(failing)
}

test_missing_kind_breaks if messages(rule.broken) == {"no integration tests of this version have arrived"} with input as asked([run("unit")])

test_all_skipped_breaks if {
	messages(rule.broken) == {"no unit tests of this version have arrived"} with input as asked([object.union(run("unit"), {"passed": 0, "skipped": 10}), run("integration")])
}

test_other_version_breaks if count(rule.broken) == 2 with input as asked([object.union(one, {"on_subject": false}) | some one in both])

test_unknown_count_is_unknown if {
	without := object.union(object.remove(run("unit"), ["failed"]), {"unknown": ["failed"]})
	count(rule.unknown) == 1 with input as asked([without, run("integration")])
}
