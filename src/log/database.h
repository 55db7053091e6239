// How the log lies in DATA_DIR/waybill.db: tables, rows, and reading them. docs/formats/log.md describes the same.
//
// Inside log/ only. A LogReader is a read-only view for one thread at a time; the one writer is in committer.h.
//
//   run       the entries of one commit, at most 256, never across a multiple of 256: index of the first, their bytes
//             (as in a tlog-tiles entry bundle), their leaf hashes, unique keys, and the checkpoint that the commit signed
//   tile      hash tiles of level 1 and above, the rightmost of each level partial
//   document  bytes by digest;  document_key, entry_key: KeyIndex tables;  meta: names and numbers
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "waybill/log/document.h"
#include "waybill/log/key_index.h"
#include "waybill/log/log.h"
#include "waybill/store/sqlite.h"

namespace waybill::log {

constexpr int kApplicationId = 0x57624c67;  // "WbLg"
constexpr int kFormatVersion = 1;
constexpr int kPageBytes = 16384;
constexpr size_t kKeyRecordBytes = 34;  // in run.keys: offset in the run as two bytes, big-endian; key

// Opens for writing; makes the tables when the file is new. Errors: invalid (damaged, of another program), conflict (a
// newer format).
Result<store::Database> open_for_writing(const std::string& path, const KeyIndex& documents, const KeyIndex& entries);

struct RunRow {
  uint64_t first = 0;
  uint32_t count = 0;
  Time first_time, last_time;
  std::string note;     // in the last run of a commit; empty in others
  std::string hashes;   // 32 bytes each
  std::string keys;     // kKeyRecordBytes each
  std::string entries;  // each behind its length, two bytes, big-endian
};

struct StoredDocument {
  uint64_t id = 0, bytes = 0;
  DocumentCodec codec = DocumentCodec::raw;
  std::optional<uint64_t> erased_by;  // entry
  std::string stored;
};

// One read-only connection and its statements.
class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> open(const std::string& path, const KeyIndex& documents, const KeyIndex& entries);

  // From the newest checkpoint. An empty log has size 0 and an empty note.
  Result<Head> load_head();
  // The run that holds entry `index`.
  Result<RunRow> load_run_with(uint64_t index);
  // All runs that hold entries of [from, to), in order; false from `each` ends it. Does not hold the database between calls of `each`
  // longer than it must: a long scan is made of short ones.
  Result<void> scan_runs(uint64_t from, uint64_t to, const std::function<Result<bool>(RunRow&)>& each);
  // Leaf hashes of bundle `bundle` as stored, up to 256 of them, not beyond `size` entries.
  Result<std::string> load_leaf_hashes(uint64_t bundle, uint64_t size);
  // A tile of level 1 and above as stored; empty when there is none.
  Result<std::string> load_tile(unsigned level, uint64_t index);
  // The last run that begins not later than `time`.
  Result<std::optional<RunRow>> find_run_at(Time time, uint64_t size);

  Result<std::optional<StoredDocument>> find_document(const Sha256& digest, const KeyIndex& documents, bool with_bytes);
  Result<std::optional<uint64_t>> find_entry_by_key(const Sha256& key, const KeyIndex& entries);
  Result<void> scan_documents(uint64_t after_id, const std::function<Result<bool>(const Sha256&, StoredDocument&)>& each, bool with_bytes);
  Result<std::string> load_meta(std::string_view name);
  store::Database& database() { return database_; }

 private:
  LogReader() = default;
  store::Database database_;  // first: the statements go before it
  store::Statement newest_, run_with_, runs_from_, hashes_, tile_, run_times_, document_, document_bytes_, find_document_, find_entry_, meta_;
};

// The bytes of a stored document, checked against its digest. Errors: internal when they do not fit.
Result<std::string> unpack_document(const Sha256& digest, const StoredDocument& stored);

// tile.id
constexpr int64_t tile_id(unsigned level, uint64_t index) { return static_cast<int64_t>(uint64_t{level} << 56 | index); }

// Connections for many threads: each call borrows one.
class ReaderPool {
 public:
  ReaderPool(std::string path, const KeyIndex& documents, const KeyIndex& entries) : path_(std::move(path)), documents_(documents), entries_(entries) {}
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<LogReader> reader) : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    LogReader* operator->() const { return reader_.get(); }
    LogReader& operator*() const { return *reader_; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<LogReader> reader_;
  };
  Result<Lease> borrow();
  void close_idle();

 private:
  void give_back(std::unique_ptr<LogReader> reader);
  std::string path_;
  const KeyIndex& documents_;
  const KeyIndex& entries_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<LogReader>> idle_;
};

}  // namespace waybill::log
