package waybill.baseline.artifact_known_test

import data.waybill.baseline.artifact_known as rule

subject := {"kind": "artifact", "type": "image", "id": "sha256:aa", "digest": "sha256:aa", "name": "registry.example/app:1", "repository": "registry.example/app", "known": true, "resolved_by": "digest", "age_days": 3}

test_known_holds if count(rule.broken) == 0 with input as {"subject": subject}

test_unknown_artifact_breaks if count(rule.broken) == 1 with input as {"subject": object.union(subject, {"known": false})}

test_a_missing_answer_breaks if count(rule.broken) == 1 with input as {"subject": object.remove(subject, ["known"])}
