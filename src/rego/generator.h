// Resolved rules → bytecode. Orders the expressions of each body so that every variable is bound before it is needed
// (Rego's safety), decides the direction of each unification, and opens loops where a variable is not bound yet.
//
// Called by the compiler for clauses, by the evaluation for queries. It reports what cannot be ordered as
// rego_unsafe_var_error and unknown functions as rego_type_error.
#pragma once

#include <vector>

#include "waybill/rego/program.h"

namespace waybill::rego {

class Generator {
 public:
  Generator(const detail::Program& program, Heap& heap, const SyntaxTree& tree, std::vector<Diagnostic>& errors, Group* group)
      : program_(program), heap_(heap), tree_(tree), errors_(errors), group_(group) {}

  void clause(Clause& clause, GroupKind kind, uint32_t arity);
  void query(const Body& body, int32_t slots, const std::vector<std::pair<std::string, int32_t>>& variables, CompiledQuery& out);
  // A value without variables, refs or calls; undefined when it is none.
  static Value literal(Heap& heap, const Term& term);

 private:
  struct Vars {
    std::vector<const Term*> needs, gives;
  };
  using Bound = std::vector<char>;

  // ---- what a term needs and gives ----
  void value_vars(const Term* t, Vars& v) const;
  void operand_vars(const Term* t, Vars& v) const;
  void pattern_vars(const Term* t, Vars& v) const;
  void closure_vars(const Term* t, int32_t first, int32_t last, Vars& v) const;
  void closure_vars(const Body& b, int32_t first, int32_t last, Vars& v) const;
  void closure_vars(const Expr& e, int32_t first, int32_t last, Vars& v) const;
  void expr_vars(const Expr& e, Vars& v) const;
  bool satisfied(const Vars& v, const Bound& bound) const;
  bool value_ready(const Term* t, const Bound& bound) const;
  bool unify_ready(const Term* a, const Term* b, Bound& bound) const;
  bool expr_ready(const Expr& e, const Bound& bound) const;
  bool is_unbound_var(const Term* t, const Bound& bound) const;
  bool has_unbound_pattern(const Term* t, const Bound& bound) const;
  void mark(const Vars& v, Bound& bound) const;

  // ---- code ----
  uint32_t emit(Op op, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0, uint32_t d = 0, uint16_t n = 0);
  uint32_t label() {
    labels_.push_back(kNone);
    return static_cast<uint32_t>(labels_.size() - 1);
  }
  void place(uint32_t label) { labels_[label] = static_cast<uint32_t>(code_->instructions.size()); }
  uint32_t temporary() { return next_register_++; }
  uint32_t variable(int32_t slot) const { return arity_ + static_cast<uint32_t>(slot); }
  uint32_t constant(Value v);
  uint32_t operand_list(const std::vector<uint32_t>& operands);
  void finish();

  void body(const Body& body);
  void expr(const Expr& e);
  void plain_expr(const Expr& e);
  void call_expr(const Term& call);
  uint32_t term(const Term* t);
  std::vector<uint32_t> terms(std::span<Term* const> list);
  uint32_t ref(const Term& t);
  uint32_t step(uint32_t base, const Term* operand);
  uint32_t call(const Term& t, size_t arguments);
  uint32_t comprehension(const Term& t);
  uint32_t collected(const Term* t);
  void unify(const Term* a, const Term* b);
  void match(const Term* pattern, uint32_t operand);
  void bind(const Term* var, uint32_t operand);
  void print(const Term& call);
  void with(const Expr& e);
  Value metadata(bool chain);
  bool all_bound(const std::vector<Term*>& list) const;
  static bool same_key(const Term* a, const Term* b);
  struct Callee {
    const Builtin* builtin = nullptr;
    const Group* group = nullptr;
    uint32_t arity = 0;
    std::string name;
  };
  Callee callee(const Term& call);
  Callee function_named(const Term& t);
  bool named_function(const Term* t, Callee& out);
  void uses_data(std::span<Term* const> operands);
  void complain(uint32_t at, std::string code, std::string message);
  void complain_unsafe(const std::vector<const Expr*>& exprs);
  std::string dotted(const Term& t) const;

  const detail::Program& program_;
  Heap& heap_;
  const SyntaxTree& tree_;
  std::vector<Diagnostic>& errors_;
  Group* group_;
  Bytecode* code_ = nullptr;
  std::vector<uint32_t> labels_;
  Bound bound_;
  uint32_t arity_ = 0, next_register_ = 0, fail_ = 0, place_ = 0;
  uint32_t depth_ = 0;
  std::vector<uint32_t>* expression_values_ = nullptr;
  size_t expression_index_ = 0;
  const std::vector<Term*>* case_tail_ = nullptr;  // of a test rule with cases, until its keys are known
  const Rule* rule_ = nullptr;
};

}  // namespace waybill::rego
