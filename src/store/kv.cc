#include "waybill/store/kv.h"

#include <sys/stat.h>

#include <charconv>
#include <mutex>

#include "waybill/store/sqlite.h"

namespace waybill::store {

struct KeyValue::State {
  Clock* clock;
  std::mutex mutex;
  Database database;
  Statement put, put_if_absent, find, erase, scan, purge;
};

KeyValue::KeyValue(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeyValue::~KeyValue() = default;

Result<std::unique_ptr<KeyValue>> KeyValue::open(const std::string& path, Clock& clock) {
  auto state = std::make_unique<State>();
  state->clock = &clock;
  TRY(state->database, Database::open(path, Access::create));
  auto& database = state->database;
  database.set_busy_timeout_ms(5000);
  TRY_DO(
      database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                       "CREATE TABLE IF NOT EXISTS value(table_name TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, expires_ms INTEGER NOT NULL,"
                       " PRIMARY KEY(table_name, key)) WITHOUT ROWID;"
                       "CREATE INDEX IF NOT EXISTS value_expires ON value(expires_ms) WHERE expires_ms > 0"));
  ::chmod(path.c_str(), 0600);  // sessions are secrets
  TRY(state->put, database.prepare("INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?)"));
  // An expired value is replaced, a living one is left alone and no row comes back.
  TRY(state->put_if_absent, database.prepare("INSERT INTO value VALUES (?, ?, ?, ?) ON CONFLICT(table_name, key) DO UPDATE SET value = excluded.value,"
                                             " expires_ms = excluded.expires_ms WHERE expires_ms > 0 AND expires_ms <= ? RETURNING 1"));
  TRY(state->find, database.prepare("SELECT value FROM value WHERE table_name = ? AND key = ? AND (expires_ms = 0 OR expires_ms > ?)"));
  TRY(state->erase, database.prepare("DELETE FROM value WHERE table_name = ? AND key = ? RETURNING expires_ms"));
  TRY(state->scan, database.prepare("SELECT key, value FROM value WHERE table_name = ? AND key >= ? AND (expires_ms = 0 OR expires_ms > ?) ORDER BY key"));
  TRY(state->purge, database.prepare("DELETE FROM value WHERE expires_ms > 0 AND expires_ms <= ? RETURNING 1"));
  return std::unique_ptr<KeyValue>(new KeyValue(std::move(state)));
}

Result<void> KeyValue::put(std::string_view table, std::string_view key, std::string_view value, Time expires) {
  std::lock_guard lock(state_->mutex);
  return state_->put.bind_text(1, table).bind_blob(2, key).bind_blob(3, value).bind(4, expires.ms).run();
}

Result<bool> KeyValue::put_if_absent(std::string_view table, std::string_view key, std::string_view value, Time expires) {
  std::lock_guard lock(state_->mutex);
  auto& statement = state_->put_if_absent;
  TRY(const bool row, statement.bind_text(1, table).bind_blob(2, key).bind_blob(3, value).bind(4, expires.ms).bind(5, state_->clock->now().ms).step());
  if (row) TRY_DO(statement.run());
  return row;
}

Result<std::optional<std::string>> KeyValue::find(std::string_view table, std::string_view key) {
  std::lock_guard lock(state_->mutex);
  auto& statement = state_->find;
  TRY(const bool row, statement.bind_text(1, table).bind_blob(2, key).bind(3, state_->clock->now().ms).step());
  if (!row) return std::optional<std::string>();
  std::string value(statement.column_bytes(0));
  statement.reset();
  return std::optional(std::move(value));
}

Result<bool> KeyValue::erase(std::string_view table, std::string_view key) {
  std::lock_guard lock(state_->mutex);
  auto& statement = state_->erase;
  TRY(const bool row, statement.bind_text(1, table).bind_blob(2, key).step());
  if (!row) return false;
  const int64_t expires = statement.column_int(0);
  TRY_DO(statement.run());
  return expires == 0 || expires > state_->clock->now().ms;
}

Result<int64_t> KeyValue::add(std::string_view table, std::string_view key, int64_t amount, Time expires) {
  std::lock_guard lock(state_->mutex);
  auto& statement = state_->find;
  TRY(const bool row, statement.bind_text(1, table).bind_blob(2, key).bind(3, state_->clock->now().ms).step());
  int64_t sum = 0;
  if (row) {
    const auto text = statement.column_bytes(0);
    std::from_chars(text.data(), text.data() + text.size(), sum);
    statement.reset();
  }
  sum += amount;
  const std::string text = std::to_string(sum);
  TRY_DO(state_->put.bind_text(1, table).bind_blob(2, key).bind_blob(3, text).bind(4, expires.ms).run());
  return sum;
}

Result<void> KeyValue::scan(std::string_view table, std::string_view prefix, const std::function<bool(std::string_view, std::string_view)>& each) {
  std::lock_guard lock(state_->mutex);
  auto& statement = state_->scan;
  statement.bind_text(1, table).bind_blob(2, prefix).bind(3, state_->clock->now().ms);
  while (true) {
    TRY(const bool row, statement.step());
    if (!row) return {};
    const auto key = statement.column_bytes(0);
    if (!key.starts_with(prefix) || !each(key, statement.column_bytes(1))) {
      statement.reset();
      return {};
    }
  }
}

Result<uint64_t> KeyValue::purge_expired() {
  std::lock_guard lock(state_->mutex);
  state_->purge.bind(1, state_->clock->now().ms);
  for (uint64_t count = 0;; ++count) {
    TRY(const bool row, state_->purge.step());
    if (!row) return count;
  }
}

}  // namespace waybill::store
