#include "waybill/log/writer.h"

#include <pthread.h>

#include <algorithm>
#include <cstring>

namespace waybill::log {
namespace {

constexpr size_t kMaxBatchEntries = 2048;            // bigger ones leave the processor's caches
constexpr size_t kMaxBatchBytes = size_t{16} << 20;  // of entries and documents
// A batch that is smaller than the last one was waits a moment for more: several writers are at work, and one commit for
// all of them costs as much as one for each. A lone writer never waits.
constexpr auto kLinger = std::chrono::microseconds(1500);
constexpr size_t kWorthACommit = 64;  // entries: never wait for more
// With documents of some size in it, each of which took a millisecond to bring, a batch waits longer: a commit costs as
// much CPU as a fifth of such a document.
constexpr auto kLingerWithDocuments = std::chrono::microseconds(4000);
constexpr size_t kManyBytes = size_t{32} << 10;
constexpr size_t kRunBytes = size_t{256} << 10;  // room for a run's entries, at first
// The write-ahead log, in pages: what must have come for the checkpointer to begin; from where on the committer is made
// to wait for the last few, so that SQLite starts the file from its beginning again; and from where on for all of them.
constexpr int kCheckpointPages = (4 << 20) / kPageBytes;
constexpr int kRestartPages = (64 << 20) / kPageBytes;
constexpr int kTooManyPages = (512 << 20) / kPageBytes;

size_t weight(const NewEntry& entry) {
  size_t bytes = 256;
  for (const auto& document : entry.documents) bytes += document.stored.size();
  return bytes;
}

}  // namespace

Writer::Writer(WriterContext context, store::Database database, std::shared_ptr<const Published> newest)
    : context_(std::move(context)), database_(std::move(database)), edge_(*newest->edge), last_time_(newest->head.time), durable_(std::move(newest)) {
  // Names for top and perf.
  const auto start_thread = [this](const char* name, void (Writer::*work)()) {
    std::thread thread([this, work] { (this->*work)(); });
    ::pthread_setname_np(thread.native_handle(), name);
    return thread;
  };
  sequencer_ = start_thread("log-sequence", &Writer::sequence);
  committer_ = start_thread("log-commit", &Writer::commit);
  deliverer_ = start_thread("log-deliver", &Writer::deliver);
  checkpointer_ = start_thread("log-checkpoint", &Writer::checkpoint);
}

Writer::~Writer() {
  {
    std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  queue_filled_.notify_all();
  sequencer_.join();
  committer_.join();
  deliverer_.join();
  {
    std::lock_guard lock(checkpoint_mutex_);
    checkpointer_stops_ = true;
  }
  checkpoint_wanted_.notify_all();
  checkpointer_.join();
  // The last connection that closes must be the one that may write: it empties the write-ahead log.
  context_.readers->close_idle();
}

// --- Callers

Result<void> Writer::append(NewEntry entry, Log::OnReceipt done) {
  if (entry.documents.size() > kMaxEntryDocuments)
    return fail(Code::exhausted, "an entry refers to at most 256 documents, this one to " + std::to_string(entry.documents.size()));
  std::vector<DocumentRef> refs;
  refs.reserve(entry.documents.size());
  for (const auto& document : entry.documents) refs.push_back(document.ref);
  Pending pending;
  TRY(pending.leaf, begin_leaf(entry.kind, entry.actor, entry.body, refs));
  const size_t bytes = pending.bytes = pending.leaf.bytes.size() + weight(entry);
  pending.entry = std::move(entry);
  pending.done = std::move(done);
  {
    std::lock_guard lock(queue_mutex_);
    if (closing_) return fail(Code::unavailable, "the log is closing");
    if (broken_) return fail(*broken_);
    if (waiting_.load(std::memory_order_relaxed) >= context_.options.max_queued_entries ||
        (waiting_bytes_.load(std::memory_order_relaxed) + bytes > context_.options.max_queued_bytes && waiting_.load(std::memory_order_relaxed) > 0))
      return fail(Error(Code::unavailable, "the log has " + std::to_string(waiting_.load()) + " entries waiting to be written").next("try again in a moment"));
    waiting_.fetch_add(1, std::memory_order_relaxed);
    waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    queue_.push_back(std::move(pending));
    if (queue_.size() != wake_at_) return {};  // it is awake, or waits for more
  }
  queue_filled_.notify_one();
  return {};
}

std::optional<uint64_t> Writer::find_pending_key(const Sha256& key) {
  std::lock_guard lock(keys_mutex_);
  const auto it = pending_keys_.find(key);
  return it == pending_keys_.end() ? std::nullopt : std::optional(it->second);
}

// --- Sequencer

void Writer::sequence() {
  using Moment = std::chrono::steady_clock::time_point;
  auto batch = fresh_batch();
  size_t batch_bytes = 0, last_batch = 1;
  Moment begun;
  std::vector<Pending> taken;
  const auto worth_a_commit = [&] {
    if (last_batch == 1) return size_t{1};
    return batch_bytes >= kManyBytes ? kWorthACommit : std::min(last_batch, kWorthACommit);
  };
  const auto linger_until = [&] { return begun + (batch_bytes >= kManyBytes ? kLingerWithDocuments : kLinger); };
  while (true) {
    bool hand_over = false, ended = false;
    {
      std::unique_lock lock(queue_mutex_);
      while (true) {
        const bool has_room = batch->entries.size() < kMaxBatchEntries && batch_bytes < kMaxBatchBytes;
        const size_t worth = worth_a_commit(), together = batch->entries.size() + queue_.size();
        if (closing_ && together == 0) break;
        if (committer_idle_ && together > 0) {
          if (closing_ || together >= worth || !has_room || generation_ < failed_generation_) break;
          if (batch->entries.empty()) break;  // the first: take it in, so that its moment counts
          wake_at_ = worth - batch->entries.size();
          if (queue_filled_.wait_until(lock, linger_until()) == std::cv_status::timeout) break;
          continue;
        }
        if (!queue_.empty() && has_room) break;
        wake_at_ = 1;
        queue_filled_.wait(lock);
      }
      wake_at_ = 1;
      if (generation_ < failed_generation_) {
        // A commit failed. What this batch holds was built on what is not there: it fails with it.
        generation_ = failed_generation_;
        edge_ = *durable_->edge;
        last_time_ = durable_->head.time;
        if (!batch->entries.empty()) {
          batch->failed = *last_failure_;
          batch->follows_failure = true;
          drop_keys(*batch);
        }
      }
      const size_t worth = worth_a_commit(), together = batch->entries.size() + queue_.size();
      const bool waited = !batch->entries.empty() && std::chrono::steady_clock::now() >= linger_until();
      hand_over = committer_idle_ && (together >= worth || waited || closing_ || batch->failed || batch_bytes >= kMaxBatchBytes);
      if (batch->entries.size() < kMaxBatchEntries && batch_bytes < kMaxBatchBytes && !batch->failed) {
        taken.swap(queue_);
      }
      ended = closing_ && taken.empty() && batch->entries.empty();
    }
    if (ended) break;
    if (batch->entries.empty()) begun = std::chrono::steady_clock::now();
    batch->generation = generation_;
    size_t used = 0;
    const Time now = context_.options.clock->now();
    if (now > last_time_) last_time_ = now;
    for (auto& pending : taken) {
      if (batch->entries.size() >= kMaxBatchEntries || batch_bytes >= kMaxBatchBytes) break;
      batch_bytes += pending.bytes;
      take_in(pending, *batch);
      ++used;
    }
    if (used < taken.size()) {
      std::lock_guard lock(queue_mutex_);
      queue_.insert(queue_.begin(), std::make_move_iterator(taken.begin() + static_cast<std::ptrdiff_t>(used)), std::make_move_iterator(taken.end()));
    }
    taken.clear();
    if (!hand_over || batch->entries.empty()) continue;
    if (!batch->failed) seal(*batch);
    last_batch = std::max<size_t>(1, batch->entries.size());
    {
      std::lock_guard lock(queue_mutex_);
      committer_idle_ = false;
      handed_over_ = std::move(batch);
    }
    batch_ready_.notify_one();
    batch = fresh_batch();
    batch_bytes = 0;
  }
  {
    std::lock_guard lock(queue_mutex_);
    sequencer_done_ = true;
  }
  batch_ready_.notify_one();
}

// One whose memory has been used before, if there is one: allocating a megabyte costs more than filling it.
std::unique_ptr<Writer::Batch> Writer::fresh_batch() {
  {
    std::lock_guard lock(deliver_mutex_);
    if (!used_batches_.empty()) {
      auto batch = std::move(used_batches_.back());
      used_batches_.pop_back();
      return batch;
    }
  }
  return std::make_unique<Batch>();
}

void Writer::recycle(std::unique_ptr<Batch> batch) {
  batch->entries.clear();
  for (auto& run : batch->runs) {
    run.count = 0;
    run.note.clear();
    run.hashes.clear();
    run.keys.clear();
    run.entries.clear();
    if (run.entries.capacity() <= 2 * kRunBytes) batch->spare_runs.push_back(std::move(run));
  }
  batch->runs.clear();
  batch->tiles.clear();
  batch->after.reset();
  batch->fresh = 0;
  batch->failed.reset();
  batch->follows_failure = false;
  std::lock_guard lock(deliver_mutex_);
  if (used_batches_.size() < 3) used_batches_.push_back(std::move(batch));
}

void Writer::take_in(Pending& pending, Batch& batch) {
  const auto& key = pending.entry.unique_key;
  if (key) {
    auto first = find_pending_key(*key);
    if (!first) {
      auto reader = context_.readers->borrow();
      auto found = reader ? (*reader)->find_entry_by_key(*key, *context_.entries) : Result<std::optional<uint64_t>>(reader.error());
      if (found) first = *found;
    }
    if (first) {
      // Its receipt is filled in when it is delivered: the first one may not be durable yet.
      pending.receipt.index = *first;
      pending.receipt.duplicate = true;
      batch.entries.push_back(std::move(pending));
      return;
    }
  }
  const uint64_t index = edge_.size();
  if (tail_time_ != last_time_) {
    tail_ = leaf_tail(last_time_);
    tail_time_ = last_time_;
  }
  const Sha256 leaf = finish_leaf(pending.leaf, tail_);
  if (batch.runs.empty() || index % trust::kTileWidth == 0) {
    if (batch.spare_runs.empty()) {
      batch.runs.emplace_back();
    } else {
      batch.runs.push_back(std::move(batch.spare_runs.back()));
      batch.spare_runs.pop_back();
    }
    auto& run = batch.runs.back();
    run.first = index;
    run.first_time = last_time_;
  }
  auto& run = batch.runs.back();
  if (key) {
    run.keys += static_cast<char>(run.count >> 8);
    run.keys += static_cast<char>(run.count & 0xff);
    run.keys += as_text(key->bytes);
    std::lock_guard lock(keys_mutex_);
    pending_keys_.emplace(*key, index);
  }
  ++run.count;
  run.last_time = last_time_;
  run.hashes += as_text(leaf.bytes);
  trust::append_to_bundle(run.entries, pending.leaf.bytes);
  edge_.add(leaf, [&](unsigned level, uint64_t tile, const NodeTile& filled) {
    if (level > 0) batch.tiles.push_back({tile_id(level, tile), std::string(filled.bytes())});
  });
  ++batch.fresh;
  pending.receipt = {index, last_time_, leaf, 0, {}, false};
  batch.entries.push_back(std::move(pending));
}

// Signs, and notes what the rightmost tiles are now.
void Writer::seal(Batch& batch) {
  if (batch.fresh == 0) return;
  auto after = std::make_shared<Published>();
  after->edge = std::make_shared<const TreeEdge>(edge_);
  after->head.size = edge_.size();
  after->head.root = edge_.root();
  after->head.time = last_time_;
  auto note = trust::sign_checkpoint({context_.signer.name, after->head.size, after->head.root, {}}, context_.signer);
  if (!note) {
    batch.failed = std::move(note).error();
    return;
  }
  after->head.note = std::move(*note);
  batch.runs.back().note = after->head.note;
  // A rightmost tile above level 0 has changed when a tile below it was filled in this batch.
  const uint64_t first = batch.runs.front().first;
  for (unsigned level = 1; level < edge_.levels(); ++level) {
    const unsigned shift = trust::kTileHeight * level;
    if (first >> shift == edge_.size() >> shift) break;
    if (edge_.tile(level).width() > 0)
      batch.tiles.push_back({tile_id(level, edge_.size() >> (shift + trust::kTileHeight)), std::string(edge_.tile(level).bytes())});
  }
  after->head.time = batch.runs.back().last_time;
  batch.after = std::move(after);
}

void Writer::drop_keys(const Batch& batch) {
  std::lock_guard lock(keys_mutex_);
  for (const auto& pending : batch.entries)
    if (pending.entry.unique_key && !pending.receipt.duplicate) pending_keys_.erase(*pending.entry.unique_key);
}

// --- Committer

Result<void> Writer::check_space() {
  TRY(const uint64_t free, context_.options.disk->free_bytes(context_.options.data_dir));
  if (free >= context_.options.reserve_bytes) return {};
  return fail(Error(Code::exhausted, "the disk is nearly full: " + std::to_string(free >> 20) + " MiB are free, " +
                                         std::to_string(context_.options.reserve_bytes >> 20) + " MiB must stay free")
                  .at(context_.options.data_dir)
                  .next("free some space, then send it again; nothing of it was stored"));
}

Result<void> Writer::prepare_statements() {
  TRY(insert_run_, database_.prepare("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  TRY(insert_tile_, database_.prepare("INSERT OR REPLACE INTO tile VALUES (?, ?)"));
  TRY(insert_document_, database_.prepare("INSERT INTO document VALUES (?, ?, ?, ?, NULL, ?)"));
  TRY(find_document_, database_.prepare(context_.documents->find_sql()));
  return {};
}

Result<void> Writer::commit_batch(Batch& batch) {
  TRY_DO(check_space());
  {
    std::lock_guard writing(write_mutex_);
    if (!insert_run_) TRY_DO(prepare_statements());
  }
  uint64_t next_document = context_.next_document_id;
  absl::flat_hash_map<Sha256, uint64_t> stored_now;
  int wal_pages = 0;
  {
    std::lock_guard writing(write_mutex_);
    TRY(auto transaction, store::Transaction::begin(database_));
    for (const auto& pending : batch.entries) {
      if (pending.receipt.duplicate) continue;
      for (const auto& document : pending.entry.documents) {
        if (document.already_stored || stored_now.contains(document.ref.digest)) continue;
        TRY(const auto known, context_.documents->find(document.ref.digest, *find_document_));
        if (known) continue;
        TRY_DO(insert_document_->bind(1, static_cast<int64_t>(next_document))
                   .bind_blob(2, as_text(document.ref.digest.bytes))
                   .bind(3, static_cast<int64_t>(document.ref.bytes))
                   .bind(4, static_cast<int64_t>(document.codec))
                   .bind_blob(5, document.stored)
                   .run());
        stored_now.emplace(document.ref.digest, next_document++);
      }
    }
    for (const auto& run : batch.runs)
      TRY_DO(insert_run_->bind(1, static_cast<int64_t>(run.first))
                 .bind(2, run.count)
                 .bind(3, run.first_time.ms)
                 .bind(4, run.last_time.ms)
                 .bind_text(5, run.note)
                 .bind_blob(6, run.hashes)
                 .bind_blob(7, run.keys)
                 .bind_blob(8, run.entries)
                 .run());
    for (const auto& tile : batch.tiles) TRY_DO(insert_tile_->bind(1, tile.id).bind_blob(2, tile.hashes).run());
    TRY_DO(context_.documents->merge_some(database_));
    TRY_DO(context_.entries->merge_some(database_));
    if (auto done = transaction.commit(); !done) {
      // After a failed fsync nobody knows what is on the disk: the kernel may have thrown the pages away.
      if (database_.last_error_was_sync()) {
        std::lock_guard lock(queue_mutex_);
        broken_ = Error(Code::unavailable, "the disk failed to sync the log; no more is written until the server is started again: " + done.error().message())
                      .at(database_.path())
                      .next("check the disk, then restart the server: it finds what was acknowledged");
      }
      return done;
    }
    wal_pages = database_.wal_pages();
  }
  {
    std::lock_guard lock(checkpoint_mutex_);
    wal_pages_ = wal_pages;
    if (wal_pages_ < moved_pages_) moved_pages_ = 0;
    if (wal_pages_ - moved_pages_ >= kCheckpointPages) checkpoint_wanted_.notify_one();
  }
  context_.next_document_id = next_document;
  context_.documents->committed();
  context_.entries->committed();
  for (const auto& [digest, id] : stored_now) context_.documents->add(digest, id);
  for (const auto& pending : batch.entries)
    if (pending.entry.unique_key && !pending.receipt.duplicate) context_.entries->add(*pending.entry.unique_key, pending.receipt.index);
  drop_keys(batch);
  return {};
}

void Writer::commit() {
  while (true) {
    std::unique_ptr<Batch> batch;
    {
      std::unique_lock lock(queue_mutex_);
      batch_ready_.wait(lock, [&] { return handed_over_ != nullptr || sequencer_done_; });
      if (handed_over_ == nullptr) break;
      batch = std::move(handed_over_);
    }
    if (!batch->failed && batch->fresh > 0) {
      if (auto done = commit_batch(*batch); !done) {
        context_.documents->failed();
        context_.entries->failed();
        batch->failed = std::move(done).error();
      }
    }
    if (batch->failed && !batch->follows_failure) drop_keys(*batch);
    if (batch->after && !batch->failed) context_.publish(batch->after);
    {
      std::lock_guard lock(queue_mutex_);
      if (batch->after && !batch->failed) durable_ = batch->after;
      if (batch->failed && batch->fresh > 0 && !batch->follows_failure) {
        failed_generation_ = batch->generation + 1;
        last_failure_ = batch->failed;
      }
      committer_idle_ = true;
    }
    queue_filled_.notify_one();
    {
      std::lock_guard lock(deliver_mutex_);
      to_deliver_.push_back(std::move(batch));
    }
    deliver_filled_.notify_one();
  }
  {
    std::lock_guard lock(deliver_mutex_);
    committer_done_ = true;
  }
  deliver_filled_.notify_one();
}

Result<void> Writer::erase_document(const Sha256& digest, uint64_t erasure) {
  std::lock_guard writing(write_mutex_);
  TRY(auto find, database_.prepare(context_.documents->find_sql()));
  TRY(const auto id, context_.documents->find(digest, find));
  if (!id) return fail(Code::not_found, "the log has no document " + digest.to_string());
  TRY(auto update, database_.prepare("UPDATE document SET stored = NULL, erased_by = ? WHERE id = ? AND erased_by IS NULL"));
  // Erased means gone from the file, not only from the table.
  TRY_DO(database_.execute("PRAGMA secure_delete = ON"));
  auto done = update.bind(1, static_cast<int64_t>(erasure)).bind(2, static_cast<int64_t>(*id)).run();
  TRY_DO(database_.execute("PRAGMA secure_delete = OFF"));
  if (done) (void)database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");  // old copies in the write-ahead log go too
  return done;
}

Result<void> Writer::store_meta(const std::string& name, const std::string& value) {
  std::lock_guard writing(write_mutex_);
  TRY(auto statement, database_.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"));
  return statement.bind_text(1, name).bind_text(2, value).run();
}

// --- Deliverer

void Writer::deliver() {
  while (true) {
    std::unique_ptr<Batch> batch;
    {
      std::unique_lock lock(deliver_mutex_);
      deliver_filled_.wait(lock, [&] { return !to_deliver_.empty() || committer_done_; });
      if (to_deliver_.empty()) break;
      batch = std::move(to_deliver_.front());
      to_deliver_.pop_front();
    }
    if (!batch->failed && batch->fresh > 0) {
      context_.deliver(batch->after->head.size, [&] {
        std::vector<Entry> entries;
        entries.reserve(batch->fresh);
        for (auto& pending : batch->entries) {
          if (pending.receipt.duplicate) continue;
          Entry& entry = entries.emplace_back();
          entry.index = pending.receipt.index;
          entry.time = pending.receipt.time;
          entry.kind = pending.entry.kind;
          entry.actor = std::move(pending.entry.actor);
          for (auto& document : pending.entry.documents) entry.documents.push_back(std::move(document.ref));
          entry.leaf = std::move(pending.leaf.bytes);
          entry.body_offset = pending.leaf.body_offset;
          entry.body_bytes = pending.leaf.body_bytes;
          entry.attachment = std::move(pending.entry.attachment);
        }
        return entries;
      });
    }
    Head head;
    if (batch->after) {
      head = batch->after->head;
    } else {
      std::lock_guard lock(queue_mutex_);
      head = durable_->head;
    }
    for (auto& pending : batch->entries) {
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      waiting_bytes_.fetch_sub(pending.bytes, std::memory_order_relaxed);
      if (batch->failed) {
        pending.done(fail(*batch->failed));
        continue;
      }
      auto& receipt = pending.receipt;
      receipt.tree_size = head.size;
      receipt.root = head.root;
      if (receipt.duplicate) {
        auto reader = context_.readers->borrow();
        auto run = reader ? (*reader)->load_run_with(receipt.index) : Result<RunRow>(reader.error());
        if (!run) {
          pending.done(fail(run.error()));
          continue;
        }
        const auto offset = static_cast<size_t>(receipt.index - run->first);
        const auto entries = trust::parse_bundle(run->entries);
        auto entry = entries && offset < entries->size() ? parse_entry(std::string((*entries)[offset]))
                                                         : Result<Entry>(Error(Code::internal, "the log is damaged: entry " + std::to_string(receipt.index)));
        if (!entry) {
          pending.done(fail(entry.error()));
          continue;
        }
        receipt.time = entry->time;
        std::memcpy(receipt.leaf.bytes.data(), run->hashes.data() + 32 * offset, 32);
      }
      pending.done(receipt);
    }
    recycle(std::move(batch));
  }
}

// --- Checkpointer

void Writer::checkpoint() {
  auto connection = store::Database::open(context_.path, store::Access::read_write);
  if (!connection) return;  // SQLite then checkpoints when the log is closed
  connection->set_busy_timeout_ms(0);
  (void)connection->execute("PRAGMA synchronous = FULL");
  connection->count_wal_pages();
  while (true) {
    {
      std::unique_lock lock(checkpoint_mutex_);
      checkpoint_wanted_.wait(lock, [&] { return checkpointer_stops_ || wal_pages_ - moved_pages_ >= kCheckpointPages; });
      if (checkpointer_stops_) return;
    }
    auto state = connection->checkpoint_passive();
    if (state && state->pages >= kRestartPages) {
      int left = 0, pages = 0;
      {
        std::lock_guard lock(checkpoint_mutex_);
        pages = wal_pages_;
        left = wal_pages_ - state->moved;
      }
      if (left <= kCheckpointPages || pages >= kTooManyPages) {
        // Keep the committer away for the few pages that came in the meantime: the next commit then starts the file
        // anew, and it does not grow for ever.
        std::lock_guard writing(write_mutex_);
        state = connection->checkpoint_passive();
      }
    }
    std::lock_guard lock(checkpoint_mutex_);
    moved_pages_ = state ? std::max(state->moved, 0) : wal_pages_;
    if (state && state->moved < state->pages && wal_pages_ - moved_pages_ >= kCheckpointPages) {
      // A reader holds an old page; it will be gone soon. Do not spin.
      moved_pages_ = wal_pages_;
    }
  }
}

}  // namespace waybill::log
