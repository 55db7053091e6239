# METADATA
# title: The artifact has evidence
# description: Somebody has said something about this very digest. Without that there is nothing to judge by.
# scope: package
# custom:
#   waybill:
#     id: artifact-known
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: []
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: "Collect its SBOM and provenance: `waybill collect <files> --subject <image>@<digest>`."
#     controls: [SSDF:PS.3.2]
package waybill.baseline.artifact_known

broken contains finding if {
	not input.subject.known
	finding := {
		"on": subject_id,
		"message": "nothing is known about this artifact: no document about it has arrived",
		"fix": sprintf("waybill collect <files> --subject %s", [subject_id]),
	}
}

subject_id := object.get(input.subject, "id", "the subject")
