# METADATA
# title: The artifact was built recently
# description: Base packages get fixes every week; what is built once and never again gets none of them.
# scope: package
# custom:
#   waybill:
#     id: artifact-not-old
#     since: 1.0.0
#     applies_to: [artifact]
#     needs: []
#     parameters:
#       max_age_days: {type: days, stricter: lower, default: {development: 365, staging: 180, production: 90}}
#     verdict: {development: warn, staging: warn, production: warn}
#     remedy: Rebuild from the same revision so that fixed base packages come in.
#     controls: ["800-53:SI-2"]
package waybill.baseline.artifact_not_old

broken contains finding if {
	input.subject.age_days > input.parameters.artifact_not_old.max_age_days
	finding := {
		"on": subject_id,
		"message": sprintf("it was built %d days ago, %d are allowed", [input.subject.age_days, input.parameters.artifact_not_old.max_age_days]),
	}
}

unknown contains finding if {
	not input.subject.age_days
	finding := {"on": subject_id, "message": "it is not known when it was built", "fix": "collect its provenance or a bill of materials that states the time"}
}

subject_id := object.get(input.subject, "id", "the subject")
