#include "waybill/log/database.h"

#include <algorithm>
#include <cstring>

#include "waybill/base/compress.h"

namespace waybill::log {
namespace {

Error damaged(const std::string& what, const std::string& path) {
  return Error(Code::internal, "the log is damaged: " + what).at(path).next("run `waybill log verify`; restore the data directory from a backup");
}

std::string copy(std::string_view bytes) { return std::string(bytes); }

RunRow read_run(const store::Statement& row) {
  RunRow run;
  run.first = static_cast<uint64_t>(row.column_int(0));
  run.count = static_cast<uint32_t>(row.column_int(1));
  run.first_time = {row.column_int(2)};
  run.last_time = {row.column_int(3)};
  run.note = copy(row.column_bytes(4));
  run.hashes = copy(row.column_bytes(5));
  run.keys = copy(row.column_bytes(6));
  run.entries = copy(row.column_bytes(7));
  return run;
}

constexpr int kDigestColumn = 1;
StoredDocument read_document(const store::Statement& row, bool with_bytes) {
  StoredDocument document;
  document.id = static_cast<uint64_t>(row.column_int(0));
  document.bytes = static_cast<uint64_t>(row.column_int(2));
  document.codec = static_cast<DocumentCodec>(row.column_int(3));
  if (!row.column_is_null(4)) document.erased_by = static_cast<uint64_t>(row.column_int(4));
  if (with_bytes) document.stored = copy(row.column_bytes(5));
  return document;
}

}  // namespace

Result<store::Database> open_for_writing(const std::string& path, const KeyIndex& documents, const KeyIndex& entries) {
  TRY(auto database, store::Database::open(path, store::Access::create));
  database.set_busy_timeout_ms(10000);
  TRY(const int64_t objects, database.query_int("SELECT count(*) FROM sqlite_master"));
  if (objects == 0) {
    TRY_DO(database.execute(("PRAGMA page_size = " + std::to_string(kPageBytes)).c_str()));
  } else {
    TRY(const int64_t application, database.query_int("PRAGMA application_id"));
    if (application != kApplicationId) return fail(Error(Code::invalid, "this database is not a log of Waybill").at(path).next("use another --data-dir"));
  }
  TRY(const auto mode, database.query_text("PRAGMA journal_mode = WAL"));
  if (mode != "wal")
    return fail(Error(Code::internal, "SQLite refuses write-ahead logging here (journal mode " + mode + "): expected a local file system").at(path));
  TRY_DO(database.execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY"));
  database.count_wal_pages();
  if (objects == 0) {
    TRY(auto transaction, store::Transaction::begin(database));
    const std::string sql = "PRAGMA application_id = " + std::to_string(kApplicationId) + "; PRAGMA user_version = " + std::to_string(kFormatVersion) + ";" +
                            "CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
                            "CREATE TABLE run(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
                            " note TEXT NOT NULL, hashes BLOB NOT NULL, keys BLOB NOT NULL, entries BLOB NOT NULL);"
                            "CREATE TABLE tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"
                            "CREATE TABLE document(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, bytes INTEGER NOT NULL, codec INTEGER NOT NULL,"
                            " erased_by INTEGER, stored BLOB);" +
                            documents.create_sql() + entries.create_sql();
    TRY_DO(database.execute(sql.c_str()));
    TRY_DO(transaction.commit());
  } else {
    TRY(const int64_t version, database.query_int("PRAGMA user_version"));
    if (version > kFormatVersion)
      return fail(
          Error(Code::conflict, "this log has format " + std::to_string(version) + ", this program knows formats up to " + std::to_string(kFormatVersion))
              .at(path)
              .next("use a newer waybill"));
  }
  return database;
}

Result<std::unique_ptr<LogReader>> LogReader::open(const std::string& path, const KeyIndex& documents, const KeyIndex& entries) {
  std::unique_ptr<LogReader> reader(new LogReader);
  TRY(reader->database_, store::Database::open(path, store::Access::read_only));
  auto& database = reader->database_;
  database.set_busy_timeout_ms(10000);
  TRY(const int64_t application, database.query_int("PRAGMA application_id"));
  if (application != kApplicationId) return fail(Error(Code::invalid, "this database is not a log of Waybill").at(path));
  TRY(const int64_t version, database.query_int("PRAGMA user_version"));
  if (version > kFormatVersion)
    return fail(Error(Code::conflict, "this log has format " + std::to_string(version) + ", this program knows formats up to " + std::to_string(kFormatVersion))
                    .at(path)
                    .next("use a newer waybill"));
  TRY_DO(database.execute("PRAGMA cache_size = -2048"));
  const std::string columns = "SELECT first, count, first_ms, last_ms, note, hashes, keys, entries FROM run ";
  TRY(reader->newest_, database.prepare("SELECT first, count, last_ms, note FROM run ORDER BY first DESC LIMIT 1"));
  TRY(reader->run_with_, database.prepare(columns + "WHERE first <= ? ORDER BY first DESC LIMIT 1"));
  TRY(reader->runs_from_, database.prepare(columns + "WHERE first >= ? AND first < ? ORDER BY first LIMIT 16"));
  TRY(reader->hashes_, database.prepare("SELECT hashes FROM run WHERE first >= ? AND first < ? ORDER BY first"));
  TRY(reader->tile_, database.prepare("SELECT hashes FROM tile WHERE id = ?"));
  TRY(reader->run_times_, database.prepare("SELECT first, first_ms FROM run WHERE first <= ? ORDER BY first DESC LIMIT 1"));
  TRY(reader->document_, database.prepare("SELECT id, digest, bytes, codec, erased_by FROM document WHERE id = ?"));
  TRY(reader->document_bytes_, database.prepare("SELECT id, digest, bytes, codec, erased_by, stored FROM document WHERE id = ?"));
  TRY(reader->find_document_, database.prepare(documents.find_sql()));
  TRY(reader->find_entry_, database.prepare(entries.find_sql()));
  TRY(reader->meta_, database.prepare("SELECT value FROM meta WHERE name = ?"));
  return reader;
}

Result<Head> LogReader::load_head() {
  Head head;
  head.root = trust::empty_root();
  TRY(const bool row, newest_.step());
  if (!row) return head;
  head.size = static_cast<uint64_t>(newest_.column_int(0) + newest_.column_int(1));
  head.time = {newest_.column_int(2)};
  head.note = copy(newest_.column_bytes(3));
  newest_.reset();
  auto note = trust::parse_note(head.note);
  auto checkpoint = note ? trust::Checkpoint::parse(note->text) : Result<trust::Checkpoint>(note.error());
  if (!checkpoint) return fail(damaged("the newest run has no checkpoint: " + checkpoint.error().to_string(), database_.path()));
  if (checkpoint->size != head.size)
    return fail(
        damaged("the newest checkpoint is of " + std::to_string(checkpoint->size) + " entries, there are " + std::to_string(head.size), database_.path()));
  head.root = checkpoint->root;
  return head;
}

Result<RunRow> LogReader::load_run_with(uint64_t index) {
  TRY(const bool row, run_with_.bind(1, static_cast<int64_t>(index)).step());
  if (!row) return fail(damaged("no run holds entry " + std::to_string(index), database_.path()));
  RunRow run = read_run(run_with_);
  run_with_.reset();
  if (index - run.first >= run.count) return fail(damaged("no run holds entry " + std::to_string(index), database_.path()));
  return run;
}

Result<void> LogReader::scan_runs(uint64_t from, uint64_t to, const std::function<Result<bool>(RunRow&)>& each) {
  if (from >= to) return {};
  // The run that holds `from` may begin before it.
  TRY(RunRow first, load_run_with(from));
  uint64_t next = first.first + first.count;
  {
    TRY(const bool more, each(first));
    if (!more) return {};
  }
  while (next < to) {
    std::vector<RunRow> rows;
    runs_from_.bind(1, static_cast<int64_t>(next)).bind(2, static_cast<int64_t>(to));
    while (true) {
      TRY(const bool row, runs_from_.step());
      if (!row) break;
      rows.push_back(read_run(runs_from_));
    }
    if (rows.empty()) return fail(damaged("no run begins with entry " + std::to_string(next), database_.path()));
    for (auto& run : rows) {
      if (run.first != next) return fail(damaged("no run begins with entry " + std::to_string(next), database_.path()));
      next += run.count;
      TRY(const bool more, each(run));
      if (!more) return {};
    }
  }
  return {};
}

Result<std::string> LogReader::load_leaf_hashes(uint64_t bundle, uint64_t size) {
  const uint64_t from = bundle * trust::kTileWidth, to = std::min(from + trust::kTileWidth, size);
  std::string out;
  if (from >= to) return out;
  out.reserve((to - from) * 32);
  hashes_.bind(1, static_cast<int64_t>(from)).bind(2, static_cast<int64_t>(to));
  while (true) {
    TRY(const bool row, hashes_.step());
    if (!row) break;
    out += hashes_.column_bytes(0);
  }
  if (out.size() < (to - from) * 32) return fail(damaged("leaf hashes of bundle " + std::to_string(bundle) + " are missing", database_.path()));
  out.resize((to - from) * 32);
  return out;
}

Result<std::string> LogReader::load_tile(unsigned level, uint64_t index) {
  TRY(const bool row, tile_.bind(1, tile_id(level, index)).step());
  if (!row) return std::string();
  std::string out = copy(tile_.column_bytes(0));
  tile_.reset();
  return out;
}

Result<std::optional<RunRow>> LogReader::find_run_at(Time time, uint64_t size) {
  // Times rise with the index: halve the range of indexes, landing on the run that holds the middle.
  std::optional<uint64_t> best;
  uint64_t low = 0, high = size;  // the answer begins in [low, high), or is `best`
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    TRY(const bool row, run_times_.bind(1, static_cast<int64_t>(middle)).step());
    if (!row) break;
    const auto first = static_cast<uint64_t>(run_times_.column_int(0));
    const Time begins{run_times_.column_int(1)};
    run_times_.reset();
    if (begins <= time) {
      best = first;
      low = middle + 1;
    } else {
      high = first;
    }
  }
  if (!best) return std::optional<RunRow>();
  TRY(auto run, load_run_with(*best));
  return std::optional(std::move(run));
}

Result<std::optional<StoredDocument>> LogReader::find_document(const Sha256& digest, const KeyIndex& documents, bool with_bytes) {
  TRY(const auto id, documents.find(digest, find_document_));
  if (!id) return std::optional<StoredDocument>();
  auto& statement = with_bytes ? document_bytes_ : document_;
  TRY(const bool row, statement.bind(1, static_cast<int64_t>(*id)).step());
  if (!row) return fail(damaged("document " + digest.to_string() + " is in the index but not in the table", database_.path()));
  const bool same = statement.column_bytes(kDigestColumn) == as_text(digest.bytes);
  auto document = read_document(statement, with_bytes);
  statement.reset();
  if (!same) return fail(damaged("the index takes another document for " + digest.to_string(), database_.path()));
  return std::optional(std::move(document));
}

Result<std::optional<uint64_t>> LogReader::find_entry_by_key(const Sha256& key, const KeyIndex& entries) { return entries.find(key, find_entry_); }

Result<void> LogReader::scan_documents(uint64_t after_id, const std::function<Result<bool>(const Sha256&, StoredDocument&)>& each, bool with_bytes) {
  TRY(auto rows, database_.prepare(with_bytes ? "SELECT id, digest, bytes, codec, erased_by, stored FROM document WHERE id > ? ORDER BY id LIMIT 64"
                                              : "SELECT id, digest, bytes, codec, erased_by FROM document WHERE id > ? ORDER BY id LIMIT 4096"));
  for (bool more = true; more;) {
    more = false;
    rows.bind(1, static_cast<int64_t>(after_id));
    while (true) {
      TRY(const bool row, rows.step());
      if (!row) break;
      more = true;
      Sha256 digest;
      const auto bytes = rows.column_bytes(kDigestColumn);
      if (bytes.size() != 32) return fail(damaged("a document has no digest", database_.path()));
      std::memcpy(digest.bytes.data(), bytes.data(), 32);
      auto document = read_document(rows, with_bytes);
      after_id = document.id;
      TRY(const bool go_on, each(digest, document));
      if (!go_on) return {};
    }
  }
  return {};
}

Result<std::string> LogReader::load_meta(std::string_view name) {
  TRY(const bool row, meta_.bind_text(1, name).step());
  if (!row) return std::string();
  std::string out = copy(meta_.column_bytes(0));
  meta_.reset();
  return out;
}

Result<std::string> unpack_document(const Sha256& digest, const StoredDocument& stored) {
  std::string bytes;
  if (stored.codec == DocumentCodec::zstd) {
    auto unpacked = zstd_decompress(stored.stored, stored.bytes);
    if (!unpacked) return fail(Error(Code::internal, "document " + digest.to_string() + " is damaged: " + unpacked.error().message()));
    bytes = std::move(*unpacked);
  } else {
    bytes = stored.stored;
  }
  if (sha256(bytes) != digest) return fail(Error(Code::internal, "document " + digest.to_string() + " is damaged: its bytes have another digest"));
  return bytes;
}

Result<ReaderPool::Lease> ReaderPool::borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(reader));
    }
  }
  TRY(auto reader, LogReader::open(path_, documents_, entries_));
  return Lease(*this, std::move(reader));
}

void ReaderPool::close_idle() {
  std::lock_guard lock(mutex_);
  idle_.clear();
}

void ReaderPool::give_back(std::unique_ptr<LogReader> reader) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < 16) idle_.push_back(std::move(reader));
}

}  // namespace waybill::log
