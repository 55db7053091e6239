// SQLite behind values: connections, statements, errors that say what to do.
//
// Called by log/ and store/kv. Each connection belongs to one thread at a time. No SQLite type but two opaque pointers
// is in here; nothing here knows what is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "waybill/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace waybill::store {

enum class Access {
  create,      // read and write, made when it is not there
  read_write,  // must be there
  read_only,   // must be there
};

// A prepared statement. Bound text and blobs are not copied: they must live until the step that uses them.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Places count from 1.
  Statement& bind(int place, int64_t value);
  Statement& bind_text(int place, std::string_view value);
  Statement& bind_blob(int place, std::string_view value);
  Statement& bind_null(int place);

  // True when there is a row. After the last row, or an error, the statement is ready to be bound and run again.
  Result<bool> step();
  // For statements without rows.
  Result<void> run();
  // Ends a query before its last row.
  void reset();

  // Columns count from 0. Views live until the next step or reset.
  int64_t column_int(int column) const;
  std::string_view column_bytes(int column) const;
  bool column_is_null(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  // Errors: not_found, denied, invalid (no database, or a damaged one), exhausted, internal.
  static Result<Database> open(const std::string& path, Access access);
  Database();
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  // Statements must be gone before.
  ~Database();

  explicit operator bool() const { return handle_ != nullptr; }
  Result<Statement> prepare(std::string_view sql);
  // One or several statements without parameters; rows are thrown away.
  Result<void> execute(const char* sql);
  // The first column of the first row as a number.
  Result<int64_t> query_int(std::string_view sql);
  Result<std::string> query_text(std::string_view sql);

  // Waits so long for another connection's lock. 0 at first.
  void set_busy_timeout_ms(int timeout);
  // Pages in the write-ahead log after the last commit of this connection.
  int wal_pages() const;
  void count_wal_pages();  // makes wal_pages() work; switches SQLite's own checkpoint inside commits off

  struct WalState {
    int pages = 0, moved = 0;  // in the write-ahead log; of these already in the database
  };
  // Moves what it can without disturbing anybody (SQLite's PASSIVE).
  Result<WalState> checkpoint_passive();

  // The error of the last call, in our words.
  Error last_error(const char* what) const;
  // The last error was a failed fsync: what the disk holds is unknown, and the same call may not be tried again.
  bool last_error_was_sync() const;
  const std::string& path() const;

 private:
  struct State;
  explicit Database(sqlite3* handle, std::unique_ptr<State> state);
  sqlite3* handle_ = nullptr;
  std::unique_ptr<State> state_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back when it goes without commit().
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) { other.database_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace waybill::store
