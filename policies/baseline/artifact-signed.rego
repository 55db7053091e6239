# METADATA
# title: The artifact is signed by someone we trust
# description: A signature counts when it verifies and its signer stands on the list of this scope.
# scope: package
# custom:
#   waybill:
#     id: artifact-signed
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [signatures]
#     parameters:
#       require_transparency_log: {type: boolean, stricter: yes, default: {development: false, staging: false, production: true}}
#     verdict: {development: warn, staging: ask, production: deny}
#     remedy: "Sign in the pipeline: `waybill sign <image>@<digest>`; a new signer is added to the scope's trust list."
#     controls: [SSDF:PS.2.1, "800-53:CM-14", "CRA:I(2)(f)"]
package waybill.baseline.artifact_signed

own contains signature if {
	some signature in input.signatures
	signature.about == "subject"
}

logged_enough(_) if not input.parameters.artifact_signed.require_transparency_log

logged_enough(signature) if signature.logged

good if {
	some signature in own
	signature.trusted
	logged_enough(signature)
}

broken contains finding if {
	count(own) == 0
	finding := {
		"on": subject_id,
		"message": "nobody has signed this artifact",
		"fix": sprintf("waybill sign %s", [subject_id]),
	}
}

broken contains finding if {
	not good
	some signature in own
	finding := {"on": subject_id, "message": sprintf("the signature by %s does not count: %s", [signer(signature), fault(signature)])}
}

signer(signature) := object.get(signature, "identity", object.get(signature, "key", "an unnamed signer"))

fault(signature) := object.get(signature, "reason", "its signer is not on the list of those we trust here") if not signature.trusted

else := "it is in no transparency log"

subject_id := object.get(input.subject, "id", "the subject")
