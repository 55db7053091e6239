package waybill.supply_chain.licence_allowed_test

import data.waybill.supply_chain.licence_allowed as rule

messages(findings) := {finding.message | some finding in findings}

component(licence, ids) := {"purl": "pkg:npm/a@1", "name": "a", "licence": licence, "licences": ids, "scope": "runtime"}

asked(components) := {"components": components, "parameters": {"licence_allowed": {"licences": ["MIT", "Apache-2.0"]}}}

test_listed_holds if count(rule.broken) + count(rule.unknown) == 0 with input as asked([component("MIT", ["MIT"])])

test_unlisted_breaks if {
	messages(rule.broken) == {"pkg:npm/a@1 is under GPL-3.0-only, which is not on the list"} with input as asked([component("GPL-3.0-only", ["GPL-3.0-only"])])
}

test_a_choice_holds if count(rule.broken) == 0 with input as asked([component("GPL-3.0-only OR MIT", ["GPL-3.0-only", "MIT"])])

test_a_combination_breaks if count(rule.broken) == 1 with input as asked([component("GPL-3.0-only AND MIT", ["GPL-3.0-only", "MIT"])])

test_a_choice_within_a_combination_breaks if {
	count(rule.broken) == 1 with input as asked([component("MIT AND (GPL-3.0-only OR X)", ["MIT", "GPL-3.0-only", "X"])])
}

test_for_building_only_holds if count(rule.broken) == 0 with input as asked([object.union(component("X", ["X"]), {"scope": "build"})])

test_an_unknown_scope_counts if count(rule.broken) == 1 with input as asked([object.remove(component("X", ["X"]), ["scope"])])

test_no_licence_is_unknown if {
	bare := object.union(object.remove(component("", []), ["licence", "licences"]), {"unknown": ["licence", "licences"]})
	messages(rule.unknown) == {"1 component(s) state no licence, for example pkg:npm/a@1"} with input as asked([bare])
}
