// The log: the front door. Everything that Waybill learns or decides is appended here, once, and never changed.
//
// Who calls it: collect/, policy/, gate/, vault/ append; graph/ and notify/ follow; report/ and server/ read and prove.
// It orders entries, gives them their time, hashes them into an RFC 6962 tree, makes them durable together with their
// documents (SQLite, one transaction for whatever came in the meantime), and signs a checkpoint for each such batch. It
// never interprets a body, never forgets what it has acknowledged, and never acknowledges what is not durable.
//
//     callers ──▶ queue ──▶ sequencer ──▶ committer ──▶ deliverer ──▶ followers, then receipts
//                           time, hash,   SQLite,        one thread, log order
//                           tree, sign    fdatasync
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "waybill/base/disk.h"
#include "waybill/base/time.h"
#include "waybill/log/document.h"
#include "waybill/log/entry.h"
#include "waybill/trust/merkle.h"
#include "waybill/trust/note.h"

namespace waybill::log {

enum class Mode {
  write,      // holds DATA_DIR/lock; makes directory, keys and database when they are not there
  read_only,  // beside a running server or alone; sees what that server appends
};

struct Options {
  std::string data_dir;
  Mode mode = Mode::write;
  Clock* clock = &Clock::system();
  Disk* disk = &Disk::system();
  // The log's name in its checkpoints (C2SP: a URL without schema). Only looked at when the log is made; "" makes
  // "waybill.local/log/<8 digits of the key>". Another name than the log has is refused with conflict.
  std::string origin;
  // Appends the public signing key as a `server_key` entry when it is not the last one announced.
  bool announce_signing_key = true;
  // Appends are refused (exhausted) while less than this is free on the disk.
  uint64_t reserve_bytes = uint64_t{32} << 20;
  // Waiting appends beyond either are refused (unavailable).
  size_t max_queued_entries = size_t{1} << 17;
  size_t max_queued_bytes = size_t{512} << 20;
};

struct NewEntry {
  EntryKind kind = EntryKind::evidence;
  std::string actor;                        // who: "person:ada", "machine:ci", "server"
  std::string body;                         // canonical JSON object (JsonWriter with its keys in order)
  std::vector<PreparedDocument> documents;  // prepare_document(), Log::prepare()
  std::shared_ptr<void> attachment;         // handed through to followers
  // When set: an entry with the same key is not appended again, the first one's receipt is given, marked `duplicate`.
  // Kept for as long as the log. (collect/: hash of bytes, subject, collector.)
  std::optional<Sha256> unique_key;
};

struct Receipt {
  uint64_t index = 0;
  Time time;
  Sha256 leaf;             // leaf hash
  uint64_t tree_size = 0;  // of a checkpoint that covers the entry
  Sha256 root;
  bool duplicate = false;
};

// The newest tree. `note` is the signed checkpoint.
struct Head {
  uint64_t size = 0;
  Sha256 root;
  Time time;  // of the last entry; not set when the log is empty
  std::string note;
};

// What a whole verification looked at.
struct VerifyReport {
  uint64_t entries = 0, entry_bytes = 0;
  uint64_t documents = 0, erased_documents = 0;  // distinct digests that entries refer to
  uint64_t size = 0;
  Sha256 root;
};
enum class VerifyDepth {
  entries,    // leaves, tiles, root, checkpoint signature, order of times
  documents,  // and every document's bytes against its digest
};

// Thread-safe. Functions with `load_`, `scan_`, `verify_` read the disk; all others answer from memory or one short
// query. A Log must outlive every call into it; the destructor finishes what was queued.
class Log {
 public:
  // Errors: conflict (another process holds the directory: its pid and address are named; another origin; a newer
  // format), denied, invalid (a garbled database or key), not_found (read_only and nothing there).
  static Result<std::unique_ptr<Log>> open(Options options);
  virtual ~Log() = default;

  // --- Appending

  using OnReceipt = std::function<void(Result<Receipt>)>;
  // Queues the entry; returns at once. `done` is called once, on the deliverer's thread: after the entry and its
  // documents are durable and all followers have seen it, or with the error: invalid, exhausted (entry too big; disk
  // full: nothing was written, later appends may work again), unavailable (queue full, or the log closes), denied (read_only).
  // What is wrong with the entry itself is told by the return value; `done` is then never called.
  virtual Result<void> append(NewEntry entry, OnReceipt done) = 0;
  // The same, waiting. Never call it from a follower or from `done`.
  Result<Receipt> append(NewEntry entry);
  // prepare_document(), without compressing what the log already has.
  virtual PreparedDocument prepare(std::string_view bytes, std::string type) = 0;
  virtual PreparedDocument prepare(std::string_view bytes, std::string type, const Sha256& digest) = 0;
  // The first entry that was appended with this unique key, durable or just queued; nullopt when there is none.
  virtual std::optional<uint64_t> find_by_unique_key(const Sha256& key) = 0;

  // --- Reading

  virtual Head head() const = 0;
  uint64_t size() const { return head().size; }
  // The signed note. In read_only mode, as of the last refresh().
  std::string checkpoint() const { return head().note; }
  virtual const std::string& origin() const = 0;
  // "name+hash+base64": all that is needed to verify checkpoints.
  virtual const trust::NoteVerifier& public_key() const = 0;

  // Errors: not_found at or beyond the size; internal when the disk gives back something else than was written.
  virtual Result<Entry> load_entry(uint64_t index) = 0;
  // [from, to) in order, `to` at most size(); ends early when `each` returns false. About 1 µs an entry.
  virtual Result<void> scan_entries(uint64_t from, uint64_t to, const std::function<bool(const Entry&)>& each) = 0;
  // The last entry that is not later than `time`: nullopt when all are. Logarithmic.
  virtual Result<std::optional<uint64_t>> find_index_at(Time time) = 0;

  // Bytes as they came. Errors: not_found (never seen), denied (erased; the error says by which entry).
  virtual Result<std::string> load_document(const Sha256& digest) = 0;
  virtual bool has_document(const Sha256& digest) = 0;
  // Bytes of a document without loading it; nullopt when it is not there (or erased).
  virtual std::optional<uint64_t> find_document_bytes(const Sha256& digest) = 0;
  // Forgets a document's bytes; its digest and all proofs stay. `erasure` is the entry that says by whom and why.
  virtual Result<void> erase_document(const Sha256& digest, uint64_t erasure) = 0;

  // --- Proving (trust/merkle.h verifies)

  virtual Result<trust::Hashes> prove_inclusion(uint64_t index, uint64_t size) = 0;
  virtual Result<trust::Hashes> prove_consistency(uint64_t from, uint64_t to) = 0;
  virtual Result<Sha256> root_at(uint64_t size) = 0;
  // tlog-tiles: `width` hashes (entries) of a tile, as served under /log/. not_found when the log has not come so far.
  virtual Result<std::string> load_tile(unsigned level, uint64_t index, unsigned width) = 0;
  virtual Result<std::string> load_entry_bundle(uint64_t index, unsigned width) = 0;

  // --- Following

  // `each` is called with durable entries in log order, on one thread, before the receipts of these entries are given.
  // Starts with entry `from` (what is already there is read from disk on the caller's thread, before follow returns).
  // The spans' entries live for the call. Followers cannot be removed: add them before serving.
  using Follower = std::function<void(std::span<const Entry>)>;
  virtual Result<void> follow(uint64_t from, Follower each) = 0;
  // Waits until all followers have seen `size` entries. False after `timeout_ms`.
  virtual bool wait_for(uint64_t size, int64_t timeout_ms) = 0;
  // read_only: looks what the writer has appended; followers are told on this thread. Does nothing in write mode.
  virtual Result<void> refresh() = 0;

  // --- Keys

  // The server's signing key (ECDSA P-256, for DSSE), and the `server_key` entry that announces it. Write mode only.
  virtual const trust::PrivateKey& signing_key() const = 0;
  virtual uint64_t signing_key_entry() const = 0;
  // Says where the server listens, for those who find the directory locked.
  virtual Result<void> announce_address(std::string_view address) = 0;

  // --- Checking

  // Everything again from the bytes on disk: every leaf canonical and in order, every tile, the root, the checkpoint's
  // signature. `progress` is called now and then with (done, total) and ends the work when it returns false
  // (unavailable). Errors: internal, naming the first thing that does not fit.
  virtual Result<VerifyReport> verify_all(VerifyDepth depth, const std::function<bool(uint64_t, uint64_t)>& progress = {}) = 0;

 protected:
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
};

}  // namespace waybill::log
