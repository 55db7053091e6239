// The way of an entry from append() to its receipt: four threads, each with one job.
//
//   sequencer   gives index and time, finishes the leaf hash, grows the tree, signs the checkpoint
//   committer   one SQLite transaction for a batch, fdatasync; while it works the next batch grows
//   deliverer   followers, then receipts, in log order
//   checkpointer moves pages from the write-ahead log into the database, so that no commit ever has to
//
// Inside log/ only: LogImpl (log.cc) owns one when it may write. A failed commit fails its batch and what was sequenced
// after it, and takes the tree back to what is on disk; the next append starts from there.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "waybill/log/database.h"
#include "waybill/log/leaf.h"
#include "waybill/log/tree_edge.h"

namespace waybill::log {

// What is durable: published by the committer, read by everybody.
struct Published {
  Head head;
  std::shared_ptr<const TreeEdge> edge;
};

struct WriterContext {
  Options options;
  std::string path;  // of the database
  trust::NoteSigner signer;
  KeyIndex* documents = nullptr;
  KeyIndex* entries = nullptr;
  ReaderPool* readers = nullptr;
  uint64_t next_document_id = 1;
  // Called by the committer once a batch is durable.
  std::function<void(std::shared_ptr<const Published>)> publish;
  // Called by the deliverer before the receipts: the log has `size` entries now; `build` makes the new ones, for those
  // who want them.
  std::function<void(uint64_t size, const std::function<std::vector<Entry>()>& build)> deliver;
};

class Writer {
 public:
  Writer(WriterContext context, store::Database database, std::shared_ptr<const Published> start);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Result<void> append(NewEntry entry, Log::OnReceipt done);
  std::optional<uint64_t> find_pending_key(const Sha256& key);
  Result<void> erase_document(const Sha256& digest, uint64_t erasure);
  Result<void> store_meta(const std::string& name, const std::string& value);

 private:
  struct Pending {
    NewEntry entry;
    LeafInTheMaking leaf;
    Log::OnReceipt done;
    Receipt receipt;
    size_t bytes = 0;  // what it holds in memory, about
  };
  struct DirtyTile {
    int64_t id;
    std::string hashes;
  };
  struct Batch {
    uint64_t generation = 0;
    std::vector<Pending> entries;
    size_t fresh = 0;  // of them no duplicates
    std::vector<RunRow> runs, spare_runs;
    std::vector<DirtyTile> tiles;
    std::shared_ptr<const Published> after;
    std::optional<Error> failed;
    bool follows_failure = false;  // it failed because the batch before it did; its keys are dropped already
  };

  void sequence();
  void commit();
  void deliver();
  void checkpoint();

  void take_in(Pending& pending, Batch& batch);
  std::unique_ptr<Batch> fresh_batch();
  void recycle(std::unique_ptr<Batch> batch);
  void seal(Batch& batch);
  void drop_keys(const Batch& batch);
  Result<void> commit_batch(Batch& batch);
  Result<void> check_space();
  Result<void> prepare_statements();

  WriterContext context_;
  store::Database database_;  // the committer's
  std::optional<store::Statement> insert_run_, insert_tile_, insert_document_, find_document_;

  // Callers → sequencer.
  std::mutex queue_mutex_;
  std::condition_variable queue_filled_;
  std::vector<Pending> queue_;
  std::atomic<size_t> waiting_ = 0, waiting_bytes_ = 0;  // everything without a receipt
  bool closing_ = false;
  size_t wake_at_ = 1;  // entries in the queue at which the sequencer is woken

  // The sequencer's own.
  TreeEdge edge_;
  Time last_time_;
  std::string tail_;  // leaf_tail(tail_time_)
  Time tail_time_{-1};
  uint64_t generation_ = 0;

  // Keys that are sequenced but not durable.
  std::mutex keys_mutex_;
  absl::flat_hash_map<Sha256, uint64_t> pending_keys_;

  // Sequencer → committer. Both directions on queue_mutex_: the sequencer sleeps for either.
  std::unique_ptr<Batch> handed_over_;
  bool committer_idle_ = true, sequencer_done_ = false;
  std::condition_variable batch_ready_;
  uint64_t failed_generation_ = 0;            // what was sequenced in an earlier generation is void
  std::shared_ptr<const Published> durable_;  // guarded by queue_mutex_
  std::optional<Error> broken_;               // guarded by queue_mutex_: no further appends
  std::optional<Error> last_failure_;         // guarded by queue_mutex_: why generations became void

  // Committer → deliverer.
  std::mutex deliver_mutex_;
  std::condition_variable deliver_filled_;
  std::deque<std::unique_ptr<Batch>> to_deliver_;
  std::vector<std::unique_ptr<Batch>> used_batches_;
  bool committer_done_ = false;

  // Committer and checkpointer: a commit never runs while the write-ahead log is being finished.
  std::mutex write_mutex_;
  std::mutex checkpoint_mutex_;
  std::condition_variable checkpoint_wanted_;
  int wal_pages_ = 0, moved_pages_ = 0;  // guarded by checkpoint_mutex_
  bool checkpointer_stops_ = false;

  std::thread sequencer_, committer_, deliverer_, checkpointer_;
};

}  // namespace waybill::log
