# METADATA
# title: Vulnerability data is loaded and fresh
# description: No advisories is not the same as no vulnerabilities.
# scope: package
# custom:
#   waybill:
#     id: advisories-fresh
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: []
#     parameters:
#       max_age_hours: {type: integer, stricter: lower, default: {development: 72, staging: 48, production: 24}}
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: "`waybill advisories sync`; `waybill advisories status` shows the age."
#     controls: ["800-53:RA-5(2)"]
package waybill.baseline.advisories_fresh

# What adds to advisories but holds none: the known-exploited catalogue, exploit predictions.
companions := {"epss", "kev"}

loaded contains source if {
	some source in input.knowledge.advisories
	not source.source in companions
	source.records > 0
}

broken contains finding if {
	count(loaded) == 0
	finding := {
		"on": "advisories",
		"message": "no advisories are loaded, so nothing can be said about vulnerabilities; this is not \"0 found\"",
		"fix": "waybill advisories sync",
	}
}

broken contains finding if {
	some source in input.knowledge.advisories
	source.age_hours > input.parameters.advisories_fresh.max_age_hours
	finding := {
		"on": source_name(source),
		"message": sprintf("the data of %s is %d hours old, %d are allowed", [source_name(source), source.age_hours, input.parameters.advisories_fresh.max_age_hours]),
		"fix": "waybill advisories sync",
	}
}

unknown contains finding if {
	some source in input.knowledge.advisories
	some field in ["age_hours", "records", "source"]
	field in source.unknown
	finding := {"on": source_name(source), "message": sprintf("it is not known of %s: %s", [source_name(source), field])}
}

source_name(source) := object.get(source, "source", "advisories")
