// The fold: entries of the log, one after the other, into the graph.
//
// Called by server/world.h, which follows the log with it, and by tests that rebuild a graph from scratch. What an entry
// says is what formats/ reads out of its document or body, and what collect/ wrote down about signatures. Same log, same
// graph.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "waybill/base/result.h"
#include "waybill/facts/facts.h"
#include "waybill/graph/graph.h"
#include "waybill/log/log.h"

namespace waybill::collect {

// The facts of an entry: those that travelled with it, else read again from its document or body. An entry whose document
// was erased, or which nobody can read any more, has no facts; that is no error.
Result<std::shared_ptr<const facts::Batch>> load_facts(log::Log& log, const log::Entry& entry);

class Folder {
 public:
  Folder(log::Log& log, graph::Graph& graph) : log_(log), graph_(graph) {}
  // Entries must follow on what the graph has; earlier ones are passed over.
  Result<void> fold(std::span<const log::Entry> entries);

 private:
  log::Log& log_;
  graph::Graph& graph_;
};

}  // namespace waybill::collect
