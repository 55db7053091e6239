#include "waybill/rego/machine.h"

#include <time.h>

#include "waybill/rego/limits.h"
#include "waybill/rego/merge_sort.h"

namespace waybill::rego {
namespace {

int64_t monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Machine::Machine(std::shared_ptr<const detail::Program> program, EvalOptions options)
    : program_(std::move(program)), options_(std::move(options)), registers_(static_cast<Value*>(std::malloc(kRegisters * sizeof(Value)))) {
  reset();
}

void Machine::reset() {
  heap_.reset();
  root_ = Context{};
  root_.base = program_->base;
  context_ = &root_;
  contexts_.clear();
  collectors_.clear();
  collector_top_ = 0;
  top_ = 0;
  depth_ = 0;
  steps_ = 0;
  next_check_ = 4096;
  random_ = options_.seed;
  error_.reset();
  exhausted_ = false;
}

bool Machine::fail(std::string_view kind, std::string message) {
  Diagnostic d;
  d.code = kind;
  d.message = std::move(message);
  error_ = std::move(d);
  return false;
}

bool Machine::fail(const Bytecode& code, size_t pc, std::string_view kind, std::string message) {
  if (error_) return false;
  Diagnostic d;
  d.code = kind;
  d.message = std::move(message);
  if (code.tree != nullptr && pc < code.places.size()) {
    d.location = {code.tree->name, code.tree->row_of(code.places[pc]), code.tree->column_of(code.places[pc])};
    d.line = std::string(code.tree->line_at(code.places[pc]));
  }
  error_ = std::move(d);
  return false;
}

bool Machine::conflict(const Group& group, const Bytecode& code, size_t pc) {
  return fail(code, pc, "eval_conflict_error",
              group.kind == GroupKind::function ? "function " + group.name + " produced conflicting values for the same inputs"
                                                : "rule " + group.name + " produced conflicting values");
}

bool Machine::check_budget(const Bytecode& code, size_t pc) {
  next_check_ = steps_ + 4096;
  const auto named = [&] { return code.group != nullptr ? "rule " + code.group->name : std::string("the query"); };
  std::string what;
  if (steps_ > options_.budget.steps)
    what = std::to_string(options_.budget.steps) + " steps";
  else if (heap_.bytes() > options_.budget.memory_bytes)
    what = std::to_string(options_.budget.memory_bytes) + " bytes of memory";
  else if (deadline_ms_ != 0 && monotonic_ms() > deadline_ms_)
    what = std::to_string(options_.budget.time_ms) + " ms";
  else
    return true;
  exhausted_ = true;
  return fail(code, pc, "eval_cancel_error", named() + " used up the evaluation's budget of " + what);
}

// ---- data ----

bool Machine::replaced(const std::vector<Value>& path) const {
  for (const auto& r : context_->replaced) {
    if (r.size() > path.size()) continue;
    bool prefix = true;
    for (size_t i = 0; i < r.size() && prefix; ++i) prefix = Value::equal(r[i], path[i]);
    if (prefix) return true;
  }
  return false;
}

bool Machine::replaced(const Node& node) const {
  if (context_->replaced.empty()) return false;
  std::vector<Value> path(node.depth);
  for (const Node* n = &node; n->parent != nullptr; n = n->parent) path[n->depth - 1] = n->key;
  return replaced(path);
}

Value Machine::data_value(const Node& node, const Value& base) {
  auto* rep = static_cast<DataRep*>(heap_.arena().allocate(sizeof(DataRep), alignof(DataRep)));
  *rep = {&node, base};
  return Value(rep);
}

bool Machine::dot_data(const DataRep& data, const Value& key, Value& out) {
  if (key.is_string()) {
    if (const Node* child = data.node->child(key.text()); child != nullptr && !replaced(*child)) {
      if (child->group == nullptr) {
        out = data_value(*child, data.base.find(key));
        return true;
      }
      if (child->group->kind == GroupKind::function) {
        out = data.base.find(key);
        return true;
      }
      if (!rule(*child->group, out)) return false;
      if (!out) out = data.base.find(key);
      return true;
    }
  }
  out = data.base.find(key);
  if (!out && key.is_number() && data.node->parent == nullptr) out = data.base.find(key.to_rego());
  return true;
}

bool Machine::dot(const Value& base, const Value& key, Value& out) {
  if (base.tag() == Value::Tag::data) return dot_data(*base.data(), key, out);
  out = base.find(key);
  return true;
}

// One level (or all of it) of the documents below a node as an object.
bool Machine::open_data(const DataRep& data, bool deep, Value& out) {
  std::vector<Entry> entries;
  if (data.base.is_object()) {
    for (const Entry& e : data.base.entries()) {
      const Node* child = e.key.is_string() ? data.node->child(e.key.text()) : nullptr;
      if (child == nullptr || replaced(*child)) entries.push_back(e);
    }
  }
  for (const auto& child : data.node->ordered) {
    if (replaced(*child)) continue;
    Value v;
    if (child->group != nullptr) {
      // A base document and a rule at the same place: taken as a whole, the base document is seen.
      if (const Value base = data.base.find(child->key)) {
        entries.push_back({child->key, base});
        continue;
      }
    }
    if (!dot_data(data, child->key, v)) return false;
    if (!v) continue;
    if (deep && v.tag() == Value::Tag::data) {
      Value inner;
      if (!open_data(*v.data(), true, inner)) return false;
      v = inner;
    }
    entries.push_back({child->key, v});
  }
  out = heap_.object(entries);
  return true;
}

bool Machine::force(const Value& value, Value& out) {
  if (value.tag() != Value::Tag::data) return out = value, true;
  return open_data(*value.data(), true, out);
}

Value Machine::upsert(const Value& base, std::span<const Value> path, const Value& value) {
  if (path.empty()) return value;
  std::vector<Entry> entries;
  Value child;
  if (base.is_object()) {
    for (const Entry& e : base.entries()) {
      if (Value::equal(e.key, path[0]))
        child = e.value;
      else
        entries.push_back(e);
    }
  }
  entries.push_back({path[0], upsert(child, path.subspan(1), value)});
  return heap_.object(entries);
}

void Machine::push(const Bytecode& code, const Instruction& i, const Value* registers) {
  auto next = std::make_unique<Context>();
  next->parent = context_;
  next->input = context_->input;
  next->base = context_->base;
  next->replaced = context_->replaced;
  next->mocks = context_->mocks;
  const auto& targets = code.withs[i.b];
  for (size_t k = 0; k < targets.size(); ++k) {
    const WithTarget& t = targets[k];
    const uint32_t operand = code.operands[i.c + k];
    const Value value = operand & kConstant ? code.constants[operand & ~kConstant] : registers[operand];
    switch (t.kind) {
      case WithTarget::Kind::input: next->input = upsert(next->input, t.path, value); break;
      case WithTarget::Kind::data:
        next->input_only = false;
        next->base = upsert(next->base, t.path, value);
        next->replaced.push_back(t.path);
        break;
      case WithTarget::Kind::builtin:
      case WithTarget::Kind::function:
        next->input_only = false;
        // The newest comes first.
        next->mocks.insert(next->mocks.begin(), {t.builtin, t.group, t.by_builtin, t.by_group, value});
        break;
    }
  }
  context_ = next.get();
  contexts_.push_back(std::move(next));
}

void Machine::pop() {
  context_ = context_->parent;
  contexts_.pop_back();
}

// ---- rules ----

bool Machine::build_paths(const Group& group, Output& out, std::vector<uint32_t>& order, size_t begin, size_t end, uint16_t depth, Value& result) {
  const auto key_of = [&](uint32_t row) -> const Value& { return out.keys[out.rows[row].first + depth]; };
  std::vector<Entry> entries;
  std::vector<Value> elements;
  for (size_t i = begin; i < end;) {
    size_t j = i;
    while (j < end && Value::equal(key_of(order[i]), key_of(order[j]))) ++j;
    size_t leaves = 0, sets = 0;
    for (size_t k = i; k < j; ++k) {
      const PathRow& row = out.rows[order[k]];
      leaves += row.n == depth + 1;
      sets += row.n == depth + 1 && row.set;
    }
    Value value;
    if (leaves == j - i && sets == leaves) {
      elements.clear();
      for (size_t k = i; k < j; ++k) elements.push_back(out.rows[order[k]].value);
      value = heap_.set(elements);
    } else if (leaves == j - i && sets == 0) {
      value = out.rows[order[i]].value;
      for (size_t k = i + 1; k < j; ++k) {
        if (!Value::equal(value, out.rows[order[k]].value)) {
          const Clause& c = group.clauses.front();
          return fail(c.code, c.code.places.empty() ? 0 : c.code.places.size() - 1, "eval_conflict_error", "object keys must be unique");
        }
      }
    } else if (leaves == 0) {
      if (!build_paths(group, out, order, i, j, static_cast<uint16_t>(depth + 1), value)) return false;
    } else {
      const Clause& c = group.clauses.front();
      return fail(c.code, c.code.places.empty() ? 0 : c.code.places.size() - 1, "eval_conflict_error", "object keys must be unique");
    }
    entries.push_back({key_of(order[i]), value});
    i = j;
  }
  result = heap_.sorted_object(entries);
  return true;
}

bool Machine::compute(const Group& group, std::span<const Value> operands, Value& out) {
  Output output;
  switch (group.kind) {
    case GroupKind::complete:
    case GroupKind::function: {
      Value result;
      for (const Clause& clause : group.clauses) {
        output.value = {};
        if (!run(clause.code, operands, output)) return false;
        if (!output.value) continue;
        if (!result)
          result = output.value;
        else if (!Value::equal(result, output.value))
          return conflict(group, clause.code, 0);
        if (group.same_constant) break;
      }
      if (!result && group.fallback) {
        output.value = {};
        if (!run(group.fallback->code, operands, output)) return false;
        result = output.value;
      }
      out = result;
      return true;
    }
    case GroupKind::partial_set:
      for (const Clause& clause : group.clauses) {
        if (!run(clause.code, operands, output)) return false;
      }
      out = heap_.set(output.elements);
      return true;
    case GroupKind::partial_object: {
      for (const Clause& clause : group.clauses) {
        if (!run(clause.code, operands, output)) return false;
      }
      std::vector<uint32_t> order(output.rows.size());
      for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
      merge_sort(order, [&](uint32_t a, uint32_t b) {
        const PathRow &x = output.rows[a], &y = output.rows[b];
        for (uint16_t i = 0; i < x.n && i < y.n; ++i) {
          const auto c = Value::compare(output.keys[x.first + i], output.keys[y.first + i]);
          if (c != 0) return c < 0;
        }
        return false;
      });
      return build_paths(group, output, order, 0, order.size(), 0, out);
    }
  }
  return true;
}

bool Machine::rule(const Group& group, Value& out) {
  if (!context_->replaced.empty() && replaced(group.path)) {
    out = context_->base;
    for (const Value& key : group.path) out = out.find(key);
    return true;
  }
  Context* home = context_;
  while (home->parent != nullptr && home->input_only && !group.reads_input) home = home->parent;
  if (const auto it = home->rules.find(group.id); it != home->rules.end()) {
    out = it->second;
    return true;
  }
  Value result;
  if (!compute(group, {}, result)) return false;
  // Parts of it that `with` replaces lie below it: they win over the rule.
  for (const auto& r : context_->replaced) {
    if (r.size() <= group.path.size()) continue;
    bool below = true;
    for (size_t i = 0; i < group.path.size() && below; ++i) below = Value::equal(r[i], group.path[i]);
    if (!below) continue;
    Value at = context_->base;
    for (const Value& key : r) at = at.find(key);
    result = upsert(result, std::span(r).subspan(group.path.size()), at);
  }
  home->rules[group.id] = result;
  out = result;
  return true;
}

// Inside a replacement every function is itself again.
bool Machine::replacement(const Group& group, std::span<const Value> operands, Value& out) {
  const std::vector<Value> kept(operands.begin(), operands.end());
  auto next = std::make_unique<Context>();
  next->parent = context_;
  next->input = context_->input;
  next->base = context_->base;
  next->replaced = context_->replaced;
  next->input_only = false;
  context_ = next.get();
  contexts_.push_back(std::move(next));
  const bool fine = compute(group, kept, out);
  if (fine) pop();
  return fine;
}

bool Machine::evaluate_group(const Group& group, Value& out) { return rule(group, out); }

bool Machine::function(const Bytecode& code, size_t pc, const Group& group, std::span<const Value> operands, Value& out) {
  for (const Mock& m : context_->mocks) {
    if (m.group != &group) continue;
    if (m.by_group != nullptr) {
      if (m.by_group == &group) break;
      return replacement(*m.by_group, operands, out);
    }
    if (m.by_builtin != nullptr) return call_builtin(code, pc, *m.by_builtin, operands, out);
    out = m.value;
    return true;
  }
  if (!context_->replaced.empty() && replaced(group.path)) return out = Value(), true;
  if (!group.memoise) return compute(group, operands, out);
  Context* home = context_;
  while (home->parent != nullptr && home->input_only && !group.reads_input) home = home->parent;
  Memo key{group.id, {operands.begin(), operands.end()}};
  if (const auto it = home->calls.find(key); it != home->calls.end()) {
    out = it->second;
    return true;
  }
  if (!compute(group, operands, out)) return false;
  home->calls.emplace(std::move(key), out);
  return true;
}

bool Machine::builtin(const Bytecode& code, size_t pc, const Builtin& builtin, std::span<const Value> operands, Value& out) {
  for (const Mock& m : context_->mocks) {
    if (m.builtin != &builtin) continue;
    if (m.by_group != nullptr) {
      return replacement(*m.by_group, operands, out);
    }
    if (m.by_builtin != nullptr) return call_builtin(code, pc, *m.by_builtin, operands, out);
    out = m.value;
    if (builtin.relation && out) out = heap_.array(std::span<const Value>(&out, 1));
    return true;
  }
  return call_builtin(code, pc, builtin, operands, out);
}

bool Machine::call_builtin(const Bytecode& code, size_t pc, const Builtin& builtin, std::span<const Value> operands, Value& out) {
  if (builtin.function == nullptr) {
    if (builtin.name == "internal.print") {
      out = Value::of(true);
      return print(code, pc, operands[0]);
    }
    return fail(code, pc, "eval_internal_error", "built-in " + std::string(builtin.name) + " is declared only");
  }
  BuiltinCall call{heap_, options_, cache_, builtin.name, random_};
  out = builtin.function(call, operands);
  if (call.failure == BuiltinCall::Failure::none) return true;
  out = Value();
  if (!options_.strict_builtin_errors) return true;
  return fail(code, pc, call.failure == BuiltinCall::Failure::type ? "eval_type_error" : "eval_builtin_error", std::string(builtin.name) + ": " + call.message);
}

bool Machine::print(const Bytecode& code, size_t pc, const Value& sets) {
  if (!options_.print) return true;
  // Each combination of the operands' values is a line.
  std::vector<std::string> lines{""};
  bool first = true;
  for (const Value& set : sets.items()) {
    std::vector<std::string> next;
    for (const std::string& line : lines) {
      if (set.size() == 0) next.push_back(line + (first ? "" : " ") + "<undefined>");
      for (const Value& v : set.elements()) next.push_back(line + (first ? "" : " ") + (v.is_string() ? std::string(v.text()) : v.to_rego()));
    }
    lines = std::move(next);
    first = false;
  }
  const std::string place = code.tree->name + ":" + std::to_string(code.tree->row_of(code.places[pc]));
  for (const auto& line : lines) options_.print(line, place);
  return true;
}

// ---- the loop ----

bool Machine::run(const Bytecode& code, std::span<const Value> operands, Output& out) {
  if (top_ + code.registers > kRegisters || ++depth_ > kMaxCallDepth) {
    exhausted_ = true;
    return fail(
        code, 0, "eval_cancel_error",
        (code.group != nullptr ? "rule " + code.group->name : std::string("the query")) + ": rules call rules deeper than " + std::to_string(kMaxCallDepth));
  }
  Value* const r = registers_.get() + top_;
  top_ += code.registers;
  struct Leave {
    Machine& machine;
    size_t top;
    ~Leave() { machine.top_ = top, --machine.depth_; }
  } leave{*this, top_ - code.registers};
  for (size_t i = 0; i < operands.size(); ++i) r[i] = operands[i];

  const Instruction* const instructions = code.instructions.data();
  const Value* const constants = code.constants.data();
  const auto at = [&](uint32_t operand) -> const Value& { return operand & kConstant ? constants[operand & ~kConstant] : r[operand]; };
  Value gathered[8];
  std::vector<Value> many;
  const auto gather = [&](uint32_t list, size_t n) -> std::span<const Value> {
    const uint32_t* o = code.operands.data() + list;
    if (n <= 8) {
      for (size_t i = 0; i < n; ++i) gathered[i] = at(o[i]);
      return {gathered, n};
    }
    many.resize(n);
    for (size_t i = 0; i < n; ++i) many[i] = at(o[i]);
    return many;
  };
  BuiltinCall arithmetic{heap_, options_, cache_, "", random_};

  for (size_t pc = 0;;) {
    const Instruction& i = instructions[pc];
    ++pc;
    switch (i.op) {
      case Op::move: r[i.a] = at(i.b); break;
      case Op::jump: pc = i.d; break;
      case Op::dot: {
        const Value& base = at(i.b);
        if (base.tag() == Value::Tag::data) {
          Value v;
          if (!dot_data(*base.data(), at(i.c), v)) return false;
          r[i.a] = v;
        } else {
          r[i.a] = base.find(at(i.c));
        }
        if (!r[i.a]) pc = i.d;
        break;
      }
      case Op::scan: {
        Value v = at(i.b);
        if (v.tag() == Value::Tag::data) {
          Value opened;
          if (!open_data(*v.data(), false, opened)) return false;
          v = opened;
        }
        if (!v.is_array() && !v.is_object() && !v.is_set()) {
          pc = i.d;
          break;
        }
        r[i.a] = v;
        r[i.a + 1] = Value::of(int64_t{0});
        break;
      }
      case Op::next: {
        if (++steps_ >= next_check_ && !check_budget(code, pc - 1)) return false;
        const Value& collection = r[i.a];
        const auto place = static_cast<uint32_t>(r[i.a + 1].integer());
        if (place >= collection.size()) {
          pc = i.d;
          break;
        }
        r[i.a + 1] = Value::of(static_cast<int64_t>(place) + 1);
        switch (collection.tag()) {
          case Value::Tag::array:
            if (i.b != kNone) r[i.b] = Value::of(static_cast<int64_t>(place));
            if (i.c != kNone) r[i.c] = collection.array()->items[place];
            break;
          case Value::Tag::set:
            if (i.b != kNone) r[i.b] = collection.set()->items[place];
            if (i.c != kNone) r[i.c] = collection.set()->items[place];
            break;
          default:
            if (i.b != kNone) r[i.b] = collection.object()->entries[place].key;
            if (i.c != kNone) r[i.c] = collection.object()->entries[place].value;
        }
        break;
      }
      case Op::input:
        if (!context_->input)
          pc = i.d;
        else
          r[i.a] = context_->input;
        break;
      case Op::base: r[i.a] = context_->base; break;
      case Op::node: {
        const Node* node = &program_->root;
        Value base = context_->base;
        bool hidden = false;
        for (size_t k = 0; k < i.n; ++k) {
          const Value& key = at(code.operands[i.b + k]);
          base = base.find(key);
          node = node->child(key.text());
          hidden |= replaced(*node);
        }
        hidden |= i.n == 0 && replaced(std::vector<Value>());
        if (!hidden)
          r[i.a] = data_value(*node, base);
        else if (base)
          r[i.a] = base;
        else
          pc = i.d;
        break;
      }
      case Op::force: {
        Value v;
        if (!force(at(i.b), v)) return false;
        r[i.a] = v;
        if (!v) pc = i.d;
        break;
      }
      case Op::rule: {
        Value v;
        ++steps_;
        if (!rule(*program_->groups[i.b], v)) return false;
        r[i.a] = v;
        if (!v) pc = i.d;
        break;
      }
      case Op::function: {
        Value v;
        if (++steps_ >= next_check_ && !check_budget(code, pc - 1)) return false;
        const auto list = gather(i.c, i.n);
        if (!function(code, pc - 1, *program_->groups[i.b], list, v)) return false;
        r[i.a] = v;
        if (!v) pc = i.d;
        break;
      }
      case Op::builtin: {
        Value v;
        if (++steps_ >= next_check_ && !check_budget(code, pc - 1)) return false;
        const auto list = gather(i.c, i.n);
        if (!builtin(code, pc - 1, all_builtins()[i.b], list, v)) return false;
        r[i.a] = v;
        if (!v) pc = i.d;
        break;
      }
      case Op::make_array: r[i.a] = heap_.array(gather(i.c, i.n)); break;
      case Op::make_set: r[i.a] = heap_.set(gather(i.c, i.n)); break;
      case Op::make_object: {
        const auto list = gather(i.c, size_t{i.n} * 2);
        std::vector<Entry> entries(i.n);
        for (size_t k = 0; k < i.n; ++k) entries[k] = {list[2 * k], list[2 * k + 1]};
        for (size_t k = 0; k < i.n; ++k) {
          for (size_t m = 0; m < k && i.n < 64; ++m) {
            if (Value::equal(entries[k].key, entries[m].key) && !Value::equal(entries[k].value, entries[m].value)) {
              return fail(code, pc - 1, "eval_conflict_error", "object keys must be unique");
            }
          }
        }
        r[i.a] = heap_.object(entries);
        break;
      }
      case Op::equal:
        if (!Value::equal(at(i.b), at(i.c))) pc = i.d;
        break;
      case Op::not_equal:
        if (Value::equal(at(i.b), at(i.c))) pc = i.d;
        break;
      case Op::less:
        if (!(Value::compare(at(i.b), at(i.c)) < 0)) pc = i.d;
        break;
      case Op::less_equal:
        if (!(Value::compare(at(i.b), at(i.c)) <= 0)) pc = i.d;
        break;
      case Op::greater:
        if (!(Value::compare(at(i.b), at(i.c)) > 0)) pc = i.d;
        break;
      case Op::greater_equal:
        if (!(Value::compare(at(i.b), at(i.c)) >= 0)) pc = i.d;
        break;
      case Op::member: {
        const Value& what = at(i.b);
        const Value& where = at(i.c);
        bool found = false;
        if (where.is_set()) {
          found = where.find(what).defined();
        } else if (where.is_array()) {
          for (const Value& v : where.items()) {
            if (Value::equal(v, what)) {
              found = true;
              break;
            }
          }
        } else {
          for (const Entry& e : where.entries()) {
            if (Value::equal(e.value, what)) {
              found = true;
              break;
            }
          }
        }
        if (!found) pc = i.d;
        break;
      }
      case Op::truthy:
        if (const Value& v = at(i.b); v.is_false() || !v) pc = i.d;
        break;
      case Op::add:
      case Op::subtract:
      case Op::multiply: {
        const Value &x = at(i.b), &y = at(i.c);
        int64_t result = 0;
        if (x.tag() == Value::Tag::integer && y.tag() == Value::Tag::integer &&
            !(i.op == Op::add        ? __builtin_add_overflow(x.integer(), y.integer(), &result)
              : i.op == Op::subtract ? __builtin_sub_overflow(x.integer(), y.integer(), &result)
                                     : __builtin_mul_overflow(x.integer(), y.integer(), &result))) {
          r[i.a] = Value::of(result);
          break;
        }
        arithmetic.failure = BuiltinCall::Failure::none;
        const Value v = i.op == Op::add        ? rego::add(arithmetic, x, y)
                        : i.op == Op::subtract ? rego::subtract(arithmetic, x, y)
                                               : rego::multiply(arithmetic, x, y);
        if (arithmetic.failure != BuiltinCall::Failure::none) {
          if (options_.strict_builtin_errors) {
            return fail(code, pc - 1, arithmetic.failure == BuiltinCall::Failure::type ? "eval_type_error" : "eval_builtin_error",
                        std::string(i.op == Op::add        ? "plus: "
                                    : i.op == Op::subtract ? "minus: "
                                                           : "mul: ") +
                            arithmetic.message);
          }
          pc = i.d;
          break;
        }
        r[i.a] = v;
        break;
      }
      case Op::array_length:
        if (const Value& v = at(i.b); !v.is_array() || v.size() != i.n) pc = i.d;
        break;
      case Op::object_length:
        if (const Value& v = at(i.b); !v.is_object() || v.size() != i.n) pc = i.d;
        break;
      case Op::collect: {
        if (collector_top_ == collectors_.size()) collectors_.emplace_back();
        collectors_[collector_top_].items.clear();
        collectors_[collector_top_].pairs.clear();
        r[i.a] = Value::of(static_cast<int64_t>(collector_top_++));
        break;
      }
      case Op::put: collectors_[static_cast<size_t>(r[i.a].integer())].items.push_back(at(i.b)); break;
      case Op::put_pair: collectors_[static_cast<size_t>(r[i.a].integer())].pairs.push_back({at(i.b), at(i.c)}); break;
      case Op::take_array: {
        collector_top_ = static_cast<size_t>(r[i.b].integer());
        r[i.a] = heap_.array(collectors_[collector_top_].items);
        break;
      }
      case Op::take_set: {
        collector_top_ = static_cast<size_t>(r[i.b].integer());
        r[i.a] = heap_.set(collectors_[collector_top_].items);
        break;
      }
      case Op::take_object: {
        collector_top_ = static_cast<size_t>(r[i.b].integer());
        auto& pairs = collectors_[collector_top_].pairs;
        merge_sort(pairs, [](const Entry& a, const Entry& b) { return Value::compare(a.key, b.key) < 0; });
        for (size_t k = 1; k < pairs.size(); ++k) {
          if (Value::equal(pairs[k - 1].key, pairs[k].key) && !Value::equal(pairs[k - 1].value, pairs[k].value)) {
            return fail(code, pc - 1, "eval_conflict_error", "object keys must be unique");
          }
        }
        r[i.a] = heap_.object(pairs);
        break;
      }
      case Op::with_push: push(code, i, r); break;
      case Op::with_pop: pop(); break;
      case Op::emit_value: {
        const Value& v = at(i.b);
        if (out.value && !Value::equal(out.value, v)) return conflict(*code.group, code, pc - 1);
        out.value = v;
        if (i.n == 1) return true;
        break;
      }
      case Op::emit_element: {
        out.elements.push_back(at(i.b));
        if (out.elements.size() >= out.compact_at) {
          const auto less = [](const Value& a, const Value& b) { return Value::compare(a, b) < 0; };
          merge_sort(out.elements, less);
          out.elements.erase(std::unique(out.elements.begin(), out.elements.end(), [](const Value& a, const Value& b) { return Value::equal(a, b); }),
                             out.elements.end());
          out.compact_at = out.elements.size() * 2 + 4096;
        }
        break;
      }
      case Op::emit_path: {
        const auto first = static_cast<uint32_t>(out.keys.size());
        for (const Value& key : gather(i.c, i.n)) out.keys.push_back(key);
        out.rows.push_back({first, i.n, i.a == 1, at(i.b)});
        break;
      }
      case Op::emit_row: {
        const auto list = gather(i.c, i.n);
        out.solutions->emplace_back(list.begin(), list.end());
        break;
      }
      case Op::note_case:
        if (cases_ != nullptr) cases_->push_back(heap_.array(gather(i.c, i.n)));
        break;
      case Op::done_if_value:
        if (out.value) return true;
        break;
      case Op::ret: return true;
    }
  }
}

bool Machine::run_query(const CompiledQuery& query, std::vector<std::vector<Value>>& rows) {
  error_.reset();
  exhausted_ = false;
  deadline_ms_ = options_.budget.time_ms == 0 ? 0 : monotonic_ms() + options_.budget.time_ms;
  Output out;
  out.solutions = &rows;
  const bool fine = run(query.code, {}, out);
  context_ = &root_;
  contexts_.clear();
  collector_top_ = 0;
  top_ = 0;
  depth_ = 0;
  return fine;
}

bool Machine::evaluate_path(std::span<const Value> path, Value& out) {
  error_.reset();
  exhausted_ = false;
  deadline_ms_ = options_.budget.time_ms == 0 ? 0 : monotonic_ms() + options_.budget.time_ms;
  Value at = data_value(program_->root, context_->base);
  bool fine = true;
  for (const Value& key : path) {
    Value next;
    fine = dot(at, key, next);
    if (!fine || !next) {
      at = Value();
      break;
    }
    at = next;
  }
  if (fine) fine = force(at, out);
  context_ = &root_;
  contexts_.clear();
  collector_top_ = 0;
  top_ = 0;
  depth_ = 0;
  return fine;
}

}  // namespace waybill::rego
