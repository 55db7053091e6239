package waybill.compliance_cra.sbom_minimum_elements_test

import data.waybill.compliance_cra.sbom_minimum_elements as rule

messages(findings) := {finding.message | some finding in findings}

sbom := {"of": "sha256:aa", "on_subject": true, "tool": "syft", "quality": {"missing_ntia": [], "missing_bsi": ["hash-sha512"]}}

asked(sboms, set) := {"subject": {"id": "sha256:aa"}, "sboms": sboms, "parameters": {"sbom_minimum_elements": {"set": set}}}

test_complete_holds if count(rule.broken) + count(rule.unknown) == 0 with input as asked([sbom], "ntia")

test_missing_field_breaks if {
	lacking := object.union(sbom, {"quality": {"missing_ntia": ["supplier"]}})
	messages(rule.broken) == {"the bill of materials by syft lacks somewhere: supplier"} with input as asked([lacking], "ntia")
}

test_the_other_set_asks_for_more if count(rule.broken) == 1 with input as asked([sbom], "bsi-tr-03183-2")

test_none_breaks if messages(rule.broken) == {"there is no bill of materials of this very artifact"} with input as asked([], "ntia")

test_of_something_else_breaks if count(rule.broken) == 1 with input as asked([object.union(sbom, {"on_subject": false})], "ntia")

test_unknown_quality_is_unknown if {
	count(rule.unknown) == 1 with input as asked([object.union(object.remove(sbom, ["quality"]), {"unknown": ["quality"]})], "ntia")
}
