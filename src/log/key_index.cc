#include "waybill/log/key_index.h"

#include <algorithm>

namespace waybill::log {

std::string KeyIndex::create_sql() const { return "CREATE TABLE " + table_ + "(key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;"; }
std::string KeyIndex::find_sql() const { return "SELECT number FROM " + table_ + " WHERE key = ?"; }

Result<uint64_t> KeyIndex::load_bound(store::Database& database) const {
  TRY(const int64_t bound, database.query_int("SELECT value FROM meta WHERE name = '" + bound_name_ + "'"));
  return static_cast<uint64_t>(bound);
}

void KeyIndex::add(const Sha256& key, uint64_t number) {
  std::lock_guard lock(mutex_);
  recent_.emplace(key, number);
  highest_ = std::max(highest_, number);
}

std::optional<uint64_t> KeyIndex::find_recent(const Sha256& key) const {
  std::lock_guard lock(mutex_);
  if (const auto it = recent_.find(key); it != recent_.end()) return it->second;
  if (const auto it = merging_.find(key); it != merging_.end()) return it->second;
  return std::nullopt;
}

Result<std::optional<uint64_t>> KeyIndex::find(const Sha256& key, store::Statement& find) const {
  if (const auto recent = find_recent(key)) return recent;
  TRY(const bool row, find.bind_blob(1, as_text(key.bytes)).step());
  if (!row) return std::optional<uint64_t>();
  const auto number = static_cast<uint64_t>(find.column_int(0));
  find.reset();
  return std::optional(number);
}

size_t KeyIndex::recent() const {
  std::lock_guard lock(mutex_);
  return recent_.size() + merging_.size();
}

Result<void> KeyIndex::merge_some(store::Database& database) {
  merged_in_this_commit_ = 0;
  if (sorted_.empty()) {
    std::lock_guard lock(mutex_);
    if (recent_.size() < begin_at_) return {};
    merging_ = std::move(recent_);
    recent_ = Keys();
    bound_ = highest_;
    sorted_.assign(merging_.begin(), merging_.end());
    merged_ = 0;
    std::sort(sorted_.begin(), sorted_.end());
  }
  TRY(auto insert, database.prepare("INSERT OR IGNORE INTO " + table_ + " VALUES (?, ?)"));
  const size_t end = std::min(sorted_.size(), merged_ + step_);
  for (size_t i = merged_; i < end; ++i) TRY_DO(insert.bind_blob(1, as_text(sorted_[i].first.bytes)).bind(2, static_cast<int64_t>(sorted_[i].second)).run());
  merged_in_this_commit_ = end - merged_;
  if (end == sorted_.size()) {
    TRY(auto bound, database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"));
    TRY_DO(bound.bind_text(1, bound_name_).bind(2, static_cast<int64_t>(bound_)).run());
  }
  return {};
}

void KeyIndex::committed() {
  if (merged_in_this_commit_ == 0) return;
  merged_ += merged_in_this_commit_;
  merged_in_this_commit_ = 0;
  if (merged_ < sorted_.size()) return;
  sorted_.clear();
  sorted_.shrink_to_fit();
  std::lock_guard lock(mutex_);
  merging_ = Keys();
}

void KeyIndex::failed() { merged_in_this_commit_ = 0; }

}  // namespace waybill::log
