#include "waybill/server/world.h"

#include <chrono>
#include <list>
#include <thread>

#include "waybill/base/json_in.h"
#include "waybill/base/json_out.h"
#include "waybill/base/log.h"
#include "waybill/collect/fold.h"

namespace waybill::server {
namespace {
constexpr uint64_t kSnapshotEveryEntries = 20'000;
constexpr int64_t kSnapshotEveryMs = 10 * kMinuteMs;
constexpr size_t kRememberedFacts = 16;

int64_t steady_us() { return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

struct World::State {
  WorldOptions options;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<graph::Graph> graph;
  std::unique_ptr<collect::Folder> folder;
  std::unique_ptr<collect::Collector> collector;
  std::unique_ptr<policy::Decider> decider;
  std::unique_ptr<policy::Standing> standing;
  graph::LoadFacts load_facts;
  Opened opened;

  std::mutex turning;
  std::function<void(const policy::Transition&)> hear_transition;
  std::atomic<bool> stopping{false};
  std::thread keeper;
  bool closed = false;
  std::atomic<bool> opening{true};
  Result<void> first_fold;

  uint64_t snapshot_size = 0;  // of the last one written or read
  int64_t snapshot_at_us = 0;

  std::mutex facts_mutex;
  std::list<std::pair<uint64_t, std::shared_ptr<const facts::Batch>>> recent_facts;

  std::string snapshot_path() const { return options.data_dir + "/graph.snapshot"; }

  // A snapshot is only good for the log that it was folded from: the note beside it says which tree that was.
  Result<void> write_snapshot() {
    const uint64_t size = graph->size();
    if (size == 0 || size == snapshot_size) return {};
    TRY(const auto root, log->root_at(size));
    TRY_DO(graph->write_snapshot(snapshot_path()));
    JsonWriter w;
    w.begin_object().field("root", root.hex()).field("size", size).end_object();
    TRY_DO(options.disk->write_file(snapshot_path() + ".json", w.text(), 0644));
    snapshot_size = size;
    snapshot_at_us = steady_us();
    return {};
  }
  Result<std::unique_ptr<graph::Graph>> open_snapshot() {
    TRY(const auto note, options.disk->read_file(snapshot_path() + ".json", 4096));
    TRY(const auto document, JsonDocument::parse(note));
    TRY(auto graph_read, graph::Graph::open_snapshot(snapshot_path()));
    const uint64_t size = graph_read->size();
    if (size != static_cast<uint64_t>(document.root()["size"].int_or(-1))) return fail(Code::conflict, "the snapshot and its note do not belong together");
    if (size > log->size()) return fail(Code::conflict, "the snapshot knows more entries than the log has");
    TRY(const auto root, log->root_at(size));
    if (root.hex() != document.root()["root"].string_or("")) return fail(Code::conflict, "the snapshot was made from another log");
    return graph_read;
  }

  Result<std::vector<policy::Transition>> turn_over() {
    const std::lock_guard lock(turning);
    TRY(auto made, standing->turn_over());
    if (hear_transition)
      for (const auto& transition : made) hear_transition(transition);
    return made;
  }

  void keep_verdicts() {
    while (!stopping.load(std::memory_order_relaxed)) {
      if (!standing->wait(1000) || stopping.load(std::memory_order_relaxed)) continue;
      const auto made = turn_over();
      if (!made) {
        say(Level::warn, "re-evaluation failed", {{"error", made.error().to_string()}});
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
      }
    }
  }
};

World::World() : state_(std::make_unique<State>()) {}
World::~World() { (void)close(); }

Result<std::unique_ptr<World>> World::open(WorldOptions options) {
  const int64_t started = steady_us();
  std::unique_ptr<World> world(new World());
  auto& s = *world->state_;
  s.options = std::move(options);

  log::Options log_options;
  log_options.data_dir = s.options.data_dir;
  log_options.mode = s.options.mode;
  log_options.clock = s.options.clock;
  log_options.disk = s.options.disk;
  log_options.origin = s.options.origin;
  TRY(s.log, log::Log::open(std::move(log_options)));

  if (s.options.use_snapshot && s.options.disk->exists(s.snapshot_path())) {
    auto from = s.open_snapshot();
    if (from) {
      s.graph = std::move(*from);
      s.snapshot_size = s.opened.from_snapshot = s.graph->size();
    } else {
      s.opened.snapshot_problem = from.error().to_string();
    }
  }
  if (!s.graph) s.graph = std::make_unique<graph::Graph>();
  s.snapshot_at_us = steady_us();
  s.folder = std::make_unique<collect::Folder>(*s.log, *s.graph);

  TRY_DO(s.log->follow(s.graph->size(), [&s](std::span<const log::Entry> entries) {
    auto folded = s.folder->fold(entries);
    if (!folded) {
      if (s.opening) {
        if (s.first_fold) s.first_fold = std::move(folded);
      } else {
        say(Level::error, "an entry could not be folded: restart the server", {{"error", folded.error().to_string()}});
      }
      return;
    }
    if (!s.opening && s.options.use_snapshot && s.options.mode == log::Mode::write && s.graph->size() - s.snapshot_size >= kSnapshotEveryEntries &&
        steady_us() - s.snapshot_at_us >= kSnapshotEveryMs * 1000) {
      s.snapshot_at_us = steady_us();
      if (auto written = s.write_snapshot(); !written) say(Level::warn, "no snapshot written", {{"error", written.error().to_string()}});
    }
  }));
  s.opening = false;
  TRY_DO(s.first_fold);
  s.opened.entries = s.graph->size();
  s.opened.folded = s.opened.entries - s.opened.from_snapshot;

  s.load_facts = [&s](uint64_t index) -> Result<std::shared_ptr<const facts::Batch>> {
    {
      const std::lock_guard lock(s.facts_mutex);
      for (auto it = s.recent_facts.begin(); it != s.recent_facts.end(); ++it)
        if (it->first == index) {
          s.recent_facts.splice(s.recent_facts.begin(), s.recent_facts, it);
          return it->second;
        }
    }
    TRY(const auto entry, s.log->load_entry(index));
    TRY(auto batch, collect::load_facts(*s.log, entry));
    const std::lock_guard lock(s.facts_mutex);
    s.recent_facts.emplace_front(index, batch);
    if (s.recent_facts.size() > kRememberedFacts) s.recent_facts.pop_back();
    return batch;
  };

  collect::Setup collect_setup;
  collect_setup.log = s.log.get();
  collect_setup.graph = s.graph.get();
  collect_setup.max_document_bytes = s.options.max_document_bytes;
  s.collector = std::make_unique<collect::Collector>(collect_setup);

  policy::Setup policy_setup;
  policy_setup.log = s.log.get();
  policy_setup.graph = s.graph.get();
  policy_setup.clock = s.options.clock;
  policy_setup.server_url = s.options.server_url;
  policy_setup.load_facts = s.load_facts;
  policy_setup.writes = s.options.mode == log::Mode::write;
  TRY(s.decider, policy::Decider::open(std::move(policy_setup)));
  s.standing = std::make_unique<policy::Standing>(*s.decider);
  if (s.options.keep_verdicts && s.options.mode == log::Mode::write) s.keeper = std::thread([&s] { s.keep_verdicts(); });
  s.opened.micros = steady_us() - started;
  return world;
}

log::Log& World::log() { return *state_->log; }
graph::Graph& World::graph() { return *state_->graph; }
collect::Collector& World::collector() { return *state_->collector; }
policy::Decider& World::decider() { return *state_->decider; }
policy::Standing& World::standing() { return *state_->standing; }
const WorldOptions& World::options() const { return state_->options; }
const graph::LoadFacts& World::load_facts() const { return state_->load_facts; }
const World::Opened& World::opened() const { return state_->opened; }
Result<std::vector<policy::Transition>> World::turn_over() { return state_->turn_over(); }
void World::on_transition(std::function<void(const policy::Transition&)> hear) {
  const std::lock_guard lock(state_->turning);
  state_->hear_transition = std::move(hear);
}

Result<void> World::close() {
  auto& s = *state_;
  if (s.closed) return {};
  s.closed = true;
  s.stopping = true;
  if (s.standing) s.standing->wake();
  if (s.keeper.joinable()) s.keeper.join();
  Result<void> written;
  if (s.log && s.graph && s.options.mode == log::Mode::write) {
    // Nobody appends any more; what was acknowledged has been folded.
    s.log->wait_for(s.log->size(), 10'000);
    if (s.options.use_snapshot) written = s.write_snapshot();
  }
  // The log's threads end first: they hold what follows.
  s.standing.reset();
  s.decider.reset();
  s.collector.reset();
  s.log.reset();
  s.folder.reset();
  s.graph.reset();
  return written;
}

}  // namespace waybill::server
