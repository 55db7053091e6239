// The same write with the same Idempotency-Key gets the first answer, for 24 hours.
//
// Used by server.h around every write. Kept in memory and, across restarts, in store/kv: losing it costs work and never an
// answer (architecture.md, "What is an entry"), and evidence finds its own duplicates anyway.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>

#include "waybill/base/http.h"
#include "waybill/base/sha256.h"
#include "waybill/base/time.h"

namespace waybill::store {
class KeyValue;
}

namespace waybill::server {

class Idempotency {
 public:
  explicit Idempotency(Clock& clock) : clock_(clock) {}
  void keep_in(store::KeyValue* kept) { stored_ = kept; }

  struct Begun {
    std::optional<http::Response> answer;  // given before, or a refusal: send it
    Sha256 ticket;                         // otherwise: end() with it
  };
  // Errors as answers: 409 while the first is under way, 422 when the key was used for another body.
  Begun begin(std::string_view caller, std::string_view method, std::string_view target, std::string_view key, std::string_view body);
  // What is kept: answers that would come again. 5xx and 429 are forgotten, so that the client may try again.
  void end(const Sha256& ticket, const http::Response& response);

  static constexpr size_t kMaxKept = 100'000, kMaxKeptBytes = size_t{64} << 20, kMaxKeyBytes = 256;

 private:
  struct Kept {
    Sha256 body;
    Time at;
    bool done = false;
    http::Response response;
  };
  std::optional<Kept> load(const Sha256& ticket);
  Clock& clock_;
  store::KeyValue* stored_ = nullptr;
  std::mutex mutex_;
  absl::flat_hash_map<Sha256, Kept> kept_;
  std::deque<Sha256> order_;
  size_t bytes_ = 0;
};

}  // namespace waybill::server
