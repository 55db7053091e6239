# METADATA
# title: The bill of materials has the minimum fields
# description: The fields that NTIA, or BSI TR-03183-2, ask of every bill of materials.
# scope: package
# custom:
#   waybill:
#     id: sbom-minimum-elements
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [sboms]
#     parameters:
#       set: {type: string, stricter: none, is: ntia or bsi-tr-03183-2, default: ntia}
#     verdict: {development: allow, staging: warn, production: ask}
#     remedy: Complete the fields named; most tools need the supplier set by hand.
#     controls: ["CRA:II(1)", SSDF:PS.3.2]
package waybill.compliance_cra.sbom_minimum_elements

own contains sbom if {
	some sbom in input.sboms
	sbom.on_subject
}

asked_for := input.parameters.sbom_minimum_elements.set

missing(sbom) := sbom.quality.missing_ntia if asked_for == "ntia"

missing(sbom) := sbom.quality.missing_bsi if asked_for == "bsi-tr-03183-2"

good if {
	some sbom in own
	count(missing(sbom)) == 0
}

broken contains finding if {
	count(own) == 0
	finding := {
		"on": subject_id,
		"message": "there is no bill of materials of this very artifact",
		"fix": sprintf("waybill sbom %s | waybill collect -", [subject_id]),
	}
}

broken contains finding if {
	not good
	some sbom in own
	count(missing(sbom)) > 0
	finding := {
		"on": object.get(sbom, "of", subject_id),
		"message": sprintf("the bill of materials by %s lacks somewhere: %s", [object.get(sbom, "tool", "an unnamed tool"), concat(", ", missing(sbom))]),
	}
}

unknown contains finding if {
	some sbom in own
	not missing(sbom)
	finding := {"on": object.get(sbom, "of", subject_id), "message": sprintf("it is not known whether it has the fields of %s", [asked_for])}
}

subject_id := object.get(input.subject, "id", "the subject")
