#include "waybill/rego/generator.h"

#include "waybill/rego/limits.h"

namespace waybill::rego {

void Generator::complain(uint32_t at, std::string code, std::string message) {
  Diagnostic d;
  d.code = std::move(code);
  d.message = std::move(message);
  d.location = {tree_.name, tree_.row_of(at), tree_.column_of(at)};
  d.line = std::string(tree_.line_at(at));
  errors_.push_back(std::move(d));
}

uint32_t Generator::emit(Op op, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint16_t n) {
  code_->instructions.push_back({op, n, a, b, c, d});
  code_->places.push_back(place_);
  return a;
}

uint32_t Generator::constant(Value v) {
  auto& constants = code_->constants;
  for (size_t i = 0; i < constants.size() && i < 64; ++i) {
    if (same(constants[i], v)) return static_cast<uint32_t>(i) | kConstant;
  }
  constants.push_back(v);
  return static_cast<uint32_t>(constants.size() - 1) | kConstant;
}

uint32_t Generator::operand_list(const std::vector<uint32_t>& operands) {
  const auto at = static_cast<uint32_t>(code_->operands.size());
  code_->operands.insert(code_->operands.end(), operands.begin(), operands.end());
  return at;
}

// Labels become instruction numbers.
void Generator::finish() {
  for (Instruction& i : code_->instructions) {
    switch (i.op) {
      case Op::move:
      case Op::base:
      case Op::make_array:
      case Op::make_set:
      case Op::make_object:
      case Op::collect:
      case Op::put:
      case Op::put_pair:
      case Op::take_array:
      case Op::take_set:
      case Op::take_object:
      case Op::with_push:
      case Op::with_pop:
      case Op::emit_value:
      case Op::emit_element:
      case Op::emit_path:
      case Op::emit_row:
      case Op::note_case:
      case Op::done_if_value:
      case Op::ret: break;
      default: i.d = labels_[i.d];
    }
  }
  code_->registers = next_register_;
  code_->tree = &tree_;
  code_->group = group_;
}

Value Generator::literal(Heap& heap, const Term& t) {
  switch (t.kind) {
    case TermKind::null: return Value::null();
    case TermKind::boolean: return Value::of(t.flag);
    case TermKind::number: return heap.number(t.text);
    case TermKind::string: return heap.string(t.text);
    case TermKind::array:
    case TermKind::set: {
      std::vector<Value> items;
      for (const Term* i : t.items) {
        const Value v = literal(heap, *i);
        if (!v) return {};
        items.push_back(v);
      }
      return t.kind == TermKind::array ? heap.array(items) : heap.set(items);
    }
    case TermKind::object: {
      std::vector<Entry> entries;
      for (size_t i = 0; i + 1 < t.items.size(); i += 2) {
        const Value k = literal(heap, *t.items[i]), v = literal(heap, *t.items[i + 1]);
        if (!k || !v) return {};
        entries.push_back({k, v});
      }
      return heap.object(entries);
    }
    default: return {};
  }
}

// ---- bodies ----

void Generator::body(const Body& b) {
  std::vector<const Expr*> waiting(b.exprs.begin(), b.exprs.end());
  std::vector<size_t> index(waiting.size());
  for (size_t i = 0; i < index.size(); ++i) index[i] = i;
  auto* const values = std::exchange(expression_values_, nullptr);
  const auto* cases = std::exchange(case_tail_, nullptr);
  while (!waiting.empty()) {
    bool progress = false;
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (!expr_ready(*waiting[i], bound_)) continue;
      const size_t errors = errors_.size();
      expression_values_ = values;
      expression_index_ = index[i];
      expr(*waiting[i]);
      expression_values_ = nullptr;
      if (cases != nullptr && all_bound(*cases)) {
        std::vector<uint32_t> keys;
        for (const Term* t : *cases) keys.push_back(term(t));
        emit(Op::note_case, 0, 0, operand_list(keys), 0, static_cast<uint16_t>(keys.size()));
        cases = nullptr;
      }
      if (errors_.size() > errors) return;
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      index.erase(index.begin() + static_cast<std::ptrdiff_t>(i));
      progress = true;
      break;
    }
    if (!progress) return complain_unsafe(waiting);
  }
}

void Generator::expr(const Expr& e) {
  place_ = e.begin;
  if (!e.withs.empty()) return with(e);
  plain_expr(e);
}

void Generator::plain_expr(const Expr& e) {
  auto* const values = std::exchange(expression_values_, nullptr);
  if (e.negated) {
    const uint32_t outer = fail_, holds = label();
    const Bound saved = bound_;
    fail_ = holds;
    if (e.kind == ExprKind::not_body) {
      body(*e.body);
    } else {
      Expr inner = e;
      inner.negated = false;
      inner.withs = {};
      plain_expr(inner);
    }
    emit(Op::jump, 0, 0, 0, outer);
    place(holds);
    fail_ = outer;
    bound_ = saved;
    return;
  }
  switch (e.kind) {
    case ExprKind::term: {
      const Term* t = e.left;
      if (t->kind == TermKind::call && values == nullptr) return call_expr(*t);
      if (t->kind == TermKind::call && t->op != nullptr) {
        // The value of f(x, y) with an output is true.
        Callee c;
        if (named_function(t->op, c) && (c.arity + 1 == t->items.size() || c.name == "print")) return call_expr(*t);
      }
      const uint32_t value = term(t);
      if (value != kNone) emit(Op::truthy, 0, value, 0, fail_);
      if (values != nullptr && value != kNone) (*values)[expression_index_] = value;
      return;
    }
    case ExprKind::unify: return unify(e.left, e.right);
    case ExprKind::assign: {
      const uint32_t value = term(e.right);
      if (value != kNone) match(e.left, value);
      return;
    }
    case ExprKind::some_vars: return;
    case ExprKind::some_in: {
      const uint32_t domain = term(e.domain);
      if (domain == kNone) return;
      const uint32_t iterator = temporary();
      temporary();
      emit(Op::scan, iterator, domain, 0, fail_);
      const uint32_t next = label();
      place(next);
      const uint32_t key = e.left != nullptr ? temporary() : kNone, value = temporary();
      emit(Op::next, iterator, key, value, fail_);
      fail_ = next;
      if (e.left != nullptr) match(e.left, key);
      match(e.right, value);
      return;
    }
    case ExprKind::every: {
      const uint32_t domain = term(e.domain);
      if (domain == kNone) return;
      const uint32_t iterator = temporary();
      temporary();
      emit(Op::scan, iterator, domain, 0, fail_);
      const uint32_t next = label(), after = label(), outer = fail_;
      place(next);
      const uint32_t key = e.left != nullptr ? temporary() : kNone, value = temporary();
      emit(Op::next, iterator, key, value, after);
      const Bound saved = bound_;
      if (e.left != nullptr) match(e.left, key);
      match(e.right, value);
      body(*e.body);
      emit(Op::jump, 0, 0, 0, next);
      place(after);
      fail_ = outer;
      bound_ = saved;
      return;
    }
    case ExprKind::not_body: return;
  }
}

// An expression under `with` is run on its own: what it binds is collected, so that the replaced documents are in force
// for it alone and never for the expressions after it.
void Generator::with(const Expr& e) {
  std::vector<uint32_t> values;
  std::vector<WithTarget> targets;
  for (const With& w : e.withs) {
    WithTarget target{};
    const Term* head = w.target->kind == TermKind::ref ? w.target->items[0] : w.target;
    const auto rest = w.target->kind == TermKind::ref ? w.target->items.subspan(1) : std::span<Term*>();
    const auto path_of = [&] {
      for (const Term* t : rest) {
        const Value key = literal(heap_, *t);
        if (!key) complain(t->begin, "rego_compile_error", "with keyword target must be a path of constants");
        target.path.push_back(key);
      }
    };
    uint32_t value = kNone;
    if (head->slot == -2 && head->text == "input") {
      target.kind = WithTarget::Kind::input;
      path_of();
    } else {
      Callee replaced;
      if (named_function(w.target, replaced)) {
        target.kind = replaced.builtin != nullptr ? WithTarget::Kind::builtin : WithTarget::Kind::function;
        target.builtin = replaced.builtin;
        target.group = replaced.group;
        Callee by;
        if (named_function(w.value, by)) {
          target.by_builtin = by.builtin;
          target.by_group = by.group;
          if (by.group != nullptr && group_ != nullptr) group_->uses.push_back(by.group->id);
          value = constant(Value::null());
          if (by.arity != replaced.arity) complain(w.value->begin, "rego_type_error", by.name + ": arity mismatch: it replaces " + replaced.name);
        }
      } else if (head->slot == -2 && head->text == "data") {
        target.kind = WithTarget::Kind::data;
        path_of();
      } else {
        complain(w.target->begin, "rego_type_error", "undefined function " + dotted(*w.target));
        return;
      }
    }
    if (value == kNone) value = term(w.value);
    if (value == kNone) return;
    values.push_back(value);
    targets.push_back(std::move(target));
  }
  code_->withs.push_back(std::move(targets));
  const auto n = static_cast<uint16_t>(values.size());
  const auto with_index = static_cast<uint32_t>(code_->withs.size() - 1);
  const uint32_t list = operand_list(values);

  Vars v;
  expr_vars(e, v);
  std::vector<const Term*> outputs;
  if (!e.negated) {
    const auto add = [&](const Term* t) {
      if (bound_[static_cast<size_t>(t->slot)]) return;
      for (const Term* o : outputs) {
        if (o->slot == t->slot) return;
      }
      outputs.push_back(t);
    };
    for (const Term* t : v.gives) add(t);
    if (e.kind == ExprKind::unify) {
      for (const Term* t : v.needs) add(t);
    }
  }
  const uint32_t outer = fail_;
  if (outputs.empty()) {
    const uint32_t failed = label(), after = label();
    emit(Op::with_push, 0, with_index, list, 0, n);
    fail_ = failed;
    plain_expr(e);
    emit(Op::with_pop);
    emit(Op::jump, 0, 0, 0, after);
    place(failed);
    emit(Op::with_pop);
    emit(Op::jump, 0, 0, 0, outer);
    place(after);
    fail_ = outer;
    return;
  }
  const Bound saved = bound_;
  const uint32_t collected = temporary(), done = label();
  emit(Op::collect, collected);
  emit(Op::with_push, 0, with_index, list, 0, n);
  fail_ = done;
  plain_expr(e);
  std::vector<uint32_t> registers;
  for (const Term* t : outputs) registers.push_back(variable(t->slot));
  const uint32_t row = temporary();
  emit(Op::make_array, row, 0, operand_list(registers), 0, static_cast<uint16_t>(registers.size()));
  emit(Op::put, collected, row);
  emit(Op::jump, 0, 0, 0, fail_);
  place(done);
  emit(Op::with_pop);
  fail_ = outer;
  bound_ = saved;
  const uint32_t rows = temporary(), iterator = temporary();
  temporary();
  emit(Op::take_array, rows, collected);
  emit(Op::scan, iterator, rows, 0, fail_);
  const uint32_t next = label();
  place(next);
  emit(Op::next, iterator, kNone, row, fail_);
  fail_ = next;
  for (size_t i = 0; i < outputs.size(); ++i) {
    emit(Op::dot, variable(outputs[i]->slot), row, constant(Value::of(static_cast<int64_t>(i))), fail_);
    bound_[static_cast<size_t>(outputs[i]->slot)] = 1;
  }
}

void Generator::call_expr(const Term& t) {
  place_ = t.begin;
  if (t.op == nullptr) {
    Op op = Op::ret;
    if (t.text == "equal")
      op = Op::equal;
    else if (t.text == "neq")
      op = Op::not_equal;
    else if (t.text == "lt")
      op = Op::less;
    else if (t.text == "lte")
      op = Op::less_equal;
    else if (t.text == "gt")
      op = Op::greater;
    else if (t.text == "gte")
      op = Op::greater_equal;
    else if (t.text == "internal.member_2")
      op = Op::member;
    if (op != Op::ret) {
      const auto operands = terms(t.items);
      if (operands.empty()) return;
      place_ = t.begin;
      emit(op, 0, operands[0], operands[1], fail_);
      return;
    }
    const uint32_t value = term(&t);
    if (value != kNone) emit(Op::truthy, 0, value, 0, fail_);
    return;
  }
  const Callee c = callee(t);
  if (c.builtin == nullptr && c.group == nullptr) return;
  if (c.builtin != nullptr && c.builtin->name == "print") return print(t);
  if (t.items.size() == c.arity + 1) {
    const uint32_t value = call(t, c.arity);
    if (value != kNone) match(t.items.back(), value);
    return;
  }
  const uint32_t value = call(t, t.items.size());
  if (value != kNone && !(c.builtin != nullptr && c.builtin->no_result)) emit(Op::truthy, 0, value, 0, fail_);
}

// ---- terms ----

std::vector<uint32_t> Generator::terms(std::span<Term* const> list) {
  std::vector<uint32_t> out(list.size(), kNone);
  std::vector<char> done(list.size(), 0);
  for (size_t count = 0; count < list.size(); ++count) {
    size_t chosen = list.size();
    for (size_t i = 0; i < list.size() && chosen == list.size(); ++i) {
      if (!done[i] && value_ready(list[i], bound_)) chosen = i;
    }
    if (chosen == list.size()) {
      for (size_t i = 0; i < list.size() && chosen == list.size(); ++i) {
        if (!done[i]) chosen = i;
      }
    }
    done[chosen] = 1;
    out[chosen] = term(list[chosen]);
    if (out[chosen] == kNone) return {};
  }
  return out;
}

uint32_t Generator::term(const Term* t) {
  if (++depth_ > kMaxNesting) {
    complain(t->begin, "rego_compile_error", "nested deeper than " + std::to_string(kMaxNesting) + " levels");
    --depth_;
    return kNone;
  }
  struct Leave {
    uint32_t& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  switch (t->kind) {
    case TermKind::null:
    case TermKind::boolean:
    case TermKind::number:
    case TermKind::string: return constant(literal(heap_, *t));
    case TermKind::var:
      if (t->slot >= 0) {
        if (!bound_[static_cast<size_t>(t->slot)]) {
          complain(t->begin, "rego_unsafe_var_error", "var " + std::string(t->text) + " is unsafe");
          return kNone;
        }
        return variable(t->slot);
      }
      return ref(*t);
    case TermKind::ref: return ref(*t);
    case TermKind::array:
    case TermKind::set:
    case TermKind::object: {
      if (const Value v = literal(heap_, *t)) return constant(v);
      const auto operands = terms(t->items);
      if (operands.size() != t->items.size()) return kNone;
      const uint32_t out = temporary();
      if (t->kind == TermKind::object)
        emit(Op::make_object, out, 0, operand_list(operands), 0, static_cast<uint16_t>(operands.size() / 2));
      else
        emit(t->kind == TermKind::array ? Op::make_array : Op::make_set, out, 0, operand_list(operands), 0, static_cast<uint16_t>(operands.size()));
      return out;
    }
    case TermKind::call: {
      const uint32_t value = call(*t, t->items.size());
      return value;
    }
    case TermKind::array_comprehension:
    case TermKind::set_comprehension:
    case TermKind::object_comprehension: return comprehension(*t);
    case TermKind::template_string: {
      std::vector<uint32_t> parts;
      for (const Term* i : t->items) {
        const uint32_t part = i->kind == TermKind::set_comprehension ? term(i)
                              : i->kind == TermKind::ref && i->flag  ? collected(i->items[0])
                                                                     : constant(literal(heap_, *i));
        if (part == kNone) return kNone;
        parts.push_back(part);
      }
      const uint32_t array = temporary(), out = temporary();
      emit(Op::make_array, array, 0, operand_list(parts), 0, static_cast<uint16_t>(parts.size()));
      const Builtin* builtin = find_builtin("internal.template_string");
      emit(Op::builtin, out, static_cast<uint32_t>(builtin - all_builtins().data()), operand_list({array}), fail_, 1);
      return out;
    }
  }
  return kNone;
}

// {x | x := t}: for print and template strings, where undefined is not the end.
uint32_t Generator::collected(const Term* t) {
  if (const Value v = literal(heap_, *t)) {
    return constant(heap_.set(std::span<const Value>(&v, 1)));
  }
  const uint32_t outer = fail_, done = label(), collector = temporary(), out = temporary();
  const Bound saved = bound_;
  emit(Op::collect, collector);
  fail_ = done;
  const uint32_t value = term(t);
  if (value == kNone) return kNone;
  emit(Op::put, collector, value);
  emit(Op::jump, 0, 0, 0, fail_);
  place(done);
  emit(Op::take_set, out, collector);
  fail_ = outer;
  bound_ = saved;
  return out;
}

void Generator::print(const Term& t) {
  if (!program_.options.keep_print) return;
  std::vector<uint32_t> sets;
  for (const Term* i : t.items) {
    const uint32_t set = collected(i);
    if (set == kNone) return;
    sets.push_back(set);
  }
  const uint32_t array = temporary(), out = temporary();
  place_ = t.begin;
  emit(Op::make_array, array, 0, operand_list(sets), 0, static_cast<uint16_t>(sets.size()));
  const Builtin* builtin = find_builtin("internal.print");
  emit(Op::builtin, out, static_cast<uint32_t>(builtin - all_builtins().data()), operand_list({array}), fail_, 1);
}

uint32_t Generator::comprehension(const Term& t) {
  const uint32_t outer = fail_, done = label(), collector = temporary(), out = temporary();
  const Bound saved = bound_;
  const uint32_t at = place_;
  emit(Op::collect, collector);
  fail_ = done;
  const size_t errors = errors_.size();
  body(*t.body);
  if (errors_.size() > errors) return kNone;
  place_ = t.begin;
  if (t.kind == TermKind::object_comprehension) {
    const auto pair = terms(t.items);
    if (pair.size() != 2) return kNone;
    emit(Op::put_pair, collector, pair[0], pair[1]);
  } else {
    const uint32_t value = term(t.items[0]);
    if (value == kNone) return kNone;
    emit(Op::put, collector, value);
  }
  emit(Op::jump, 0, 0, 0, fail_);
  place(done);
  emit(t.kind == TermKind::array_comprehension ? Op::take_array : t.kind == TermKind::set_comprehension ? Op::take_set : Op::take_object, out, collector);
  place_ = at;
  fail_ = outer;
  bound_ = saved;
  return out;
}

// What a ref into data may touch, for the dependency graph.
void Generator::uses_data(std::span<Term* const> operands) {
  if (group_ == nullptr) return;
  std::vector<const Node*> at{&program_.root};
  for (const Term* o : operands) {
    std::vector<const Node*> below;
    for (const Node* n : at) {
      if (n->group != nullptr) {
        group_->uses.push_back(n->group->id);
        continue;
      }
      if (o->kind == TermKind::string) {
        if (const Node* c = n->child(o->text)) below.push_back(c);
      } else if (o->kind == TermKind::var || o->kind == TermKind::ref || o->kind == TermKind::call) {
        for (const auto& c : n->ordered) below.push_back(c.get());
      }
    }
    at = std::move(below);
  }
  while (!at.empty()) {
    const Node* n = at.back();
    at.pop_back();
    if (n->group != nullptr) group_->uses.push_back(n->group->id);
    for (const auto& c : n->ordered) at.push_back(c.get());
  }
}

uint32_t Generator::step(uint32_t base, const Term* o) {
  const bool pattern = has_unbound_pattern(o, bound_);
  if (is_unbound_var(o, bound_) || pattern) {
    const uint32_t iterator = temporary();
    temporary();
    emit(Op::scan, iterator, base, 0, fail_);
    const uint32_t next = label();
    place(next);
    const bool ignored = !pattern && o->flag;
    const uint32_t key = ignored ? kNone : pattern ? temporary() : variable(o->slot), value = temporary();
    emit(Op::next, iterator, key, value, fail_);
    fail_ = next;
    if (pattern)
      match(o, key);
    else if (!ignored)
      bound_[static_cast<size_t>(o->slot)] = 1;
    else
      bound_[static_cast<size_t>(o->slot)] = 0;
    return value;
  }
  const uint32_t key = term(o);
  if (key == kNone) return kNone;
  const uint32_t out = temporary();
  emit(Op::dot, out, base, key, fail_);
  return out;
}

uint32_t Generator::ref(const Term& t) {
  const uint32_t at = place_;
  const Term* head = t.kind == TermKind::ref ? t.items[0] : &t;
  auto operands = t.kind == TermKind::ref ? std::span<Term* const>(t.items).subspan(1) : std::span<Term* const>();
  // Operands that open no loop and are not plain are computed first, so that x[f(y)] fails early and loops nest right.
  uint32_t base = kNone;
  bool force = false;
  if (head->kind == TermKind::var && head->slot == -2 && head->text == "input") {
    if (group_ != nullptr) {
      std::string path;
      size_t i = 0;
      for (; i < operands.size() && operands[i]->kind == TermKind::string; ++i) {
        if (i > 0) path += '.';
        path += operands[i]->text;
      }
      if (i == 0)
        group_->input_all = true;
      else
        group_->input_paths.push_back(path);
      group_->reads_input = true;
    }
    base = temporary();
    emit(Op::input, base, 0, 0, fail_);
  } else if (head->kind == TermKind::var && head->slot == -2) {
    uses_data(operands);
    const Node* node = &program_.root;
    size_t i = 0;
    for (; i < operands.size() && node->group == nullptr; ++i) {
      if (operands[i]->kind != TermKind::string) break;
      const Node* next = node->child(operands[i]->text);
      if (next == nullptr) break;
      node = next;
    }
    base = temporary();
    if (node->group != nullptr) {
      if (node->group->kind == GroupKind::function) {
        complain(t.begin, "rego_type_error", "function " + node->group->name + " used as a value: call it with its arguments");
        return kNone;
      }
      emit(Op::rule, base, node->group->id, 0, fail_);
      operands = operands.subspan(i);
    } else if (i < operands.size() && operands[i]->kind == TermKind::string) {
      emit(Op::base, base);  // no rule on this path: base documents only
    } else {
      emit(Op::node, base, node->depth == 0 ? 0 : static_cast<uint32_t>(code_->operands.size()), 0, fail_);
      // The node is found by its path at run time: programs are shared, pointers in code are not.
      std::vector<uint32_t> path;
      for (const Node* n = node; n->parent != nullptr; n = n->parent) path.insert(path.begin(), constant(n->key));
      code_->instructions.back().b = operand_list(path);
      code_->instructions.back().n = static_cast<uint16_t>(path.size());
      operands = operands.subspan(i);
      force = true;
    }
  } else {
    base = term(head);
  }
  for (const Term* o : operands) {
    if (base == kNone) return kNone;
    place_ = at;
    base = step(base, o);
  }
  if (base == kNone) return kNone;
  if (force) {
    const uint32_t out = temporary();
    emit(Op::force, out, base, 0, fail_);
    return out;
  }
  return base;
}

std::string Generator::dotted(const Term& t) const {
  if (t.kind == TermKind::var) return std::string(t.text);
  std::string out;
  for (const Term* i : t.items) {
    if (i->kind != TermKind::var && i->kind != TermKind::string) return "";
    if (!out.empty()) out += '.';
    out += i->text;
  }
  return out;
}

Generator::Callee Generator::function_named(const Term& t) {
  Callee c;
  const Term* head = t.kind == TermKind::ref ? t.items[0] : &t;
  c.name = dotted(t);
  if (head->kind == TermKind::var && head->slot == -2 && head->text == "data" && t.kind == TermKind::ref) {
    const Node* node = &program_.root;
    for (const Term* o : t.items.subspan(1)) {
      if (o->kind != TermKind::string) return c;
      node = node->child(o->text);
      if (node == nullptr) return c;
    }
    if (node->group != nullptr && node->group->kind == GroupKind::function) {
      c.group = node->group;
      c.arity = node->group->arity;
    }
  } else if (head->kind == TermKind::var && head->slot == -1) {
    c.builtin = find_builtin(c.name);
    if (c.builtin != nullptr) c.arity = c.builtin->arity;
  }
  return c;
}

bool Generator::named_function(const Term* t, Callee& out) {
  if (t == nullptr || (t->kind != TermKind::var && t->kind != TermKind::ref)) return false;
  out = function_named(*t);
  return out.builtin != nullptr || out.group != nullptr;
}

Generator::Callee Generator::callee(const Term& t) {
  Callee c;
  if (t.op == nullptr) {
    c.name = t.text;
    c.builtin = find_builtin(t.text);
    if (c.builtin != nullptr) c.arity = c.builtin->arity;
    return c;
  }
  c = function_named(*t.op);
  if (c.builtin == nullptr && c.group == nullptr) {
    complain(t.begin, "rego_type_error",
             "undefined function " + (c.name.empty() ? std::string(tree_.text.substr(t.op->begin, t.op->end - t.op->begin)) : c.name));
    return c;
  }
  const bool print = c.builtin != nullptr && c.builtin->name == "print";
  if (!print && t.items.size() != c.arity && t.items.size() != c.arity + 1) {
    complain(t.begin, "rego_type_error",
             c.name + ": arity mismatch\n\thave: " + std::to_string(t.items.size()) + " operands\n\twant: " + std::to_string(c.arity));
    return {};
  }
  return c;
}

uint32_t Generator::call(const Term& t, size_t arguments) {
  const Callee c = callee(t);
  if (c.builtin == nullptr && c.group == nullptr) return kNone;
  if (c.builtin != nullptr && c.builtin->name.starts_with("rego.metadata.")) return constant(metadata(c.builtin->name == "rego.metadata.chain"));
  if (arguments != c.arity && !(c.builtin != nullptr && c.builtin->name == "print")) {
    complain(t.begin, "rego_type_error", c.name + ": arity mismatch\n\thave: " + std::to_string(arguments) + " operands\n\twant: " + std::to_string(c.arity));
    return kNone;
  }
  const auto operands = terms(std::span<Term* const>(t.items).first(arguments));
  if (operands.size() != arguments) return kNone;
  place_ = t.begin;
  const uint32_t out = temporary();
  if (c.group != nullptr) {
    if (group_ != nullptr) group_->uses.push_back(c.group->id);
    emit(Op::function, out, c.group->id, operand_list(operands), fail_, static_cast<uint16_t>(arguments));
    return out;
  }
  const bool plain = t.op == nullptr;
  if (c.builtin->name == "plus") return emit(Op::add, out, operands[0], operands[1], fail_);
  if (c.builtin->name == "mul") return emit(Op::multiply, out, operands[0], operands[1], fail_);
  if (plain && c.builtin->name == "minus") return emit(Op::subtract, out, operands[0], operands[1], fail_);
  emit(Op::builtin, out, static_cast<uint32_t>(c.builtin - all_builtins().data()), operand_list(operands), fail_, static_cast<uint16_t>(arguments));
  if (!c.builtin->relation) return out;
  const uint32_t iterator = temporary();
  temporary();
  emit(Op::scan, iterator, out, 0, fail_);
  const uint32_t next = label();
  place(next);
  const uint32_t value = temporary();
  emit(Op::next, iterator, kNone, value, fail_);
  fail_ = next;
  return value;
}

// ---- unification ----

void Generator::bind(const Term* var, uint32_t operand) {
  emit(Op::move, variable(var->slot), operand);
  bound_[static_cast<size_t>(var->slot)] = 1;
}

void Generator::match(const Term* pattern, uint32_t operand) {
  if (pattern == nullptr) return;
  if (is_unbound_var(pattern, bound_)) return bind(pattern, operand);
  if (has_unbound_pattern(pattern, bound_)) {
    const bool array = pattern->kind == TermKind::array;
    const size_t n = array ? pattern->items.size() : pattern->items.size() / 2;
    emit(array ? Op::array_length : Op::object_length, 0, operand, 0, fail_, static_cast<uint16_t>(n));
    // Plain variables first: the other items may need them.
    for (int pass = 0; pass < 2; ++pass) {
      for (size_t i = 0; i < n; ++i) {
        const Term* item = array ? pattern->items[i] : pattern->items[2 * i + 1];
        if ((item->kind == TermKind::var) != (pass == 0)) continue;
        const uint32_t key = array ? constant(Value::of(static_cast<int64_t>(i))) : term(pattern->items[2 * i]);
        if (key == kNone) return;
        if (is_unbound_var(item, bound_)) {
          emit(Op::dot, variable(item->slot), operand, key, fail_);
          bound_[static_cast<size_t>(item->slot)] = 1;
          continue;
        }
        const uint32_t part = temporary();
        emit(Op::dot, part, operand, key, fail_);
        match(item, part);
      }
    }
    return;
  }
  const uint32_t value = term(pattern);
  if (value != kNone) emit(Op::equal, 0, value, operand, fail_);
}

void Generator::unify(const Term* a, const Term* b) {
  if (is_unbound_var(a, bound_) || is_unbound_var(b, bound_)) {
    const Term* var = is_unbound_var(a, bound_) ? a : b;
    const uint32_t value = term(var == a ? b : a);
    if (value == kNone) return;
    // The term may have bound the variable itself (x = foo[x]).
    match(var, value);
    return;
  }
  const bool open = has_unbound_pattern(a, bound_) || has_unbound_pattern(b, bound_);
  if (a->kind == TermKind::array && b->kind == TermKind::array) {
    if (a->items.size() != b->items.size()) {
      emit(Op::jump, 0, 0, 0, fail_);
      return;
    }
    std::vector<char> done(a->items.size(), 0);
    for (size_t count = 0; count < done.size(); ++count) {
      size_t chosen = done.size();
      for (size_t i = 0; i < done.size() && chosen == done.size(); ++i) {
        Bound copy = bound_;
        if (!done[i] && unify_ready(a->items[i], b->items[i], copy)) chosen = i;
      }
      if (chosen == done.size()) {
        complain(a->begin, "rego_unsafe_var_error", "variables of this unification cannot be bound");
        return;
      }
      done[chosen] = 1;
      unify(a->items[chosen], b->items[chosen]);
    }
    return;
  }
  if (open && a->kind == TermKind::object && b->kind == TermKind::object) {
    if (a->items.size() == b->items.size()) {
      bool all = true;
      std::vector<std::pair<const Term*, const Term*>> pairs;
      for (size_t i = 0; i < a->items.size() && all; i += 2) {
        bool found = false;
        for (size_t j = 0; j < b->items.size() && !found; j += 2) {
          if (same_key(a->items[i], b->items[j])) {
            pairs.emplace_back(a->items[i + 1], b->items[j + 1]);
            found = true;
          }
        }
        all = found;
      }
      if (all) {
        for (const auto& [x, y] : pairs) unify(x, y);
        return;
      }
    }
  }
  if (has_unbound_pattern(a, bound_)) {
    const uint32_t value = term(b);
    if (value != kNone) match(a, value);
    return;
  }
  if (has_unbound_pattern(b, bound_)) {
    const uint32_t value = term(a);
    if (value != kNone) match(b, value);
    return;
  }
  Term* both[] = {const_cast<Term*>(a), const_cast<Term*>(b)};
  const auto operands = terms(both);
  if (operands.size() == 2) emit(Op::equal, 0, operands[0], operands[1], fail_);
}

// ---- clauses and queries ----

bool Generator::all_bound(const std::vector<Term*>& list) const {
  for (const Term* t : list) {
    if (!value_ready(t, bound_)) return false;
  }
  return true;
}

void Generator::clause(Clause& clause, GroupKind kind, uint32_t arity) {
  rule_ = clause.rule;
  code_ = &clause.code;
  arity_ = arity;
  const Rule& rule = *clause.rule;
  bound_.assign(static_cast<size_t>(rule.slots), 0);
  next_register_ = arity + static_cast<uint32_t>(rule.slots);
  const uint32_t end = label();
  fail_ = end;
  place_ = rule.begin;
  for (uint32_t i = 0; i < rule.args.size(); ++i) match(rule.args[i], i);
  const Bound arguments = bound_;
  const uint32_t argument_fail = fail_;
  const size_t errors = errors_.size();
  for (const Rule* r = &rule; r != nullptr; r = r->otherwise) {
    const uint32_t failed = label();
    fail_ = failed;
    bound_ = arguments;
    place_ = r->begin;
    const bool test = !clause.tail.empty() && (r->name[0]->text.starts_with("test_") || r->name[0]->text.starts_with("todo_test_"));
    case_tail_ = test ? &clause.tail : nullptr;
    if (r->body != nullptr) body(*r->body);
    case_tail_ = nullptr;
    if (errors_.size() > errors) break;
    place_ = r->begin;
    switch (kind) {
      case GroupKind::complete:
      case GroupKind::function: {
        Value fixed = Value::of(true);
        if (r->value != nullptr) fixed = literal(heap_, *r->value);
        const uint32_t value = fixed ? constant(fixed) : term(r->value);
        if (value == kNone) break;
        place_ = r->begin;
        emit(Op::emit_value, 0, value, 0, 0, fixed ? 1 : 0);
        break;
      }
      case GroupKind::partial_set: {
        const uint32_t value = term(r->key);
        if (value != kNone) emit(Op::emit_element, 0, value);
        break;
      }
      case GroupKind::partial_object: {
        std::vector<uint32_t> keys;
        for (const Value& v : clause.tail_prefix) keys.push_back(constant(v));
        bool fine = true;
        for (const Term* t : clause.tail) {
          const uint32_t key = term(t);
          fine &= key != kNone;
          keys.push_back(key);
        }
        if (!fine) break;
        const uint32_t value = r->key != nullptr ? term(r->key) : r->value != nullptr ? term(r->value) : constant(Value::of(true));
        if (value == kNone) break;
        place_ = r->begin;
        emit(Op::emit_path, r->key != nullptr ? 1 : 0, value, operand_list(keys), 0, static_cast<uint16_t>(keys.size()));
        break;
      }
    }
    emit(Op::jump, 0, 0, 0, fail_);
    place(failed);
    if (r->otherwise != nullptr) emit(Op::done_if_value);
  }
  static_cast<void>(argument_fail);
  place(end);
  emit(Op::ret);
  finish();
}

void Generator::query(const Body& b, int32_t slots, const std::vector<std::pair<std::string, int32_t>>& variables, CompiledQuery& out) {
  code_ = &out.code;
  bound_.assign(static_cast<size_t>(slots), 0);
  next_register_ = static_cast<uint32_t>(slots);
  const uint32_t end = label();
  fail_ = end;
  std::vector<uint32_t> values(b.exprs.size(), kNone);
  expression_values_ = &values;
  body(b);
  expression_values_ = nullptr;
  std::vector<uint32_t> row;
  for (const auto& [name, slot] : variables) {
    if (bound_[static_cast<size_t>(slot)] == 0 || name.starts_with('$')) continue;
    out.variables.push_back(name);
    row.push_back(variable(slot));
  }
  for (uint32_t v : values) row.push_back(v == kNone ? constant(Value::of(true)) : v);
  out.expressions = values.size();
  emit(Op::emit_row, 0, 0, operand_list(row), 0, static_cast<uint16_t>(row.size()));
  emit(Op::jump, 0, 0, 0, fail_);
  place(end);
  emit(Op::ret);
  finish();
}

}  // namespace waybill::rego
