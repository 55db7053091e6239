// Text ↔ dense 32-bit ids, given in order of first sight: the same texts in the same order get the same ids.
//
// Used by the graph and the advisory index. Not thread-safe for writing; `text()` may be called beside other readers.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include <absl/container/flat_hash_map.h>

#include "waybill/base/arena.h"

namespace waybill {

class Interner {
 public:
  // The id of `text`; a new one (= size()) when it was not there. O(1).
  uint32_t intern(std::string_view text) {
    if (auto it = ids_.find(text); it != ids_.end()) return it->second;
    const auto id = static_cast<uint32_t>(texts_.size());
    const auto kept = arena_.copy(text);
    texts_.push_back(kept);
    ids_.emplace(kept, id);
    return id;
  }
  std::optional<uint32_t> find(std::string_view text) const {
    const auto it = ids_.find(text);
    return it == ids_.end() ? std::nullopt : std::optional(it->second);
  }
  std::string_view text(uint32_t id) const { return texts_[id]; }
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }

 private:
  Arena arena_;
  std::deque<std::string_view> texts_;
  absl::flat_hash_map<std::string_view, uint32_t> ids_;
};

}  // namespace waybill
