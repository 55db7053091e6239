// The standing verdicts of all that is deployed, and the moments at which one turns.
//
// It hears from the graph what has changed, asks again for those deployments that the change touches, and appends a
// `transition` entry when a verdict is another one than before, with its cause as a sentence. Called by server/ (which
// runs `turn_over` on a thread of its own) and by the demonstration. It never stops a deployment.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/policy/decide.h"

namespace waybill::policy {

struct StandingVerdict {
  std::string service, environment;  // scope or name of the service
  std::string digest, deployment;    // sha256:…, r-N
  Verdict verdict = Verdict::deny;
  std::string decision, summary;
  Time since;  // when this verdict began
  Time valid_until;
};
struct Transition {
  uint64_t entry = 0;  // 0 when there is no log to write to
  Time at;
  std::string service, environment, subject, deployment;
  Verdict from = Verdict::allow, to = Verdict::allow;
  bool first = false;  // nothing stood before: no entry is written for allow
  std::string cause, decision;
};

class Standing {
 public:
  explicit Standing(Decider& decider);
  ~Standing();

  // Judges all that is deployed and was not judged yet, was touched by a change, or whose time has run out. Gives the
  // transitions it made, in order. Call after every batch of the log and when next_due() has come.
  Result<std::vector<Transition>> turn_over();
  // When a verdict may change with nothing new arriving.
  std::optional<Time> next_due() const;
  // Waits until something may be to do, at most `timeout_ms`; false when nothing is. wake() ends the wait.
  bool wait(int64_t timeout_ms);
  void wake();

  std::vector<StandingVerdict> list() const;
  std::optional<StandingVerdict> find(std::string_view service, std::string_view environment) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace waybill::policy
