// graph.reachable, graph.reachable_paths, walk.
#include <absl/container/flat_hash_set.h>

#include "waybill/rego/builtins.h"
#include "waybill/rego/limits.h"

namespace waybill::rego {
namespace {

struct Hash {
  size_t operator()(const Value& v) const { return v.hash(); }
};
using Seen = absl::flat_hash_set<Value, Hash>;

std::span<const Value> members(const Value& v) { return v.is_array() ? v.items() : v.elements(); }

Value reachable_(BuiltinCall& c, std::span<const Value> o) {
  std::span<const Value> start;
  if (!want_object(c, o, 0) || !want_collection(c, o, 1, start)) return {};
  std::vector<Value> queue(start.begin(), start.end()), out;
  Seen seen;
  while (!queue.empty()) {
    const Value v = queue.back();
    queue.pop_back();
    const Value edges = o[0].find(v);
    if (!edges || !seen.insert(v).second) continue;
    out.push_back(v);
    for (const Value& e : members(edges)) queue.push_back(e);
  }
  return c.heap.set(out);
}

bool paths_from(BuiltinCall& c, const Value& graph, std::vector<Value>& path, Seen& on_path, std::vector<Value>& out) {
  if (path.size() > kMaxNesting || out.size() > 1'000'000) return c.fail("too many paths"), false;
  const Value edges = graph.find(path.back());
  bool grown = false;
  if (edges) {
    for (const Value& e : members(edges)) {
      if (on_path.contains(e)) continue;
      if (!graph.find(e)) {
        // A node that the graph does not know ends nothing.
        continue;
      }
      grown = true;
      path.push_back(e);
      on_path.insert(e);
      if (!paths_from(c, graph, path, on_path, out)) return false;
      on_path.erase(e);
      path.pop_back();
    }
  }
  if (!grown) out.push_back(c.heap.array(path));
  return true;
}

Value reachable_paths_(BuiltinCall& c, std::span<const Value> o) {
  std::span<const Value> start;
  if (!want_object(c, o, 0) || !want_collection(c, o, 1, start)) return {};
  std::vector<Value> out;
  for (const Value& v : start) {
    if (!o[0].find(v)) continue;
    std::vector<Value> path{v};
    Seen on_path;
    on_path.insert(v);
    if (!paths_from(c, o[0], path, on_path, out)) return {};
  }
  return c.heap.set(out);
}

// A path that grows by one key at each level shares nothing: each is an array of its own, as Rego shows it.
void walk(Heap& heap, const Value& at, std::vector<Value>& path, std::vector<Value>& out) {
  const Value pair[] = {heap.array(path), at};
  out.push_back(heap.array(pair));
  const auto below = [&](const Value& key, const Value& v) {
    path.push_back(key);
    walk(heap, v, path, out);
    path.pop_back();
  };
  if (at.is_array()) {
    for (uint32_t i = 0; i < at.size(); ++i) below(Value::of(static_cast<int64_t>(i)), at.items()[i]);
  } else if (at.is_object()) {
    for (const Entry& e : at.entries()) below(e.key, e.value);
  } else if (at.is_set()) {
    for (const Value& v : at.elements()) below(v, v);
  }
}

Value walk_(BuiltinCall& c, std::span<const Value> o) {
  std::vector<Value> path, out;
  walk(c.heap, o[0], path, out);
  return c.heap.array(out);
}

constexpr Builtin kTable[] = {
    {"graph.reachable", 2, reachable_},
    {"graph.reachable_paths", 2, reachable_paths_},
    {.name = "walk", .arity = 1, .function = walk_, .relation = true},
};

}  // namespace

std::span<const Builtin> graph_builtins() { return kTable; }

}  // namespace waybill::rego
