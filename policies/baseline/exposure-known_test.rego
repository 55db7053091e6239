package waybill.baseline.exposure_known_test

import data.waybill.baseline.exposure_known as rule

full := {"environment": {"name": "production", "exposure": "internet"}, "service": {"scope": "acme/app", "criticality": "high"}}

test_both_known_holds if count(rule.broken) == 0 with input as full

test_unknown_exposure_breaks if {
	without := object.union(full, {"environment": {"unknown": ["exposure"]}})
	some finding in rule.broken with input as json.remove(without, ["environment/exposure"])
	finding.on == "production"
}

test_unknown_criticality_breaks if {
	some finding in rule.broken with input as json.remove(full, ["service/criticality"])
	finding.on == "acme/app"
}

test_no_service_breaks if count(rule.broken) == 1 with input as object.remove(full, ["service"])

test_applies_where_there_is_an_environment if rule.applies with input as full

test_without_an_environment_it_does_not_apply if not rule.applies with input as object.remove(full, ["environment"])
