# METADATA
# title: The statement of how it was built is signed and holds
# description: One statement about this digest whose signature, signer and digest hold is enough.
# scope: package
# custom:
#   waybill:
#     id: provenance-authentic
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [builds]
#     verdict: {development: warn, staging: deny, production: deny}
#     remedy: The finding says what does not hold; usually the builder's identity is not on the trust list.
#     controls: [SLSA:provenance-authentic, "800-53:SR-4(3)", SSDF:PS.2.1]
package waybill.slsa.provenance_authentic

good if {
	some build in input.builds
	build.provenance.present
	build.provenance.verified
}

broken contains finding if {
	count(input.builds) == 0
	finding := {
		"on": subject_id,
		"message": "nothing says how it was built",
		"fix": "build with `waybill run -- <cmd>` or on a builder that signs provenance, and collect the statement",
	}
}

broken contains finding if {
	not good
	some build in input.builds
	finding := {"on": build_name(build), "message": sprintf("the statement of build %s does not hold: %s", [build_name(build), fault(build)])}
}

unknown contains finding if {
	not input.builds
	finding := {"on": subject_id, "message": "it is not known how it was built"}
}

build_name(build) := object.get(build, "id", subject_id)

fault(build) := "there is no provenance" if not build.provenance.present

else := object.get(build, ["provenance", "reason"], "it is not signed by anyone whose key or identity we know")

subject_id := object.get(input.subject, "id", "the subject")
