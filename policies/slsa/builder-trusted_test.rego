package waybill.slsa.builder_trusted_test

import data.waybill.slsa.builder_trusted as rule

messages(findings) := {finding.message | some finding in findings}

build := {"id": "run 1", "builder": {"id": "https://ci.example/hosted", "trusted": true}, "provenance": {"present": true, "verified": true}}

asked(builds) := {"subject": {"id": "sha256:aa"}, "builds": builds}

test_listed_holds if count(rule.broken) == 0 with input as asked([build])

test_none_breaks if messages(rule.broken) == {"nothing says who built it"} with input as asked([])

test_unlisted_breaks if {
	want := {"https://ci.example/hosted is not on the list of builders that we trust here"}
	messages(rule.broken) == want with input as asked([object.union(build, {"builder": {"trusted": false}})])
}

test_a_name_that_anyone_can_write_breaks if {
	want := {"https://ci.example/hosted is trusted, but its statement about this artifact does not hold"}
	messages(rule.broken) == want with input as asked([object.union(build, {"provenance": {"verified": false}})])
}

test_no_list_is_unknown if count(rule.unknown) == 1 with input as {"subject": {"id": "sha256:aa"}}
