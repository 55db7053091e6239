// What each expression needs and gives: the part of the generator that orders bodies.
#include "waybill/rego/generator.h"

namespace waybill::rego {

// Keys of two object literals that are the same text or the same variable.
bool Generator::same_key(const Term* a, const Term* b) {
  if (a->kind != b->kind) return false;
  if (a->kind == TermKind::string || a->kind == TermKind::number) return a->text == b->text;
  return a->kind == TermKind::var && a->slot >= 0 && a->slot == b->slot;
}

void Generator::closure_vars(const Body& b, int32_t first, int32_t last, Vars& v) const {
  for (const Expr* e : b.exprs) closure_vars(*e, first, last, v);
}

void Generator::closure_vars(const Expr& e, int32_t first, int32_t last, Vars& v) const {
  closure_vars(e.left, first, last, v);
  closure_vars(e.right, first, last, v);
  closure_vars(e.domain, first, last, v);
  if (e.body != nullptr) closure_vars(*e.body, first, last, v);
  for (const With& w : e.withs) closure_vars(w.value, first, last, v);
}

// Every variable from outside [first, last) that a closure mentions must be bound before it.
void Generator::closure_vars(const Term* t, int32_t first, int32_t last, Vars& v) const {
  if (t == nullptr) return;
  if (t->kind == TermKind::var) {
    if (t->slot >= 0 && (t->slot < first || t->slot >= last)) v.needs.push_back(t);
    return;
  }
  for (const Term* item : t->items) closure_vars(item, first, last, v);
  if (t->body != nullptr) closure_vars(*t->body, first, last, v);
}

void Generator::value_vars(const Term* t, Vars& v) const {
  if (t == nullptr) return;
  switch (t->kind) {
    case TermKind::var:
      if (t->slot >= 0) v.needs.push_back(t);
      return;
    case TermKind::ref:
      value_vars(t->items[0], v);
      for (const Term* o : t->items.subspan(1)) operand_vars(o, v);
      return;
    case TermKind::array:
    case TermKind::set:
    case TermKind::object:
    case TermKind::call:
      for (const Term* i : t->items) value_vars(i, v);
      return;
    case TermKind::template_string:
      for (const Term* i : t->items) {
        Vars inner;
        value_vars(i->kind == TermKind::ref && i->flag ? i->items[0] : i, inner);
        for (const Term* need : inner.needs) {
          bool given = false;
          for (const Term* g : inner.gives) given |= g->slot == need->slot;
          if (!given) v.needs.push_back(need);
        }
      }
      return;
    case TermKind::array_comprehension:
    case TermKind::set_comprehension:
    case TermKind::object_comprehension:
      closure_vars(*t->body, t->body->first_slot, t->body->last_slot, v);
      for (const Term* i : t->items) closure_vars(i, t->body->first_slot, t->body->last_slot, v);
      return;
    default: return;
  }
}

void Generator::operand_vars(const Term* t, Vars& v) const {
  if (t->kind == TermKind::var && t->slot >= 0)
    v.gives.push_back(t);
  else if (t->kind == TermKind::array || t->kind == TermKind::object)
    pattern_vars(t, v);
  else
    value_vars(t, v);
}

void Generator::pattern_vars(const Term* t, Vars& v) const {
  if (t == nullptr) return;
  switch (t->kind) {
    case TermKind::var:
      if (t->slot >= 0) v.gives.push_back(t);
      return;
    case TermKind::array:
      for (const Term* i : t->items) pattern_vars(i, v);
      return;
    case TermKind::object:
      for (size_t i = 0; i < t->items.size(); ++i) {
        if (i % 2 == 0)
          value_vars(t->items[i], v);
        else
          pattern_vars(t->items[i], v);
      }
      return;
    default: value_vars(t, v);
  }
}

void Generator::mark(const Vars& v, Bound& bound) const {
  for (const Term* t : v.gives) bound[static_cast<size_t>(t->slot)] = 1;
}

bool Generator::satisfied(const Vars& v, const Bound& bound) const {
  for (const Term* need : v.needs) {
    if (bound[static_cast<size_t>(need->slot)]) continue;
    bool given = false;
    for (const Term* g : v.gives) {
      if (g->slot == need->slot) {
        given = true;
        break;
      }
    }
    if (!given) return false;
  }
  return true;
}

bool Generator::value_ready(const Term* t, const Bound& bound) const {
  Vars v;
  value_vars(t, v);
  return satisfied(v, bound);
}

bool Generator::is_unbound_var(const Term* t, const Bound& bound) const {
  return t->kind == TermKind::var && t->slot >= 0 && !bound[static_cast<size_t>(t->slot)];
}

bool Generator::has_unbound_pattern(const Term* t, const Bound& bound) const {
  if (t->kind != TermKind::array && t->kind != TermKind::object) return false;
  Vars v;
  pattern_vars(t, v);
  for (const Term* g : v.gives) {
    if (!bound[static_cast<size_t>(g->slot)]) return true;
  }
  return false;
}

bool Generator::unify_ready(const Term* a, const Term* b, Bound& bound) const {
  if (is_unbound_var(a, bound) || is_unbound_var(b, bound)) {
    const Term* var = is_unbound_var(a, bound) ? a : b;
    const Term* other = var == a ? b : a;
    if (var->flag && !is_unbound_var(other, bound)) {
      // _ = anything
    }
    Vars v;
    value_vars(other, v);
    if (!satisfied(v, bound)) return false;
    for (const Term* need : v.needs) {
      if (need->slot == var->slot) return false;
    }
    mark(v, bound);
    bound[static_cast<size_t>(var->slot)] = 1;
    return true;
  }
  if (a->kind == TermKind::array && b->kind == TermKind::array && a->items.size() == b->items.size()) {
    std::vector<char> done(a->items.size(), 0);
    for (bool progress = true; progress;) {
      progress = false;
      for (size_t i = 0; i < done.size(); ++i) {
        if (done[i]) continue;
        Bound copy = bound;
        if (unify_ready(a->items[i], b->items[i], copy)) {
          bound = std::move(copy);
          done[i] = 1;
          progress = true;
        }
      }
    }
    return std::find(done.begin(), done.end(), 0) == done.end();
  }
  if (a->kind == TermKind::object && b->kind == TermKind::object && a->items.size() == b->items.size() &&
      (has_unbound_pattern(a, bound) || has_unbound_pattern(b, bound))) {
    for (size_t i = 0; i < a->items.size(); i += 2) {
      bool found = false;
      for (size_t j = 0; j < b->items.size() && !found; j += 2) {
        if (same_key(a->items[i], b->items[j])) {
          found = true;
          if (!unify_ready(a->items[i + 1], b->items[j + 1], bound)) return false;
        }
      }
      if (!found) return value_ready(a, bound) && value_ready(b, bound);
    }
    return true;
  }
  for (int swap = 0; swap < 2; ++swap) {
    const Term* pattern = swap == 0 ? a : b;
    const Term* other = swap == 0 ? b : a;
    if (has_unbound_pattern(pattern, bound)) {
      Vars v;
      pattern_vars(pattern, v);
      if (!value_ready(other, bound)) return false;
      Vars w;
      value_vars(other, w);
      mark(w, bound);
      if (!satisfied(v, bound)) return false;
      mark(v, bound);
      return true;
    }
  }
  Vars v;
  value_vars(a, v);
  value_vars(b, v);
  if (!satisfied(v, bound)) return false;
  mark(v, bound);
  return true;
}

void Generator::expr_vars(const Expr& e, Vars& v) const {
  switch (e.kind) {
    case ExprKind::term: {
      const Term* t = e.left;
      if (t->kind == TermKind::call && t->op != nullptr && t->items.size() > 0) {
        Generator* self = const_cast<Generator*>(this);
        Callee c;
        if (self->named_function(t->op, c) && c.arity + 1 == t->items.size()) {
          for (const Term* i : t->items.first(t->items.size() - 1)) value_vars(i, v);
          pattern_vars(t->items.back(), v);
          return;
        }
      }
      value_vars(t, v);
      return;
    }
    case ExprKind::unify:
      value_vars(e.left, v);
      value_vars(e.right, v);
      return;
    case ExprKind::assign:
      value_vars(e.right, v);
      pattern_vars(e.left, v);
      return;
    case ExprKind::some_vars: return;
    case ExprKind::some_in:
      value_vars(e.domain, v);
      pattern_vars(e.left, v);
      pattern_vars(e.right, v);
      return;
    case ExprKind::every:
      value_vars(e.domain, v);
      closure_vars(*e.body, e.first_slot, e.last_slot, v);
      return;
    case ExprKind::not_body: closure_vars(*e.body, e.first_slot, e.last_slot, v); return;
  }
}

bool Generator::expr_ready(const Expr& e, const Bound& bound) const {
  Vars withs;
  for (const With& w : e.withs) value_vars(w.value, withs);
  if (!satisfied(withs, bound)) return false;
  if (e.negated && e.kind != ExprKind::not_body) {
    Vars v;
    expr_vars(e, v);
    for (const Term* t : v.needs) {
      if (!bound[static_cast<size_t>(t->slot)]) return false;
    }
    for (const Term* t : v.gives) {
      if (!bound[static_cast<size_t>(t->slot)]) return false;
    }
    return true;
  }
  if (e.kind == ExprKind::unify) {
    Bound copy = bound;
    return unify_ready(e.left, e.right, copy);
  }
  Vars v;
  expr_vars(e, v);
  if (e.kind == ExprKind::every) {
    // The body may mention only what is bound already; the domain may open loops.
    Vars domain;
    value_vars(e.domain, domain);
    Bound copy = bound;
    if (!satisfied(domain, bound)) return false;
    mark(domain, copy);
    Vars inner;
    closure_vars(*e.body, e.first_slot, e.last_slot, inner);
    return satisfied(inner, copy);
  }
  if (e.kind == ExprKind::assign) {
    Vars right;
    value_vars(e.right, right);
    if (!satisfied(right, bound)) return false;
    Bound copy = bound;
    mark(right, copy);
    Vars left;
    pattern_vars(e.left, left);
    return satisfied(left, copy);
  }
  if (e.kind == ExprKind::some_in) {
    Vars domain, pattern;
    value_vars(e.domain, domain);
    if (!satisfied(domain, bound)) return false;
    Bound copy = bound;
    mark(domain, copy);
    pattern_vars(e.left, pattern);
    pattern_vars(e.right, pattern);
    return satisfied(pattern, copy);
  }
  return satisfied(v, bound);
}

void Generator::complain_unsafe(const std::vector<const Expr*>& exprs) {
  std::vector<int32_t> said;
  for (const Expr* e : exprs) {
    Vars v;
    expr_vars(*e, v);
    for (const With& w : e->withs) value_vars(w.value, v);
    const auto say = [&](const Term* t) {
      if (bound_[static_cast<size_t>(t->slot)] || std::find(said.begin(), said.end(), t->slot) != said.end()) return;
      said.push_back(t->slot);
      complain(t->begin, "rego_unsafe_var_error", "var " + std::string(t->text) + " is unsafe");
    };
    for (const Term* t : v.needs) {
      bool given = false;
      for (const Term* g : v.gives) given |= g->slot == t->slot;
      if (!given || e->negated) say(t);
    }
    if (e->negated) {
      for (const Term* t : v.gives) say(t);
    }
    if (e->kind == ExprKind::unify && said.empty()) {
      for (const Term* t : v.needs) say(t);
    }
  }
}

}  // namespace waybill::rego
