# METADATA
# title: The artifact is named by its digest, not by a tag
# description: A tag can point to something else tomorrow; what was judged would not be what runs.
# scope: package
# custom:
#   waybill:
#     id: artifact-by-digest
#     since: 1.0.0
#     applies_to: [artifact]
#     needs: []
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: "Use `<image>@sha256:…`; `waybill show <image>:<tag>` prints the digest."
#     controls: ["800-53:CM-14"]
package waybill.baseline.artifact_by_digest

# Only images are found by tags.
applies if not something_else

something_else if input.subject.type != "image"

broken contains finding if {
	input.subject.resolved_by == "tag"
	finding := {
		"on": subject_id,
		"message": sprintf("it was asked for by a tag, which may move: %s", [object.get(input.subject, "name", subject_id)]),
		"fix": sprintf("use %s@%s", [object.get(input.subject, "repository", "<image>"), subject_id]),
	}
}

unknown contains finding if {
	not input.subject.resolved_by
	finding := {"on": subject_id, "message": "nobody says whether it was asked for by its digest or by a tag"}
}

subject_id := object.get(input.subject, "id", "the subject")
