# METADATA
# title: The builder is on our list
# description: A builder counts when its statement holds and this scope lists it.
# scope: package
# custom:
#   waybill:
#     id: builder-trusted
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [builds]
#     verdict: {development: warn, staging: ask, production: deny}
#     remedy: "Build on a listed builder, or let security add this one: `waybill policy apply trust.yaml`."
#     controls: [SSDF:PO.3.2, "800-53:CM-5"]
package waybill.slsa.builder_trusted

good if {
	some build in input.builds
	build.builder.trusted
	build.provenance.verified
}

broken contains finding if {
	count(input.builds) == 0
	finding := {
		"on": subject_id,
		"message": "nothing says who built it",
		"fix": "build on a listed builder and collect its provenance",
	}
}

broken contains finding if {
	not good
	some build in input.builds
	finding := {"on": builder_name(build), "message": sprintf("%s %s", [builder_name(build), fault(build)])}
}

unknown contains finding if {
	not input.builds
	finding := {"on": subject_id, "message": "it is not known who built it"}
}

builder_name(build) := object.get(build, ["builder", "id"], "a builder without a name")

fault(build) := "is not on the list of builders that we trust here" if not build.builder.trusted

else := "is trusted, but its statement about this artifact does not hold"

subject_id := object.get(input.subject, "id", "the subject")
