# METADATA
# title: It is known who can reach this environment
# description: How bad a weakness is depends on who can reach it and on how much hangs on the service.
# scope: package
# custom:
#   waybill:
#     id: exposure-known
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: []
#     verdict: {development: allow, staging: warn, production: ask}
#     remedy: Set `exposure` on the environment and `criticality` on the service.
#     controls: ["800-53:RA-3"]
package waybill.baseline.exposure_known

applies if input.environment

broken contains finding if {
	not input.environment.exposure
	finding := {
		"on": environment_name,
		"message": sprintf("nobody has said who can reach %s: isolated, internal, partner or internet", [environment_name]),
		"fix": "set `exposure` on the environment",
	}
}

broken contains finding if {
	not input.service.criticality
	finding := {
		"on": service_name,
		"message": sprintf("nobody has said how much hangs on %s: low, moderate, high or critical", [service_name]),
		"fix": "set `criticality` on the service",
	}
}

environment_name := object.get(input.environment, "name", "the environment")

default service_name := "the service"

service_name := input.service.scope
