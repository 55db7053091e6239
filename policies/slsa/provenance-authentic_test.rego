package waybill.slsa.provenance_authentic_test

import data.waybill.slsa.provenance_authentic as rule

messages(findings) := {finding.message | some finding in findings}

build := {"id": "run 1", "builder": {"id": "https://ci.example/hosted", "trusted": true}, "provenance": {"present": true, "verified": true}}

asked(builds) := {"subject": {"id": "sha256:aa"}, "builds": builds}

test_verified_holds if count(rule.broken) == 0 with input as asked([build])

test_none_breaks if messages(rule.broken) == {"nothing says how it was built"} with input as asked([])

test_unsigned_breaks if {
	unsigned := object.union(build, {"provenance": {"verified": false, "reason": "it is not signed"}})
	messages(rule.broken) == {"the statement of build run 1 does not hold: it is not signed"} with input as asked([unsigned])
}

test_absent_statement_breaks if {
	messages(rule.broken) == {"the statement of build run 1 does not hold: there is no provenance"} with input as asked([object.union(build, {"provenance": {"present": false}})])
}

test_one_that_holds_is_enough if {
	count(rule.broken) == 0 with input as asked([build, object.union(build, {"id": "run 2", "provenance": {"verified": false}})])
}

test_no_list_is_unknown if count(rule.unknown) == 1 with input as {"subject": {"id": "sha256:aa"}}
