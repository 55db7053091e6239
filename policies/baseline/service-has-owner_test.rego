package waybill.baseline.service_has_owner_test

import data.waybill.baseline.service_has_owner as rule

subject := {"kind": "artifact", "type": "image", "id": "sha256:aa", "digest": "sha256:aa", "name": "registry.example/app:1", "repository": "registry.example/app", "known": true, "resolved_by": "digest", "age_days": 3}

service := {"name": "app", "scope": "acme/app", "owners": [{"id": "team:app", "kind": "team"}]}

test_owned_holds if count(rule.broken) + count(rule.unknown) == 0 with input as {"subject": subject, "service": service}

test_nobody_owns_it_breaks if {
	count(rule.broken) == 1 with input as {"subject": subject, "service": object.union(service, {"owners": []})}
}

test_no_service_breaks if count(rule.broken) == 1 with input as {"subject": subject}

test_owners_not_known_is_unknown if {
	without := object.union(object.remove(service, ["owners"]), {"unknown": ["owners"]})
	count(rule.unknown) == 1 with input as {"subject": subject, "service": without}
}
