# METADATA
# title: Nothing important is unknown
# description: Of the parts of knowledge that are named as important, each must be complete.
# scope: package
# custom:
#   waybill:
#     id: knowledge-complete
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: []
#     parameters:
#       important: {type: list of string, stricter: more, default: {development: [components, vulnerabilities, builds], staging: [components, vulnerabilities, builds], production: [components, vulnerabilities, builds]}}
#     verdict: {development: allow, staging: warn, production: ask}
#     remedy: Each gap in the finding names the command that closes it.
#     controls: [SSDF:PO.3.3]
package waybill.baseline.knowledge_complete

missing contains slice if {
	some slice in input.parameters.knowledge_complete.important
	object.get(input.knowledge, ["state", slice], "none") != "complete"
}

explained contains gap.slice if some gap in input.knowledge.gaps

broken contains finding if {
	some gap in input.knowledge.gaps
	gap.slice in missing
	finding := {
		"on": gap.slice,
		"message": object.get(gap, "reason", sprintf("%s: not all is known", [gap.slice])),
		"fix": object.get(gap, "remedy", "waybill show tells what is known"),
	}
}

broken contains finding if {
	some slice in missing
	not slice in explained
	finding := {"on": slice, "message": sprintf("%s: %s", [slice, word[object.get(input.knowledge, ["state", slice], "none")]])}
}

word := {
	"none": "nobody has looked",
	"partial": "some of it is missing",
	"stale": "it is too old",
	"unknown": "it is not known",
}
