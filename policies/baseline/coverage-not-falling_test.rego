package waybill.baseline.coverage_not_falling_test

import data.waybill.baseline.coverage_not_falling as rule

messages(findings) := {finding.message | some finding in findings}

run := {"suite": "app unit", "kind": "unit", "on_subject": true, "coverage_percent": 80, "coverage_change": 0.2}

asked(runs, running) := {
	"subject": {"id": "sha256:aa", "digest": "sha256:aa"},
	"tests": runs,
	"deployments": object.union({"is_rollback": false, "earlier": []}, running),
	"parameters": {"coverage_not_falling": {"max_drop_points": 1}},
}

other := {"running": {"digest": "sha256:bb"}}

test_rising_holds if count(rule.broken) + count(rule.unknown) == 0 with input as asked([run], other)

test_small_fall_holds if count(rule.broken) == 0 with input as asked([object.union(run, {"coverage_change": -1})], other)

test_fall_breaks if {
	want := {"the coverage of app unit changes by -3.5 points, a fall of 1 is allowed"}
	messages(rule.broken) == want with input as asked([object.union(run, {"coverage_change": -3.5})], other)
}

unmeasured := object.union(object.remove(run, ["coverage_change"]), {"unknown": ["coverage_change"]})

test_unmeasured_is_unknown if count(rule.unknown) == 1 with input as asked([unmeasured], other)

test_first_delivery_holds if count(rule.unknown) == 0 with input as asked([unmeasured], {})

test_the_very_same_holds if count(rule.unknown) == 0 with input as asked([unmeasured], {"running": {"digest": "sha256:aa"}})

test_what_runs_is_not_known_is_unknown if count(rule.unknown) == 1 with input as asked([unmeasured], {"unknown": ["running"]})
