package waybill.vulnerabilities.container_scan_current_test

import data.waybill.vulnerabilities.container_scan_current as rule

messages(findings) := {finding.message | some finding in findings}

scan := {
	"kind": "container", "tool": "trivy", "outcome": "done", "on": "sha256:aa", "on_subject": true,
	"age_days": 0, "data_age_days": 0, "covered_percent": 99,
}

asked(scans) := {
	"subject": {"id": "sha256:aa"},
	"scans": scans,
	"parameters": {"container_scan_current": {"max_age_days": 1, "max_data_age_days": 2, "min_covered_percent": 95}},
}

test_current_holds if count(rule.broken) == 0 with input as asked([scan])

test_none_breaks if messages(rule.broken) == {"no container scan of this image has arrived"} with input as asked([])

test_another_kind_breaks if count(rule.broken) == 1 with input as asked([object.union(scan, {"kind": "static"})])

test_one_good_scan_is_enough if count(rule.broken) == 0 with input as asked([scan, object.union(scan, {"tool": "grype", "outcome": "failed"})])

why(change) := found if {
	found := {finding.message | some finding in rule.broken} with input as asked([object.union(scan, change)])
}

test_failed_breaks if why({"outcome": "failed"}) == {"the scan by trivy does not count: it did not end well"}

test_other_digest_breaks if why({"on_subject": false}) == {"the scan by trivy does not count: it ran on another digest"}

test_old_breaks if why({"age_days": 9}) == {"the scan by trivy does not count: it is 9 days old, 1 are allowed"}

test_old_data_breaks if why({"data_age_days": 3}) == {"the scan by trivy does not count: its data was 3 days old, 2 are allowed"}

test_half_covered_breaks if why({"covered_percent": 50}) == {"the scan by trivy does not count: it covered 50 % of the packages, 95 % are asked for"}

test_each_missing_answer_breaks if {
	every field in ["outcome", "on_subject", "age_days", "data_age_days", "covered_percent"] {
		count(rule.broken) == 1 with input as asked([object.remove(scan, [field])])
	}
}
