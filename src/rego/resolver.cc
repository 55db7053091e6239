#include "waybill/rego/resolver.h"

#include <algorithm>

namespace waybill::rego {

void Resolver::complain(uint32_t place, std::string code, std::string message) {
  Diagnostic d;
  d.code = std::move(code);
  d.message = std::move(message);
  d.location = {tree_.name, tree_.row_of(place), tree_.column_of(place)};
  d.line = std::string(tree_.line_at(place));
  errors_.push_back(std::move(d));
}

const Resolver::Variable* Resolver::find(std::string_view name) const {
  for (auto it = scope_.rbegin(); it != scope_.rend(); ++it) {
    if (it->name == name) return &*it;
  }
  return nullptr;
}

int32_t Resolver::declare(std::string_view name, Variable::How how, uint32_t place) {
  scope_.push_back({name, next_slot_, how, body_, place});
  if (how != Variable::How::implicit) all_declared_.push_back({name, next_slot_, place, arguments_});
  return next_slot_++;
}

bool Resolver::is_global(std::string_view name) const {
  return name == "input" || name == "data" || names_.imports.contains(name) || names_.rules.contains(name);
}

// Variables that a pattern brings in (some … in, :=, every, arguments): only in arrays, objects, and by themselves.
void Resolver::find_declared(Term* term, std::vector<std::string_view>& out) const {
  if (term == nullptr) return;
  switch (term->kind) {
    case TermKind::var:
      if (!term->flag) out.push_back(term->text);
      break;
    case TermKind::array:
      for (Term* t : term->items) find_declared(t, out);
      break;
    case TermKind::object:
      for (size_t i = 1; i < term->items.size(); i += 2) find_declared(term->items[i], out);
      break;
    default: break;
  }
}

void Resolver::declare_pattern(Term* term, std::string_view complaint) {
  if (term == nullptr) return;
  switch (term->kind) {
    case TermKind::var: {
      if (term->flag) {
        term->slot = next_slot_++;
        return;
      }
      if (!complaint.empty()) {
        for (const auto& v : scope_) {
          if (v.name == term->text && v.body == body_) {
            if (v.how == Variable::How::implicit)
              complain(term->begin, "rego_compile_error", "var " + std::string(term->text) + " referenced above");
            else
              complain(term->begin, "rego_compile_error", "var " + std::string(term->text) + " " + std::string(complaint));
            term->slot = v.slot;
            return;
          }
        }
      } else if (const Variable* v = find(term->text); v != nullptr && v->body == body_) {
        term->slot = v->slot;
        return;
      }
      term->slot = declare(term->text, Variable::How::declared, term->begin);
      return;
    }
    case TermKind::array:
      for (Term* t : term->items) declare_pattern(t, complaint);
      return;
    case TermKind::object:
      for (size_t i = 0; i < term->items.size(); ++i) {
        if (i % 2 == 0)
          resolve_term(term->items[i]);
        else
          declare_pattern(term->items[i], complaint);
      }
      return;
    default: resolve_term(term);
  }
}

// Undeclared variables of this body become its own before closures are looked at.
void Resolver::find_implicit(Term* term) {
  if (term == nullptr) return;
  switch (term->kind) {
    case TermKind::var:
      if (term->flag || term->slot >= 0) return;
      if (find(term->text) != nullptr || is_global(term->text)) return;
      if (std::find(declared_later_.begin(), declared_later_.end(), term->text) != declared_later_.end()) return;
      declare(term->text, Variable::How::implicit, term->begin);
      return;
    case TermKind::ref: {
      for (Term* t : term->items) find_implicit(t);
      return;
    }
    case TermKind::array:
    case TermKind::object:
    case TermKind::set:
    case TermKind::call:
    case TermKind::template_string:
      for (Term* t : term->items) find_implicit(t);
      return;
    default: return;
  }
}

void Resolver::find_implicit(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::term: find_implicit(expr.left); break;
    case ExprKind::unify: find_implicit(expr.left), find_implicit(expr.right); break;
    case ExprKind::assign: find_implicit(expr.right); break;
    case ExprKind::some_in:
    case ExprKind::every: find_implicit(expr.domain); break;
    case ExprKind::some_vars:
    case ExprKind::not_body: break;
  }
  for (const With& w : expr.withs) {
    if (!names_builtin(w.value)) find_implicit(w.value);
  }
}

void Resolver::make_ref(Term* term, const std::vector<std::string_view>& path, std::span<Term*> rest) {
  const auto make = [&](TermKind kind, std::string_view text) {
    Term* t = new (tree_.arena.allocate(sizeof(Term), alignof(Term))) Term();
    t->kind = kind;
    t->text = text;
    t->begin = term->begin;
    t->end = term->end;
    t->slot = kind == TermKind::var ? -2 : -1;
    return t;
  };
  const size_t n = path.size() + rest.size();
  if (n == 1) {
    term->kind = TermKind::var;
    term->text = path[0];
    term->slot = -2;
    return;
  }
  Term** items = tree_.arena.allocate_array<Term*>(n);
  items[0] = make(TermKind::var, path[0]);
  for (size_t i = 1; i < path.size(); ++i) items[i] = make(TermKind::string, path[i]);
  for (size_t i = 0; i < rest.size(); ++i) items[path.size() + i] = rest[i];
  term->kind = TermKind::ref;
  term->items = {items, n};
}

// `term` is (or starts with) a name that is no local variable.
void Resolver::global(Term* term, std::span<Term*> operands) {
  const std::string_view name = term->kind == TermKind::var ? term->text : term->items[0]->text;
  if (name == "input" || name == "data") {
    (term->kind == TermKind::var ? term : term->items[0])->slot = -2;
    return;
  }
  if (const auto it = names_.imports.find(name); it != names_.imports.end()) return make_ref(term, it->second, operands);
  std::vector<std::string_view> path{"data"};
  path.insert(path.end(), names_.package.begin(), names_.package.end());
  path.push_back(name);
  make_ref(term, path, operands);
}

void Resolver::resolve_term(Term* term) {
  if (term == nullptr) return;
  switch (term->kind) {
    case TermKind::var: {
      if (term->slot != -1) return;
      if (term->flag) {
        term->slot = next_slot_++;
        return;
      }
      if (const Variable* v = find(term->text)) {
        term->slot = v->slot;
        if (used_.size() <= static_cast<size_t>(v->slot)) used_.resize(static_cast<size_t>(v->slot) + 1, 0);
        used_[static_cast<size_t>(v->slot)] = 1;
        return;
      }
      if (is_global(term->text)) return global(term, {});
      if (std::find(declared_later_.begin(), declared_later_.end(), term->text) != declared_later_.end()) {
        complain(term->begin, "rego_compile_error", "var " + std::string(term->text) + " referenced above");
      }
      term->slot = declare(term->text, Variable::How::implicit, term->begin);
      return;
    }
    case TermKind::ref: {
      Term* head = term->items[0];
      if (term->flag) return resolve_term(head);  // a template's expression
      for (Term* t : term->items.subspan(1)) resolve_term(t);
      if (head->kind == TermKind::var && head->slot == -1 && !head->flag && find(head->text) == nullptr && is_global(head->text)) {
        global(term, term->items.subspan(1));
        return;
      }
      resolve_term(head);
      return;
    }
    case TermKind::array:
    case TermKind::object:
    case TermKind::set:
    case TermKind::template_string:
      for (Term* t : term->items) resolve_term(t);
      return;
    case TermKind::call: {
      for (Term* t : term->items) resolve_term(t);
      if (term->op == nullptr) return;
      Term* op = term->op;
      Term* head = op->kind == TermKind::ref ? op->items[0] : op;
      if (head->slot != -1) return;
      // Names of rules and imports; everything else is the name of a built-in.
      if (find(head->text) == nullptr && is_global(head->text)) {
        if (op->kind == TermKind::ref)
          global(op, op->items.subspan(1));
        else
          global(op, {});
      }
      return;
    }
    case TermKind::array_comprehension:
    case TermKind::set_comprehension:
    case TermKind::object_comprehension: {
      const size_t mark = scope_.size(), outer = body_;
      auto later = std::move(declared_later_);
      declared_later_.clear();
      term->body->first_slot = next_slot_;
      static_cast<void>(outer);
      body_ = ++body_counter_;
      resolve_body(*term->body);
      for (Term* t : term->items) resolve_term(t);
      term->body->last_slot = next_slot_;
      scope_.resize(mark);
      body_ = outer;
      declared_later_ = std::move(later);
      return;
    }
    default: return;
  }
}

// f(x) with f as count: a built-in's name as a replacement is no variable.
bool Resolver::names_builtin(const Term* t) const {
  if (t == nullptr || (t->kind != TermKind::var && t->kind != TermKind::ref)) return false;
  const Term* head = t->kind == TermKind::ref ? t->items[0] : t;
  if (head->kind != TermKind::var || head->slot != -1 || find(head->text) != nullptr || is_global(head->text)) return false;
  std::string name;
  if (t->kind == TermKind::var)
    name = t->text;
  else {
    for (const Term* i : t->items) {
      if (i->kind != TermKind::var && i->kind != TermKind::string) return false;
      if (!name.empty()) name += '.';
      name += i->text;
    }
  }
  return find_builtin(name) != nullptr;
}

void Resolver::resolve_with(With& with) {
  if (!names_builtin(with.value)) resolve_term(with.value);
  Term* target = with.target;
  Term* head = target->kind == TermKind::ref ? target->items[0] : target;
  if (head->slot == -1 && is_global(head->text)) {
    if (target->kind == TermKind::ref) {
      for (Term* t : target->items.subspan(1)) resolve_term(t);
      global(target, target->items.subspan(1));
    } else {
      global(target, {});
    }
  }
}

void Resolver::resolve_expr(Expr& expr) {
  for (With& w : expr.withs) resolve_with(w);
  switch (expr.kind) {
    case ExprKind::term: resolve_term(expr.left); break;
    case ExprKind::unify:
      resolve_term(expr.left);
      resolve_term(expr.right);
      break;
    case ExprKind::assign:
      resolve_term(expr.right);
      if (expr.left->kind != TermKind::var && expr.left->kind != TermKind::array && expr.left->kind != TermKind::object) {
        complain(expr.left->begin, "rego_compile_error", "cannot assign to this term: expected a variable, array or object on the left of :=");
        resolve_term(expr.left);
        break;
      }
      declare_pattern(expr.left, "assigned above");
      break;
    case ExprKind::some_vars:
      for (Term* t : expr.vars) {
        if (t->flag) continue;
        for (const auto& v : scope_) {
          if (v.name == t->text && v.body == body_) {
            complain(t->begin, "rego_compile_error",
                     "var " + std::string(t->text) + (v.how == Variable::How::implicit ? " referenced above" : " declared above"));
            break;
          }
        }
        t->slot = declare(t->text, Variable::How::declared, t->begin);
      }
      break;
    case ExprKind::some_in:
      resolve_term(expr.domain);
      declare_pattern(expr.left, "");
      declare_pattern(expr.right, "");
      break;
    case ExprKind::every: {
      resolve_term(expr.domain);
      const size_t mark = scope_.size(), outer = body_;
      auto later = std::move(declared_later_);
      declared_later_.clear();
      expr.first_slot = next_slot_;
      body_ = ++body_counter_;
      declare_pattern(expr.left, "");
      declare_pattern(expr.right, "");
      body_ = ++body_counter_;
      resolve_body(*expr.body);
      expr.last_slot = next_slot_;
      scope_.resize(mark);
      body_ = outer;
      declared_later_ = std::move(later);
      break;
    }
    case ExprKind::not_body: {
      const size_t mark = scope_.size(), outer = body_;
      auto later = std::move(declared_later_);
      declared_later_.clear();
      expr.first_slot = next_slot_;
      body_ = ++body_counter_;
      resolve_body(*expr.body);
      expr.last_slot = next_slot_;
      scope_.resize(mark);
      body_ = outer;
      declared_later_ = std::move(later);
      break;
    }
  }
}

void Resolver::resolve_body(Body& body) {
  // What this body declares; used before, it is an error rather than another variable.
  std::vector<std::string_view> declared;
  for (Expr* e : body.exprs) {
    if (e->kind == ExprKind::assign) find_declared(e->left, declared);
    if (e->kind == ExprKind::some_vars) {
      for (Term* t : e->vars) declared.push_back(t->text);
    }
    if (e->kind == ExprKind::some_in) find_declared(e->left, declared), find_declared(e->right, declared);
  }
  declared_later_ = declared;
  for (Expr* e : body.exprs) {
    find_implicit(*e);
  }
  for (Expr* e : body.exprs) {
    resolve_expr(*e);
    std::vector<std::string_view> now;
    if (e->kind == ExprKind::assign) find_declared(e->left, now);
    if (e->kind == ExprKind::some_vars) {
      for (Term* t : e->vars) now.push_back(t->text);
    }
    if (e->kind == ExprKind::some_in) find_declared(e->left, now), find_declared(e->right, now);
    for (auto name : now) {
      const auto it = std::find(declared_later_.begin(), declared_later_.end(), name);
      if (it != declared_later_.end()) declared_later_.erase(it);
    }
  }
  declared_later_.clear();
}

void Resolver::rule(Rule& rule) {
  scope_.clear();
  next_slot_ = 0;
  body_ = ++body_counter_;
  // Arguments are patterns; they are resolved once and shared by the else branches.
  all_declared_.clear();
  used_.clear();
  arguments_ = true;
  for (Term* t : rule.args) declare_pattern(t, "");
  arguments_ = false;
  const size_t arguments = scope_.size();
  for (Rule* r = &rule; r != nullptr; r = r->otherwise) {
    scope_.resize(arguments);
    body_ = ++body_counter_;
    if (r->body != nullptr) {
      r->body->first_slot = next_slot_;
      resolve_body(*r->body);
      r->body->last_slot = next_slot_;
    }
    for (Term* t : r->name.subspan(1)) {
      if (r == &rule) resolve_term(t);
    }
    resolve_term(r->key);
    resolve_term(r->value);
  }
  rule.slots = next_slot_;
  if (!strict_ || rule.is_default) return;
  used_.resize(static_cast<size_t>(next_slot_), 0);
  for (const Declared& d : all_declared_) {
    if (used_[static_cast<size_t>(d.slot)]) continue;
    complain(d.place, "rego_compile_error",
             d.argument ? "unused argument " + std::string(d.name) + ". (hint: use _ (wildcard variable) instead)"
                        : "declared var " + std::string(d.name) + " unused");
  }
}

std::vector<std::pair<std::string, int32_t>> Resolver::query(Body& body) {
  scope_.clear();
  next_slot_ = 0;
  body_ = ++body_counter_;
  resolve_body(body);
  body.last_slot = next_slot_;
  std::vector<std::pair<std::string, int32_t>> out;
  for (const auto& v : scope_) out.emplace_back(std::string(v.name), v.slot);
  return out;
}

}  // namespace waybill::rego
