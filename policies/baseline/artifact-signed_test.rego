package waybill.baseline.artifact_signed_test

import data.waybill.baseline.artifact_signed as rule

messages(findings) := {finding.message | some finding in findings}

signature := {"of": "sha256:aa", "about": "subject", "method": "key", "key": "k1", "verified": true, "trusted": true, "logged": false, "timestamped": false}

asked(signatures, log) := {
	"subject": {"id": "sha256:aa"},
	"signatures": signatures,
	"parameters": {"artifact_signed": {"require_transparency_log": log}},
}

test_trusted_holds if count(rule.broken) == 0 with input as asked([signature], false)

test_logged_holds_where_a_log_is_asked_for if count(rule.broken) == 0 with input as asked([object.union(signature, {"logged": true})], true)

test_none_breaks if messages(rule.broken) == {"nobody has signed this artifact"} with input as asked([], false)

test_signature_of_the_sbom_is_not_enough if {
	messages(rule.broken) == {"nobody has signed this artifact"} with input as asked([object.union(signature, {"about": "sbom"})], false)
}

test_stranger_breaks if {
	stranger := object.union(signature, {"trusted": false, "reason": "person:eve is not on the list"})
	messages(rule.broken) == {"the signature by k1 does not count: person:eve is not on the list"} with input as asked([stranger], false)
}

test_not_logged_breaks if {
	messages(rule.broken) == {"the signature by k1 does not count: it is in no transparency log"} with input as asked([signature], true)
}

test_missing_trust_breaks if count(rule.broken) == 1 with input as asked([object.remove(signature, ["trusted"])], false)
