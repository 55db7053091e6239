// What happens when a document arrives: what is it, who vouches for it, is it new; append, and give a receipt.
//
// Called by server/ (HTTP) and the command line. formats/ says what a document means, trust/ whether its signatures hold,
// log/ makes it durable; this room brings them together and keeps nothing itself. It never answers before the bytes are
// durable, never knows policies, and never fetches anything.
//
//   bytes ─▶ SHA-256 ─▶ seen before? ─▶ detect, parse ─▶ signatures ─▶ zstd ─▶ log ─▶ receipt
//            └──────────────── on the caller's thread ─────────────┘
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/result.h"
#include "waybill/collect/signers.h"
#include "waybill/facts/facts.h"
#include "waybill/formats/formats.h"
#include "waybill/log/log.h"

namespace waybill::graph {
class Graph;
}

namespace waybill::collect {

struct Options {
  std::string subject;        // what the collector says it is about; "" : the document says it
  std::string actor;          // "machine:ci"
  std::string name;           // how the collector calls it (a file's name): for messages only
  bool keep_unknown = false;  // store what no format fits, as opaque evidence
};

struct Receipt {
  uint64_t index = 0;
  Time time;
  Sha256 document, leaf;
  uint64_t bytes = 0;
  std::string format, kind, subject;
  std::string counts_json = "{}";     // facts by type
  std::vector<std::string> warnings;  // odd things that were let pass
  bool duplicate = false;             // the receipt of the first time: no entry was added
  bool is_signed = false, verified = false;
  std::string signature_reason;  // why it does not hold
  uint64_t tree_size = 0;
  Sha256 root;
};

// What an import of advisories did.
struct ImportReceipt {
  uint64_t index = 0;  // of the one entry; not set when nothing had changed
  bool changed = false;
  uint64_t records = 0, added = 0, updated = 0, same = 0, refused = 0;
  std::vector<std::string> refusals;  // the first 20
  std::string source;
};

struct Setup {
  log::Log* log = nullptr;
  graph::Graph* graph = nullptr;  // for trust lists and for what advisories are known
  size_t max_document_bytes = size_t{256} << 20;
};

// Thread-safe.
class Collector {
 public:
  explicit Collector(Setup setup);
  ~Collector();

  using OnReceipt = std::function<void(Result<Receipt>)>;
  // Parses and compresses on this thread, then queues. `done` is called once, maybe on the log's thread, maybe before
  // collect() returns. Errors: invalid (broken or of no known format; says where, and what is understood), exhausted (too
  // big, disk full), unavailable.
  void collect(std::shared_ptr<const std::string> document, Options options, OnReceipt done);
  // The same, waiting.
  Result<Receipt> collect(std::string document, Options options);

  // A small body of our own as an entry: a deployment, an approval, a configuration … `body` is a JSON object as
  // docs/formats/waybill.md has it. Checked by parsing it before it is appended.
  void record(log::EntryKind kind, std::string body, std::string actor, std::function<void(Result<log::Receipt>)> done);
  Result<log::Receipt> record(log::EntryKind kind, std::string body, std::string actor);

  // OSV records (one, a list, one a line, a tar or zip of them, compressed or not), KEV and EPSS: one entry, whose document
  // holds the records that changed. No entry when nothing did.
  Result<ImportReceipt> import_advisories(std::string bytes, std::string source, std::string actor);

  struct Metrics {
    uint64_t documents = 0, duplicates = 0, refused = 0, bytes = 0, imports = 0;
  };
  Metrics metrics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// --- Many documents in one body

// Calls `each` for every document: lines of NDJSON, or the regular files of a tar (ustar, pax, GNU long names), which may
// be compressed with zstd or gzip. Ends when `each` returns false. Errors: invalid, exhausted. What came before an error
// has been given to `each`.
struct Piece {
  std::string_view name;  // "line 3", or the file's name
  std::string_view bytes;
};
struct UnpackLimits {
  size_t unpacked_bytes = size_t{4} << 30;  // of all together
  size_t document_bytes = size_t{256} << 20;
  size_t documents = 1'000'000;
};
Result<void> for_each_line(std::string_view body, const std::function<bool(const Piece&)>& each);
Result<void> for_each_in_tar(std::string_view body, const std::function<bool(const Piece&)>& each, const UnpackLimits& limits = {});
bool looks_like_tar(std::string_view bytes);

}  // namespace waybill::collect
