#include "waybill/log/log.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <future>

#include "waybill/base/json_out.h"
#include "waybill/log/database.h"
#include "waybill/log/tree_edge.h"
#include "waybill/log/verify.h"
#include "waybill/log/writer.h"
#include "waybill/store/lock.h"

namespace waybill::log {
namespace {

constexpr std::string_view kMetaOrigin = "origin", kMetaKey = "log_key", kMetaServerKey = "server_key";
constexpr size_t kCachedTiles = 1024;  // 16 kB each
constexpr size_t kScanSpan = 512;      // entries that a follower gets at a time while it catches up

class LogImpl final : public Log {
 public:
  explicit LogImpl(Options options) : options_(std::move(options)) {}

  ~LogImpl() override { writer_.reset(); }

  Result<void> open() {
    path_ = options_.data_dir + "/waybill.db";
    readers_ = std::make_unique<ReaderPool>(path_, documents_, entries_);
    if (options_.mode == Mode::write) return open_for_write();
    if (!options_.disk->exists(path_))
      return fail(
          Error(Code::not_found, "there is no log here").at(options_.data_dir).next("name the directory with --data-dir, or start with `waybill serve`"));
    TRY(auto reader, readers_->borrow());
    TRY(const auto key, reader->load_meta(kMetaKey));
    TRY(public_key_, trust::NoteVerifier::parse(key));
    return refresh();
  }

  // --- Appending

  Result<void> append(NewEntry entry, OnReceipt done) override {
    if (!writer_) return fail(Error(Code::denied, "the log is open for reading only").at(options_.data_dir));
    for (const auto& document : entry.documents) {
      if (document.ref.bytes > kMaxDocumentBytes)
        return fail(Error(Code::exhausted, "a document has at most " + std::to_string(kMaxDocumentBytes >> 20) + " MiB, this one has " +
                                               std::to_string(document.ref.bytes) + " bytes"));
      if (!document.already_stored) continue;
      TRY(const auto found, find_stored(document.ref.digest, false));
      if (!found) return fail(Code::invalid, "document " + document.ref.digest.to_string() + " is said to be stored already, and is not");
    }
    return writer_->append(std::move(entry), std::move(done));
  }

  PreparedDocument prepare(std::string_view bytes, std::string type) override { return prepare(bytes, std::move(type), sha256(bytes)); }
  PreparedDocument prepare(std::string_view bytes, std::string type, const Sha256& digest) override {
    const auto found = find_stored(digest, false);
    if (!found || !*found) return prepare_document(bytes, std::move(type), digest);
    PreparedDocument document;
    document.ref = {digest, bytes.size(), std::move(type)};
    document.already_stored = true;
    return document;
  }

  std::optional<uint64_t> find_by_unique_key(const Sha256& key) override {
    if (writer_)
      if (const auto pending = writer_->find_pending_key(key)) return pending;
    auto reader = readers_->borrow();
    if (!reader) return std::nullopt;
    auto found = (*reader)->find_entry_by_key(key, entries_);
    return found ? *found : std::nullopt;
  }

  // --- Reading

  Head head() const override { return published()->head; }
  const std::string& origin() const override { return public_key_->name; }
  const trust::NoteVerifier& public_key() const override { return *public_key_; }

  Result<Entry> load_entry(uint64_t index) override {
    TRY_DO(check_index(index));
    TRY(auto reader, readers_->borrow());
    TRY(const auto run, reader->load_run_with(index));
    TRY(const auto entries, trust::parse_bundle(run.entries));
    const auto offset = static_cast<size_t>(index - run.first);
    if (offset >= entries.size()) return damaged(index, "its run ends before it");
    if (trust::leaf_hash(entries[offset]) != hash_at(run.hashes, offset)) return damaged(index, "its bytes do not hash to its leaf");
    return to_entry(index, entries[offset]);
  }

  Result<void> scan_entries(uint64_t from, uint64_t to, const std::function<bool(const Entry&)>& each) override {
    TRY(auto reader, readers_->borrow());
    return scan_with(*reader, from, std::min(to, head().size), each);
  }

  Result<std::optional<uint64_t>> find_index_at(Time time) override {
    TRY(auto reader, readers_->borrow());
    TRY(const auto run, reader->find_run_at(time, head().size));
    if (!run) return std::optional<uint64_t>();
    if (run->last_time <= time) return std::optional(run->first + run->count - 1);
    TRY(const auto entries, trust::parse_bundle(run->entries));
    std::optional<uint64_t> best;
    for (size_t i = 0; i < entries.size(); ++i) {
      TRY(const auto entry, to_entry(run->first + i, entries[i]));
      if (entry.time > time) break;
      best = entry.index;
    }
    return best;
  }

  Result<std::string> load_document(const Sha256& digest) override {
    TRY(const auto found, find_stored(digest, true));
    if (!found) return fail(Code::not_found, "the log has no document " + digest.to_string());
    if (found->erased_by)
      return fail(Code::denied, "document " + digest.to_string() + " was erased; entry " + std::to_string(*found->erased_by) + " says by whom and why");
    return unpack_document(digest, *found);
  }
  bool has_document(const Sha256& digest) override { return find_document_bytes(digest).has_value(); }
  std::optional<uint64_t> find_document_bytes(const Sha256& digest) override {
    const auto found = find_stored(digest, false);
    if (!found || !*found || (*found)->erased_by) return std::nullopt;
    return (*found)->bytes;
  }
  Result<void> erase_document(const Sha256& digest, uint64_t erasure) override {
    if (!writer_) return fail(Error(Code::denied, "the log is open for reading only").at(options_.data_dir));
    TRY(const auto entry, load_entry(erasure));
    if (entry.kind != EntryKind::erasure) return fail(Code::invalid, "entry " + std::to_string(erasure) + " is no erasure");
    return writer_->erase_document(digest, erasure);
  }

  // --- Proving

  Result<trust::Hashes> prove_inclusion(uint64_t index, uint64_t size) override {
    TRY_DO(check_size(size));
    return trust::prove_inclusion(index, size, node_reader());
  }
  Result<trust::Hashes> prove_consistency(uint64_t from, uint64_t to) override {
    TRY_DO(check_size(to));
    return trust::prove_consistency(from, to, node_reader());
  }
  Result<Sha256> root_at(uint64_t size) override {
    TRY_DO(check_size(size));
    return trust::root_at(size, node_reader());
  }

  Result<std::string> load_tile(unsigned level, uint64_t index, unsigned width) override {
    const auto now = published();
    if (width == 0 || width > trust::tile_width(level, index, now->head.size))
      return fail(Code::not_found, "the log has not come so far as " + trust::to_path({level, index, width, false}));
    const uint64_t rightmost = now->head.size >> (trust::kTileHeight * (level + 1));
    std::string bytes;
    if (index == rightmost) {
      bytes = now->edge->tile(level).bytes();
    } else {
      TRY(const auto tile, full_tile(level, index));
      bytes = tile->bytes();
    }
    bytes.resize(size_t{width} * 32);
    return bytes;
  }

  Result<std::string> load_entry_bundle(uint64_t index, unsigned width) override {
    const uint64_t size = head().size;
    if (width == 0 || width > trust::tile_width(0, index, size))
      return fail(Code::not_found, "the log has not come so far as " + trust::to_path({0, index, width, true}));
    const uint64_t from = index * trust::kTileWidth, to = from + width;
    std::string bundle;
    TRY(auto reader, readers_->borrow());
    TRY_DO(reader->scan_runs(from, to, [&](RunRow& run) -> Result<bool> {
      if (run.first + run.count <= to) {
        bundle += run.entries;
        return true;
      }
      TRY(const auto entries, trust::parse_bundle(run.entries));
      for (size_t i = 0; i < entries.size() && run.first + i < to; ++i) trust::append_to_bundle(bundle, entries[i]);
      return false;
    }));
    return bundle;
  }

  // --- Following

  Result<void> follow(uint64_t from, Log::Follower each) override {
    uint64_t next = from;
    while (true) {
      // Without the lock while there is much to read, with it for the last few: never beyond what the other followers
      // have been told, or the deliverer would tell it again.
      uint64_t seen = 0;
      {
        std::lock_guard lock(wait_mutex_);
        seen = seen_;
      }
      if (seen > next + kScanSpan) {
        TRY_DO(tell(next, seen, each));
        next = seen;
        continue;
      }
      std::lock_guard lock(follow_mutex_);
      if (delivered_ > next + kScanSpan) continue;
      if (delivered_ > next) TRY_DO(tell(next, delivered_, each));
      followers_.push_back(std::move(each));
      return {};
    }
  }

  bool wait_for(uint64_t size, int64_t timeout_ms) override {
    std::unique_lock lock(wait_mutex_);
    return waited_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return seen_ >= size; });
  }

  Result<void> refresh() override {
    if (writer_) return {};
    std::lock_guard lock(follow_mutex_);
    TRY(auto reader, readers_->borrow());
    TRY(auto head, reader->load_head());
    if (published_ && published_->head.size == head.size) return {};
    TRY(auto fresh, load_published(*reader, std::move(head)));
    publish(std::move(fresh));
    const uint64_t size = published()->head.size;
    for (const auto& follower : followers_)
      if (size > delivered_) TRY_DO(tell(delivered_, size, follower));
    set_delivered(size);
    return {};
  }

  // --- Keys

  const trust::PrivateKey& signing_key() const override { return *signing_key_; }
  uint64_t signing_key_entry() const override { return signing_key_entry_; }
  Result<void> announce_address(std::string_view address) override {
    if (!lock_) return fail(Error(Code::denied, "the log is open for reading only").at(options_.data_dir));
    return lock_->announce_address(address);
  }

  // --- Checking

  Result<VerifyReport> verify_all(VerifyDepth depth, const std::function<bool(uint64_t, uint64_t)>& progress) override {
    TRY_DO(refresh());
    TRY(auto reader, LogReader::open(path_, documents_, entries_));
    return verify_database(*reader, head(), *public_key_, depth, progress);
  }

 private:
  static Sha256 hash_at(std::string_view hashes, size_t position) {
    Sha256 hash;
    if (hashes.size() >= 32 * (position + 1)) std::memcpy(hash.bytes.data(), hashes.data() + 32 * position, 32);
    return hash;
  }
  static tl::unexpected<Error> damaged(uint64_t index, const std::string& what) {
    return fail(Error(Code::internal, "the log is damaged: " + what).at("entry " + std::to_string(index)).next("run `waybill log verify`"));
  }
  static Result<Entry> to_entry(uint64_t index, std::string_view leaf) {
    auto entry = parse_entry(std::string(leaf));
    if (!entry) return damaged(index, entry.error().to_string());
    entry->index = index;
    return entry;
  }
  Result<void> check_index(uint64_t index) const {
    if (const uint64_t size = head().size; index >= size)
      return fail(Code::not_found, "there is no entry " + std::to_string(index) + ": the log has " + std::to_string(size));
    return {};
  }
  Result<void> check_size(uint64_t wanted) const {
    if (const uint64_t size = head().size; wanted > size)
      return fail(Code::not_found, "the log has not come to " + std::to_string(wanted) + " entries: it has " + std::to_string(size));
    return {};
  }

  std::shared_ptr<const Published> published() const {
    std::lock_guard lock(published_mutex_);
    return published_;
  }
  void publish(std::shared_ptr<const Published> fresh) {
    std::lock_guard lock(published_mutex_);
    published_ = std::move(fresh);
  }
  void set_delivered(uint64_t size) {
    delivered_ = size;
    {
      std::lock_guard lock(wait_mutex_);
      seen_ = size;
    }
    waited_.notify_all();
  }

  Result<std::optional<StoredDocument>> find_stored(const Sha256& digest, bool with_bytes) {
    TRY(auto reader, readers_->borrow());
    return reader->find_document(digest, documents_, with_bytes);
  }

  Result<void> scan_with(LogReader& reader, uint64_t from, uint64_t to, const std::function<bool(const Entry&)>& each) {
    return reader.scan_runs(from, to, [&](RunRow& run) -> Result<bool> {
      TRY(const auto entries, trust::parse_bundle(run.entries));
      for (size_t i = 0; i < entries.size(); ++i) {
        const uint64_t index = run.first + i;
        if (index < from) continue;
        if (index >= to) return false;
        TRY(const auto entry, to_entry(index, entries[i]));
        if (!each(entry)) return false;
      }
      return true;
    });
  }

  // Reads [from, to) for one follower.
  Result<void> tell(uint64_t from, uint64_t to, const Log::Follower& each) {
    TRY(auto reader, readers_->borrow());
    std::vector<Entry> span;
    TRY_DO(scan_with(*reader, from, to, [&](const Entry& entry) {
      span.push_back(entry);
      if (span.size() == kScanSpan) {
        each(span);
        span.clear();
      }
      return true;
    }));
    if (!span.empty()) each(span);
    return {};
  }

  // --- Nodes of the tree

  trust::HashReader node_reader() {
    return [this, now = published()](unsigned level, uint64_t index) -> Result<Sha256> {
      if (const auto node = now->edge->find_node(level, index)) return *node;
      const unsigned tile_level = level / trust::kTileHeight, row = level % trust::kTileHeight;
      const uint64_t first = index << row;
      TRY(const auto tile, full_tile(tile_level, first / trust::kTileWidth));
      return tile->node(row, static_cast<unsigned>(first % trust::kTileWidth) >> row);
    };
  }

  Result<std::shared_ptr<const NodeTile>> full_tile(unsigned level, uint64_t index) {
    const auto id = tile_id(level, index);
    {
      std::lock_guard lock(tiles_mutex_);
      if (const auto it = tiles_.find(id); it != tiles_.end()) return it->second;
    }
    TRY(auto reader, readers_->borrow());
    std::string bytes;
    if (level == 0) {
      TRY(bytes, reader->load_leaf_hashes(index, (index + 1) * trust::kTileWidth));
    } else {
      TRY(bytes, reader->load_tile(level, index));
    }
    if (bytes.size() != trust::kTileWidth * 32)
      return fail(Error(Code::internal, "the log is damaged: a full tile has " + std::to_string(bytes.size()) + " bytes")
                      .at(trust::to_path({level, index, trust::kTileWidth, false})));
    auto tile = std::make_shared<const NodeTile>(NodeTile::from_bytes(bytes));
    std::lock_guard lock(tiles_mutex_);
    if (tiles_.size() >= kCachedTiles) tiles_.erase(tiles_.begin());  // the table's order is as good as random
    tiles_.emplace(id, tile);
    return tile;
  }

  // --- Opening

  // The newest tree, checked: the rightmost bundle's entries hash to their leaves, tiles and leaves add up to the root
  // that the newest checkpoint signs.
  Result<std::shared_ptr<const Published>> load_published(LogReader& reader, Head head) {
    auto fresh = std::make_shared<Published>();
    std::vector<std::string> tiles;
    for (unsigned level = 0; level * trust::kTileHeight < 64 && head.size >> (trust::kTileHeight * level) > 0; ++level) {
      const uint64_t index = head.size >> (trust::kTileHeight * (level + 1));
      if (level == 0) {
        TRY(auto leaves, reader.load_leaf_hashes(index, head.size));
        tiles.push_back(std::move(leaves));
      } else {
        TRY(auto hashes, reader.load_tile(level, index));
        tiles.push_back(std::move(hashes));
      }
    }
    auto edge = TreeEdge::from(head.size, tiles);
    if (!edge) return damaged(head.size - 1, edge.error().message());
    if (edge->root() != head.root)
      return damaged(head.size - 1, "the newest tiles add up to " + edge->root().hex() + ", the checkpoint says " + head.root.hex());
    if (head.size > 0) {
      TRY(const auto checkpoint, trust::verify_checkpoint(head.note, *public_key_));
      (void)checkpoint;
      TRY_DO(reader.scan_runs((head.size - 1) / trust::kTileWidth * trust::kTileWidth, head.size, [&](RunRow& run) -> Result<bool> {
        TRY(const auto entries, trust::parse_bundle(run.entries));
        for (size_t i = 0; i < entries.size(); ++i)
          if (trust::leaf_hash(entries[i]) != hash_at(run.hashes, i)) return damaged(run.first + i, "its bytes do not hash to its leaf");
        return true;
      }));
    }
    fresh->head = std::move(head);
    fresh->edge = std::make_shared<const TreeEdge>(std::move(*edge));
    return std::shared_ptr<const Published>(std::move(fresh));
  }

  Result<void> open_for_write() {
    Disk& disk = *options_.disk;
    TRY_DO(disk.make_directories(options_.data_dir, 0700));
    TRY(lock_, store::DirectoryLock::acquire(options_.data_dir));
    TRY_DO(disk.make_directories(options_.data_dir + "/keys", 0700));
    const std::string key_path = options_.data_dir + "/keys/log.key";
    const bool new_log = !disk.exists(path_);
    if (!new_log && !disk.exists(key_path))
      return fail(Error(Code::not_found, "the log's private key is missing: without it nothing can be appended").at(key_path).next("restore it from a backup"));
    TRY(auto log_key, trust::PrivateKey::load_or_create(disk, key_path, trust::KeyType::ed25519));
    TRY(signing_key_, trust::PrivateKey::load_or_create(disk, options_.data_dir + "/keys/signing.key", trust::KeyType::ecdsa_p256));
    TRY(auto database, open_for_writing(path_, documents_, entries_));
    TRY(const auto known_origin, database.query_text("SELECT value FROM meta WHERE name = 'origin'"));
    TRY(const auto known_key, database.query_text("SELECT value FROM meta WHERE name = 'log_key'"));
    const std::string key_digest = log_key.public_key().key_id().substr(0, 8);
    const std::string origin = !known_origin.empty() ? known_origin : !options_.origin.empty() ? options_.origin : "waybill.local/log/" + key_digest;
    if (!options_.origin.empty() && options_.origin != origin)
      return fail(Error(Code::conflict, "this log's origin is \"" + origin + "\", not \"" + options_.origin + "\"")
                      .at(path_)
                      .next("an origin cannot be changed: leave it out, or use another --data-dir"));
    TRY(auto signer, trust::NoteSigner::of(origin, log_key));
    TRY(public_key_, trust::NoteVerifier::of(origin, log_key.public_key()));
    if (known_origin.empty()) {
      TRY(auto statement, database.prepare("INSERT INTO meta VALUES (?, ?), (?, ?)"));
      const std::string text = public_key_->to_string();
      TRY_DO(statement.bind_text(1, kMetaOrigin).bind_text(2, origin).bind_text(3, kMetaKey).bind_text(4, text).run());
    } else if (known_key != public_key_->to_string()) {
      return fail(Error(Code::conflict, "this is not the key that the log was made with").at(key_path).next("restore the key from a backup"));
    }

    // The public half as a file, to be handed around: `waybill verify` takes it.
    const std::string public_path = options_.data_dir + "/keys/log.pub", public_text = public_key_->to_string() + "\n";
    if (const auto known = disk.read_file(public_path, 10000); !known || *known != public_text) TRY_DO(disk.write_file(public_path, public_text, 0644));

    uint64_t next_document = 1;
    std::shared_ptr<const Published> start;
    {
      TRY(auto reader, readers_->borrow());
      TRY(auto head, reader->load_head());
      TRY(start, load_published(*reader, std::move(head)));
      TRY(const int64_t last_document, reader->database().query_int("SELECT max(id) FROM document"));
      next_document = static_cast<uint64_t>(last_document) + 1;
      TRY_DO(load_recent_keys(*reader, start->head.size));
    }
    publish(start);
    set_delivered(start->head.size);

    WriterContext context{options_,
                          path_,
                          std::move(signer),
                          &documents_,
                          &entries_,
                          readers_.get(),
                          next_document,
                          [this](std::shared_ptr<const Published> fresh) { publish(std::move(fresh)); },
                          [this](uint64_t size, const std::function<std::vector<Entry>()>& build) { deliver(size, build); }};
    writer_ = std::make_unique<Writer>(std::move(context), std::move(database), std::move(start));
    return options_.announce_signing_key ? announce_signing_key() : Result<void>();
  }

  // What lies behind the bounds of the key tables is held in memory.
  Result<void> load_recent_keys(LogReader& reader, uint64_t size) {
    TRY(const uint64_t document_bound, documents_.load_bound(reader.database()));
    TRY_DO(reader.scan_documents(
        document_bound,
        [&](const Sha256& digest, StoredDocument& document) -> Result<bool> {
          documents_.add(digest, document.id);
          return true;
        },
        false));
    TRY(const uint64_t entry_bound, entries_.load_bound(reader.database()));
    TRY(auto rows, reader.database().prepare("SELECT first, keys FROM run WHERE first >= ? AND first < ? AND length(keys) > 0"));
    rows.bind(1, static_cast<int64_t>(entry_bound / trust::kTileWidth * trust::kTileWidth)).bind(2, static_cast<int64_t>(size));
    while (true) {
      TRY(const bool row, rows.step());
      if (!row) return {};
      const auto first = static_cast<uint64_t>(rows.column_int(0));
      const auto keys = rows.column_bytes(1);
      for (size_t at = 0; at + kKeyRecordBytes <= keys.size(); at += kKeyRecordBytes) {
        Sha256 key;
        std::memcpy(key.bytes.data(), keys.data() + at + 2, 32);
        entries_.add(key, first + (uint64_t{static_cast<uint8_t>(keys[at])} << 8 | static_cast<uint8_t>(keys[at + 1])));
      }
    }
  }

  void deliver(uint64_t size, const std::function<std::vector<Entry>()>& build) {
    std::lock_guard lock(follow_mutex_);
    if (!followers_.empty()) {
      const std::vector<Entry> entries = build();
      for (const auto& follower : followers_) follower(entries);
    }
    set_delivered(size);
  }

  Result<void> announce_signing_key() {
    const std::string key_id = signing_key_->public_key().key_id();
    std::string known;
    {
      TRY(auto reader, readers_->borrow());
      TRY(known, reader->load_meta(kMetaServerKey));
    }
    // "INDEX KEYID"
    if (const size_t space = known.find(' '); space != std::string::npos && known.substr(space + 1) == key_id) {
      std::from_chars(known.data(), known.data() + space, signing_key_entry_);
      return {};
    }
    JsonWriter body;
    body.begin_object()
        .field("algorithm", "ecdsa-p256-sha256")
        .field("key_id", key_id)
        .field("public_key", signing_key_->public_key().to_pem())
        .field("use", "dsse")
        .end_object();
    NewEntry entry;
    entry.kind = EntryKind::server_key;
    entry.actor = "server";
    entry.body = std::move(body).take();
    // Again after a crash between the entry and the note about it: the same entry.
    entry.unique_key = sha256("server-key\n" + key_id);
    TRY(const auto receipt, static_cast<Log&>(*this).append(std::move(entry)));
    signing_key_entry_ = receipt.index;
    return writer_->store_meta(std::string(kMetaServerKey), std::to_string(receipt.index) + " " + key_id);
  }

  Options options_;
  std::string path_;
  std::optional<store::DirectoryLock> lock_;
  std::optional<trust::NoteVerifier> public_key_;
  std::optional<trust::PrivateKey> signing_key_;
  uint64_t signing_key_entry_ = 0;
  KeyIndex documents_{"document_key", "document_key_bound"};
  KeyIndex entries_{"entry_key", "entry_key_bound"};
  std::unique_ptr<ReaderPool> readers_;

  mutable std::mutex published_mutex_;
  std::shared_ptr<const Published> published_;

  std::mutex follow_mutex_;  // held while followers are told
  std::vector<Log::Follower> followers_;
  uint64_t delivered_ = 0;  // guarded by follow_mutex_

  std::mutex wait_mutex_;
  std::condition_variable waited_;
  uint64_t seen_ = 0;  // as delivered_, for those who wait

  std::mutex tiles_mutex_;
  absl::flat_hash_map<int64_t, std::shared_ptr<const NodeTile>> tiles_;

  std::unique_ptr<Writer> writer_;  // last: its threads use all of the above
};

}  // namespace

Result<std::unique_ptr<Log>> Log::open(Options options) {
  auto log = std::make_unique<LogImpl>(std::move(options));
  TRY_DO(log->open());
  return std::unique_ptr<Log>(std::move(log));
}

Result<Receipt> Log::append(NewEntry entry) {
  // Shared: the deliverer may still be inside set_value() when the caller has its receipt and goes.
  auto promise = std::make_shared<std::promise<Result<Receipt>>>();
  auto future = promise->get_future();
  TRY_DO(append(std::move(entry), [promise](Result<Receipt> receipt) { promise->set_value(std::move(receipt)); }));
  return future.get();
}

}  // namespace waybill::log
