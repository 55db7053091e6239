# METADATA
# title: The tests ran on this version and passed
# description: Each required kind of test ran on this digest (or on the revision that it was built from), and none failed.
# scope: package
# custom:
#   waybill:
#     id: tests-passed
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [tests]
#     parameters:
#       required_kinds: {type: list of string, stricter: more, default: {development: [unit], staging: [unit, integration], production: [unit, integration]}}
#     verdict: {development: warn, staging: deny, production: deny}
#     remedy: "Fix the failing suite named, or collect its report: `waybill collect junit.xml --subject …`."
#     controls: [SSDF:PW.8.2, "800-53:SA-11"]
package waybill.baseline.tests_passed

own contains run if {
	some run in input.tests
	run.on_subject
}

ran contains run.kind if {
	some run in own
	run.passed > 0
}

broken contains finding if {
	some kind in input.parameters.tests_passed.required_kinds
	not kind in ran
	finding := {
		"on": subject_id,
		"message": sprintf("no %s tests of this version have arrived", [kind]),
		"fix": sprintf("waybill collect junit.xml --subject %s", [subject_id]),
	}
}

broken contains finding if {
	some run in own
	run.failed > 0
	finding := {"on": suite(run), "message": sprintf("%d test(s) of %s failed", [run.failed, suite(run)]), "fix": "fix the failing tests"}
}

unknown contains finding if {
	some run in input.tests
	some field in ["failed", "kind", "on_subject", "passed"]
	field in run.unknown
	finding := {"on": suite(run), "message": sprintf("it is not known of %s: %s", [suite(run), field])}
}

suite(run) := object.get(run, "suite", "a suite without a name")

subject_id := object.get(input.subject, "id", "the subject")
