package waybill.baseline.artifact_not_old_test

import data.waybill.baseline.artifact_not_old as rule

messages(findings) := {finding.message | some finding in findings}

asked(subject) := {"subject": subject, "parameters": {"artifact_not_old": {"max_age_days": 90}}}

test_recent_holds if count(rule.broken) + count(rule.unknown) == 0 with input as asked({"id": "sha256:aa", "age_days": 90})

test_old_breaks if messages(rule.broken) == {"it was built 91 days ago, 90 are allowed"} with input as asked({"id": "sha256:aa", "age_days": 91})

test_unknown_age_is_unknown if count(rule.unknown) == 1 with input as asked({"id": "sha256:aa", "unknown": ["age_days", "created_at"]})
