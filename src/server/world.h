// The assembled world: log, graph, collector, decisions and standing verdicts over one data directory.
//
// What the server serves and what the command line uses when it works on a directory without a server. It opens and closes
// things in the right order, keeps the graph's snapshot, and runs the one thread that re-evaluates. No network here.
//
//   auto world = World::open({.data_dir = dir});          // one process writes; a second is refused with its pid
//   auto world = World::open({.data_dir = dir, .mode = log::Mode::read_only});   // beside a running server
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "waybill/base/disk.h"
#include "waybill/base/result.h"
#include "waybill/base/time.h"
#include "waybill/collect/collect.h"
#include "waybill/graph/graph.h"
#include "waybill/log/log.h"
#include "waybill/policy/policy.h"

namespace waybill::server {

struct WorldOptions {
  std::string data_dir;
  log::Mode mode = log::Mode::write;
  Clock* clock = &Clock::system();
  Disk* disk = &Disk::system();
  std::string origin;      // of the log's checkpoints, when it is made
  std::string server_url;  // for `see` in decisions
  size_t max_document_bytes = size_t{256} << 20;
  // Re-evaluates what is deployed on a thread of its own when something changed. Off: call turn_over() yourself.
  bool keep_verdicts = true;
  bool use_snapshot = true;  // read DATA_DIR/graph.snapshot, and write it at the end
};

class World {
 public:
  static Result<std::unique_ptr<World>> open(WorldOptions options);
  // close(), if nobody has; what goes wrong then is lost.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  log::Log& log();
  graph::Graph& graph();
  collect::Collector& collector();
  policy::Decider& decider();
  policy::Standing& standing();
  const WorldOptions& options() const;
  Clock& clock() const { return *options().clock; }

  // The facts of an entry again (graph::View::paths and others ask for it). Remembers the last few.
  const graph::LoadFacts& load_facts() const;

  // Judges now what a change has touched (also when keep_verdicts is on; then both take turns).
  Result<std::vector<policy::Transition>> turn_over();
  // Called for every transition, on the thread that made it. Set before serving.
  void on_transition(std::function<void(const policy::Transition&)> hear);

  // What was found at opening: for the start-up line and /readyz.
  struct Opened {
    uint64_t entries = 0, from_snapshot = 0, folded = 0;
    int64_t micros = 0;
    std::string snapshot_problem;  // why the snapshot was thrown away, if it was
  };
  const Opened& opened() const;

  // Stops the thread, writes the snapshot. The log is closed by the destructor.
  Result<void> close();

 private:
  World();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace waybill::server
