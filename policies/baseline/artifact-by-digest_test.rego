package waybill.baseline.artifact_by_digest_test

import data.waybill.baseline.artifact_by_digest as rule

subject := {"kind": "artifact", "type": "image", "id": "sha256:aa", "digest": "sha256:aa", "name": "registry.example/app:1", "repository": "registry.example/app", "known": true, "resolved_by": "digest", "age_days": 3}

test_digest_holds if count(rule.broken) + count(rule.unknown) == 0 with input as {"subject": subject}

test_tag_breaks if count(rule.broken) == 1 with input as {"subject": object.union(subject, {"resolved_by": "tag"})}

test_nobody_says_is_unknown if count(rule.unknown) == 1 with input as {"subject": object.remove(subject, ["resolved_by"])}

test_image_applies if rule.applies with input as {"subject": subject}

test_unknown_type_applies if rule.applies with input as {"subject": object.remove(subject, ["type"])}

test_package_does_not_apply if not rule.applies with input as {"subject": object.union(subject, {"type": "package"})}
