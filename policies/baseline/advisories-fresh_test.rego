package waybill.baseline.advisories_fresh_test

import data.waybill.baseline.advisories_fresh as rule

messages(findings) := {finding.message | some finding in findings}

asked(sources) := {"knowledge": {"advisories": sources}, "parameters": {"advisories_fresh": {"max_age_hours": 24}}}

test_fresh_holds if count(rule.broken) + count(rule.unknown) == 0 with input as asked([{"source": "osv", "records": 3, "age_hours": 24}])

test_none_loaded_breaks if {
	want := {"no advisories are loaded, so nothing can be said about vulnerabilities; this is not \"0 found\""}
	messages(rule.broken) == want with input as asked([])
}

test_only_the_exploited_catalogue_breaks if count(rule.broken) == 1 with input as asked([{"source": "kev", "records": 3, "age_hours": 1}])

test_an_empty_source_breaks if count(rule.broken) == 1 with input as asked([{"source": "osv", "records": 0, "age_hours": 1}])

test_stale_breaks if {
	messages(rule.broken) == {"the data of osv is 25 hours old, 24 are allowed"} with input as asked([{"source": "osv", "records": 3, "age_hours": 25}])
}

test_unknown_age_is_unknown if count(rule.unknown) == 1 with input as asked([{"source": "osv", "records": 3, "unknown": ["age_hours"]}])
