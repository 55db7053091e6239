# METADATA
# title: Test coverage does not fall
# description: Compared with what runs now in this environment, in points of the share of lines that tests reach.
# scope: package
# custom:
#   waybill:
#     id: coverage-not-falling
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [tests, deployments]
#     parameters:
#       max_drop_points: {type: number, stricter: lower, default: {development: 5, staging: 2, production: 1}}
#     verdict: {development: warn, staging: warn, production: ask}
#     remedy: Add tests for the changed lines.
#     controls: [SSDF:PW.8.2]
package waybill.baseline.coverage_not_falling

own contains run if {
	some run in input.tests
	run.on_subject
}

broken contains finding if {
	some run in own
	run.coverage_change < 0 - input.parameters.coverage_not_falling.max_drop_points
	finding := {
		"on": suite(run),
		"message": sprintf("the coverage of %s changes by %v points, a fall of %v is allowed", [suite(run), run.coverage_change, input.parameters.coverage_not_falling.max_drop_points]),
		"flip": {"field": "tests[].coverage_change", "at_least": 0 - input.parameters.coverage_not_falling.max_drop_points},
	}
}

unknown contains finding if {
	comparable
	some run in own
	"coverage_change" in run.unknown
	finding := {"on": suite(run), "message": sprintf("the report of %s or of what runs now does not state the coverage, so nobody can say whether it falls", [suite(run)])}
}

unknown contains finding if {
	some run in input.tests
	"on_subject" in run.unknown
	finding := {"on": suite(run), "message": sprintf("it is not known what %s ran on", [suite(run)])}
}

# Nothing runs here yet, or the very same: nothing to compare with.
comparable if input.deployments.running.digest != input.subject.digest

comparable if not input.deployments

comparable if "running" in input.deployments.unknown

comparable if "running.digest" in input.deployments.unknown

comparable if {
	input.deployments.running.digest
	not input.subject.digest
}

suite(run) := object.get(run, "suite", "a suite without a name")
