// Replay: the same verdict from the same inputs, years later.
//
// Takes a recorded decision, fetches the input and the policy that it pins by digest, evaluates again and compares the
// decision digests. It asks the log for documents and nothing else: not the graph, not the clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "waybill/policy/decide.h"

namespace waybill::policy {

struct Replayed {
  bool same = false;
  std::string decision;                          // d_…
  std::string recorded_digest, replayed_digest;  // sha256:…
  Verdict recorded = Verdict::deny, replayed = Verdict::deny;
  struct Difference {
    std::string rule, recorded, replayed;  // outcome and verdict in words: "broken, deny"
  };
  std::vector<Difference> differences;
  std::string document;         // the decision as replayed
  std::string to_text() const;  // "same: …" or which results differ
};
// not_found: no such decision, or a document of it is not there; denied: it was erased.
Result<Replayed> replay(Decider& decider, std::string_view decision_id);

}  // namespace waybill::policy
