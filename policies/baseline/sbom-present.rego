# METADATA
# title: There is a bill of materials of this very artifact
# description: One that speaks of another build, of a tag or of the source tree does not count.
# scope: package
# custom:
#   waybill:
#     id: sbom-present
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [sboms]
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: "`waybill sbom <image>@<digest> | waybill collect -`"
#     controls: [SSDF:PS.3.2, "800-53:CM-8", PCI:6.3.2, "CRA:II(1)", S2C2F:INV-1]
package waybill.baseline.sbom_present

broken contains finding if {
	count([sbom | some sbom in input.sboms; sbom.on_subject]) == 0
	finding := {
		"on": subject_id,
		"message": sprintf("no bill of materials of this very artifact has arrived%s", [elsewhere]),
		"fix": sprintf("waybill sbom %s | waybill collect -", [subject_id]),
	}
}

default elsewhere := ""

elsewhere := sprintf("; %d that speak of something else do not count", [count(input.sboms)]) if count(input.sboms) > 0

subject_id := object.get(input.subject, "id", "the subject")
