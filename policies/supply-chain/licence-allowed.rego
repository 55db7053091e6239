# METADATA
# title: Licences are on our list
# description: Of what reaches users. A choice (A OR B) is fine when one of it is on the list; of a combination all must be.
# scope: package
# custom:
#   waybill:
#     id: licence-allowed
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [components]
#     parameters:
#       licences: {type: list of string, stricter: fewer, is: SPDX ids that may reach users, default: [0BSD, AFL-2.1, Apache-2.0, Artistic-2.0, BlueOak-1.0.0, BSD-2-Clause, BSD-3-Clause, BSL-1.0, CC-BY-3.0, CC-BY-4.0, CC0-1.0, curl, EPL-2.0, ISC, LGPL-2.1-only, LGPL-2.1-or-later, LGPL-3.0-only, LGPL-3.0-or-later, MIT, MIT-0, MPL-2.0, NCSA, OpenSSL, PostgreSQL, PSF-2.0, Python-2.0, Unicode-3.0, Unicode-DFS-2016, Unlicense, W3C, WTFPL, X11, Zlib]}
#     verdict: {development: warn, staging: warn, production: deny}
#     remedy: Replace the component, or let legal grant an exception.
#     controls: [S2C2F:SCA-2, "800-53:CM-10"]
package waybill.supply_chain.licence_allowed

listed := {licence | some licence in input.parameters.licence_allowed.licences}

# What is only used to build or to test does not reach users.
counts(component) if not object.get(component, "scope", "runtime") in {"build", "test"}

free_choice(component) if {
	contains(component.licence, " OR ")
	not contains(component.licence, " AND ")
}

allowed(component) if {
	every licence in component.licences {
		licence in listed
	}
}

allowed(component) if {
	free_choice(component)
	some licence in component.licences
	licence in listed
}

broken contains finding if {
	some component in input.components
	counts(component)
	count(component.licences) > 0
	not allowed(component)
	finding := {
		"on": object.get(component, "purl", "a component"),
		"message": sprintf("%s is under %s, which is not on the list", [object.get(component, "purl", "a component"), stated(component)]),
	}
}

# One finding for all of them: a bill of materials without licences would otherwise be a thousand lines.
undeclared := [object.get(component, "purl", "a component") |
	some component in input.components
	counts(component)
	count(object.get(component, "licences", [])) == 0
]

unknown contains finding if {
	count(undeclared) > 0
	finding := {
		"on": "components",
		"message": sprintf("%d component(s) state no licence, for example %s", [count(undeclared), undeclared[0]]),
		"fix": "complete the bill of materials",
	}
}

stated(component) := object.get(component, "licence", concat(" and ", component.licences))
