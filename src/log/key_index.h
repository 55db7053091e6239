// SHA-256 → number, for keys that arrive in random order while the disk likes order.
//
// Inside log/ only. What was added lately is held in memory; when that is much, it is sorted and merged into a table
// bit by bit, a few hundred keys a commit, so that each page of the table is touched once for many keys. After a
// restart the caller adds again what lies behind the bound that the last finished merge has recorded.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/base/sha256.h"
#include "waybill/store/sqlite.h"

namespace waybill::log {

class KeyIndex {
 public:
  // `table` and `bound` (a name in the table `meta`) are ours, never outside bytes.
  KeyIndex(std::string table, std::string bound_name) : table_(std::move(table)), bound_name_(std::move(bound_name)) {}

  // SQL to make the table, to ask it, and the bound of a database.
  std::string create_sql() const;
  std::string find_sql() const;
  Result<uint64_t> load_bound(store::Database& database) const;

  // Numbers must rise. Thread-safe.
  void add(const Sha256& key, uint64_t number);
  // Thread-safe; `find` is a statement of find_sql() on the caller's own connection.
  Result<std::optional<uint64_t>> find(const Sha256& key, store::Statement& find) const;
  std::optional<uint64_t> find_recent(const Sha256& key) const;

  // Inside a transaction of the one writer: merges a little when there is much. committed() or failed() must follow.
  Result<void> merge_some(store::Database& database);
  void committed();
  void failed();
  size_t recent() const;

  // For tests: when a merge begins, and how many keys it moves at a time.
  void set_limits(size_t begin_at, size_t step) { begin_at_ = begin_at, step_ = step; }

 private:
  using Keys = absl::flat_hash_map<Sha256, uint64_t>;
  std::string table_, bound_name_;
  size_t begin_at_ = 16384, step_ = 512;
  mutable std::mutex mutex_;
  Keys recent_;   // newest
  Keys merging_;  // being merged; still answers
  // Of the one writer:
  std::vector<std::pair<Sha256, uint64_t>> sorted_;
  size_t merged_ = 0, merged_in_this_commit_ = 0;
  uint64_t highest_ = 0, bound_ = 0;
};

}  // namespace waybill::log
