# METADATA
# title: A current container scan of this very digest
# description: A scan counts only if it ended well, ran on this digest, is recent, used fresh data and saw nearly everything.
# scope: package
# custom:
#   waybill:
#     id: container-scan-current
#     since: 1.0.0
#     applies_to: [artifact, service]
#     needs: [scans]
#     parameters:
#       max_age_days: {type: days, stricter: lower, default: {development: 30, staging: 7, production: 1}}
#       max_data_age_days: {type: days, stricter: lower, default: {development: 7, staging: 3, production: 2}}
#       min_covered_percent: {type: integer, stricter: higher, default: {development: 50, staging: 80, production: 95}}
#     verdict: {development: warn, staging: deny, production: deny}
#     remedy: "`waybill scan image <image>@<digest>`, or collect your scanner's report."
#     controls: [SSDF:PW.8.2, "800-53:RA-5", PCI:6.3.1, S2C2F:SCA-1]
package waybill.vulnerabilities.container_scan_current

params := input.parameters.container_scan_current

container_scans := [scan | some scan in input.scans; scan.kind == "container"]

fault(scan) := "it did not end well" if not scan.outcome in {"done", "partial"}

else := "it ran on another digest" if not scan.on_subject

else := "its age is not known" if not scan.age_days

else := sprintf("it is %d days old, %d are allowed", [scan.age_days, params.max_age_days]) if scan.age_days > params.max_age_days

else := "the age of its data is not known" if not scan.data_age_days

else := sprintf("its data was %d days old, %d are allowed", [scan.data_age_days, params.max_data_age_days]) if scan.data_age_days > params.max_data_age_days

else := "it is not known what it covered" if not scan.covered_percent

else := sprintf("it covered %v %% of the packages, %v %% are asked for", [scan.covered_percent, params.min_covered_percent]) if scan.covered_percent < params.min_covered_percent

good_scan if {
	some scan in container_scans
	not fault(scan)
}

broken contains finding if {
	count(container_scans) == 0
	finding := {
		"on": subject_id,
		"message": "no container scan of this image has arrived",
		"fix": sprintf("waybill scan image %s", [subject_id]),
	}
}

broken contains finding if {
	not good_scan
	some scan in container_scans
	finding := {
		"on": object.get(scan, "on", subject_id),
		"message": sprintf("the scan by %s does not count: %s", [object.get(scan, "tool", "a scanner"), fault(scan)]),
	}
}

subject_id := object.get(input.subject, "id", "the subject")
