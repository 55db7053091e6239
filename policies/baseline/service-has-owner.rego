# METADATA
# title: The service has an owner
# description: When something turns red, there must be somebody to tell.
# scope: package
# custom:
#   waybill:
#     id: service-has-owner
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: []
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: Add an owner to the service's entry; in the repository a CODEOWNERS line is enough.
#     controls: ["800-53:CM-8"]
package waybill.baseline.service_has_owner

broken contains finding if {
	not input.service
	finding := {
		"on": subject_id,
		"message": "it belongs to no service that we know, so nobody owns it",
		"fix": "name the service: `waybill check … --service <name>`, and describe it in a service document",
	}
}

broken contains finding if {
	count(input.service.owners) == 0
	finding := {"on": service_name, "message": sprintf("nobody owns %s", [service_name])}
}

unknown contains finding if {
	input.service
	not input.service.owners
	finding := {"on": service_name, "message": sprintf("it is not known who owns %s", [service_name])}
}

service_name := object.get(input.service, "scope", object.get(input.service, "name", "the service"))

subject_id := object.get(input.subject, "id", "the subject")
