package waybill.baseline.knowledge_complete_test

import data.waybill.baseline.knowledge_complete as rule

messages(findings) := {finding.message | some finding in findings}

asked(state, gaps) := {"knowledge": {"state": state, "gaps": gaps}, "parameters": {"knowledge_complete": {"important": ["builds", "vulnerabilities"]}}}

complete := {"builds": "complete", "vulnerabilities": "complete"}

test_complete_holds if count(rule.broken) == 0 with input as asked(complete, [])

test_gap_breaks_with_its_reason if {
	gaps := [{"slice": "vulnerabilities", "reason": "advisories for npm are not loaded", "remedy": "waybill advisories sync"}]
	messages(rule.broken) == {"advisories for npm are not loaded"} with input as asked(object.union(complete, {"vulnerabilities": "partial"}), gaps)
}

test_none_without_a_reason_breaks if {
	messages(rule.broken) == {"builds: nobody has looked"} with input as asked(object.union(complete, {"builds": "none"}), [])
}

test_a_missing_word_breaks if count(rule.broken) == 1 with input as asked({"builds": "complete"}, [])

test_no_state_at_all_breaks if count(rule.broken) == 2 with input as {"knowledge": {}, "parameters": {"knowledge_complete": {"important": ["builds", "vulnerabilities"]}}}

test_unimportant_gap_holds if {
	count(rule.broken) == 0 with input as asked(object.union(complete, {"sources": "none"}), [{"slice": "sources", "reason": "x", "remedy": "y"}])
}
