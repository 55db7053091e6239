// The register machine: runs a program's bytecode over one input.
//
// Made and used by Evaluation. Loops are instructions, "undefined" is a jump, errors stop everything; nothing here
// throws, and C++ recursion is as deep as rules call rules.
#pragma once

#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "waybill/rego/program.h"

namespace waybill::rego {

class Machine {
 public:
  Machine(std::shared_ptr<const detail::Program> program, EvalOptions options);

  // Forgets everything made so far.
  void reset();
  void set_input(Value input) { root_.input = input; }
  Value input() const { return root_.input; }
  Heap& heap() { return heap_; }
  EvalOptions& options() { return options_; }
  const detail::Program& program() const { return *program_; }

  // false: error() says why. An undefined value is fine.
  bool evaluate_path(std::span<const Value> path, Value& out);
  bool run_query(const CompiledQuery& query, std::vector<std::vector<Value>>& rows);
  bool evaluate_group(const Group& group, Value& out);
  // When set: the keys of each case that a test rule with cases came to.
  void collect_cases(std::vector<Value>* into) { cases_ = into; }

  const std::optional<Diagnostic>& error() const { return error_; }
  bool exhausted() const { return exhausted_; }
  uint64_t steps() const { return steps_; }

 private:
  struct Mock {
    const Builtin* builtin;
    const Group* group;
    const Builtin* by_builtin;
    const Group* by_group;
    Value value;
  };
  struct Memo {
    uint32_t group;
    std::vector<Value> operands;
    friend bool operator==(const Memo& a, const Memo& b) {
      if (a.group != b.group || a.operands.size() != b.operands.size()) return false;
      for (size_t i = 0; i < a.operands.size(); ++i) {
        if (!same(a.operands[i], b.operands[i])) return false;
      }
      return true;
    }
    template <class H>
    friend H AbslHashValue(H h, const Memo& m) {
      h = H::combine(std::move(h), m.group);
      for (const Value& v : m.operands) h = H::combine(std::move(h), v.bits());
      return h;
    }
  };
  // What `with` replaces, and what was computed under it.
  struct Context {
    Context* parent = nullptr;
    Value input, base;
    std::vector<std::vector<Value>> replaced;  // paths below data
    std::vector<Mock> mocks;
    bool input_only = true;  // differs from its parent by input alone
    absl::flat_hash_map<uint32_t, Value> rules;
    absl::flat_hash_map<Memo, Value> calls;
  };
  struct PathRow {
    uint32_t first;
    uint16_t n;
    bool set;
    Value value;
  };
  // What the clauses of one group give.
  struct Output {
    Value value;
    std::vector<Value> elements;
    size_t compact_at = 4096;
    std::vector<Value> keys;
    std::vector<PathRow> rows;
    std::vector<std::vector<Value>>* solutions = nullptr;
  };
  struct Collector {
    std::vector<Value> items;
    std::vector<Entry> pairs;
  };

  bool run(const Bytecode& code, std::span<const Value> operands, Output& out);
  bool rule(const Group& group, Value& out);
  bool compute(const Group& group, std::span<const Value> operands, Value& out);
  bool function(const Bytecode& code, size_t pc, const Group& group, std::span<const Value> operands, Value& out);
  bool builtin(const Bytecode& code, size_t pc, const Builtin& builtin, std::span<const Value> operands, Value& out);
  bool call_builtin(const Bytecode& code, size_t pc, const Builtin& builtin, std::span<const Value> operands, Value& out);
  bool dot(const Value& base, const Value& key, Value& out);
  bool dot_data(const DataRep& data, const Value& key, Value& out);
  bool force(const Value& value, Value& out);
  bool open_data(const DataRep& data, bool deep, Value& out);
  Value data_value(const Node& node, const Value& base);
  bool replaced(const std::vector<Value>& path) const;
  bool replaced(const Node& node) const;
  void push(const Bytecode& code, const Instruction& instruction, const Value* registers);
  void pop();
  bool replacement(const Group& group, std::span<const Value> operands, Value& out);
  Value upsert(const Value& base, std::span<const Value> path, const Value& value);
  bool build_paths(const Group& group, Output& out, std::vector<uint32_t>& order, size_t begin, size_t end, uint16_t depth, Value& result);
  bool print(const Bytecode& code, size_t pc, const Value& sets);
  bool fail(const Bytecode& code, size_t pc, std::string_view kind, std::string message);
  bool fail(std::string_view kind, std::string message);
  bool conflict(const Group& group, const Bytecode& code, size_t pc);
  bool check_budget(const Bytecode& code, size_t pc);

  std::shared_ptr<const detail::Program> program_;
  EvalOptions options_;
  Heap heap_;
  struct Free {
    void operator()(Value* p) const { std::free(p); }
  };
  std::unique_ptr<Value, Free> registers_;  // not initialised: pages are touched when used
  size_t top_ = 0;
  uint32_t depth_ = 0;
  Context root_;
  Context* context_ = &root_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<Collector> collectors_;
  size_t collector_top_ = 0;
  BuiltinCache cache_;
  uint64_t random_ = 0;
  uint64_t steps_ = 0, next_check_ = 4096;
  int64_t deadline_ms_ = 0;
  std::optional<Diagnostic> error_;
  bool exhausted_ = false;
  std::vector<Value>* cases_ = nullptr;
};

}  // namespace waybill::rego
