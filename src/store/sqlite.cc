#include "waybill/store/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace waybill::store {
namespace {

// Once, before the first connection: no global memory statistics (a mutex around every allocation).
void configure() {
  static const bool done = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return sqlite3_initialize() == SQLITE_OK;
  }();
  (void)done;
}

bool is_disk_full(int extended, int system_error) {
  // A write that fails in another way than "no space" is a limit on files (EFBIG, quota) or a broken disk: SQLite does
  // not always pass the reason on. For the caller it is the same: nothing of it was stored, later it may work again.
  if ((extended & 0xff) == SQLITE_FULL || extended == SQLITE_IOERR_WRITE || extended == SQLITE_IOERR_SHMSIZE || extended == SQLITE_IOERR_TRUNCATE) return true;
  return (extended & 0xff) == SQLITE_IOERR && (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG);
}

Error to_error(sqlite3* handle, int result, const char* what, const std::string& path) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : result;
  const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  std::string reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
  if (system_error != 0) reason += std::string(" (") + std::strerror(system_error) + ")";
  std::string message = std::string("cannot ") + what + ": " + reason;
  if (is_disk_full(extended, system_error))
    return Error(Code::exhausted, "the disk is full or takes no more: " + message).at(path).next("free some space, then try again; nothing of it was stored");
  switch (extended & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Code::invalid, "the database is damaged or is none: " + reason)
          .at(path)
          .next("restore the data directory from a backup; nothing was changed");
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Error(Code::unavailable, std::move(message)).at(path);
    case SQLITE_CANTOPEN: return Error(system_error == EACCES ? Code::denied : Code::not_found, std::move(message)).at(path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Error(Code::denied, std::move(message)).at(path);
    default: return Error(Code::internal, std::move(message)).at(path);
  }
}

}  // namespace

struct Database::State {
  std::string path;
  int wal_pages = 0;
};

// --- Statement

Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int place, int64_t value) {
  sqlite3_bind_int64(statement_, place, value);
  return *this;
}
Statement& Statement::bind_text(int place, std::string_view value) {
  sqlite3_bind_text64(statement_, place, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}
Statement& Statement::bind_blob(int place, std::string_view value) {
  sqlite3_bind_blob64(statement_, place, value.data() != nullptr ? value.data() : "", value.size(), SQLITE_STATIC);
  return *this;
}
Statement& Statement::bind_null(int place) {
  sqlite3_bind_null(statement_, place);
  return *this;
}

Result<bool> Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  sqlite3* handle = sqlite3_db_handle(statement_);
  const char* path = sqlite3_db_filename(handle, "main");
  Error error = to_error(handle, result, "run a statement", path != nullptr ? path : "");
  sqlite3_reset(statement_);
  return fail(std::move(error));
}

Result<void> Statement::run() {
  TRY(const bool row, step());
  if (row) reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_); }

int64_t Statement::column_int(int column) const { return sqlite3_column_int64(statement_, column); }
std::string_view Statement::column_bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return data != nullptr ? std::string_view(data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))) : std::string_view();
}
bool Statement::column_is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

// --- Database

Database::Database() = default;
Database::Database(sqlite3* handle, std::unique_ptr<State> state) : handle_(handle), state_(std::move(state)) {}
Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), state_(std::move(other.state_)) {}
Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(state_, other.state_);
  return *this;
}
Database::~Database() { sqlite3_close(handle_); }

Result<Database> Database::open(const std::string& path, Access access) {
  configure();
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::read_only) flags |= SQLITE_OPEN_READONLY;
  if (access == Access::read_write) flags |= SQLITE_OPEN_READWRITE;
  if (access == Access::create) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (result != SQLITE_OK) {
    Error error = to_error(handle, result, "open the database", path);
    sqlite3_close(handle);
    return fail(std::move(error));
  }
  auto state = std::make_unique<State>();
  state->path = path;
  return Database(handle, std::move(state));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return fail(to_error(handle_, result, "prepare a statement", state_->path));
  return Statement(statement);
}

Result<void> Database::execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return fail(to_error(handle_, result, "run a statement", state_->path));
  return {};
}

Result<int64_t> Database::query_int(std::string_view sql) {
  TRY(auto statement, prepare(sql));
  TRY(const bool row, statement.step());
  return row ? statement.column_int(0) : 0;
}

Result<std::string> Database::query_text(std::string_view sql) {
  TRY(auto statement, prepare(sql));
  TRY(const bool row, statement.step());
  return row ? std::string(statement.column_bytes(0)) : std::string();
}

void Database::set_busy_timeout_ms(int timeout) { sqlite3_busy_timeout(handle_, timeout); }

void Database::count_wal_pages() {
  sqlite3_wal_autocheckpoint(handle_, 0);
  sqlite3_wal_hook(
      handle_,
      [](void* state, sqlite3*, const char*, int pages) {
        static_cast<State*>(state)->wal_pages = pages;
        return SQLITE_OK;
      },
      state_.get());
}
int Database::wal_pages() const { return state_->wal_pages; }

Result<Database::WalState> Database::checkpoint_passive() {
  WalState state;
  const int result = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &state.pages, &state.moved);
  if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY) return fail(to_error(handle_, result, "checkpoint the write-ahead log", state_->path));
  return state;
}

Error Database::last_error(const char* what) const { return to_error(handle_, sqlite3_errcode(handle_), what, state_->path); }
bool Database::last_error_was_sync() const {
  const int code = sqlite3_extended_errcode(handle_);
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}
const std::string& Database::path() const { return state_->path; }

// --- Transaction

Result<Transaction> Transaction::begin(Database& database) {
  TRY_DO(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}
Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}
Result<void> Transaction::commit() {
  TRY_DO(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace waybill::store
