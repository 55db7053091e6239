// Named tables of small values with an expiry: idempotency keys, login sessions, counters, delivery cursors, caches.
//
// For what is not an entry (architecture.md, "What is an entry"): losing it costs work and never an answer. It lies in
// DATA_DIR/state.db, apart from the log. Writes are in order and survive a crash of the process; a power cut may take
// the last ones. Called by server/, notify/, collect/. Thread-safe; each call is one short transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/base/time.h"

namespace waybill::store {

class KeyValue {
 public:
  // Makes the file (mode 0600) when it is not there. Errors: denied, invalid (damaged), exhausted.
  static Result<std::unique_ptr<KeyValue>> open(const std::string& path, Clock& clock = Clock::system());
  ~KeyValue();
  KeyValue(const KeyValue&) = delete;
  KeyValue& operator=(const KeyValue&) = delete;

  // `expires` not set: stays for ever. What has expired is as if it were not there.
  Result<void> put(std::string_view table, std::string_view key, std::string_view value, Time expires = {});
  // False, and nothing is changed, when the key is there already.
  Result<bool> put_if_absent(std::string_view table, std::string_view key, std::string_view value, Time expires = {});
  Result<std::optional<std::string>> find(std::string_view table, std::string_view key);
  // Whether it was there.
  Result<bool> erase(std::string_view table, std::string_view key);
  // A counter: adds and returns the sum. A value that is no decimal number counts as 0.
  Result<int64_t> add(std::string_view table, std::string_view key, int64_t amount, Time expires = {});
  // In order of keys, those that begin with `prefix`; false ends it. `each` must not call back into this object.
  Result<void> scan(std::string_view table, std::string_view prefix, const std::function<bool(std::string_view key, std::string_view value)>& each);
  // Throws expired values away; returns how many. To be called now and then.
  Result<uint64_t> purge_expired();

 private:
  struct State;
  explicit KeyValue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace waybill::store
