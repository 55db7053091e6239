package waybill.baseline.sbom_present_test

import data.waybill.baseline.sbom_present as rule

messages(findings) := {finding.message | some finding in findings}

asked(sboms) := {"subject": {"id": "sha256:aa"}, "sboms": sboms}

test_own_bill_holds if count(rule.broken) == 0 with input as asked([{"of": "sha256:aa", "on_subject": true}])

test_none_breaks if {
	messages(rule.broken) == {"no bill of materials of this very artifact has arrived"} with input as asked([])
}

test_of_another_build_breaks if {
	want := {"no bill of materials of this very artifact has arrived; 1 that speak of something else do not count"}
	messages(rule.broken) == want with input as asked([{"of": "sha256:bb", "on_subject": false}])
}

test_not_known_of_what_breaks if count(rule.broken) == 1 with input as asked([{"of": "sha256:aa", "unknown": ["on_subject"]}])
